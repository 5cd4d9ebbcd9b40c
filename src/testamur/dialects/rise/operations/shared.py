"""What the groups of operations share."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar
from uuid import UUID

from testamur.core.ids import Id
from testamur.dialects.rise.translate import Links
from testamur.http.cursors import decode_cursor, encode_cursor
from testamur.http.errors import InvalidCursor
from testamur.http.operations import Call, Param

NAME = "rise"
DOCS = "https://help.rise.com/en/articles"

_CURSOR = Param("cursor", summary="Part of nextUrl, never built by hand")
PAGE = (Param("limit", "integer", 50, minimum=1, maximum=100), _CURSOR)
REPORT_PAGE = (Param("limit", "integer", 50, minimum=1, maximum=2000), _CURSOR)

PLACE_MAX = 2**31 - 1

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


def begin_in_order(call: Call, address: str) -> tuple[int, Id] | None:
    """As `begin_after`, in a list with an order of its own: behind this place and id."""
    cursor: str | None = call.params["cursor"]
    if cursor is None:
        return None
    place, after = decode_cursor(cursor, address, int, UUID)
    if not 0 <= place <= PLACE_MAX:
        raise InvalidCursor
    return place, Id(after)


def paged_in_order(
    call: Call, address: str, found: list[T], place_of: Callable[[T], tuple[int, Id]]
) -> tuple[list[T], str | None]:
    """As `paged`, of a list that `begin_in_order` begins."""
    limit: int = call.params["limit"]
    if len(found) <= limit:
        return found, None
    page = found[:limit]
    return page, Links(call.base_url).page(address, limit, encode_cursor(place_of(page[-1]), address))
