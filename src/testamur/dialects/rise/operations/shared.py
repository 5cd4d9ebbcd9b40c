"""What the groups of operations share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from testamur.core.ids import Id
from testamur.dialects.rise.translate import Links
from testamur.http.cursors import decode_cursor, encode_cursor
from testamur.http.operations import Call, Param

NAME = "rise"
DOCS = "https://help.rise.com/en/articles"

_CURSOR = Param("cursor", summary="Part of nextUrl, never built by hand")
PAGE = (Param("limit", "integer", 50, minimum=1, maximum=100), _CURSOR)
REPORT_PAGE = (Param("limit", "integer", 50, minimum=1, maximum=2000), _CURSOR)

T = TypeVar("T")


def begin_after(call: Call, address: str) -> Id | None:
    """Where the page begins: behind this id. Raises InvalidCursor for the cursor of another list."""
    cursor: str | None = call.params["cursor"]
    if cursor is None:
        return None
    (after,) = decode_cursor(cursor, address, UUID)
    return Id(after)


def paged(call: Call, address: str, found: list[T], id_of: Callable[[T], Id]) -> tuple[list[T], str | None]:
    """The page and the address of the next. `found` reaches one behind the page when there is more."""
    limit: int = call.params["limit"]
    if len(found) <= limit:
        return found, None
    page = found[:limit]
    return page, Links(call.base_url).page(address, limit, encode_cursor([id_of(page[-1])], address))
