"""When a request begins."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Callable
from weakref import WeakKeyDictionary


class Starts:
    """Writes of a loop that came and were not started yet: one begins in each turn, and more in long turns.

    Of many that come at once the first steps together take milliseconds. What the database says meanwhile would wait,
    and the database with it, three times for each commit. Reads begin at once: the more meet, the fewer queries.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._turned_at = 0.0

    @classmethod
    def of(cls, loop: asyncio.AbstractEventLoop) -> Starts:
        """Those of a loop."""
        return _STARTS.setdefault(loop, cls())

    def add(self, loop: asyncio.AbstractEventLoop, start: Callable[[], None]) -> None:
        """Start in one of the loop's next turns."""
        self._waiting.append(start)
        if len(self._waiting) == 1:
            self._turned_at = time.monotonic()
            loop.call_soon(self._start_some, loop)

    def _start_some(self, loop: asyncio.AbstractEventLoop) -> None:
        # Where others fill the turns, one write in each would wait for all of them.
        now = time.monotonic()
        count = min(1 + int((now - self._turned_at) / _SHORT_TURN_SECONDS), len(self._waiting))
        self._turned_at = now
        starts = [self._waiting.popleft() for _ in range(count)]
        if self._waiting:
            loop.call_soon(self._start_some, loop)
        for start in starts:
            start()


_SHORT_TURN_SECONDS = 0.0002
_STARTS: WeakKeyDictionary[asyncio.AbstractEventLoop, Starts] = WeakKeyDictionary()
