"""The invariants of section 19 that a pure function can show, on generated histories.

`TESTAMUR_HYPOTHESIS_PROFILE=long` tries twenty times as many, `quick` a twentieth. A failure prints the example and a
blob that replays it.
"""

from __future__ import annotations

import os
import random
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import given as given_facts
from hypothesis import strategies as st

from testamur.core.compliance import (
    IN_BREACH,
    NOT_COUNTED,
    Anchor,
    Completion,
    CreditState,
    Exemption,
    Extension,
    Facts,
    How,
    ItemVersion,
    Membership,
    Outcome,
    PriorCredit,
    Progress,
    Settings,
    Span,
    Status,
    Step,
    Timeline,
    standing_on,
    timeline,
    transitions,
)
from testamur.core.moments import When
from tests.core.compliance.stories import FIRE, KITCHEN, LONDON, OTHERS, STAFF, id_of, of

EFFORT = {"quick": 0.05, "long": 20}.get(os.environ.get("TESTAMUR_HYPOTHESIS_PROFILE", ""), 1)
FIRST = date(2024, 1, 1)
pytestmark = pytest.mark.timeout(7200 if EFFORT > 1 else 600)


def cases(count: int) -> settings:
    return settings(
        max_examples=int(count * EFFORT), print_blob=True, database=None, suppress_health_check=list(HealthCheck)
    )


def at(number: int) -> date:
    return FIRST + timedelta(number)


def recorded(number: int) -> datetime:
    return datetime.combine(at(number), time(12), UTC)


# Strategies are made once, here: to make them anew for each history took most of the time.
DAYS = st.integers(0, 700)
LONGER = st.integers(0, 300)
LATENESS = st.sampled_from([0, 0, 0, 3, 40, 200])
SPANS = st.tuples(DAYS, st.sampled_from([None, None, 1, 10, 40, 300]), LATENESS).map(
    lambda drawn: (drawn[0], None if drawn[1] is None else drawn[0] + drawn[1], drawn[0] + drawn[2])
)
"""Since when, until when, known when."""
STARTS = st.tuples(st.integers(0, 200), st.lists(DAYS, max_size=3)).map(lambda drawn: sorted({drawn[0], *drawn[1]}))
SETTINGS = st.fixed_dictionaries(
    {
        "audience": st.sampled_from([STAFF, STAFF, STAFF, OTHERS]),
        "alternatives": st.sampled_from([(), (KITCHEN,)]),
        "completion_period_days": st.sampled_from([1, 5, 10, 30, 60]),
        "recurrence_days": st.sampled_from([None, 0, 10, 30, 90, 365]),
        "renewal_window_days": st.sampled_from([0, 0, 3, 9, 60]),
        "renewal_grace_days": st.sampled_from([None, 0, 5, 40]),
        "anchor": st.sampled_from(list(Anchor)),
        "calendar_days": st.sampled_from([((12, 31),), ((3, 31), (9, 30)), ((2, 29), (6, 1))]),
        "minimum_credit_days": st.sampled_from([None, 20, 150]),
        "prior_credit": st.sampled_from(list(PriorCredit)),
        "notice_floor": st.booleans(),
        "is_active": st.sampled_from([True, True, True, False]),
        "applies_to_open": st.booleans(),
    }
)
COMPLETIONS = st.fixed_dictionaries(
    {
        "on": DAYS,
        "item": st.sampled_from([FIRE, FIRE, KITCHEN]),
        "is_day": st.booleans(),
        "late": LATENESS,
        "passed": st.sampled_from([None, True, True, False]),
        "version": st.sampled_from([None, None, 1, 2]),
        "lasts": st.sampled_from([None, None, None, 7, 100]),
        "how": st.sampled_from(list(How)),
    }
)
COMPLETIONS_OF = [st.tuples(*[COMPLETIONS] * count) for count in range(5)]
"""So many of them: lists would mostly be short."""
HISTORIES = st.fixed_dictionaries(
    {
        "memberships": st.lists(st.tuples(st.sampled_from([STAFF, STAFF, OTHERS]), SPANS), min_size=1, max_size=3),
        "completions": st.integers(0, 4).flatmap(COMPLETIONS_OF.__getitem__),
        "progress": st.lists(DAYS, max_size=2),
        "exemptions": st.lists(SPANS, max_size=1),
        "extensions": st.lists(
            st.tuples(DAYS, st.integers(0, 200), st.sampled_from([None, None, 0, 1, 20, 90])), max_size=2
        ),
        "inactive": st.lists(SPANS, max_size=1),
        "item_versions": st.lists(st.tuples(DAYS, st.booleans()), max_size=2).map(sorted),
        "voided": st.none() | LONGER,
    }
)


