"""Completions. Source: the vendor's page "Creates a completion record"."""

from __future__ import annotations

from msgspec import Struct, field

from testamur.dialects.thrive.wire import Moment, Text


class CreateCompletion(Struct, rename="camel"):
    """Body of POST /learning/completions."""

    user_id: Text
    content_id: Text
    completed_at: Moment


class CompletionStub(Struct, rename="camel"):
    """The answer to a completion: its statement id, 24 hex digits."""

    statement_id: str


class Completion(Struct, rename="camel"):
    """A completion as read. `active_until` is the end of its credit under a recurring assignment."""

    id: str
    user_id: str
    content_id: str
    content_version: int
    skills: list[str]
    completion_type: str
    had_due_date: bool
    completed_at: str
    active_until: str | None
    is_rpl: bool = field(name="isRPL")
