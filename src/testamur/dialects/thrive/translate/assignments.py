"""Assignments."""

from __future__ import annotations

from testamur.core.assignments import Assignment, NewAssignment
from testamur.core.ids import to_hex24
from testamur.dialects.thrive.translate import audience, content
from testamur.dialects.thrive.wire import assignments as wire
from testamur.http.replies import instant


def new_assignment(body: wire.CreateAssignment) -> NewAssignment:
    return NewAssignment(
        audience=audience(body.audience_id, "audienceId"),
        primary=content(body.content_id, "contentId"),
        alternatives=tuple(
            content(id, f"alternativeContentIds[{place}]") for place, id in enumerate(body.alternative_content_ids)
        ),
        hide_alternatives=body.hide_alternative_content,
        completion_period_days=body.completion_period,
        recurrence_days=body.recurrence,
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
