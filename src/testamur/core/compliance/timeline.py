"""The walk over the days at which something happens, and the steps of standing between them (section 8).

`timeline` is the engine: one pure function. A day matters when a fact falls on it, or when the plan says so: an
obligation opens, falls due, credit ends. Between two such days nothing changes, so the cost is that of the facts.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from itertools import groupby, pairwise
from operator import attrgetter, itemgetter
from zoneinfo import ZoneInfo

from testamur.core.compliance.credit import Credit, Done, credits_of
from testamur.core.compliance.days import FOREVER, date_of, fixed_day_from, plus, to_date
from testamur.core.compliance.facts import REENTRY_DEFAULT_DAYS, Completion, Exemption, Facts, ItemVersion
from testamur.core.compliance.lines import Duty, Line, Promise
from testamur.core.compliance.presence import Stay, expected_stay, in_force, stays
from testamur.core.compliance.settings import Anchor, Settings
from testamur.core.compliance.standing import CreditState, Obligation, Reason, Status, Step, Timeline
from testamur.core.ids import Id
from testamur.core.moments import When

# What happens on one day happens in this order: rules first, then whom they meet, then what that person did.
_EDIT, _RETRAINING, _LEAVE, _ARRIVE, _EXEMPT, _EXTEND, _TAKE_BACK, _COMPLETE = range(8)


def timeline(facts: Facts, *, horizon: date) -> Timeline:
    """The standing of one person under one assignment, on every day from the first entry on.

    Args:
        horizon: fixed calendar days are counted as missed until here (rule O4); everything else is exact for ever.
    """
    if not facts.versions:
        return Timeline((), ())
    case = _Case(facts, horizon.toordinal())
    walk = _Walk(case, 0)
    steps = walk.steps
    # C6: a void counts from its day on, as if the fact had never been; so the walk is done once more without it.
    for void_day in case.void_days():
        walk = _Walk(case, void_day)
        day = date_of(void_day)
        steps = [*_before(steps, day), *_from(walk.steps, day)]
    obligations = tuple(_obligation(duty) for line in walk.lines for duty in line.duties)
    return Timeline((*_scheduled(case), *_merged(steps)), obligations, walk.credit_ends())


class _Case:
    """The facts, put in order once: days as ints, completions by day, the person's stays."""

    def __init__(self, facts: Facts, horizon: int) -> None:
        self.facts, self.horizon = facts, horizon
        self.versions = in_force(facts.versions)
        self.since = [version.since.toordinal() for version in self.versions]
        self.stays = stays(facts, self.versions)
        self.entered_on = self.stays[0].since if self.stays else FOREVER
        self.progressed: list[tuple[int, int]] = []
        self.done: list[Done] = []
        releases = sorted(facts.item_versions, key=lambda one: (one.published_on, one.number))
        ordered = sorted(facts.completions, key=lambda one: (one.completed.at, one.id))
        for completion in ordered:
            self._add(completion, releases)
        self.done.sort(key=lambda one: one.day)
        for place, done in enumerate(self.done):
            done.place = place
        for progress in facts.progress:
            voided_on = FOREVER if progress.voided_at is None else self.day(When.instant(progress.voided_at))
            self._add_progress(progress.item, self.day(progress.made), voided_on)
        self.progressed.sort()
        self.exempt = _merged_exemptions(facts.exemptions)
        lasting = [one for one in facts.extensions if one.withdrawn_on is None or one.granted_on < one.withdrawn_on]
        self.extensions = sorted(lasting, key=lambda one: (one.granted_on, one.id))
        self.retired = {one.item: one.retired_on.toordinal() for one in facts.retirements}
        self.reentries = sorted(facts.reentries, key=lambda one: (one.since, one.number))

    def _add(self, completion: Completion, releases: Sequence[ItemVersion]) -> None:
        day = self.day(completion.completed)
        voided_on = FOREVER if completion.voided_at is None else self.day(When.instant(completion.voided_at))
        if completion.passed is False:  # F2: an attempt is progress
            self._add_progress(completion.item, day, voided_on)
            return
        expires = FOREVER
        if completion.expires is not None:
            expires = completion.expires.local_day(self._version_on(day).zone).toordinal()
        done = Done(completion, day, expires, voided_on)
        _outdate(done, [one for one in releases if one.item == completion.item])
        if day <= expires and day < done.outdated_on:  # otherwise it gives credit on no day
            self.done.append(done)

    def _add_progress(self, item: Id, day: int, voided_on: int) -> None:
        """Progress with what was accepted on its day: accepting more later changes no day before (P5)."""
        if self._version_on(day).accepts(item):
            self.progressed.append((day, voided_on))

    def void_days(self) -> list[int]:
        """The days from which something does not count any longer."""
        return sorted({*(one.voided_on for one in self.done), *(day for _, day in self.progressed)} - {FOREVER})

    def reentry_days(self, day: int) -> int:
        """The re-entry time of a day: another one acts from its day on and changes no return before (M2, P5)."""
        begun = [one.days for one in self.reentries if one.since.toordinal() <= day]
        return begun[-1] if begun else REENTRY_DEFAULT_DAYS

    def day(self, when: When) -> int:
        """Its local day, in the zone of the version in force on it (rules D3 and D8)."""
        day = when.local_day(self.versions[0].zone).toordinal()
        for version, since in zip(self.versions[1:], self.since[1:], strict=True):
            if day < since:
                break
            day = max(since, when.local_day(version.zone).toordinal())
        return day

    def _version_on(self, day: int) -> Settings:
        return self.versions[max(0, bisect_right(self.since, day) - 1)]


