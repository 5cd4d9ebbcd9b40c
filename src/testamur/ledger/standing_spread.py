"""Work on many lines, a part at a time: on as many cores as there are, with no more in memory than is worked on."""

from __future__ import annotations

import asyncio
import multiprocessing
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from typing import Any, TypeVar

from testamur.core.ids import Id
from testamur.storage.database import Database, DatabaseUrls

LINES_AT_ONCE = 500
"""Lines of one part, where nobody waits for an answer of another kind."""
WORTH_PROCESSES = 4 * LINES_AT_ONCE
"""Below this many lines starting processes takes longer than the work."""

Part = TypeVar("Part")
Result = TypeVar("Result")


async def spread(
    database: Database,
    tenant: Id,
    parts: AsyncIterator[Part],
    work: Callable[[Database, Id, Part], Awaitable[Result]],
    *,
    processes: int,
) -> AsyncGenerator[tuple[Part, Result], None]:
    """Each part with what `work` makes of it, in the order in which they come to an end.

    Args:
        work: with several processes a function that another one can import, or a `partial` of one.
    """
    with _executor(database.urls, processes) as pool:
        running: dict[asyncio.Future[Result], Part] = {}
        try:
            async for part in parts:
                if len(running) >= 2 * processes:
                    for ended in await _ended(running):
                        yield running.pop(ended), ended.result()
                if pool is None:
                    running[asyncio.ensure_future(work(database, tenant, part))] = part
                else:
                    running[asyncio.get_running_loop().run_in_executor(pool, _work_here, work, tenant, part)] = part
            while running:
                for ended in await _ended(running):
                    yield running.pop(ended), ended.result()
        finally:
            for future in running:
                future.cancel()


async def _ended(running: dict[asyncio.Future[Result], Part]) -> set[asyncio.Future[Result]]:
    ended, _ = await asyncio.wait(running, return_when=asyncio.FIRST_COMPLETED)
    return ended


def _executor(urls: DatabaseUrls, processes: int) -> AbstractContextManager[Executor | None]:
    if processes <= 1:
        return nullcontext()
    # Spawned, because a fork would share the sockets of this process.
    context = multiprocessing.get_context("spawn")
    return ProcessPoolExecutor(processes, mp_context=context, initializer=_begin, initargs=(urls,))


# In a process of its own ---------------------------------------------------------------------------------------

_loop: asyncio.AbstractEventLoop
_database: Database


def _begin(urls: DatabaseUrls) -> None:
    global _loop, _database
    _loop = asyncio.new_event_loop()
    _database = Database(urls, connections_max=1)
    _loop.run_until_complete(_database.open())


def _work_here(work: Callable[[Database, Id, Any], Awaitable[Any]], tenant: Id, part: Any) -> Any:
    async def within() -> Any:
        return await work(_database, tenant, part)

    return _loop.run_until_complete(within())
