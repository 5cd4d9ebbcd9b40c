"""Enrolments: where people stand with an assignment, and what assignments make of completions."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from testamur.core.assignments import AssignmentVersion
from testamur.core.enrolments import (
    Completed,
    Coverage,
    Enrolment,
    EnrolmentStatus,
    MemberSpan,
    coverage,
    enrolled_person,
    enrolment,
)
from testamur.core.errors import NotFound
from testamur.core.ids import Id
from testamur.core.moments import Precision, When
from testamur.core.people import Reference
from testamur.core.records import Record
from testamur.ledger.assignments import find_assignment, find_versions
from testamur.ledger.people import find_absences
from testamur.storage.database import Database, Row, Tx

COMPLETIONS_MAX = 1_000
"""Completions of one person that an enrolment looks at, the last ones."""
_CHUNK = 250
"""People worked out at once while a filter looks for a page."""


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
    """Verbs on enrolments. They are worked out when asked for; nothing of them is stored."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def list(
        self, tenant: Id, assignment: Reference, *, wanted: EnrolmentFilter | None = None, count: int, skip: int = 0
    ) -> list[Enrolment]:
        """A page of the assignment's enrolments in order of person, of everybody who ever came under it.

        Without a filter the page's people are cut out of an index and only they are worked out: 20 ms of 100,000, the
        last page 50. What a filter admits is known only after working it out, so a filtered page costs as much as
        everybody up to its end, a tenth of a millisecond each.

        Raises: AssignmentNotFound naming the reference's field.
        """
        async with self._database.read(tenant) as tx:
            about = await _About.read(tx, assignment, self._clock())
            if wanted is None or wanted == EnrolmentFilter():
                return await about.enrolments(tx, await about.people(tx, None, count, skip))
            found: list[Enrolment] = []
            after: Id | None = None
            while len(found) < skip + count and (people := await about.people(tx, after, _CHUNK)):
                after = people[-1]
                found += [one for one in await about.enrolments(tx, people) if wanted.admits(one)]
        return found[skip : skip + count]

    async def get(self, tenant: Id, assignment: Reference, enrolment: Reference) -> Enrolment:
        """One enrolment of the assignment. Raises AssignmentNotFound, NotFound, naming the reference's field."""
        async with self._database.read(tenant) as tx:
            about = await _About.read(tx, assignment, self._clock())
            id = enrolment.id
            found = await about.enrolments(tx, [enrolled_person(about.assignment, id)]) if id else []
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
            versions = await find_versions(tx, list({row["assignment"] for row in rows}))
            audiences = list({row["audience"] for row in rows})
            spans = await _spans(tx, audiences, list({people[row["place"] - 1] for row in rows}))
            zone = ZoneInfo(await tx.value("tenant_zone"))
        of: defaultdict[int, set[Id]] = defaultdict(set)
        for row in rows:
            of[row["place"] - 1].add(row["assignment"])
        now, covered = self._clock(), {}
        for place, record in enumerate(records):
            assert record.completed is not None
            assert record.person is not None
            assert record.item is not None
            completed = Completed(
                record=record.id, item=record.item, completed=record.completed, known_at=record.recorded_at
            )
            assignments = [(versions[id], spans[record.person]) for id in of[place]]
            found = coverage(completed, assignments, zone, now)
            # A fail gives no credit (rule F2).
            covered[record.id] = found if record.passed is not False else Coverage(found.had_due_date, None)
        return covered


@dataclass(frozen=True, slots=True)
class _About:
    """What all enrolments of one assignment share."""

    assignment: Id
    versions: list[AssignmentVersion]
    zone: ZoneInfo
    now: datetime

    @classmethod
    async def read(cls, tx: Tx, reference: Reference, now: datetime) -> _About:
        assignment = await find_assignment(tx, reference)
        versions = (await find_versions(tx, [assignment]))[assignment]
        return cls(assignment, versions, ZoneInfo(await tx.value("tenant_zone")), now)

    async def people(self, tx: Tx, after: Id | None, count: int, skip: int = 0) -> list[Id]:
        """Who is enrolled, in order, from behind `after`."""
        last = self.versions[-1]
        rows = await tx.rows(
            "enrolled_people",
            audience=last.audience,
            made_at=self.versions[0].acts_at,
            deleted_at=last.acts_at if last.is_deleted else None,
            after=after,
            count=count,
            skip=skip,
        )
        return [row["person"] for row in rows]

    async def enrolments(self, tx: Tx, people: Sequence[Id]) -> list[Enrolment]:
        """The enrolments of those of the people who have one, in order."""
        audiences = list({version.audience for version in self.versions})
        items = list({item for version in self.versions for item in (version.primary, *version.alternatives)})
        spans = await _spans(tx, audiences, people)
        rows = await tx.rows("enrolled_completions", people=list(people), items=items, count=COMPLETIONS_MAX)
        completions: defaultdict[Id, list[Completed]] = defaultdict(list)
        for row in rows:
            completions[row["person"]].append(_completed(row))
        away = await find_absences(tx, people)
        found = [
            enrolment(
                self.assignment,
                person,
                self.versions,
                spans[person],
                completions[person],
                away=away[person],
                zone=self.zone,
                now=self.now,
            )
            for person in people
        ]
        return [one for one in found if one is not None]


async def _spans(tx: Tx, audiences: Sequence[Id], people: Sequence[Id | None]) -> defaultdict[Id, list[MemberSpan]]:
    spans: defaultdict[Id, list[MemberSpan]] = defaultdict(list)
    for row in await tx.rows("enrolled_spans", audiences=list(audiences), people=list(people)):
        spans[row["person"]].append(
            MemberSpan(
                audience=row["audience"],
                began_at=row["began_at"],
                began_known_at=row["began_known_at"],
                ended_at=row["ended_at"],
                ended_known_at=row["ended_known_at"],
            )
        )
    return spans


def _completed(row: Row) -> Completed:
    return Completed(
        record=row["record"],
        item=row["item"],
        completed=When(row["completed_at"], Precision.DAY if row["completed_by_day"] else Precision.INSTANT),
        known_at=row["recorded_at"],
        voided_at=row["voided_at"],
    )
