"""Rebuilding: proof that what is stored of standing is what the facts say, on as many cores as there are."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from datetime import datetime

from testamur.core.ids import Id
from testamur.core.standing import Rebuilt
from testamur.ledger.standing_facts import About
from testamur.ledger.standing_spread import LINES_AT_ONCE, WORTH_PROCESSES, spread
from testamur.ledger.standing_steps import difference, write_difference
from testamur.storage.database import Database

_CONFIRMED_AT_ONCE = 64

Slice = tuple[Id, Sequence[Id]]
"""An assignment and some of its people."""


async def rebuild(
    database: Database,
    tenant: Id,
    clock: Callable[[], datetime],
    *,
    repairs: bool,
    processes: int,
    progress: Callable[[int, int], None],
) -> Rebuilt:
    """Compare every stored line with a fresh computation; see `Standings.rebuild`."""
    total = await _total(database, tenant)
    done = differences = repaired = 0
    processes = processes if total >= WORTH_PROCESSES else 1
    async with aclosing(spread(database, tenant, _slices(database, tenant), _compare, processes=processes)) as compared:
        async for (assignment, people), suspects in compared:
            found = await _confirmed(database, tenant, assignment, suspects, clock() if repairs else None)
            done, differences = done + len(people), differences + found
            repaired += found if repairs else 0
            progress(done, max(total, done))
    return Rebuilt(lines=done, differences=differences, repaired=repaired)


async def _total(database: Database, tenant: Id) -> int:
    total = 0
    async with database.read(tenant) as tx:
        for row in await tx.rows("standing_assignments"):
            total += await tx.value("standing_people_count", assignment=row["id"])
    return total


async def _slices(database: Database, tenant: Id) -> AsyncIterator[Slice]:
    async with database.read(tenant) as tx:
        assignments = [row["id"] for row in await tx.rows("standing_assignments")]
    for assignment in assignments:
        async with database.read(tenant) as tx:
            audiences = [row["audience"] for row in await tx.rows("standing_audiences", assignment=assignment)]
            strays = [row["person"] for row in await tx.rows("standing_strays", assignment=assignment)]
        if strays:
            yield assignment, strays
        after: Id | None = None
        while True:
            async with database.read(tenant) as tx:
                rows = await tx.rows(
                    "standing_people", audiences=audiences, after=after, last=None, count=LINES_AT_ONCE
                )
            people = [row["person"] for row in rows]
            if people:
                yield assignment, people
            if len(people) < LINES_AT_ONCE:
                break
            after = people[-1]


async def _compare(database: Database, tenant: Id, part: Slice) -> list[Id]:
    """Those of the people whose stored line is not what the facts say."""
    assignment, people = part
    async with database.read(tenant) as tx:
        found = await difference(tx, [(await About.read(tx, assignment), people)])
    return [person for _, person in found.lines + found.failed]


async def _confirmed(
    database: Database, tenant: Id, assignment: Id, people: Sequence[Id], repaired_at: datetime | None
) -> int:
    """How many of these lines are different with every writer kept waiting: a change in flight is no difference.

    Args:
        repaired_at: the present moment, to make them right; None to leave them.
    """
    found = 0
    for start in range(0, len(people), _CONFIRMED_AT_ONCE):
        part = people[start : start + _CONFIRMED_AT_ONCE]
        async with database.write(tenant, alone=True) as tx:
            different = await difference(tx, [(await About.read(tx, assignment), part)])
            if repaired_at is not None:
                await write_difference(tx, different, repaired_at)
            found += len(different.lines) + len(different.failed)
    return found
