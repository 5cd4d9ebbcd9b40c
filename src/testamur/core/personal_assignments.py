"""What one person is assigned by name, with a deadline of its own."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from testamur.core.assignments import PERIOD_MAX_DAYS
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.moments import Precision, When, format_instant
from testamur.core.people import Reference

REFERENCE_MAX = 500
_REACH = timedelta(PERIOD_MAX_DAYS)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPersonalAssignment:
    """Something that one person is to complete.

    Args:
        reference: the caller's own key of it.
        assigned_at: when it was assigned; the moment of receipt when nobody says.
        due: the last moment, or the last day, in time; None for no deadline.
        is_started: whether she began already.
        progress_percent: 0 to 100.
        extra: what only the source's own vocabulary knows, kept as it came.
    """

    person: Reference
    item: Reference
    reference: str | None = None
    assigned_at: datetime | None = None
    due: When | None = None
    is_started: bool = False
    progress_percent: Decimal | None = None
    extra: dict[str, Any] | None = None

    def __post_init__(self) -> None:
        if self.reference is not None and not 1 <= len(self.reference) <= REFERENCE_MAX:
            message = f"must have 1 to {REFERENCE_MAX} characters"
            raise InvalidInput(FieldFault("external_reference", "range", message))
        if self.progress_percent is not None and not 0 <= self.progress_percent <= 100:
            raise InvalidInput(FieldFault("progress", "range", "must be 0 to 100"))

    def digest(self) -> bytes:
        """What is said besides who and what, SHA-256: said again it is a repeat."""
        said = (
            self.reference,
            self.assigned_at and format_instant(self.assigned_at),
            self.due and (format_instant(self.due.at), self.due.precision.value),
            self.is_started,
            None if self.progress_percent is None else str(self.progress_percent.normalize()),
        )
        return hashlib.sha256(repr(said).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Personal:
    """What was said when something was assigned to one person by name."""

    reference: str | None
    assigned_at: datetime
    due_at: datetime | None
    is_started: bool
    progress_percent: Decimal | None
    extra: dict[str, Any] | None
    made_at: datetime

    def due_on(self, zone: ZoneInfo) -> date:
        """The due day that was worked out from it when it was made."""
        return self.made_at.astimezone(zone).date() + timedelta(period_days(self.due_at, zone, self.made_at))


def due_at_of(new: NewPersonalAssignment, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The last moment in time: of a bare day 23:59:59 on it (rule D5).

    Raises: InvalidInput when it lies before the assignment, or further ahead than a completion period can reach.
    """
    if new.due is None:
        return None
    due_at = last_moment(new.due, zone, now, "due_date")
    if new.assigned_at is not None and due_at < new.assigned_at:
        raise InvalidInput(FieldFault("due_date", "order", "may not be before the assignment"))
    return due_at


def last_moment(due: When, zone: ZoneInfo, now: datetime, field: str) -> datetime:
    """The last moment in time of a deadline: of a bare day 23:59:59 on it (rule D5).

    Raises: InvalidInput naming the field when it is further away than a completion period can reach.
    """
    if not now - _REACH < due.at < now + _REACH:
        raise InvalidInput(FieldFault(field, "range", f"must lie within {PERIOD_MAX_DAYS} days"))
    if due.precision is Precision.DAY:
        return datetime.combine(due.at.date(), time(23, 59, 59), zone).astimezone(UTC)
    return due.at


def period_days(due_at: datetime | None, zone: ZoneInfo, now: datetime) -> int:
    """The completion period from now to a due day; without a deadline as long as there is."""
    if due_at is None:
        return PERIOD_MAX_DAYS
    return max(1, (due_at.astimezone(zone).date() - now.astimezone(zone).date()).days)
