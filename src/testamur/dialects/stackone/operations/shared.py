"""What the operations of all groups share: parameters, pages, `raw`, and the results of writes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Sequence
from datetime import datetime
from typing import Any, TypeVar
from urllib.parse import quote

from msgspec import UNSET, UnsetType

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, to_hex24, to_opaque
from testamur.core.moments import format_instant, parse_when
from testamur.dialects.stackone import wire
from testamur.http.cursors import decode_cursor, encode_cursor
from testamur.http.operations import Call, Param, Reply
from testamur.http.replies import json_reply

T = TypeVar("T")

NAME = "stackone"
DOCS = "https://docs.stackone.com/lms/api-reference"
PAGE_DEFAULT, PAGE_MAX = 25, 100
_PAGES_MAX = 100
"""Pages that the deprecated `page` walks to: it has no cursor, so it passes over every row before."""


def filters(*names: str) -> tuple[Param, ...]:
    """The parameters of a filter in both spellings: some of the vendor's clients flatten it to bare names."""
    return tuple(
        param
        for name in names
        for param in (Param(f"filter[{name}]"), Param(name, summary=f"The same as filter[{name}], which wins"))
    )


# `proxy` is not declared: its members arrive as `proxy[a]=b` or as arbitrary bare names, and are never refused.
GET = (
    Param("raw", summary="true adds the requests behind the answer"),
    Param("fields", summary="Comma-separated names; empty for all"),
)
LIST = (
    *GET,
    *filters("updated_after"),
    Param("page", "integer", 1, minimum=1, maximum=_PAGES_MAX, clamp=True, summary="Deprecated; use next"),
    Param("page_size", "integer", PAGE_DEFAULT, minimum=1, maximum=PAGE_MAX, clamp=True),
    Param("next", summary="Cursor of the page before"),
)
_NO_FILTERS = frozenset({"raw", "fields", "page", "page_size", "next"})


def filter_of(call: Call, name: str) -> str | None:
    """`filter[name]`, else the bare name; None when neither is given."""
    text: str | None = call.params[f"filter[{name}]"] or call.params[name]
    return text


def updated_after(call: Call) -> datetime | None:
    """The moment strictly after which rows must have changed. Raises InvalidInput."""
    text = filter_of(call, "updated_after")
    if not text:
        return None
    try:
        return parse_when(text).at
    except ValueError as error:
        raise InvalidInput(FieldFault("filter[updated_after]", "format", str(error))) from error


def is_true(text: str | None) -> bool:
    """A boolean of the query, in whatever letters a client writes it."""
    return text is not None and text.lower() in ("true", "1")


def place_after(call: Call, *types: Any) -> list[Any] | None:
    """The place that the cursor of the page before holds, None without one. Raises InvalidCursor."""
    return decode_cursor(call.params["next"], _list_of(call), *types) if call.params["next"] else None


def cursor(call: Call, place: Sequence[Any]) -> str:
    """A cursor that holds a place in this list with these filters; the page size may change on the way."""
    return encode_cursor(place, _list_of(call))


def skipped(call: Call) -> int:
    """Rows that the deprecated page number passes over. It goes on by cursor, which wins."""
    number: int = 0 if call.params["next"] else call.params["page"] - 1
    return number * int(call.params["page_size"])


async def page_of(
    call: Call,
    find: Callable[[list[Any] | None, int], Awaitable[Sequence[T]]],
    place: Callable[[T], Sequence[Any]],
    *types: Any,
) -> tuple[list[T], str | None]:
    """The rows of the page that is asked for, and the cursor of the next, None on the last.

    Args:
        find: gives up to so many rows behind a place, from the beginning when it is None.
        place: where a row stands in the order of the list.
        types: of the members of a place, as msgspec reads them: text, integers, `UUID`, `datetime`.

    Raises: InvalidCursor.
    """
    count: int = call.params["page_size"]
    after = place_after(call, *types)
    if passed_over := skipped(call):
        before = await find(None, passed_over)
        if len(before) < passed_over:
            return [], None
        after = list(place(before[-1]))
    found = list(await find(after, count + 1))
    return found[:count], cursor(call, place(found[count - 1])) if len(found) > count else None


def raw_lookup(call: Call) -> list[wire.RawRequest] | UnsetType:
    """`raw` for what no report stands behind: there is no upstream system, so it is this lookup itself.

    Its URL carries the query, `proxy` in whichever spelling included.
    """
    if not is_true(call.params["raw"]):
        return UNSET
    query = "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in call.query if name != "raw")
    url = f"{call.base_url}{call.route}{'?' if query else ''}{query}"
    return [wire.RawRequest(method=call.method, url=url, body=None, response=None)]


def created(call: Call, *ids: Id) -> Reply:
    """201 with the ids of what was created. What takes several ids to name is spelled with one after the other."""
    data = wire.Created("".join(map(to_opaque, ids)), "".join(map(to_hex24, ids)))
    result = wire.CreateResult(201, "Record created successfully.", format_instant(call.now), data)
    return json_reply(201, result)


def upserted(call: Call, id: Id, external_reference: str | None) -> Reply:
    """201, also for what was there already: the clients insist on it."""
    data = wire.Upserted(to_opaque(id), to_hex24(id), external_reference)
    result = wire.UpsertResult(201, "Record created successfully.", format_instant(call.now), data)
    return json_reply(201, result)


def updated(call: Call) -> Reply:
    """201 around a result that says 200, as the vendor's example has it."""
    return json_reply(201, wire.UpdateResult(200, "Record updated successfully.", format_instant(call.now)))


def deleted(call: Call) -> Reply:
    """200 around a result that says 204, as the vendor's example has it."""
    return json_reply(200, wire.DeleteResult(204, "Record deleted successfully.", format_instant(call.now)))


def batch_accepted(call: Call, errors: Iterable[Sequence[str]]) -> Reply:
    """202 with what is wrong of each row, a list for each."""
    told = [list(of_row) for of_row in errors]
    return json_reply(202, wire.BatchResult(202, "Batch operation accepted", format_instant(call.now), told))


def _list_of(call: Call) -> str:
    """The list with its filters; the two spellings of a filter are the same list."""
    given: dict[str, Any] = {}
    for name, value in sorted(call.params.items(), key=lambda param: param[0].startswith("filter[")):
        if name not in _NO_FILTERS and value is not None:
            given[name.removeprefix("filter[").removesuffix("]")] = value
    return " ".join([call.operation.name, *call.path.values(), *(f"{name}={given[name]}" for name in sorted(given))])
