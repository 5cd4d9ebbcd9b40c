"""What the groups of operations share."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

from testamur.core.people import Reference
from testamur.dialects.thrive import wire
from testamur.http.operations import Call, Param

NAME = "thrive"
DOCS = "https://docs.thrivelearning.com/docs"
LISTED = frozenset({401, 403, 422, 500})
"""The error statuses of the two endpoints whose pages list them."""

PAGE = Param("page", "integer", 1, minimum=1, maximum=10_000_000)

Item = TypeVar("Item")


def optional(make: Callable[[str, str], Reference], text: str | None, field: str) -> Reference | None:
    """A reference by a parameter that may be missing."""
    return None if text is None else make(text, field)


def paged(call: Call, total: int, results: Sequence[Item]) -> wire.Page[Item]:
    """A page in the vendor's envelope, by the parameters `page` and `perPage`."""
    page, size = call.params["page"], call.params["perPage"]
    return wire.Page(wire.Pagination(total, -(-total // size), page, size), list(results))
