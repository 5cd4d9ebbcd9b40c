"""Audiences over time: spans of members and managers are ended, never overwritten, and entries tell who did it."""

from __future__ import annotations

import asyncio
import time
from datetime import date, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import asyncpg
import pytest

from testamur.core.audiences import (
    Appointment,
    Audience,
    AudienceCategory,
    AudienceChange,
    Joining,
    NewAudience,
    Permission,
    reappoint,
)
from testamur.core.errors import AudienceNotFound, Conflict, IdentifierTaken, InvalidInput, PersonNotFound
from testamur.core.ids import Id, new_id
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.storage.database import DatabaseUrls, prepare_connection
from tests.hub import Hub
from tests.storage.databases import as_app, connected


def rows(urls: DatabaseUrls, sql: str, *arguments: Any) -> list[asyncpg.Record]:
    async def within() -> list[asyncpg.Record]:
        async with connected(urls.owner) as connection:
            await prepare_connection(connection)
            found: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return found

    return asyncio.run(within())


def spans(urls: DatabaseUrls, hub: Hub, person: Id) -> list[tuple[date, date | None]]:
    sql = (
        "SELECT joined_on, left_on FROM membership WHERE tenant = $1 AND person = $2"
        " ORDER BY joined_on, joined_recorded_at"
    )
    return [(row["joined_on"], row["left_on"]) for row in rows(urls, sql, hub.tenant.id, person)]


def entries(urls: DatabaseUrls, hub: Hub) -> list[asyncpg.Record]:
    sql = "SELECT number, kind, subject, client, data FROM ledger_entry WHERE tenant = $1 ORDER BY number"
    return rows(urls, sql, hub.tenant.id)


def today(hub: Hub) -> date:
    return hub.ledger.now().astimezone(ZoneInfo(hub.tenant.zone)).date()


def named(value: Any, field: str = "audienceId") -> Reference:
    return Reference(str(value), (), "audience", field)


def person(value: Any) -> Reference:
    return Reference(str(value), ("ref", "email"), "person", "userRef")


def staff(hub: Hub, count: int, prefix: str = "S") -> list[Id]:
    new = [NewPerson(identifiers=(Identifier("ref", f"{prefix}{number}"),)) for number in range(count)]
    return [
        id
        for start in range(0, count, 5000)
        for id in hub.do(hub.ledger.people.add(hub.caller, new[start : start + 5000]))
    ]


def structure(hub: Hub, name: str, parent: Any = None, **more: Any) -> Audience:
    new = NewAudience(name=name, reference=name, category=AudienceCategory.STRUCTURE, parent=parent, **more)
    return hub.do(hub.ledger.audiences.create(hub.caller, new))


# Members ----------------------------------------------------------------------------------------------------------


def test_leaving_and_coming_back_are_spans_that_all_stay(urls: DatabaseUrls, hub: Hub) -> None:
    verbs, day = hub.ledger.memberships, today(hub)
    for _ in range(2):
        hub.do(verbs.add(hub.caller, named("site-staff"), [person("00124")]))
        hub.do(verbs.remove(hub.caller, named("site-staff"), person("00124")))
    hub.do(verbs.add(hub.caller, named("site-staff"), [person("00124")]))
    assert spans(urls, hub, hub.other_person) == [(day, day), (day, day), (day, None)]
    told = [(entry["kind"], entry["data"]) for entry in entries(urls, hub) if entry["subject"] == hub.other_person]
    opened = ("membership.opened", {"audience": str(hub.audience), "joined_on": day.isoformat()})
    closed = (
        "membership.closed",
        {"audience": str(hub.audience), "joined_on": day.isoformat(), "left_on": day.isoformat()},
    )
    assert told[-5:] == [opened, closed, opened, closed, opened]


