"""What goes wrong with a database, in the ledger's words."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import asyncpg

from testamur.core.errors import DatabaseUnavailable, IdentifierTaken, TestamurError

UNREACHED = (OSError, asyncio.TimeoutError)
"""What a call of the database says when it cannot be reached. Other code says the same of its own files and sockets."""
SAID = (
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
AWAY = (*UNREACHED, *SAID)
"""Errors of its calls that say nothing about the request: it is away, full or stuck, and trying again is right."""

_CONSTRAINTS: dict[str, tuple[type[TestamurError], str]] = {
    "person_identifier_taken": (IdentifierTaken, "This identifier already names a person"),
    "item_identifier_taken": (IdentifierTaken, "This identifier already names an item"),
    "audience_reference_taken": (IdentifierTaken, "This reference already names an audience"),
    "tenant_slug_taken": (IdentifierTaken, "A tenant of this name exists"),
}

P = ParamSpec("P")
T = TypeVar("T")


def called(call: Callable[P, Coroutine[Any, Any, T]]) -> Callable[P, Coroutine[Any, Any, T]]:
    """A call of the database, which is unavailable when the call cannot reach it."""

    @wraps(call)
    async def called(*args: P.args, **kwargs: P.kwargs) -> T:
        try:
            return await call(*args, **kwargs)
        except UNREACHED as error:
            raise DatabaseUnavailable from error

    return called


@contextmanager
def translated(away: tuple[type[Exception], ...]) -> Iterator[None]:
    """Say in the ledger's words what the database says within the block: `away` is that it is unavailable."""
    try:
        yield
    except asyncpg.IntegrityConstraintViolationError as error:
        raise translate(error) from error
    except away as error:
        raise DatabaseUnavailable from error


def translate(error: asyncpg.IntegrityConstraintViolationError) -> Exception:
    """The domain error behind a violated constraint, or the error itself: then it is a bug."""
    known = _CONSTRAINTS.get(error.constraint_name or "")
    return known[0](known[1]) if known else error
