"""Rules O: obligations."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from testamur.core.compliance import CreditState, How, PriorCredit, Status, explain, standing_on, timeline
from testamur.core.compliance.days import FOREVER, fixed_day_from
from tests.core.compliance.stories import FIRE, KITCHEN, K, S, T, day, done, edit, id_of, member, of, on, settings, told


def test_o2_any_earlier_completion_satisfies_cycle_1_and_a_renewal_long_due_has_n_days() -> None:
    for floor in (True, False):
        step = on(told(settings(prior_credit=PriorCredit.ANY, notice_floor=floor), done("2020-01-01")), "2025-01-10")
        assert (step.status, step.cycle, step.due_on) == (Status.RENEWAL_DUE, 2, day("2025-02-09"))


def test_o2_credit_that_ends_on_the_entry_day_reaches_it_and_a_day_less_does_not() -> None:
    assert on(told(S, done("2024-01-11")), "2025-01-10").cycle == 2
    assert on(told(S, done("2024-01-10")), "2025-01-10").cycle == 1


def test_o2_what_is_done_on_the_entry_day_is_not_prior_learning() -> None:
    none = on(told(settings(prior_credit=PriorCredit.NONE), done("2025-01-10")), "2025-01-10")
    assert (none.credit, none.cycle) == (CreditState.VALID, 2)
    for item, said in [(FIRE, "primary"), (KITCHEN, "alternative")]:
        step = on(told(S, done("2025-01-10", item=item)), "2025-01-10")
        assert step.satisfied_how is not None
        assert step.satisfied_how.value == said


def test_o2_earlier_learning_that_is_not_admitted_promises_nothing() -> None:
    bare = settings(notice_floor=False, renewal_grace_days=60)
    current, any_ = (
        on(told(replace(bare, prior_credit=how), done("2024-01-05")), "2025-01-10")
        for how in (PriorCredit.CURRENT, PriorCredit.ANY)
    )
    assert (current.cycle, current.due_on) == (1, day("2025-02-09"))
    assert (any_.cycle, any_.due_on) == (2, day("2025-03-05"))


def test_o2_of_several_prior_completions_the_one_that_lasts_longest_is_named() -> None:
    step = on(told(S, done("2024-06-01"), done("2024-09-01", 101)), "2025-01-10")
    assert step.satisfied_by == id_of(101)
    assert ("O5", id_of(101)) not in step.because


def test_o2_a_renewal_due_on_the_entry_day_keeps_its_day_without_the_floor() -> None:
    bare = settings(notice_floor=False, renewal_grace_days=0)
    assert on(told(bare, done("2024-01-11")), "2025-01-10").due_on == day("2025-01-10")


def test_o2_prior_learning_satisfies_cycle_1_alone() -> None:
    facts = told(T, done("2024-01-20"), edit(T, "2025-01-12", renewal_grace_days=1))
    assert [one.cycle for one in of(facts).obligations] == [1, 2]
    assert on(facts, "2025-01-12").cycle == 2


def test_o2_what_prior_learning_promises_says_whether_the_renewal_had_been_due() -> None:
    late = settings(prior_credit=PriorCredit.ANY, notice_floor=False)
    assert on(told(late, done("2020-01-01")), "2025-01-10").because[1:3] == (("R3", id_of(100)), ("O2", id_of(100)))
    assert on(told(S, done("2024-06-01")), "2025-06-01").because[1:2] == (("R3", id_of(100)),)
    assert ("O5", id_of(100)) not in on(told(S, done("2024-06-01")), "2025-06-01").because


def test_o4_fixed_days_are_missed_only_while_meant_and_only_up_to_the_horizon() -> None:
    never = told(K, member("2024-03-01", "2025-12-20"), member("2026-01-10"))
    assert on(never, "2025-01-01").missed_cycles == 1
    assert on(never, "2026-01-10").missed_cycles == 1


def test_o4_missed_fixed_days_are_counted_to_any_day_of_a_step() -> None:
    step = standing_on(timeline(told(K, member("2024-03-01")), horizon=date.min), day("2030-06-01"))
    assert step is not None
    assert (step.since, step.missed_cycles) == (day("2024-04-01"), 0)
    for when, missed in [("2024-12-31", 0), ("2025-01-01", 1), ("2030-06-01", 6), ("2299-12-31", 275)]:
        assert step.missed_on(day(when)) == missed, when
    left = standing_on(timeline(told(K, member("2024-03-01", "2026-01-01")), horizon=date.min), day("2027-01-01"))
    assert left is not None
    assert (left.status, left.missed_on(day("2027-01-01"))) == (Status.WITHDRAWN, 2)


def test_o4_what_happens_after_leaving_makes_nothing_more_missed() -> None:
    away = told(K, member("2024-03-01", "2026-01-01"), done("2028-06-01"))
    for when in ("2026-01-01", "2028-05-31", "2028-06-01", "2029-06-01"):
        step = standing_on(timeline(away, horizon=date.min), day(when))
        assert step is not None
        assert (step.status, step.missed_on(day(when))) == (Status.WITHDRAWN, 2), when


def test_o4_a_fixed_day_of_leaving_is_not_missed_and_one_of_return_is() -> None:
    for left, back, missed in [("2025-12-31", "2026-01-10", 1), ("2025-12-20", "2025-12-31", 2)]:
        never = told(K, member("2024-03-01", left), member(back))
        assert on(never, "2026-01-10").missed_cycles == missed


def test_o4_each_fixed_day_after_the_due_day_is_missed_once_it_has_passed() -> None:
    twice = replace(K, calendar_days=((12, 30), (12, 31)))
    for since, when, missed in [
        ("2024-11-30", "2024-12-31", 0),
        ("2024-11-30", "2025-01-01", 1),
        ("2024-12-01", "2025-01-05", 0),
        ("2024-03-01", "2024-12-31", 1),
        ("2024-03-01", "2025-01-01", 2),
    ]:
        assert on(told(twice, member(since, known="2024-01-01")), when).missed_cycles == missed
    back = told(K, member("2024-03-01", "2025-12-20"), member("2025-12-31"))
    assert on(back, "2025-12-31").missed_cycles == 1
    until = timeline(told(K, member("2024-03-01")), horizon=day("2024-12-31"))
    step = standing_on(until, day("2030-01-01"))
    assert step is not None
    assert step.missed_cycles == 1
    assert on(told(settings(calendar_days=((12, 31),))), "2026-01-10").missed_cycles == 0


def test_o5_without_the_notice_floor_a_renewal_is_due_when_credit_ends() -> None:
    assert on(told(replace(T, notice_floor=False), done("2024-01-20")), "2025-01-10").due_on == day("2025-01-19")


def test_o5_an_edit_without_the_floor_moves_what_is_planned_to_its_literal_day() -> None:
    bare = replace(S, notice_floor=False)
    nearer = told(bare, done("2025-02-01"), edit(bare, "2026-01-25", renewal_grace_days=0))
    assert on(nearer, "2026-01-25").due_on == day("2026-02-01")
    floored = told(S, done("2025-02-01"), edit(S, "2026-01-25", renewal_grace_days=0))
    assert on(floored, "2026-01-25").due_on == day("2026-02-24")


def test_o6_a_completion_on_the_opening_day_satisfies_and_the_day_before_is_early() -> None:
    assert on(told(S, done("2025-02-01"), done("2026-02-01", 101)), "2026-02-01").cycle == 3
    assert on(told(S, done("2025-02-01"), done("2026-01-31", 101)), "2026-01-31").cycle == 2
    assert on(told(S, done("2025-01-10")), "2025-01-10").satisfied_how is not None


def test_o6_of_two_completions_of_a_day_the_first_satisfies() -> None:
    both = told(S, done("2025-02-01T09:00:00+00:00"), done("2025-02-01T08:00:00+00:00", 101))
    assert on(both, "2025-02-01").satisfied_by == id_of(101)


@pytest.mark.parametrize(
    ("how", "item", "expected"),
    [
        (How.ORDINARY, FIRE, "primary"),
        (How.ORDINARY, KITCHEN, "alternative"),
        (How.PRIOR, KITCHEN, "prior"),
        (How.IMPORT, FIRE, "prior"),
        (How.EQUIVALENCY, FIRE, "equivalency"),
    ],
)
def test_o8_x6_what_satisfied_it_is_said(how: How, item: object, expected: str) -> None:
    step = on(told(S, done("2025-02-01", item=item, how=how)), "2025-02-01")  # type: ignore[arg-type]
    assert step.satisfied_how is not None
    assert step.satisfied_how.value == expected
    assert step.satisfied_by == id_of(100)


def test_o8_why_says_what_satisfied_it_and_whether_in_time() -> None:
    for when, said in [("2025-02-01", "on time"), ("2025-03-01", "late")]:
        facts = told(S, done(when))
        texts = [one.text for one in explain(on(facts, when), facts)]
        assert f"The last obligation was satisfied by primary, {said}." in texts


def test_section_7_the_first_fixed_day_may_be_of_the_next_year_and_there_is_none_after_the_last_year() -> None:
    def first(text: str, *fixed: tuple[int, int]) -> int:
        return fixed_day_from(day(text).toordinal(), fixed)

    assert first("2025-03-01", (12, 31), (6, 30), (1, 1)) == day("2025-06-30").toordinal()
    assert first("2025-07-01", (6, 30), (3, 31)) == day("2026-03-31").toordinal()
    assert first("9999-06-01", (12, 30)) == day("9999-12-30").toordinal()
    assert first("9999-07-01", (6, 30)) == FOREVER
