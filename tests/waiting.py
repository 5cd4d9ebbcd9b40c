"""Waiting for what another task, thread or process brings about, as long as that takes."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from typing import TypeVar

PATIENCE_SECONDS = 60
"""Only what never comes is waited for so long: a machine whose cores serve others too stands still for seconds.

Well below the five minutes for which a worker remembers a credential that it does not hear of being revoked.
"""
_AGAIN_SECONDS = 0.02

T = TypeVar("T")


def eventually(find: Callable[[], T], is_right: Callable[[T], object] = bool) -> T:
    """What is found, once it is right."""
    until = time.monotonic() + PATIENCE_SECONDS
    while not is_right(found := find()):
        assert time.monotonic() < until, found
        time.sleep(_AGAIN_SECONDS)
    return found


async def until(holds: Callable[[], object]) -> None:
    """Wait within the loop that brings it about."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while not holds():  # noqa: ASYNC110 - nothing to listen to: the product has no use for such an event
            await asyncio.sleep(_AGAIN_SECONDS)
