"""The change feed: the entries of a tenant in order, and waiting for the next one."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import structlog

from testamur.core.errors import FieldFault, InvalidInput, LimitReached, Unavailable
from testamur.core.ids import Id
from testamur.ledger.entries import Entry, entry_of
from testamur.storage.database import Database
from testamur.storage.trouble import AWAY

WAITING_MAX = 100
"""How many may wait for one tenant's next entry, in one worker."""
LOOK_SECONDS = 0.1
"""How often a worker looks for what is new, while anybody waits for it."""
_PART_SIZE_MAX = 4_000_000
"""Characters of data in one part; a part has one entry at least."""

log = structlog.get_logger("testamur.feed")


@dataclass(frozen=True, slots=True)
class Part:
    """Some entries that follow one another.

    Args:
        last: the number of the newest entry there is.
    """

    entries: Sequence[Entry]
    last: int


@dataclass(frozen=True, slots=True, eq=False)
class _Waiting:
    after: int
    comes: asyncio.Event


class Feed:
    """Verbs on the ledger as a sequence of changes: numbered without gaps, in the order of commits."""

    def __init__(self, database: Database) -> None:
        self._database = database
        self._waiting: defaultdict[Id, list[_Waiting]] = defaultdict(list)
        self._watcher: asyncio.Task[None] | None = None

    async def part(self, tenant: Id, after: int, count: int) -> Part:
        """Up to `count` entries behind the number `after`; fewer where their data is large, one at least.

        Raises: InvalidInput naming `after` for a number that this ledger has not come to. Its reader has followed
            another ledger, or one that was put back to an older state: reading on would leave changes out.
        """
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("entries_page", after=after, count=count, size_max=_PART_SIZE_MAX)
            last: int = await tx.value("entry_last")
        if after > last:
            raise InvalidInput(FieldFault("after", "range", f"lies behind the last entry, which is {last}"))
        return Part([entry_of(row) for row in rows], last)

    async def wait(
        self, tenant: Id, after: int, seconds: float, leaving: Callable[[asyncio.Event], None] | None = None
    ) -> bool:
        """Wait until there is an entry behind `after`: whether the time was not over before.

        Whoever waits holds no connection.

        Args:
            leaving: takes an event that ends the waiting before its time.
        Raises: LimitReached when WAITING_MAX wait already.
        """
        waiting = self._waiting[tenant]
        if len(waiting) >= WAITING_MAX:
            raise LimitReached(f"{WAITING_MAX} requests of this tenant wait for changes already")
        mine = _Waiting(after, asyncio.Event())
        if leaving is not None:
            leaving(mine.comes)
        waiting.append(mine)
        if self._watcher is None or self._watcher.done():
            self._watcher = asyncio.create_task(self._watch())
        try:
            async with asyncio.timeout(seconds):
                await mine.comes.wait()
            return True
        except TimeoutError:
            return False
        finally:
            waiting.remove(mine)
            if not waiting:
                self._waiting.pop(tenant, None)

    async def close(self) -> None:
        """Stop looking."""
        if self._watcher is not None:
            self._watcher.cancel()
            await asyncio.gather(self._watcher, return_exceptions=True)

    async def _watch(self) -> None:
        while self._waiting:
            try:
                async with self._database.unbound() as connection:
                    counted = await connection.fetch("SELECT * FROM entries_counted($1)", [*self._waiting])
                for row in counted:
                    for one in self._waiting.get(row["tenant"], ()):
                        if one.after < row["entry"]:
                            one.comes.set()
            except (Unavailable, *AWAY):
                pass  # away; whoever waits is answered when there is something, or the time is over
            except Exception:
                log.exception("the ledgers that are waited for could not be looked at")
            await asyncio.sleep(LOOK_SECONDS)
