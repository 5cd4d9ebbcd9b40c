"""Learners: who is enrolled in what, and how far they came."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from testamur.core.audiences import is_everyone
from testamur.core.callers import Caller
from testamur.core.enrolments import last_second
from testamur.core.errors import AudienceNotFound
from testamur.core.ids import FIRST_ID, Id
from testamur.core.items import Item
from testamur.core.people import Reference
from testamur.core.sessions import NewSession, QuizAttempt
from testamur.core.vocabularies import EnrolmentStatus, enrolment_status
from testamur.ledger.audiences import find_audience
from testamur.ledger.items import get_items
from testamur.ledger.sessions import Sessions
from testamur.ledger.standing_rows import step_of
from testamur.ledger.standing_steps import fresh_steps
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far one learner is with one item.

    Args:
        enrolled_at: since when she has a place, by herself or through an audience or a collection; None without one.
        due_at: the earliest due date of those places, and of what assignments ask of her and is open (rule V2).
        completed_at, started_at, score_percent: of the completion that counts: the source's own import before
            others, then the latest. None while there is none.
        is_imported: whether that completion is the source's own import, which pins its score.
        attempt_score: score of the last quiz attempt, which never changes a completion.
        time_spent: in sessions; None for no time.
        last_session_at: the end of the last one.
    """

    enrolled_at: datetime | None
    due_at: datetime | None
    completed_at: datetime | None
    started_at: datetime | None
    score_percent: Decimal | None
    is_imported: bool
    attempt_score: Decimal | None
    time_spent: timedelta | None
    last_session_at: datetime | None


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


@dataclass(frozen=True, slots=True, kw_only=True)
class CollectionLearner:
    """One learner of a collection.

    Args:
        is_completed: she completed every part of it, or the whole as such.
        is_begun: she began one of them.
        time_spent: in all of its parts; None where nothing is known of it.
    """

    person: Id
    given_name: str
    family_name: str
    is_deleted: bool
    due_at: datetime | None
    is_completed: bool
    is_begun: bool
    time_spent: timedelta | None


@dataclass(frozen=True, slots=True)
class MeasuredItem:
    """An item as a group of people knows it.

    Args:
        place: where it stands in its collection, from 1; 0 outside of one.
        parts: how many learning objects it consists of.
        average: how long those took who spent time there; None for nobody.
    """

    item: Item
    place: int
    parts: int
    average: timedelta | None


@dataclass(frozen=True, slots=True)
class ReportedAudience:
    """An audience of which a report speaks."""

    id: Id
    is_deleted: bool
    is_everyone: bool


