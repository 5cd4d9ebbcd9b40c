"""Assignments and their versions."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from testamur.core.assignments import (
    ALTERNATIVES_MAX,
    CALENDAR_DAYS_MAX,
    COMPLETION_PERIOD_DEFAULT_DAYS,
    PERIOD_MAX_DAYS,
)
from testamur.core.compliance import Anchor, PriorCredit
from testamur.dialects.api.wire import Day, Moment, Named

Alternatives = Annotated[list[Named], Meta(max_length=ALTERNATIVES_MAX)]
Period = Annotated[int, Meta(ge=1, le=PERIOD_MAX_DAYS)]
Recurrence = Annotated[int, Meta(ge=0, le=PERIOD_MAX_DAYS, description="null and 0 both mean once")]
Days = Annotated[int, Meta(ge=0, le=PERIOD_MAX_DAYS)]
CalendarDay = Annotated[str, Meta(pattern="^[0-9]{2}-[0-9]{2}$", description="Month and day, such as 12-31")]
CalendarDays = Annotated[list[CalendarDay], Meta(max_length=CALENDAR_DAYS_MAX)]
Zone = Annotated[str, Meta(min_length=1, max_length=100, description="IANA name; null for the tenant's zone")]


class Renewal(Struct, kw_only=True):
    """How credit ends and is renewed.

    Args:
        renewal_window_days: before credit ends, the renewal opens.
        renewal_grace_days: after credit ends, the renewal is due; null for the completion period.
        anchor: what the end of credit is worked out from.
        calendar_days: the fixed days of the anchor `calendar`.
        minimum_credit_days: what is completed so close to a fixed day counts for the next; null for one day more than
            the window.
        prior_credit: which learning from before entry may satisfy the first cycle.
        has_notice_floor: an obligation that comes about through an edit leaves a completion period.
        zone: in which deadlines are days; null for the tenant's.
    """

    renewal_window_days: int
    renewal_grace_days: int | None
    anchor: Anchor
    calendar_days: list[CalendarDay]
    minimum_credit_days: int | None
    prior_credit: PriorCredit
    has_notice_floor: bool
    zone: str | None


class AssignmentVersion(Renewal, kw_only=True):
    """What an assignment said from one moment until the next version.

    Args:
        effective_on: the first day it acts, in the tenant's zone.
        recorded_at: when it became known.
        acts_at: the later of the two, as a moment.
        applies_to_open: whether it shortened what was open too.
    """

    number: int
    effective_on: Day
    recorded_at: Moment
    acts_at: Moment
    item: str
    alternatives: list[str]
    hide_alternatives: bool
    completion_period_days: int
    recurrence_days: int | None
    is_active: bool
    is_deleted: bool
    applies_to_open: bool


class Assignment(Renewal, kw_only=True):
    """An assignment as it stands. Paused, it is not active."""

    id: str
    audience: str
    item: str
    alternatives: list[str]
    hide_alternatives: bool
    completion_period_days: int
    recurrence_days: int | None
    is_active: bool
    created_at: Moment
    updated_at: Moment
    deleted_at: Moment | None


class AssignmentWithVersions(Assignment, kw_only=True):
    """An assignment with all that it ever said, oldest first."""

    versions: list[AssignmentVersion]


class CreateAssignment(Struct, kw_only=True, forbid_unknown_fields=True):
    """Everyone in the audience must complete the item, or one of its alternatives; from now on."""

    audience: Named
    item: Named
    alternatives: Alternatives = []
    hide_alternatives: bool = False
    completion_period_days: Period = COMPLETION_PERIOD_DEFAULT_DAYS
    recurrence_days: Recurrence | None = None
    renewal_window_days: Days = 0
    renewal_grace_days: Days | None = None
    anchor: Anchor = Anchor.COMPLETION
    calendar_days: CalendarDays = []
    minimum_credit_days: Period | None = None
    prior_credit: PriorCredit = PriorCredit.CURRENT
    has_notice_floor: bool = True
    zone: Zone | None = None


class ChangeAssignment(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the next version says otherwise. An assignment never changes its audience.

    Args:
        applies_to_open: a shorter completion period shortens first obligations that are open too; for this edit alone.
    """

    item: Named | UnsetType = UNSET
    alternatives: Alternatives | UnsetType | None = UNSET
    hide_alternatives: bool | UnsetType = UNSET
    completion_period_days: Period | UnsetType = UNSET
    recurrence_days: Recurrence | UnsetType | None = UNSET
    renewal_window_days: Days | UnsetType = UNSET
    renewal_grace_days: Days | UnsetType | None = UNSET
    anchor: Anchor | UnsetType = UNSET
    calendar_days: CalendarDays | UnsetType | None = UNSET
    minimum_credit_days: Period | UnsetType | None = UNSET
    prior_credit: PriorCredit | UnsetType = UNSET
    has_notice_floor: bool | UnsetType = UNSET
    zone: Zone | UnsetType | None = UNSET
    applies_to_open: bool = False
