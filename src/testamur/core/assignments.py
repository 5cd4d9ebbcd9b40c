"""Assignments: the rule that everyone in an audience must complete something (section 5 of the compliance rules)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from testamur.core.ids import Id
from testamur.core.people import Reference

COMPLETION_PERIOD_DEFAULT_DAYS = 30
PERIOD_MAX_DAYS = 36_500
"""A hundred years. Beyond it the due day leaves the calendar that dates can express."""
ALTERNATIVES_MAX = 1_000


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
class Assignment:
    """An assignment as stored."""

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
