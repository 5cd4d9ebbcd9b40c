"""Who works there: people with their identifiers, and where each of them has belonged since when."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta
from random import Random

from testamur.core.people import Identifier, NewPerson
from testamur.demo.catalogue import FIRE_SAFETY, HOME
from testamur.demo.names import CULTURES, script
from testamur.demo.structure import (
    ALL_STAFF,
    DEPARTMENTS,
    DRIVERS,
    FIRST_AIDERS,
    FORKLIFT,
    MANAGERS,
    PEOPLE,
    RULES,
    SITES,
    TRANSPORT,
    WAREHOUSE,
    Department,
    Site,
)

ADA = "000001"
"""Reference of the demo's sample person: active, with identifiers of every kind, without FIRE_SAFETY."""

_MAIL_DOMAIN = "larkspur.example"
_HOME_ZONE = "Europe/London"
_SERVICE_DAYS_MAX = 3_650


@dataclass(frozen=True, slots=True)
class Span:
    """A membership of `person` in `group`, both by reference. `left_on` is the first day outside."""

    group: str
    person: str
    joined_on: date
    left_on: date | None = None


@dataclass(frozen=True, slots=True)
class Employee:
    """What somebody's learning history follows from.

    Args:
        diligence: share of what is due that gets done in time, 0 to 1.
        never: references of items without a completion of theirs.
    """

    person: NewPerson
    ref: str
    hired_on: date
    left_on: date | None
    zone: str
    works_shifts: bool
    diligence: float
    spans: tuple[Span, ...]
    never: frozenset[str] = frozenset()


def staff(rng: Random, count: int, today: date) -> list[Employee]:
    """`count` people: Ada Okafor, then the others in the order in which they were hired.

    Every reference, address, login and account is theirs alone. About one in fourteen has left.
    """
    # Long service is rarer than short, and nobody started this very week.
    served = [7 + int(_SERVICE_DAYS_MAX * rng.random() ** 1.4) for _ in range(count - 1)]
    hired = sorted(_intake(today - timedelta(days=days)) for days in served)
    taken: Counter[str] = Counter()
    employees = [_ada(today, taken)]
    number = 1_000
    for hired_on in hired:
        number += rng.randint(1, 7)
        employees.append(_employee(rng, f"{number:06d}", hired_on, today, taken))
    return employees


def _ada(today: date, taken: Counter[str]) -> Employee:
    hired_on = _intake(today - timedelta(days=1_400))
    groups = (ALL_STAFF, SITES[0].reference, PEOPLE)
    login = _unique(taken, "aokafor")
    person = NewPerson(
        given_name="Ada",
        family_name="Okafor",
        identifiers=(
            Identifier("ref", ADA),
            Identifier("email", f"{_unique(taken, 'ada.okafor')}@{_MAIL_DOMAIN}"),
            Identifier("username", login),
            Identifier("account", f"{HOME} {login}"),
        ),
        phone="+44 7700 900001",
        language="en-GB",
        zone=_HOME_ZONE,
        attributes=_attributes("Learning partner", SITES[0], hired_on),
    )
    fire_safety = next(rule for rule in RULES if rule.primary == FIRE_SAFETY)
    return Employee(
        person=person,
        ref=ADA,
        hired_on=hired_on,
        left_on=None,
        zone=_HOME_ZONE,
        works_shifts=False,
        diligence=0.95,
        spans=tuple(Span(group, ADA, hired_on) for group in groups),
        # Not the alternatives either: one completion of hers then visibly satisfies the assignment.
        never=frozenset({FIRE_SAFETY, *fire_safety.alternatives}),
    )


def _employee(rng: Random, ref: str, hired_on: date, today: date, taken: Counter[str]) -> Employee:
    site = rng.choices(SITES, [site.weight for site in SITES])[0]
    department = rng.choices(DEPARTMENTS, [department.weight for department in DEPARTMENTS])[0]
    is_manager = rng.random() < 0.08
    left_on = None
    if rng.random() < 0.075:
        left_on = _between(rng, hired_on + timedelta(days=60), today - timedelta(days=3))
    spans = _spans(rng, ref, hired_on, left_on, today, site, department, is_manager)
    person = _person(rng, ref, hired_on, site, department, is_manager, left_on is None, taken)
    return Employee(
        person=person,
        ref=ref,
        hired_on=hired_on,
        left_on=left_on,
        zone=site.zone,
        works_shifts=department.shifts,
        diligence=rng.betavariate(8, 1),
        spans=spans,
    )