def _outdate(done: Done, releases: Sequence[ItemVersion]) -> None:
    """Note the first version that requires retraining of who completed an older one (rules V3 and V4)."""
    number = done.completion.version
    if number is None:
        number = max((one.number for one in releases if one.published_on.toordinal() <= done.day), default=0)
    for release in releases:
        if release.requires_retraining and release.number > number:
            done.outdated_on, done.outdated_by = release.published_on.toordinal(), release
            return


class _Walk:
    """One pass over the days on which something happens, done once it is made.

    Args:
        void_day: what was voided on or before this day does not count.
    """

    def __init__(self, case: _Case, void_day: int) -> None:
        self.case = case
        self.steps: list[Step] = []
        self.lines: list[Line] = []
        self.line: Line | None = None
        self.version = case.versions[0]
        self.gone_on = self._gone_on()
        self.recurrence_days = self.version.recurrence_days or FOREVER
        self.counted: list[Done] = []
        self.waiting: list[Done] = []
        self.credits: list[Credit] = []
        self.exempt: Exemption | None = None
        self.last_completed = 0
        self.frozen: Step | None = None
        self.stay: Stay | None = None
        self.done = [one for one in case.done if one.voided_on > void_day]
        self.progressed = [day for day, voided_on in case.progressed if voided_on > void_day]
        self._go()

    def _go(self) -> None:
        events = sorted(self._events(), key=itemgetter(0, 1))
        days = [(day, list(some)) for day, some in groupby(events, key=itemgetter(0))]
        for (day, some), (next_day, _) in pairwise([*days, (FOREVER, [])]):
            if self.line is not None:
                self.line.open_by(day)
            for _, _, happen in some:
                happen(day)
            if self.line is not None:
                self._emit(day, next_day)
        if self.line is not None:
            self.line.close()

    def credit_ends(self) -> dict[Id, date | None]:
        ends: dict[Id, int] = {}
        for credit in self.credits:
            if not credit.is_ignored:
                id = credit.done.completion.id
                ends[id] = max(credit.end, ends.get(id, 0))
        return {id: to_date(end) for id, end in ends.items()}

    def _events(self) -> Iterator[tuple[int, int, Callable[[int], None]]]:
        case = self.case
        for since, version in zip(case.since[1:], case.versions[1:], strict=True):
            yield since, _EDIT, partial(self._edit, version)
        for day in {done.outdated_on for done in self.done} - {FOREVER}:
            yield day, _RETRAINING, self._retrain
        for stay in case.stays:
            yield stay.since, _ARRIVE, partial(self._arrive, stay)
            if stay.until < FOREVER:
                yield stay.until, _LEAVE, self._leave
        for since, until, exemption in case.exempt:
            yield since, _EXEMPT, partial(self._exempt, exemption)
            if until < FOREVER:
                yield until, _EXEMPT, partial(self._end_exemption, exemption)
        for extension in case.extensions:  # what was granted before the first entry acts from it on
            reason = "X1", extension.id
            granted_on = max(case.entered_on, extension.granted_on.toordinal())
            yield granted_on, _EXTEND, partial(self._promise, extension.due_on.toordinal(), reason)
            if extension.withdrawn_on is not None:
                yield max(granted_on, extension.withdrawn_on.toordinal()), _TAKE_BACK, partial(self._take_back, reason)
        for day, together in groupby(self.done, key=attrgetter("day")):
            yield day, _COMPLETE, partial(self._complete, list(together))

    # Coming and going -----------------------------------------------------------------------------------------------

    def _arrive(self, stay: Stay, day: int) -> None:
        line, version = self.line, self.version
        self.stay = stay
        membership = stay.membership
        if line is not None:
            assert line.left_on is not None
            if day - line.left_on <= self.case.reentry_days(day):  # M2
                line.come_back(self.credits, version, day, membership.id)
                return
            line.close()  # M3
        notice_from = day
        if membership.recorded_at is not None and version.notice_floor:  # M6
            notice_from = max(day, _local_day(membership.recorded_at, version.zone))
        reasons: tuple[Reason, ...] = (("O3", membership.id),)
        if notice_from > day:
            reasons += (("M6", membership.id),)
        entry = Promise(plus(notice_from, version.completion_period_days), reasons)
        self.line = line = Line(len(self.lines) + 1, day, notice_from, version.prior_credit, entry)
        self.lines.append(line)
        line.enter(self.credits, version)

    def _leave(self, day: int) -> None:
        assert self.line is not None
        self.frozen = self.steps[-1] if self.steps else None
        self.line.leave(day)

    # Rules change ---------------------------------------------------------------------------------------------------

    def _edit(self, new: Settings, day: int) -> None:
        old, self.version = self.version, new
        self.gone_on = self._gone_on()
        if new.anchor is not Anchor.CALENDAR:
            self.recurrence_days = new.recurrence_days or self.recurrence_days
        for done in self.counted:
            # E12: credit keeps the anchor it was made under; E3, E4: there is none under what acts once.
            done.pin = (done.pin or new) if new.recurs else None
        before = self._rework(day)
        if self.line is not None:
            self.line.edit(self.credits, before, old, new, day)
        self._accept(day)

    def _rework(self, day: int) -> dict[Credit, int]:
        """Work credit ends out again (rules E3 and E4); says where each ended before."""
        known = {credit.chain: credit for credit in self.credits}
        latest = {credit.done: credit for credit in sorted(self.credits, key=attrgetter("due"))}
        self.credits = []
        ends = {}
        for done in self.counted:
            # Retraining of the same day comes after the edit, and gives days of its own (rule V4).
            for credit in credits_of(done, self.credits, self.recurrence_days, day - 1):
                past = known.get(credit.chain) or latest[done]
                credit.opens, credit.due, credit.reasons = past.opens, past.due, past.reasons
                credit.is_admitted, credit.is_ignored = past.is_admitted, past.is_ignored
                ends[credit] = past.end
                self.credits.append(credit)
        return ends

    def _accept(self, day: int) -> None:
        """Past completions of what is accepted from now on count, if they still give credit (rule E6)."""
        still: list[Done] = []
        fresh: list[Credit] = []
        for done in self.waiting:
            if self.version.accepts(done.completion.item):
                self._pin(done)
                given = credits_of(done, self.credits, self.recurrence_days, day)
                if max(credit.end for credit in given) >= day:
                    fresh += given
                    self.counted.append(done)
                    self.last_completed = max(self.last_completed, done.day)
                    continue
            still.append(done)
        self.waiting = still
        self.counted.sort(key=attrgetter("place"))
        self._receive(fresh, day)

    def _retrain(self, day: int) -> None:
        outdated = [one for one in self.credits if one.done.outdated_on == day and one.end > day]
        for credit in outdated:
            credit.end = day
        if self.line is not None:
            self.line.outdate(self.credits, outdated, self.version, day)

    # Decisions --------------------------------------------------------------------------------------------------------

    def _promise(self, due: int, reason: Reason, day: int) -> None:
        if self.line is not None:
            self.line.promise(due, reason, self.credits, self.version, day)

    def _take_back(self, reason: Reason, day: int) -> None:
        if self.line is not None:
            self.line.take_back(reason, self.credits, self.version, day)

    def _exempt(self, exemption: Exemption, _: int) -> None:
        self.exempt = exemption

    def _end_exemption(self, exemption: Exemption, day: int) -> None:
        self.exempt = None
        self._promise(plus(day, self.version.completion_period_days), ("X5", exemption.id), day)

    # Completions ------------------------------------------------------------------------------------------------------

    def _complete(self, together: Sequence[Done], day: int) -> None:
        """All completions of one day; together they satisfy one obligation at most."""
        fresh: list[Credit] = []
        for done in together:
            if self.version.accepts(done.completion.item):
                self._pin(done)
                fresh += credits_of(done, self.credits, self.recurrence_days, day)
                self.counted.append(done)
                self.last_completed = day
            else:
                self.waiting.append(done)
        self._receive(fresh, day)

    def _pin(self, done: Done) -> None:
        done.pin = self.version if self.version.recurs else None

    def _receive(self, fresh: list[Credit], day: int) -> None:
        self.credits += fresh
        if self.line is not None:
            self.line.receive(fresh, self.credits, self.version, day)

    # Steps ------------------------------------------------------------------------------------------------------------

    def _emit(self, day: int, until: int) -> None:
        """The steps from a day up to, not including, the next on which a fact falls."""
        while day < until:
            line = self.line
            assert line is not None
            line.open_by(day)
            step, day = self._step(line, day, until)
            self.steps.append(step)

    def _step(self, line: Line, day: int, until: int) -> tuple[Step, int]:
        """The step from `day`, and the day of the next: the first on which anything about it is different."""
        duty, due, end = line.duty, line.due, line.end
        started = missed = late_days = 0
        is_impossible = False
        fixed_days: tuple[tuple[int, int], ...] = ()
        if end == 0:
            credit = CreditState.NEVER
        elif day <= end:  # R7
            credit = CreditState.VALID
            until = min(until, end + 1)
        else:
            credit = CreditState.LAPSED
        if duty is None:
            status = Status.COMPLETED
            until = min(until, line.opens)
        else:
            started, until = self._started(duty.opens, day, until)
            is_impossible = self.gone_on <= day
            if not is_impossible:
                until = min(until, self.gone_on)
            if day > due:  # D4
                status = Status.EXPIRED if end else Status.OVERDUE
                late_days = line.days_late(day, due)
                if self.version.anchor is Anchor.CALENDAR:
                    missed, until = self._missed(line, due, day, until)
                    fixed_days = self.version.calendar_days
            else:
                status = Status.RENEWAL_DUE if end else Status.IN_PROGRESS if started else Status.NOT_STARTED
                until = min(until, due + 1)
        if self.exempt is not None:
            status, late_days = Status.EXEMPT, 0
        if line.left_on is not None:
            return self._withdrawn(line, credit, day, until), until
        satisfied = line.satisfied
        step = Step(
            date_of(day),
            to_date(until),
            status,
            credit,
            to_date(end) if end else None,
            line.number,
            line.cycle,
            to_date(line.opens) if duty is None else date_of(duty.opens),
            to_date(due),
            date_of(self.last_completed) if self.last_completed else None,
            date_of(started) if started else None,
            satisfied.satisfied_by if satisfied else None,
            satisfied.satisfied_how if satisfied else None,
            satisfied.is_on_time if satisfied else None,
            late_days,
            missed,
            is_impossible,
            self._because(line, status, day),
            self.version.zone,
            fixed_days,
        )
        return step, until

    def _withdrawn(self, line: Line, credit: CreditState, day: int, until: int) -> Step:
        """As it was on leaving, but for the credit: what happens to the line shows when she is back."""
        last = self.frozen
        assert last is not None
        end, stay = line.end, self.stay
        return Step(
            date_of(day),
            to_date(until),
            Status.WITHDRAWN,
            credit,
            to_date(end) if end else None,
            line.number,
            last.cycle,
            last.opens_on,
            last.due_on,
            date_of(self.last_completed) if self.last_completed else None,
            last.started_on,
            last.satisfied_by,
            last.satisfied_how,
            last.is_on_time,
            0,
            last.missed_on(date_of(line.left_on or day)),
            False,
            (("S1", None), ("M1", stay.membership.id if stay else None)),
            self.version.zone,
        )

    def _because(self, line: Line, status: Status, day: int) -> tuple[Reason, ...]:
        credit = line.end_from
        held: tuple[Reason, ...] = ()
        if credit is not None:
            completion = credit.done.completion
            held = (("R1" if line.end < FOREVER else "A1", completion.id),)
            outdated_by = credit.done.outdated_by
            if outdated_by is not None and credit.end == credit.done.outdated_on <= day:
                held += (("V4", outdated_by.id),)
            elif credit.end == credit.done.expires < FOREVER:
                held += (("V6", completion.id),)
            if day > line.end:
                held += (("R7", completion.id),)
        if self.exempt is not None:
            return (("S2", None), ("X3", self.exempt.id))
        if status is Status.COMPLETED:
            satisfied = line.satisfied
            return (("S4", None), ("O8", satisfied.satisfied_by if satisfied else None), *held)
        if status is Status.EXPIRED or status is Status.OVERDUE:
            held = (("D4", None), *held)
        return ((_RULES[status], None), *line.due_reasons, *held)

    def _started(self, opens: int, day: int, until: int) -> tuple[int, int]:
        """The first progress on or after the opening day (rule S8)."""
        place = bisect_left(self.progressed, opens)
        if place == len(self.progressed):
            return 0, until
        first = self.progressed[place]
        return (first, until) if first <= day else (0, min(until, first))

    def _gone_on(self) -> int:
        """From that day on nothing that would satisfy the assignment is offered any longer (rule V7)."""
        return max(self.case.retired.get(item, FOREVER) for item in self.version.items)

    def _missed(self, line: Line, due: int, day: int, until: int) -> tuple[int, int]:
        """Fixed days that passed since it fell due, while the person was meant (rules O4 and M4)."""
        missed, fixed = 0, fixed_day_from(due + 1, self.version.calendar_days)
        while fixed < day:
            missed += not line.was_away(fixed)
            fixed = fixed_day_from(fixed + 1, self.version.calendar_days)
        return missed, min(until, fixed + 1) if fixed <= self.case.horizon else until


