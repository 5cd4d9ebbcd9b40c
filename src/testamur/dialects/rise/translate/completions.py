"""Imported completions."""

from __future__ import annotations

from typing import Any
from zoneinfo import ZoneInfo

from msgspec import UNSET

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.moments import When, parse_when
from testamur.core.people import Reference
from testamur.core.records import NewRecord, SameKey, SourceKey
from testamur.dialects.rise.translate import SOURCE
from testamur.dialects.rise.wire import completions as wire

_UTC = ZoneInfo("UTC")


def new_record(course: Reference, user: Reference, body: wire.ImportCompletion) -> NewRecord:
    """Raises InvalidInput with a fault for each date that is missing or cannot be read."""
    completed, started = _moment(body.completed_at, "completedAt"), _moment(body.started_at, "startedAt")
    if isinstance(completed, FieldFault) or isinstance(started, FieldFault):
        raise InvalidInput([fault for fault in (completed, started) if isinstance(fault, FieldFault)])
    return NewRecord(
        source=SOURCE,
        person=user,
        item=course,
        completed=completed,
        started_at=started.at,
        # The seed page: a single record for each course and user, whatever dates the calls carry.
        key=SourceKey(SOURCE, None, SameKey.REPLACE),
        enrols=True,
        needs_published=True,
        quiz_score=True,
    )


def _moment(value: Any, field: str) -> When | FieldFault:
    """An instant, also for a bare date: reports take the duration between the two."""
    if value is UNSET:
        return FieldFault(field, "missing", "is required")
    if not isinstance(value, str):
        return FieldFault(field, "type", "must be text: an ISO 8601 date-time")
    try:
        return When.instant(parse_when(value, naive_zone=_UTC).at)
    except ValueError as error:
        return FieldFault(field, "format", str(error))