def version_of(drawn: dict[str, Any], number: int, since: int) -> Settings:
    recurrence, window = drawn["recurrence_days"], drawn["renewal_window_days"]
    if recurrence and window >= recurrence:
        window = recurrence - 1
    least = drawn["minimum_credit_days"]
    return Settings(
        number=number,
        since=at(since),
        recorded_at=recorded(since),
        primary=FIRE,
        zone=LONDON,
        **drawn | {"renewal_window_days": window, "minimum_credit_days": None if least is None else window + least},
    )


def completion_of(drawn: dict[str, Any], number: int) -> Completion:
    on, lasts = drawn["on"], drawn["lasts"]
    return Completion(
        id=id_of(100 + number),
        item=drawn["item"],
        completed=When.day(at(on)) if drawn["is_day"] else When.instant(recorded(on) + timedelta(hours=11, minutes=30)),
        recorded_at=recorded(on + drawn["late"]),
        passed=drawn["passed"],
        version=drawn["version"],
        expires=None if lasts is None else When.day(at(on + lasts)),
        how=drawn["how"],
    )


def facts_of(drawn: dict[str, Any], versions: tuple[Settings, ...], *, voids: bool = True) -> Facts:
    completions = [completion_of(one, number) for number, one in enumerate(drawn["completions"])]
    if voids and completions and drawn["voided"] is not None:
        first = completions[0]
        assert first.recorded_at is not None
        completions[0] = replace(first, voided_at=first.recorded_at + timedelta(drawn["voided"]))
    return Facts(
        versions=versions,
        memberships=tuple(
            Membership(
                audience=audience,
                since=at(since),
                until=None if until is None else at(until),
                recorded_at=recorded(known),
                end_recorded_at=None if until is None else recorded(max(until, known)),
            )
            for audience, (since, until, known) in drawn["memberships"]
        ),
        completions=tuple(completions),
        progress=tuple(
            Progress(item=FIRE, made=When.day(at(on)), recorded_at=recorded(on)) for on in drawn["progress"]
        ),
        exemptions=tuple(
            Exemption(
                id=id_of(200 + place),
                since=at(since),
                until=None if until is None else at(until),
                recorded_at=recorded(known),
            )
            for place, (since, until, known) in enumerate(drawn["exemptions"])
        ),
        extensions=tuple(
            Extension(
                id=id_of(300 + place),
                granted_on=at(on),
                due_on=at(on + longer),
                recorded_at=recorded(on),
                withdrawn_on=None if after is None else at(on + after),
                withdrawn_recorded_at=None if after is None else recorded(on + after),
            )
            for place, (on, longer, after) in enumerate(drawn["extensions"])
        ),
        inactive=tuple(
            Span(since=at(since), until=None if until is None else at(until), recorded_at=recorded(since))
            for since, until, _ in drawn["inactive"]
        ),
        item_versions=tuple(
            ItemVersion(
                item=FIRE, number=place + 1, published_on=at(on), requires_retraining=hard, recorded_at=recorded(on)
            )
            for place, (on, hard) in enumerate(drawn["item_versions"])
        ),
    )


@st.composite
def histories(draw: st.DrawFn, *, floor: bool | None = None, voids: bool = True) -> Facts:
    versions = []
    for number, since in enumerate(draw(STARTS), 1):
        version = version_of(draw(SETTINGS), number, since)
        versions.append(version if floor is None else replace(version, notice_floor=floor))
    return facts_of(draw(HISTORIES), tuple(versions), voids=voids)


FURTHER = COMPLETIONS.map(lambda drawn: completion_of(drawn, 50))


def days_of(*timelines: Timeline) -> list[date]:
    """Every day on which something about any of them is different, and the days around."""
    starts = {step.since for timeline in timelines for step in timeline.steps}
    ends = {step.until for timeline in timelines for step in timeline.steps if step.until is not None}
    return sorted(
        {day + timedelta(shift) for day in starts | ends for shift in (-1, 0) if day > FIRST - timedelta(9000)}
    )


def answer(timeline: Timeline, day: date) -> tuple[Any, ...] | None:
    """Everything a step says of a day."""
    step = standing_on(timeline, day)
    if step is None:
        return None
    return (
        *(step.status, step.credit, step.credit_ends_on, step.line, step.cycle, step.opens_on, step.due_on),
        *(step.last_completed_on, step.started_on, step.satisfied_by, step.satisfied_how, step.is_on_time),
        *(step.days_late(day), step.missed_on(day), step.is_impossible, step.because),
    )


def assert_same(one: Timeline, other: Timeline, *, before: date = date.max) -> None:
    for day in days_of(one, other):
        if day < before:
            assert answer(one, day) == answer(other, day), day