_RULES = {
    Status.RENEWAL_DUE: "S5",
    Status.EXPIRED: "S6",
    Status.OVERDUE: "S7",
    Status.IN_PROGRESS: "S8",
    Status.NOT_STARTED: "S9",
}


def _merged_exemptions(exemptions: Iterable[Exemption]) -> list[tuple[int, int, Exemption]]:
    """Spans without overlap, half-open, each with the exemption that began it."""
    merged: list[tuple[int, int, Exemption]] = []
    for one in sorted(exemptions, key=lambda one: (one.since, one.id)):
        since = one.since.toordinal()
        until = FOREVER if one.until is None else plus(one.until.toordinal(), 1)
        if until <= since:
            continue
        if merged and since <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], until), merged[-1][2])
        else:
            merged.append((since, until, one))
    return merged


def _scheduled(case: _Case) -> list[Step]:
    """Before the first entry: from the day it could be known until the entry day (rule S3)."""
    steps: list[Step] = []
    starts = [*case.since]
    first = case.versions[0]
    if first.recorded_at is not None:  # made before the day from which it acts
        starts[0] = min(starts[0], _local_day(first.recorded_at, first.zone))
    ends_before = [*case.since[1:], FOREVER]
    for place in range(bisect_left(starts, case.entered_on)):
        version = case.versions[place]
        stay = expected_stay(case.facts, version, case.since[place])
        if stay is None:
            continue
        membership = stay.membership
        known = (
            membership.since.toordinal()
            if membership.recorded_at is None
            else _local_day(membership.recorded_at, version.zone)
        )
        begins, ends = max(starts[place], known), min(ends_before[place], stay.since, case.entered_on)
        if begins < ends:
            steps.append(_scheduled_step(version, stay, begins, ends))
    return steps


