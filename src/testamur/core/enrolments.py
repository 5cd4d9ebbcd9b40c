"""Enrolments: one person under one assignment in the style of `vocabularies`, with every step of the way there.

There is one for each person and assignment, through all cycles and lines. What it says comes from the timeline of the
compliance engine; only the moments within a day, which the engine does not know, are looked up among the facts here.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum, auto
from zoneinfo import ZoneInfo

from testamur.core.compliance import Completion, Facts, Obligation, Settings, Span, Step, Timeline, standing_on
from testamur.core.compliance.days import start_of
from testamur.core.ids import Id, from_parts, to_hex24
from testamur.core.moments import Precision, When
from testamur.core.vocabularies import EnrolmentStatus, enrolment_status


class Cause(Enum):
    """Why an entry was made."""

    ASSIGNED = "assigned"
    REINSTATED = "reinstated"
    """Back after having been archived."""
    COMPLETED = "completed"
    OPENED = "opened"
    FELL_DUE = "overdue"
    ARCHIVED = "archived"
    CHANGED = "changed"
    """The assignment was edited, a completion withdrawn, an extension given, or retraining asked for."""


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of an enrolment's history.

    Args:
        completion: the record that it rests on.
        at: when it happened. What falls on a day without a moment of its own happens at the day's beginning.
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
        audience, primary: as the assignment says today.
        available_at: when the obligation opened, or will open; of what is done for good, the last one's.
        due_on: the last day in time.
        due_at: 23:59:59 on that day (rule D5).
        last_completed_at: of all completions that count.
        history: oldest first.
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
    history: tuple[Entry, ...]
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class Coverage:
    """What assignments make of one completion.

    Args:
        had_due_date: whether one of them asked for it of this person on its day.
        credit_ends_at: the last second of the credit it gives under a recurring assignment, of several the latest.
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
    facts: Facts,
    timeline: Timeline,
    *,
    records: Mapping[Id, Id],
    updated_at: datetime,
    zone: ZoneInfo,
    today: date,
) -> Enrolment:
    """What is shown of somebody whose membership and the life of the assignment have a moment in common.

    Args:
        timeline: worked out from `facts`, which hold one version of the assignment at least.
        records: the record of each fact.
        zone: in which the days of the assignment are days now.
    """
    marks = _Marks(facts, zone)
    history = tuple(_history(facts, timeline, marks, records, today))
    step, shown = standing_on(timeline, today), _shown_obligation(timeline, today)
    version = _in_force(facts.versions, today) or facts.versions[0]
    opens_on, due_on = (step.opens_on, step.due_on) if step else (None, None)
    if opens_on is None and shown is not None:
        opens_on, due_on = shown.opens_on, shown.due_on
    counted = _counted(facts, today, step.zone) if step else []
    return Enrolment(
        id=enrolment_id(assignment, person),
        assignment=assignment,
        person=person,
        audience=version.audience,
        primary=version.primary,
        status=enrolment_status(step),
        available_at=marks.arrival(opens_on) if opens_on else None,
        due_on=due_on,
        due_at=last_second(due_on, step.zone if step else zone) if due_on else None,
        last_completed_at=max((one.completed.at for one in counted), default=None),
        history=history,
        updated_at=updated_at,
    )


def coverage(
    completion: Id, item: Id, completed: When, lines: Iterable[tuple[Facts, Timeline]], zone: ZoneInfo
) -> Coverage:
    """What a person's assignments make of one of her completions.

    Args:
        completion: the fact.
        lines: hers under every assignment that accepts, or accepted, the item.
        zone: the tenant's.
    """
    had_due_date, ends = False, list[date]()
    for facts, timeline in lines:
        day = completed.local_day(zone)
        version, step = _in_force(facts.versions, day), standing_on(timeline, day)
        asked = step is not None and enrolment_status(step) is not EnrolmentStatus.ARCHIVED and step.line > 0
        had_due_date = had_due_date or (asked and version is not None and version.accepts(item))
        last = facts.versions[-1]
        end = timeline.credit_ends.get(completion)
        if timeline.steps and last.recurs and not last.is_deleted and end is not None:
            ends.append(end)
    return Coverage(had_due_date, last_second(max(ends), zone) if ends else None)


