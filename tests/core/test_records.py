"""Records: times that cannot be."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest

from testamur.core.errors import InvalidInput
from testamur.core.moments import When
from testamur.core.records import NewRecord, check_times

NOW = datetime(2025, 6, 1, 12, tzinfo=UTC)
MILLISECOND = timedelta(milliseconds=1)


def check(completed: When | None, started_at: datetime | None = None) -> None:
    new = NewRecord(source="tests", completed=completed, started_at=started_at)
    check_times(new, NOW, completed_field="completedAt", started_field="startedAt")


@pytest.mark.parametrize(
    "completed",
    [
        When.instant(NOW),
        When.instant(NOW + timedelta(hours=24)),
        When.instant(datetime(2, 1, 1, tzinfo=UTC)),
        When.day(date(2025, 6, 1)),
        When.day(date(2025, 6, 2)),
        None,
    ],
    ids=str,
)
def test_d6_a_completion_up_to_a_day_ahead_is_taken_as_skew(completed: When | None) -> None:
    check(completed)


@pytest.mark.parametrize(
    "completed",
    [When.instant(NOW + timedelta(hours=24) + MILLISECOND), When.day(date(2025, 6, 3)), When.day(date(9998, 12, 31))],
    ids=str,
)
def test_d6_a_completion_over_a_day_ahead_is_refused_naming_the_callers_field(completed: When) -> None:
    with pytest.raises(InvalidInput) as raised:
        check(completed)
    (fault,) = raised.value.faults
    assert (fault.field, fault.code) == ("completedAt", "future")


@pytest.mark.parametrize("started_at", [NOW, NOW - MILLISECOND, datetime(2, 1, 1, tzinfo=UTC)], ids=str)
def test_f7_a_start_up_to_the_completion_is_taken(started_at: datetime) -> None:
    check(When.instant(NOW), started_at)


def test_f7_a_start_after_the_completion_is_refused_naming_the_callers_field() -> None:
    with pytest.raises(InvalidInput) as raised:
        check(When.instant(NOW), NOW + MILLISECOND)
    (fault,) = raised.value.faults
    assert (fault.field, fault.code) == ("startedAt", "order")


def test_f4_a_plan_may_start_whenever_it_likes() -> None:
    """Without a completion there is nothing that a start could come after, and plans lie in the future."""
    check(None, NOW + timedelta(days=365))


def test_f7_a_start_on_the_day_of_a_bare_day_is_taken() -> None:
    """Rule D7: a bare day is held as midnight, but it does not say that the course ended at midnight."""
    check(When.day(date(2025, 6, 1)), datetime(2025, 6, 1, 9, tzinfo=UTC))
    with pytest.raises(InvalidInput):
        check(When.day(date(2025, 5, 31)), datetime(2025, 6, 1, 15, tzinfo=UTC))
