"""Rules M: joining, leaving and returning."""

from __future__ import annotations

from dataclasses import replace

from testamur.core.compliance import CreditState, Outcome, Reentry, Span, Status, transitions
from tests.core.compliance.stories import OTHERS, S, day, done, edit, id_of, member, moment, of, on, settings, told


def test_m1_on_leaving_what_is_open_is_withdrawn_and_what_was_satisfied_stays() -> None:
    found = of(told(S, done("2025-02-01"), member(until="2026-02-10")))
    assert [(one.outcome, one.ended_on) for one in found.obligations] == [
        (Outcome.SATISFIED, day("2025-02-01")),
        (Outcome.WITHDRAWN, day("2026-02-10")),
    ]


def test_m1_what_is_done_after_leaving_for_good_leaves_the_obligation_withdrawn() -> None:
    found = of(told(S, member(until="2025-01-20"), done("2025-02-05")))
    assert [one.outcome for one in found.obligations] == [Outcome.WITHDRAWN]
    assert found.steps[-1].credit is CreditState.VALID or found.steps[-1].status is Status.WITHDRAWN


def test_m1_what_a_withdrawal_names_is_the_membership_that_ended() -> None:
    moved = edit(S, "2025-01-20", audience=OTHERS)
    both = member(id=id_of(10)), member("2025-01-01", "2025-01-25", audience=OTHERS, id=id_of(11))
    assert on(told(S, moved, *both), "2025-01-25").because == (("S1", None), ("M1", id_of(11)))


def test_m1_leaving_is_announced_once_and_what_satisfied_is_named() -> None:
    found = transitions(of(told(S, done("2025-02-01"), member(until="2025-06-01"))))
    assert [(one.kind.value, str(one.on), one.completion) for one in found] == [
        ("opened", "2025-01-10", None),
        ("satisfied", "2025-02-01", id_of(100)),
        ("withdrawn", "2025-06-01", None),
    ]


def test_m2_thirty_days_away_is_the_same_line_and_thirty_one_is_not() -> None:
    assert on(told(S, member(until="2025-01-20"), member("2025-02-19")), "2025-02-19").line == 1
    assert on(told(S, member(until="2025-01-20"), member("2025-02-20")), "2025-02-20").line == 2


def test_m2_another_reentry_time_acts_from_its_day_on_and_as_it_was_known() -> None:
    away = (S, member(until="2025-01-20"), member("2025-02-20"))

    def longer(since: str, days: int = 31, number: int = 1) -> Reentry:
        return Reentry(number=number, since=day(since), days=days, recorded_at=moment(since))

    assert on(told(*away, reentries=(longer("2025-02-20"),)), "2025-02-20").line == 1
    assert on(told(*away, reentries=(longer("2025-02-21"),)), "2025-02-21").line == 2, "no return before it changes"
    twice = (longer("2025-02-01", 5, number=2), longer("2025-02-01"))
    assert on(told(*away, reentries=twice), "2025-02-20").line == 2, "the last of a day counts"
    facts = told(*away, reentries=(longer("2025-02-01"),))
    assert on(facts.known_at(moment("2025-02-21")), "2025-02-21").line == 1
    assert facts.known_at(moment("2025-01-31")).reentries == ()


def test_m2_the_due_day_moves_only_when_it_falls_in_the_absence() -> None:
    for back, due in [("2025-02-09", "2025-02-09"), ("2025-02-10", "2025-03-02")]:
        assert on(told(S, member(until="2025-01-20"), member(back)), back).due_on == day(due)
    gone_on_the_due_day = told(S, member(until="2025-02-09"), member("2025-02-15"))
    assert on(gone_on_the_due_day, "2025-02-15").due_on == day("2025-02-15")
    already_late = told(S, member(until="2025-02-10"), member("2025-02-15"))
    assert on(already_late, "2025-02-15").status is Status.OVERDUE


def test_m2_m4_done_while_away_after_the_due_day_is_on_time() -> None:
    facts = told(S, member(until="2025-02-01"), member("2025-02-25"), done("2025-02-20"))
    assert on(facts, "2025-02-25").is_on_time


def test_m2_done_while_away_when_it_fell_due_on_the_leaving_day_is_on_time() -> None:
    facts = told(S, member(until="2025-02-09"), member("2025-02-25"), done("2025-02-20"))
    assert on(facts, "2025-02-25").is_on_time


def test_m2_done_while_away_in_time_is_not_late_by_a_day() -> None:
    satisfied = of(told(S, member(until="2025-02-01"), member("2025-02-25"), done("2025-02-20"))).obligations[0]
    assert (satisfied.is_on_time, satisfied.days_late) == (True, 0)


def test_m4_the_days_away_that_are_left_out_are_those_after_the_due_day() -> None:
    for back, late in [("2025-02-25", 19), ("2025-02-16", 28)]:
        facts = told(S, member(until="2025-02-15"), member(back), done("2025-03-10"))
        satisfied = of(facts).obligations[0]
        assert (satisfied.is_on_time, satisfied.days_late) == (False, late)
    first_day = told(S, member(until="2025-02-10"), member("2025-02-12"), done("2025-02-12"))
    assert of(first_day).obligations[0].days_late == 1
    assert of(told(S, done("2025-02-10"))).obligations[0].days_late == 1
    assert of(told(S, done("2025-02-09"))).obligations[0].days_late == 0


