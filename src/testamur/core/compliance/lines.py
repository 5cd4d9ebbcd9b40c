"""Lines: the run of cycles from one entry until the person leaves for good (sections 6, 7 and 9 to 11).

A line holds every due day that was ever promised: to the entry, by each credit, by extensions and exemptions. Edits,
absences and retraining move each of them by itself, and the latest of them all is the due day. So what is added to the
facts of a person never brings anything nearer (P4).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import dataclass, field

from testamur.core.compliance.credit import Credit
from testamur.core.compliance.days import FOREVER, plus
from testamur.core.compliance.facts import How
from testamur.core.compliance.settings import PriorCredit, Settings
from testamur.core.compliance.standing import Outcome, Reason, SatisfiedBy
from testamur.core.ids import Id


@dataclass(slots=True)
class Duty:
    """An obligation while the days are still ints; see `standing.Obligation`."""

    line: int
    cycle: int
    opens: int
    due: int
    outcome: Outcome = Outcome.OPEN
    ended: int | None = None
    satisfied_by: Id | None = None
    satisfied_how: SatisfiedBy | None = None
    satisfied: int | None = None
    is_on_time: bool | None = None
    days_late: int = 0


@dataclass(slots=True)
class Promise:
    """A due day that rests on no credit: the entry's, an extension's or an exemption's.

    Args:
        reasons: the first is what promised it, the others what moved it.
    """

    due: int
    reasons: tuple[Reason, ...]


@dataclass(slots=True)
class Line:
    """See the module.

    Args:
        notice_from: the day from which a first obligation's N days are counted: the entry day, or, with the notice
            floor, the later day on which the membership was recorded (rule M6).
        opens, due, end: the plan: the open or next obligation's days, and the last day of credit.
    """

    number: int
    entered_on: int
    notice_from: int
    prior_credit: PriorCredit
    entry: Promise
    floors: list[Promise] = field(default_factory=list)
    duties: list[Duty] = field(default_factory=list)
    cycle: int = 1
    duty: Duty | None = None
    satisfied: Duty | None = None
    absences: list[tuple[int, int]] = field(default_factory=list)
    left_on: int | None = None
    left_with: tuple[int, Duty | None] = field(init=False)
    opens: int = field(init=False)
    due: int = field(init=False)
    end: int = field(init=False)
    end_from: Credit | None = None
    due_reasons: tuple[Reason, ...] = ()

    # Entering and completing ----------------------------------------------------------------------------------------

    def enter(self, credits: Sequence[Credit], version: Settings) -> None:
        """Cycle 1 opens on the entry day (rules O1 and O3), or is satisfied by prior learning (rule O2)."""
        self.duty = self._new_duty(self.entered_on, self.entry.due)
        for credit in credits:
            self._take(credit, version, self.entered_on, is_renewal=True)
        self._satisfy_first_by_prior(credits, version, self.entered_on)
        self.replan(credits, version, self.entered_on)

    def receive(self, fresh: Sequence[Credit], credits: Sequence[Credit], version: Settings, today: int) -> None:
        """Completions begin to count: of today, or, through an edit, of an earlier day (rule E6)."""
        for credit in fresh:
            self._take(credit, version, today, is_renewal=credit.done.day == today)
        duty = self.duty
        if duty is not None:
            timely = [one for one in fresh if one.done.day >= duty.opens and not one.is_ignored]
            if timely:
                self._satisfy(min(timely, key=lambda one: one.done.place), version, today)  # O6, R5, R6
            else:
                self._satisfy_first_by_prior(fresh, version, today)
        if version.notice_floor:  # the plan stands, and the new credits may only add to it
            self._build_on(fresh)
            self._follow_plan(today)
        else:
            self.replan(credits, version, today)

    def _take(self, credit: Credit, version: Settings, today: int, *, is_renewal: bool) -> None:
        """Plan the next obligation from a credit end (rule R3)."""
        credit.reasons = ()
        credit.is_ignored = self.prior_credit is PriorCredit.NONE and credit.chain[0].day < self.entered_on
        credit.is_admitted = not credit.is_ignored and (self.prior_credit is PriorCredit.ANY or credit.end >= today)
        credit.opens = max(today, _before(credit.end, version.renewal_window_days))
        credit.due = plus(credit.end, version.grace_days)
        if credit.due < today or (version.notice_floor and not is_renewal):
            # O2: a renewal that would already have been due; O5: an obligation that an edit brings about.
            credit.due = max(credit.due, plus(today, version.completion_period_days))
            credit.reasons = (("O2" if is_renewal else "O5", credit.done.completion.id),)

    def _satisfy_first_by_prior(self, credits: Iterable[Credit], version: Settings, today: int) -> None:
        admitted = [one for one in credits if one.is_admitted]
        if self.cycle == 1 and admitted:
            self._satisfy(max(admitted, key=lambda one: (one.end, -one.done.place)), version, today)

    def _satisfy(self, credit: Credit, version: Settings, today: int) -> None:
        duty, done = self.duty, credit.done
        assert duty is not None
        duty.outcome, duty.ended, duty.satisfied = Outcome.SATISFIED, today, done.day
        duty.satisfied_by, duty.satisfied_how = done.completion.id, self._how(credit, version)
        # A due day that falls while the person is away will be moved when she is back (rule M2).
        waits = self.left_on is not None and duty.due >= self.left_on
        duty.is_on_time = done.day <= duty.due or waits
        duty.days_late = 0 if duty.is_on_time else self.days_late(done.day, duty.due)
        self.satisfied, self.duty = duty, None
        self.cycle += 1

    def _how(self, credit: Credit, version: Settings) -> SatisfiedBy:
        completion = credit.done.completion
        if completion.how is How.EQUIVALENCY:
            return SatisfiedBy.EQUIVALENCY
        if completion.how in _FROM_BEFORE or credit.done.day < self.entered_on:
            return SatisfiedBy.PRIOR
        return SatisfiedBy.PRIMARY if completion.item == version.primary else SatisfiedBy.ALTERNATIVE

    # The plan -------------------------------------------------------------------------------------------------------

    def replan(self, credits: Iterable[Credit], version: Settings, today: int) -> None:
        """Work out the plan from all that was promised, and open or end the obligation accordingly."""
        self.opens, self.due, self.due_reasons = self.entered_on, 0, ()
        self.end, self.end_from = 0, None
        if version.notice_floor or self.cycle == 1:  # O5: no due day of a line before that of its entry
            self.due, self.due_reasons = self.entry.due, self.entry.reasons
        for floor in self.floors:
            if floor.due > self.due:
                self.due, self.due_reasons = floor.due, floor.reasons
        self._build_on(credits)
        self._follow_plan(today)

    def _build_on(self, credits: Iterable[Credit]) -> None:
        """Take the latest of what the plan says and of what these credits promise."""
        for credit in credits:
            if credit.is_ignored:
                continue
            if credit.end > self.end:  # R1: the latest of them all
                self.end, self.end_from = credit.end, credit
            if credit.is_admitted:
                self.opens = max(self.opens, credit.opens)
                if credit.due > self.due:
                    self.due = credit.due
                    self.due_reasons = (("R3", credit.done.completion.id), *credit.reasons)

    def _follow_plan(self, today: int) -> None:
        duty = self.duty
        if duty is None:
            self.open_by(today)
        elif self.opens > today:
            self.duty = None
            duty.outcome, duty.ended = Outcome.RESCHEDULED, today  # E4
        else:
            duty.due = self.due

    def open_by(self, day: int) -> None:
        """The planned obligation opens when its day has come."""
        if self.duty is None and self.opens <= day:
            self.duty = self._new_duty(day, self.due)

    def _new_duty(self, day: int, due: int) -> Duty:
        duty = Duty(self.number, self.cycle, day, due)
        self.duties.append(duty)
        return duty

    # Edits ----------------------------------------------------------------------------------------------------------

    def edit(
        self, credits: Sequence[Credit], ends_before: dict[Credit, int], old: Settings, new: Settings, today: int
    ) -> None:
        """An edit on day X = `today` (section 10).

        Args:
            ends_before: where each credit ended before the edit.
        """
        self._edit_first(old, new, today)
        is_same_plan = old.renewal_window_days == new.renewal_window_days and old.grace_days == new.grace_days
        for credit in credits:
            before = ends_before[credit]
            if not (is_same_plan and before == credit.end) and not credit.is_ignored:
                self._edit_credit(credit, before, new, today)
        self._satisfy_first_by_prior(credits, new, today)
        self.replan(credits, new, today)

    def _edit_first(self, old: Settings, new: Settings, today: int) -> None:
        due = plus(self.notice_from, new.completion_period_days)
        reached = plus(max(self.notice_from, today), new.completion_period_days)
        is_shorter = new.completion_period_days < old.completion_period_days
        if due > self.entry.due:
            self.entry = Promise(due, (*self.entry.reasons, ("E1", new.number)))
        elif is_shorter and new.applies_to_open and reached < self.entry.due:
            self.entry = Promise(reached, (*self.entry.reasons, ("E2", new.number)))

    def _edit_credit(self, credit: Credit, before: int, new: Settings, today: int) -> None:
        was_open = credit.opens <= today
        target = plus(credit.end, new.grace_days)
        opening = _before(credit.end, new.renewal_window_days)
        noticed = plus(today, new.completion_period_days)
        due = credit.due
        if credit.end < before:
            credit.due, rule = max(target, min(due, noticed)), "E3"
        elif was_open:
            credit.due, rule = max(target, due), "E4" if credit.end > before else "E5"
        else:
            credit.due, rule = max(target, min(due, noticed)) if new.notice_floor else target, "E5"
        if not was_open or credit.end > before:
            credit.opens = max(today, opening)
        if not credit.is_admitted and credit.end >= today:
            # O2 once more, as of the edit: credit from before that lasts until now after all.
            credit.is_admitted, credit.opens = True, max(today, opening)
            credit.due = max(target, noticed)
        if credit.due != due:
            credit.reasons = (*credit.reasons, (rule, new.number))

    def outdate(self, credits: Sequence[Credit], outdated: Iterable[Credit], version: Settings, today: int) -> None:
        """A version that requires retraining is published (rule V4)."""
        for credit in outdated:
            credit.opens = min(credit.opens, today)
            credit.due = plus(today, max(version.grace_days, version.completion_period_days))
            by = credit.done.outdated_by
            credit.reasons = (*credit.reasons, ("V4", by.id if by else None))
        self.replan(credits, version, today)

    # Leaving, coming back, decisions ----------------------------------------------------------------------------------

    def leave(self, today: int) -> None:
        """What stands then is remembered: a line that nobody comes back to ends as it was (rule M1)."""
        self.left_on = today
        self.left_with = (len(self.duties), copy(self.duty))

    def close(self) -> None:
        """Nobody came back in time: the open obligation was withdrawn on leaving (rules M1 and M3)."""
        if self.left_on is None:
            return
        count, duty = self.left_with
        if duty is not None:
            duty.outcome, duty.ended = Outcome.WITHDRAWN, self.left_on
            self.duties[count - 1] = duty  # the open one is the last that opened
        del self.duties[count:]

    def come_back(self, credits: Sequence[Credit], version: Settings, today: int, membership: Id | None) -> None:
        """Back within the re-entry time: a due day that fell in the absence has as many days left again (rule M2)."""
        left_on = self.left_on
        assert left_on is not None
        self.left_on = None
        self.absences.append((left_on, today))
        promised: list[Promise | Credit] = [self.entry, *self.floors, *credits]
        for one in promised:
            if left_on <= one.due < today:
                one.due = today + (one.due - left_on)
                one.reasons = (*one.reasons, ("M2", membership))
        self.replan(credits, version, today)

    def promise(self, due: int, reason: Reason, credits: Sequence[Credit], version: Settings, today: int) -> None:
        """An extension (rule X1), or N days after an exemption (rule X5): never earlier than what there is."""
        self.floors.append(Promise(due, (reason,)))
        self.replan(credits, version, today)

    def take_back(self, reason: Reason, credits: Sequence[Credit], version: Settings, today: int) -> None:
        """An extension is withdrawn: no day before becomes late by it (P5), and a nearer due day is noticed (O5)."""
        notice, rule = (version.completion_period_days, "O5") if version.notice_floor else (0, "P5")
        for floor in self.floors:
            if floor.reasons[0] == reason and floor.due > plus(today, notice):
                floor.due, floor.reasons = plus(today, notice), (reason, (rule, reason[1]))
        self.replan(credits, version, today)

    def days_late(self, day: int, due: int) -> int:
        """Days from the due day to a later day, without those away (rule M4)."""
        absences = self.absences if self.left_on is None else [*self.absences, (self.left_on, FOREVER)]
        return day - due - sum(max(0, min(day + 1, back) - max(due + 1, left)) for left, back in absences)

    def was_away(self, day: int) -> bool:
        return any(left <= day < back for left, back in self.absences)


_FROM_BEFORE = How.PRIOR, How.IMPORT


def _before(end: int, days: int) -> int:
    return end if end >= FOREVER else end - days
