"""Rules X: exemptions and extensions."""

from __future__ import annotations

from dataclasses import replace

from testamur.core.compliance import Status
from tests.core.compliance.stories import S, T, day, done, exempt, extend, id_of, member, moment, of, on, settings, told


def test_x1_an_extension_is_never_nearer_and_acts_from_its_grant() -> None:
    nearer = told(S, extend("2025-01-15", "2025-01-20"))
    assert on(nearer, "2025-01-15").due_on == day("2025-02-09")
    later = told(S, extend("2025-02-15", "2025-03-01"))
    assert on(later, "2025-02-14").status is Status.OVERDUE
    assert on(later, "2025-02-15").status is Status.NOT_STARTED
    assert on(later, "2025-03-02").status is Status.OVERDUE


def test_x1_a_withdrawn_extension_acts_until_its_day_and_its_withdrawal_gives_notice() -> None:
    facts = told(S, extend("2025-01-15", "2025-06-01", withdrawn="2025-02-20"))
    assert on(facts, "2025-02-19").due_on == day("2025-06-01")
    step = on(facts, "2025-02-20")
    assert (step.status, step.due_on) == (Status.NOT_STARTED, day("2025-03-22"))
    assert step.because == (("S9", None), ("X1", id_of(300)), ("O5", id_of(300)))
    assert on(facts, "2025-03-23").status is Status.OVERDUE


def test_x1_a_withdrawn_extension_leaves_the_due_day_that_there_would_have_been() -> None:
    facts = told(settings(completion_period_days=60), extend("2025-01-10", "2025-06-01", withdrawn="2025-01-10"))
    assert of(facts) == of(told(settings(completion_period_days=60)))
    long = told(T, done("2025-02-01"), extend("2025-02-01", "2026-06-01", withdrawn="2025-11-01"))
    step = on(long, "2025-11-01")
    assert (step.due_on, step.because) == (day("2026-02-01"), on(told(T, done("2025-02-01")), "2025-11-01").because)


def test_x1_the_withdrawal_of_an_extension_never_moves_the_due_day_away() -> None:
    short = told(S, extend("2025-01-15", "2025-02-20", withdrawn="2025-02-10"))
    assert on(short, "2025-02-10") == on(short, "2025-02-09")
    passed = told(S, extend("2025-01-15", "2025-02-20", withdrawn="2025-02-25"))
    step = on(passed, "2025-02-25")
    assert (step.status, step.due_on, step.days_late(day("2025-02-25"))) == (Status.OVERDUE, day("2025-02-20"), 5)


def test_x1_p5_without_the_floor_a_withdrawal_makes_late_from_the_next_day_and_no_day_before() -> None:
    bare = replace(S, notice_floor=False)
    facts = told(bare, extend("2025-01-15", "2025-06-01", withdrawn="2025-02-20"))
    step = on(facts, "2025-02-20")
    assert (step.status, step.due_on) == (Status.NOT_STARTED, day("2025-02-20"))
    assert ("P5", id_of(300)) in step.because
    assert on(facts, "2025-02-21").days_late(day("2025-02-21")) == 1


def test_x1_only_the_extension_that_was_withdrawn_gives_way() -> None:
    both = extend("2025-01-15", "2025-06-01", withdrawn="2025-01-20"), extend("2025-01-15", "2025-04-01", 301)
    assert on(told(S, *both), "2025-01-20").due_on == day("2025-04-01")


def test_x1_what_was_done_within_an_extension_stays_on_time_when_it_is_withdrawn() -> None:
    facts = told(S, extend("2025-01-15", "2025-06-01", withdrawn="2025-04-01"), done("2025-03-20"))
    assert on(facts, "2025-04-01").is_on_time


def test_x1_an_extension_from_before_the_entry_counts_only_if_it_lasts_until_then() -> None:
    def due(withdrawn: str) -> object:
        joins = member("2025-03-01", known="2025-01-01")
        return on(told(S, joins, extend("2025-02-01", "2025-06-01", withdrawn=withdrawn)), "2025-03-01").due_on

    assert due("2025-03-01") == day("2025-03-31")
    assert due("2025-03-02") == day("2025-06-01")
    second = extend("2025-02-01", "2025-12-01")
    again = told(S, member(until="2025-01-15"), member("2025-06-01"), second)
    assert on(again, "2025-06-01").due_on == day("2025-07-01")


def test_x1_a_withdrawal_that_moves_nothing_is_not_named() -> None:
    same = told(S, extend("2025-01-15", "2025-03-12", withdrawn="2025-02-10"))
    assert on(same, "2025-02-10") == on(same, "2025-02-09")


def test_x1_an_extension_that_is_withdrawn_on_its_own_day_was_none() -> None:
    facts = told(S, extend("2025-02-05", "2025-06-01", withdrawn="2025-02-05"))
    assert of(facts) == of(told(S))


def test_x3_exemptions_that_touch_are_one() -> None:
    facts = told(S, exempt("2025-01-20", "2025-01-31"), exempt("2025-02-01", "2025-02-28", 201))
    assert on(facts, "2025-02-01").status is Status.EXEMPT
    assert on(facts, "2025-03-01").due_on == day("2025-03-31")
    assert on(told(S, exempt("2025-01-20", None)), "2040-01-01").status is Status.EXEMPT


def test_p3_of_two_extensions_to_one_day_the_same_one_is_named_in_any_order() -> None:
    both = (extend("2025-01-05", "2025-04-01", 300), extend("2025-01-05", "2025-04-01", 301))
    one, other = (of(told(S, *order)) for order in (both, both[::-1]))
    assert one.steps == other.steps
    assert ("X1", id_of(300)) in one.steps[0].because


def test_x3_exemptions_that_overlap_are_one_and_what_was_shown_while_exempt_stays() -> None:
    overlapping = told(S, exempt("2025-01-20", "2025-02-10"), exempt("2025-02-01", "2025-02-28", 201))
    assert on(overlapping, "2025-02-15").status is Status.EXEMPT
    within = told(S, exempt("2025-01-20", "2025-02-28"), exempt("2025-02-01", "2025-02-05", 201))
    assert on(within, "2025-02-20").status is Status.EXEMPT
    touching = told(S, exempt("2025-01-20", "2025-01-31"), exempt("2025-02-01", "2025-02-28", 201))
    step = on(touching, "2025-02-08")
    assert (step.due_on, step.because[1]) == (day("2025-02-09"), ("X3", id_of(200)))
    assert ("X5", id_of(200)) in on(touching, "2025-03-01").because


def test_x3_an_exemption_of_no_day_is_none_and_one_for_good_moves_no_due_day() -> None:
    for until in ("2025-02-09", "2025-02-01"):
        assert of(told(S, exempt("2025-02-10", until))) == of(told(S))
    assert of(told(S, exempt("2025-01-20", None))).obligations[0].due_on == day("2025-02-09")


def test_x5_an_exemption_that_ends_long_before_the_due_day_moves_nothing() -> None:
    facts = told(settings(completion_period_days=60), exempt("2025-01-10", "2025-01-10"))
    assert on(facts, "2025-01-11").due_on == day("2025-03-12")


def test_p6_a_withdrawal_that_was_not_known_yet_hides_nothing() -> None:
    facts = told(S, extend("2025-01-15", "2025-06-01", withdrawn="2025-02-20"))
    then = facts.known_at(moment("2025-02-19"))
    assert on(then, "2025-05-01").due_on == day("2025-06-01")
    assert facts.known_at(moment("2025-02-20")) == facts
