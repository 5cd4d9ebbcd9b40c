"""What people have learnt: three years of completions as four sources would tell them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from itertools import accumulate
from random import Random
from zoneinfo import ZoneInfo

from testamur.core.items import NewItem, Outside
from testamur.core.moments import When, format_duration
from testamur.demo.catalogue import CERTIFIED_DAYS, OUTSIDE
from testamur.demo.staff import Employee, Span
from testamur.demo.structure import Rule

WINDOW_DAYS = 3 * 365
SOURCES = ("thrive", "rise", "stackone", "edm")
_PER_PERSON = 28.0
"""Completions of somebody employed throughout; those who came later or left bring the average to about 20."""
_SPREAD = 6.0
_FAIL_SHARE = 0.07
_TOLD_TWICE_SHARE = 0.015


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """One telling of a completion. `person` and `item` are references, or the item is outside learning."""

    source: str
    person: str
    item: str | Outside
    completed: When
    started_at: datetime | None = None
    expires_at: datetime | None = None
    passed: bool | None = None
    score_percent: Decimal | None = None
    score_text: str | None = None
    time_spent: str | None = None
    certificate: str | None = None
    is_prior: bool = False


class _Outcome(Enum):
    PASSED = "passed"
    FAILED = "failed"
    PRIOR = "prior"
    """Passed before the window, and known from the records of that time."""


_Days = dict[tuple[str, date], _Outcome]
"""What one person did: by item and day, so that nobody completes the same item twice on one day."""


def completions(
    rng: Random, employees: Sequence[Employee], items: Sequence[NewItem], rules: Sequence[Rule], today: date
) -> list[Completion]:
    """Everybody's completions in the order in which they happened, none of them on `today` or later.

    What assignments ask for comes around its year, mostly in time; the rest is chosen freely from what is
    published and assigned to nobody. A few completions are told by two sources, some of those to the same
    millisecond (rules C1 and C4).
    """
    history = _History(rng, items, rules, today)
    told = [completion for employee in employees for completion in history.of(employee)]
    return sorted(told, key=lambda completion: (completion.completed.at, completion.person))


class _History:
    """One draw of everybody's learning."""

    def __init__(self, rng: Random, items: Sequence[NewItem], rules: Sequence[Rule], today: date) -> None:
        self._rng = rng
        self._first = today - timedelta(days=WINDOW_DAYS)
        self._last = today - timedelta(days=1)
        self._rules = rules
        self._items = {_ref(item): item for item in items if item.is_published}
        assigned = {ref for rule in rules for ref in (rule.primary, *rule.alternatives)}
        free = [ref for ref in self._items if ref not in assigned]
        # What is popular is very popular: weights fall as 1/n over a shuffled shelf.
        self._shelf = rng.sample(free, len(free))
        self._popularity = list(accumulate(1 / (place + 3) for place in range(len(self._shelf))))

    def of(self, employee: Employee) -> Iterator[Completion]:
        """The history of one person, in no order."""
        days: _Days = {}
        for rule in self._rules:
            for span in employee.spans:
                if span.group == rule.group and rule.recurrence_days:
                    self._renew(employee, rule, rule.recurrence_days, span, days)
                elif span.group == rule.group:
                    self._complete_once(employee, rule, span, days)
        self._choose(employee, days)
        for (ref, day), outcome in days.items():
            yield from self._tellings(employee, self._items[ref], day, outcome)
        if self._rng.random() < 0.06:
            yield self._outside(employee)

    def _complete_once(self, employee: Employee, rule: Rule, span: Span, days: _Days) -> None:
        rng = self._rng
        is_done = any(ref == rule.primary for ref, _ in days)
        if is_done or rng.random() > employee.diligence:
            return
        day = span.joined_on + timedelta(days=rng.randint(1, rule.completion_period_days))
        if day >= self._first:
            self._attempt(employee, rule.primary, day, self._last_of(span.left_on), days)
        elif rule.primary not in employee.never:
            days[rule.primary, _working_day(rng, employee, day)] = _Outcome.PRIOR

    def _renew(self, employee: Employee, rule: Rule, recurrence_days: int, span: Span, days: _Days) -> None:
        rng = self._rng
        if span.joined_on >= self._first:
            day = span.joined_on + timedelta(days=rng.randint(1, rule.completion_period_days))
        else:
            day = self._first + timedelta(days=rng.randrange(recurrence_days))
        last = self._last_of(span.left_on)
        while True:
            done_on = self._attempt(employee, self._route(employee, rule), day, last, days)
            if done_on is None or rng.random() < 0.02:  # some simply stop
                return
            in_time = rng.random() < employee.diligence
            late_days = rng.gauss(-14, 8) if in_time else rng.uniform(5, 90)
            day = done_on + timedelta(days=recurrence_days + round(late_days))

    def _route(self, employee: Employee, rule: Rule) -> str:
        """The primary item, or an alternative: mostly the one in the person's own language."""
        own = [ref for ref in rule.alternatives if self._items[ref].language == employee.person.language]
        if own and self._rng.random() < 0.4:
            return self._rng.choice(own)
        return rule.primary

    def _choose(self, employee: Employee, days: _Days) -> None:
        rng = self._rng
        first, last = max(self._first, employee.hired_on), self._last_of(employee.left_on)
        length = (last - first).days + 1
        wanted = round(rng.gauss(_PER_PERSON, _SPREAD) * length / WINDOW_DAYS) - len(days)
        known: set[str] = set()
        for ref in rng.choices(self._shelf, cum_weights=self._popularity, k=max(0, wanted)):
            if ref in known and rng.random() < 0.8:  # few take up again what they know
                continue
            known.add(ref)
            self._attempt(employee, ref, first + timedelta(days=rng.randrange(length)), last, days)

    def _attempt(self, employee: Employee, ref: str, day: date, last: date, days: _Days) -> date | None:
        """Try an item on a working day from `day` on, again after a fail; returns the day it was passed."""
        rng = self._rng
        day = _working_day(rng, employee, day)
        if ref in employee.never or (ref, day) in days or day > last:
            return None
        if self._items[ref].requires_quiz and rng.random() < _FAIL_SHARE:
            days[ref, day] = _Outcome.FAILED
            day = _working_day(rng, employee, day + timedelta(days=rng.randint(1, 6)))
            if (ref, day) in days or day > last:
                return None
        days[ref, day] = _Outcome.PASSED
        return day

    def _last_of(self, left_on: date | None) -> date:
        return min(self._last, left_on - timedelta(days=1)) if left_on else self._last

    def _tellings(self, employee: Employee, item: NewItem, day: date, outcome: _Outcome) -> Iterator[Completion]:
        rng = self._rng
        if outcome is _Outcome.PRIOR:
            source = rng.choice(("stackone", "edm"))
            yield Completion(
                source=source, person=employee.ref, item=_ref(item), completed=When.day(day), is_prior=True
            )
            return
        passed = outcome is _Outcome.PASSED
        at = _moment(rng, employee, day)
        source = _source(rng, item, passed)
        yield self._telling(employee, item, source, at, passed)
        if passed and rng.random() < _TOLD_TWICE_SHARE:
            other = rng.choice([name for name in SOURCES if name not in (source, "rise")])
            minutes_later = rng.choice((0, 0, 2, 4, 11))
            yield self._telling(employee, item, other, at + timedelta(minutes=minutes_later), passed)

    def _telling(self, employee: Employee, item: NewItem, source: str, at: datetime, passed: bool) -> Completion:
        """What `source` would say of it: each knows other things."""
        rng = self._rng
        ref = _ref(item)
        said = Completion(source=source, person=employee.ref, item=ref, completed=When(at))
        if source == "thrive":
            return said
        minutes = _MINUTES[item.format or ""] * rng.triangular(0.6, 1.8, 1.0)
        started_at = at - timedelta(seconds=round(minutes * 60))
        if source == "rise":
            return replace(said, started_at=started_at)
        if passed and ref in CERTIFIED_DAYS:
            number = rng.randrange(100_000, 1_000_000)
            expires_at = at + timedelta(days=CERTIFIED_DAYS[ref])
            said = replace(said, expires_at=expires_at, certificate=f"LKS-{ref}-{number}")
        score = _score(rng, passed) if item.requires_quiz else None
        if source == "edm":
            return replace(said, passed=passed, score_percent=score)
        said = replace(
            said,
            passed=passed if item.requires_quiz else None,
            score_percent=score,
            score_text=None if score is None else f"{score / 5:.0f} / 20",
            time_spent=format_duration(at - started_at),
        )
        if rng.random() < 0.2:
            return replace(said, completed=When.day(at.astimezone(ZoneInfo(employee.zone)).date()))
        return replace(said, started_at=started_at)

    def _outside(self, employee: Employee) -> Completion:
        """Learning from before they came, proven by a certificate."""
        rng = self._rng
        return Completion(
            source="edm",
            person=employee.ref,
            item=rng.choice(OUTSIDE),
            completed=When.day(employee.hired_on - timedelta(days=rng.randint(30, 900))),
            passed=True,
            certificate=f"{rng.randrange(1_000_000):06d}",
            is_prior=True,
        )


