"""Learners: who is enrolled in what, how far they came, and their quiz attempts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from testamur.core.callers import Caller
from testamur.core.enrolments import last_second
from testamur.core.errors import ItemNotFound, PersonNotFound
from testamur.core.ids import Id, new_id
from testamur.core.people import Reference
from testamur.core.vocabularies import EnrolmentStatus, enrolment_status
from testamur.ledger.entries import Change, append
from testamur.ledger.items import find_item
from testamur.ledger.people import find_person
from testamur.ledger.standing_lines import fresh_steps, restand_people, step_of
from testamur.storage.database import Database, Row, Tx


@dataclass(frozen=True, slots=True)
class Progress:
    """How far one learner is with one item.

    Args:
        completed_at, started_at, score_percent: of the completion that counts: the source's own import before
            others, then the latest. None while there is none.
        is_imported: whether that completion is the source's own import, which pins its score.
        attempt_score: score of the last quiz attempt, which never changes a completion.
        due_at: the last second of the earliest due day among what is open (rule V2); None while nothing is.
    """

    due_at: datetime | None
    enrolled_at: datetime | None
    completed_at: datetime | None
    started_at: datetime | None
    score_percent: Decimal | None
    is_imported: bool
    attempt_score: Decimal | None
    attempted_at: datetime | None


@dataclass(frozen=True, slots=True)
class ItemLearner:
    """One learner of an item."""

    person: Id
    given_name: str
    family_name: str
    email: str | None
    is_deleted: bool
    progress: Progress


@dataclass(frozen=True, slots=True)
class LearnerItem:
    """One item of a learner."""

    item: Id
    title: str
    is_authored: bool
    requires_quiz: bool
    is_deleted: bool
    progress: Progress


class Learners:
    """Verbs on the pairs of people and items. `source` names whose imports come first, such as `rise`."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def of_item(self, tenant: Id, item: Id, *, source: str, after: Id | None, count: int) -> list[ItemLearner]:
        """Everyone enrolled in an item or with a completion of it, in order of id, from behind `after`."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("learners_of_item", item=item, source=source, after=after, count=count)
            due = await self._due(tx, [(row["person"], item) for row in rows])
        return [
            ItemLearner(
                person=row["person"],
                given_name=row["given_name"],
                family_name=row["family_name"],
                email=row["email"],
                is_deleted=row["person_deleted_at"] is not None,
                progress=_progress(row, due.get(place)),
            )
            for place, row in enumerate(rows)
        ]

    async def items(self, tenant: Id, person: Id, *, source: str, after: Id | None, count: int) -> list[LearnerItem]:
        """Everything a person is enrolled in or has completed, in order of id, from behind `after`."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("items_of_learner", person=person, source=source, after=after, count=count)
            due = await self._due(tx, [(person, row["item"]) for row in rows])
        return [
            LearnerItem(
                item=row["item"],
                title=row["title"],
                is_authored=row["is_authored"],
                requires_quiz=row["requires_quiz"],
                is_deleted=row["retired_at"] is not None,
                progress=_progress(row, due.get(place)),
            )
            for place, row in enumerate(rows)
        ]

    async def _due(self, tx: Tx, pairs: Sequence[tuple[Id, Id]]) -> dict[int, datetime]:
        """When each pair of a person and an item is due, by place, where anything is asked of her."""
        now = self._clock()
        people, items = [person for person, _ in pairs], [item for _, item in pairs]
        rows = await tx.rows("learner_lines", people=people, items=items, now=now)
        waiting = {(row["assignment"], row["person"]) for row in rows if row["waits"]}
        fresh = await fresh_steps(tx, waiting, now)
        found: dict[int, datetime] = {}
        for row in rows:
            line, place = (row["assignment"], row["person"]), row["place"] - 1
            step = fresh.get(line) if row["waits"] else step_of(row)
            if step is not None and step.due_on is not None and enrolment_status(step) in _OPEN:
                due_at = last_second(step.due_on, step.zone)
                found[place] = min(due_at, found.get(place, due_at))
        return found

    async def enrolled_at(self, tenant: Id, item: Id, person: Id) -> datetime | None:
        """When the person was enrolled in the item, or None while not enrolled."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("enrolment_get", item=item, person=person)
        return row["enrolled_at"] if row and row["ended_at"] is None else None

    async def attempt(
        self,
        caller: Caller,
        item: Reference,
        person: Reference,
        *,
        attempted_at: datetime,
        score_percent: Decimal | None,
        passed: bool | None,
    ) -> Id:
        """Record a quiz attempt. It is progress, never a completion (rules F2 and F3).

        Raises: ItemNotFound, PersonNotFound.
        """
        now = self._clock()
        async with self._database.write(caller.tenant) as tx:
            what, whom = await find_item(tx, item), await find_person(tx, person)
            if what is None:
                raise ItemNotFound(field=item.field)
            if whom is None:
                raise PersonNotFound(field=person.field)
            id = new_id()
            attempt = {"attempted_at": attempted_at, "score_percent": score_percent, "passed": passed}
            await tx.run("attempt_add", item=what, person=whom, id=id, now=now, **attempt)
            await append(
                tx, caller.client, [Change("attempt.recorded", id, {"item": what, "person": whom, **attempt})], now
            )
            await restand_people(tx, [whom], now, items=[what])
        return id


_OPEN = (EnrolmentStatus.OPEN, EnrolmentStatus.OVERDUE)


def _progress(row: Row, due_at: datetime | None) -> Progress:
    return Progress(
        due_at=due_at,
        enrolled_at=row["enrolled_at"],
        completed_at=row["completed_at"],
        started_at=row["started_at"],
        score_percent=row["score_percent"],
        is_imported=bool(row["is_imported"]),
        attempt_score=row["attempt_score"],
        attempted_at=row["attempted_at"],
    )
