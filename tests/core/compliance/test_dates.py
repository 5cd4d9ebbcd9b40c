"""Rules D: days and dates."""

from __future__ import annotations

from datetime import datetime
from zoneinfo import ZoneInfo

from testamur.core.compliance.days import fixed_day_from, fixed_days_between
from tests.core.compliance.stories import S, day, done, edit, member, on, settings, told


def test_d3_d8_on_the_first_day_of_a_zone_the_new_zone_counts() -> None:
    moved = edit(S, "2025-03-01", zone=ZoneInfo("Australia/Sydney"))
    facts = told(S, moved, done("2025-03-01T20:00:00+00:00"))
    assert on(facts, "2025-03-03").last_completed_on == day("2025-03-02")
    back = edit(settings(zone=ZoneInfo("Australia/Sydney")), "2025-03-01", zone=ZoneInfo("America/New_York"))
    early = told(settings(zone=ZoneInfo("Australia/Sydney")), back, done("2025-02-28T14:00:00+00:00"))
    assert on(early, "2025-03-03").last_completed_on == day("2025-03-01")


def test_d5_due_at_is_the_first_instant_that_is_too_late_in_the_zone() -> None:
    summer = on(told(S, member("2025-06-17")), "2025-06-17")
    assert summer.due_at == datetime.fromisoformat("2025-07-17T23:00:00+00:00")
    assert (summer.days_left(day("2025-07-16")), summer.days_left(day("2025-07-18"))) == (1, None)


def test_d8_a_zone_is_an_edit_and_earlier_days_keep_theirs() -> None:
    late = done("2025-02-09T23:30:00+00:00")
    moved = edit(S, "2025-03-01", zone=ZoneInfo("Australia/Sydney"))
    assert on(told(S, late, moved), "2025-02-09").is_on_time
    moved = edit(S, "2025-02-01", zone=ZoneInfo("Australia/Sydney"))
    assert not on(told(S, late, moved), "2025-02-10").is_on_time


def test_fixed_days_are_counted_with_leap_days_once() -> None:
    both = ((2, 28), (2, 29), (12, 31))
    for since, until, count in [
        ("2025-01-01", "2026-01-01", 2),
        ("2024-01-01", "2025-01-01", 3),
        ("2024-02-29", "2024-02-29", 0),
        ("2024-02-29", "2024-03-01", 1),
        ("2000-01-01", "2100-01-01", 225),
        ("1900-01-01", "2000-01-01", 224),
        ("0001-01-01", "2001-01-01", 2000 * 2 + 485),
    ]:
        assert fixed_days_between(day(since).toordinal(), day(until).toordinal(), both) == count


def test_a_leap_day_is_the_28th_in_other_years() -> None:
    assert fixed_day_from(day("2025-02-01").toordinal(), ((2, 29),)) == day("2025-02-28").toordinal()
    assert fixed_day_from(day("2028-02-29").toordinal(), ((2, 29),)) == day("2028-02-29").toordinal()
