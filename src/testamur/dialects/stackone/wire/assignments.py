"""Assignments. Source: all editions of the vendor's document."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from testamur.dialects.stackone.wire import Enum, RawRequest


class Assignment(Struct):
    """An assignment as read: what one user has to complete. `fields` may choose some members."""

    id: str | None = None
    remote_id: str | None = None
    unified_custom_fields: dict[str, Any] | None = None
    external_reference: str | None = None
    learning_object_id: str | None = None
    remote_learning_object_id: str | None = None
    learning_object_external_reference: str | None = None
    progress: float | None = None
    updated_at: str | None = None
    created_at: str | None = None
    due_date: str | None = None
    status: Enum | None = None
    learning_object_type: Enum | None = None
    user_id: str | None = None
    remote_user_id: str | None = None
    course_id: str | None = None
    remote_course_id: str | None = None
    certificate_url: str | None = None
    result: Enum | None = None
    completed_at: str | None = None
    assigned_at: str | None = None


class AssignmentResult(Struct):
    """One assignment."""

    data: Assignment
    raw: list[RawRequest] | UnsetType = UNSET


class AssignmentsPaginated(Struct):
    """A page of assignments; `next` is null on the last. A page may be short, or empty, although more follow."""

    next: str | None
    data: list[Assignment]
    raw: list[RawRequest] | UnsetType = UNSET


class CreateAssignment(Struct):
    """LmsCreateAssignmentRequestDto of all editions. `created_at` is the older name of `assigned_at`."""

    learning_object_external_reference: str | None = None
    learning_object_id: str | None = None
    external_reference: str | None = None
    progress: float | None = None
    assigned_at: str | None = None
    created_at: str | None = None
    due_date: str | None = None
    status: Enum | None = None
    passthrough: dict[str, Any] | None = None
