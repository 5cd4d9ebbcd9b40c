"""Rules E: editing an assignment, and its settings."""

from __future__ import annotations

from dataclasses import replace

from testamur.core.compliance import Anchor, CreditState, Outcome, Status, faults
from tests.core.compliance.stories import (
    FIRE,
    KITCHEN,
    OTHERS,
    K,
    O,
    S,
    T,
    day,
    done,
    edit,
    id_of,
    member,
    of,
    on,
    settings,
    told,
)


def test_e1_a_longer_period_counts_from_the_recording_and_never_shortens() -> None:
    reached = edit(S, "2025-01-15", completion_period_days=10, applies_to_open=True)
    again = edit(reached, "2025-01-16", completion_period_days=12, applies_to_open=False)
    assert on(told(S, reached, again), "2025-01-16").due_on == day("2025-01-25")


def test_e2_an_edit_may_reach_open_obligations() -> None:
    reached = told(S, edit(S, "2025-01-15", completion_period_days=10, applies_to_open=True))
    assert on(reached, "2025-01-15").due_on == day("2025-01-25")
    late = told(S, edit(S, "2025-02-20", completion_period_days=10, applies_to_open=True))
    assert on(late, "2025-02-20").due_on == day("2025-02-09")


def test_e2_e5_an_edit_of_neither_window_nor_grace_moves_no_planned_renewal() -> None:
    bare = settings(alternatives=(), renewal_grace_days=0)
    added = edit(bare, "2025-02-20", alternatives=(KITCHEN,))
    planned = told(bare, done("2024-02-25", item=KITCHEN), added, edit(added, "2025-02-22", completion_period_days=10))
    assert on(planned, "2025-02-24").due_on == day("2025-03-22")


def test_e2_only_an_edit_that_shortens_reaches_what_is_open() -> None:
    shorter = edit(S, "2025-01-15", completion_period_days=10)
    reaching = edit(shorter, "2025-01-16", applies_to_open=True)
    assert on(told(S, shorter, reaching), "2025-01-16").due_on == day("2025-02-09")
    same = edit(S, "2025-01-30", completion_period_days=10, applies_to_open=True)
    assert on(told(S, same), "2025-01-30").because == on(told(S), "2025-01-30").because


def test_e3_e4_e5_what_an_edit_moved_names_the_edit() -> None:
    def said(*facts: object, when: str) -> list[str]:
        return [rule for rule, fact in on(told(*facts), when).because if fact == 2]

    assert said(S, done("2025-02-01"), edit(S, "2025-12-01", recurrence_days=180), when="2025-12-01") == ["E3"]
    assert said(S, done("2025-02-01"), edit(S, "2026-02-10", recurrence_days=370), when="2026-02-10") == ["E4"]
    assert said(S, done("2025-02-01"), edit(S, "2026-02-10", renewal_grace_days=50), when="2026-02-10") == ["E5"]
    assert said(S, done("2025-02-01"), edit(S, "2026-02-10", renewal_grace_days=30), when="2026-02-10") == []
    assert said(S, edit(S, "2025-01-25", completion_period_days=60), when="2025-01-25") == ["E1"]
    assert said(S, edit(S, "2025-01-25", completion_period_days=10), when="2025-01-25") == []


def test_e3_a_shorter_recurrence_may_begin_to_keep_an_anniversary() -> None:
    facts = told(T, done("2025-02-01"), done("2025-11-01", 101), edit(T, "2025-11-10", recurrence_days=300))
    assert on(facts, "2025-11-09").credit_ends_on == day("2026-11-01")
    assert on(facts, "2025-11-10").credit_ends_on == day("2026-09-24")


def test_e4_credit_that_an_edit_makes_last_until_now_satisfies_cycle_1() -> None:
    for longer, cycle in [(375, 2), (374, 1)]:
        facts = told(S, done("2024-01-10"), edit(S, "2025-01-19", recurrence_days=longer))
        assert on(facts, "2025-01-19").cycle == cycle
    step = on(told(S, done("2024-01-09"), edit(S, "2025-01-19", recurrence_days=730)), "2025-01-19")
    assert (step.status, step.opens_on, step.due_on) == (Status.COMPLETED, day("2026-01-08"), day("2026-02-07"))


def test_e5_what_is_planned_follows_the_new_window_and_grace_and_what_is_open_only_moves_later() -> None:
    planned = told(S, done("2025-02-01"), edit(S, "2025-06-01", renewal_window_days=10, renewal_grace_days=5))
    assert (on(planned, "2025-06-01").opens_on, on(planned, "2025-06-01").due_on) == (
        day("2026-01-22"),
        day("2026-02-06"),
    )
    nearer = told(S, done("2025-02-01"), edit(S, "2026-02-10", renewal_grace_days=5))
    assert on(nearer, "2026-02-10").due_on == day("2026-03-03")
    later = told(S, done("2025-02-01"), edit(S, "2026-02-10", renewal_grace_days=50))
    assert on(later, "2026-02-10").due_on == day("2026-03-23")
    window = told(T, done("2025-02-01"), edit(T, "2025-12-10", renewal_window_days=10))
    assert on(window, "2025-12-10").status is Status.RENEWAL_DUE


def test_e5_a_renewal_that_opens_on_the_day_of_the_edit_is_open() -> None:
    facts = told(S, done("2025-02-01"), edit(S, "2026-02-01", renewal_grace_days=5, completion_period_days=10))
    assert on(facts, "2026-02-01").due_on == day("2026-03-03")


