"""Forgetting what is kept for a time only."""

from __future__ import annotations

import asyncio

import structlog

from testamur.core.errors import Unavailable
from testamur.ledger.idempotency import IdempotencyKeys
from testamur.ledger.uploads import Uploads

INTERVAL_SECONDS = 600

log = structlog.get_logger("testamur.jobs")


class Pruner:
    """Forgets idempotency keys that are too old and uploads whose time is over. Any number of servers may run one."""

    def __init__(self, keys: IdempotencyKeys, uploads: Uploads) -> None:
        self._keys = keys
        self._uploads = uploads

    async def run(self) -> None:
        """Prune now and then until cancelled."""
        while True:
            pruned = 0
            for what, prune in (("idempotency keys", self._keys.prune), ("uploads", self._uploads.prune)):
                try:
                    pruned += await prune()
                except Unavailable:
                    pass  # away; the next round tries again
                except Exception:
                    log.exception("not pruned", what=what)
            # Between two transactions others get their turn.
            await asyncio.sleep(0 if pruned else INTERVAL_SECONDS)
