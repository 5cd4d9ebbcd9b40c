"""The nouns around the ledger: identifiers, versions, spans and assignments."""

from __future__ import annotations

import asyncio
from datetime import date, datetime
from typing import Any

import pytest

from testamur.core.assignments import NewAssignment
from testamur.core.audiences import AudienceCategory, NewAudience
from testamur.core.errors import (
    AssignmentNotFound,
    AudienceNotFound,
    IdentifierTaken,
    InvalidInput,
    ItemNotFound,
    PersonNotFound,
)
from testamur.core.ids import Id, new_id, to_hex24, to_opaque, to_ulid, to_uuid
from testamur.core.items import Item, ItemKind, NewItem
from testamur.core.people import Identifier, NewPerson, Person, Reference
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub, moment
from tests.ledger.tellings import completion, kept, report


def person(hub: Hub, value: str, *kinds: str) -> Person:
    return hub.do(hub.ledger.people.get(hub.tenant.id, Reference(value, kinds, "person", "userId")))


def item(hub: Hub, value: str, *kinds: str) -> Item:
    return hub.do(hub.ledger.items.get(hub.tenant.id, Reference(value, kinds, "item", "contentId")))


def add(hub: Hub, *identifiers: Identifier, **rest: Any) -> Id:
    (id,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=identifiers, **rest)]))
    return id


# People -----------------------------------------------------------------------------------------------------------


def test_a_person_is_found_by_every_identifier_and_every_spelling_of_the_id(hub: Hub) -> None:
    spellings = [to_uuid(hub.person), to_hex24(hub.person), to_opaque(hub.person), to_ulid(hub.person, "person")]
    for spelling in spellings:
        assert person(hub, spelling).id == person(hub, spelling.upper()).id == hub.person
    assert person(hub, "00123", "ref").id == hub.person
    assert person(hub, "ada@example.com", "email").id == hub.person


def test_i5_email_addresses_ignore_case_and_employee_numbers_keep_theirs_and_their_zeros(hub: Hub) -> None:
    assert person(hub, "ADA@EXAMPLE.COM", "email").id == hub.person
    assert person(hub, " ada@example.com ", "email").id == hub.person
    mixed = add(hub, Identifier("ref", "Ab7"))
    assert person(hub, "Ab7", "ref").id == mixed
    for value in ("123", "0123", "AB7", "ab7"):
        with pytest.raises(PersonNotFound):
            person(hub, value, "ref")


def test_an_identifier_names_one_person_of_a_tenant(hub: Hub, other_hub: Hub) -> None:
    for taken in (Identifier("ref", "00123"), Identifier("email", "ADA@example.com")):
        with pytest.raises(IdentifierTaken):
            add(hub, taken)
    assert add(hub, Identifier("username", "00123")), "another kind is another name"
    assert person(other_hub, "00123", "ref").id == other_hub.person != hub.person


def test_people_are_added_all_or_none(urls: DatabaseUrls, hub: Hub) -> None:
    before = {table: kept(urls, hub, table) for table in ("person", "person_identifier", "ledger_entry")}
    for new in (
        [NewPerson(identifiers=(Identifier("ref", "new"),)), NewPerson(identifiers=(Identifier("ref", "00123"),))],
        [
            NewPerson(identifiers=(Identifier("email", "a@b.c"),)),
            NewPerson(identifiers=(Identifier("email", "A@B.C"),)),
        ],
    ):
        with pytest.raises(IdentifierTaken):
            hub.do(hub.ledger.people.add(hub.caller, new))
    assert {table: kept(urls, hub, table) for table in before} == before


def test_one_identifier_given_by_many_at_once_names_one_person(urls: DatabaseUrls, hub: Hub) -> None:
    async def race() -> list[Any]:
        new = [NewPerson(identifiers=(Identifier("email", "race@example.com"),))]
        return await asyncio.gather(
            *[hub.ledger.people.add(hub.caller, new) for _ in range(10)], return_exceptions=True
        )

    answers = hub.do(race())
    assert sum(isinstance(answer, list) for answer in answers) == 1
    assert sum(isinstance(answer, IdentifierTaken) for answer in answers) == 9