def _scheduled_step(version: Settings, stay: Stay, begins: int, ends: int) -> Step:
    due = to_date(plus(stay.since, version.completion_period_days))
    reasons = (("S3", None), ("O3", stay.membership.id))
    opens = date_of(stay.since)
    rest = (None, None, None, None, None, 0, 0, False, reasons, version.zone)
    return Step(date_of(begins), to_date(ends), Status.SCHEDULED, CreditState.NEVER, None, 0, 1, opens, due, *rest)


def _local_day(moment: datetime, zone: ZoneInfo) -> int:
    return moment.astimezone(zone).date().toordinal()


def _before(steps: Iterable[Step], day: date) -> list[Step]:
    """What the steps say of the days before `day`; they have no gaps and no end."""
    kept = [step for step in steps if step.since < day]
    if kept:
        kept[-1].until = day
    return kept


def _from(steps: Iterable[Step], day: date) -> list[Step]:
    """What the steps say of `day` and the days after."""
    kept = [step for step in steps if step.until is None or day < step.until]
    for step in kept:
        since = max(step.since, day)
        step.missed_cycles, step.late_days = step.missed_on(since), step.days_late(since)
        step.since = since
    return kept


def _merged(steps: Iterable[Step]) -> list[Step]:
    """Neighbours that say the same are one step."""
    merged: list[Step] = []
    for step in steps:
        last = merged[-1] if merged else None
        if last is not None and last.until == step.since and _is_same(last, step):
            last.until = step.until
        else:
            merged.append(step)
    return merged


