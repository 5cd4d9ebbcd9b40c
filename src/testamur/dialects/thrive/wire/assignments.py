"""Assignments. Source: the vendor's page "Creates an assignment"."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from testamur.core.assignments import ALTERNATIVES_MAX, COMPLETION_PERIOD_DEFAULT_DAYS, PERIOD_MAX_DAYS
from testamur.dialects.thrive.wire import Hex24


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
