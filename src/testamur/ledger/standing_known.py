"""Lists and counts as they were known at a moment: worked out from the facts of then, a part at a time.

What is stored of standing says what is known now, so each line is asked of the engine (principle P6).
"""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import date, datetime
from functools import partial
from typing import Any

from testamur.core import compliance
from testamur.core.compliance import CreditState, Outcome, Status, Step, Timeline, standing_on
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import FIRST_ID, Id
from testamur.core.standing import Listed, Place, StandingFilter
from testamur.ledger.standing_facts import About, told_of
from testamur.ledger.standing_rows import Line
from testamur.ledger.standing_spread import LINES_AT_ONCE, spread
from testamur.storage.database import Database
from testamur.storage.transactions import Tx

_LINES_IN_REQUEST = 64
"""Lines worked out between two looks at other requests."""

Part = Sequence[tuple[Id, Sequence[Id]]]
"""Assignments, and of each some of its people."""

Tally = Counter[tuple[Id, Status, bool]]
"""How many lines of an assignment have a status, with valid credit and without."""

Ranked = tuple[tuple[Any, ...], Id, Id, Step]
"""A line of a list: where in the order it stands, the person, the assignment, the step."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Knowledge:
    """What is asked about, as known at which moment.

    Args:
        day: on which somebody must be a member of the audience of the filter; None for any.
        lines_max: more than so many lines are refused; None for no limit.
        processes: that compute side by side.
        progress: told how many lines are done.
    """

    moment: datetime
    of: StandingFilter
    day: date | None
    lines_max: int | None
    processes: int = 1
    progress: Callable[[int], None] = field(default=lambda done: None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """Which lines a list is of: those of `listed` between two days, behind a place, no more than `count`."""

    listed: Listed
    statuses: frozenset[Status]
    day: date
    first: date | None
    last: date | None
    after: Place | None
    count: int


async def count(database: Database, tenant: Id, known: Knowledge, day: date) -> Tally:
    """How many stood how on a day. Raises InvalidInput for too many lines."""
    total: Tally = Counter()
    async for found in _each(database, tenant, known, partial(_counted, known.moment, day)):
        total.update(found)
    return total


async def page(database: Database, tenant: Id, known: Knowledge, wanted: Wanted) -> list[Ranked]:
    """The first lines of a list behind a place, in its order. Raises InvalidInput for too many lines."""
    first: list[Ranked] = []
    async for found in _each(database, tenant, known, partial(_listed, known.moment, wanted)):
        first = heapq.nsmallest(wanted.count, [*first, *found], key=lambda one: one[0])
    return first


async def on_time(database: Database, tenant: Id, known: Knowledge, first: date, last: date) -> tuple[int, int]:
    """Obligations due in a span of days, and those met on time. Raises InvalidInput for too many lines."""
    due = met = 0
    async for found in _each(database, tenant, known, partial(_met, known.moment, known.of.audience, first, last)):
        due, met = due + found[0], met + found[1]
    return due, met


# Parts ---------------------------------------------------------------------------------------------------------


async def _each(database: Database, tenant: Id, known: Knowledge, work: Any) -> AsyncIterator[Any]:
    """What `work` makes of each part. Raises InvalidInput for too many lines before any of them is worked out."""
    parts = _parts(database, tenant, known)
    if known.lines_max is not None:
        parts = _within(parts, [part async for part in _few(parts, known.lines_max)])
    done = 0
    async with aclosing(spread(database, tenant, parts, work, processes=known.processes)) as worked:
        async for part, found in worked:
            done += sum(len(people) for _, people in part)
            known.progress(done)
            yield found


async def _few(parts: AsyncIterator[Part], most: int) -> AsyncIterator[Part]:
    lines = 0
    async for part in parts:
        lines += sum(len(people) for _, people in part)
        if lines > most:
            message = (
                f"has to be worked out from the facts, for {most:,} lines at most, and this is more;"
                " ask about one assignment, a smaller audience or a manager, or use the command line"
            )
            raise InvalidInput(FieldFault("known_at", "range", message))
        yield part


async def _within(_: AsyncIterator[Part], parts: Sequence[Part]) -> AsyncIterator[Part]:
    for part in parts:
        yield part


async def _parts(database: Database, tenant: Id, known: Knowledge) -> AsyncIterator[Part]:
    """The lines asked about, by assignment and person; who never came under an assignment is left out later."""
    size = LINES_AT_ONCE if known.lines_max is None else _LINES_IN_REQUEST
    of, among = known.of, None
    if of.manager is not None:
        async with database.read(tenant) as tx:
            among = [
                row["person"] for row in await tx.rows("standing_known_under", manager=of.manager, at=known.moment)
            ]
    after: Line = FIRST_ID, FIRST_ID
    while True:
        async with database.read(tenant) as tx:
            rows = await tx.rows(
                "standing_known_lines",
                at=known.moment,
                day=known.day,
                assignment=of.assignment,
                item=of.item,
                audience=of.audience,
                among=among,
                after_assignment=after[0],
                after_person=after[1],
                count=size,
            )
        lines: defaultdict[Id, list[Id]] = defaultdict(list)
        for row in rows:
            lines[row["assignment"]].append(row["person"])
        if lines:
            yield list(lines.items())
        if len(rows) < size:
            return
        after = rows[-1]["assignment"], rows[-1]["person"]


# One part ------------------------------------------------------------------------------------------------------


async def _counted(moment: datetime, day: date, database: Database, tenant: Id, part: Part) -> Tally:
    found: Tally = Counter()
    async with database.read(tenant) as tx:
        for (assignment, _), timeline in await _timelines(tx, part, moment):
            step = standing_on(timeline, day)
            if step is not None:
                found[assignment, step.status, step.credit is CreditState.VALID] += 1
    return found


async def _listed(moment: datetime, wanted: Wanted, database: Database, tenant: Id, part: Part) -> list[Ranked]:
    found: list[Ranked] = []
    place = wanted.after
    after = None if place is None else _rank(wanted.listed, place.on, place.assignment, place.person)
    async with database.read(tenant) as tx:
        for (assignment, person), timeline in await _timelines(tx, part, moment):
            step = standing_on(timeline, wanted.day)
            if step is None or not _is_listed(step, wanted):
                continue
            on = step.credit_ends_on if wanted.listed is Listed.EXPIRING else step.due_on
            rank = _rank(wanted.listed, on, assignment, person)
            if after is None or rank > after:
                found.append((rank, person, assignment, step))
    return heapq.nsmallest(wanted.count, found, key=lambda one: one[0])


async def _met(
    moment: datetime, audience: Id | None, first: date, last: date, database: Database, tenant: Id, part: Part
) -> tuple[int, int]:
    due = met = 0
    async with database.read(tenant) as tx:
        timelines = await _timelines(tx, part, moment)
        spans = await _spans(tx, audience, {person for (_, person), _ in timelines}, moment) if audience else None
    for (_, person), timeline in timelines:
        for one in timeline.obligations:
            if one.due_on is None or not first <= one.due_on <= last:
                continue
            if one.outcome in (Outcome.WITHDRAWN, Outcome.RESCHEDULED):
                continue
            if spans is not None and not any(since <= one.due_on < until for since, until in spans[person]):
                continue
            due += 1
            met += one.outcome is Outcome.SATISFIED and bool(one.is_on_time)
    return due, met


def _is_listed(step: Step, wanted: Wanted) -> bool:
    if step.status not in wanted.statuses:
        return False
    if wanted.listed is Listed.EXEMPT:
        return True
    if wanted.listed is Listed.EXPIRING:
        on = step.credit_ends_on if step.credit is CreditState.VALID else None
    else:
        on = step.due_on
    return on is not None and (wanted.first or date.min) <= on <= (wanted.last or date.max)


def _rank(listed: Listed, on: date | None, assignment: Id, person: Id) -> tuple[Any, ...]:
    """Where a line stands in its list, the same as the queries of stored standing have it."""
    return (person, assignment) if listed is Listed.EXEMPT else (on, assignment, person)


async def _timelines(tx: Tx, part: Part, moment: datetime) -> list[tuple[Line, Timeline]]:
    abouts = {assignment: await About.read(tx, assignment) for assignment, _ in part}
    told = await told_of(tx, [(abouts[assignment], people) for assignment, people in part], moment=moment)
    return [
        (line, compliance.timeline(abouts[line[0]].facts_of(one, moment), horizon=date.min))
        for line, one in told.items()
    ]


async def _spans(tx: Tx, audience: Id, people: Iterable[Id], moment: datetime) -> dict[Id, list[tuple[date, date]]]:
    """When these people were members of an audience, as it was known."""
    found: defaultdict[Id, list[tuple[date, date]]] = defaultdict(list)
    for row in await tx.rows("standing_known_members", audience=audience, people=list(people), at=moment):
        found[row["person"]].append((row["joined_on"], row["left_on"] or date.max))
    return found
