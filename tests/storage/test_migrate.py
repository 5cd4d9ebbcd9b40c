"""Migrations: each once, in order, and never over something that this release does not know."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest

from testamur.core.errors import DatabaseUnavailable
from testamur.storage import migrate as module
from testamur.storage.database import DatabaseUrls
from testamur.storage.migrate import MigrationRefused, applied, migrate, migrations
from tests.storage.databases import connected, fresh_database


def run(postgres: str, test: Callable[[DatabaseUrls], Awaitable[None]]) -> None:
    """Run `test` on an empty database of its own."""

    async def within() -> None:
        async with fresh_database(postgres) as urls:
            await test(urls)

    asyncio.run(within())


async def seen(urls: DatabaseUrls) -> dict[int, str]:
    async with connected(urls.owner) as connection:
        return await applied(connection)


def test_migrations_are_numbered_from_one_without_gaps() -> None:
    assert [migration.number for migration in migrations()] == list(range(1, len(migrations()) + 1))
    assert all(len(migration.digest) == 64 for migration in migrations())


def test_an_empty_database_gets_all_of_them_and_a_second_run_nothing(postgres: str) -> None:
    async def test(urls: DatabaseUrls) -> None:
        assert await seen(urls) == {}
        assert await migrate(urls) == migrations()
        digests = {migration.number: migration.digest for migration in migrations()}
        assert await seen(urls) == digests
        assert await migrate(urls) == []
        assert await seen(urls) == digests

    run(postgres, test)


def test_a_migration_that_was_changed_after_it_was_applied_is_refused(postgres: str) -> None:
    async def test(urls: DatabaseUrls) -> None:
        await migrate(urls)
        async with connected(urls.owner) as connection:
            await connection.execute("UPDATE schema_migration SET digest = 'other' WHERE number = 1")
        with pytest.raises(MigrationRefused, match="0001 was changed"):
            await migrate(urls)

    run(postgres, test)


def test_a_database_of_a_newer_release_is_refused_and_left_alone(postgres: str) -> None:
    async def test(urls: DatabaseUrls) -> None:
        await migrate(urls)
        async with connected(urls.owner) as connection:
            await connection.execute("INSERT INTO schema_migration VALUES (9998, 'later', 'x'), (9999, 'latest', 'x')")
        before = await seen(urls)
        with pytest.raises(MigrationRefused, match=r"9999.*newer"):
            await migrate(urls)
        assert await seen(urls) == before

    run(postgres, test)


def test_two_workers_that_start_at_once_both_succeed(postgres: str) -> None:
    async def test(urls: DatabaseUrls) -> None:
        done = await asyncio.gather(*[migrate(urls) for _ in range(5)])
        assert sorted(map(len, done)) == [0, 0, 0, 0, len(migrations())]
        assert len(await seen(urls)) == len(migrations())

    run(postgres, test)


def test_two_databases_of_one_server_can_be_migrated_at_once(postgres: str) -> None:
    """They share the role testamur_app."""

    async def within() -> None:
        async with (
            fresh_database(postgres) as one,
            fresh_database(postgres) as two,
            fresh_database(postgres) as three,
        ):
            done = await asyncio.gather(*[migrate(urls) for urls in (one, two, three)])
            assert [len(applied) for applied in done] == [len(migrations())] * 3

    asyncio.run(within())


def test_a_migration_that_fails_leaves_nothing_of_itself(postgres: str, monkeypatch: pytest.MonkeyPatch) -> None:
    known = migrations()
    broken = module.Migration(len(known) + 1, "broken", "CREATE TABLE half (x int); SELECT 1 / 0")
    mended = module.Migration(len(known) + 1, "mended", "CREATE TABLE half (x int)")

    async def test(urls: DatabaseUrls) -> None:
        monkeypatch.setattr(module, "migrations", lambda: [*known, broken])
        with pytest.raises(Exception, match="division by zero"):
            await migrate(urls)
        async with connected(urls.owner) as connection:
            assert await connection.fetchval("SELECT to_regclass('half')") is None
        assert set(await seen(urls)) == {migration.number for migration in known}
        monkeypatch.setattr(module, "migrations", lambda: [*known, mended])
        assert await migrate(urls) == [mended]

    run(postgres, test)


def test_an_old_server_is_refused_with_the_version_that_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    """No PostgreSQL 14 runs here, so the connection says that it is one; it is asked for nothing else."""

    class Old:
        def get_server_version(self) -> Any:
            return SimpleNamespace(major=14)

    @asynccontextmanager
    async def connection(urls: DatabaseUrls) -> AsyncIterator[Any]:
        yield Old()

    monkeypatch.setattr(module, "owner_connection", connection)
    with pytest.raises(MigrationRefused, match="PostgreSQL 15 or later is needed, this is 14"):
        asyncio.run(migrate(DatabaseUrls("", "")))


def test_a_server_that_is_not_there_is_said_to_be_away() -> None:
    nowhere = "postgresql://nobody@127.0.0.1:1/nothing"
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"):
        asyncio.run(migrate(DatabaseUrls(nowhere, nowhere)))
