"""People over time: what they are employed as, when they were suspended, and what is left of them when forgotten."""

from __future__ import annotations

import asyncio
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from testamur.core.errors import InvalidInput, PersonNotFound
from testamur.core.ids import Id, to_hex24
from testamur.core.people import Identifier, Joined, NewPerson, Person, PersonChange, PersonStatus, Reference, Told
from testamur.dialects.thrive.notices import NOTICES
from testamur.http.operations import Notice
from testamur.ledger.entries import Entry
from testamur.ledger.people import People
from testamur.storage.database import DatabaseUrls, prepare_connection
from tests.hub import Hub
from tests.storage.databases import connected

ADA = Reference("00123", ("ref",), "person", "ref", may_be_id=False)


def rows(urls: DatabaseUrls, sql: str, *arguments: Any) -> list[asyncpg.Record]:
    async def within() -> list[asyncpg.Record]:
        async with connected(urls.owner) as connection:
            await prepare_connection(connection)
            found: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return found

    return asyncio.run(within())


def entries(urls: DatabaseUrls, hub: Hub) -> list[Entry]:
    sql = "SELECT number, kind, subject, client, data, recorded_at FROM ledger_entry WHERE tenant = $1 ORDER BY number"
    return [Entry(**dict(row)) for row in rows(urls, sql, hub.tenant.id)]


def at(hub: Hub, moment: datetime) -> People:
    """The verbs, at another moment."""
    return People(hub.ledger.database, lambda: moment)


def absences(hub: Hub, person: Id) -> list[tuple[datetime, datetime, datetime | None, datetime | None]]:
    found = hub.do(hub.ledger.people.absences(hub.tenant.id, [person]))
    return [(one.began_at, one.began_known_at, one.ended_at, one.ended_known_at) for one in found[person]]


def get(hub: Hub, reference: Reference = ADA) -> Person:
    return hub.do(hub.ledger.people.get(hub.tenant.id, reference))


def test_the_status_follows_from_what_is_stored(hub: Hub) -> None:
    now, day = hub.ledger.now(), timedelta(days=1)
    known = get(hub)
    cases: list[tuple[dict[str, Any], PersonStatus]] = [
        ({}, PersonStatus.ACTIVE),
        ({"starts_at": now}, PersonStatus.ACTIVE),
        ({"starts_at": now + day}, PersonStatus.NEW),
        ({"ends_at": now + day}, PersonStatus.ACTIVE),
        ({"ends_at": now}, PersonStatus.EXPIRED),
        ({"ends_at": now - day, "is_active": False}, PersonStatus.INACTIVE),
        ({"starts_at": now + day, "is_active": False}, PersonStatus.INACTIVE),
        ({"deleted_at": now}, PersonStatus.INACTIVE),
    ]
    for change, status in cases:
        assert replace(known, **change).status(now) is status, change


def test_a_suspension_has_both_clocks_on_both_ends(urls: DatabaseUrls, hub: Hub) -> None:
    left, heard, back = (datetime(2026, 3, day, 9, tzinfo=UTC) for day in (6, 9, 20))
    hub.do(at(hub, heard).suspend(hub.caller, ADA, left))
    assert absences(hub, hub.person) == [(left, heard, None, None)]
    assert not get(hub).is_active
    new = NewPerson(given_name="Ada", identifiers=(Identifier("ref", "00123"),))
    told = Told("tests", "1", b"x" * 32)
    assert hub.do(at(hub, back).take(hub.caller, told, Joined(new, PersonChange())))
    assert absences(hub, hub.person) == [(left, heard, back, back)]
    assert get(hub).is_active
    assert get(hub).ends_at is None
    hub.do(at(hub, back + timedelta(days=1)).suspend(hub.caller, ADA, left))
    assert absences(hub, hub.person)[1][0] == back, "told late, it begins behind the one before"
    kinds = [entry.kind for entry in entries(urls, hub) if entry.subject == hub.person]
    assert [kind for kind in kinds if kind.startswith("person.")] == [
        "person.added",
        "person.suspended",
        "person.reinstated",
        "person.suspended",
    ]


def test_a_later_end_of_the_employment_suspends_at_once(hub: Hub) -> None:
    now = hub.ledger.now().replace(microsecond=0)
    hub.do(at(hub, now).suspend(hub.caller, ADA, now + timedelta(days=30)))
    assert absences(hub, hub.person) == [(now, now, None, None)]


def test_who_is_added_inactive_is_suspended_from_the_start(hub: Hub) -> None:
    (id,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="Out", is_active=False)]))
    assert len(absences(hub, id)) == 1


def test_jobs_are_spans(urls: DatabaseUrls, hub: Hub) -> None:
    for title in ("Clerk", "Clerk", "Head clerk", None):
        hub.do(hub.ledger.people.change(hub.caller, ADA, PersonChange(title=title)))
    kept = rows(urls, "SELECT title, opened_at, closed_at FROM employment WHERE person = $1 ORDER BY id", hub.person)
    assert [row["title"] for row in kept] == ["Clerk", "Head clerk"]
    assert kept[0]["closed_at"] == kept[1]["opened_at"]
    assert kept[1]["closed_at"] is not None


