"""What an erasure takes and leaves, decided without a database (rules G5, G6 and G8)."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.core.ids import Id, new_id
from testamur.core.retention import Basis, Because, Hold, Keeping, Keeps, Level, Names, Noun, Owned, Pseudonym, Rule

TODAY = date(2026, 3, 1)
NOW = datetime(2026, 3, 1, tzinfo=UTC)
ITEMS = [new_id() for _ in range(3)]
PERSON = new_id()


def rule(
    basis: Basis = Basis.COMPLETION,
    *,
    item: Id | None = None,
    category: Id | None = None,
    years: int = 0,
    days: int = 0,
    keeps: Keeps = Keeps.FACTS,
    erases: Level | None = None,
    recurrence: bool = False,
) -> Rule:
    return Rule(
        id=new_id(),
        item=item,
        category=category,
        category_name=None,
        basis=basis,
        years=years,
        days=days,
        adds_recurrence=recurrence,
        keeps=keeps,
        erases=erases,
        reason="The law",
        set_by=PERSON,
        set_by_person=None,
        opened_at=NOW,
    )


def hold(*, person: Id | None = None, item: Id | None = None) -> Hold:
    return Hold(
        id=new_id(), person=person, item=item, reason="A court", placed_by=PERSON, placed_by_person=None, placed_at=NOW
    )


def done(day: date, item: Id | None = None, **said: object) -> Owned:
    return Owned(noun=Noun.RECORD, id=new_id(), day=day, item=item or ITEMS[0], **said)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("made", "learnt_on", "left_on", "until"),
    [
        (rule(years=6), date(2020, 2, 28), None, date(2026, 2, 28)),
        (rule(years=6), date(2020, 2, 29), None, date(2026, 3, 1)),
        (rule(years=4), date(2020, 2, 29), None, date(2024, 2, 29)),
        (rule(years=1, days=1), date(2020, 12, 31), None, date(2022, 1, 1)),
        (rule(), date(2020, 1, 1), None, date(2020, 1, 1)),
        (rule(years=6, recurrence=True), date(2020, 1, 1), None, date(2026, 1, 1) + timedelta(365)),
        (rule(Basis.LEAVING, years=6), date(2020, 1, 1), date(2024, 5, 1), date(2030, 5, 1)),
        (rule(Basis.LEAVING, years=6, recurrence=True), date(2020, 1, 1), date(2024, 5, 1), date(2031, 5, 1)),
        (rule(Basis.LEAVING, years=6), date(2020, 1, 1), None, None),
        (rule(years=200, days=100_000), date(9990, 1, 1), None, date.max),
        (rule(days=100_000), date(9990, 1, 1), None, date.max),
    ],
)
def test_a_rule_ends_on_a_calendar_day(made: Rule, learnt_on: date, left_on: date | None, until: date | None) -> None:
    assert made.until(learnt_on, left_on, 365) == until


@pytest.mark.parametrize(("day", "is_kept"), [(date(2025, 2, 28), False), (date(2025, 3, 1), True)])
def test_the_last_day_is_included(day: date, is_kept: bool) -> None:
    plan = Keeping([rule(years=1)], [], None, TODAY).plan(Level.ALL, [done(day)])
    assert bool(plan.kept) is is_kept
    assert plan.is_whole is not is_kept


def test_of_equal_rank_the_longest_counts_and_none_is_longer_than_one_without_an_end() -> None:
    safety, law = new_id(), new_id()
    short, long = rule(category=safety, years=1), rule(category=law, years=50)
    endless = rule(Basis.LEAVING, category=law)
    one = done(TODAY, categories=(safety, law))
    assert Keeping([short, long], [], None, TODAY).plan(Level.ALL, [one]).kept[0].id == long.id
    assert Keeping([short, long, endless], [], None, TODAY).plan(Level.ALL, [one]).kept[0].id == endless.id


def test_a_short_rule_of_the_item_frees_what_a_long_general_one_would_keep() -> None:
    rules = [rule(item=ITEMS[0], days=1), rule(years=50)]
    assert Keeping(rules, [], None, TODAY).plan(Level.ALL, [done(date(2020, 1, 1))]).is_whole


def test_g6_a_hold_on_her_beats_everything_and_is_all_that_is_said() -> None:
    placed = hold(person=PERSON)
    keeping = Keeping([rule(years=50, erases=Level.ALL)], [hold(item=ITEMS[0]), placed], TODAY, TODAY)
    for level in Level:
        plan = keeping.plan(level, [done(date(1990, 1, 1))])
        assert not plan.does_something
        assert [(one.because, one.id, one.until) for one in plan.kept] == [(Because.HOLD, placed.id, None)]
    assert not keeping.expired([done(date(1900, 1, 1))]).does_something


def test_who_did_nothing_goes_whole_at_once() -> None:
    assert Keeping([rule(years=50)], [], None, TODAY).plan(Level.ALL, []).is_whole


def test_nothing_ends_by_itself_unless_a_rule_says_so() -> None:
    over = [done(date(1990, 1, 1))]
    assert not Keeping([rule(years=1)], [], TODAY, TODAY).expired(over).does_something
    assert not Keeping([], [], TODAY, TODAY).expired(over).does_something


@pytest.mark.parametrize("left_on", [None, TODAY + timedelta(1)])
def test_who_is_there_does_not_go_whole_by_herself(left_on: date | None) -> None:
    owned = [done(date(1990, 1, 1), is_asked=True), done(date(1990, 1, 1), ITEMS[1])]
    plan = Keeping([rule(years=1, erases=Level.ALL)], [], left_on, TODAY).expired(owned)
    assert (plan.is_whole, plan.is_pseudonymous, plan.gone, plan.stripped) == (False, False, [owned[1]], [owned[0]])


days = st.dates(date(1980, 1, 1), TODAY)
owned_things = st.lists(
    st.builds(
        Owned,
        noun=st.sampled_from(Noun),
        id=st.builds(new_id),
        day=days,
        item=st.sampled_from([*ITEMS, None]),
        is_asked=st.booleans(),
        has_detail=st.booleans(),
    ),
    max_size=8,
)
keepings = st.builds(
    Keeping,
    rules=st.lists(
        st.builds(
            rule,
            st.sampled_from(Basis),
            item=st.sampled_from([*ITEMS, None]),
            years=st.integers(0, 60),
            keeps=st.sampled_from(Keeps),
            erases=st.sampled_from([None, Level.DETAIL, Level.ALL]),
        ),
        max_size=4,
    ),
    holds=st.lists(st.builds(hold, item=st.sampled_from(ITEMS)), max_size=2),
    left_on=st.none() | days,
    today=st.just(TODAY),
)


@given(keepings, owned_things)
def test_p7_everything_goes_or_is_named_among_what_is_kept(keeping: Keeping, owned: list[Owned]) -> None:
    for level in Level:
        plan = keeping.plan(level, owned)
        taken = {Level.DETAIL: len(plan.stripped), Level.ALL: len(plan.gone)}
        if level in taken:
            assert taken[level] + sum(one.count for one in plan.kept if one.level is level) == len(owned)
        named = any(one.level is Level.IDENTITY for one in plan.kept)
        if level is not Level.DETAIL:
            assert plan.is_pseudonymous is not named
        assert not {one.id for one in plan.stripped} & {one.id for one in plan.gone}
        assert plan.is_whole is (level is Level.ALL and not plan.kept)


@given(keepings, owned_things)
def test_what_ends_by_itself_could_have_been_asked_for(keeping: Keeping, owned: list[Owned]) -> None:
    ended = keeping.expired(owned)
    asked = keeping.plan(Level.ALL, owned)
    allowed = {one.id for one in (*asked.gone, *asked.stripped)}
    assert {one.id for one in (*ended.gone, *ended.stripped)} <= allowed
    assert not ended.is_whole or asked.is_whole


def test_a_pseudonym_is_the_same_for_the_same_person_and_only_for_her() -> None:
    other = new_id()
    assert Pseudonym.of(PERSON) == Pseudonym.of(PERSON) != Pseudonym.of(other)


def test_patterns_of_nobody_match_nothing() -> None:
    patterns = Names().patterns([])
    assert patterns.hers == patterns.others == patterns.answers