def test_replacing_ends_and_opens_spans_and_leaves_those_who_stay_alone(urls: DatabaseUrls, hub: Hub) -> None:
    one, two = staff(hub, 2)
    verbs, day = hub.ledger.memberships, today(hub)
    hub.do(verbs.join(hub.caller, hub.audience, [one], date(2025, 3, 1)))
    before = len(entries(urls, hub))
    hub.do(verbs.add(hub.caller, named("site-staff"), [person("S0"), person("S1")], replaces=True))
    assert spans(urls, hub, hub.person) == [(date(2025, 1, 10), day)]
    assert spans(urls, hub, one) == [(date(2025, 3, 1), None)]
    assert spans(urls, hub, two) == [(day, None)]
    written = entries(urls, hub)
    assert [(entry["kind"], entry["subject"]) for entry in written[before:]] == [
        ("membership.closed", hub.person),
        ("membership.opened", two),
    ]
    assert written[before]["data"] == {
        "audience": str(hub.audience),
        "joined_on": "2025-01-10",
        "left_on": day.isoformat(),
    }
    assert {entry["client"] for entry in written[before:]} == {hub.key.client}
    assert [entry["number"] for entry in written] == list(range(1, len(written) + 1)), "no gaps"


def test_who_was_to_join_later_and_leaves_before_was_never_there(urls: DatabaseUrls, hub: Hub) -> None:
    later = today(hub) + timedelta(days=7)
    verbs = hub.ledger.memberships
    for audience in (hub.audience, structure(hub, "other").id):
        hub.do(verbs.join(hub.caller, audience, [hub.other_person], later))
    hub.do(verbs.remove(hub.caller, named("site-staff"), person("00124")))
    hub.do(verbs.add(hub.caller, named("other"), [person("00123")], replaces=True))
    assert spans(urls, hub, hub.other_person) == [(later, later), (later, later)]


def test_each_person_joins_on_a_day_of_her_own_in_one_call(urls: DatabaseUrls, hub: Hub) -> None:
    one, two = staff(hub, 2)
    first, second = date(2025, 2, 1), date(2025, 3, 1)
    joinings = [Joining(one, first), Joining(two, second), Joining(hub.person, second), Joining(one, second)]
    assert hub.do(hub.ledger.memberships.join_each(hub.caller, hub.audience, joinings)) == 2
    assert spans(urls, hub, one) == [(first, None)]
    assert spans(urls, hub, two) == [(second, None)]
    assert spans(urls, hub, hub.person) == [(date(2025, 1, 10), None)]
    with pytest.raises(AudienceNotFound):
        hub.do(hub.ledger.memberships.join_each(hub.caller, new_id(), joinings))


def test_a_span_can_be_ended_and_nothing_else_of_it_changed(urls: DatabaseUrls, hub: Hub) -> None:
    async def within(statement: str) -> None:
        async with as_app(urls) as connection:
            await connection.execute("BEGIN")
            await connection.execute("SELECT set_config('testamur.tenant', $1::text, true)", str(hub.tenant.id))
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)

    for statement in (
        "UPDATE membership SET joined_on = '2020-01-01'",
        "UPDATE membership SET person = audience",
        "UPDATE audience_manager SET permissions = '{}'",
        "UPDATE audience_manager SET opened_at = now()",
        "DELETE FROM audience_manager",
    ):
        asyncio.run(within(statement))


def test_two_who_add_the_same_people_at_once_open_one_span_each(urls: DatabaseUrls, hub: Hub) -> None:
    people = staff(hub, 20)
    references = [person(id) for id in people]

    async def at_once() -> None:
        add = hub.ledger.memberships.add
        await asyncio.gather(*(add(hub.caller, named("site-staff"), references, replaces=n % 2 > 0) for n in range(8)))

    hub.do(at_once())
    assert all(len(spans(urls, hub, id)) == 1 for id in people)
    numbers = [entry["number"] for entry in entries(urls, hub)]
    assert numbers == list(range(1, len(numbers) + 1))


@pytest.mark.slow
def test_a_hundred_thousand_members_are_counted_paged_and_replaced(urls: DatabaseUrls, hub: Hub) -> None:
    verbs, count = hub.ledger.memberships, 100_000
    people = staff(hub, count)
    for start in range(0, count, 5000):
        hub.do(verbs.join(hub.caller, hub.audience, people[start : start + 5000], date(2025, 2, 1)))
    started = time.monotonic()
    for page in (0, 50, 99, 100, 101):
        total, members = hub.do(verbs.members(hub.tenant.id, named("site-staff"), count=1000, skip=1000 * page))
        assert total == count + 1
        assert len(members) == (1000 if page < 100 else 101 - page)
    assert time.monotonic() - started < 5
    hub.do(verbs.add(hub.caller, named("site-staff"), [person("S7"), person("00124")], replaces=True))
    total, members = hub.do(verbs.members(hub.tenant.id, named("site-staff"), count=10))
    assert {member.reference for member in members} == {"S7", "00124"}
    closed = rows(
        urls, "SELECT count(*) FROM ledger_entry WHERE tenant = $1 AND kind = 'membership.closed'", hub.tenant.id
    )
    assert closed[0]["count"] == count


