"""A tenant whose clock a test moves, and what is often asked about where its people stand."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg

from testamur.core.assignments import Assignment, NewAssignment
from testamur.core.audiences import NewAudience
from testamur.core.ids import Id, to_hex24
from testamur.core.moments import When
from testamur.core.people import NewPerson, Reference
from testamur.core.records import NewRecord, Report
from testamur.core.standing import Standing
from testamur.ledger import Ledger
from tests.hub import Hub

ITEM = Reference("FIRE-101", ("ref",), "item")
OTHER_ITEM = Reference("LIFT/1 ä", ("ref",), "item")
AUDIENCE = Reference("site-staff", (), "audience")
CREW = Reference("crew", (), "audience")
ADA = Reference("00123", ("ref",), "person", "person")
ZOE = Reference("00124", ("ref",), "person", "person")
DAY = timedelta(days=1)


class Clock:
    """The present moment, as a test has it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def go(self, day: date) -> None:
        self.at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


class Town:
    """A tenant on a ledger whose clock the test moves. Ada is in the audience `crew` since 2025-01-10."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.clock = Clock(datetime(2025, 1, 10, 9, tzinfo=UTC))
        self.ledger = Ledger.on(hub.ledger.database, self.clock)
        self.tenant = hub.tenant.id
        # Joined and recorded on one day: what is recorded late lifts the due day (rule M6).
        new = NewAudience(name="Crew", reference="crew")
        self.audience: Id = self.do(self.ledger.audiences.add(hub.caller, new))
        self.join(hub.person)

    def join(self, *people: Id) -> None:
        today = self.clock.at.date()
        self.do(self.ledger.memberships.join(self.hub.caller, self.audience, people, today))

    def do(self, work: Any) -> Any:
        return self.hub.do(work)

    def assign(self, **settings: Any) -> Assignment:
        new = NewAssignment(audience=CREW, primary=ITEM, **settings)
        made: Assignment = self.do(self.ledger.assignments.add(self.hub.caller, new))
        return made

    def complete(self, day: date, person: Reference = ADA, item: Reference = ITEM, **more: Any) -> Id:
        new = NewRecord(source="tests", person=person, item=item, completed=When.day(day), is_repeatable=True, **more)
        report = Report("tests", self.hub.key.client, "POST", "/", "{}")
        recorded: Id = self.do(self.ledger.records.record(self.tenant, new, report)).record
        return recorded

    def stored(self) -> list[tuple[Any, ...]]:
        rows = query(self.hub, "SELECT person, status, from_on, until_on FROM standing ORDER BY person, from_on")
        return [tuple(row) for row in rows]

    def statuses(self, person: Id | None = None) -> list[tuple[str, str]]:
        """The first day of each status; other things may change in between."""
        of = person or self.hub.person
        found: list[tuple[str, str]] = []
        for who, status, day, _ in self.stored():
            if who == of and (not found or found[-1][1] != status):
                found.append((str(day), status))
        return found

    def at(self, made: Assignment, day: date, person: Reference = ADA, **more: Any) -> Standing:
        found: Standing = self.do(self.ledger.standings.get(self.tenant, person, named(made), on=day, **more))
        return found

    def differences(self) -> tuple[int, int]:
        found = self.do(self.ledger.standings.rebuild(self.tenant))
        return found.lines, found.differences


def named(made: Assignment) -> Reference:
    return Reference(to_hex24(made.id), (), "assignment", "assignmentId")


def query(hub: Hub, sql: str, *arguments: Any) -> list[asyncpg.Record]:
    async def read() -> list[asyncpg.Record]:
        async with hub.ledger.database.unbound() as connection, connection.transaction():
            await connection.execute("SELECT set_config('testamur.tenant', $1::text, true)", str(hub.tenant.id))
            found: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return found

    return hub.do(read())


def crowd(hub: Hub, count: int) -> list[Id]:
    people = [NewPerson(given_name="P", family_name=str(number)) for number in range(count)]
    added: list[Id] = hub.do(hub.ledger.people.add(hub.caller, people))
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, added, date(2025, 1, 10)))
    return added
