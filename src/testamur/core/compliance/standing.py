"""What the engine answers: steps of standing, obligations, and the timeline that holds both (sections 6 and 8)."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from zoneinfo import ZoneInfo

from testamur.core.compliance.days import fixed_days_between, start_of
from testamur.core.ids import Id

Reason = tuple[str, Id | int | None]
"""The number of a rule, and the fact it was applied to: an id, or the number of a version of the assignment."""


class Status(Enum):
    """Where a person stands with an assignment on a day (section 8)."""

    WITHDRAWN = "withdrawn"
    EXEMPT = "exempt"
    SCHEDULED = "scheduled"
    COMPLETED = "completed"
    RENEWAL_DUE = "renewal_due"
    EXPIRED = "expired"
    OVERDUE = "overdue"
    IN_PROGRESS = "in_progress"
    NOT_STARTED = "not_started"


NOT_COUNTED = frozenset({Status.WITHDRAWN, Status.EXEMPT, Status.SCHEDULED})
IN_BREACH = frozenset({Status.EXPIRED, Status.OVERDUE})


class CreditState(Enum):
    """Whether a qualifying completion counts on a day."""

    VALID = "valid"
    LAPSED = "lapsed"
    NEVER = "never"


class Outcome(Enum):
    """How an obligation ended (rule O7)."""

    OPEN = "open"
    SATISFIED = "satisfied"
    WITHDRAWN = "withdrawn"
    RESCHEDULED = "rescheduled"


class SatisfiedBy(Enum):
    """What satisfied an obligation (rule O8)."""

    PRIMARY = "primary"
    ALTERNATIVE = "alternative"
    PRIOR = "prior"
    EQUIVALENCY = "equivalency"


@dataclass(slots=True, kw_only=True)
class Obligation:
    """One person's duty for one cycle. Kept for ever, with the reason for its end (rule O7).

    Args:
        ended_on: the day it ended; None while open.
        satisfied_on: the day of the completion, which is earlier than `ended_on` where an edit let it count (E6).
        is_on_time: None unless satisfied.
        days_late: of a satisfied obligation; days away are left out (rule M4).
    """

    line: int
    cycle: int
    opens_on: date
    due_on: date | None
    outcome: Outcome = Outcome.OPEN
    ended_on: date | None = None
    satisfied_by: Id | None = None
    satisfied_how: SatisfiedBy | None = None
    satisfied_on: date | None = None
    is_on_time: bool | None = None
    days_late: int = 0


@dataclass(slots=True)
class Step:
    """Where the person stands from `since` up to, not including, `until`. Treat as immutable.

    Args:
        until: None for the last, which has no end.
        credit_ends_on: last day of credit; None for credit that never ends, and without any.
        line: 1 for the first entry, 0 before it.
        cycle: of the open obligation, or of the next one.
        opens_on, due_on: of that obligation; None when there will be none.
        started_on: first progress since the obligation opened; None before.
        satisfied_by, satisfied_how, is_on_time: of the last obligation of this line that was satisfied.
        late_days: days past due on `since`, days away left out (rule M4); 0 while not past due.
        missed_cycles: fixed calendar days that passed while past due, as far as `since` (rule O4); see `missed_on`.
        is_impossible: an obligation is open and nothing that would satisfy it is offered any longer (rule V7).
        because: what the answer rests on.
        zone: in which the days are days.
        fixed_days: (month, day) pairs that count as missed when they pass within this step.
    """

    since: date
    until: date | None
    status: Status
    credit: CreditState
    credit_ends_on: date | None
    line: int
    cycle: int
    opens_on: date | None
    due_on: date | None
    last_completed_on: date | None
    started_on: date | None
    satisfied_by: Id | None
    satisfied_how: SatisfiedBy | None
    is_on_time: bool | None
    late_days: int
    missed_cycles: int
    is_impossible: bool
    because: tuple[Reason, ...]
    zone: ZoneInfo
    fixed_days: tuple[tuple[int, int], ...] = ()

    @property
    def started(self) -> bool:
        return self.started_on is not None

    @property
    def due_at(self) -> datetime | None:
        """The first instant that is too late, in UTC (rule D5)."""
        return None if self.due_on is None else start_of(self.due_on + timedelta(1), self.zone)

    def days_late(self, day: date) -> int:
        """Days past due on a day of this step (rule M4)."""
        return self.late_days + (day - self.since).days if self.late_days else 0

    def days_left(self, day: date) -> int | None:
        """Days from `day` to the due day; None when past due or without one."""
        return None if self.due_on is None or day > self.due_on else (self.due_on - day).days

    def missed_on(self, day: date) -> int:
        """Fixed calendar days that passed while past due, before a day of this step (rule O4)."""
        if not self.fixed_days:
            return self.missed_cycles
        return self.missed_cycles + fixed_days_between(self.since.toordinal(), day.toordinal(), self.fixed_days)

    def covers(self, day: date) -> bool:
        return self.since <= day and (self.until is None or day < self.until)


@dataclass(slots=True)
class Timeline:
    """The standing of one person under one assignment on every day.

    Args:
        steps: in order and without overlap; from the first entry on without gaps; empty for somebody never meant.
        obligations: those that opened or will open, by line and cycle.
        credit_ends: the last day of the credit that each completion gives, of several the latest; None for credit
            that never ends. What gives none is not here.
    """

    steps: tuple[Step, ...]
    obligations: tuple[Obligation, ...]
    credit_ends: Mapping[Id, date | None] = field(default_factory=dict)


def standing_on(timeline: Timeline, day: date) -> Step | None:
    """The one step that covers a day; None before there was anything to say."""
    place = bisect_right(timeline.steps, day, key=lambda step: step.since)
    if place == 0:
        return None
    step = timeline.steps[place - 1]
    return step if step.covers(day) else None