# Managers ---------------------------------------------------------------------------------------------------------


def manager_spans(urls: DatabaseUrls, hub: Hub) -> list[tuple[Id, list[str], bool]]:
    sql = "SELECT person, permissions, closed_at FROM audience_manager WHERE tenant = $1 ORDER BY opened_at, person"
    return [(row["person"], row["permissions"], row["closed_at"] is None) for row in rows(urls, sql, hub.tenant.id)]


def test_other_permissions_are_another_span_and_the_same_are_none(urls: DatabaseUrls, hub: Hub) -> None:
    def appoint(who: str, *permissions: Permission, replaces: bool = False) -> None:
        appointments = [Appointment(person(who), frozenset(permissions))]
        verb = hub.ledger.managers.appoint
        assert [
            one.reason for one in hub.do(verb(hub.caller, named("site-staff"), appointments, replaces=replaces))
        ] == [None]

    appoint("00123", Permission.ASSIGN)
    appoint("00123", Permission.ASSIGN)
    appoint("00123", Permission.ASSIGN, Permission.SEE_INSIGHTS)
    appoint("00124", replaces=True)
    hub.do(hub.ledger.managers.dismiss(hub.caller, named("site-staff"), person("00124")))
    assert manager_spans(urls, hub) == [
        (hub.person, ["assign"], False),
        (hub.person, ["assign", "see_insights"], False),
        (hub.other_person, [], False),
    ]
    told = [entry for entry in entries(urls, hub) if entry["kind"].startswith("manager.")]
    audience = str(hub.audience)
    assert [(entry["kind"], entry["subject"], entry["data"]) for entry in told] == [
        ("manager.opened", hub.person, {"audience": audience, "permissions": ["assign"]}),
        ("manager.closed", hub.person, {"audience": audience}),
        ("manager.opened", hub.person, {"audience": audience, "permissions": ["assign", "see_insights"]}),
        ("manager.closed", hub.person, {"audience": audience}),
        ("manager.opened", hub.other_person, {"audience": audience, "permissions": []}),
        ("manager.closed", hub.other_person, {"audience": audience}),
    ]
    with pytest.raises(PersonNotFound):
        hub.do(hub.ledger.managers.dismiss(hub.caller, named("site-staff"), person("00124")))


def test_the_plan_of_a_reappointment_closes_and_opens_no_more_than_it_must() -> None:
    same, other, new, gone = (new_id() for _ in range(4))
    some, more = frozenset({Permission.ASSIGN}), frozenset({Permission.ASSIGN, Permission.MANAGE_PEOPLE})
    present, wanted = {same: some, other: some, gone: some}, {same: some, other: more, new: some}
    added = reappoint(present, wanted, replaces=False)
    assert added.closing == {other}
    assert added.opening == {other: more, new: some}
    replaced = reappoint(present, wanted, replaces=True)
    assert replaced.closing == {other, gone}
    assert replaced.opening == {other: more, new: some}


# Audiences --------------------------------------------------------------------------------------------------------


