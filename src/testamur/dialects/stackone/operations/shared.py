"""What the operations of all groups share."""

from __future__ import annotations

from datetime import datetime

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.moments import parse_when
from testamur.http.operations import Call, Param

NAME = "stackone"
DOCS = "https://docs.stackone.com/lms/api-reference"
PAGE_DEFAULT, PAGE_MAX = 25, 100
BEHIND_ALL = 2**62

GET = (
    Param("raw", summary="true adds the requests behind the record"),
    Param("fields", summary="Comma-separated names; empty for all"),
)
LIST = (
    *GET,
    Param("filter[updated_after]", summary="Only what changed after this instant"),
    Param("updated_after", summary="Deprecated twin of filter[updated_after]"),
    Param("page", "integer", 1, minimum=1, maximum=100, clamp=True, summary="Deprecated; use next"),
    Param("page_size", "integer", PAGE_DEFAULT, minimum=1, maximum=PAGE_MAX, clamp=True),
    Param("next", summary="Cursor of the page before"),
)


def updated_after(call: Call) -> datetime | None:
    """`filter[updated_after]`, else the bare name that some of the vendor's clients flatten it to."""
    text = call.params["filter[updated_after]"] or call.params["updated_after"]
    if not text:
        return None
    try:
        return parse_when(text).at
    except ValueError as error:
        raise InvalidInput(FieldFault("filter[updated_after]", "format", str(error))) from error


def is_true(text: str | None) -> bool:
    """A boolean of the query, in whatever letters a client writes it."""
    return text is not None and text.lower() in ("true", "1")
