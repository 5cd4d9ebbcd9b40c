"""Working out standing in the background: lines of which more changed at once than a transaction should take."""

from __future__ import annotations

import asyncio

import structlog

from testamur.core.errors import Unavailable
from testamur.core.ids import Id
from testamur.ledger.standing import Standings

POLL_SECONDS = 0.5
_TASKS_AT_ONCE = 16

log = structlog.get_logger("testamur.jobs")


class StandingWorker:
    """Works off the tasks of all tenants, a few lines of each in turn. Any number of servers may run one."""

    def __init__(self, standings: Standings) -> None:
        self._standings = standings

    async def run(self) -> None:
        """Work until cancelled. What was not finished is left to the next worker, from where this one came to."""
        while True:
            has_worked = False
            try:
                for tenant, task in await self._standings.waiting(_TASKS_AT_ONCE):
                    has_worked |= await self._work(tenant, task)
            except Unavailable:
                pass  # away; the next round tries again
            # Between two transactions others get their turn.
            await asyncio.sleep(0 if has_worked else POLL_SECONDS)

    async def _work(self, tenant: Id, task: Id) -> bool:
        try:
            return await self._standings.work(tenant, task)
        except Unavailable:
            raise
        except Exception:
            log.exception("a task could not be worked off", tenant=str(tenant), task=str(task))
            return False
