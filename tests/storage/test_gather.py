"""Gathering: who shares a batch with whom, and that everyone gets their own answer."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import dataclass, field

import pytest

from testamur.core.errors import DatabaseUnavailable, KeyReused, Overloaded, TestamurError
from testamur.core.ids import Id, new_id
from testamur.storage import gather
from testamur.storage.gather import Flush, Gatherer, GoesOn
from tests.waiting import PATIENCE_SECONDS

ONE, OTHER = new_id(), new_id()


@dataclass
class Flushes:
    """A flush that doubles numbers, notes its batches, and waits at a gate while there is one."""

    seen: list[tuple[Id, list[int]]] = field(default_factory=list)
    gate: asyncio.Event = field(default_factory=asyncio.Event)
    refuses: Callable[[Sequence[int]], Exception | None] = lambda calls: None
    in_flight: int = 0
    in_flight_max: int = 0

    async def __call__(self, tenant: Id, calls: Sequence[int]) -> Sequence[int | TestamurError]:
        self.seen.append((tenant, list(calls)))
        self.in_flight += 1
        self.in_flight_max = max(self.in_flight_max, self.in_flight)
        try:
            await self.gate.wait()
        finally:
            self.in_flight -= 1
        if error := self.refuses(calls):
            raise error
        return [call * 2 if call >= 0 else KeyReused(str(call)) for call in calls]

    @property
    def sizes(self) -> list[int]:
        return [len(calls) for _, calls in self.seen]


def run(test: Callable[[Flushes], Awaitable[None]]) -> None:
    async def within() -> None:
        await asyncio.wait_for(test(Flushes()), PATIENCE_SECONDS)

    asyncio.run(within())


def each_by_itself(
    flushes: Flushes,
) -> Callable[[Id], AbstractAsyncContextManager[Flush[int, int]]]:
    """Series whose batches share nothing."""

    @asynccontextmanager
    async def series(tenant: Id) -> AsyncIterator[Flush[int, int]]:
        async def flush(calls: Sequence[int], _: GoesOn) -> Sequence[int | TestamurError]:
            return await flushes(tenant, calls)

        yield flush

    return series


async def settle() -> None:
    """Let every task go as far as it can."""
    for _ in range(20):
        await asyncio.sleep(0)


def open_gate(flushes: Flushes) -> Flushes:
    flushes.gate.set()
    return flushes


def test_a_lone_call_waits_for_nobody() -> None:
    async def test(flushes: Flushes) -> None:
        gatherer = Gatherer(each_by_itself(open_gate(flushes)))
        assert await gatherer.call(ONE, 21) == 42
        assert flushes.seen == [(ONE, [21])]

    run(test)


def test_while_one_batch_is_in_flight_the_next_one_fills() -> None:
    async def test(flushes: Flushes) -> None:
        gatherer = Gatherer(each_by_itself(flushes))
        first = asyncio.create_task(gatherer.call(ONE, 0))
        await settle()
        rest = [asyncio.create_task(gatherer.call(ONE, number)) for number in range(1, 101)]
        await settle()
        assert flushes.sizes == [1], "a second batch started beside the first"
        flushes.gate.set()
        assert await first == 0
        assert await asyncio.gather(*rest) == [2 * number for number in range(1, 101)]
        assert flushes.sizes == [1, 50, 32, 18], "half of those waiting, or what is worth a batch"
        assert flushes.in_flight_max == 1

    run(test)


def test_every_caller_gets_its_own_answer_and_calls_keep_their_order() -> None:
    async def test(flushes: Flushes) -> None:
        gatherer = Gatherer(each_by_itself(open_gate(flushes)), batch_max=7)
        answers = await asyncio.gather(*[gatherer.call(ONE, number) for number in range(1000)])
        assert answers == [2 * number for number in range(1000)]
        assert [call for _, calls in flushes.seen for call in calls] == list(range(1000))
        assert max(flushes.sizes) == 7
        assert flushes.in_flight_max == 1

    run(test)


def test_tenants_are_served_side_by_side_and_never_share_a_batch() -> None:
    async def test(flushes: Flushes) -> None:
        gatherer = Gatherer(each_by_itself(flushes))
        calls = [asyncio.create_task(gatherer.call(tenant, number)) for number in range(10) for tenant in (ONE, OTHER)]
        await settle()
        assert flushes.in_flight == 2, "a tenant waits for another's batch"
        flushes.gate.set()
        await asyncio.gather(*calls)
        assert all(calls == list(range(10)) for _, calls in flushes.seen)
        assert {tenant for tenant, _ in flushes.seen} == {ONE, OTHER}

    run(test)


def test_an_error_for_one_call_is_that_callers_alone() -> None:
    async def test(flushes: Flushes) -> None:
        gatherer = Gatherer(each_by_itself(open_gate(flushes)))
        answers = await asyncio.gather(*[gatherer.call(ONE, n) for n in (1, -2, 3)], return_exceptions=True)
        assert answers[0::2] == [2, 6]
        assert isinstance(answers[1], KeyReused)
        assert flushes.sizes == [3], "an answer that is an error is no reason to try again"

    run(test)


def test_a_call_that_breaks_its_batch_does_not_fail_its_neighbours() -> None:
    async def test(flushes: Flushes) -> None:
        flushes.refuses = lambda calls: RuntimeError("seven") if 7 in calls else None
        gatherer = Gatherer(each_by_itself(open_gate(flushes)))
        answers = await asyncio.gather(*[gatherer.call(ONE, n) for n in range(10)], return_exceptions=True)
        assert [answer for n, answer in enumerate(answers) if n != 7] == [2 * n for n in range(10) if n != 7]
        assert isinstance(answers[7], RuntimeError)
        assert flushes.sizes == [10] + [1] * 10

    run(test)


def test_a_lone_call_that_fails_is_not_tried_twice() -> None:
    async def test(flushes: Flushes) -> None:
        flushes.refuses = lambda calls: RuntimeError("no")
        gatherer = Gatherer(each_by_itself(open_gate(flushes)))
        with pytest.raises(RuntimeError):
            await gatherer.call(ONE, 1)
        assert flushes.sizes == [1]

    run(test)


def test_a_database_that_is_away_is_not_asked_again_for_every_row() -> None:
    """A thousand connection attempts, one after the other, would keep every caller waiting for minutes."""

    async def test(flushes: Flushes) -> None:
        flushes.refuses = lambda calls: DatabaseUnavailable()
        gatherer = Gatherer(each_by_itself(open_gate(flushes)))
        answers = await asyncio.gather(*[gatherer.call(ONE, n) for n in range(200)], return_exceptions=True)
        assert all(isinstance(answer, DatabaseUnavailable) for answer in answers)
        assert flushes.sizes == [100, 50, 32, 18]
        flushes.refuses = lambda calls: None
        assert await gatherer.call(ONE, 1) == 2, "it works again as soon as the database does"

    run(test)


def test_above_waiting_max_calls_are_refused_at_once_and_the_others_are_served() -> None:
    async def test(flushes: Flushes) -> None:
        gatherer = Gatherer(each_by_itself(flushes), waiting_max=5)
        taken = [asyncio.create_task(gatherer.call(ONE, 0))]
        await settle()
        taken += [asyncio.create_task(gatherer.call(ONE, n)) for n in range(1, 6)]
        await settle()
        with pytest.raises(Overloaded) as raised:
            await gatherer.call(ONE, 6)
        assert raised.value.retry_after_seconds
        elsewhere = asyncio.create_task(gatherer.call(OTHER, 7))
        await settle()
        assert not elsewhere.done()
        flushes.gate.set()
        assert await asyncio.gather(*taken) == [0, 2, 4, 6, 8, 10]
        assert await elsewhere == 14, "one tenant's flood is not another's"
        assert await gatherer.call(ONE, 8) == 16

    run(test)


def test_a_caller_that_goes_away_before_its_call_is_taken_asks_for_nothing() -> None:
    async def test(flushes: Flushes) -> None:
        gatherer = Gatherer(each_by_itself(flushes))
        calls = [asyncio.create_task(gatherer.call(ONE, 0))]
        await settle()
        calls += [asyncio.create_task(gatherer.call(ONE, n)) for n in (1, 2, 3)]
        await settle()
        calls[2].cancel()
        await settle()
        flushes.gate.set()
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert answers[:2] + answers[3:] == [0, 2, 6]
        assert isinstance(answers[2], asyncio.CancelledError)
        assert flushes.seen == [(ONE, [0]), (ONE, [1, 3])]

    run(test)


def test_a_caller_that_goes_away_while_its_call_is_in_flight_disturbs_nobody() -> None:
    """Its write happens all the same: it may have been committed already. The client will ask again, and be told."""

    async def test(flushes: Flushes) -> None:
        gatherer = Gatherer(each_by_itself(flushes))
        calls = [asyncio.create_task(gatherer.call(ONE, n)) for n in range(3)]
        await settle()
        assert flushes.sizes == [3]
        calls[1].cancel()
        flushes.gate.set()
        answers = await asyncio.gather(*calls, return_exceptions=True)
        assert answers[0::2] == [0, 4]
        assert isinstance(answers[1], asyncio.CancelledError)
        assert await gatherer.call(ONE, 5) == 10

    run(test)


def test_a_whole_batch_of_callers_that_went_away_leaves_nothing_behind() -> None:
    async def test(flushes: Flushes) -> None:
        gatherer = Gatherer(each_by_itself(flushes))
        first = asyncio.create_task(gatherer.call(ONE, 0))
        await settle()
        gone = [asyncio.create_task(gatherer.call(ONE, n)) for n in range(1, 50)]
        await settle()
        for call in gone:
            call.cancel()
        flushes.gate.set()
        assert await first == 0
        await gatherer.drain()
        assert flushes.sizes == [1]
        assert await gatherer.call(ONE, 1) == 2

    run(test)


def test_draining_waits_for_what_is_in_flight_and_for_what_waits_behind_it() -> None:
    async def test(flushes: Flushes) -> None:
        gatherer = Gatherer(each_by_itself(flushes), batch_max=2)
        calls = [asyncio.create_task(gatherer.call(tenant, n)) for n in range(5) for tenant in (ONE, OTHER)]
        await settle()
        drained = asyncio.create_task(gatherer.drain())
        await settle()
        assert not drained.done()
        flushes.gate.set()
        await drained
        await settle()
        assert all(call.done() for call in calls)
        await gatherer.drain()

    run(test)


def test_a_series_under_load_takes_what_comes_a_moment_later_and_then_ends() -> None:
    opened = 0

    @asynccontextmanager
    async def series(tenant: Id) -> AsyncIterator[Flush[int, int]]:
        nonlocal opened
        opened += 1

        async def flush(calls: Sequence[int], _: GoesOn) -> Sequence[int | TestamurError]:
            return await flushes(tenant, calls)

        yield flush

    flushes = open_gate(Flushes())

    async def within() -> None:
        gatherer: Gatherer[int, int] = Gatherer(series, lingers=True)
        for _ in range(3):
            await asyncio.gather(*(gatherer.call(ONE, number) for number in range(20)))
        assert opened == 1
        await gatherer.drain()
        assert await gatherer.call(ONE, 1) == 2
        assert opened == 2

    asyncio.run(asyncio.wait_for(within(), PATIENCE_SECONDS))


def test_a_call_that_comes_while_a_series_waits_for_more_is_taken_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gather, "_LINGERING_SECONDS", 3_600)

    async def test(flushes: Flushes) -> None:
        gatherer = Gatherer(each_by_itself(open_gate(flushes)), lingers=True)
        await asyncio.gather(*(gatherer.call(ONE, number) for number in range(20)))
        assert await gatherer.call(ONE, 1) == 2

    run(test)
