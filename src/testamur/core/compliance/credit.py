"""Credit: what qualifying completions give, and for how long (sections 4, 7 and 13)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from testamur.core.compliance.days import FOREVER, fixed_day_from, plus
from testamur.core.compliance.facts import Completion, ItemVersion
from testamur.core.compliance.settings import Anchor, Settings
from testamur.core.compliance.standing import Reason


@dataclass(slots=True, eq=False)
class Done:
    """A completion that counts.

    Args:
        day: its local day (rule D3).
        place: its place among all completions by day, instant and id.
        voided_on: from that day on it does not count (rule C6).
        expires: the last day of its own validity (rule V6).
        outdated: the day a version that requires retraining outdates it (rule V4), and that version.
        pin: the version whose anchor, window and calendar made its credit (rule E12); None under one that acts
            once.
    """

    completion: Completion
    day: int
    expires: int
    voided_on: int
    place: int = field(init=False)
    outdated_on: int = FOREVER
    outdated_by: ItemVersion | None = None
    pin: Settings | None = None


@dataclass(slots=True, eq=False)
class Credit:
    """One credit end that a completion gives, and the duty that follows from it.

    Under the anchor `expiry` a completion may give several (rule R1). Each goes through edits, absences and
    retraining on its own; a line takes the latest of them all. That is why a further completion can never make
    anything earlier (P4): it only adds to what the latest is taken of.

    Args:
        chain: the completions it rests on: the first gave the anniversary, the last is `done`.
        natural_end: its last day, were no version to require retraining.
        opens, due: the next duty's days, within the present line (rule R3).
        is_admitted: whether the present line builds on it (rule O2).
        reasons: what moved `due` after it was planned.
    """

    done: Done
    chain: tuple[Done, ...]
    natural_end: int
    end: int
    opens: int = FOREVER
    due: int = FOREVER
    is_admitted: bool = False
    is_ignored: bool = False
    reasons: tuple[Reason, ...] = ()


def credits_of(done: Done, earlier: Sequence[Credit], recurrence_days: int, today: int) -> list[Credit]:
    """Every credit end that a completion gives (section 7), cut by its own expiry and by retraining (rule R2).

    Args:
        earlier: what completions before it gave.
        recurrence_days: R as it is today (rules E3 and E4).
    """
    pin = done.pin
    ends: dict[int, tuple[Done, ...]] = {}
    if pin is None:
        ends[FOREVER] = (done,)
    elif pin.anchor is Anchor.CALENDAR:
        ends[fixed_day_from(plus(done.day, pin.least_credit_days), pin.calendar_days)] = (done,)
    else:
        ends[plus(done.day, recurrence_days)] = (done,)
        if pin.anchor is Anchor.EXPIRY:
            for credit in sorted(earlier, key=lambda one: -one.chain[0].day):
                end = _end_on(credit, done.day)
                if end - pin.renewal_window_days <= done.day <= end and credit.done is not done:
                    ends.setdefault(plus(end, recurrence_days), (*credit.chain, done))
    found = []
    for end, chain in ends.items():
        natural_end = min(end, done.expires)
        credit = Credit(done, chain, natural_end, natural_end)
        credit.end = _end_on(credit, today)
        found.append(credit)
    return found


def _end_on(credit: Credit, day: int) -> int:
    """Its end as it stands on a day: retraining cuts it from the day it is asked for (rule V4)."""
    outdated_on = credit.done.outdated_on
    return min(credit.natural_end, outdated_on) if outdated_on <= day else credit.natural_end
