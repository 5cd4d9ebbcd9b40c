"""Section 16 of the compliance rules: what an enrolment is called as an obligation."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from testamur.core.assignments import PERIOD_MAX_DAYS
from testamur.core.enrolments import Cause, Enrolment, EnrolmentStatus, Step
from testamur.core.errors import InvalidInput
from testamur.core.ids import new_id
from testamur.core.moments import When, parse_when
from testamur.core.obligations import (
    Assigned,
    NewPersonalAssignment,
    Obligation,
    ObligationStatus,
    Personal,
    due_at_of,
    obligation,
    period_days,
)
from testamur.core.people import Reference

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")
ITEM = Assigned(id=new_id(), kind="course", reference="FIRE-101")


def of(
    status: EnrolmentStatus,
    *,
    completed_at: datetime | None = None,
    started_at: datetime | None = None,
    personal: Personal | None = None,
) -> Obligation:
    made_at = NOW - timedelta(30)
    enrolment = Enrolment(
        id=new_id(),
        assignment=new_id(),
        person=new_id(),
        audience=new_id(),
        primary=ITEM.id,
        status=status,
        available_at=made_at,
        due_on=NOW.date(),
        due_at=NOW + timedelta(hours=1),
        last_completed_at=completed_at,
        history=(Step(Cause.ASSIGNED, None, EnrolmentStatus.UNASSIGNED, status, made_at, made_at),),
        updated_at=made_at,
    )
    return obligation(enrolment, ITEM, personal=personal, started_at=started_at, credit=None, now=NOW)


def personal(**values: Any) -> Personal:
    said = {
        "reference": None,
        "assigned_at": NOW,
        "due_at": None,
        "is_started": False,
        "progress_percent": None,
        "extra": None,
    }
    return Personal(**(said | values))


BEFORE = NOW - timedelta(400)


@pytest.mark.parametrize(
    ("status", "completed_at", "started_at", "expected"),
    [
        (EnrolmentStatus.SCHEDULED, None, None, ObligationStatus.SCHEDULED),
        (EnrolmentStatus.SCHEDULED, BEFORE, None, ObligationStatus.COMPLETED),
        (EnrolmentStatus.OPEN, None, None, ObligationStatus.NOT_STARTED),
        (EnrolmentStatus.OPEN, None, BEFORE, ObligationStatus.IN_PROGRESS),
        (EnrolmentStatus.OPEN, BEFORE, None, ObligationStatus.RENEWAL_DUE),
        (EnrolmentStatus.OPEN, BEFORE, NOW, ObligationStatus.IN_PROGRESS),
        (EnrolmentStatus.OVERDUE, None, BEFORE, ObligationStatus.OVERDUE),
        (EnrolmentStatus.OVERDUE, BEFORE, None, ObligationStatus.EXPIRED),
        (EnrolmentStatus.COMPLETE, BEFORE, None, ObligationStatus.COMPLETED),
        (EnrolmentStatus.ARCHIVED, BEFORE, None, ObligationStatus.WITHDRAWN),
    ],
)
def test_each_status_has_its_word(
    status: EnrolmentStatus, completed_at: datetime | None, started_at: datetime | None, expected: ObligationStatus
) -> None:
    found = of(status, completed_at=completed_at, started_at=started_at)
    assert found.status is expected
    is_completed = expected is ObligationStatus.COMPLETED
    assert (found.completed_at, found.progress_percent) == ((BEFORE, Decimal(100)) if is_completed else (None, None))
    assert found.is_started == (started_at is not None and not is_completed)


def test_a_deadline_of_ones_own_is_a_moment_and_wins_over_the_day() -> None:
    assert of(EnrolmentStatus.OPEN, personal=personal()).due_at is None
    late = of(EnrolmentStatus.OPEN, personal=personal(due_at=NOW - timedelta(seconds=1)))
    assert (late.status, late.updated_at) == (ObligationStatus.OVERDUE, NOW - timedelta(seconds=1))
    assert of(EnrolmentStatus.OPEN, personal=personal(due_at=NOW)).status is ObligationStatus.NOT_STARTED


def new(due: str | None, assigned_at: datetime | None = None) -> NewPersonalAssignment:
    return NewPersonalAssignment(
        person=Reference("ada"),
        item=Reference("x", (), "item"),
        due=None if due is None else parse_when(due),
        assigned_at=assigned_at,
    )


def test_a_bare_day_ends_where_the_tenant_is() -> None:
    """Rule D5."""
    assert due_at_of(new("2025-06-10"), LONDON, NOW) == datetime(2025, 6, 10, 22, 59, 59, tzinfo=UTC)
    assert due_at_of(new("2025-06-10T08:00:00Z"), LONDON, NOW) == datetime(2025, 6, 10, 8, tzinfo=UTC)
    assert due_at_of(new(None), LONDON, NOW) is None


@pytest.mark.parametrize(
    ("due_at", "days"),
    [
        (None, PERIOD_MAX_DAYS),
        (NOW - timedelta(3), 1),
        (NOW, 1),
        (NOW + timedelta(9), 9),
        (datetime(2025, 6, 10, 23, 30, tzinfo=UTC), 10),
    ],
)
def test_a_deadline_is_a_completion_period_of_whole_days(due_at: datetime | None, days: int) -> None:
    assert period_days(due_at, LONDON, NOW) == days


@pytest.mark.parametrize("due", ["9998-01-01T00:00:00Z", "0003-01-01", "2025-06-01T00:00:00Z"])
def test_a_deadline_that_cannot_be_is_refused(due: str) -> None:
    with pytest.raises(InvalidInput, match="due_date"):
        due_at_of(new(due, assigned_at=NOW), LONDON, NOW)


def test_what_is_said_again_is_told_by_its_digest() -> None:
    def said(**values: Any) -> bytes:
        return NewPersonalAssignment(person=Reference("a"), item=Reference("b"), **values).digest()

    moment = When.instant(NOW)
    assert said(progress_percent=Decimal("40.0")) == said(progress_percent=Decimal(40))
    different = [said(), said(is_started=True), said(due=moment), said(due=When.day(NOW.date())), said(reference="x")]
    assert len(set(different)) == len(different)
