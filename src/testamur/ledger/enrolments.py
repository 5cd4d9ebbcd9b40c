"""Enrolments: where people stand with an assignment, how that came about, and what completions are worth."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from testamur.core import compliance
from testamur.core.enrolments import Coverage, Enrolment, coverage, enrolled_person, enrolment
from testamur.core.errors import NotFound
from testamur.core.ids import Id
from testamur.core.people import Reference
from testamur.core.records import Record
from testamur.core.vocabularies import EnrolmentStatus, stored_as
from testamur.ledger.assignments import find_assignment
from testamur.ledger.standing_facts import About, told_of
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx

_CHUNK = 250
"""People looked at in one trip while lines wait for the background."""


@dataclass(frozen=True, slots=True)
class EnrolmentFilter:
    """Which enrolments are wanted; `updated_before` is the first moment that is too late."""

    status: EnrolmentStatus | None = None
    updated_from: datetime | None = None
    updated_before: datetime | None = None

    def admits(self, found: Enrolment) -> bool:
        return (
            (self.status is None or found.status is self.status)
            and (self.updated_from is None or found.updated_at >= self.updated_from)
            and (self.updated_before is None or found.updated_at < self.updated_before)
        )


class Enrolments:
    """Verbs on enrolments. What is shown is worked out from the facts; whom a filter admits is read from standing."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def list(
        self, tenant: Id, assignment: Reference, *, wanted: EnrolmentFilter | None = None, count: int, skip: int = 0
    ) -> list[Enrolment]:
        """A page of the assignment's enrolments in order of person, of everybody who ever came under it.

        While lines of the assignment wait for the background, those that a filter speaks of are worked out one by one
        and none is left out or shown by what was: a page then costs as much as the waiting up to its end.

        Raises: AssignmentNotFound naming the reference's field.
        """
        async with self._database.read(tenant) as tx:
            asked = await _Asked.read(tx, assignment, wanted or EnrolmentFilter(), self._clock())
            if asked.wanted == EnrolmentFilter():
                rows = await asked.everybody(tx, count=count, skip=skip)
            elif not await tx.value("enrolled_are_waiting", assignment=asked.about.assignment):
                rows = await asked.matching(tx, None, count, skip)
            else:
                return await _while_waiting(tx, asked, count, skip)
            return await asked.enrolments(tx, rows)

    async def get(self, tenant: Id, assignment: Reference, enrolment: Reference) -> Enrolment:
        """One enrolment of the assignment. Raises AssignmentNotFound, NotFound, naming the reference's field."""
        async with self._database.read(tenant) as tx:
            asked = await _Asked.read(tx, assignment, EnrolmentFilter(), self._clock())
            id = enrolment.id
            person = enrolled_person(asked.about.assignment, id) if id else None
            found = await asked.enrolments(tx, await asked.everybody(tx, person=person, count=1)) if person else []
        if not found:
            raise NotFound(f"No enrolment {enrolment.value!r} in this assignment", field=enrolment.field)
        return found[0]

    async def coverage(self, tenant: Id, records: Sequence[Record]) -> dict[Id, Coverage]:
        """What assignments make of completions, by record. Every record is a completion of a known person and item."""
        people = [record.person for record in records]
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("enrolled_in", people=people, items=[record.item for record in records])
            if not rows:
                return dict.fromkeys((record.id for record in records), Coverage(False, None))
            zone = ZoneInfo(await tx.value("tenant_zone"))
            rules: int = await tx.value("standing_rules")
            under: defaultdict[Id, set[Id]] = defaultdict(set)
            abouts: dict[Id, About] = {}
            for row in rows:
                id = row["assignment"]
                if id not in abouts:
                    abouts[id] = await About.remembered(tx, id, rules)
                under[id].add(people[row["place"] - 1])
            told = await told_of(tx, [(abouts[id], sorted(of)) for id, of in under.items()])
        lines = {}
        for (assignment, person), one in told.items():
            facts = abouts[assignment].facts_of(one)
            standing = {fact.record: fact.id for fact in one.facts or () if fact.closed_at is None}
            lines[assignment, person] = (facts, compliance.timeline(facts, horizon=date.min), standing)
        of: defaultdict[int, list[Any]] = defaultdict(list)
        for row in rows:
            of[row["place"] - 1].append(lines[row["assignment"], people[row["place"] - 1]])
        covered = {}
        for place, record in enumerate(records):
            assert record.completed is not None
            assert record.item is not None
            fact = next((known[record.id] for _, _, known in of[place] if record.id in known), record.id)
            worked_out = [(facts, timeline) for facts, timeline, _ in of[place]]
            covered[record.id] = coverage(fact, record.item, record.completed, worked_out, zone)
        return covered


async def _while_waiting(tx: Tx, asked: _Asked, count: int, skip: int) -> list[Enrolment]:
    found: list[Enrolment] = []
    after: Id | None = None
    while len(found) < skip + count and (rows := await asked.matching(tx, after, _CHUNK, 0)):
        after = rows[-1]["person"]
        found += [one for one in await asked.enrolments(tx, rows) if asked.wanted.admits(one)]
    return found[skip : skip + count]


@dataclass(frozen=True, slots=True)
class _Asked:
    """What all enrolments of one assignment share, and which of them are asked for."""

    about: About
    wanted: EnrolmentFilter
    now: datetime

    @classmethod
    async def read(cls, tx: Tx, reference: Reference, wanted: EnrolmentFilter, now: datetime) -> _Asked:
        return cls(await About.read(tx, await find_assignment(tx, reference)), wanted, now)

    @property
    def today(self) -> date:
        return self.about.day(self.now)

    async def everybody(self, tx: Tx, *, person: Id | None = None, count: int, skip: int = 0) -> list[Row]:
        """Who is enrolled, in order, and since when nothing of them changed."""
        return await tx.rows("enrolled_people", **self._bounds(), person=person, count=count, skip=skip)

    async def matching(self, tx: Tx, after: Id | None, count: int, skip: int) -> list[Row]:
        """Who is admitted by what is stored, and everybody whose line waits, from behind `after`."""
        wanted = self.wanted
        stored = stored_as(wanted.status) if wanted.status else None
        return await tx.rows(
            "enrolled_matching",
            **self._bounds(),
            statuses=[status.value for status, _ in stored] if stored is not None else None,
            planned=[is_planned for _, is_planned in stored] if stored is not None else None,
            updated_from=wanted.updated_from,
            updated_before=wanted.updated_before,
            after=after,
            count=count,
            skip=skip,
        )

    async def enrolments(self, tx: Tx, rows: Sequence[Row]) -> list[Enrolment]:
        """The enrolments of these people, in order, from the facts."""
        about, today = self.about, self.today
        told = await told_of(tx, [(about, [row["person"] for row in rows])]) if rows else {}
        found = []
        for row in rows:
            one = told[about.assignment, row["person"]]
            facts = about.facts_of(one)
            found.append(
                enrolment(
                    about.assignment,
                    row["person"],
                    facts,
                    compliance.timeline(facts, horizon=today),
                    records=one.records(),
                    updated_at=row["updated_at"],
                    zone=about.zone_at(self.now),
                    today=today,
                )
            )
        return found

    def _bounds(self) -> dict[str, Any]:
        first, last = self.about.versions[0], self.about.versions[-1]
        return {
            "assignment": self.about.assignment,
            "audience": last.audience,
            "made_at": first.recorded_at,
            "version_at": last.recorded_at,
            "deleted_at": last.recorded_at if last.is_deleted else None,
            "today": self.today,
        }
