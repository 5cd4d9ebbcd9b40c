"""Transactions of one tenant that follow one another."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Protocol, Self

from testamur.core.ids import Id
from testamur.storage.transactions import LOCK, ONE_PLAN, ReadTx, Row, Tx, WriteTx, beginning, execute, rollback
from testamur.storage.trouble import AWAY, SAID, translated


class Pool(Protocol):
    """Where connections come from."""

    async def acquire(self) -> Any:
        """A connection, to be released. Raises DatabaseUnavailable."""

    async def release(self, connection: Any) -> None:
        """Give a connection back. Raises DatabaseUnavailable."""

    def refresh_statistics(self) -> None:
        """Ask for new statistics in the background."""


class _Series:
    """A connection kept for transactions on one tenant that follow one another."""

    def __init__(self, pool: Pool, tenant: Id, begin: str = "") -> None:
        self._pool = pool
        self._tenant = tenant
        self._begin = begin
        self._connection: Any = None
        self._has_begun = False

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        """Give the connection back; a transaction that was begun and not committed is rolled back.

        Raises: DatabaseUnavailable where that broke.
        """
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with translated(AWAY):
            try:
                await self._give_up(connection)
            finally:
                await self._pool.release(connection)

    async def _give_up(self, connection: Any) -> None:
        """Roll back what was begun and not committed."""
        if self._has_begun and not connection.is_closed():
            self._has_begun = False
            await rollback(connection)

    async def _kept(self) -> Any:
        if self._connection is None:
            self._connection = await self._pool.acquire()
        return self._connection


class ReadSeries(_Series):
    """Reads on one tenant that follow one another.

    They share a transaction: each sees what was committed before it began, as it would in one of its own, and costs
    one trip instead of three.
    """

    def __init__(self, pool: Pool, tenant: Id) -> None:
        super().__init__(pool, tenant, beginning("BEGIN READ ONLY, ISOLATION LEVEL READ COMMITTED", tenant, ONE_PLAN))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadTx]:
        """The next reads. Raises DatabaseUnavailable. After an error the series is of no more use."""
        connection = await self._kept()
        with translated(SAID):
            if not self._has_begun:
                self._has_begun = True
                await execute(connection, self._begin)
            yield ReadTx(connection, self._tenant)


class Calls(_Series):
    """Transactions on one tenant that follow one another, each of one query: a function that binds the tenant itself.

    One trip instead of four. After an error the series is of no more use.
    """

    async def row(self, query: str, **parameters: Any) -> Row | None:
        """The first row of the query, when what it wrote is committed. Raises: as `Database.write`."""
        connection = await self._kept()
        with translated(SAID):
            return await Tx(connection, self._tenant).row(query, **parameters)


class Series(_Series):
    """Transactions on one tenant that follow one another, each with the tenant's counter locked before it reads.

    A commit and the beginning of the next transaction are one trip: while the answers of one batch go out, the database
    works on the next.
    """

    def __init__(self, pool: Pool, tenant: Id) -> None:
        super().__init__(pool, tenant, beginning("BEGIN", tenant, ONE_PLAN + LOCK))

    @asynccontextmanager
    async def write(self, goes_on: Callable[[], bool]) -> AsyncIterator[WriteTx]:
        """The next transaction, committed when the block ends without an error.

        Args:
            goes_on: asked at the end of the block, whether another transaction follows at once.

        Raises: as `Database.write`. Then the series is of no more use, and holds nothing up.
        """
        connection = await self._kept()
        with translated(SAID):
            try:
                if not self._has_begun:
                    self._has_begun = True
                    await execute(connection, self._begin)
                tx = WriteTx(connection, self._tenant)
                yield tx
                follows = goes_on()
                await execute(connection, f"COMMIT; {self._begin}" if follows else "COMMIT")
                self._has_begun = follows
            except BaseException:
                await self._give_up(connection)
                raise
        if tx.has_grown:
            self._pool.refresh_statistics()