def last_second(day: date, zone: ZoneInfo) -> datetime:
    """The inclusive end of a day, for vocabularies that have no days (rule D5)."""
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)


# History ---------------------------------------------------------------------------------------------------------


def _history(facts: Facts, timeline: Timeline, marks: _Marks, records: Mapping[Id, Id], today: date) -> Iterator[Entry]:
    status, last = EnrolmentStatus.UNASSIGNED, None
    for step in timeline.steps:
        if step.since > today:
            break
        if last is not None and last.until is not None and last.until < step.since:
            for entry in _archived(status, marks, last.until):
                yield entry
                status = entry.after
        for entry in _entries(step, last, status, facts, timeline.obligations, marks, records):
            yield entry
            status = entry.after
        last = step
    if last is None:
        yield from _came_and_went(marks)
    elif last.until is not None and last.until <= today:
        yield from _archived(status, marks, last.until)


def _archived(status: EnrolmentStatus, marks: _Marks, day: date) -> Iterator[Entry]:
    if status is not EnrolmentStatus.ARCHIVED:
        yield marks.entry(Cause.ARCHIVED, None, status, EnrolmentStatus.ARCHIVED, marks.departure(day))


def _entries(
    step: Step,
    last: Step | None,
    before: EnrolmentStatus,
    facts: Facts,
    obligations: Iterable[Obligation],
    marks: _Marks,
    records: Mapping[Id, Id],
) -> Iterator[Entry]:
    """What led from the step before to this one. A day has one step, and may still have had several things happen."""
    after, day = enrolment_status(step), step.since
    done = _done_on(step, facts, records) if after is not EnrolmentStatus.ARCHIVED else []
    of_today = {one.id for one in done}
    owed = next((one for one in obligations if one.ended_on == day and one.satisfied_by in of_today), None)
    holds_credit = after in (EnrolmentStatus.SCHEDULED, EnrolmentStatus.COMPLETE)
    rests_on = records.get(step.satisfied_by) if holds_credit and step.satisfied_by else None

    if before is after is EnrolmentStatus.ARCHIVED:
        return
    if before in (EnrolmentStatus.UNASSIGNED, EnrolmentStatus.ARCHIVED):
        cause = Cause.ASSIGNED if before is EnrolmentStatus.UNASSIGNED else Cause.REINSTATED
        arrived_at = marks.arrival(day)
        done = [one for one in done if marks.counts_at(one) > arrived_at]
        came_as = EnrolmentStatus.OPEN if done and owed else after
        yield marks.entry(cause, None if done else rests_on, before, came_as, arrived_at)
        before = came_as
    if done and owed is not None and before is EnrolmentStatus.SCHEDULED and owed.opens_on == day:
        yield marks.entry(Cause.OPENED, None, before, EnrolmentStatus.OPEN, marks.start(day))
        before = EnrolmentStatus.OPEN
    if done and owed is not None and before is EnrolmentStatus.OPEN and owed.due_on == day - timedelta(1):
        yield marks.entry(Cause.FELL_DUE, None, before, EnrolmentStatus.OVERDUE, marks.start(day))
        before = EnrolmentStatus.OVERDUE
    for one in done:
        yield marks.entry(Cause.COMPLETED, records.get(one.id), before, after, marks.counts_at(one))
        before = after
    if before is after:
        return
    if after is EnrolmentStatus.ARCHIVED:
        yield from _archived(before, marks, day)
    elif after is EnrolmentStatus.OPEN and step.opens_on == day and not marks.was_changed(day):
        yield marks.entry(Cause.OPENED, None, before, after, marks.start(day))
    elif after is EnrolmentStatus.OVERDUE and step.due_on and step.due_on + timedelta(1) == day:
        yield marks.entry(Cause.FELL_DUE, None, before, after, marks.start(day))
    else:
        yield marks.entry(Cause.CHANGED, rests_on, before, after, marks.change(day))