def test_m4_days_away_before_the_due_day_and_after_the_completion_are_not_left_out() -> None:
    before = told(S, member(until="2025-02-05"), member("2025-02-09"), done("2025-02-19"))
    assert of(before).obligations[0].days_late == 10
    after = told(S, member(until="2025-02-25"), member("2025-03-01"), done("2025-02-19"))
    assert of(after).obligations[0].days_late == 10


def test_m4_who_completes_late_while_away_is_late_by_the_days_before_leaving() -> None:
    for left, late in [("2025-02-15", 5), ("2025-02-10", 0)]:
        satisfied = of(told(S, member(until=left), member("2025-02-25"), done("2025-02-20"))).obligations[0]
        assert (satisfied.is_on_time, satisfied.days_late) == (False, late)


def test_p5_of_two_memberships_that_begin_together_the_one_known_first_gives_notice() -> None:
    both = (member("2025-01-10"), member("2025-01-10", "2025-01-11", known="2025-01-14"))
    facts = told(S, *both)
    assert on(facts, "2025-01-10").due_on == day("2025-02-09")
    assert of(facts.edited(edit(S, "2025-01-11", notice_floor=False))).steps[0].due_on == day("2025-02-09")


def test_m5_memberships_that_overlap_are_one_stay_and_a_day_joined_and_left_is_none() -> None:
    twice = told(S, member("2025-01-01", "2025-02-01"), member("2025-01-20", "2025-03-01"))
    assert [on(twice, when).status for when in ("2025-01-31", "2025-02-08", "2025-03-01")] == [
        Status.NOT_STARTED,
        Status.NOT_STARTED,
        Status.WITHDRAWN,
    ]
    assert of(told(S, member("2025-02-01", "2025-02-01"))).steps == ()
    away = (Span(since=day("2025-02-01"), until=day("2025-02-05")),)
    assert on(told(S, member("2025-02-01"), inactive=away), "2025-02-05").opens_on == day("2025-02-05")


def test_m5_m6_of_memberships_that_overlap_the_one_known_first_gives_notice() -> None:
    ahead = settings(effective_on=day("2025-05-01"))
    late = (
        member("2025-01-01", "2025-06-01", known="2025-05-10"),
        member("2025-02-01", "2025-03-01", known="2025-05-11"),
    )
    early = member("2025-04-01", known="2025-01-01")
    assert on(told(ahead, *late, early), "2025-05-01").due_on == day("2025-05-31")


def test_m5_who_came_back_on_the_day_of_leaving_was_expected_all_along() -> None:
    later = settings(effective_on=day("2025-03-01"), notice_floor=True)
    left, back = member("2025-02-01", "2025-02-20", known="2025-02-01"), member("2025-02-20", known="2025-04-01")
    never_left = told(later, member("2025-02-01"))
    for when, status in [("2025-02-10", Status.SCHEDULED), ("2025-03-01", Status.NOT_STARTED)]:
        step = on(told(later, left, back), when)
        assert step == on(never_left, when)
        assert step.status is status


def test_m6_a_membership_recorded_late_has_n_days_from_its_recording() -> None:
    facts = told(S, member("2025-02-01", known="2025-03-01"))
    assert (on(facts, "2025-02-01").opens_on, on(facts, "2025-02-01").due_on) == (day("2025-02-01"), day("2025-03-31"))
    without = told(replace(S, notice_floor=False), member("2025-02-01", known="2025-03-01"))
    assert on(without, "2025-02-01").due_on == day("2025-03-03")


def test_m6_a_membership_of_no_day_gives_no_notice() -> None:
    for until in ("2025-02-01", "2025-01-31"):
        empty = member("2025-02-01", until, known="2025-01-01")
        facts = told(S, empty, member("2025-02-01", known="2025-03-01"))
        assert on(facts, "2025-02-01").due_on == day("2025-03-31")


def test_m6_is_named_only_of_a_membership_that_was_recorded_late() -> None:
    for known, named in [("2025-02-01", False), ("2025-02-02", True)]:
        rules = [rule for rule, _ in on(told(S, member("2025-02-01", known=known)), "2025-02-01").because]
        assert ("M6" in rules) is named


def test_section_9_an_inactive_person_and_a_paused_assignment_are_away() -> None:
    away = told(S, inactive=(Span(since=day("2025-01-20"), until=day("2025-01-25")),))
    assert [on(away, when).status.value for when in ("2025-01-19", "2025-01-20", "2025-01-25")] == [
        "not_started",
        "withdrawn",
        "not_started",
    ]
    paused = edit(S, "2025-01-20", is_active=False)
    resumed = edit(paused, "2025-01-25", is_active=True)
    assert [one.status for one in of(told(S, paused, resumed)).steps] == [one.status for one in of(away).steps]


def test_section_9_a_membership_that_ends_when_the_assignment_begins_is_no_stay() -> None:
    assert of(told(S, member(until="2025-01-10"))).steps == ()


def test_section_9_a_member_since_the_first_day_of_all_is_one() -> None:
    assert on(told(S, member("0001-01-01", known="2020-01-01")), "2025-01-10").status is Status.NOT_STARTED


def test_section_9_a_suspension_that_ends_before_it_begins_is_none() -> None:
    for until in ("2025-02-01", "2025-01-20"):
        facts = told(S, inactive=(Span(since=day("2025-02-01"), until=day(until)),))
        assert of(facts).steps == of(told(S)).steps
