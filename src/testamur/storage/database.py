"""Connections, and the transactions that are made on them."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from weakref import WeakValueDictionary

import asyncpg
import msgspec

from testamur.core.errors import DatabaseUnavailable, Unavailable
from testamur.core.ids import Id
from testamur.storage.series import Calls, ReadSeries, Series
from testamur.storage.transactions import (
    LOCK,
    ONE_PLAN,
    ReadTx,
    Row,
    Snapshot,
    WriteTx,
    beginning,
    execute,
    rollback,
    savepoint,
)
from testamur.storage.trouble import AWAY, SAID, called, translate, translated

# What PostgreSQL says when a client of ours does not come back or a lock is not given: a query of a killed client
# was once seen running for 23 minutes.
_SESSION = {
    "application_name": "testamur",
    "timezone": "UTC",
    "statement_timeout": "30s",
    "lock_timeout": "10s",
    "idle_in_transaction_session_timeout": "30s",
    # Every query here is meant to use an index. A plan made while the tables were still empty would otherwise read
    # whole tables, and stay in the plan cache while they grow.
    "enable_seqscan": "off",
    "jit": "off",
}
_CONNECT_TIMEOUT_SECONDS = 5
_ACQUIRE_TIMEOUT_SECONDS = 10


class OwnerNeeded(Unavailable):
    """This needs the rights of the schema's owner: set TESTAMUR_OWNER_DATABASE_URL."""

    code = "owner_needed"


@dataclass(frozen=True, slots=True)
class _Together:
    """A transaction that everything its task reads and writes of its tenant is part of."""

    tx: WriteTx
    task: asyncio.Task[Any] | None


@dataclass(frozen=True, slots=True)
class DatabaseUrls:
    """Where the database is.

    Args:
        owner: connection URL of the role that owns the schema: migrations and tenants.
        app: connection URL the service itself uses. When it is the owner's, sessions give up the owner's rights
            by taking the role `testamur_app` from the start.
    """

    owner: str
    app: str