class Learners:
    """Verbs on the pairs of people and items. `source` names whose imports come first, such as `rise`."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def of_item(self, tenant: Id, item: Id, *, source: str, after: Id | None, count: int) -> list[ItemLearner]:
        """Everyone with a place among an item's learners, or with a completion and never a place, in order of id."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows(
                "learners_of_item",
                item=item,
                source=source,
                after=after or FIRST_ID,
                count=count,
                today=await _today(tx, self._clock()),
            )
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
        """Every item in which a person has a place, or completed and never had one, in order of id."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows(
                "items_of_learner",
                person=person,
                source=source,
                after=after or FIRST_ID,
                count=count,
                today=await _today(tx, self._clock()),
            )
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

    async def of_collection(
        self, tenant: Id, collection: Id, *, source: str, after: Id | None, count: int
    ) -> list[CollectionLearner]:
        """Everyone with a place in a collection, in order of id."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows(
                "learners_of_collection",
                item=collection,
                source=source,
                after=after or FIRST_ID,
                count=count,
                today=await _today(tx, self._clock()),
            )
        return [
            CollectionLearner(
                person=row["person"],
                given_name=row["given_name"],
                family_name=row["family_name"],
                is_deleted=row["person_deleted_at"] is not None,
                due_at=row["due_at"],
                is_completed=row["is_completed"] or 0 < row["parts"] == row["completed"],
                is_begun=row["begun"] > 0,
                time_spent=row["spent"],
            )
            for row in rows
        ]

    async def parts(
        self, tenant: Id, collection: Id, *, after: tuple[int, Id] | None = None, count: int
    ) -> list[tuple[int, Item]]:
        """Up to `count` parts of a collection that are not retired, each with its place, in their order."""
        now = self._clock()
        async with self._database.read(tenant) as tx:
            rows = await _parts(tx, collection, after, count, with_retired=False)
            items = await get_items(tx, [row["item"] for row in rows], now)
        return [(row["place"], item) for row, item in zip(rows, items, strict=True)]

    async def measured_parts(
        self, tenant: Id, collection: Id, *, source: str, after: tuple[int, Id] | None, count: int
    ) -> list[MeasuredItem]:
        """Up to `count` parts of a collection, retired ones too, as those enrolled in it know them, in their order."""
        async with self._database.read(tenant) as tx:
            rows = await _parts(tx, collection, after, count, with_retired=True)
            return await self._measured(
                tx, [(row["place"], row["item"]) for row in rows], source=source, collection=collection, audience=None
            )

    async def measured_items(
        self, tenant: Id, audience: Id, *, source: str, after: Id | None, count: int
    ) -> list[MeasuredItem]:
        """Up to `count` items in which an audience is enrolled, as its members know them, in order of id."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("items_of_audience", audience=audience, after=after or FIRST_ID, count=count)
            return await self._measured(
                tx, [(0, row["item"]) for row in rows], source=source, collection=None, audience=audience
            )

    async def audience(self, tenant: Id, reference: Reference) -> ReportedAudience | None:
        """The audience that `reference` names; by its id one that was deleted too.

        Returns: None for everybody's while nothing was ever set to it. Raises: AudienceNotFound.
        """
        async with self._database.read(tenant) as tx:
            id = await find_audience(tx, reference) or reference.id
            row = await tx.row("audience_of_report", id=id) if id else None
        if row is not None:
            return ReportedAudience(row["id"], row["deleted_at"] is not None, row["of_everyone"])
        if is_everyone(reference):
            return None
        raise AudienceNotFound(f"No audience {reference.value!r} in this tenant", field=reference.field)

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
        """When the person was enrolled in the item by name, or None while not enrolled."""
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
        """Record a quiz attempt of which nothing else is known: a session of no time. Raises as `Sessions.record`."""
        new = NewSession(person=person, item=item, started_at=attempted_at, quiz=QuizAttempt(score_percent, passed))
        return (await Sessions(self._database, self._clock).record(caller, new)).session.id

    async def _measured(
        self, tx: Tx, places: Sequence[tuple[int, Id]], *, source: str, collection: Id | None, audience: Id | None
    ) -> list[MeasuredItem]:
        now = self._clock()
        ids = [item for _, item in places]
        today = await _today(tx, now)
        rows = await tx.rows(
            "items_measured", items=ids, source=source, collection=collection, audience=audience, today=today
        )
        measured = {row["item"]: row for row in rows}
        items = await get_items(tx, ids, now)
        return [
            MeasuredItem(item, place, measured[item.id]["parts"], measured[item.id]["average"])
            for (place, _), item in zip(places, items, strict=True)
        ]


async def _today(tx: Tx, now: datetime) -> date:
    today: date = await tx.value("audience_today", now=now)
    return today


async def _parts(tx: Tx, collection: Id, after: tuple[int, Id] | None, count: int, *, with_retired: bool) -> list[Row]:
    place, id = after or (0, FIRST_ID)
    return await tx.rows(
        "parts_of_collection", parent=collection, after_place=place, after=id, with_retired=with_retired, count=count
    )


_OPEN = (EnrolmentStatus.OPEN, EnrolmentStatus.OVERDUE)


def _progress(row: Row, due_at: datetime | None) -> Progress:
    return Progress(
        enrolled_at=row["enrolled_at"],
        due_at=min(filter(None, (row["due_at"], due_at)), default=None),
        completed_at=row["completed_at"],
        started_at=row["started_at"],
        score_percent=row["score_percent"],
        is_imported=bool(row["is_imported"]),
        attempt_score=row["attempt_score"],
        time_spent=row["spent"],
        last_session_at=row["last_at"],
    )
