"""Migrations: numbered SQL files, each in one transaction, under an advisory lock."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import asyncpg

from testamur.core.errors import TestamurError
from testamur.storage.database import DatabaseUrls, owner_connection

FOLDER = Path(__file__).parent / "migrations"
POSTGRES_VERSION_MIN = 15
_LOCK = 0x7E57A312  # any fixed number; one migration at a time over the whole database
_LOCK_TIMEOUT = "60s"


class MigrationRefused(TestamurError):
    """The database cannot be migrated."""

    code = "migration_refused"


@dataclass(frozen=True, slots=True)
class Migration:
    """One file. `digest` tells whether an applied file was changed afterwards."""

    number: int
    name: str
    sql: str = field(repr=False)

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.sql.encode()).hexdigest()


def migrations() -> list[Migration]:
    """All migrations of this release, in order."""
    files = sorted(FOLDER.glob("[0-9][0-9][0-9][0-9]_*.sql"))
    return [Migration(int(file.name[:4]), file.stem[5:], file.read_text("utf-8")) for file in files]


async def migrate(urls: DatabaseUrls) -> list[Migration]:
    """Bring the database up to this release; returns what was applied.

    Raises: MigrationRefused when the server is too old, the database is newer than this release, or an applied
        migration differs from the file of the same number. DatabaseUnavailable; OwnerNeeded when something is to be
        applied by another role.
    """
    async with owner_connection(urls) as connection:
        version = connection.get_server_version().major
        if version < POSTGRES_VERSION_MIN:
            raise MigrationRefused(f"PostgreSQL {POSTGRES_VERSION_MIN} or later is needed, this is {version}")
        await connection.execute(f"SET lock_timeout = '{_LOCK_TIMEOUT}'")
        await connection.fetchval("SELECT pg_advisory_lock($1)", _LOCK)
        try:
            return await _apply(connection)
        finally:
            await connection.fetchval("SELECT pg_advisory_unlock($1)", _LOCK)


async def applied(connection: Any) -> dict[int, str]:
    """Digests of the migrations this database has seen, by number."""
    if await connection.fetchval("SELECT to_regclass('public.schema_migration')") is None:
        return {}
    rows = await connection.fetch("SELECT number, digest FROM schema_migration")
    return {row["number"]: row["digest"] for row in rows}


async def _apply(connection: Any) -> list[Migration]:
    seen = await applied(connection)
    if not seen:
        await connection.execute(
            "CREATE TABLE IF NOT EXISTS schema_migration (number int PRIMARY KEY, name text NOT NULL,"
            " digest text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())"
        )
    known = migrations()
    if newer := sorted(set(seen) - {migration.number for migration in known}):
        raise MigrationRefused(f"The database knows migration {newer[-1]:04d}, which is newer than this release")
    done = []
    for migration in known:
        if migration.number in seen:
            if seen[migration.number] != migration.digest:
                raise MigrationRefused(f"Migration {migration.number:04d} was changed after it was applied")
            continue
        async with connection.transaction():
            await connection.execute(migration.sql)
            await connection.execute(
                "INSERT INTO schema_migration (number, name, digest) VALUES ($1, $2, $3)",
                migration.number,
                migration.name,
                migration.digest,
            )
        done.append(migration)
    await _let_owner_take_app_role(connection)
    return done


async def _let_owner_take_app_role(connection: Any) -> None:
    # With a single connection URL the service's sessions start as the owner and become testamur_app. The embedded
    # server has separate logins; its owner may not grant the role, and need not.
    try:
        await connection.execute("GRANT testamur_app TO CURRENT_USER")
    except asyncpg.InsufficientPrivilegeError:
        pass