def test_e5_an_edit_that_moves_no_due_day_is_not_named() -> None:
    facts = told(S, done("2025-02-01"), edit(S, "2025-06-01", renewal_window_days=10))
    assert on(facts, "2026-01-25").because == (("S5", None), ("R3", id_of(100)), ("R1", id_of(100)))


def test_e6_past_credit_must_last_until_the_edit() -> None:
    bare = settings(alternatives=())
    added = edit(bare, "2025-02-20", alternatives=(KITCHEN,))
    assert on(told(bare, done("2024-02-20", item=KITCHEN), added), "2025-02-20").credit is CreditState.NEVER
    prior = on(told(bare, done("2024-02-21", item=KITCHEN), added), "2025-02-20")
    assert (prior.cycle, prior.credit_ends_on, prior.due_on) == (2, day("2025-02-20"), day("2025-03-22"))


def test_e6_what_an_edit_does_not_accept_still_waits() -> None:
    bare = settings(alternatives=())
    longer = edit(bare, "2025-02-20", completion_period_days=60)
    facts = told(bare, done("2025-02-01", item=KITCHEN), longer, edit(longer, "2025-03-01", alternatives=(KITCHEN,)))
    assert on(facts, "2025-02-20").credit is CreditState.NEVER
    step = on(facts, "2025-03-01")
    assert (step.credit, step.last_completed_on) == (CreditState.VALID, day("2025-02-01"))


def test_e6_the_anniversary_that_an_accepted_completion_keeps_lasts_until_the_edit() -> None:
    bare = replace(T, alternatives=())
    added = edit(bare, "2026-02-01", alternatives=(KITCHEN,))
    facts = told(bare, done("2024-03-01"), done("2025-01-20", 101, item=KITCHEN), added)
    assert on(facts, "2026-02-01").credit_ends_on == day("2026-03-01")


def test_e7_e2_an_edit_that_changes_no_days_moves_nothing() -> None:
    reached = edit(S, "2025-01-15", completion_period_days=30, alternatives=(), applies_to_open=True)
    assert on(told(S, reached), "2025-01-15").because == on(told(S), "2025-01-15").because


def test_e9_those_in_both_audiences_notice_nothing() -> None:
    facts = told(S, edit(S, "2025-01-20", audience=OTHERS), member(), member("2025-01-01", audience=OTHERS))
    assert (on(facts, "2025-01-20").line, on(facts, "2025-01-20").due_on) == (1, day("2025-02-09"))
    assert on(told(S, edit(S, "2025-01-20", audience=OTHERS)), "2025-01-20").status is Status.WITHDRAWN


def test_e11_a_deleted_assignment_withdraws_and_stays_readable() -> None:
    found = of(told(S, edit(S, "2025-01-20", is_deleted=True)))
    assert [one.outcome for one in found.obligations] == [Outcome.WITHDRAWN]
    assert found.steps[-1].status is Status.WITHDRAWN


def test_e12_another_anchor_is_for_the_next_completion() -> None:
    calendar = edit(S, "2025-06-01", anchor=Anchor.CALENDAR, calendar_days=((12, 31),), recurrence_days=None)
    facts = told(S, done("2025-02-01"), calendar, done("2026-02-05", 101))
    assert on(facts, "2025-06-01").credit_ends_on == day("2026-02-01")
    assert on(facts, "2026-02-05").credit_ends_on == day("2026-12-31")
    once = told(O, done("2025-02-01"), edit(O, "2025-06-01", anchor=Anchor.CALENDAR, calendar_days=((12, 31),)))
    assert on(once, "2025-06-01").credit_ends_on == day("2025-12-31")


def test_e12_the_recurrence_of_a_calendar_reaches_no_credit_with_another_anchor() -> None:
    calendar = edit(S, "2025-06-01", anchor=Anchor.CALENDAR, calendar_days=((12, 31),), recurrence_days=100)
    assert on(told(S, done("2025-02-01"), calendar), "2025-06-01").credit_ends_on == day("2026-02-01")


def test_section_5_settings_outside_of_their_limits_are_named() -> None:
    assert faults(S) == faults(T) == faults(K) == []
    bad = settings(completion_period_days=0, recurrence_days=-1, renewal_window_days=-1, renewal_grace_days=-1)
    assert [one.field for one in faults(bad)] == ["completion_period", "recurrence", "renewal_window", "renewal_grace"]
    window = settings(renewal_window_days=365, alternatives=(FIRE,))
    assert [one.field for one in faults(window)] == ["renewal_window", "alternatives"]
    calendar = replace(K, calendar_days=(), minimum_credit_days=90)
    assert [one.field for one in faults(calendar)] == ["calendar_days", "minimum_credit"]
    assert [one.field for one in faults(replace(K, calendar_days=((2, 30),)))] == ["calendar_days"]


def test_section_5_an_assignment_acts_from_its_effective_day() -> None:
    facts = told(settings(effective_on=day("2025-02-01")))
    ahead = on(facts, "2025-01-10")
    assert (ahead.status, ahead.opens_on, ahead.due_on) == (Status.SCHEDULED, day("2025-02-01"), day("2025-03-03"))
    assert on(facts, "2025-02-01").status is Status.NOT_STARTED
    past = on(told(settings(effective_on=day("2024-02-01"))), "2025-01-10")
    assert (past.status, past.opens_on) == (Status.NOT_STARTED, day("2025-01-10"))