_MINUTES = {
    "elearning": 30,
    "scorm": 45,
    "event": 200,
    "video": 9,
    "quiz": 10,
    "article": 7,
    "document": 18,
    "audio": 30,
    "pathway": 60,
}

_CLOSED = frozenset({(12, 25), (12, 26), (1, 1)})


def _working_day(rng: Random, employee: Employee, day: date) -> date:
    """`day`, or one of the next week's when nobody learns then: weekends are rare, more so without shifts."""
    if day.weekday() >= 5 and rng.random() > (0.35 if employee.works_shifts else 0.05):
        day += timedelta(days=7 - day.weekday() + rng.randint(0, 4))
    while (day.month, day.day) in _CLOSED:
        day += timedelta(days=1)
    return day


def _moment(rng: Random, employee: Employee, day: date) -> datetime:
    """A moment of that day where the person works, in UTC: office hours, or a late shift till 22:30."""
    is_late_shift = employee.works_shifts and rng.random() < 0.3
    hours = rng.triangular(18, 22.5, 20) if is_late_shift else rng.triangular(7.5, 18.5, 10.5)
    midnight = datetime.combine(day, time(), ZoneInfo(employee.zone))
    return (midnight + timedelta(milliseconds=int(hours * 3_600_000))).astimezone(UTC)


def _source(rng: Random, item: NewItem, passed: bool) -> str:
    """Where one hears of it first. Thrive and Rise tell completions only, never a fail."""
    if not passed:
        return rng.choice(("stackone", "edm"))
    if item.is_authored:
        return rng.choices(("rise", "thrive", "stackone"), (70, 20, 10))[0]
    if item.format == "event":
        return rng.choice(("stackone", "edm"))
    return rng.choices(("thrive", "stackone", "edm"), (50, 35, 15))[0]


def _score(rng: Random, passed: bool) -> Decimal:
    return _SCORES[round(rng.triangular(15, 20, 19) if passed else rng.triangular(4, 14, 12))]


# Made once: four hundred thousand equal Decimals would weigh more than the completions.
_SCORES = tuple(Decimal(points * 5) for points in range(21))


def _ref(item: NewItem) -> str:
    return next(identifier.value for identifier in item.identifiers if identifier.kind == "ref")
