"""Assignments and their versions."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from testamur.core.assignments import ALTERNATIVES_MAX, COMPLETION_PERIOD_DEFAULT_DAYS, PERIOD_MAX_DAYS
from testamur.dialects.api.wire import Day, Moment, Named

Alternatives = Annotated[list[Named], Meta(max_length=ALTERNATIVES_MAX)]
Period = Annotated[int, Meta(ge=1, le=PERIOD_MAX_DAYS)]
Recurrence = Annotated[int, Meta(ge=0, le=PERIOD_MAX_DAYS, description="null and 0 both mean once")]


class AssignmentVersion(Struct, kw_only=True):
    """What an assignment said from one moment until the next version.

    Args:
        effective_on: the first day it acts, in the tenant's zone.
        recorded_at: when it became known.
        acts_at: the later of the two, as a moment.
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


class Assignment(Struct, kw_only=True):
    """An assignment as it stands."""

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


class ChangeAssignment(Struct, kw_only=True, forbid_unknown_fields=True):
    """What the next version says otherwise. An assignment never changes its audience."""

    item: Named | UnsetType = UNSET
    alternatives: Alternatives | UnsetType | None = UNSET
    hide_alternatives: bool | UnsetType = UNSET
    completion_period_days: Period | UnsetType = UNSET
    recurrence_days: Recurrence | UnsetType | None = UNSET
