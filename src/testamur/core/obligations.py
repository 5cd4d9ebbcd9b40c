"""Obligations: what one person has to complete, under an assignment of an audience or by name.

Until obligations are kept, each is read off the person's enrolment in the assignment: one for each person and
assignment. The words are those of the compliance rules (section 2), and section 16 says how other vocabularies say
them.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from testamur.core.assignments import PERIOD_MAX_DAYS
from testamur.core.enrolments import Cause, Enrolment, EnrolmentStatus
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.moments import Precision, When, format_instant
from testamur.core.people import Reference

REFERENCE_MAX = 500
_REACH = timedelta(PERIOD_MAX_DAYS)


class ObligationStatus(Enum):
    """Where a person stands with what she has to complete."""

    SCHEDULED = "scheduled"
    NOT_STARTED = "not_started"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    RENEWAL_DUE = "renewal_due"
    """Completed before, and to be completed again."""
    OVERDUE = "overdue"
    EXPIRED = "expired"
    """Overdue with a history: credit was held before."""
    WITHDRAWN = "withdrawn"
    """Nothing is asked of her any more."""


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


@dataclass(frozen=True, slots=True, kw_only=True)
class Credit:
    """What is known of the completion that an obligation rests on."""

    passed: bool | None
    certificate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """The learning object that is to be completed."""

    id: Id
    kind: str
    reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Obligation:
    """What one person has to complete, and where she stands with it.

    Args:
        assignment, person: the two together name it.
        is_started: she began and is not done.
        due_at: the last moment in time.
        completed_at, passed, certificate: of the completion it rests on; None while it is not completed.
        progress_percent: 0 to 100, None when nobody said.
        created_at, updated_at: by the second clock: when it became known, and when anything of it last changed.
    """

    assignment: Id
    person: Id
    item: Assigned
    status: ObligationStatus
    is_started: bool
    assigned_at: datetime
    due_at: datetime | None
    progress_percent: Decimal | None
    completed_at: datetime | None
    passed: bool | None
    certificate: str | None
    reference: str | None
    extra: dict[str, Any] | None
    created_at: datetime
    updated_at: datetime


def obligation(
    enrolment: Enrolment,
    item: Assigned,
    *,
    personal: Personal | None,
    started_at: datetime | None,
    credit: Credit | None,
    now: datetime,
) -> Obligation:
    """An enrolment, said as the obligation it stands for.

    Args:
        personal: what was said of it, when it was assigned by name. Its deadline is a moment and wins over the day.
        started_at: since when a record says that the person began; None without one.
        credit: of the last completion that counts.
    """
    due_at = enrolment.due_at if personal is None else personal.due_at
    status = _status(enrolment, started_at is not None or (personal is not None and personal.is_started), due_at, now)
    is_completed = status is ObligationStatus.COMPLETED
    is_started = not is_completed and (started_at is not None or (personal is not None and personal.is_started))
    progress = personal.progress_percent if personal else None
    # Falling due by a moment of its own is a change that no step of the enrolment tells.
    fell_due_at = due_at if personal and status is ObligationStatus.OVERDUE else None
    changes = [enrolment.updated_at, started_at, fell_due_at]
    return Obligation(
        assignment=enrolment.assignment,
        person=enrolment.person,
        item=item,
        status=status,
        is_started=is_started,
        assigned_at=personal.assigned_at if personal else _assigned_at(enrolment),
        due_at=due_at,
        progress_percent=Decimal(100) if is_completed else progress,
        completed_at=enrolment.last_completed_at if is_completed else None,
        passed=credit.passed if is_completed and credit else None,
        certificate=credit.certificate if is_completed and credit else None,
        reference=personal.reference if personal else None,
        extra=personal.extra if personal else None,
        created_at=enrolment.history[0].known_at,
        updated_at=max(at for at in changes if at is not None),
    )


def due_at_of(new: NewPersonalAssignment, zone: ZoneInfo, now: datetime) -> datetime | None:
    """The last moment in time: of a bare day 23:59:59 on it (rule D5).

    Raises: InvalidInput when it lies before the assignment, or further ahead than a completion period can reach.
    """
    if new.due is None:
        return None
    if not now - _REACH < new.due.at < now + _REACH:
        raise InvalidInput(FieldFault("due_date", "range", f"must lie within {PERIOD_MAX_DAYS} days"))
    due_at = new.due.at
    if new.due.precision is Precision.DAY:
        due_at = datetime.combine(due_at.date(), time(23, 59, 59), zone).astimezone(UTC)
    if new.assigned_at is not None and due_at < new.assigned_at:
        raise InvalidInput(FieldFault("due_date", "order", "may not be before the assignment"))
    return due_at


def period_days(due_at: datetime | None, zone: ZoneInfo, now: datetime) -> int:
    """The completion period from now to a due day; without a deadline as long as there is."""
    if due_at is None:
        return PERIOD_MAX_DAYS
    return max(1, (due_at.astimezone(zone).date() - now.astimezone(zone).date()).days)


def _status(enrolment: Enrolment, is_started: bool, due_at: datetime | None, now: datetime) -> ObligationStatus:
    has_history = enrolment.last_completed_at is not None
    is_late = enrolment.status is EnrolmentStatus.OVERDUE or (due_at is not None and due_at < now)
    match enrolment.status:
        case EnrolmentStatus.ARCHIVED | EnrolmentStatus.UNASSIGNED:
            return ObligationStatus.WITHDRAWN
        case EnrolmentStatus.COMPLETE:
            return ObligationStatus.COMPLETED
        case EnrolmentStatus.SCHEDULED:
            # Completed, and a renewal is planned; or the wait for joining.
            return ObligationStatus.COMPLETED if has_history else ObligationStatus.SCHEDULED
    if is_late:
        return ObligationStatus.EXPIRED if has_history else ObligationStatus.OVERDUE
    if is_started:
        return ObligationStatus.IN_PROGRESS
    return ObligationStatus.RENEWAL_DUE if has_history else ObligationStatus.NOT_STARTED


def _assigned_at(enrolment: Enrolment) -> datetime:
    steps = enrolment.history
    return next((step.at for step in steps if step.cause is Cause.ASSIGNED), steps[0].at)
