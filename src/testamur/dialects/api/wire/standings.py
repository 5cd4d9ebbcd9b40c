"""Where people stand, how many, why, and what an edit would change."""

from __future__ import annotations

from msgspec import Struct

from testamur.core.compliance import CreditState, Outcome, SatisfiedBy, Status
from testamur.dialects.api.wire import Day, Moment


class Standing(Struct, kw_only=True):
    """Where one person stands with one assignment on one day.

    Args:
        day: the one asked about, in `zone`.
        known_at: the moment whose knowledge was asked about; null for now.
        status: null when there was nothing to say yet; then so is what follows.
        from_on: first day on which it was like this.
        until_on: first day on which it is no longer; null without an end.
        line: 1 for the first entry, one more after a long absence.
        cycle: of the open obligation, or of the next one; opens_on and due_on are that obligation's.
        credit_ends_on: the last day of credit.
        satisfied_by: the record that satisfied the last obligation.
        missed_cycles: fixed days that passed while past due (rule O4).
        is_impossible: an obligation is open and nothing that would satisfy it is offered any longer.
    """

    person: str
    assignment: str
    day: Day
    zone: str
    computed_at: Moment
    known_at: Moment | None
    status: Status | None
    from_on: Day | None
    until_on: Day | None
    line: int | None
    cycle: int | None
    opens_on: Day | None
    due_on: Day | None
    days_left: int | None
    days_late: int | None
    credit: CreditState | None
    credit_ends_on: Day | None
    last_completed_on: Day | None
    started_on: Day | None
    satisfied_by: str | None
    satisfied_how: SatisfiedBy | None
    is_on_time: bool | None
    missed_cycles: int | None
    is_impossible: bool | None


class Obligation(Struct, kw_only=True):
    """A person's duty for one cycle, with how it ended.

    Args:
        ended_on: null while open.
        days_late: of a satisfied one, days of absence left out.
    """

    line: int
    cycle: int
    opens_on: Day
    due_on: Day | None
    outcome: Outcome
    ended_on: Day | None
    satisfied_by: str | None
    satisfied_how: SatisfiedBy | None
    satisfied_on: Day | None
    is_on_time: bool | None
    days_late: int


class StandingWithObligations(Standing, kw_only=True):
    """The same with every obligation, those to come too."""

    obligations: list[Obligation]


class Fact(Struct, kw_only=True):
    """What a rule was applied to.

    Args:
        kind: `record`, `assignment_version`, `exemption`, `extension`, or `other`.
        id: null for a version of the assignment, which has a number.
        number: of that version, or the record's revision.
    """

    kind: str
    id: str | None
    number: int | None


class Sentence(Struct, kw_only=True):
    """One reason: the number of a rule, the fact it was applied to, and a sentence for people."""

    rule: str
    fact: Fact | None
    text: str


class Step(Struct, kw_only=True):
    """A span of days with one answer, from `from_on` up to, not including, `until_on`."""

    from_on: Day
    until_on: Day | None
    status: Status
    line: int
    cycle: int
    opens_on: Day | None
    due_on: Day | None
    credit: CreditState
    credit_ends_on: Day | None


class Explanation(Struct, kw_only=True):
    """Why a person stands where she stands, and the way there.

    Args:
        because: in the order in which the rules were applied; empty without a status.
        timeline: every step, those to come too as far as it is known today.
    """

    person: str
    assignment: str
    day: Day
    zone: str
    computed_at: Moment
    known_at: Moment | None
    status: Status | None
    because: list[Sentence]
    timeline: list[Step]


class StandingList(Struct, kw_only=True):
    """A part of a list of standings, with the day and zone it is of. `next` is null exactly at the end."""

    day: Day
    zone: str
    computed_at: Moment
    known_at: Moment | None
    data: list[Standing]
    next: str | None


class Counts(Struct, kw_only=True):
    """How many stand how.

    Args:
        assignment: null in the sum.
        required: everybody but those who are exempt, withdrawn or not yet meant.
        current_rate: the share of the required with valid credit; null when nobody is required.
        on_track_rate: the share of the required who are neither overdue nor expired.
        waiting: lines whose facts changed and that are still to be worked out.
    """

    assignment: str | None
    required: int
    exempt: int
    current: int
    in_breach: int
    current_rate: float | None
    on_track_rate: float | None
    statuses: dict[str, int]
    waiting: int


class CountsList(Struct, kw_only=True):
    """Counts by assignment, in order of id, a part at a time; the total is of all of them, not of the part."""

    day: Day
    zone: str
    computed_at: Moment
    known_at: Moment | None
    total: Counts
    data: list[Counts]
    next: str | None


class OnTime(Struct, kw_only=True, rename={"from_on": "from", "to_on": "to"}):
    """Obligations due in a span of days, both included, and how many were satisfied on time."""

    from_on: Day
    to_on: Day
    zone: str
    computed_at: Moment
    known_at: Moment | None
    due: int
    on_time: int
    rate: float | None


class Task(Struct, kw_only=True):
    """Lines of an assignment that are worked out in the background.

    Args:
        people: how many are named one by one; null for everybody.
        total: lines to work out, of which `done` are.
    """

    id: str
    assignment: str
    people: int | None
    done: int
    total: int
    asked_at: Moment
    finished_at: Moment | None


class Moved(Struct, kw_only=True):
    """How many people would go from one status to another on the day; null for no status."""

    before: Status | None
    after: Status | None
    people: int


class Changed(Struct, kw_only=True):
    """Somebody whose standing would not be as it is.

    Args:
        on: the first day on which it would be different.
    """

    person: str
    on: Day
    before: Step | None
    after: Step | None


class Preview(Struct, kw_only=True):
    """What an edit, or a new assignment, would do if it were made now. Nothing of it is written.

    Args:
        people: who are looked at.
        changed: how many of them would stand otherwise on some day.
        opens, moves, withdraws: obligations that would open, get another due day, or be withdrawn today.
        changes: the first thousand of the changed, in order of person.
    """

    day: Day
    zone: str
    computed_at: Moment
    people: int
    changed: int
    opens: int
    moves: int
    withdraws: int
    statuses: list[Moved]
    changes: list[Changed]
