"""Gathering: many concurrent small calls become few large ones.

While one batch of a tenant is in flight the next one fills; there is no timer, so a lone call waits for nobody. A
group of writes shares one commit, a group of keyed reads one query. docs/decisions/0003 tells why and what it buys.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from typing import Generic, TypeVar

from testamur.core.errors import Overloaded, TestamurError
from testamur.core.ids import Id

Call = TypeVar("Call")
Answer = TypeVar("Answer")

GoesOn = Callable[[], bool]
"""Tells whether another batch follows at once."""

Flush = Callable[[Sequence[Call], GoesOn], Awaitable[Sequence[Answer | TestamurError]]]
"""Takes a batch and returns one answer or error for each call in the same order, when the answers are final (for a
write: after the commit). When it raises, nothing of the batch may have happened."""

Series = Callable[[Id], AbstractAsyncContextManager[Flush[Call, Answer]]]
"""A block around the batches of a tenant that follow one another."""

_WORTH_A_BATCH = 32
_WORTH_LINGERING = 8
_LINGERING_SECONDS = 0.005
_BATCHES_MAX = 256
"""In one series. A connection, and perhaps a transaction, must not be kept for as long as a tenant is busy."""


class _Queue(Generic[Call, Answer]):
    """A tenant's calls that wait, and who waits for more of them."""

    def __init__(self) -> None:
        self.waiting: deque[tuple[Call, asyncio.Future[Answer]]] = deque()
        self._coming: asyncio.Future[None] | None = None

    def add(self, call: Call) -> asyncio.Future[Answer]:
        """The answer to a call that waits from now on."""
        future: asyncio.Future[Answer] = asyncio.get_running_loop().create_future()
        self.waiting.append((call, future))
        self._comes()
        return future

    async def linger(self) -> None:
        """Wait a moment for a call."""
        loop = asyncio.get_running_loop()
        self._coming = coming = loop.create_future()
        timer = loop.call_later(_LINGERING_SECONDS, self._comes)
        await coming
        timer.cancel()

    def _comes(self) -> None:
        if self._coming is not None:
            self._coming.set_result(None)
            self._coming = None


class Gatherer(Generic[Call, Answer]):
    """Runs a flush over batches of calls, one batch of each tenant at a time, tenants side by side.

    Args:
        series: opened when calls begin to wait, again after a batch that raised, and for each call of such a batch,
            which is then tried alone: one bad call cannot fail its neighbours.
        batch_max: calls in one batch. A batch takes half of those waiting, and 32 are worth one at any time: while
            one half is in the database, the other is read and answered.
        waiting_max: calls that may wait for one tenant; above it a call is refused with Overloaded.
        lingers: whether a series under load waits a moment for more calls before it ends. No call waits for it.
    """

    def __init__(
        self,
        series: Series[Call, Answer],
        *,
        batch_max: int = 256,
        waiting_max: int = 20_000,
        lingers: bool = False,
    ) -> None:
        self._series = series
        self._batch_max = batch_max
        self._waiting_max = waiting_max
        self._lingers = lingers
        self._queues: dict[Id, _Queue[Call, Answer]] = {}
        self._running: set[asyncio.Task[None]] = set()

    async def call(self, tenant: Id, call: Call) -> Answer:
        """Take part in the tenant's next batch and return this call's own answer.

        Raises: Overloaded when too many wait; whatever the flush gave for this call.
        """
        queue = self._queues.get(tenant)
        if queue is None:
            queue = self._queues[tenant] = _Queue()
            task = asyncio.create_task(self._drain(tenant, queue))
            self._running.add(task)
            task.add_done_callback(self._running.discard)
        elif len(queue.waiting) >= self._waiting_max:
            raise Overloaded
        return await queue.add(call)

    async def drain(self) -> None:
        """Wait until nothing is in flight."""
        while self._running:
            await asyncio.wait(self._running)

    async def _drain(self, tenant: Id, queue: _Queue[Call, Answer]) -> None:
        try:
            while queue.waiting:
                async with self._series(tenant) as flush:
                    await self._drain_series(tenant, queue, flush)
        finally:
            del self._queues[tenant]

    async def _drain_series(self, tenant: Id, queue: _Queue[Call, Answer], flush: Flush[Call, Answer]) -> None:
        left, goes_well = _BATCHES_MAX, True
        waiting = queue.waiting

        def goes_on() -> bool:
            return bool(waiting) and left > 0

        while goes_well and goes_on():
            left -= 1
            count = min(len(waiting), max(_WORTH_A_BATCH, len(waiting) // 2), self._batch_max)
            batch = [waiting.popleft() for _ in range(count)]
            # A caller that went away before its call was taken asks for nothing any more.
            batch = [entry for entry in batch if not entry[1].cancelled()]
            if batch:
                goes_well = await self._answer(tenant, flush, batch, goes_on)
            if self._lingers and goes_well and not waiting and count >= _WORTH_LINGERING:
                await queue.linger()

    async def _answer(
        self,
        tenant: Id,
        flush: Flush[Call, Answer],
        batch: list[tuple[Call, asyncio.Future[Answer]]],
        goes_on: GoesOn,
    ) -> bool:
        """Answer every call of the batch. Whether the flush may be used again."""
        try:
            answers = await flush([call for call, _ in batch], goes_on)
        except Exception as error:  # whatever it is, it belongs to the callers, not to this task
            retriable = len(batch) > 1 and not (isinstance(error, TestamurError) and error.retry_after_seconds)
            for call, future in batch:
                if retriable:
                    async with self._series(tenant) as alone:
                        await self._answer(tenant, alone, [(call, future)], _ends)
                elif not future.done():
                    future.set_exception(error)
            return False
        for (_, future), answer in zip(batch, answers, strict=True):
            if future.done():
                continue
            if isinstance(answer, TestamurError):
                future.set_exception(answer)
            else:
                future.set_result(answer)
        return True


def _ends() -> bool:
    return False
