"""What an assignment says from one day on: section 5 of the compliance rules."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from zoneinfo import ZoneInfo

from testamur.core.errors import FieldFault
from testamur.core.ids import Id

COMPLETION_PERIOD_DEFAULT_DAYS = 30


class Anchor(Enum):
    """How the end of credit is worked out (section 7)."""

    COMPLETION = "completion"
    EXPIRY = "expiry"
    CALENDAR = "calendar"


class PriorCredit(Enum):
    """Whether learning from before may satisfy the first cycle (rule O2)."""

    CURRENT = "current"
    ANY = "any"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """One version of an assignment: a dated revision (section 10), never changed once made.

    Args:
        number: of the version, from 1; it names the version in reasons. The highest of a day is the day's.
        since: first day from which this version is the one in force.
        effective_on: first day the assignment acts under it; None for `since`.
        completion_period_days: N.
        recurrence_days: R; None and 0 both mean once (rule A1), but under the anchor `calendar`, which needs no R.
        renewal_window_days: W.
        renewal_grace_days: G; None for N.
        minimum_credit_days: M; None for W + 1.
        calendar_days: (month, day) pairs, for the anchor `calendar`.
        applies_to_open: a shorter N moves open first obligations too (`apply = open`).
        zone: in which deadlines are days (rules D1 and D8).
        recorded_at: when it became known; None for always.
    """

    number: int
    since: date
    audience: Id
    primary: Id
    zone: ZoneInfo
    alternatives: tuple[Id, ...] = ()
    completion_period_days: int = COMPLETION_PERIOD_DEFAULT_DAYS
    recurrence_days: int | None = None
    renewal_window_days: int = 0
    renewal_grace_days: int | None = None
    anchor: Anchor = Anchor.COMPLETION
    calendar_days: tuple[tuple[int, int], ...] = ()
    minimum_credit_days: int | None = None
    prior_credit: PriorCredit = PriorCredit.CURRENT
    notice_floor: bool = True
    effective_on: date | None = None
    is_active: bool = True
    is_deleted: bool = False
    applies_to_open: bool = False
    recorded_at: datetime | None = None

    @property
    def grace_days(self) -> int:
        """G, which is N unless it is set (rule A2)."""
        return self.completion_period_days if self.renewal_grace_days is None else self.renewal_grace_days

    @property
    def least_credit_days(self) -> int:
        """M, which is W + 1 unless it is set."""
        return self.renewal_window_days + 1 if self.minimum_credit_days is None else self.minimum_credit_days

    @property
    def recurs(self) -> bool:
        """Whether credit ends at all (rule A1)."""
        return self.anchor is Anchor.CALENDAR or bool(self.recurrence_days)

    @property
    def items(self) -> tuple[Id, ...]:
        """Everything that satisfies it."""
        return (self.primary, *self.alternatives)

    def accepts(self, item: Id) -> bool:
        return item == self.primary or item in self.alternatives


def faults(settings: Settings) -> list[FieldFault]:
    """What of the settings is outside of its limits (section 5); empty when all is well."""
    found: list[FieldFault] = []

    def refuse(field: str, message: str) -> None:
        found.append(FieldFault(field, "range", message))

    window = settings.renewal_window_days
    if settings.completion_period_days < 1:
        refuse("completion_period", "must be 1 day or more")
    if settings.recurrence_days is not None and settings.recurrence_days < 0:
        refuse("recurrence", "must be none, 0 or a number of days")
    if window < 0 or (settings.anchor is not Anchor.CALENDAR and 0 < (settings.recurrence_days or 0) <= window):
        refuse("renewal_window", "must be 0 or more and shorter than the recurrence")
    if settings.grace_days < 0:
        refuse("renewal_grace", "must be 0 days or more")
    if settings.anchor is Anchor.CALENDAR:
        if not settings.calendar_days:
            refuse("calendar_days", "needs at least one day of the year")
        if settings.least_credit_days <= window:
            refuse("minimum_credit", "must be longer than the renewal window")
    if not all(_is_day_of_year(*day) for day in settings.calendar_days):
        refuse("calendar_days", "must be days of the year")
    if settings.primary in settings.alternatives:
        refuse("alternatives", "may not contain the primary")
    return found


def _is_day_of_year(month: int, day: int) -> bool:
    try:
        date(2024, month, day)
    except ValueError:
        return False
    return True
