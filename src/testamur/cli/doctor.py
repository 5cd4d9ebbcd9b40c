"""`testamur doctor`: looks at what usually goes wrong, and says what to do."""

from __future__ import annotations

import asyncio
import platform
import shutil
import sys
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.table import Table

from testamur import serving
from testamur.config import Settings
from testamur.core.errors import TestamurError
from testamur.ledger import utc_now
from testamur.storage.database import DatabaseUrls, owner_connection
from testamur.storage.embedded import EmbeddedServerError
from testamur.storage.migrate import POSTGRES_VERSION_MIN, applied, migrations

_DISK_MIN_BYTES = 1 << 30
_CLOCK_TOLERANCE = timedelta(seconds=2)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. `advice` says what to do when it is not well."""

    check: str
    ok: bool
    found: str
    advice: str = ""


def examine(settings: Settings) -> list[Finding]:
    """Look at everything. What cannot be looked at, because the database is away, is left out."""
    findings = [_python(), _disk(settings.data), _connections(settings.http_connections)]
    try:
        with serving.database(settings) as urls:
            findings += asyncio.run(_examine_database(urls))
    except (EmbeddedServerError, TestamurError, OSError) as error:
        where = "TESTAMUR_DATABASE_URL" if settings.database_url else f"the log in {settings.data}"
        findings.append(Finding("database", False, str(error), f"Start it, or look into {where}"))
    return findings


def report(findings: list[Finding]) -> Table:
    """The findings for people."""
    drawn = Table(show_header=False, box=None)
    for finding in findings:
        mark = "[green]ok[/]" if finding.ok else "[bold red]to do[/]"
        advice = "" if finding.ok else f"\n[bold]→ {finding.advice}[/]"
        drawn.add_row(mark, finding.check, finding.found + advice)
    return drawn


def _python() -> Finding:
    ok = sys.version_info >= (3, 11)
    return Finding("python", ok, platform.python_version(), "Python 3.11 or later is needed")


def _disk(data: Path) -> Finding:
    place = data
    while not place.exists():
        place = place.absolute().parent
    free = shutil.disk_usage(place).free
    return Finding(
        "disk", free >= _DISK_MIN_BYTES, f"{free >> 20:,} MiB free", "Free at least 1 GiB beside the data folder"
    )


def _connections(wanted: int) -> Finding:
    room = serving.room_for(wanted)
    return Finding(
        "connections",
        room == wanted,
        f"each worker has room for {room:,}",
        f"Let the service open {wanted + serving.FILES_BESIDE:,} files: `ulimit -n`, or `LimitNOFILE` of its unit",
    )


async def _examine_database(urls: DatabaseUrls) -> list[Finding]:
    async with owner_connection(urls) as connection:
        looks: list[Callable[[Any], Any]] = [_server, _clock, _schema, _durability, _role]
        return [await look(connection) for look in looks]


async def _server(connection: Any) -> Finding:
    version = connection.get_server_version()
    return Finding(
        "postgresql",
        version.major >= POSTGRES_VERSION_MIN,
        await connection.fetchval("SELECT split_part(version(), ' on ', 1)"),
        f"PostgreSQL {POSTGRES_VERSION_MIN} or later is needed",
    )


async def _clock(connection: Any) -> Finding:
    difference = abs(await connection.fetchval("SELECT clock_timestamp()") - utc_now())
    return Finding(
        "clock",
        difference <= _CLOCK_TOLERANCE,
        f"{difference.total_seconds():.3f} s between here and the database",
        "Let both machines keep time by NTP: completions are dated by this clock",
    )


async def _schema(connection: Any) -> Finding:
    seen = await applied(connection)
    missing = [migration for migration in migrations() if migration.number not in seen]
    return Finding("schema", not missing, f"{len(seen)} applied, {len(missing)} to apply", "Run `testamur migrate`")


async def _durability(connection: Any) -> Finding:
    off = [name for name in ("fsync", "synchronous_commit", "full_page_writes")
           if await connection.fetchval("SELECT current_setting($1)", name) == "off"]  # fmt: skip
    found = f"{', '.join(off)} off" if off else "commits are durable"
    return Finding("durability", not off, found, "Switch it on: an acknowledged completion could be lost")


async def _role(connection: Any) -> Finding:
    row = await connection.fetchrow(
        "SELECT rolsuper OR rolbypassrls AS over FROM pg_roles WHERE rolname = 'testamur_app'"
    )
    ok = row is not None and not row["over"]
    found = "testamur_app is bound to one tenant a transaction" if ok else "testamur_app is missing or may do too much"
    return Finding("role", ok, found, "Run `testamur migrate`; take SUPERUSER and BYPASSRLS from testamur_app")