class Database:
    """A pool of connections to the tenants' data."""

    def __init__(self, urls: DatabaseUrls, *, connections_max: int = 10) -> None:
        self.urls = urls
        self._connections_max = connections_max
        self._pool: asyncpg.Pool[Row] | None = None
        self._background: set[asyncio.Task[None]] = set()
        self._turns: WeakValueDictionary[Id, asyncio.Lock] = WeakValueDictionary()
        self._together: ContextVar[_Together | None] = ContextVar("together", default=None)

    async def open(self) -> None:
        """Open the pool. Raises DatabaseUnavailable."""
        settings = dict(_SESSION)
        if self.urls.app == self.urls.owner:
            settings["role"] = "testamur_app"
        try:
            self._pool = await asyncpg.create_pool(
                self.urls.app,
                min_size=1,
                max_size=self._connections_max,
                timeout=_CONNECT_TIMEOUT_SECONDS,
                max_inactive_connection_lifetime=300,
                server_settings=settings,
                init=prepare_connection,
                # Nothing is ever set for a session here, and the reset on every release halves the rate of small calls.
                reset=_no_reset,
            )
        except AWAY as error:
            raise DatabaseUnavailable from error

    async def close(self) -> None:
        """Close the pool, letting running transactions end first."""
        if self._background:
            await asyncio.wait(self._background, timeout=10)
        if self._pool is not None:
            try:
                await asyncio.wait_for(self._pool.close(), 10)
            except TimeoutError:
                self._pool.terminate()
            self._pool = None

    @asynccontextmanager
    async def read(self, tenant: Id, *, one_plan: bool = False) -> AsyncIterator[ReadTx]:
        """A read-only transaction on `tenant`.

        Args:
            one_plan: the best plan of what runs inside does not depend on the parameters, so PostgreSQL need not
                look at them again: for a page of a list that is half of its time.

        Raises: DatabaseUnavailable.
        """
        joined = self.joined(tenant)
        if joined is not None:
            with translated(SAID):
                yield ReadTx(joined._connection, tenant)
            return
        async with self._transaction("BEGIN READ ONLY", tenant, ONE_PLAN if one_plan else "") as connection:
            yield ReadTx(connection, tenant)

    @asynccontextmanager
    async def snapshot(self, tenant: Id) -> AsyncIterator[Snapshot]:
        """A read-only transaction on `tenant` in which nothing changes. Raises DatabaseUnavailable."""
        async with self._transaction("BEGIN READ ONLY, ISOLATION LEVEL REPEATABLE READ", tenant) as connection:
            yield Snapshot(connection, tenant)

    @asynccontextmanager
    async def write(self, tenant: Id, *, alone: bool = False) -> AsyncIterator[WriteTx]:
        """A transaction on `tenant`, committed when the block ends without an error.

        Args:
            alone: lock the tenant's counter before anything is read. No other writer decides about this tenant
                until the commit, so what is read is still true when it is written.

        Raises: DatabaseUnavailable; the domain error of a violated constraint.
        """
        joined = self.joined(tenant)
        if joined is not None:
            with translated(SAID):
                async with savepoint(joined._connection):
                    yield joined
            return
        async with self._transaction("BEGIN", tenant, LOCK if alone else "") as connection:
            tx = WriteTx(connection, tenant)
            yield tx
        if tx.has_grown:
            self.refresh_statistics()

    @asynccontextmanager
    async def together(self, tenant: Id) -> AsyncIterator[WriteTx]:
        """Make everything that this task reads and writes of `tenant` within the block one transaction.

        The tenant's counter is locked first, so what is read stays true until the commit. Each `write` inside is a
        part that can fail by itself. A block within a block is part of the outer one.

        Raises: as `write`.
        """
        if self.joined(tenant) is not None:
            async with self.write(tenant) as tx:
                yield tx
            return
        # In line before a connection is taken: one tenant's crowd must not hold all of them, waiting for its counter.
        async with self._turns.setdefault(tenant, asyncio.Lock()), self.write(tenant, alone=True) as tx:
            token = self._together.set(_Together(tx, asyncio.current_task()))
            try:
                yield tx
            finally:
                self._together.reset(token)

    def joined(self, tenant: Id) -> WriteTx | None:
        """The transaction of the block `together` on `tenant` that this task is in, or None."""
        together = self._together.get()
        # A task that was started within the block has a copy of its context, and must not share its connection.
        if together is None or together.tx.tenant != tenant or together.task is not asyncio.current_task():
            return None
        return together.tx

    def series(self, tenant: Id) -> Series:
        """Transactions on `tenant`, one after the other on one connection; an `async with` ends them."""
        return Series(self, tenant)

    def read_series(self, tenant: Id) -> ReadSeries:
        """Reads on `tenant`, one after the other in one transaction; an `async with` ends them."""
        return ReadSeries(self, tenant)

    def calls(self, tenant: Id) -> Calls:
        """Transactions of one query each, one after the other on one connection; an `async with` ends them."""
        return Calls(self, tenant)

    async def acquire(self) -> Any:
        """A connection of the pool, to be released. Raises DatabaseUnavailable."""
        if self._pool is None:
            raise DatabaseUnavailable
        with translated(AWAY):
            return await self._pool.acquire(timeout=_ACQUIRE_TIMEOUT_SECONDS)

    @called
    async def release(self, connection: Any) -> None:
        """Give a connection back. Raises DatabaseUnavailable."""
        if self._pool is not None:
            await self._pool.release(connection)

    def refresh_statistics(self) -> None:
        """Ask for new statistics in the background: plans hang on them."""
        task = asyncio.create_task(self._refresh_statistics())
        self._background.add(task)
        task.add_done_callback(self._background.discard)

    @asynccontextmanager
    async def unbound(self) -> AsyncIterator[Any]:
        """A connection bound to no tenant: only the functions that find credentials answer it.

        Whatever goes wrong with a file or a socket within the block is taken for the database's.
        """
        with translated(AWAY):
            async with self._connection() as connection:
                yield connection

    @asynccontextmanager
    async def exclusively(self, id: Id) -> AsyncIterator[bool]:
        """Whether nobody else of all servers works on what has this id; then nobody else will, within the block.

        Held by a connection: it ends with the process, however that ends.
        """
        async with self._connection() as connection:
            key = id.int >> 64 ^ id.int & 0xFFFF_FFFF_FFFF_FFFF
            key -= 1 << 63
            is_mine = await connection.fetchval("SELECT pg_try_advisory_lock($1)", key)
            try:
                yield is_mine
            finally:
                if is_mine:
                    await self._unlock(connection, key)

    async def _unlock(self, connection: Any, key: int) -> None:
        try:
            await connection.fetchval("SELECT pg_advisory_unlock($1)", key)
        except BaseException:
            # Back in the pool it would hold the lock for good.
            connection.terminate()
            raise

    async def have_statistics(self) -> None:
        """Wait for new statistics: what comes next reads what was only just written in great numbers."""
        async with self.unbound() as connection:
            await connection.execute("SELECT refresh_statistics()")

    async def _refresh_statistics(self) -> None:
        try:
            await self.have_statistics()
        except DatabaseUnavailable:
            pass  # autovacuum will do the same within a minute

    @asynccontextmanager
    async def _transaction(self, begin: str, tenant: Id, then: str = "") -> AsyncIterator[Any]:
        async with self._connection() as connection:
            try:
                # By hand: asyncpg's own transaction object costs more than the statements.
                await execute(connection, beginning(begin, tenant, then))
                yield connection
            except BaseException:
                if not connection.is_closed():
                    await rollback(connection)
                raise
            await execute(connection, "COMMIT")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        connection = await self.acquire()
        with translated(SAID):
            try:
                yield connection
            finally:
                await self.release(connection)


@asynccontextmanager
async def owner_connection(urls: DatabaseUrls) -> AsyncIterator[Any]:
    """A connection with the owner's rights, for operators' verbs. Raises DatabaseUnavailable, OwnerNeeded."""
    try:
        connection = await asyncpg.connect(urls.owner, timeout=_CONNECT_TIMEOUT_SECONDS)
    except AWAY as error:
        raise DatabaseUnavailable(f"The database cannot be reached: {error}") from error
    try:
        await prepare_connection(connection)
        # Who is not the owner gets an error where row-level security would show her nothing.
        await connection.execute("SET row_security = off")
        yield connection
    except asyncpg.InsufficientPrivilegeError as error:
        raise OwnerNeeded from error
    except asyncpg.IntegrityConstraintViolationError as error:
        raise translate(error) from error
    finally:
        await connection.close(timeout=5)


async def prepare_connection(connection: Any) -> None:
    """Teach a connection to speak JSON as Python values."""
    await connection.set_type_codec(
        "jsonb", encoder=_encode_jsonb, decoder=_decode_jsonb, schema="pg_catalog", format="binary"
    )
    await connection.set_type_codec(
        "json", encoder=msgspec.json.encode, decoder=msgspec.json.decode, schema="pg_catalog", format="binary"
    )


# The binary form of jsonb is its text behind a version byte; that spares PostgreSQL nothing and us a copy.
def _encode_jsonb(value: Any) -> bytes:
    return b"\x01" + msgspec.json.encode(value, enc_hook=str)


def _decode_jsonb(data: bytes) -> Any:
    return msgspec.json.decode(data[1:])


async def _no_reset(connection: Any) -> None:
    return None
