"""Rules R and A: credit and renewal."""

from __future__ import annotations

from dataclasses import replace

from testamur.core.compliance import ItemVersion, Outcome, PriorCredit, Status, timeline
from tests.core.compliance.stories import (
    FIRE,
    HORIZON,
    KITCHEN,
    K,
    O,
    S,
    T,
    day,
    done,
    edit,
    id_of,
    of,
    on,
    settings,
    told,
)


def test_r1_an_earlier_end_never_takes_the_place_of_a_later_one() -> None:
    facts = told(S, done("2025-02-01"), done("2025-03-01", 101, expires="2025-04-01"))
    assert on(facts, "2025-03-01").credit_ends_on == day("2026-02-01")


def test_r1_of_two_credits_that_end_together_the_first_is_named() -> None:
    step = on(told(K, done("2024-02-01"), done("2024-02-02", 101)), "2024-02-02")
    assert ("R1", id_of(100)) in step.because
    assert ("R1", id_of(101)) not in step.because


def test_a1_credit_that_never_ends_never_opens_a_renewal_whatever_the_window() -> None:
    step = on(told(replace(O, renewal_window_days=60), done("2025-02-01")), "2025-02-01")
    assert (step.status, step.opens_on, step.due_on) == (Status.COMPLETED, None, None)


def test_r2_retraining_ends_an_anniversary_before_the_completion_of_that_day_could_keep_it() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2026-01-05"), requires_retraining=True)
    for when, ends in [("2026-01-05", "2027-01-05"), ("2026-01-10", "2027-01-10")]:
        facts = told(T, done("2025-02-01"), done(when, 101), item_versions=(hard,))
        assert on(facts, when).credit_ends_on == day(ends)


def test_r1_each_completion_says_until_when_its_credit_lasts() -> None:
    both = timeline(told(S, done("2025-02-01"), done("2025-03-01", 101)), horizon=HORIZON)
    assert both.credit_ends == {id_of(100): day("2026-02-01"), id_of(101): day("2026-03-01")}
    unasked = settings(prior_credit=PriorCredit.NONE)
    assert timeline(told(unasked, done("2024-06-01")), horizon=HORIZON).credit_ends == {}


def test_r3_without_the_floor_the_days_of_the_entry_bind_cycle_1_alone() -> None:
    short = settings(notice_floor=False, recurrence_days=10, renewal_grace_days=0)
    for version, due in [(short, "2025-01-22"), (replace(short, notice_floor=True), "2025-02-09")]:
        assert on(told(version, done("2025-01-12")), "2025-01-22").due_on == day(due)


def test_r3_of_two_credits_that_promise_the_same_day_the_first_is_named() -> None:
    step = on(told(K, done("2024-02-01"), done("2024-02-02", 101)), "2024-10-05")
    assert ("R3", id_of(100)) in step.because
    assert ("R3", id_of(101)) not in step.because


def test_r4_what_an_edit_accepts_from_before_the_opening_day_is_early() -> None:
    bare = settings(alternatives=())
    added = edit(bare, "2026-02-20", alternatives=(KITCHEN,))
    facts = told(bare, done("2025-02-01"), done("2026-01-15", 101, item=KITCHEN), added)
    step = on(facts, "2026-02-20")
    assert (step.status, step.cycle, step.opens_on) == (Status.COMPLETED, 2, day("2027-01-15"))
    assert of(facts).obligations[1].outcome is Outcome.RESCHEDULED


def test_r5_the_window_of_an_anniversary_begins_and_ends_on_its_days() -> None:
    for when, ends in [("2025-12-02", "2026-12-02"), ("2025-12-03", "2027-02-01"), ("2026-02-01", "2027-02-01")]:
        assert on(told(T, done("2025-02-01"), done(when, 101)), when).credit_ends_on == day(ends)
    assert on(told(T, done("2025-02-01"), done("2026-02-02", 101)), "2026-02-02").credit_ends_on == day("2027-02-02")
