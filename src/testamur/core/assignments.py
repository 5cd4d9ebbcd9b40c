"""Assignments: the rule that everyone in an audience must complete something (section 5 of the compliance rules).

An edit is a dated revision (section 10): every version stays, so that a question about a day before the edit keeps its
answer.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from testamur.core.ids import Id
from testamur.core.people import Reference

COMPLETION_PERIOD_DEFAULT_DAYS = 30
PERIOD_MAX_DAYS = 36_500
"""A hundred years. Beyond it the due day leaves the calendar that dates can express."""
ALTERNATIVES_MAX = 1_000
VERSIONS_MAX = 250
"""Versions of one assignment: every reader of an enrolment goes through all of them."""


class Keep(Enum):
    """What an edit says about a setting that it leaves alone, where None is a value of its own."""

    KEEP = "keep"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAssignment:
    """An assignment to be made.

    Args:
        completion_period_days: 1 or more.
        recurrence_days: None and 0 both mean once; the value is given back unchanged (rule A1).
    """

    audience: Reference
    primary: Reference
    alternatives: tuple[Reference, ...] = ()
    hide_alternatives: bool = False
    completion_period_days: int = COMPLETION_PERIOD_DEFAULT_DAYS
    recurrence_days: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignmentEdit:
    """What of an assignment is to be another; None, or KEEP where None means once, leaves a setting alone.

    Args:
        audience: the audience the caller believes the assignment to be for; it is compared, never changed.
    """

    audience: Reference | None = None
    primary: Reference | None = None
    alternatives: tuple[Reference, ...] | None = None
    hide_alternatives: bool | None = None
    completion_period_days: int | None = None
    recurrence_days: int | Keep | None = Keep.KEEP


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

    @property
    def demands(self) -> bool:
        """Whether it asks anything of anybody."""
        return self.is_active and not self.is_deleted

    def accepts(self, item: Id) -> bool:
        """Whether completing `item` satisfies it."""
        return item == self.primary or item in self.alternatives
