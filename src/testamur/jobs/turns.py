"""Working off what waits, a part of each in turn."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from typing import NoReturn

import structlog

from testamur.core.errors import Unavailable
from testamur.core.ids import Id

POLL_SECONDS = 0.5
_AT_ONCE = 16

log = structlog.get_logger("testamur.jobs")


async def take_turns(
    noun: str,
    waiting: Callable[[int], Awaitable[Sequence[tuple[Id, Id]]]],
    work: Callable[[Id, Id], Awaitable[bool]],
) -> NoReturn:
    """Work until cancelled. What was not finished is left to the next worker; any number of servers may run one.

    Args:
        noun: what it is that waits, for the log.
        waiting: tenants and ids of as many as it is asked for, of all tenants.
        work: does the next part of one. Whether there may be more to do.
    """
    while True:
        has_worked = False
        try:
            for tenant, id in await waiting(_AT_ONCE):
                has_worked |= await _part(noun, work, tenant, id)
        except Unavailable:
            pass  # away; the next round tries again
        # Between two parts others get their turn.
        await asyncio.sleep(0 if has_worked else POLL_SECONDS)


async def _part(noun: str, work: Callable[[Id, Id], Awaitable[bool]], tenant: Id, id: Id) -> bool:
    try:
        return await work(tenant, id)
    except Unavailable:
        raise
    except Exception:
        log.exception("could not be worked on", what=noun, tenant=str(tenant), id=str(id))
        return False
