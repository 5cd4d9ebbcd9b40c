"""Rebuilding: proof that what is stored of standing is what the facts say, on as many cores as there are."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncIterator, Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext

from testamur.core.ids import Id
from testamur.core.standing import Rebuilt
from testamur.ledger.standing_lines import About, difference, write_difference
from testamur.storage.database import Database, DatabaseUrls

_SLICE = 500
"""Lines that are compared at once."""
_WORTH_PROCESSES = 4 * _SLICE
"""Below this many lines starting processes takes longer than the work."""
_CONFIRMED_AT_ONCE = 64

Slice = tuple[Id, Sequence[Id]]
"""An assignment and some of its people."""


async def rebuild(
    database: Database, tenant: Id, *, repairs: bool, processes: int, progress: Callable[[int, int], None]
) -> Rebuilt:
    """Compare every stored line with a fresh computation; see `Standings.rebuild`."""
    total = await _total(database, tenant)
    done = differences = repaired = 0
    with _executor(database.urls, processes if total >= _WORTH_PROCESSES else 1) as pool:
        running: dict[asyncio.Future[list[Id]], Slice] = {}

        async def finish() -> None:
            nonlocal done, differences, repaired
            ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
            for future in ended:
                assignment, people = running.pop(future)
                found = await _confirmed(database, tenant, assignment, future.result(), repairs=repairs)
                done, differences = done + len(people), differences + found
                repaired += found if repairs else 0
                progress(done, max(total, done))

        try:
            async for part in _slices(database, tenant):
                if len(running) >= 2 * processes:
                    await finish()
                if pool is None:
                    running[asyncio.ensure_future(_compare(database, tenant, *part))] = part
                else:
                    loop = asyncio.get_running_loop()
                    running[loop.run_in_executor(pool, _compare_here, tenant, *part)] = part
            while running:
                await finish()
        finally:
            for future in running:
                future.cancel()
    return Rebuilt(lines=done, differences=differences, repaired=repaired)


def _executor(urls: DatabaseUrls, processes: int) -> AbstractContextManager[Executor | None]:
    if processes <= 1:
        return nullcontext()
    # Spawned, because a fork would share the sockets of this process.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(urls,))


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
                rows = await tx.rows("standing_people", audiences=audiences, after=after, last=None, count=_SLICE)
            people = [row["person"] for row in rows]
            if people:
                yield assignment, people
            if len(people) < _SLICE:
                break
            after = people[-1]


async def _compare(database: Database, tenant: Id, assignment: Id, people: Sequence[Id]) -> list[Id]:
    """Those of the people whose stored line is not what the facts say."""
    async with database.read(tenant) as tx:
        found = await difference(tx, [(await About.read(tx, assignment), people)])
    return [person for _, person in found.lines + found.failed]


async def _confirmed(database: Database, tenant: Id, assignment: Id, people: Sequence[Id], *, repairs: bool) -> int:
    """How many of these lines are different with every writer kept waiting: a change in flight is no difference."""
    found = 0
    for start in range(0, len(people), _CONFIRMED_AT_ONCE):
        part = people[start : start + _CONFIRMED_AT_ONCE]
        async with database.write(tenant, alone=True) as tx:
            different = await difference(tx, [(await About.read(tx, assignment), part)])
            if repairs:
                await write_difference(tx, different)
            found += len(different.lines) + len(different.failed)
    return found


# In a process of its own ---------------------------------------------------------------------------------------

_loop: asyncio.AbstractEventLoop
_database: Database


def _begin(urls: DatabaseUrls) -> None:
    global _loop, _database
    _loop = asyncio.new_event_loop()
    _database = Database(urls, connections_max=1)
    _loop.run_until_complete(_database.open())


def _compare_here(tenant: Id, assignment: Id, people: Sequence[Id]) -> list[Id]:
    return _loop.run_until_complete(_compare(_database, tenant, assignment, people))
