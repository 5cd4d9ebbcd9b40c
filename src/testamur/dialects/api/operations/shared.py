"""What the groups of operations share."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from testamur.core.errors import FieldFault, InvalidInput, Unauthenticated
from testamur.core.ids import Id
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.dialects.api import wire
from testamur.http.accept import preferred
from testamur.http.credentials import Bearer, authorization
from testamur.http.cursors import decode_cursor, encode_cursor
from testamur.http.operations import Call, Param, Reply
from testamur.http.replies import File, json_reply
from testamur.ledger.clients import Credential

NAME = "api"
LIST = (
    Param("limit", "integer", 100, minimum=1, maximum=1000),
    Param("cursor", summary="`next` of the part before, of the same list with the same filters"),
)
IDENTIFIER = Param("identifier", summary="Only what it names: kind, colon and value, such as ref:00123")
UPDATED_AFTER = Param("updated_after", "moment", summary="Only what was changed behind this moment")

Row = TypeVar("Row")
Shown = TypeVar("Shown")
Document = TypeVar("Document")

# Nothing runs in a page and nothing is fetched for it, whatever stands in a title.
_PAGE_POLICY = (
    b"default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
)
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


async def identify(call: Call) -> Credential:
    """An API key as Bearer. Raises Unauthenticated."""
    given = authorization(call)
    if not isinstance(given, Bearer):
        raise Unauthenticated("The Authorization header must be Bearer with an API key")
    return await call.ledger.clients.by_secret(given.token)


def after(call: Call, *types: Any) -> list[Any]:
    """The place of the call's cursor; empty at the beginning of the list. Raises InvalidCursor."""
    return place(call, call.params["cursor"], *types)


def place(call: Call, cursor: str | None, *types: Any) -> list[Any]:
    """As `after`, of a cursor that stands elsewhere than in the query."""
    return [] if cursor is None else decode_cursor(cursor, _binding(call), *types)


def after_id(call: Call) -> Id | None:
    """As `after`, of a list in order of id."""
    found = after(call, UUID)
    return Id(found[0]) if found else None


def listed(
    call: Call, rows: Sequence[Row], show: Callable[[Row], Shown], place_of: Callable[[Row], Sequence[Any]]
) -> Reply:
    """A part of a list.

    Args:
        rows: one more than the limit, when there are so many.
        place_of: where the list goes on behind a row.
    """
    limit: int = call.params["limit"]
    next = cursor(call, place_of(rows[limit - 1])) if len(rows) > limit else None
    return json_reply(200, wire.List([show(row) for row in rows[:limit]], next))


def cursor(call: Call, values: Sequence[Any]) -> str:
    """Where the call's list goes on, as `after` and `place` read it."""
    return encode_cursor(values, _binding(call))


def updated_after(call: Call) -> datetime | None:
    when: When | None = call.params["updated_after"]
    return when.at if when else None


def optional(make: Callable[[str, str], Reference], call: Call, name: str) -> Reference | None:
    """A reference by a parameter that may be missing."""
    text: str | None = call.params[name]
    return None if text is None else make(text, name)


def named(make: Callable[[str, str], Reference], call: Call) -> Reference | None:
    """The filter `identifier`, which takes no ids. Raises InvalidInput."""
    text: str | None = call.params["identifier"]
    if text is not None and ":" not in text:
        raise InvalidInput(FieldFault("identifier", "format", "must be a kind, a colon and a value, such as ref:00123"))
    return optional(make, call, "identifier")


def entity(status: int, body: Any, updated_at: datetime, location: str | None = None) -> Reply:
    """Something that can be changed, with its ETag: when it last was."""
    headers = [(b"etag", f'"{(updated_at - _EPOCH) // timedelta(microseconds=1):x}"'.encode())]
    if location is not None:
        headers.append((b"location", location.encode()))
    return json_reply(status, body, *headers)


async def written(
    call: Call,
    opened: AbstractAsyncContextManager[Document],
    formats: Mapping[str, Callable[[Document], AsyncIterator[bytes]]],
) -> Reply:
    """A document of any length in the format that the call prefers. It is open for as long as it is written."""
    media_type = preferred(call.header("accept"), tuple(formats))
    file = File()
    try:
        async with opened as document:
            async for part in formats[media_type](document):
                file.write(part)
    except BaseException:
        file.close()
        raise
    headers = [(b"vary", b"accept"), (b"cache-control", b"no-store")]
    if media_type == "text/html":
        headers.append((b"content-security-policy", _PAGE_POLICY))
    suffix = "" if media_type == "application/json" else "; charset=utf-8"
    return Reply(200, headers=headers, media_type=f"{media_type}{suffix}".encode(), parts=file)


def _binding(call: Call) -> str:
    """What a cursor is bound to: whose list it is and its filters. Not the size of a part."""
    filters = {name: value for name, value in call.params.items() if name not in ("limit", "cursor")}
    return msgspec.json.encode([call.caller.tenant, call.operation.name, call.path, filters]).decode()
