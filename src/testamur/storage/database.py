"""Connections and transactions.

Every transaction is bound to one tenant: `SET LOCAL` inside it, never for a whole session, so a pooled connection
cannot carry one tenant's binding into another's request. Row-level security enforces what the queries already say.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import wraps
from typing import Any, ParamSpec, TypeVar
from uuid import UUID
from weakref import WeakValueDictionary

import asyncpg
import msgspec

from testamur.core.errors import DatabaseUnavailable, IdentifierTaken, TestamurError, Unavailable
from testamur.core.ids import Id
from testamur.storage.named import QUERIES, Query

Row = asyncpg.Record


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

_ONE_PLAN = "; SET LOCAL plan_cache_mode = force_generic_plan"
# Row-level security leaves one row to lock: the tenant's own.
_LOCK = "; SELECT FROM tenant_counter FOR UPDATE"

_UNREACHED = (OSError, asyncio.TimeoutError)
"""What a call of the database says when it cannot be reached. Other code says the same of its own files and sockets."""
_SAID = (
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,  # what asyncpg says when the connection breaks between its own messages
    asyncpg.PostgresConnectionError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.InsufficientResourcesError,  # no room on the disk, no memory, too many connections
    asyncpg.LockNotAvailableError,
    asyncpg.QueryCanceledError,
    asyncpg.IdleInTransactionSessionTimeoutError,
)
"""What nothing but a call of the database says."""
AWAY = (*_UNREACHED, *_SAID)
"""Errors of its calls that say nothing about the request: it is away, full or stuck, and trying again is right."""

_CONSTRAINTS: dict[str, tuple[type[TestamurError], str]] = {
    "person_identifier_taken": (IdentifierTaken, "This identifier already names a person"),
    "item_identifier_taken": (IdentifierTaken, "This identifier already names an item"),
    "audience_reference_taken": (IdentifierTaken, "This reference already names an audience"),
    "tenant_slug_taken": (IdentifierTaken, "A tenant of this name exists"),
}


class OwnerNeeded(Unavailable):
    """This needs the rights of the schema's owner: set TESTAMUR_OWNER_DATABASE_URL."""

    code = "owner_needed"


_WORTH_STATISTICS = 256

P = ParamSpec("P")
T = TypeVar("T")


