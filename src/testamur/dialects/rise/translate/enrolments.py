"""Enrolments in courses and learning paths."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from msgspec import UNSET

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.moments import parse_when
from testamur.core.people import KEEP
from testamur.dialects.rise.wire import enrolments as wire
from testamur.ledger.enrolling import Due

DUE = "dueAt"
_UTC = ZoneInfo("UTC")


def due(body: wire.Enrol | None) -> Due:
    """The due date of a body; of none, and of one without a date, what was said before. Raises InvalidInput."""
    if body is None or body.due_at is UNSET:
        return KEEP
    if body.due_at is None:
        return None
    if not isinstance(body.due_at, str):
        raise InvalidInput(FieldFault(DUE, "type", "must be text: an ISO 8601 date or date-time"))
    try:
        return parse_when(body.due_at, naive_zone=_UTC)
    except ValueError as error:
        raise InvalidInput(FieldFault(DUE, "format", str(error))) from error
