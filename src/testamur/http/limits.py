"""How much one client may ask."""

from __future__ import annotations

import time
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
