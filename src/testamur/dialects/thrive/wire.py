"""Thrive's own shapes. Source: the vendor's pages "Creates a completion record" and "Creates an assignment"."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from testamur.core.assignments import ALTERNATIVES_MAX, COMPLETION_PERIOD_DEFAULT_DAYS, PERIOD_MAX_DAYS

Hex24 = Annotated[str, Meta(pattern="^[0-9a-fA-F]{24}$")]
Text = Annotated[str, Meta(min_length=1, max_length=500)]


class CreateCompletion(Struct, rename="camel"):
    """Body of POST /learning/completions. `completed_at` is ISO 8601 with an offset."""

    user_id: Text
    content_id: Text
    completed_at: Annotated[str, Meta(max_length=64, extra_json_schema={"format": "date-time"})]


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


class CreateAssignment(Struct, rename="camel"):
    """Body of POST /assignments. Periods are days; a recurrence of null or 0 means once."""

    audience_id: Hex24
    content_id: Hex24
    alternative_content_ids: Annotated[list[Hex24], Meta(max_length=ALTERNATIVES_MAX)] = []
    hide_alternative_content: bool = False
    completion_period: Annotated[int, Meta(ge=1, le=PERIOD_MAX_DAYS)] = COMPLETION_PERIOD_DEFAULT_DAYS
    recurrence: Annotated[int, Meta(ge=0, le=PERIOD_MAX_DAYS)] | None = None


class Assignment(Struct, rename="camel"):
    """An assignment as read."""

    id: str
    audience_id: str
    primary_content_id: str
    alternative_content_ids: list[str]
    hide_alternative_content: bool
    completion_period: int
    recurrence: int | None
    is_active: bool
    is_deleted: bool
    created_at: str | None
    deleted_at: str | None
    updated_at: str | None


class TokenRequest(Struct):
    """Body of the token endpoint, JSON or form. Client id and secret may come as HTTP Basic instead."""

    grant_type: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET


class Token(Struct):
    """RFC 6749, section 5.1."""

    access_token: str
    token_type: str
    expires_in: int


class TokenError(Struct):
    """RFC 6749, section 5.2."""

    error: str
    error_description: str


class Error(Struct):
    """Every error of this API. `message` is always a string: a known client shows no other form."""

    status: int
    error: str
    message: str
