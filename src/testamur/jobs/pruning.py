"""Forgetting what is kept for a time only."""

from __future__ import annotations

import asyncio

import structlog

from testamur.core.errors import Unavailable
from testamur.ledger.idempotency import IdempotencyKeys

INTERVAL_SECONDS = 600

log = structlog.get_logger("testamur.jobs")


class Pruner:
    """Forgets idempotency keys that are too old. Any number of servers may run one."""

    def __init__(self, keys: IdempotencyKeys) -> None:
        self._keys = keys

    async def run(self) -> None:
        """Prune now and then until cancelled."""
        while True:
            pruned = 0
            try:
                pruned = await self._keys.prune()
            except Unavailable:
                pass  # away; the next round tries again
            except Exception:
                log.exception("idempotency keys could not be pruned")
            # Between two transactions others get their turn.
            await asyncio.sleep(0 if pruned else INTERVAL_SECONDS)
