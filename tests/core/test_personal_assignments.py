"""Deadlines of what one person is assigned by name."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from testamur.core.assignments import PERIOD_MAX_DAYS
from testamur.core.errors import InvalidInput
from testamur.core.moments import When, parse_when
from testamur.core.people import Reference
from testamur.core.personal_assignments import NewPersonalAssignment, due_at_of, period_days

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
LONDON = ZoneInfo("Europe/London")


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
