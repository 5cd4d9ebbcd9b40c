"""How much one client may ask."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

from testamur.core.ids import Id
from testamur.http.errors import RateLimited


class RateLimiter:
    """Counts each client's requests in windows of a minute, for this worker.

    Args:
        per_minute: requests a client may make in a minute; 0 for no limit.
    """

    def __init__(self, per_minute: int, clock: Callable[[], float] = time.monotonic) -> None:
        self._per_minute = per_minute
        self._clock = clock
        self._window = -1
        self._taken: dict[Id, int] = {}

    def take(self, client: Id) -> None:
        """Count one request. Raises RateLimited, which says how long to wait."""
        if self._per_minute == 0:
            return
        window, passed = divmod(self._clock(), 60)
        if window != self._window:
            self._window, self._taken = int(window), {}
        taken = self._taken.get(client, 0)
        if taken >= self._per_minute:
            error = RateLimited(f"More than {self._per_minute} requests in a minute")
            error.retry_after_seconds = max(1, 60 - int(passed))
            raise error
        self._taken[client] = taken + 1


class Places:
    """Counts what each client holds at the moment, in this worker.

    Args:
        each_max: how much one may hold.
    """

    def __init__(self, each_max: int) -> None:
        self._each_max = each_max
        self._taken: Counter[Id] = Counter()

    def take(self, client: Id) -> None:
        """Raises RateLimited."""
        if self._taken[client] >= self._each_max:
            error = RateLimited(f"{self._each_max} of these are open already")
            error.retry_after_seconds = 1
            raise error
        self._taken[client] += 1

    def give(self, client: Id) -> None:
        """What was taken is free again."""
        self._taken[client] -= 1
        if self._taken[client] == 0:
            del self._taken[client]
