"""Working off what waits, a part of each in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from testamur.core.errors import DatabaseUnavailable
from testamur.core.ids import Id, new_id
from testamur.jobs import turns

TENANT, FIRST, SECOND = new_id(), new_id(), new_id()


class Queue:
    """What waits, in parts. Some parts fail.

    Args:
        parts: how many are left of each.
        failures: what the first part of each fails with.
    """

    def __init__(self, parts: dict[Id, int], failures: dict[Id, Exception]) -> None:
        self.parts, self.failures = parts, failures
        self.seen: list[Id] = []
        self.is_empty = asyncio.Event()

    async def waiting(self, count: int) -> Sequence[tuple[Id, Id]]:
        left = [(TENANT, id) for id, parts in self.parts.items() if parts][:count]
        if not left:
            self.is_empty.set()
        return left

    async def work(self, tenant: Id, id: Id) -> bool:
        self.seen.append(id)
        failure = self.failures.pop(id, None)
        if failure is not None:
            raise failure
        self.parts[id] -= 1
        return self.parts[id] > 0


def work_off(parts: dict[Id, int], failures: dict[Id, Exception] | None = None) -> list[Id]:
    """What was worked on, in order, until nothing waited."""

    async def run() -> list[Id]:
        queue = Queue(parts, failures or {})
        worker = asyncio.create_task(turns.take_turns("test", queue.waiting, queue.work))
        await queue.is_empty.wait()
        worker.cancel()
        return queue.seen

    return asyncio.run(run())


@pytest.fixture(autouse=True)
def without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(turns, "POLL_SECONDS", 0)


def test_each_has_a_part_done_in_turn() -> None:
    assert work_off({FIRST: 2, SECOND: 3}) == [FIRST, SECOND, FIRST, SECOND, SECOND]


def test_what_fails_is_tried_again_and_holds_nobody_up() -> None:
    assert work_off({FIRST: 1, SECOND: 1}, {FIRST: ValueError("broken")}) == [FIRST, SECOND, FIRST]


def test_while_the_database_is_away_nothing_else_is_tried() -> None:
    assert work_off({FIRST: 1, SECOND: 1}, {FIRST: DatabaseUnavailable()}) == [FIRST, FIRST, SECOND]