@pytest.mark.parametrize("value", ["", "x" * 501])
def test_an_identifier_has_1_to_500_characters(value: str) -> None:
    with pytest.raises(InvalidInput):
        Identifier("ref", value)


def test_identifiers_come_before_own_ids_and_in_the_order_that_the_caller_gives(hub: Hub) -> None:
    """Ids that came along from elsewhere keep working, even where one looks like an id of ours."""
    by_ref = add(hub, Identifier("ref", "twin"))
    by_name = add(hub, Identifier("username", "twin"), Identifier("ref", to_hex24(hub.person)))
    assert person(hub, "twin", "ref", "username").id == by_ref
    assert person(hub, "twin", "username", "ref").id == by_name
    assert person(hub, to_hex24(hub.person), "ref").id == by_name
    assert person(hub, to_hex24(hub.person)).id == hub.person


def test_the_ledger_resolves_a_reference_as_the_lookup_does(hub: Hub) -> None:
    """Two queries answer whom a reference names; they must agree."""
    add(hub, Identifier("ref", "twin"), Identifier("email", "twin@example.com"))
    add(hub, Identifier("username", "twin"), Identifier("ref", to_hex24(hub.person)))
    for value, kinds in [
        ("twin", ("ref", "username")),
        ("twin", ("username", "ref")),
        ("TWIN@example.com", ("email",)),
        ("TWIN@example.com", ("ref", "email")),
        ("TWIN@example.com", ("email", "ref")),
        (to_hex24(hub.person), ("ref",)),
        (to_hex24(hub.person).upper(), ()),
        (" 00123 ", ("ref",)),
        (to_ulid(hub.person, "person"), ("email",)),
    ]:
        reference = Reference(value, kinds)
        new = completion(moment())
        new = type(new)(source="tests", person=reference, item=new.item, completed=new.completed)
        recorded = hub.do(hub.ledger.records.record(hub.tenant.id, new, report(hub)))
        record = hub.do(hub.ledger.records.get(hub.tenant.id, recorded.record))
        assert record.person == person(hub, value, *kinds).id, (value, kinds)


def test_another_tenants_person_is_not_found_and_the_callers_field_is_named(hub: Hub, other_hub: Hub) -> None:
    for value in (to_uuid(other_hub.person), to_hex24(other_hub.person), "nobody", "", "\N{SNOWMAN}"):
        with pytest.raises(PersonNotFound) as raised:
            person(hub, value, "ref")
        assert raised.value.field == "userId"
        assert value in raised.value.message


def test_people_are_listed_in_order_of_id_without_gaps_between_pages(hub: Hub) -> None:
    added = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name=str(n)) for n in range(7)]))
    seen: list[Id] = []
    while page := hub.do(hub.ledger.people.page(hub.tenant.id, after=seen[-1] if seen else None, count=4)):
        seen += [one.id for one in page]
    assert seen == [hub.person, hub.other_person, *added] == sorted(seen)


def test_what_was_told_of_a_person_reads_back(hub: Hub) -> None:
    id = add(
        hub,
        Identifier("email", "Zoë@Example.com"),
        Identifier("email", "b@example.com"),
        given_name="Zoë",
        family_name="Ćirić 😀",
        phone="+44 1",
        role="manager",
        language="sr",
        zone="Europe/Belgrade",
        is_active=False,
        attributes={"desk": {"floor": 3}, "tags": ["a", None, True]},
    )
    found = person(hub, to_uuid(id))
    assert (found.name, found.phone, found.role, found.is_active) == ("Zoë Ćirić 😀", "+44 1", "manager", False)
    assert (found.language, found.zone) == ("sr", "Europe/Belgrade")
    assert found.attributes == {"desk": {"floor": 3}, "tags": ["a", None, True]}
    assert found.identifiers == {"email": ("b@example.com", "zoë@example.com")}


# Items ------------------------------------------------------------------------------------------------------------


def test_an_identifier_names_one_item_of_a_tenant(hub: Hub, other_hub: Hub) -> None:
    with pytest.raises(IdentifierTaken):
        hub.do(hub.ledger.items.add(hub.caller, [NewItem(title="Again", identifiers=(Identifier("ref", "FIRE-101"),))]))
    assert item(hub, "FIRE-101", "ref").id == hub.item
    assert item(other_hub, "FIRE-101", "ref").id == other_hub.item != hub.item
    assert item(hub, "LIFT/1 ä", "ref").id == hub.third_party