def test_people_added_together_may_manage_one_another(hub: Hub) -> None:
    def one(ref: str, manager: str) -> NewPerson:
        return NewPerson(identifiers=(Identifier("ref", ref),), manager=Reference(manager, ("ref",), may_be_id=False))

    a, b = hub.do(hub.ledger.people.add(hub.caller, [one("a", "b"), one("b", "00123")]))
    people = hub.do(hub.ledger.people.many(hub.tenant.id, [a, b]))
    assert [job.manager for id in (a, b) if (job := people[id].employment)] == [b, hub.person]
    with pytest.raises(InvalidInput):
        hub.do(hub.ledger.people.add(hub.caller, [one("c", "d"), one("d", "e"), one("e", "c")]))
    with pytest.raises(PersonNotFound):
        get(hub, Reference("c", ("ref",)))


def test_nothing_in_the_database_says_who_a_deleted_person_was(urls: DatabaseUrls, hub: Hub) -> None:
    change = PersonChange(given_name="Adalind", email="adalind@example.com", title="Wheelwright", domain="adalind.org")
    hub.do(hub.ledger.people.change(hub.caller, ADA, change))
    hub.do(hub.ledger.people.delete(hub.caller, ADA))
    tables = rows(
        urls,
        "SELECT table_name AS name FROM information_schema.columns c WHERE table_schema = 'public'"
        " AND column_name = 'tenant' AND EXISTS (SELECT FROM pg_tables t WHERE t.tablename = c.table_name)",
    )
    for table in tables:
        text = rows(urls, f"SELECT t::text AS line FROM {table['name']} t WHERE tenant = $1", hub.tenant.id)
        for word in ("Ada", "Okafor", "adalind", "00123", "Wheelwright", "ada@example.com"):
            assert not [row["line"] for row in text if word in row["line"]], (table["name"], word)
    assert [(one[0], one[2]) for one in absences(hub, hub.person)] == [(get(hub, as_id(hub)).deleted_at, None)]
    told = [entry.kind for entry in entries(urls, hub) if entry.subject == hub.person]
    assert told[-2:] == ["membership.closed", "person.deleted"]


def test_nobody_who_is_there_can_be_forgotten(urls: DatabaseUrls, hub: Hub) -> None:
    async def forget() -> None:
        async with hub.ledger.database.write(hub.tenant.id) as tx:
            await tx.run("person_forget", id=hub.person)

    with pytest.raises(asyncpg.PostgresError):
        hub.do(forget())
    assert all(entry.data for entry in entries(urls, hub) if entry.kind == "person.added")


def test_what_happens_to_people_is_told_to_webhooks(urls: DatabaseUrls, hub: Hub) -> None:
    hub.do(hub.ledger.people.change(hub.caller, ADA, PersonChange(given_name="Adalind")))
    hub.do(hub.ledger.people.suspend(hub.caller, ADA, None))
    zoe = Reference("00124", ("ref",))
    hub.do(hub.ledger.people.delete(hub.caller, zoe))
    about = [
        entry
        for entry in entries(urls, hub)
        if entry.kind in NOTICES.kinds(NOTICES.events) and entry.kind.startswith("person.")
    ]
    notices: list[Notice] = hub.do(NOTICES.build(hub.ledger, hub.tenant.id, about))  # type: ignore[arg-type]
    assert [notice.type for notice in notices] == [
        "user.created",
        "user.created",
        "user.updated",
        "user.deactivated",
        "user.deactivated",
    ]
    assert {notice.type for notice in notices} < NOTICES.events.keys()
    assert notices[2].content == {
        "user": {
            "id": to_hex24(hub.person),
            "reference": "00123",
            "firstName": "Adalind",
            "lastName": "Okafor",
            "email": "ada@example.com",
            "status": "inactive",
            "role": "learner",
        }
    }
    assert notices[1].content == {"user": {"id": to_hex24(hub.other_person), "status": "inactive"}}


def test_the_last_page_of_very_many_costs_what_the_first_does(urls: DatabaseUrls, hub: Hub) -> None:
    rows(
        urls,
        "WITH made AS (INSERT INTO person (tenant, id, place, given_name, created_at, updated_at)"
        " SELECT $1::uuid, gen_random_uuid(), 2 + n, 'N', now(), now() FROM generate_series(1, 40000) n)"
        " SELECT 1",
        hub.tenant.id,
    )
    rows(urls, "ANALYZE person")

    def seconds(skip: int) -> float:
        taken = []
        for _ in range(5):
            started = time.perf_counter()
            total, page = hub.do(hub.ledger.people.numbered_page(hub.tenant.id, count=100, skip=skip))
            taken.append(time.perf_counter() - started)
            assert (total, len(page)) == (40_002, 100)
        return min(taken)

    first = seconds(0)
    assert seconds(39_900) < 2 * first + 0.005


def as_id(hub: Hub) -> Reference:
    return Reference(to_hex24(hub.person), (), "person")
