"""Completions. Source: the vendor's page "Get Completion" and all editions of its document."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from testamur.dialects.stackone.wire import Enum, RawRequest


class Score(Struct):
    """`percentage` is 0 to 100; `raw_value` the score as given, such as "87 / 100"."""

    percentage: float | None = None
    raw_value: str | None = None


class Completion(Struct):
    """A completion as read: every field of every edition, of which `fields` may choose some.

    What is sent is written by completion.sql; this describes it.
    """

    id: str | None = None
    remote_id: str | None = None
    unified_custom_fields: dict[str, Any] | None = None
    external_reference: str | None = None
    result: Enum | None = None
    completed_at: str | None = None
    created_at: str | None = None
    updated_at: str | None = None
    learning_object_type: Enum | None = None
    learning_object_id: str | None = None
    remote_learning_object_id: str | None = None
    learning_object_external_reference: str | None = None
    user_id: str | None = None
    remote_user_id: str | None = None
    external_id: str | None = None
    content_external_reference: str | None = None
    remote_external_id: str | None = None
    content_id: str | None = None
    remote_content_id: str | None = None
    course_id: str | None = None
    remote_course_id: str | None = None
    time_spent: str | None = None
    certificate_url: str | None = None
    score: Score | None = None


class CompletionResult(Struct):
    """One completion. With `fields` its members are only those asked for."""

    data: Completion
    raw: list[RawRequest] | UnsetType = UNSET


class CompletionsPaginated(Struct):
    """A page of completions; `next` is null on the last."""

    next: str | None
    data: list[Completion]
    raw: list[RawRequest] | UnsetType = UNSET


class CreateCompletion(Struct):
    """LmsCreateCompletionRequestDto of all editions. Any one of the four references names the learning object."""

    learning_object_external_reference: str | None = None
    learning_object_id: str | None = None
    content_external_reference: str | None = None
    content_id: str | None = None
    result: Enum | None = None
    completed_at: str | None = None
    time_spent: str | None = None
    score: Score | None = None
    unified_custom_fields: dict[str, Any] | None = None
    passthrough: dict[str, Any] | None = None
