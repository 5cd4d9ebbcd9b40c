"""Enrolments."""

from __future__ import annotations

from testamur.core.enrolments import Enrolment, Entry
from testamur.core.ids import to_hex24
from testamur.core.moments import format_instant
from testamur.dialects.thrive.wire import enrolments as wire
from testamur.http.replies import instant


def enrolment(found: Enrolment) -> wire.Enrolment:
    return wire.Enrolment(
        id=to_hex24(found.id),
        user_id=to_hex24(found.person),
        assignment_id=to_hex24(found.assignment),
        audience_id=to_hex24(found.audience),
        primary_content_id=to_hex24(found.primary),
        status=found.status.value,
        available_date=instant(found.available_at),
        due_date=instant(found.due_at),
        last_completed_at=instant(found.last_completed_at),
        history=[_history_entry(entry) for entry in found.history],
        updated_at=format_instant(found.updated_at),
    )


def _history_entry(entry: Entry) -> wire.HistoryEntry:
    return wire.HistoryEntry(
        type=entry.cause.value,
        completion_id=to_hex24(entry.completion) if entry.completion else None,
        previous_status=entry.before.value,
        next_status=entry.after.value,
        created_at=format_instant(entry.at),
        updated_at=format_instant(entry.known_at),
    )