def rank(step: Step) -> int:
    if step.status in NOT_COUNTED:
        return -1
    if step.status in IN_BREACH:
        return 0
    if step.status is Status.COMPLETED:
        return 3
    return 2 if step.credit is CreditState.VALID else 1


def credit_end(step: Step) -> date:
    if step.credit is CreditState.NEVER:
        return date.min
    return step.credit_ends_on or date.max


@cases(1500)
@given_facts(histories(), st.randoms(use_true_random=False))
def test_1_the_order_of_facts_changes_nothing(facts: Facts, order: random.Random) -> None:
    def shuffled(some: tuple[Any, ...]) -> tuple[Any, ...]:
        return tuple(order.sample(some, len(some)))

    names = ("versions", "completions", "progress", "extensions", "item_versions")
    changes: dict[str, Any] = {name: shuffled(getattr(facts, name)) for name in names}
    other = replace(facts, **changes)
    assert_same(of(facts), of(other))


@cases(300)
@given_facts(histories())
def test_missed_cycles_are_the_same_however_far_they_were_counted(facts: Facts) -> None:
    """What is kept counts as far as the first day of a step; the rest follows from the fixed days within it."""
    kept = timeline(facts, horizon=date.min)
    for day in days_of(kept, of(facts)):
        step, exact = standing_on(kept, day), standing_on(timeline(facts, horizon=day), day)
        assert (step and step.missed_on(day)) == (exact and exact.missed_cycles), day


@cases(4000)
@given_facts(histories(floor=True), FURTHER)
def test_2_a_further_completion_makes_nothing_worse(facts: Facts, further: Completion) -> None:
    further = replace(further, passed=None)
    without, with_it = of(facts), of(replace(facts, completions=(*facts.completions, further)))
    for day in days_of(without, with_it):
        old, new = standing_on(without, day), standing_on(with_it, day)
        assert (old is None) == (new is None)
        if old is None or new is None:
            continue
        assert rank(new) >= rank(old), day
        assert credit_end(new) >= credit_end(old), day
        if old.status is not Status.WITHDRAWN:
            assert (new.due_on or date.max) >= (old.due_on or date.max), day


@cases(1500)
@given_facts(histories())
def test_3_4_9_one_status_a_day_one_open_obligation_and_due_days_in_order(facts: Facts) -> None:
    found = of(facts)
    entered = [step for step in found.steps if step.line]
    for last, step in pairwise(entered):
        assert last.until == step.since
        assert last.since < step.since
    assert not entered or entered[-1].until is None
    open_days: list[tuple[date, date]] = []
    for duty in found.obligations:
        assert duty.due_on is not None
        assert duty.due_on >= duty.opens_on
        assert (duty.outcome is Outcome.OPEN) == (duty.ended_on is None)
        open_days.append((duty.opens_on, duty.ended_on or date.max))
    for (_, ended), (opens, _) in pairwise(open_days):
        assert ended <= opens
    lines = {step.line: step for step in reversed(entered)}
    for first in lines.values():
        floors = [one for one in facts.versions if one.since <= first.since]
        version = max(floors, key=lambda one: one.since)
        if version.notice_floor and not any(one.applies_to_open for one in facts.versions):
            for duty in (one for one in found.obligations if one.line == first.line and one.cycle == 1):
                assert duty.due_on is not None
                assert duty.due_on >= first.since + timedelta(version.completion_period_days)
    assert len({(one.kind, one.on, one.line, one.cycle) for one in transitions(found)}) == len(transitions(found))


@cases(1000)
@given_facts(histories(), st.integers(0, 900), FURTHER)
def test_5_as_known_then_stays_as_it_was(facts: Facts, number: int, news: Completion) -> None:
    then = recorded(number)
    later = replace(
        facts,
        completions=(*facts.completions, replace(news, recorded_at=then + timedelta(1))),
        exemptions=(*facts.exemptions, Exemption(id=id_of(9), since=FIRST, recorded_at=then + timedelta(1))),
        extensions=tuple(
            replace(one, withdrawn_on=at(number), withdrawn_recorded_at=then + timedelta(1))
            if one.withdrawn_on is None
            else one
            for one in facts.extensions
        ),
        memberships=tuple(
            replace(one, until=one.until or at(800), end_recorded_at=then + timedelta(1)) if one.until is None else one
            for one in facts.memberships
        ),
    )
    assert_same(of(facts.known_at(then)), of(later.known_at(then)))


@cases(2000)
@given_facts(histories(), st.data())
def test_6_an_edit_changes_no_day_before_it(facts: Facts, data: st.DataObject) -> None:
    last = max(facts.versions, key=lambda one: one.since)
    number = (last.since - FIRST).days + data.draw(st.integers(1, 400))
    edited = version_of(data.draw(SETTINGS), last.number + 1, number)
    without, with_it = of(facts), of(facts.edited(edited))
    assert_same(without, with_it, before=at(number))