def _called(call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """A call of the database, which is unavailable when the call cannot reach it."""

    @wraps(call)
    async def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await call(*args, **kwargs)
        except _UNREACHED as error:
            raise DatabaseUnavailable from error

    return called


@_called
async def _execute(connection: Any, statements: str) -> None:
    await connection.execute(statements)


class Tx:
    """One transaction on one tenant. Queries are called by name; `:tenant` is bound here and cannot be mistaken."""

    def __init__(self, connection: Any, tenant: Id) -> None:
        self._connection = connection
        self.tenant = tenant

    @_called
    async def rows(self, query: str | Query, **parameters: Any) -> list[Row]:
        """All rows of the query."""
        found: list[Row] = await self._connection.fetch(*self._bind(query, parameters))
        return found

    @_called
    async def row(self, query: str, **parameters: Any) -> Row | None:
        """The first row of the query, or None."""
        found: Row | None = await self._connection.fetchrow(*self._bind(query, parameters))
        return found

    @_called
    async def value(self, query: str, **parameters: Any) -> Any:
        """The first column of the first row, or None."""
        return await self._connection.fetchval(*self._bind(query, parameters))

    @_called
    async def run(self, query: str, **parameters: Any) -> None:
        """Run the query for what it does."""
        await self._connection.execute(*self._bind(query, parameters))

    def _bind(self, query: str | Query, parameters: dict[str, Any]) -> list[Any]:
        known = QUERIES[query] if isinstance(query, str) else query
        parameters["tenant"] = self.tenant
        return [known.sql, *[parameters[name] for name in known.parameters]]

    @_called
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


class ReadTx(Tx):
    """A transaction that cannot write: the database refuses it."""


class Snapshot(ReadTx):
    """A transaction that sees one moment of the ledger, however many reads it has and however long they take."""

    async def slices(self, query: str, count: int, **parameters: Any) -> AsyncIterator[list[Row]]:
        """The rows of a query in its order, up to `count` at a time: the query runs once, and memory stays flat."""
        cursor = await self._open(query, parameters)
        while rows := await self._fetch(cursor, count):
            yield rows

    @_called
    async def _open(self, query: str, parameters: dict[str, Any]) -> Any:
        return await self._connection.cursor(*self._bind(query, parameters))

    @_called
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
        with _translated(_SAID):
            async with _part(self._connection):
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
            with _translated(_SAID):
                yield ReadTx(joined._connection, tenant)
            return
        async with self._transaction("BEGIN READ ONLY", tenant, _ONE_PLAN if one_plan else "") as connection:
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
            with _translated(_SAID):
                async with _part(joined._connection):
                    yield joined
            return
        async with self._transaction("BEGIN", tenant, _LOCK if alone else "") as connection:
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

    @asynccontextmanager
    async def series(self, tenant: Id) -> AsyncIterator[Series]:
        """Transactions on `tenant`, one after the other on one connection."""
        series = Series(self, tenant)
        try:
            yield series
        finally:
            await series.end()

    @asynccontextmanager
    async def read_series(self, tenant: Id) -> AsyncIterator[ReadSeries]:
        """Reads on `tenant`, one after the other in one transaction."""
        series = ReadSeries(self, tenant)
        try:
            yield series
        finally:
            await series.end()

    async def acquire(self) -> Any:
        """A connection of the pool, to be released. Raises DatabaseUnavailable."""
        if self._pool is None:
            raise DatabaseUnavailable
        with _translated(AWAY):
            return await self._pool.acquire(timeout=_ACQUIRE_TIMEOUT_SECONDS)

    @_called
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
        with _translated(AWAY):
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
                await _execute(connection, _begin(begin, tenant, then))
                yield connection
            except BaseException:
                if not connection.is_closed():
                    await _rollback(connection)
                raise
            await _execute(connection, "COMMIT")

    @asynccontextmanager
    async def _connection(self) -> AsyncIterator[Any]:
        connection = await self.acquire()
        with _translated(_SAID):
            try:
                yield connection
            finally:
                await self.release(connection)


@asynccontextmanager
async def _part(connection: Any) -> AsyncIterator[None]:
    """A part of a transaction: what it did is undone when the block ends with an error."""
    await _execute(connection, "SAVEPOINT part")
    try:
        yield
    except BaseException:
        if not connection.is_closed():
            await _execute(connection, "ROLLBACK TO part")
        raise
    await _execute(connection, "RELEASE part")


class _Series:
    """A connection kept for transactions on one tenant that follow one another."""

    def __init__(self, database: Database, tenant: Id, begin: str) -> None:
        self._database = database
        self._tenant = tenant
        self._begin = begin
        self._connection: Any = None
        self._has_begun = False

    async def end(self) -> None:
        """Give the connection back; a transaction that was begun and not committed is rolled back.

        Raises: DatabaseUnavailable where that broke.
        """
        connection, self._connection = self._connection, None
        if connection is None:
            return
        with _translated(AWAY):
            try:
                await self._give_up(connection)
            finally:
                await self._database.release(connection)

    async def _give_up(self, connection: Any) -> None:
        """Roll back what was begun and not committed."""
        if self._has_begun and not connection.is_closed():
            self._has_begun = False
            await _rollback(connection)

    async def _kept(self) -> Any:
        if self._connection is None:
            self._connection = await self._database.acquire()
        return self._connection


class ReadSeries(_Series):
    """Reads on one tenant that follow one another.

    They share a transaction: each sees what was committed before it began, as it would in one of its own, and costs
    one trip instead of three.
    """

    def __init__(self, database: Database, tenant: Id) -> None:
        super().__init__(database, tenant, _begin("BEGIN READ ONLY, ISOLATION LEVEL READ COMMITTED", tenant, _ONE_PLAN))

    @asynccontextmanager
    async def read(self) -> AsyncIterator[ReadTx]:
        """The next reads. Raises DatabaseUnavailable. After an error the series is of no more use."""
        connection = await self._kept()
        with _translated(_SAID):
            if not self._has_begun:
                self._has_begun = True
                await _execute(connection, self._begin)
            yield ReadTx(connection, self._tenant)


class Series(_Series):
    """Transactions on one tenant that follow one another, each with the tenant's counter locked before it reads.

    A commit and the beginning of the next transaction are one trip: while the answers of one batch go out, the database
    works on the next.
    """

    def __init__(self, database: Database, tenant: Id) -> None:
        super().__init__(database, tenant, _begin("BEGIN", tenant, _ONE_PLAN + _LOCK))

    @asynccontextmanager
    async def write(self, goes_on: Callable[[], bool]) -> AsyncIterator[WriteTx]:
        """The next transaction, committed when the block ends without an error.

        Args:
            goes_on: asked at the end of the block, whether another transaction follows at once.

        Raises: as `Database.write`. Then the series is of no more use, and holds nothing up.
        """
        connection = await self._kept()
        with _translated(_SAID):
            try:
                if not self._has_begun:
                    self._has_begun = True
                    await _execute(connection, self._begin)
                tx = WriteTx(connection, self._tenant)
                yield tx
                follows = goes_on()
                await _execute(connection, f"COMMIT; {self._begin}" if follows else "COMMIT")
                self._has_begun = follows
            except BaseException:
                await self._give_up(connection)
                raise
        if tx.has_grown:
            self._database.refresh_statistics()


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


@contextmanager
def _translated(away: tuple[type[Exception], ...]) -> Iterator[None]:
    """Say in the ledger's words what the database says within the block: `away` is that it is unavailable."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        raise translate(error) from error
    except away as error:
        raise DatabaseUnavailable from error


def _begin(begin: str, tenant: Id, then: str) -> str:
    # Begun and bound in one trip. A UUID's canonical form is the only value that ever stands in a statement's text.
    return f"{begin}; SET LOCAL testamur.tenant = '{UUID(int=tenant.int)}'{then}"


def translate(error: asyncpg.IntegrityConstraintViolationError) -> Exception:
    """The domain error behind a violated constraint, or the error itself: then it is a bug."""
    known = _CONSTRAINTS.get(error.constraint_name or "")
    return known[0](known[1]) if known else error


# The binary form of jsonb is its text behind a version byte; that spares PostgreSQL nothing and us a copy.
def _encode_jsonb(value: Any) -> bytes:
    return b"\x01" + msgspec.json.encode(value, enc_hook=str)


def _decode_jsonb(data: bytes) -> Any:
    return msgspec.json.decode(data[1:])


async def _no_reset(connection: Any) -> None:
    return None


async def _rollback(connection: Any) -> None:
    try:
        await connection.execute("ROLLBACK")
    except AWAY:
        connection.terminate()