def test_every_state_of_an_audience_is_told_by_an_entry(urls: DatabaseUrls, hub: Hub) -> None:
    verbs = hub.ledger.audiences
    sites, depots = structure(hub, "sites"), structure(hub, "depots")
    new = NewAudience(name="Leeds", reference="leeds", parent=named("sites", "parentId"))
    leeds = hub.do(verbs.create(hub.caller, new))
    hub.do(verbs.change(hub.caller, named("leeds"), AudienceChange(name="Leeds North")))
    hub.do(verbs.change(hub.caller, named("leeds"), AudienceChange(name="Leeds North")))
    hub.do(verbs.change(hub.caller, named("leeds"), AudienceChange(parent=named("depots", "parentId"))))
    hub.do(verbs.remove(hub.caller, named("leeds")))
    told = [(entry["kind"], entry["data"]) for entry in entries(urls, hub) if entry["subject"] == leeds.id]
    begun = {"name": "Leeds", "reference": "leeds", "parent": str(sites.id)}
    assert told == [
        ("audience.added", {"category": "audience", "is_api_controlled": True, **begun}),
        ("audience.changed", begun | {"name": "Leeds North"}),
        ("audience.changed", {"name": "Leeds North", "reference": "leeds", "parent": str(depots.id)}),
        ("audience.deleted", None),
    ]


def test_deleting_an_audience_ends_all_spans_in_it(urls: DatabaseUrls, hub: Hub) -> None:
    appointments = [Appointment(person("00124"), frozenset())]
    hub.do(hub.ledger.managers.appoint(hub.caller, named("site-staff"), appointments))
    before = len(entries(urls, hub))
    hub.do(hub.ledger.audiences.remove(hub.caller, named("site-staff")))
    assert spans(urls, hub, hub.person) == [(date(2025, 1, 10), today(hub))]
    assert manager_spans(urls, hub) == [(hub.other_person, [], False)]
    assert [(entry["kind"], entry["subject"]) for entry in entries(urls, hub)[before:]] == [
        ("membership.closed", hub.person),
        ("manager.closed", hub.other_person),
        ("audience.deleted", hub.audience),
    ]


def test_no_structure_stands_within_itself(hub: Hub) -> None:
    change = hub.ledger.audiences.change
    top = structure(hub, "top")
    structure(hub, "middle", parent=top.id)
    structure(hub, "bottom", parent=named("middle", "parent"))
    for parent in ("top", "middle", "bottom"):
        with pytest.raises(InvalidInput) as raised:
            hub.do(change(hub.caller, named("top"), AudienceChange(parent=named(parent, "parentId"))))
        assert [(fault.field, fault.code) for fault in raised.value.faults] == [("parentId", "order")]
    moved = hub.do(change(hub.caller, named("bottom"), AudienceChange(parent=named("top", "parentId"))))
    assert (moved.parent, moved.parent_name, moved.parent_reference) == (top.id, "top", "top")


def test_a_reference_never_hides_another_audience(hub: Hub) -> None:
    top = structure(hub, "top")
    for taken in ("site-staff", str(hub.audience)):
        with pytest.raises(IdentifierTaken) as raised:
            hub.do(hub.ledger.audiences.change(hub.caller, named("top"), AudienceChange(reference=taken)))
        assert raised.value.field == "reference"
    own = hub.do(hub.ledger.audiences.change(hub.caller, named("top"), AudienceChange(reference=str(top.id))))
    assert own.reference == str(top.id), "its own id hides nothing"


def test_an_audience_that_people_control_holds_none_that_a_machine_does(hub: Hub) -> None:
    by_hand = structure(hub, "by-hand", is_api_controlled=False)
    with pytest.raises(Conflict):
        structure(hub, "within", parent=by_hand.id)
    assert structure(hub, "beside", parent=by_hand.id, is_api_controlled=False).parent == by_hand.id
    with pytest.raises(Conflict):
        hub.do(hub.ledger.audiences.remove(hub.caller, named("beside")))


def test_children_that_come_while_their_structure_is_deleted_are_not_left_behind(hub: Hub) -> None:
    """Either the child is first and the deletion is refused, or the structure is gone when the child comes."""
    for number in range(5):
        structure(hub, f"s{number}")

        async def race(number: int = number) -> list[Any]:
            verbs = hub.ledger.audiences
            new = NewAudience(name="Child", reference=f"c{number}", parent=named(f"s{number}", "parentId"))
            results = await asyncio.gather(
                verbs.create(hub.caller, new), verbs.remove(hub.caller, named(f"s{number}")), return_exceptions=True
            )
            return list(results)

        made, removed = hub.do(race())
        assert isinstance(made, InvalidInput) == (removed is None)
        assert isinstance(removed, Conflict) == isinstance(made, Audience)