def test_another_tenants_item_is_not_found_and_the_callers_field_is_named(hub: Hub, other_hub: Hub) -> None:
    for value in (to_uuid(other_hub.item), "fire-101", "nothing"):
        with pytest.raises(ItemNotFound) as raised:
            item(hub, value, "ref")
        assert raised.value.field == "contentId"
    with pytest.raises(ItemNotFound):
        hub.do(hub.ledger.items.publish(hub.caller, other_hub.item))


def test_a_prefixed_id_of_another_noun_names_nothing(hub: Hub) -> None:
    with pytest.raises(ItemNotFound):
        item(hub, to_ulid(hub.item, "person"))
    assert item(hub, to_ulid(hub.item, "item")).id == hub.item


def test_publishing_a_draft_publishes_version_1_and_again_makes_version_2(urls: DatabaseUrls, hub: Hub) -> None:
    assert item(hub, to_uuid(hub.draft)).version is None
    assert hub.do(hub.ledger.items.publish(hub.caller, hub.draft)) == 1
    assert item(hub, to_uuid(hub.draft)).version == 1
    assert hub.do(hub.ledger.items.publish(hub.caller, hub.draft, retraining_from=date(2026, 1, 1))) == 2
    assert item(hub, to_uuid(hub.draft)).version == 2
    versions = [row for row in kept(urls, hub, "item_version") if row["item"] == hub.draft]
    assert [(row["number"], row["retraining_from"]) for row in versions] == [(1, None), (2, date(2026, 1, 1))]
    kinds = [row["kind"] for row in kept(urls, hub, "ledger_entry") if row["subject"] == hub.draft]
    assert kinds == ["item.added", "item.published", "item.published"]


def test_publishing_at_once_makes_a_version_for_each(urls: DatabaseUrls, hub: Hub) -> None:
    async def race() -> list[Any]:
        publish = hub.ledger.items.publish
        return await asyncio.gather(*[publish(hub.caller, hub.item) for _ in range(5)], return_exceptions=True)

    assert sorted(hub.do(race()), key=str) == [2, 3, 4, 5, 6]
    assert item(hub, to_uuid(hub.item)).version == 6


def test_v3_a_completion_keeps_the_version_that_was_current_when_it_was_told(hub: Hub) -> None:
    def version_of() -> int | None:
        recorded = hub.do(hub.ledger.records.record(hub.tenant.id, completion(moment()), report(hub)))
        return hub.do(hub.ledger.records.get(hub.tenant.id, recorded.record)).item_version

    assert version_of() == 1
    hub.do(hub.ledger.items.publish(hub.caller, hub.item))
    assert version_of() == 2


def test_what_was_told_of_an_item_reads_back(hub: Hub) -> None:
    new = NewItem(
        title="Überblick 😀",
        kind=ItemKind.COLLECTION,
        format="path",
        description="All of it",
        provider="Academy",
        language="de",
        url="https://example.com/a",
        cover_url="https://example.com/a.png",
        duration="PT1H",
        is_authored=True,
        requires_quiz=True,
        identifiers=(Identifier("iri", "https://example.com/A"),),
        attributes={"skills": ["x"]},
    )
    (id,) = hub.do(hub.ledger.items.add(hub.caller, [new]))
    found = item(hub, "https://example.com/A", "iri")
    assert found.id == id
    for name in ("title", "kind", "format", "description", "provider", "language", "url", "cover_url", "duration",
                 "is_authored", "requires_quiz", "attributes"):  # fmt: skip
        assert getattr(found, name) == getattr(new, name), name
    assert (found.version, found.retired_at) == (1, None)


# Audiences --------------------------------------------------------------------------------------------------------


def audience(hub: Hub, value: str) -> Id:
    return hub.do(hub.ledger.audiences.get(hub.tenant.id, Reference(value, (), "audience", "audienceId"))).id


