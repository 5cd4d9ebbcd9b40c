"""Calendar days as the engine counts them: ordinals of `date`, so that a day is an int (rules D1 to D5)."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from zoneinfo import ZoneInfo

FOREVER = date.max.toordinal()
"""The day that never comes: credit that never ends, a duty that never opens. Sums stop here."""


def plus(day: int, days: int) -> int:
    """`days` calendar days later (rule D2); never later than FOREVER."""
    return min(day + days, FOREVER)


date_of = date.fromordinal
"""The date of an ordinal that is a day."""


def to_date(day: int) -> date | None:
    """The date of an ordinal; None for FOREVER."""
    return None if day >= FOREVER else date_of(day)


def fixed_day_from(day: int, fixed: Sequence[tuple[int, int]]) -> int:
    """The first fixed (month, day) on or after `day`. 29 February is the 28th in years without one."""
    year = date_of(day).year
    for candidate_year in (year, year + 1):
        if candidate_year > date.max.year:
            break
        candidates = [_in_year(candidate_year, month, number).toordinal() for month, number in fixed]
        later = [candidate for candidate in candidates if candidate >= day]
        if later:
            return min(later)
    return FOREVER


def fixed_days_between(day: int, until: int, fixed: Sequence[tuple[int, int]]) -> int:
    """How many fixed (month, day) there are from `day` up to, not including, `until`."""
    return _fixed_days_before(until, fixed) - _fixed_days_before(day, fixed)


def _fixed_days_before(day: int, fixed: Sequence[tuple[int, int]]) -> int:
    year = date.fromordinal(day).year
    leap, common = (len({_in_year(kind, *one) for one in fixed}) for kind in (2024, 2023))
    years = year - 1
    leap_years = years // 4 - years // 100 + years // 400
    so_far = {_in_year(year, *one) for one in fixed}
    return leap_years * leap + (years - leap_years) * common + sum(one.toordinal() < day for one in so_far)


def _in_year(year: int, month: int, number: int) -> date:
    try:
        return date(year, month, number)
    except ValueError:
        return date(year, month, 28)


def start_of(day: date, zone: ZoneInfo) -> datetime:
    """The first instant of a local day, in UTC. Of the first day of all it may lie before what a moment can say."""
    try:
        return datetime.combine(day, time(), zone).astimezone(UTC)
    except OverflowError:
        return datetime.min.replace(tzinfo=UTC)
