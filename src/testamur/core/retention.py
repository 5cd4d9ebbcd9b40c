"""Erasure in levels, what keeps something from it, and until when (rules G5, G6 and G8)."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import Enum
from typing import Any

from testamur.core.decisions import check_reason
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, to_hex24
from testamur.core.people import Identifier, Reference

YEARS_MAX, DAYS_MAX = 200, 100_000
RULES_MAX = 10_000
"""Rules of a tenant that hold at once."""
HOLDS_MAX = 10_000
"""Holds of a tenant that last at once."""
_FOREVER = date.max


class Level(Enum):
    """How much is to be erased (rule G5)."""

    DETAIL = "detail"
    """Scores, durations, answers, notes, evidence, and what was told in its own words."""
    IDENTITY = "identity"
    """Names, addresses and identifiers, and every word that may say them; facts stay under a pseudonym."""
    ALL = "all"
    """The facts too; counts are left."""


class Keeps(Enum):
    """How much a rule keeps from being erased."""

    FACTS = "facts"
    IDENTITY = "identity"
    """The facts and whose they are."""
    DETAIL = "detail"
    """All of it."""

    def keeps_from(self, level: Level) -> bool:
        """Whether the level may not be carried out on what this keeps."""
        return level in _KEPT_FROM[self]


_KEPT_FROM = {
    Keeps.FACTS: frozenset({Level.ALL}),
    Keeps.IDENTITY: frozenset({Level.ALL, Level.IDENTITY}),
    Keeps.DETAIL: frozenset(Level),
}


class Basis(Enum):
    """From when on the time of a rule is counted."""

    COMPLETION = "completion"
    LEAVING = "leaving"


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRule:
    """For how long completions are kept: of one item, of the items of a category, or else of all others.

    Args:
        category: its name.
        adds_recurrence: the days for which the completion gives credit come first.
        keeps: how much of them.
        erases: what the run erases once the time is over; None for nothing. Never IDENTITY: facts have none.
    """

    basis: Basis
    reason: str
    years: int = 0
    days: int = 0
    item: Reference | None = None
    category: str | None = None
    adds_recurrence: bool = False
    keeps: Keeps = Keeps.FACTS
    erases: Level | None = None

    def check(self) -> None:
        """Raises InvalidInput."""
        check_reason(self.reason, None)
        faults = []
        for name, value, most in (("years", self.years, YEARS_MAX), ("days", self.days, DAYS_MAX)):
            if not 0 <= value <= most:
                faults.append(FieldFault(name, "range", f"must lie between 0 and {most}"))
        if self.item is not None and self.category is not None:
            faults.append(FieldFault("category", "range", "may not be given together with an item"))
        if self.erases is Level.IDENTITY:
            faults.append(FieldFault("erases", "range", "must be detail or all"))
        if faults:
            raise InvalidInput(faults)


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """A rule as it was set. A changed one is closed and followed by another."""

    id: Id
    item: Id | None
    category: Id | None
    category_name: str | None
    basis: Basis
    years: int
    days: int
    adds_recurrence: bool
    keeps: Keeps
    erases: Level | None
    reason: str
    set_by: Id
    set_by_person: Id | None
    opened_at: datetime
    closed_at: datetime | None = None
    closed_by: Id | None = None
    closed_because: str | None = None

    def until(self, learnt_on: date, left_on: date | None, recurrence_days: int) -> date | None:
        """The last day on which it keeps what was learnt on a day; None while no end is in sight."""
        start = learnt_on if self.basis is Basis.COMPLETION else left_on
        if start is None:
            return None
        return _later(start, self.years, self.days + (recurrence_days if self.adds_recurrence else 0))


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """Nothing of a person, or of anybody's learning of an item, is erased from `placed_at` until it is lifted."""

    id: Id
    person: Id | None
    item: Id | None
    reason: str
    placed_by: Id
    placed_by_person: Id | None
    placed_at: datetime
    lifted_at: datetime | None = None
    lifted_by: Id | None = None
    lifted_because: str | None = None