def _is_same(last: Step, step: Step) -> bool:
    return (
        last.status is step.status
        and last.due_on == step.due_on
        and last.opens_on == step.opens_on
        and last.credit is step.credit
        and last.credit_ends_on == step.credit_ends_on
        and last.last_completed_on == step.last_completed_on
        and (last.line, last.cycle, last.started_on) == (step.line, step.cycle, step.started_on)
        and (last.satisfied_by, last.is_on_time) == (step.satisfied_by, step.is_on_time)
        and (last.missed_cycles, last.is_impossible) == (step.missed_cycles, step.is_impossible)
        and last.days_late(step.since) == step.late_days
        and last.because == step.because
        and last.fixed_days == step.fixed_days
        and last.zone is step.zone
    )


def _obligation(duty: Duty) -> Obligation:
    return Obligation(
        line=duty.line,
        cycle=duty.cycle,
        opens_on=date_of(duty.opens),
        due_on=to_date(duty.due),
        outcome=duty.outcome,
        ended_on=None if duty.ended is None else date_of(duty.ended),
        satisfied_by=duty.satisfied_by,
        satisfied_how=duty.satisfied_how,
        satisfied_on=None if duty.satisfied is None else date_of(duty.satisfied),
        is_on_time=duty.is_on_time,
        days_late=duty.days_late,
    )
