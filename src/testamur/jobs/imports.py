"""Reading, committing and undoing imports in the background, and held rows whose people came in great numbers."""

from __future__ import annotations

import asyncio

import structlog

from testamur.core.errors import Unavailable
from testamur.core.ids import Id
from testamur.ledger.imports import Imports

POLL_SECONDS = 0.5
_BATCHES_AT_ONCE = 16

log = structlog.get_logger("testamur.jobs")


class ImportWorker:
    """Works on the batches of all tenants, a slice of each in turn. Any number of servers may run one."""

    def __init__(self, imports: Imports) -> None:
        self._imports = imports

    async def run(self) -> None:
        """Work until cancelled. What was not finished is left to the next worker, from where this one came to."""
        while True:
            has_worked = False
            try:
                for tenant, batch in await self._imports.waiting(_BATCHES_AT_ONCE):
                    has_worked |= await self._work(tenant, batch)
            except Unavailable:
                pass  # away; the next round tries again
            # Between two slices others get their turn.
            await asyncio.sleep(0 if has_worked else POLL_SECONDS)

    async def _work(self, tenant: Id, batch: Id) -> bool:
        try:
            return await self._imports.work(tenant, batch)
        except Unavailable:
            raise
        except Exception:
            log.exception("an import could not be worked on", tenant=str(tenant), batch=str(batch))
            return False


class RehearsalWorker:
    """Reads batches of all tenants from their uploads, one after the other. Any number of servers may run one."""

    def __init__(self, imports: Imports) -> None:
        self._imports = imports

    async def run(self) -> None:
        """Work until cancelled. What was not finished is read anew by the next worker."""
        while True:
            has_worked = False
            try:
                for tenant, batch in await self._imports.rehearsals_waiting(_BATCHES_AT_ONCE):
                    has_worked |= await self._rehearse(tenant, batch)
            except Unavailable:
                pass  # away; the next round tries again
            await asyncio.sleep(0 if has_worked else POLL_SECONDS)

    async def _rehearse(self, tenant: Id, batch: Id) -> bool:
        try:
            return await self._imports.rehearse_upload(tenant, batch)
        except Unavailable:
            raise
        except Exception:
            log.exception("an upload could not be read", tenant=str(tenant), batch=str(batch))
            return False
