"""The change feed."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import Meta, Struct

from testamur.dialects.api.wire import Moment

Number = Annotated[int, Meta(ge=0)]


class Subject(Struct, kw_only=True):
    """What changed.

    Args:
        id: a UUID where this API has no place for it.
        url: where it can be read as it is now.
    """

    kind: str
    id: str
    url: str | None


class Entry(Struct, kw_only=True):
    """One change.

    Args:
        kind: noun and verb, such as `record.created`.
        client: who changed it, null for an operator.
        data: what the thing itself does not keep, null where it keeps everything and where somebody was forgotten.
    """

    number: Number
    kind: str
    subject: Subject
    client: str | None
    recorded_at: Moment
    data: dict[str, Any] | None


class Feed(Struct, kw_only=True):
    """Changes in the order of commits, numbered without gaps.

    Args:
        next: `after` of what follows.
        last: number of the newest change there is.
    """

    data: list[Entry]
    next: Number
    last: Number
