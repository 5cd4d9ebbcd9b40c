"""What the ledger is told when something goes wrong within a transaction."""

from __future__ import annotations

import asyncio
import errno
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import pytest

from testamur.core.errors import DatabaseUnavailable
from testamur.core.ids import new_id
from testamur.storage import database as database_module
from testamur.storage.database import Database, DatabaseUrls
from tests.hub import Hub
from tests.storage.databases import connected

Opened = Callable[[Database, Hub, AsyncExitStack], Awaitable[Any]]


async def read(database: Database, hub: Hub, stack: AsyncExitStack) -> Any:
    return await stack.enter_async_context(database.read(hub.tenant.id))


async def write(database: Database, hub: Hub, stack: AsyncExitStack) -> Any:
    return await stack.enter_async_context(database.write(hub.tenant.id, alone=True))


async def snapshot(database: Database, hub: Hub, stack: AsyncExitStack) -> Any:
    return await stack.enter_async_context(database.snapshot(hub.tenant.id))


async def together(database: Database, hub: Hub, stack: AsyncExitStack) -> Any:
    await stack.enter_async_context(database.together(hub.tenant.id))
    return await stack.enter_async_context(database.write(hub.tenant.id))


async def joined(database: Database, hub: Hub, stack: AsyncExitStack) -> Any:
    await stack.enter_async_context(database.together(hub.tenant.id))
    return await stack.enter_async_context(database.read(hub.tenant.id))


async def series(database: Database, hub: Hub, stack: AsyncExitStack) -> Any:
    begun = await stack.enter_async_context(database.series(hub.tenant.id))
    return await stack.enter_async_context(begun.write(lambda: False))


async def read_series(database: Database, hub: Hub, stack: AsyncExitStack) -> Any:
    begun = await stack.enter_async_context(database.read_series(hub.tenant.id))
    return await stack.enter_async_context(begun.read())


EVERY = [read, write, snapshot, together, joined, series, read_series]


@asynccontextmanager
async def opened(urls: DatabaseUrls) -> AsyncIterator[Database]:
    database = Database(urls, connections_max=2)
    await database.open()
    try:
        yield database
    finally:
        await database.close()


@pytest.mark.parametrize("begin", EVERY, ids=lambda one: one.__name__)
@pytest.mark.parametrize(
    "error",
    [FileNotFoundError("history.csv"), OSError(errno.ENOSPC, "No space left on device"), TimeoutError("slow file")],
    ids=lambda one: type(one).__name__,
)
def test_what_goes_wrong_with_a_file_is_told_as_itself(
    urls: DatabaseUrls, hub: Hub, begin: Opened, error: OSError
) -> None:
    """The disk of whoever works within a transaction is not the database."""

    async def test() -> None:
        async with opened(urls) as database:

            async def fail() -> None:
                async with AsyncExitStack() as stack:
                    tx = await begin(database, hub, stack)
                    assert await tx.value("entry_last") > 0
                    raise error

            with pytest.raises(OSError) as raised:  # noqa: PT011 - it is the very same
                await fail()
            assert raised.value is error
            async with database.read(hub.tenant.id) as tx:
                assert await tx.value("entry_last") > 0, "the connection is as good as new"

    asyncio.run(test())


@pytest.mark.parametrize("begin", EVERY, ids=lambda one: one.__name__)
def test_a_connection_that_broke_is_told_as_the_database_being_away(
    urls: DatabaseUrls, hub: Hub, begin: Opened
) -> None:
    async def test() -> None:
        async with opened(urls) as database:

            async def fail() -> None:
                async with AsyncExitStack() as stack:
                    tx = await begin(database, hub, stack)
                    assert await tx.value("entry_last") > 0
                    tx._connection._transport.abort()
                    await asyncio.sleep(0)
                    await tx.value("entry_last")

            with pytest.raises(DatabaseUnavailable):
                await fail()

    asyncio.run(test())


def test_of_all_servers_one_works_on_a_thing(urls: DatabaseUrls) -> None:
    """Whatever becomes of it: what it held is free when it is through, cancelled, or gone."""

    async def test() -> None:
        id = new_id()
        async with opened(urls) as first, opened(urls) as second:
            async with first.exclusively(id) as is_mine:
                assert is_mine
                async with second.exclusively(id) as theirs, second.exclusively(new_id()) as another:
                    assert (theirs, another) == (False, True)
            async with second.exclusively(id) as is_mine:
                assert is_mine

            async def work(begun: asyncio.Event) -> None:
                async with first.exclusively(id):
                    begun.set()
                    await asyncio.sleep(60)

            begun = asyncio.Event()
            working = asyncio.create_task(work(begun))
            await begun.wait()
            working.cancel()
            await asyncio.gather(working, return_exceptions=True)
            async with second.exclusively(id) as is_mine:
                assert is_mine

            async def lose() -> None:
                async with first.exclusively(id) as is_mine, connected(urls.owner) as killer:
                    assert is_mine
                    await killer.execute(
                        "SELECT pg_terminate_backend(pid) FROM pg_locks"
                        " WHERE locktype = 'advisory' AND objid = $1::bigint",
                        id.int & 0xFFFF_FFFF ^ id.int >> 64 & 0xFFFF_FFFF,
                    )

            with pytest.raises(DatabaseUnavailable):
                await lose()
            async with second.exclusively(id) as is_mine:
                assert is_mine

    asyncio.run(test())


def test_a_batch_that_failed_holds_nobody_up(urls: DatabaseUrls, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its calls are tried one by one while its series is still open."""
    monkeypatch.setitem(database_module._SESSION, "lock_timeout", "100ms")

    async def within() -> None:
        async with opened(urls) as database, database.series(hub.tenant.id) as failed:
            with pytest.raises(ValueError, match="a bug"):
                async with failed.write(lambda: True):
                    raise ValueError("a bug")
            async with database.series(hub.tenant.id) as alone, alone.write(lambda: False) as tx:
                assert await tx.next_entries(1) > 0

    asyncio.run(within())