def _person(
    rng: Random,
    ref: str,
    hired_on: date,
    site: Site,
    department: Department,
    is_manager: bool,
    is_employed: bool,
    taken: Counter[str],
) -> NewPerson:
    culture = rng.choices(CULTURES, [culture.weight for culture in CULTURES])[0]
    given, given_latin = script(rng.choice(culture.given))
    family, family_latin = script(rng.choice(culture.family)) if culture.family else ("", "")
    has_phone = site.zone == _HOME_ZONE and rng.random() < 0.5
    identifiers = [Identifier("ref", ref)]
    if rng.random() < 0.97:  # not everybody in a warehouse has an address
        local = _unique(taken, f"{given_latin}.{family_latin}".strip("."))
        identifiers.append(Identifier("email", f"{local}@{_MAIL_DOMAIN}"))
    if rng.random() < 0.6:
        login = _unique(taken, f"{given_latin[0]}{family_latin}" if family_latin else given_latin)
        identifiers.append(Identifier("username", login))
        if rng.random() < 0.5:
            identifiers.append(Identifier("account", f"{HOME} {login}"))
    return NewPerson(
        given_name=given,
        family_name=family,
        identifiers=tuple(identifiers),
        # 07700 900000 to 900999 is kept free for fiction by the British regulator.
        phone=f"+44 7700 900{rng.randrange(2, 1000):03d}" if has_phone else None,
        role="manager" if is_manager else "admin" if rng.random() < 0.01 else "learner",
        language=rng.choices((culture.language, "en-GB", None), (60, 30, 10))[0],
        zone=site.zone if site.zone != _HOME_ZONE else None,
        is_active=is_employed and rng.random() > 0.01,
        attributes=_attributes(rng.choice(department.jobs), site, hired_on),
    )


def _attributes(job: str, site: Site, hired_on: date) -> dict[str, str]:
    return {"job_title": job, "site": site.name, "hired_on": hired_on.isoformat()}


def _spans(
    rng: Random,
    ref: str,
    hired_on: date,
    left_on: date | None,
    today: date,
    site: Site,
    department: Department,
    is_manager: bool,
) -> tuple[Span, ...]:
    last = left_on or today
    spans = [Span(ALL_STAFF, ref, hired_on, left_on)]
    for group, others in (
        (site.reference, [other.reference for other in SITES]),
        (department.reference, [other.reference for other in DEPARTMENTS]),
    ):
        before = rng.choice(others)
        moved_on = None
        if before != group and rng.random() < 0.06:
            moved_on = _between(rng, hired_on + timedelta(days=90), last - timedelta(days=10))
        if moved_on is not None:
            spans += [Span(before, ref, hired_on, moved_on), Span(group, ref, moved_on, left_on)]
        else:
            spans.append(Span(group, ref, hired_on, left_on))
    duties = [
        (MANAGERS, is_manager),
        (DRIVERS, department.reference == TRANSPORT),
        (FORKLIFT, department.reference == WAREHOUSE and rng.random() < 0.4),
        (FIRST_AIDERS, rng.random() < 0.07),
    ]
    since = spans[-1].joined_on  # the day they came to their department
    spans += [Span(duty, ref, since, left_on) for duty, holds in duties if holds]
    if rng.random() < 0.02:
        return _with_absence(rng, spans, last)
    return tuple(spans)


def _with_absence(rng: Random, spans: list[Span], last: date) -> tuple[Span, ...]:
    """The spans of somebody who was away: short enough to go on where they left (M2), or not (M3)."""
    newest = max(span.joined_on for span in spans)
    away_on = _between(rng, newest + timedelta(days=60), last - timedelta(days=230))
    if away_on is None:
        return tuple(spans)
    back_on = away_on + timedelta(days=rng.randint(10, 200))
    parted = []
    for span in spans:
        if span.left_on is None or span.left_on > back_on:
            parted += [
                Span(span.group, span.person, span.joined_on, away_on),
                Span(span.group, span.person, back_on, span.left_on),
            ]
        else:
            parted.append(span)
    return tuple(parted)


def _unique(taken: Counter[str], name: str) -> str:
    """`name`, with a number behind it when somebody has it. Names hold no digits, so no new clash comes."""
    taken[name] += 1
    return name if taken[name] == 1 else f"{name}{taken[name]}"


def _intake(day: date) -> date:
    """The first Monday of the month: people start together."""
    first = day.replace(day=1)
    return first + timedelta(days=-first.weekday() % 7)


def _between(rng: Random, first: date, last: date) -> date | None:
    """A day from `first` to `last`, None when there is none."""
    return first + timedelta(days=rng.randint(0, (last - first).days)) if first <= last else None
