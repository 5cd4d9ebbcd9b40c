"""Transactions: what is read and written on one tenant.

Every transaction is bound to one tenant: `SET LOCAL` inside it, never for a whole session, so a pooled connection
cannot carry one tenant's binding into another's request. Row-level security enforces what the queries already say.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any
from uuid import UUID

import asyncpg

from testamur.core.ids import Id
from testamur.storage.named import QUERIES, Query
from testamur.storage.trouble import AWAY, SAID, called, translated

Row = asyncpg.Record

ONE_PLAN = "; SET LOCAL plan_cache_mode = force_generic_plan"
# Row-level security leaves one row to lock: the tenant's own.
LOCK = "; SELECT FROM tenant_counter FOR UPDATE"

_WORTH_STATISTICS = 256


class Tx:
    """One transaction on one tenant. Queries are called by name; `:tenant` is bound here and cannot be mistaken."""

    def __init__(self, connection: Any, tenant: Id) -> None:
        self._connection = connection
        self.tenant = tenant

    @called
    async def rows(self, query: str | Query, **parameters: Any) -> list[Row]:
        """All rows of the query."""
        found: list[Row] = await self._connection.fetch(*self._bind(query, parameters))
        return found

    @called
    async def row(self, query: str, **parameters: Any) -> Row | None:
        """The first row of the query, or None."""
        found: Row | None = await self._connection.fetchrow(*self._bind(query, parameters))
        return found

    @called
    async def value(self, query: str | Query, **parameters: Any) -> Any:
        """The first column of the first row, or None."""
        return await self._connection.fetchval(*self._bind(query, parameters))

    @called
    async def run(self, query: str, **parameters: Any) -> None:
        """Run the query for what it does."""
        await self._connection.execute(*self._bind(query, parameters))

    def _bind(self, query: str | Query, parameters: dict[str, Any]) -> list[Any]:
        known = QUERIES[query] if isinstance(query, str) else query
        parameters["tenant"] = self.tenant
        return [known.sql, *[parameters[name] for name in known.parameters]]

    @called
    async def copied(self, query: str, *, lines: bool = False, **parameters: Any) -> bytes:
        """The rows of a query as PostgreSQL copies them out, which costs us nothing for each row.

        Args:
            lines: the query has one column, of text without control characters, and each row is a line as it is;
                otherwise CSV in UTF-8, an absent value without quotes and an empty text with them.
        """
        parts: list[bytes] = []

        async def take(part: bytes) -> None:
            parts.append(part)

        sql, *given = self._bind(query, parameters)
        options = {"quote": "\x01", "delimiter": "\x02"} if lines else {"force_quote": None}
        sql = sql.rstrip().rstrip(";")  # it stands in parentheses
        await self._connection.copy_from_query(sql, *given, output=take, format="csv", **options)
        return b"".join(parts)


def is_fourfold(before: int, after: int) -> bool:
    """Whether a count that grew from `before` to `after` became a size larger: passed 512, 2048 and so on.

    Any plan will do for fewer, and to look at every table for each small tenant costs more than it gives.
    """
    return after >= _WORTH_STATISTICS and before.bit_length() // 2 < after.bit_length() // 2


class Growth:
    """How much was written of each tenant since the service began."""

    def __init__(self) -> None:
        self._written: dict[Id, int] = {}

    def add(self, tenant: Id, count: int) -> bool:
        """Whether it became a size larger with `count` more."""
        before = self._written.get(tenant, 0)
        self._written[tenant] = before + count
        return is_fourfold(before, before + count)


class ReadTx(Tx):
    """A transaction that cannot write: the database refuses it."""


class Snapshot(ReadTx):
    """A transaction that sees one moment of the ledger, however many reads it has and however long they take."""

    async def slices(self, query: str, count: int, **parameters: Any) -> AsyncIterator[list[Row]]:
        """The rows of a query in its order, up to `count` at a time: the query runs once, and memory stays flat."""
        cursor = await self._open(query, parameters)
        while rows := await self._fetch(cursor, count):
            yield rows

    @called
    async def _open(self, query: str, parameters: dict[str, Any]) -> Any:
        return await self._connection.cursor(*self._bind(query, parameters))

    @called
    async def _fetch(self, cursor: Any, count: int) -> list[Row]:
        found: list[Row] = await cursor.fetch(count)
        return found


class WriteTx(Tx):
    """A transaction that may write.

    Args:
        has_grown: the tenant's ledger became a size larger.
        batch: the import of the directory that is being written, if one is; its entries say so.
    """

    has_grown = False
    batch: Id | None = None

    @asynccontextmanager
    async def part(self) -> AsyncIterator[None]:
        """A part of this transaction: what it did is undone when the block ends with an error, as `write` raises it."""
        with translated(SAID):
            async with savepoint(self._connection):
                yield

    async def next_entries(self, count: int) -> int:
        """Reserve `count` entry numbers and return the first.

        The tenant's counter stays locked until the transaction ends: numbers have no gaps and follow the order of
        commits.
        """
        last: int = await self.value("counter_advance", count=count)
        return self.count_entries(last - count + 1, last)

    def count_entries(self, first: int, last: int) -> int:
        """Take note that the entries `first` to `last` are written, and return the first."""
        self.has_grown = self.has_grown or is_fourfold(first - 1, last)
        return first


def beginning(begin: str, tenant: Id, then: str) -> str:
    """The statements that begin a transaction on a tenant, in one trip; `then` is what follows the binding."""
    # A UUID's canonical form is the only value that ever stands in a statement's text.
    return f"{begin}; SET LOCAL testamur.tenant = '{UUID(int=tenant.int)}'{then}"


@called
async def execute(connection: Any, statements: str) -> None:
    """Run statements without parameters in one trip. Raises DatabaseUnavailable."""
    await connection.execute(statements)


@asynccontextmanager
async def savepoint(connection: Any) -> AsyncIterator[None]:
    """A part of a transaction: what it did is undone when the block ends with an error."""
    await execute(connection, "SAVEPOINT part")
    try:
        yield
    except BaseException:
        if not connection.is_closed():
            await execute(connection, "ROLLBACK TO part")
        raise
    await execute(connection, "RELEASE part")


async def rollback(connection: Any) -> None:
    """Undo the transaction; a connection that cannot say so is of no more use."""
    try:
        await connection.execute("ROLLBACK")
    except AWAY:
        connection.terminate()