@cases(1000)
@given_facts(histories(), DAYS, st.integers(1, 300), LONGER)
def test_6_a_withdrawn_extension_changes_no_day_before_and_makes_nobody_late_at_once(
    facts: Facts, number: int, longer: int, after: int
) -> None:
    lasting = Extension(id=id_of(9), granted_on=at(number), due_on=at(number + longer), recorded_at=recorded(number))
    taken_back = replace(lasting, withdrawn_on=at(number + after), withdrawn_recorded_at=recorded(number + after))
    without, with_it, until_then = (
        of(replace(facts, extensions=(*facts.extensions, *more))) for more in ((), (lasting,), (taken_back,))
    )
    assert_same(with_it, until_then, before=at(number + after))
    old, new, none = (standing_on(found, at(number + after)) for found in (with_it, until_then, without))
    if old is not None and new is not None and none is not None:
        assert none.due_on is None or none.due_on <= (new.due_on or date.max) <= (old.due_on or date.max)
        assert new.status not in IN_BREACH or {old.status, none.status} & IN_BREACH == {new.status}


@cases(500)
@given_facts(histories(), DAYS)
def test_7_leaving_and_coming_back_on_one_day_changes_nothing(facts: Facts, number: int) -> None:
    def cut(one: Membership) -> Iterator[Membership]:
        day = at(number)
        if one.since < day and (one.until is None or day < one.until):
            yield replace(one, until=day, end_recorded_at=recorded(number))
            yield replace(one, since=day, recorded_at=max(filter(None, (one.recorded_at, recorded(number)))))
        else:
            yield one

    cut_up = replace(facts, memberships=tuple(part for one in facts.memberships for part in cut(one)))
    assert_same(of(facts), of(cut_up))


@cases(500)
@given_facts(histories())
def test_8_recurrence_none_and_0_are_the_same(facts: Facts) -> None:
    def once(recurrence: int | None) -> Facts:
        return replace(
            facts,
            versions=tuple(
                one if one.recurrence_days else replace(one, recurrence_days=recurrence) for one in facts.versions
            ),
        )

    assert_same(of(once(0)), of(once(None)))


@cases(500)
@given_facts(histories(voids=False), LONGER, st.lists(FURTHER, min_size=1, max_size=2))
def test_10_an_import_undone_and_repeated_is_one_import(facts: Facts, number: int, rows: list[Completion]) -> None:
    def imported(known: datetime, place: int, **rest: Any) -> tuple[Completion, ...]:
        return tuple(
            replace(row, recorded_at=known, id=id_of(place + step), how=How.IMPORT, **rest)
            for step, row in enumerate(rows)
        )

    then = recorded(1000 + number)
    first = imported(then, 500)
    undone = imported(then, 500, voided_at=then + timedelta(10))
    again = imported(then + timedelta(20), 600)
    once = of(replace(facts, completions=(*facts.completions, *first)))
    twice = of(replace(facts, completions=(*facts.completions, *undone, *again)))
    for day in days_of(once, twice):
        one, other = standing_on(once, day), standing_on(twice, day)
        assert (one is None) == (other is None)
        if one is not None and other is not None and day > (then + timedelta(30)).date():
            assert (one.status, one.due_on, one.credit_ends_on, one.cycle) == (
                other.status,
                other.due_on,
                other.credit_ends_on,
                other.cycle,
            )


@cases(500)
@given_facts(histories())
def test_12_working_it_out_again_changes_nothing(facts: Facts) -> None:
    assert of(facts) == of(facts)


@cases(1500)
@given_facts(histories(), FURTHER, st.integers(0, 400), st.integers(0, 400))
def test_of_people_who_were_there_before_nothing_tells_one_from_another(
    facts: Facts, done: Completion, earlier: int, known: int
) -> None:
    """So their lines may be worked out once for all of them (`testamur.ledger.plain_lines`)."""
    versions = tuple(replace(one, audience=STAFF) for one in facts.versions)
    first = min(one.since for one in versions)
    alone = replace(facts, versions=versions, progress=(), exemptions=(), extensions=(), inactive=())

    def told(earlier: int, known: int, *completions: Completion) -> Timeline:
        recorded_at = datetime.combine(first - timedelta(known), time(12), UTC)
        membership = Membership(audience=STAFF, since=first - timedelta(earlier), recorded_at=recorded_at)
        return of(replace(alone, memberships=(membership,), completions=completions))

    for completions in ((), (done,)):
        assert told(earlier, known, *completions) == told(0, 0, *completions)