def spans(urls: DatabaseUrls, hub: Hub, of: Id) -> list[tuple[date, date | None]]:
    rows = kept(urls, hub, "membership", "joined_on")
    return [(row["joined_on"], row["left_on"]) for row in rows if row["person"] == of]


def test_an_audience_is_found_by_its_reference_and_its_id(hub: Hub, other_hub: Hub) -> None:
    assert audience(hub, "site-staff") == hub.audience
    for spelling in (to_uuid(hub.audience), to_hex24(hub.audience), to_ulid(hub.audience, "audience")):
        assert audience(hub, spelling) == hub.audience
    assert audience(other_hub, "site-staff") == other_hub.audience
    for value in (to_uuid(other_hub.audience), to_ulid(hub.audience, "person"), "nothing"):
        with pytest.raises(AudienceNotFound) as raised:
            audience(hub, value)
        assert raised.value.field == "audienceId"


def test_a_reference_names_one_audience_and_a_parent_must_be_there(hub: Hub, other_hub: Hub) -> None:
    with pytest.raises(IdentifierTaken):
        hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name="Again", reference="site-staff")))
    structure = NewAudience(name="Sites", category=AudienceCategory.STRUCTURE)
    parent = hub.do(hub.ledger.audiences.add(hub.caller, structure))
    child = hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name="Leeds", parent=parent)))
    found = hub.do(hub.ledger.audiences.get(hub.tenant.id, Reference(str(child), (), "audience")))
    assert (found.parent, found.category) == (parent, AudienceCategory.AUDIENCE)
    for stranger in (other_hub.audience, new_id()):
        with pytest.raises(AudienceNotFound):
            hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name="Lost", parent=stranger)))


def test_a_membership_is_a_span_of_days_that_can_open_again(urls: DatabaseUrls, hub: Hub) -> None:
    ledger = hub.ledger.memberships
    assert hub.do(ledger.join(hub.caller, hub.audience, [hub.other_person], date(2025, 2, 1))) == 1
    assert hub.do(ledger.leave(hub.caller, hub.audience, hub.other_person, date(2025, 3, 1)))
    assert hub.do(ledger.join(hub.caller, hub.audience, [hub.other_person], date(2025, 3, 1))) == 1
    assert spans(urls, hub, hub.other_person) == [(date(2025, 2, 1), date(2025, 3, 1)), (date(2025, 3, 1), None)]


def test_who_is_a_member_already_stays_one_from_the_first_day(urls: DatabaseUrls, hub: Hub) -> None:
    joined = hub.do(
        hub.ledger.memberships.join(hub.caller, hub.audience, [hub.person, hub.other_person], date(2025, 5, 1))
    )
    assert joined == 1
    assert spans(urls, hub, hub.person) == [(date(2025, 1, 10), None)]
    opened = [row for row in kept(urls, hub, "ledger_entry") if row["kind"] == "membership.opened"]
    assert [row["subject"] for row in opened] == [hub.person, hub.other_person]


def test_who_is_no_member_has_nothing_to_leave(urls: DatabaseUrls, hub: Hub, other_hub: Hub) -> None:
    entries = kept(urls, hub, "ledger_entry")
    leave = hub.ledger.memberships.leave
    assert not hub.do(leave(hub.caller, hub.audience, hub.other_person, date(2025, 3, 1)))
    assert not hub.do(leave(hub.caller, new_id(), hub.person, date(2025, 3, 1)))
    assert not hub.do(leave(other_hub.caller, hub.audience, hub.person, date(2025, 3, 1)))
    assert kept(urls, hub, "ledger_entry") == entries
    assert hub.do(leave(hub.caller, hub.audience, hub.person, date(2025, 3, 1)))
    assert not hub.do(leave(hub.caller, hub.audience, hub.person, date(2025, 3, 2)))


def test_nobody_joins_another_tenants_audience(hub: Hub, other_hub: Hub) -> None:
    with pytest.raises(AudienceNotFound):
        hub.do(hub.ledger.memberships.join(hub.caller, other_hub.audience, [hub.person], date(2025, 1, 1)))


# Assignments ------------------------------------------------------------------------------------------------------


