"""Assignments. Source: the vendor's page "Creates an assignment"."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from testamur.core.assignments import ALTERNATIVES_MAX, COMPLETION_PERIOD_DEFAULT_DAYS, PERIOD_MAX_DAYS
from testamur.dialects.thrive.wire import Hex24, Text

Alternatives = Annotated[list[Hex24], Meta(max_length=ALTERNATIVES_MAX)]
CompletionPeriod = Annotated[int, Meta(ge=1, le=PERIOD_MAX_DAYS)]
Recurrence = Annotated[int, Meta(ge=0, le=PERIOD_MAX_DAYS)]


class CreateAssignment(Struct, rename="camel"):
    """Body of POST /assignments. Periods are days; a recurrence of null or 0 means once."""

    audience_id: Hex24
    content_id: Hex24
    alternative_content_ids: Alternatives = []
    hide_alternative_content: bool = False
    completion_period: CompletionPeriod = COMPLETION_PERIOD_DEFAULT_DAYS
    recurrence: Recurrence | None = None


class UpdateAssignment(Struct, rename="camel"):
    """Body of PATCH /assignments/{assignmentId}: what is absent stays. The audience is compared, never changed."""

    audience_id: Text | UnsetType = UNSET
    content_id: Hex24 | UnsetType = UNSET
    alternative_content_ids: Alternatives | UnsetType = UNSET
    hide_alternative_content: bool | UnsetType = UNSET
    completion_period: CompletionPeriod | UnsetType = UNSET
    recurrence: Recurrence | UnsetType | None = UNSET


class DeleteAssignment(Struct, rename="camel"):
    """Body of DELETE /assignments/{assignmentId}."""

    audience_id: Text


class AssignmentDeleted(Struct):
    """The answer to it, also to a second one."""

    success: bool


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
