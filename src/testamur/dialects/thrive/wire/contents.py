"""Contents. Source: the vendor's pages on querying contents."""

from __future__ import annotations

from msgspec import Struct


class Duration(Struct):
    """How long a content takes."""

    value: float | None
    unit: str = "minutes"


class Performer(Struct):
    """Who did something to a content: a client of this tenant by its id, or the ledger itself."""

    type: str
    value: str


class ContentEvent(Struct, rename="camel"):
    """Something that was done to a content."""

    action: str
    timestamp: str
    performed_by: Performer


class Content(Struct, rename="camel"):
    """A content. `author` is a user id, or null for what nobody of the tenant made; `description` may hold HTML."""

    id: str
    title: str
    description: str
    tags: list[str]
    type: str
    author: str | None
    is_official: bool
    duration: Duration | None
    content_history: list[ContentEvent]
    created_at: str
    updated_at: str