class Noun(Enum):
    """What a person has that is erased or kept by itself."""

    RECORD = "record"
    SESSION = "session"
    DEVELOPMENT = "development"
    """An entry of continuing professional development."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Owned:
    """One thing a person has done.

    Args:
        day: on which it was done or, where that is unknown, told.
        recurrence_days: for which completing the item gives credit at most; 0 for good or never.
        is_asked: some assignment accepts the item, or once did: totals of the past may rest on it.
        has_detail: there is something that the level DETAIL would take.
        facts: how many there are of it, those that stand no more too.
        is_completion: it stands and is a completion.
    """

    noun: Noun
    id: Id
    day: date
    item: Id | None = None
    categories: Collection[Id] = ()
    recurrence_days: int = 0
    is_asked: bool = False
    has_detail: bool = True
    facts: int = 1
    reports: int = 0
    is_completion: bool = False


class Because(Enum):
    """What keeps something."""

    HOLD = "hold"
    RULE = "rule"
    TOTALS = "totals"
    """Totals of the past rest on it, for as long as she cannot go whole (rule G8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Kept:
    """Some things of one kind that one rule or hold keeps from one level.

    Args:
        id: of the rule or hold; None for TOTALS.
        until: the last day on which any of them is kept; None while no end is in sight.
    """

    level: Level
    because: Because
    id: Id | None
    noun: Noun | None
    item: Id | None
    until: date | None
    count: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What an erasure takes and what it leaves.

    Args:
        stripped: what loses its detail.
        is_pseudonymous: whether who she is goes.
        gone: what goes as a whole.
        is_whole: everything of her goes.
        takes_rest: notes and evidence that no completion has go too: of decisions, of what was assigned by name.
    """

    stripped: Sequence[Owned] = ()
    is_pseudonymous: bool = False
    gone: Sequence[Owned] = ()
    is_whole: bool = False
    takes_rest: bool = False
    kept: Sequence[Kept] = ()

    @property
    def does_something(self) -> bool:
        return bool(self.stripped or self.gone or self.is_pseudonymous or self.is_whole or self.takes_rest)

    @property
    def counts(self) -> dict[str, int]:
        """How many of each noun lose their detail or go, and facts and reports among them."""
        taken = {one.id: one for one in (*self.stripped, *self.gone)}.values()
        gone = {one.id for one in self.gone}
        return {
            "detail_of": len(self.stripped),
            "records": sum(one.noun is Noun.RECORD for one in self.gone),
            "facts": sum(one.facts for one in self.gone if one.noun is Noun.RECORD),
            "sessions": sum(one.noun is Noun.SESSION for one in self.gone),
            "development": sum(one.noun is Noun.DEVELOPMENT for one in self.gone),
            "reports": sum(one.reports for one in taken if one.id in gone or one.noun is Noun.RECORD),
            "identity": int(self.is_pseudonymous),
        }


@dataclass(frozen=True, slots=True)
class Keeping:
    """Everything that may keep something of one person, on one day.

    Args:
        holds: those that last, on her and on items.
        left_on: the day on which she left; None while she is there.
    """

    rules: Sequence[Rule]
    holds: Sequence[Hold]
    left_on: date | None
    today: date

    def plan(self, level: Level, owned: Sequence[Owned]) -> Plan:
        """What an erasure of this level takes now. What may not go yet is named with what keeps it."""
        if (hold := self._person_hold) is not None:
            return Plan(
                kept=[Kept(level=level, because=Because.HOLD, id=hold.id, noun=None, item=None, until=None, count=1)]
            )
        kept = _Groups()
        free = {one: self._is_free(owned, one, kept) for one in _LEVELS[level]}
        if level is Level.DETAIL:
            return Plan(stripped=free[Level.DETAIL], takes_rest=True, kept=kept.told())
        is_pseudonymous = len(free[Level.IDENTITY]) == len(owned)
        if level is Level.IDENTITY:
            return Plan(is_pseudonymous=is_pseudonymous, kept=kept.told())
        gone = free[Level.ALL]
        if len(gone) == len(owned):
            return Plan(is_pseudonymous=True, gone=owned, is_whole=True)
        gone = self._without_totals(gone, kept)
        stays = {one.id for one in owned} - {one.id for one in gone}
        stripped = [one for one in free[Level.DETAIL] if one.id in stays]
        return Plan(stripped=stripped, is_pseudonymous=is_pseudonymous, gone=gone, takes_rest=True, kept=kept.told())

    def expired(self, owned: Sequence[Owned]) -> Plan:
        """What rules say is to go because its time is over. Nothing where no rule says so."""
        if self._person_hold is not None:
            return Plan()
        over = [(one, rule) for one in owned if (rule := self._over(one)) is not None]
        ended = [one for one, rule in over if rule.erases is Level.ALL]
        if owned and len(ended) == len(owned) and self.left_on is not None and self.left_on <= self.today:
            return Plan(is_pseudonymous=True, gone=owned, is_whole=True)
        gone = self._without_totals(ended, _Groups())
        ids = {one.id for one in gone}
        return Plan(stripped=[one for one, _ in over if one.has_detail and one.id not in ids], gone=gone)

    @property
    def _person_hold(self) -> Hold | None:
        return next((hold for hold in self.holds if hold.person is not None), None)

    def _is_free(self, owned: Sequence[Owned], level: Level, kept: _Groups) -> list[Owned]:
        found = []
        for one in owned:
            hold = next((hold for hold in self.holds if hold.item is not None and hold.item == one.item), None)
            if hold is not None:
                kept.add(level, Because.HOLD, hold.id, one, None)
                continue
            rule, until = self._rule_of(one)
            if rule is not None and rule.keeps.keeps_from(level) and (until is None or until >= self.today):
                kept.add(level, Because.RULE, rule.id, one, until)
                continue
            found.append(one)
        return found

    def _without_totals(self, gone: Iterable[Owned], kept: _Groups) -> list[Owned]:
        """Of what may go, that on which no total of the past rests while the person stays."""
        found = []
        for one in gone:
            # Minutes of development and sessions are counted too, for as long as there is somebody to count them of.
            if one.is_asked or one.noun is not Noun.RECORD:
                kept.add(Level.ALL, Because.TOTALS, None, one, None)
            else:
                found.append(one)
        return found

    def _over(self, one: Owned) -> Rule | None:
        """The rule whose time is over for it and that says that something is to go then."""
        if any(hold.item is not None and hold.item == one.item for hold in self.holds):
            return None
        rule, until = self._rule_of(one)
        if rule is None or rule.erases is None or until is None or until >= self.today:
            return None
        return rule

    def _rule_of(self, one: Owned) -> tuple[Rule | None, date | None]:
        """The rule that counts, and the last day of it: the item's own, else the longest of its categories, else the
        general one."""
        own = [rule for rule in self.rules if rule.item is not None and rule.item == one.item]
        own = own or [rule for rule in self.rules if rule.category is not None and rule.category in one.categories]
        own = own or [rule for rule in self.rules if rule.item is None and rule.category is None]
        ends = [(rule, rule.until(one.day, self.left_on, one.recurrence_days)) for rule in own]
        return max(ends, key=lambda end: (end[1] or _FOREVER, end[0].id), default=(None, None))


_Group = tuple[Level, Because, Id | None, Noun, Id | None]


class _Groups:
    """What is kept, counted by what keeps it."""

    def __init__(self) -> None:
        self._counts: defaultdict[tuple[Level, Because, Id | None, Noun, Id | None], list[date | None]] = defaultdict(
            list
        )

    def add(self, level: Level, because: Because, id: Id | None, one: Owned, until: date | None) -> None:
        self._counts[level, because, id, one.noun, one.item].append(until)

    def told(self) -> list[Kept]:
        return [
            Kept(
                level=level,
                because=because,
                id=id,
                noun=noun,
                item=item,
                until=None if None in ends else max(end for end in ends if end is not None),
                count=len(ends),
            )
            for (level, because, id, noun, item), ends in self._counts.items()
        ]


_LEVELS: Mapping[Level, Sequence[Level]] = {
    Level.DETAIL: (Level.DETAIL,),
    Level.IDENTITY: (Level.IDENTITY,),
    Level.ALL: tuple(Level),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Erasure:
    """One that was asked for.

    Args:
        completed_at: when nothing was kept back any more; None while something is.
        erased: counts of what went, over all tries.
        kept: what was kept at the last try.
        tombstone: counts of what is no more, where everything went.
    """

    id: Id
    person: Id
    level: Level
    reason: str
    asked_by: Id
    asked_by_person: Id | None
    asked_at: datetime
    tried_at: datetime
    completed_at: datetime | None
    erased: Mapping[str, int]
    kept: Sequence[Kept]
    tombstone: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """What an erasure would do now. Nothing was written."""

    person: Id
    level: Level
    erased: Mapping[str, int]
    kept: Sequence[Kept]


@dataclass(frozen=True, slots=True)
class Pseudonym:
    """What stands for who somebody was: the same for the same person for good, and worked out from her id alone."""

    given_name: str
    family_name: str
    ref: str

    @classmethod
    def of(cls, person: Id) -> Pseudonym:
        spelled = to_hex24(person)
        return cls("Erased", spelled[-8:], f"erased-{spelled}")


@dataclass(frozen=True, slots=True)
class Patterns:
    """Regular expressions, as PostgreSQL reads them, that find a person in texts.

    Args:
        hers: in what is about her: any part of her name and every identifier.
        others: in what is about others, and so only what can hardly be anything else, and not within a longer word.
        answers: in answers that were given: the same, and her id.
    """

    hers: str
    others: str
    answers: str


@dataclass(slots=True)
class Names:
    """All by which somebody is known: names, and identifiers of now and of before."""

    names: set[str] = field(default_factory=set)
    keys: set[Identifier] = field(default_factory=set)

    @property
    def identifiers(self) -> set[str]:
        return {one.value for one in self.keys}

    def add(self, said: Mapping[str, Any]) -> None:
        """Take note of what an entry said of her, or of what is kept."""
        name = f"{said.get('given_name') or ''} {said.get('family_name') or ''}".strip()
        if name:
            self.names.add(name)
        named = [*(said.get("identifiers") or ()), ("ref", said.get("ref")), ("email", said.get("email"))]
        self.keys |= {Identifier(kind, value) for kind, value in named if value}

    def patterns(self, ids: Iterable[str]) -> Patterns:
        """As regular expressions; `ids` are the spellings of her id."""
        parts = {part for name in self.names for part in (name, *name.split()) if len(part) >= _PART_MIN}
        near = [_escaped(text) for text in {*parts, *(one for one in self.identifiers if len(one) >= _PART_MIN)}]
        near += [_alone(text) for text in self.identifiers if len(text) < _PART_MIN]
        # Quotes would reach out of a text into what is around it. Some spell letters beyond ASCII as JSON may.
        plain = {text for text in (*self.names, *self.identifiers) if not {*text} & {*_QUOTES}}
        far = []
        for text in plain:
            spelled = {text, json.dumps(text)[1:-1]}
            if text in self.identifiers and (text.isdigit() or len(text) < _WORD_MIN):
                # A bare number is told from any other only where it is a text of its own.
                far += [f'(?<="){_escaped(one)}(?=")|^{_escaped(one)}$' for one in spelled]
            elif text in self.identifiers or (" " in text and len(text) >= _NAME_MIN):
                far += [_alone(one) for one in spelled]
        return Patterns(_any(near), _any(far), _any([*far, *map(_escaped, ids)]))


_PART_MIN, _NAME_MIN, _WORD_MIN = 3, 5, 5
_QUOTES = '"\\'
_NEVER = "(?=a)b"


def _escaped(text: str) -> str:
    return "".join(letter if letter.isalnum() else f"\\{letter}" if letter.isascii() else letter for letter in text)


def _alone(text: str) -> str:
    return f"(?<![[:alnum:]]){_escaped(text)}(?![[:alnum:]])"


def _any(patterns: Sequence[str]) -> str:
    return "|".join(sorted(patterns, key=lambda one: (-len(one), one))) or _NEVER


def _later(start: date, years: int, days: int) -> date:
    """Calendar years first, the 29th of February becoming the 1st of March; then days. At most the last day."""
    try:
        start = start.replace(year=start.year + years)
    except ValueError:
        if start.year + years > date.max.year:
            return date.max
        start = date(start.year + years, 3, 1)
    try:
        return start + timedelta(days=days)
    except OverflowError:
        return date.max
