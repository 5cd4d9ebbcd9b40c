"""Everybody's audience."""

from __future__ import annotations

from datetime import date

import pytest

from testamur.core.audiences import everyone
from testamur.core.errors import AudienceNotFound, Conflict
from testamur.core.ids import Id
from testamur.core.people import NewPerson, Reference
from testamur.ledger.everyone import meant_audience
from tests.hub import Hub

EVERYONE = everyone("groupId")


async def _meant(hub: Hub, reference: Reference = EVERYONE) -> Id:
    async with hub.ledger.database.write(hub.tenant.id, alone=True) as tx:
        return await meant_audience(tx, hub.caller, reference, hub.ledger.now())


def members(hub: Hub, *, with_ended: bool = False) -> list[Id]:
    found = hub.do(hub.ledger.memberships.page(hub.tenant.id, EVERYONE, with_ended=with_ended, count=100))
    return [span.person for span in found]


def by_id(id: Id) -> Reference:
    return Reference(str(id))


def test_there_is_none_until_it_is_meant_and_then_one(hub: Hub) -> None:
    with pytest.raises(AudienceNotFound) as raised:
        hub.do(hub.ledger.audiences.get(hub.tenant.id, EVERYONE))
    assert raised.value.field == "groupId"
    first = hub.do(_meant(hub))
    assert hub.do(_meant(hub)) == first
    assert hub.do(hub.ledger.audiences.get(hub.tenant.id, EVERYONE)).is_everyone


def test_those_who_are_there_belong_to_it_since_they_were_added_and_later_ones_too(hub: Hub) -> None:
    hub.do(_meant(hub))
    assert members(hub) == sorted([hub.person, hub.other_person])
    (late,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="Late")]))
    assert members(hub) == sorted([hub.person, hub.other_person, late])
    spans = hub.do(hub.ledger.memberships.page(hub.tenant.id, EVERYONE, count=100))
    assert all(abs((span.joined_on - hub.ledger.now().date()).days) <= 1 for span in spans)


def test_who_is_deleted_leaves_it_and_who_was_deleted_never_joins(hub: Hub) -> None:
    hub.do(hub.ledger.people.delete(hub.caller, by_id(hub.other_person)))
    hub.do(_meant(hub))
    assert members(hub, with_ended=True) == [hub.person]
    hub.do(hub.ledger.people.delete(hub.caller, by_id(hub.person)))
    assert members(hub) == []
    assert members(hub, with_ended=True) == [hub.person]


def test_each_joining_has_its_entry(hub: Hub) -> None:
    audience = hub.do(_meant(hub))
    (late,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="Late")]))

    async def entries() -> list[tuple[str, Id]]:
        async with hub.ledger.database.read(hub.tenant.id) as tx:
            rows = await tx.rows("entries_page", after=0, count=1000, size_max=10**9)
        assert [row["number"] for row in rows] == list(range(1, len(rows) + 1))
        about = [row for row in rows if row["data"] and row["data"].get("audience") == str(audience)]
        assert {row["client"] for row in about} == {hub.caller.client}
        return [(row["kind"], row["subject"]) for row in about]

    people = [*sorted([hub.person, hub.other_person]), late]
    assert hub.do(entries()) == [("membership.opened", person) for person in people]


def test_no_api_changes_it_whether_it_is_there_or_not(hub: Hub) -> None:
    audiences, memberships = hub.ledger.audiences, hub.ledger.memberships
    for _ in range(2):
        with pytest.raises(Conflict):
            hub.do(audiences.remove(hub.caller, EVERYONE))
        with pytest.raises(Conflict):
            hub.do(memberships.dismiss(hub.caller, EVERYONE, by_id(hub.person), date(2026, 1, 1)))
        with pytest.raises(Conflict):
            hub.do(memberships.add(hub.caller, EVERYONE, [by_id(hub.person)]))
        hub.do(_meant(hub))


def test_another_tenants_is_another_one(hub: Hub, other_hub: Hub) -> None:
    first, second = hub.do(_meant(hub)), other_hub.do(_meant(other_hub))
    assert first != second
    with pytest.raises(AudienceNotFound):
        other_hub.do(_meant(other_hub, Reference(str(first), (), "audience", "groupId")))


def test_an_audience_that_only_has_this_reference_is_an_ordinary_one(hub: Hub) -> None:
    async def ordinary() -> Id:
        return await _meant(hub, Reference("site-staff", (), "audience", "groupId"))

    assert hub.do(ordinary()) == hub.audience
