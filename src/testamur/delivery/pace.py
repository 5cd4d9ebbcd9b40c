"""How fast webhooks may be told while requests want the same processor."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

_LOOK_SECONDS = 0.1
_BUSY_REQUESTS_A_SECOND = 200
_REQUESTS_FOR_ONE = 25
_POSTS_A_SECOND_MIN = 20


class Pace:
    """Gives turns to posts: at once as a rule, few while the worker answers many requests.

    A post costs a worker as much as one or two requests, and each change is told once for every webhook: ten
    webhooks told at full speed would leave requests a fifth of the worker. Whoever waits for an answer comes first;
    what is to be told waits in the ledger and is told when there is room again.

    Args:
        requests: how many requests this worker has begun to answer.
    """

    def __init__(self, requests: Callable[[], int], clock: Callable[[], float] = time.monotonic) -> None:
        self._requests = requests
        self._clock = clock
        self._looked_at, self._seen = clock(), requests()
        self._apart = 0.0
        self._next_at = 0.0

    async def turn(self) -> None:
        """Wait until the next post may be made."""
        if (wait := self.wait()) > 0:
            await asyncio.sleep(wait)

    def wait(self) -> float:
        """Take a turn: in how many seconds it comes."""
        now = self._clock()
        if now - self._looked_at >= _LOOK_SECONDS:
            rate = (self._requests() - self._seen) / (now - self._looked_at)
            self._looked_at, self._seen = now, self._requests()
            is_busy = rate >= _BUSY_REQUESTS_A_SECOND
            self._apart = 1 / max(rate / _REQUESTS_FOR_ONE, _POSTS_A_SECOND_MIN) if is_busy else 0.0
        if not self._apart:
            return 0.0
        at = max(now, self._next_at)
        self._next_at = at + self._apart
        return at - now
