"""What is asked about standing, and how it is answered. The rules themselves are in core/compliance."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from testamur.core.compliance import IN_BREACH, NOT_COUNTED, Facts, Sentence, Status, Step, Timeline, explain
from testamur.core.ids import Id

LIST_MAX = 1_000
"""Lines of one page."""
KNOWN_LINES_MAX = 5_000
"""Lines that one request may have worked out from the facts, as known at another moment."""
PREVIEW_LINES_MAX = 5_000
"""Lines that one request may have looked at for a preview."""
CHANGES_MAX = 1_000
"""Changed lines that a preview names one by one."""
REASON_MAX = 4_000
"""Characters of a reason or of evidence."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Where one person stands with one assignment on one day.

    Args:
        zone: IANA name of the zone in which the days are days.
        computed_at: when this was worked out; with `known_at`, from what was known then.
        step: None when there was nothing to say yet on that day.
        timeline, facts: what it was worked out from, where it was.
    """

    person: Id
    assignment: Id
    day: date
    zone: str
    computed_at: datetime
    step: Step | None
    known_at: datetime | None = None
    timeline: Timeline | None = None
    facts: Facts | None = None

    def why(self) -> list[Sentence]:
        """The reasons in words; none without facts and a step."""
        return explain(self.step, self.facts) if self.step is not None and self.facts is not None else []


class Listed(Enum):
    """Which lines a list is of, and in which order."""

    DUE_SOON = "due_soon"
    """Open and due within the days asked for; the earliest due day first."""
    OVERDUE = "overdue"
    """Past due and never held credit; the earliest due day first."""
    EXPIRED = "expired"
    """Past due and held credit before; the earliest due day first."""
    EXPIRING = "expiring"
    """Valid credit that ends within the days asked for; the earliest end first."""
    EXEMPT = "exempt"
    """In order of person."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StandingFilter:
    """Of whom, and of what; None for all.

    Args:
        audience: people who are its members on the day.
        manager: people who stand under her now, at any height.
        item: assignments that ask for it, as their primary item or an alternative.
    """

    assignment: Id | None = None
    audience: Id | None = None
    manager: Id | None = None
    item: Id | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """Where a page of a list ended."""

    on: date | None
    assignment: Id
    person: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Page:
    """A page of a list.

    Args:
        known_at: the moment whose knowledge was asked about; None for now.
        next: where the next page begins behind; None on the last.
    """

    day: date
    zone: str
    computed_at: datetime
    lines: list[Standing]
    next: Place | None
    known_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How many people stand how on a day (section 14).

    Args:
        assignment: None for the sum over several.
        current: holding valid credit, among the required.
        waiting: lines whose facts changed and that are still to be worked out.
    """

    assignment: Id | None
    day: date
    zone: str
    computed_at: datetime
    statuses: Mapping[Status, int]
    current: int
    waiting: int = 0
    known_at: datetime | None = None

    @property
    def required(self) -> int:
        return sum(count for status, count in self.statuses.items() if status not in NOT_COUNTED)

    @property
    def exempt(self) -> int:
        return self.statuses.get(Status.EXEMPT, 0)

    @property
    def in_breach(self) -> int:
        return sum(count for status, count in self.statuses.items() if status in IN_BREACH)

    @property
    def current_rate(self) -> float | None:
        """Who holds a valid certificate; None when nobody is required."""
        return self.current / self.required if self.required else None

    @property
    def on_track_rate(self) -> float | None:
        """Who is not in breach; None when nobody is required."""
        return (self.required - self.in_breach) / self.required if self.required else None


@dataclass(frozen=True, slots=True, kw_only=True)
class OnTime:
    """Obligations due in a span of days, both included, and how many of them were satisfied on time (section 14)."""

    from_on: date
    to_on: date
    zone: str
    computed_at: datetime
    due: int
    on_time: int
    known_at: datetime | None = None

    @property
    def rate(self) -> float | None:
        return self.on_time / self.due if self.due else None


@dataclass(frozen=True, slots=True)
class Changed:
    """A line that would not be as it is.

    Args:
        on: the first day from which it would be different.
        before, after: the step of that day; None for nothing to say.
    """

    person: Id
    on: date
    before: Step | None
    after: Step | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Preview:
    """What an edit, or a new assignment, would do. Nothing of it is written.

    Args:
        statuses: how many people would go from which status to which on the day it acts; None for no status.
        changed: how many lines would be different on some day.
        changes: the first CHANGES_MAX of them, in order of person.
    """

    day: date
    zone: str
    computed_at: datetime
    lines: int
    changed: int
    statuses: Mapping[tuple[Status | None, Status | None], int]
    opens: int
    moves: int
    withdraws: int
    changes: list[Changed]


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """Lines of an assignment that are worked out in the background.

    Args:
        people: how many are named one by one; None for everybody.
    """

    id: Id
    assignment: Id
    people: int | None
    done: int
    total: int
    asked_at: datetime
    finished_at: datetime | None


@dataclass(frozen=True, slots=True)
class Rebuilt:
    """What a rebuild found.

    Args:
        lines: compared with a fresh computation.
        differences: lines whose stored steps were not what the facts say.
        repaired: of them, those that were made right.
    """

    lines: int
    differences: int
    repaired: int
