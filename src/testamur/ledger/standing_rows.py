"""What is stored of standing: a row for each span of days and for each obligation, and the steps they stand for."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date
from uuid import UUID
from zoneinfo import ZoneInfo

from msgspec import Struct
from msgspec.structs import replace

from testamur.core.compliance import (
    CreditState,
    Obligation,
    Reason,
    SatisfiedBy,
    Status,
    Step,
)
from testamur.core.ids import Id
from testamur.storage.transactions import Row

Line = tuple[Id, Id]
"""An assignment and a person."""

NONE = "none"
"""The stored word for days that have no answer, between others that have."""


class StepRow(Struct, frozen=True):
    """A row of the table `standing`.

    Args:
        is_plain: of the last row of a line, whether nothing decides about it but a membership from before the
            assignment (`PlainMembership`); None of all others, and of what was stored before this was kept.
    """

    assignment: Id
    person: Id
    from_on: date
    until_on: date | None
    status: str
    line: int
    cycle: int
    opens_on: date | None
    due_on: date | None
    credit: str
    credit_ends_on: date | None
    last_completed_on: date | None
    started_on: date | None
    satisfied_by: Id | None
    satisfied_how: str | None
    is_on_time: bool | None
    late_days: int
    is_impossible: bool
    because: list[Reason]
    zone: str
    missed_cycles: int = 0
    fixed_days: list[int] = []
    is_plain: bool | None = None


def rows_of(of: Line, steps: Sequence[Step], *, is_plain: bool) -> dict[date, StepRow]:
    """The rows of a line by their first day, with what fills the days between that have no answer."""
    rows: dict[date, StepRow] = {}
    last: date | None = None
    for step in steps:
        if last is not None and last < step.since:
            rows[last] = _nothing(of, last, step.since, step.zone.key)
        rows[step.since] = _row(of, step)
        last = step.until
    if last is not None:
        rows[last] = _nothing(of, last, None, steps[-1].zone.key)
    if rows:
        day, row = rows.popitem()
        rows[day] = replace(row, is_plain=is_plain)
    return rows


def _nothing(of: Line, since: date, until: date | None, zone: str) -> StepRow:
    never = CreditState.NEVER.value
    return StepRow(
        *of, since, until, NONE, 0, 0, None, None, never, None, None, None, None, None, None, 0, False, [], zone
    )


def _row(of: Line, step: Step) -> StepRow:
    return StepRow(
        *of,
        step.since,
        step.until,
        step.status.value,
        step.line,
        step.cycle,
        step.opens_on,
        step.due_on,
        step.credit.value,
        step.credit_ends_on,
        step.last_completed_on,
        step.started_on,
        step.satisfied_by,
        step.satisfied_how and step.satisfied_how.value,
        step.is_on_time,
        step.late_days,
        step.is_impossible,
        list(step.because),
        step.zone.key,
        step.missed_cycles,
        [month * 100 + day for month, day in step.fixed_days],
    )


class ObligationRow(Struct, frozen=True):
    """A row of the table `obligation`."""

    assignment: Id
    person: Id
    place: int
    line: int
    cycle: int
    opens_on: date
    due_on: date | None
    outcome: str
    ended_on: date | None
    satisfied_by: Id | None
    satisfied_how: str | None
    satisfied_on: date | None
    is_on_time: bool | None
    days_late: int


def owed_row(of: Line, place: int, one: Obligation) -> ObligationRow:
    return ObligationRow(
        *of,
        place,
        one.line,
        one.cycle,
        one.opens_on,
        one.due_on,
        one.outcome.value,
        one.ended_on,
        one.satisfied_by,
        one.satisfied_how and one.satisfied_how.value,
        one.satisfied_on,
        one.is_on_time,
        one.days_late,
    )


def step_of(row: Row) -> Step:
    """The step that a row of the table `standing` holds."""
    return Step(
        since=row["from_on"],
        until=row["until_on"],
        status=Status(row["status"]),
        credit=CreditState(row["credit"]),
        credit_ends_on=row["credit_ends_on"],
        line=row["line"],
        cycle=row["cycle"],
        opens_on=row["opens_on"],
        due_on=row["due_on"],
        last_completed_on=row["last_completed_on"],
        started_on=row["started_on"],
        satisfied_by=row["satisfied_by"],
        satisfied_how=None if row["satisfied_how"] is None else SatisfiedBy(row["satisfied_how"]),
        is_on_time=row["is_on_time"],
        late_days=row["late_days"],
        missed_cycles=row["missed_cycles"],
        is_impossible=row["is_impossible"],
        because=tuple((rule, Id(UUID(fact)) if isinstance(fact, str) else fact) for rule, fact in row["because"]),
        zone=ZoneInfo(row["zone"]),
        fixed_days=calendar_pairs(row["fixed_days"]),
    )


def calendar_pairs(days: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Days of the year as they are stored, as pairs of month and day."""
    return tuple((day // 100, day % 100) for day in days)