def assignment(hub: Hub, **changed: Any) -> NewAssignment:
    whole = {
        "audience": Reference(str(hub.audience), (), "audience", "audienceId"),
        "primary": Reference("FIRE-101", ("ref",), "item", "contentId"),
        **changed,
    }
    return NewAssignment(**whole)


def some_item(id: Id | str, field: str = "alternatives[0]") -> Reference:
    return Reference(str(id), ("ref",), "item", field)


@pytest.mark.parametrize("recurrence", [None, 0, 1, 365])
def test_a1_an_assignment_reads_back_as_it_was_made(hub: Hub, recurrence: int | None) -> None:
    """No recurrence and a recurrence of 0 mean the same, and each is given back as it came."""
    made = hub.do(
        hub.ledger.assignments.add(
            hub.caller,
            assignment(
                hub,
                alternatives=(some_item(hub.third_party), some_item(hub.draft)),
                hide_alternatives=True,
                completion_period_days=1,
                recurrence_days=recurrence,
            ),
        )
    )
    assert (made.audience, made.primary) == (hub.audience, hub.item)
    assert made.alternatives == (hub.third_party, hub.draft)
    assert (made.completion_period_days, made.recurrence_days, made.is_active) == (1, recurrence, True)
    found = hub.do(hub.ledger.assignments.get(hub.tenant.id, Reference(to_hex24(made.id), (), "assignment")))
    assert found == made


def test_an_assignment_defaults_to_thirty_days_and_once(hub: Hub) -> None:
    made = hub.do(hub.ledger.assignments.add(hub.caller, assignment(hub)))
    assert (made.completion_period_days, made.recurrence_days, made.alternatives) == (30, None, ())


def test_an_assignment_names_what_is_wrong_with_it(urls: DatabaseUrls, hub: Hub, other_hub: Hub) -> None:
    def refused(error: type[Exception], **changed: Any) -> Any:
        with pytest.raises(error) as raised:
            hub.do(hub.ledger.assignments.add(hub.caller, assignment(hub, **changed)))
        return raised.value

    lost = Reference(str(other_hub.audience), (), "audience", "audienceId")
    assert refused(AudienceNotFound, audience=lost).field == "audienceId"
    assert refused(ItemNotFound, primary=some_item(other_hub.item, "contentId")).field == "contentId"
    assert refused(ItemNotFound, alternatives=(some_item("nothing", "alternatives[0]"),)).field == "alternatives[0]"
    # However the two are spelled.
    own = refused(InvalidInput, alternatives=(some_item(hub.item),))
    assert [(fault.field, fault.code) for fault in own.faults] == [("alternatives[0]", "duplicate")]
    twice = refused(InvalidInput, alternatives=(some_item(hub.third_party), some_item("LIFT/1 ä", "alternatives[1]")))
    assert [(fault.field, fault.code) for fault in twice.faults] == [("alternatives[1]", "duplicate")]
    assert kept(urls, hub, "assignment") == []


def test_assignments_are_listed_by_audience_and_by_change(hub: Hub, other_hub: Hub) -> None:
    elsewhere = hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name="Elsewhere")))
    there = Reference(str(elsewhere), (), "audience", "audienceId")
    first = hub.do(hub.ledger.assignments.add(hub.caller, assignment(hub)))
    second = hub.do(hub.ledger.assignments.add(hub.caller, assignment(hub, audience=there)))

    def listed(**by: Any) -> list[Id]:
        return [one.id for one in hub.do(hub.ledger.assignments.list(hub.tenant.id, count=10, **by))]

    assert listed() == [first.id, second.id]
    assert listed(skip=1) == [second.id]
    assert listed(audience=there) == [second.id]
    assert listed(updated_since=second.updated_at) == [second.id]
    assert listed(updated_since=datetime.max.replace(tzinfo=second.updated_at.tzinfo, year=9000)) == []
    assert hub.do(hub.ledger.assignments.list(other_hub.tenant.id, count=10)) == []
    with pytest.raises(AudienceNotFound):
        listed(audience=Reference(str(other_hub.audience), (), "audience", "audienceId"))
    for stranger in (to_uuid(first.id), "nothing"):
        with pytest.raises(AssignmentNotFound):
            hub.do(hub.ledger.assignments.get(other_hub.tenant.id, Reference(stranger, (), "assignment")))
