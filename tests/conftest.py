"""Real PostgreSQL, a real server on a real socket: nothing of ours is replaced in the tests."""

from __future__ import annotations

import asyncio
import os
import secrets
import tempfile
from collections.abc import Iterator
from pathlib import Path

import asyncpg
import pytest
from hypothesis import HealthCheck, settings

from testamur.storage.database import DatabaseUrls
from testamur.storage.embedded import open_cluster
from testamur.storage.migrate import migrate
from tests.hub import Hub, Server

# Dozens of tests start the command: it is compiled for the first of them, also where nothing else is kept compiled.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

# How long an example takes says more about the machine; how long a test may take is pytest's to say.
settings.register_profile("testamur", deadline=None, suppress_health_check=[HealthCheck.too_slow])
settings.load_profile("testamur")


def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: about one worker at a time waits for a process, a lease or a disk."""
    return (os.cpu_count() or 1) + 1


@pytest.fixture(scope="session")
def postgres() -> Iterator[str]:
    """A superuser's URL of a PostgreSQL server, `{database}` standing for the database.

    TESTAMUR_TEST_SERVER names a running one, such as an older release that is to be tested against.
    """
    running = os.environ.get("TESTAMUR_TEST_SERVER")
    if running:
        yield running
        return
    # Not below pytest's own folder: that is closed to others, and as root the server runs as somebody else.
    with tempfile.TemporaryDirectory(prefix="testamur-tests-") as folder:
        Path(folder).chmod(0o755)
        with open_cluster(Path(folder)) as server:
            url = server.superuser_url.replace("/postgres?", "/{database}?")
            # Nothing outlives this machine; what must outlive a process is tested on servers of its own.
            for statement in ("ALTER SYSTEM SET fsync = off", "SELECT pg_reload_conf()"):
                asyncio.run(_execute(url.format(database="postgres"), statement))
            yield url


@pytest.fixture(scope="session")
def urls(postgres: str) -> Iterator[DatabaseUrls]:
    """A database of its own for this run, migrated."""
    name = f"testamur_{secrets.token_hex(4)}"
    asyncio.run(_execute(postgres.format(database="postgres"), f"CREATE DATABASE {name}"))
    url = postgres.format(database=name)
    urls = DatabaseUrls(owner=url, app=url)
    asyncio.run(migrate(urls))
    yield urls
    asyncio.run(_execute(postgres.format(database="postgres"), f"DROP DATABASE {name} WITH (FORCE)"))


@pytest.fixture(scope="session")
def server(urls: DatabaseUrls) -> Iterator[Server]:
    """The whole application behind uvicorn, on a port of its own. Tests of delivery start deliverers themselves."""
    with Server.start(urls, delivers_webhooks=False) as server:
        yield server


@pytest.fixture
def hub(server: Server) -> Iterator[Hub]:
    """A new tenant with people, items, an audience and credentials for every dialect."""
    with server.new_hub() as hub:
        yield hub


@pytest.fixture
def other_hub(server: Server) -> Iterator[Hub]:
    """A second tenant, for what must stay apart."""
    with server.new_hub() as hub:
        yield hub


async def _execute(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()