def _came_and_went(marks: _Marks) -> Iterator[Entry]:
    """Of somebody who was meant for less than a day, which is no line (section 6), and may have been told of it."""
    came_at, went_at = marks.presence()
    if went_at is None or came_at < went_at:
        yield marks.entry(Cause.ASSIGNED, None, EnrolmentStatus.UNASSIGNED, EnrolmentStatus.OPEN, came_at)
        if went_at is not None:
            yield marks.entry(Cause.ARCHIVED, None, EnrolmentStatus.OPEN, EnrolmentStatus.ARCHIVED, went_at)
    else:
        yield marks.entry(Cause.ASSIGNED, None, EnrolmentStatus.UNASSIGNED, EnrolmentStatus.ARCHIVED, came_at)


def _done_on(step: Step, facts: Facts, records: Mapping[Id, Id]) -> list[Completion]:
    """The completions that count from the first day of a step on, in order; one however often it was corrected."""
    if step.last_completed_on != step.since:
        return []
    version = _in_force(facts.versions, step.since)
    found = {
        (one.completed, records.get(one.id)): one
        for one in sorted(_counted(facts, step.since, step.zone), key=lambda one: one.id)
        if _day(one, step.zone) == step.since and version is not None and version.accepts(one.item)
    }
    return sorted(found.values(), key=lambda one: (one.completed, one.id))


def _counted(facts: Facts, day: date, zone: ZoneInfo) -> list[Completion]:
    """The completions until a day of what is accepted: no fails, and nothing that is voided by then."""
    items = {item for version in facts.versions if version.since <= day for item in version.items}
    return [
        one
        for one in facts.completions
        if one.passed is not False
        and one.item in items
        and _day(one, zone) <= day
        and (one.voided_at is None or one.voided_at.astimezone(zone).date() > day)
    ]


def _shown_obligation(timeline: Timeline, today: date) -> Obligation | None:
    """The last obligation that opened: of what is done for good there is none to come."""
    return next((one for one in reversed(timeline.obligations) if one.opens_on <= today), None)


class _Kind(Enum):
    JOIN = auto()
    LEAVE = auto()
    RULE = auto()
    """A version that asks something."""
    NO_RULE = auto()
    """A version that pauses or deletes."""
    AWAY = auto()
    BACK = auto()
    EXEMPT = auto()
    OTHER = auto()


@dataclass(frozen=True, slots=True)
class _Mark:
    kind: _Kind
    day: date
    at: datetime
    known_at: datetime


_DEPARTURES = frozenset({_Kind.LEAVE, _Kind.NO_RULE, _Kind.AWAY, _Kind.EXEMPT})


