"""Databases of a test's own, and connections that see them as the application does."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import asyncpg

from testamur.storage.database import DatabaseUrls


@asynccontextmanager
async def fresh_database(postgres: str) -> AsyncIterator[DatabaseUrls]:
    """An empty database on the server `postgres`, dropped afterwards."""
    name = f"testamur_{secrets.token_hex(4)}"
    admin = await asyncpg.connect(postgres.format(database="postgres"))
    try:
        await admin.execute(f"CREATE DATABASE {name}")
        url = postgres.format(database=name)
        try:
            yield DatabaseUrls(owner=url, app=url)
        finally:
            await admin.execute(f"DROP DATABASE {name} WITH (FORCE)")
    finally:
        await admin.close()


@asynccontextmanager
async def connected(url: str, **settings: str) -> AsyncIterator[Any]:
    """A connection of the URL's own role; `settings` hold for the session."""
    connection = await asyncpg.connect(url, server_settings=settings)
    try:
        yield connection
    finally:
        await connection.close()


def as_app(urls: DatabaseUrls) -> Any:
    """A connection with the rights of the application, as the pool makes them."""
    return connected(urls.app, role="testamur_app")
