"""Assignments."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from testamur.core.assignments import Assignment, AssignmentEdit, Keep, NewAssignment
from testamur.core.ids import to_hex24
from testamur.core.people import Reference
from testamur.dialects.thrive.translate import audience, content
from testamur.dialects.thrive.wire import assignments as wire
from testamur.http.replies import instant


def new_assignment(body: wire.CreateAssignment) -> NewAssignment:
    return NewAssignment(
        audience=audience(body.audience_id, "audienceId"),
        primary=content(body.content_id, "contentId"),
        alternatives=_alternatives(body.alternative_content_ids),
        hide_alternatives=body.hide_alternative_content,
        completion_period_days=body.completion_period,
        recurrence_days=body.recurrence,
    )


def edit(body: wire.UpdateAssignment) -> AssignmentEdit:
    return AssignmentEdit(
        audience=None if isinstance(body.audience_id, UnsetType) else audience(body.audience_id, "audienceId"),
        primary=None if isinstance(body.content_id, UnsetType) else content(body.content_id, "contentId"),
        alternatives=None
        if isinstance(body.alternative_content_ids, UnsetType)
        else _alternatives(body.alternative_content_ids),
        hide_alternatives=None if body.hide_alternative_content is UNSET else body.hide_alternative_content,
        completion_period_days=None if body.completion_period is UNSET else body.completion_period,
        recurrence_days=Keep.KEEP if body.recurrence is UNSET else body.recurrence,
    )


def assignment(stored: Assignment) -> wire.Assignment:
    return wire.Assignment(
        id=to_hex24(stored.id),
        audience_id=to_hex24(stored.audience),
        primary_content_id=to_hex24(stored.primary),
        alternative_content_ids=[to_hex24(item) for item in stored.alternatives],
        hide_alternative_content=stored.hide_alternatives,
        completion_period=stored.completion_period_days,
        recurrence=stored.recurrence_days,
        is_active=stored.is_active and stored.deleted_at is None,
        is_deleted=stored.deleted_at is not None,
        created_at=instant(stored.created_at),
        deleted_at=instant(stored.deleted_at),
        updated_at=instant(stored.updated_at),
    )


def _alternatives(ids: list[str]) -> tuple[Reference, ...]:
    return tuple(content(id, f"alternativeContentIds[{place}]") for place, id in enumerate(ids))
