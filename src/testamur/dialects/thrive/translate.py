"""Thrive's words and ours. Pure functions."""

from __future__ import annotations

from testamur.core import assignments, records
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_hex24
from testamur.core.moments import parse_when
from testamur.core.people import Reference
from testamur.core.records import NewRecord
from testamur.dialects.thrive import wire
from testamur.http.replies import instant

SOURCE = "thrive"
_KINDS = ("thrive",)


def user(text: str, field: str) -> Reference:
    """A user id: one that came along from Thrive, or our own."""
    return Reference(text, _KINDS, "person", field)


def content(text: str, field: str) -> Reference:
    """A content id: one that came along from Thrive, or our own."""
    return Reference(text, _KINDS, "item", field)


def audience(text: str, field: str) -> Reference:
    """An audience id, or its reference where the vendor takes either."""
    return Reference(text, (), "audience", field)


def new_record(body: wire.CreateCompletion) -> NewRecord:
    """Raises InvalidInput for a `completedAt` that is no instant with an offset."""
    try:
        completed = parse_when(body.completed_at, days=False)
    except ValueError as error:
        raise InvalidInput(FieldFault("completedAt", "format", str(error))) from error
    return NewRecord(
        source=SOURCE,
        person=user(body.user_id, "userId"),
        item=content(body.content_id, "contentId"),
        completed=completed,
    )


def completion(record: records.Record) -> wire.Completion:
    """A record that is a completion of a known person and item."""
    assert record.completed is not None
    assert record.person is not None
    assert record.item is not None
    return wire.Completion(
        id=to_hex24(record.id),
        user_id=to_hex24(record.person),
        content_id=to_hex24(record.item),
        content_version=record.item_version or 1,
        skills=[],
        completion_type="default",
        had_due_date=False,
        is_rpl=record.is_prior,
        completed_at=instant(record.completed.at) or "",
        active_until=instant(record.expires_at),
    )


def new_assignment(body: wire.CreateAssignment) -> assignments.NewAssignment:
    return assignments.NewAssignment(
        audience=audience(body.audience_id, "audienceId"),
        primary=content(body.content_id, "contentId"),
        alternatives=tuple(
            content(id, f"alternativeContentIds[{place}]") for place, id in enumerate(body.alternative_content_ids)
        ),
        hide_alternatives=body.hide_alternative_content,
        completion_period_days=body.completion_period,
        recurrence_days=body.recurrence,
    )


def assignment(stored: assignments.Assignment) -> wire.Assignment:
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
