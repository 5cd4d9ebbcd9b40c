"""Assignments: the rule that everyone in an audience must complete something (section 5 of the compliance rules).

An edit is a dated revision (section 10): every version stays, so that a question about a day before the edit keeps its
answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from zoneinfo import ZoneInfo

from testamur.core.compliance.settings import COMPLETION_PERIOD_DEFAULT_DAYS as COMPLETION_PERIOD_DEFAULT_DAYS
from testamur.core.compliance.settings import Anchor, PriorCredit, Settings
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.people import Reference

PERIOD_MAX_DAYS = 36_500
"""A hundred years. Beyond it the due day leaves the calendar that dates can express."""
ALTERNATIVES_MAX = 1_000
CALENDAR_DAYS_MAX = 366
VERSIONS_MAX = 250
"""Versions of one assignment: every line is worked out through all of them."""


class Keep(Enum):
    """What an edit says about a setting that it leaves alone, where None is a value of its own."""

    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAssignment:
    """An assignment to be made.

    Args:
        completion_period_days: 1 or more.
        recurrence_days: None and 0 both mean once; the value is given back unchanged (rule A1).
        renewal_window_days: 0 or more, and less than a recurrence.
        renewal_grace_days: None for the completion period.
        calendar_days: (month, day) pairs, at least one for the anchor `calendar`.
        minimum_credit_days: more than the renewal window; None for one day more.
        zone: IANA name, None for the tenant's (rule D8).
    """

    audience: Reference
    primary: Reference
    alternatives: tuple[Reference, ...] = ()
    hide_alternatives: bool = False
    completion_period_days: int = COMPLETION_PERIOD_DEFAULT_DAYS
    recurrence_days: int | None = None
    renewal_window_days: int = 0
    renewal_grace_days: int | None = None
    anchor: Anchor = Anchor.COMPLETION
    calendar_days: tuple[tuple[int, int], ...] = ()
    minimum_credit_days: int | None = None
    prior_credit: PriorCredit = PriorCredit.CURRENT
    has_notice_floor: bool = True
    zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentEdit:
    """What of an assignment is to be another; None, or KEEP where None means once, leaves a setting alone.

    Args:
        audience: the audience the caller believes the assignment to be for; it is compared, never changed.
        applies_to_open: this edit reaches open obligations harder (below rule E12). It holds for this edit alone.
    """

    audience: Reference | None = None
    primary: Reference | None = None
    alternatives: tuple[Reference, ...] | None = None
    hide_alternatives: bool | None = None
    completion_period_days: int | None = None
    recurrence_days: int | Keep | None = Keep.KEEP
    renewal_window_days: int | None = None
    renewal_grace_days: int | Keep | None = Keep.KEEP
    anchor: Anchor | None = None
    calendar_days: tuple[tuple[int, int], ...] | None = None
    minimum_credit_days: int | Keep | None = Keep.KEEP
    prior_credit: PriorCredit | None = None
    has_notice_floor: bool | None = None
    zone: str | Keep | None = Keep.KEEP
    applies_to_open: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """An assignment as it stands: what its last version says."""

    id: Id
    audience: Id
    primary: Id
    alternatives: tuple[Id, ...]
    hide_alternatives: bool
    completion_period_days: int
    recurrence_days: int | None
    is_active: bool
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    renewal_window_days: int = 0
    renewal_grace_days: int | None = None
    anchor: Anchor = Anchor.COMPLETION
    calendar_days: tuple[tuple[int, int], ...] = ()
    minimum_credit_days: int | None = None
    prior_credit: PriorCredit = PriorCredit.CURRENT
    has_notice_floor: bool = True
    zone: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentVersion:
    """What an assignment said from one moment until the next version. A fact: never changed once written.

    Args:
        number: 1 for the assignment as it was made.
        effective_on: the first day it acts, in the tenant's zone. The last version of a day is the day's.
        recorded_at: when it became known.
        acts_at: the moment from which it acts: the later of the two.
        is_active: False while the assignment is paused (rule E10).
        is_deleted: obligations end, everything stays readable (rule E11).
    """

    number: int
    effective_on: date
    recorded_at: datetime
    acts_at: datetime
    audience: Id
    primary: Id
    alternatives: tuple[Id, ...]
    hide_alternatives: bool
    completion_period_days: int
    recurrence_days: int | None
    is_active: bool
    is_deleted: bool
    renewal_window_days: int = 0
    renewal_grace_days: int | None = None
    anchor: Anchor = Anchor.COMPLETION
    calendar_days: tuple[tuple[int, int], ...] = ()
    minimum_credit_days: int | None = None
    prior_credit: PriorCredit = PriorCredit.CURRENT
    has_notice_floor: bool = True
    applies_to_open: bool = False
    zone: str | None = None


def check_settings(settings: Settings, *, zone: str | None, named: tuple[str, ...] = ()) -> None:
    """Hold settings to the limits of section 5.

    Args:
        zone: as the caller wrote it.
        named: settings that the caller spoke of; where two do not go together, one of these is blamed.

    Raises: InvalidInput naming each setting that is outside of its limits.
    """
    faults = []

    def refuse(field: str, message: str, code: str = "range") -> None:
        faults.append(FieldFault(field, code, message))

    window, recurs = settings.renewal_window_days, settings.recurrence_days or 0
    for field, value, least in (
        ("completion_period_days", settings.completion_period_days, 1),
        ("recurrence_days", settings.recurrence_days, 0),
        ("renewal_window_days", window, 0),
        ("renewal_grace_days", settings.renewal_grace_days, 0),
        ("minimum_credit_days", settings.minimum_credit_days, 1),
    ):
        if value is not None and not least <= value <= PERIOD_MAX_DAYS:
            refuse(field, f"must be from {least} to {PERIOD_MAX_DAYS} days")
    if settings.anchor is not Anchor.CALENDAR and 0 < recurs <= window:
        field = "recurrence_days" if "recurrence_days" in named and "renewal_window_days" not in named else ""
        refuse(field or "renewal_window_days", "the renewal window must be shorter than the recurrence")
    if settings.minimum_credit_days is not None and settings.minimum_credit_days <= window:
        refuse("minimum_credit_days", "must be longer than the renewal window")
    if settings.anchor is Anchor.CALENDAR and not settings.calendar_days:
        refuse("calendar_days", "needs at least one day of the year", "missing")
    if len(settings.calendar_days) > CALENDAR_DAYS_MAX or len(set(settings.calendar_days)) < len(
        settings.calendar_days
    ):
        refuse("calendar_days", f"must be {CALENDAR_DAYS_MAX} different days at most")
    for place, (month, day) in enumerate(settings.calendar_days):
        if not is_day_of_year(month, day):
            refuse(f"calendar_days[{place}]", "is no day of the year", "format")
    if zone is not None:
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError, OSError):
            refuse("zone", f"is no IANA time zone: {zone!r}", "format")
    if faults:
        raise InvalidInput(faults)


def is_day_of_year(month: int, day: int) -> bool:
    """Whether a year has this day; 29 February is one."""
    try:
        date(2024, month, day)
    except ValueError:
        return False
    return True