class _Marks:
    """The moments of facts. What was recorded on the day it happened, happened then; otherwise as the day began."""

    def __init__(self, facts: Facts, zone: ZoneInfo) -> None:
        self._facts = facts
        self._zone = zone
        self._marks = sorted(self._read(), key=lambda mark: mark.at)
        known = [(mark.at, mark.known_at) for mark in self._marks]
        done = [(self.counts_at(one), one.recorded_at or self.counts_at(one)) for one in facts.completions]
        self._known = known + done

    def entry(
        self, cause: Cause, completion: Id | None, before: EnrolmentStatus, after: EnrolmentStatus, at: datetime
    ) -> Entry:
        known_at = max((known_at for happened_at, known_at in self._known if happened_at <= at), default=at)
        return Entry(cause, completion, before, after, at, max(at, known_at))

    def start(self, day: date) -> datetime:
        return start_of(day, self._zone)

    def counts_at(self, completion: Completion) -> datetime:
        """The moment from which a completion counts; a bare day counts from its beginning."""
        completed = completion.completed
        return self.start(completed.at.date()) if completed.precision is Precision.DAY else completed.at

    def arrival(self, day: date) -> datetime:
        """When, on a day, the last of what it takes to be meant came about."""
        found = [self.start(day)]
        if not self._is_member_before(day):
            found.append(min((mark.at for mark in self._of(day, _Kind.JOIN)), default=found[0]))
        in_force = _in_force(self._facts.versions, day - timedelta(1))
        if in_force is None or not in_force.is_active or in_force.is_deleted:
            found.append(min((mark.at for mark in self._of(day, _Kind.RULE)), default=found[0]))
        return max([*found, *(mark.at for mark in self._of(day, _Kind.BACK))])

    def departure(self, day: date) -> datetime:
        return max((mark.at for mark in self._of(day, *_DEPARTURES)), default=self.start(day))

    def change(self, day: date) -> datetime:
        return max((mark.at for mark in self._of(day, *_Kind)), default=self.start(day))

    def was_changed(self, day: date) -> bool:
        return bool(self._of(day, _Kind.RULE, _Kind.OTHER))

    def presence(self) -> tuple[datetime, datetime | None]:
        """From when the assignment and the person were there together, and the first moment at which they were not."""
        firsts = [
            next((mark.at for mark in self._marks if mark.kind is kind), None) for kind in (_Kind.RULE, _Kind.JOIN)
        ]
        came_at = max((at for at in firsts if at is not None), default=self._marks[0].at)
        gone = [mark for mark in self._marks if mark.kind in _DEPARTURES]
        if any(mark.kind is _Kind.AWAY and mark.at <= came_at for mark in gone):
            return came_at, came_at
        return came_at, next((mark.at for mark in gone if mark.at > came_at), None)

    def _of(self, day: date, *kinds: _Kind) -> list[_Mark]:
        return [mark for mark in self._marks if mark.day == day and mark.kind in kinds]

    def _is_member_before(self, day: date) -> bool:
        return any(one.since < day and (one.until is None or one.until >= day) for one in self._facts.memberships)

    def _read(self) -> Iterator[_Mark]:
        facts = self._facts
        for version in facts.versions:
            asks = version.is_active and not version.is_deleted
            yield self._mark(_Kind.RULE if asks else _Kind.NO_RULE, version.since, version.recorded_at)
        for membership in facts.memberships:
            yield from self._ends(membership, _Kind.JOIN, _Kind.LEAVE)
        for absence in facts.inactive:
            yield from self._ends(absence, _Kind.AWAY, _Kind.BACK)
        for exemption in facts.exemptions:
            yield self._mark(_Kind.EXEMPT, exemption.since, exemption.recorded_at)
            if exemption.until is not None and exemption.until < date.max:
                yield self._mark(_Kind.OTHER, exemption.until + timedelta(1), None)
        for extension in facts.extensions:
            yield self._mark(_Kind.OTHER, extension.granted_on, extension.recorded_at)
            if extension.withdrawn_on is not None:
                yield self._mark(_Kind.OTHER, extension.withdrawn_on, extension.withdrawn_recorded_at)
        for release in facts.item_versions:
            if release.requires_retraining:
                yield self._mark(_Kind.OTHER, release.published_on, release.recorded_at)
        for voided_at in [*(one.voided_at for one in facts.completions), *(one.voided_at for one in facts.progress)]:
            if voided_at is not None:
                yield self._mark(_Kind.OTHER, voided_at.astimezone(self._zone).date(), voided_at)

    def _ends(self, span: Span, begins: _Kind, ends: _Kind) -> Iterator[_Mark]:
        yield self._mark(begins, span.since, span.recorded_at)
        if span.until is not None:
            yield self._mark(ends, span.until, span.end_recorded_at)

    def _mark(self, kind: _Kind, day: date, recorded_at: datetime | None) -> _Mark:
        at = self.start(day)
        if recorded_at is not None and recorded_at.astimezone(self._zone).date() == day:
            at = recorded_at
        return _Mark(kind, day, at, recorded_at or at)


def _in_force(versions: Iterable[Settings], day: date) -> Settings | None:
    return max((one for one in versions if one.since <= day), key=lambda one: (one.since, one.number), default=None)


def _day(completion: Completion, zone: ZoneInfo) -> date:
    return completion.completed.local_day(zone)


def _masked(assignment: Id, id: Id) -> Id:
    # Applied twice it is undone. The digest keeps the ids of two assignments apart.
    mask = int.from_bytes(hashlib.sha256(b"enrolment" + assignment.bytes).digest()[:12], "big")
    bits = int(to_hex24(id), 16) ^ mask
    return from_parts(bits >> 48, bits & (1 << 48) - 1)
