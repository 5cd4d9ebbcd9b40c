"""Noting in the database how far the reading of a file is, so that it can be watched from anywhere."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from testamur.core.errors import DatabaseUnavailable
from testamur.core.ids import Id
from testamur.ledger.import_matching import Progress
from testamur.storage.database import Database

NOTED_SECONDS = 0.5
_SILENT_ROUNDS_MAX = 20
"""After so many rounds without news it is noted all the same: whoever works on a batch is known by that."""


@asynccontextmanager
async def noted(
    database: Database, tenant: Id, batch: Id, clock: Callable[[], datetime], progress: Progress
) -> AsyncIterator[Progress]:
    """What to tell progress within the block: it is passed on to `progress` at once, and noted now and then."""
    latest: tuple[str, int, int] | None = None

    def told(stage: str, done: int, total: int) -> None:
        nonlocal latest
        latest = stage, done, total
        progress(stage, done, total)

    over = asyncio.Event()

    async def note() -> None:
        seen, silent = None, 0
        while not await _comes(over):
            silent += 1
            if latest is None or (latest == seen and silent < _SILENT_ROUNDS_MAX):
                continue
            seen, silent = latest, 0
            stage, done, total = latest
            try:
                async with database.write(tenant) as tx:
                    await tx.run("import_progress", id=batch, stage=stage, done=done, total=total, now=clock())
            except DatabaseUnavailable:
                pass  # whoever reads the file will be told too

    noting = asyncio.create_task(note())
    try:
        yield told
    finally:
        # Not cancelled: a query that is broken off looks as if the database were away.
        over.set()
        await noting


async def _comes(event: asyncio.Event) -> bool:
    try:
        async with asyncio.timeout(NOTED_SECONDS):
            return await event.wait()
    except TimeoutError:
        return False
