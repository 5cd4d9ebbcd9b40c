"""Enrolments: where one person stands with one assignment, and how that came about.

An enrolment is computed, never stored: a pure function of the assignment's versions, the person's memberships, her
completions and the present moment. It follows the plain settings of the compliance rules (anchor `completion`, no
renewal window, a grace of one completion period); the numbers beside the code are theirs.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from itertools import pairwise
from zoneinfo import ZoneInfo

from testamur.core.assignments import AssignmentVersion
from testamur.core.ids import Id, from_parts, to_hex24
from testamur.core.moments import Precision, When

REENTRY_DAYS = 30
"""Away no longer than this, the same duty goes on; beyond it a new one begins (rules M2 and M3)."""


class EnrolmentStatus(Enum):
    """Where a person stands with an assignment."""

    UNASSIGNED = "unassigned"
    """Nowhere yet; only ever what was before the first step."""
    SCHEDULED = "scheduled"
    """Nothing to do until a day that is known: the end of the credit held, or of the wait for joining."""
    OPEN = "open"
    OVERDUE = "overdue"
    COMPLETE = "complete"
    """Done for good."""
    ARCHIVED = "archived"
    """Outside of the audience, inactive, or the assignment is deleted or paused."""


class Cause(Enum):
    """Why a step was taken."""

    ASSIGNED = "assigned"
    REINSTATED = "reinstated"
    """Back after having been away."""
    COMPLETED = "completed"
    OPENED = "opened"
    FELL_DUE = "overdue"
    ARCHIVED = "archived"
    CHANGED = "changed"
    """The assignment was edited, or a completion was withdrawn."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Something that held from one moment until another, with the second clock on both ends."""

    began_at: datetime
    began_known_at: datetime
    ended_at: datetime | None = None
    ended_known_at: datetime | None = None

    def holds(self, at: datetime) -> bool:
        return self.began_at <= at and (self.ended_at is None or at < self.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class MemberSpan(Span):
    """A membership in an audience."""

    audience: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class Completed:
    """A completion that is no fail, as the ledger knows it.

    Args:
        record: the completion's lasting id.
        known_at: when it was recorded.
        voided_at: from then on it does not count (rule C6).
    """

    record: Id
    item: Id
    completed: When
    known_at: datetime
    voided_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Step:
    """A step of an enrolment's history.

    Args:
        completion: the record that the step rests on.
        at: when it happened.
        known_at: when it could be known: later than `at` for late news (rule C8).
    """

    cause: Cause
    completion: Id | None
    before: EnrolmentStatus
    after: EnrolmentStatus
    at: datetime
    known_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Enrolment:
    """One person under one assignment.

    Args:
        audience, primary: as the standing version of the assignment says.
        available_at: when the duty opened, or will open. None when the person never came under it.
        due_on: the last day in time, in the tenant's zone.
        due_at: 23:59:59 on that day (rule D5).
        last_completed_at: of all completions that count.
        history: every step, oldest first.
        updated_at: when anything of this last changed, by the second clock: who asks for what is newer than his last
            look misses nothing.
    """

    id: Id
    assignment: Id
    person: Id
    audience: Id
    primary: Id
    status: EnrolmentStatus
    available_at: datetime | None
    due_on: date | None
    due_at: datetime | None
    last_completed_at: datetime | None
    history: tuple[Step, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """What assignments make of one completion.

    Args:
        had_due_date: whether one of them asked for it of this person at that time.
        credit_ends_at: the last moment of the credit it gives under a recurring assignment, of several the latest.
            None without one.
    """

    had_due_date: bool
    credit_ends_at: datetime | None


def enrolment_id(assignment: Id, person: Id) -> Id:
    """The id of the person's only enrolment in the assignment: the same after leaving and coming back.

    The two ids make it, and with the assignment it gives the person back, so nothing needs to be kept.
    """
    return _masked(assignment, person)


def enrolled_person(assignment: Id, enrolment: Id) -> Id:
    """Whose enrolment this is, when it is one of this assignment at all."""
    return _masked(assignment, enrolment)


def enrolment(
    assignment: Id,
    person: Id,
    versions: Sequence[AssignmentVersion],
    memberships: Sequence[MemberSpan],
    completions: Sequence[Completed],
    *,
    away: Sequence[Span] = (),
    zone: ZoneInfo,
    now: datetime,
) -> Enrolment | None:
    """Where the person stands now, and every step on the way there; None when she was never meant.

    Args:
        versions: all of the assignment's, oldest first.
        memberships: the person's, in every audience the assignment was ever for.
        completions: the person's, of every item the assignment ever accepted, in any order.
        away: spans in which she was suspended or deleted: as if outside of the audience.
        zone: the tenant's, in which deadlines are days (rule D1).
    """
    walk = _Walk(_Facts(versions, memberships, completions, away, zone), now)
    for at, until in walk.stretches():
        walk.go(at, until)
    if not walk.steps:
        return None
    standing, window, last = walk.facts.in_force(now) or versions[0], walk.window, walk.facts.last_completed(now)
    return Enrolment(
        id=enrolment_id(assignment, person),
        assignment=assignment,
        person=person,
        audience=standing.audience,
        primary=standing.primary,
        status=walk.status,
        available_at=window.opens_at if window else None,
        due_on=window.due_on if window else None,
        due_at=_last_second(window.due_on, zone) if window else None,
        last_completed_at=last.completed.at if last else None,
        history=tuple(walk.steps),
        updated_at=max(walk.known_at, walk.steps[-1].known_at),
    )


def coverage(
    completed: Completed,
    assignments: Sequence[tuple[Sequence[AssignmentVersion], Sequence[MemberSpan]]],
    zone: ZoneInfo,
    now: datetime,
) -> Coverage:
    """What a person's assignments make of one of her completions.

    Args:
        assignments: the versions of each, and her memberships in their audiences.
    """
    at = _counts_at(completed.completed, zone)
    had_due_date, ends = False, []
    for versions, memberships in assignments:
        facts = _Facts(versions, memberships, (), (), zone)
        if not any(facts.meets(member) for member in memberships):
            continue
        version = facts.in_force(at)
        had_due_date = had_due_date or (
            version is not None
            and version.demands
            and version.accepts(completed.item)
            and facts.member(version.audience, at) is not None
        )
        standing = facts.in_force(max(at, now))
        recurrence_days = standing.recurrence_days if standing and not standing.is_deleted else None
        if recurrence_days and facts.qualifies(completed.item, at, max(at, now)):
            ends.append(completed.completed.local_day(zone) + timedelta(recurrence_days))
    return Coverage(had_due_date, _last_second(max(ends), zone) if ends else None)


@dataclass(slots=True)
class _Line:
    """The run of duties from one entry into the audience until the person leaves for good."""

    entered_at: datetime
    entered_on: date
    notice_from: date
    absences: list[tuple[date, date]] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Window:
    """A duty's days; `is_done` says that it was met for good."""

    opens_at: datetime
    due_on: date
    is_done: bool = False


class _Facts:
    """What is known, asked for by moments."""

    def __init__(
        self,
        versions: Sequence[AssignmentVersion],
        memberships: Sequence[MemberSpan],
        completions: Sequence[Completed],
        away: Sequence[Span],
        zone: ZoneInfo,
    ) -> None:
        self.versions = versions
        self.acts_at = [version.acts_at for version in versions]
        self.untils = [*self.acts_at[1:], None]
        self.memberships = memberships
        self.away = away
        self.zone = zone
        self.completions = sorted(completions, key=lambda one: (_counts_at(one.completed, zone), one.record))
        self.completed_at = [_counts_at(one.completed, zone) for one in self.completions]

    def events(self) -> dict[datetime, datetime]:
        """Every moment at which something changed, and when all that changed then was known."""
        events: dict[datetime, datetime] = {}

        def add(at: datetime | None, known_at: datetime | None) -> None:
            if at is not None:
                events[at] = max(events.get(at, at), known_at or at)

        for version in self.versions:
            add(version.acts_at, version.recorded_at)
        for span in (*self.memberships, *self.away):
            add(span.began_at, span.began_known_at)
            add(span.ended_at, span.ended_known_at)
        for member in self.memberships:
            add(member.began_known_at, member.began_known_at)
        for at, completed in zip(self.completed_at, self.completions, strict=True):
            add(at, completed.known_at)
            add(completed.voided_at, completed.voided_at)
        return events

    def in_force(self, at: datetime) -> AssignmentVersion | None:
        """What the assignment says at a moment; None before it was made."""
        place = bisect_right(self.acts_at, at)
        return self.versions[place - 1] if place else None

    def member(self, audience: Id, at: datetime) -> MemberSpan | None:
        return next((span for span in self.memberships if span.audience == audience and span.holds(at)), None)

    def meets(self, member: MemberSpan) -> bool:
        """Whether a membership and the life of the assignment have a moment in common, or will have."""
        return any(
            version.audience == member.audience
            and not version.is_deleted
            and (member.ended_at is None or version.acts_at < member.ended_at)
            and (until is None or member.began_at < until)
            for version, until in zip(self.versions, self.untils, strict=True)
        )

    def expected(self, audience: Id, at: datetime) -> MemberSpan | None:
        """The next membership that is known and has not begun."""
        coming = [
            span
            for span in self.memberships
            if span.audience == audience
            and span.began_known_at <= at < span.began_at
            and (span.ended_at is None or span.began_at < span.ended_at)
        ]
        return min(coming, key=lambda span: span.began_at, default=None)

    def is_away(self, at: datetime) -> bool:
        return any(span.holds(at) for span in self.away)

    def last_completed(self, at: datetime) -> Completed | None:
        """The last completion that counts at a moment. Its credit ends last (rule R1)."""
        for place in range(bisect_right(self.completed_at, at) - 1, -1, -1):
            completed = self.completions[place]
            if completed.voided_at is not None and completed.voided_at <= at:
                continue
            if self.qualifies(completed.item, self.completed_at[place], at):
                return completed
        return None

    def qualifies(self, item: Id, completed_at: datetime, at: datetime) -> bool:
        """Whether some version between the completion and now accepted its item.

        An item added later lets completions from before count (rule E6), and what counted once goes on to count when
        it is removed (rules E7 and E8).
        """
        return any(
            version.accepts(item) and version.acts_at <= at and (until is None or completed_at < until)
            for version, until in zip(self.versions, self.untils, strict=True)
        )

    def period(self, version: AssignmentVersion, opens_at: datetime) -> int:
        """Days for a duty: the longest that was given since it opened (rules E1 and E2)."""
        return max(
            other.completion_period_days
            for other, until in zip(self.versions, self.untils, strict=True)
            if other is version or (other.number < version.number and until is not None and opens_at < until)
        )

    def day(self, at: datetime) -> date:
        return at.astimezone(self.zone).date()


class _Walk:
    """One pass over the moments at which something changed, from the first to now."""

    def __init__(self, facts: _Facts, now: datetime) -> None:
        self.facts = facts
        self.now = now
        self.events = facts.events()
        self.steps: list[Step] = []
        self.status = EnrolmentStatus.UNASSIGNED
        self.window: _Window | None = None
        self.known_at = datetime.min.replace(tzinfo=UTC)
        self._line: _Line | None = None
        self._left_on: date | None = None

    def stretches(self) -> Iterator[tuple[datetime, datetime]]:
        """The moments in order, each with the one at which the next thing changes."""
        moments = sorted(at for at in self.events if at <= self.now)
        return pairwise([*moments, self.now + timedelta(microseconds=1)])

    def go(self, at: datetime, until: datetime) -> None:
        """Take the steps from `at` up to, not including, `until`, with nothing changing in between but the time."""
        facts = self.facts
        self.known_at = max(self.known_at, self.events[at])
        version = facts.in_force(at)
        if version is None:
            return
        member = facts.member(version.audience, at)
        if version.demands and member is not None and not facts.is_away(at):
            self._be_present(version, member, at, until)
        elif self._line is not None:
            self._left_on = self._left_on or facts.day(at)
            self._step(EnrolmentStatus.ARCHIVED, Cause.ARCHIVED, at)
        elif version.demands and (coming := facts.expected(version.audience, at)) is not None:
            day = facts.day(coming.began_at)
            self.window = _Window(coming.began_at, day + timedelta(version.completion_period_days))
            self._step(EnrolmentStatus.SCHEDULED, Cause.ASSIGNED, at)
        elif self.steps or (member is not None and not version.is_deleted):
            self._step(EnrolmentStatus.ARCHIVED, Cause.ARCHIVED, at)

    def _be_present(self, version: AssignmentVersion, member: MemberSpan, at: datetime, until: datetime) -> None:
        line = self._enter(member, at)
        last = self.facts.last_completed(at)
        self.window = window = self._window_of(version, line, last, at)
        opens_at, late_at = window.opens_at, _start(window.due_on + timedelta(1), self.facts.zone)
        if window.is_done:
            stages = [(EnrolmentStatus.COMPLETE, at, until, Cause.CHANGED)]
        else:
            stages = [
                (EnrolmentStatus.SCHEDULED, at, opens_at, Cause.CHANGED),
                (EnrolmentStatus.OPEN, max(at, opens_at), late_at, Cause.OPENED if opens_at >= at else Cause.CHANGED),
                (EnrolmentStatus.OVERDUE, max(at, late_at), until, Cause.FELL_DUE if late_at >= at else Cause.CHANGED),
            ]
        arrival = self._arrival(last, at)
        for status, begins, ends, cause in stages:
            if begins < min(ends, until):
                self._step(status, arrival or cause, begins, last)
                arrival = None

    def _enter(self, member: MemberSpan, at: datetime) -> _Line:
        day, line = self.facts.day(at), self._line
        if line is None or (self._left_on is not None and (day - self._left_on).days > REENTRY_DAYS):
            # Rule M6: who is known to be a member only later has the whole time from then on.
            line = self._line = _Line(at, day, max(day, self.facts.day(member.began_known_at)))
        elif self._left_on is not None:
            line.absences.append((self._left_on, day))
        self._left_on = None
        return line

    def _window_of(self, version: AssignmentVersion, line: _Line, last: Completed | None, at: datetime) -> _Window:
        facts = self.facts
        opens_on, opens_at = line.entered_on, line.entered_at
        if last is not None and version.recurrence_days:
            credit_ends_on = last.completed.local_day(facts.zone) + timedelta(version.recurrence_days)
            if credit_ends_on > opens_on:
                opens_on, opens_at = credit_ends_on, _start(credit_ends_on, facts.zone)
        days = timedelta(facts.period(version, opens_at))
        due_on = max(opens_on, line.notice_from) + days
        if last is not None and version.recurrence_days:
            due_on = max(due_on, self._noticed(line, last, at))
        for left_on, back_on in line.absences:
            if left_on <= due_on < back_on:
                due_on = back_on + (due_on - left_on)  # rule M2: the days that were left
        is_done = last is not None and not version.recurrence_days
        return _Window(opens_at, due_on, is_done)

    def _noticed(self, line: _Line, last: Completed, at: datetime) -> date:
        """The earliest due day after edits that brought it nearer: a completion period from the edit (rule E3)."""
        facts, noticed = self.facts, date.min
        completed_on = last.completed.local_day(facts.zone)

        def due_on(version: AssignmentVersion) -> date:
            if not version.recurrence_days:
                return date.max
            credit_ends_on = completed_on + timedelta(version.recurrence_days)
            return max(credit_ends_on, line.notice_from) + timedelta(version.completion_period_days)

        for old, new in pairwise(facts.versions):
            edited_on = facts.day(new.acts_at)
            if completed_on <= edited_on and new.acts_at <= at and due_on(new) < due_on(old) >= edited_on:
                noticed = max(noticed, edited_on + timedelta(new.completion_period_days))
        return noticed

    def _arrival(self, last: Completed | None, at: datetime) -> Cause | None:
        """Why there is a step at `at`, unless an edit or the time is the reason."""
        if self.status is EnrolmentStatus.UNASSIGNED:
            return Cause.ASSIGNED
        if self.status is EnrolmentStatus.ARCHIVED:
            return Cause.REINSTATED
        if last is not None and _counts_at(last.completed, self.facts.zone) == at:
            return Cause.COMPLETED
        return None

    def _step(self, status: EnrolmentStatus, cause: Cause, at: datetime, last: Completed | None = None) -> None:
        if status is self.status and cause is not Cause.COMPLETED:
            return
        rests_on = last is not None and status in (EnrolmentStatus.SCHEDULED, EnrolmentStatus.COMPLETE)
        completion = last.record if last is not None and (rests_on or cause is Cause.COMPLETED) else None
        self.steps.append(Step(cause, completion, self.status, status, at, max(at, self.known_at)))
        self.status = status


def _masked(assignment: Id, id: Id) -> Id:
    # Applied twice it is undone. The digest keeps the ids of two assignments apart.
    mask = int.from_bytes(hashlib.sha256(b"enrolment" + assignment.bytes).digest()[:12], "big")
    bits = int(to_hex24(id), 16) ^ mask
    return from_parts(bits >> 48, bits & (1 << 48) - 1)


def _counts_at(completed: When, zone: ZoneInfo) -> datetime:
    """The moment from which a completion counts; a bare day counts from its beginning."""
    return _start(completed.at.date(), zone) if completed.precision is Precision.DAY else completed.at


def _start(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(), zone).astimezone(UTC)


def _last_second(day: date, zone: ZoneInfo) -> datetime:
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)
