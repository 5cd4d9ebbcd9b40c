"""Rules that no worked example shows, by their numbers."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, datetime
from zoneinfo import ZoneInfo

import pytest

from testamur.core.compliance import (
    Anchor,
    CreditState,
    How,
    ItemVersion,
    Outcome,
    PriorCredit,
    Progress,
    Reentry,
    Retirement,
    SatisfiedBy,
    Span,
    Status,
    Step,
    TransitionKind,
    explain,
    faults,
    standing_on,
    timeline,
    transitions,
)
from testamur.core.compliance.days import FOREVER, fixed_day_from, fixed_days_between
from testamur.core.compliance.why import _TEXTS
from testamur.core.moments import When
from tests.core.compliance.stories import (
    FIRE,
    KITCHEN,
    OTHER,
    OTHERS,
    K,
    O,
    S,
    T,
    day,
    done,
    edit,
    exempt,
    extend,
    id_of,
    member,
    moment,
    of,
    on,
    settings,
    told,
)


def test_d5_due_at_is_the_first_instant_that_is_too_late_in_the_zone() -> None:
    summer = on(told(S, member("2025-06-17")), "2025-06-17")
    assert summer.due_at == datetime.fromisoformat("2025-07-17T23:00:00+00:00")
    assert (summer.days_left(day("2025-07-16")), summer.days_left(day("2025-07-18"))) == (1, None)


def test_d6_a_completion_ahead_counts_from_its_own_day() -> None:
    facts = told(S, done("2025-02-01", known="2025-01-31"))
    assert on(facts, "2025-01-31").status is Status.NOT_STARTED
    assert on(facts, "2025-02-01").status is Status.COMPLETED


def test_d8_a_zone_is_an_edit_and_earlier_days_keep_theirs() -> None:
    late = done("2025-02-09T23:30:00+00:00")
    moved = edit(S, "2025-03-01", zone=ZoneInfo("Australia/Sydney"))
    assert on(told(S, late, moved), "2025-02-09").is_on_time
    moved = edit(S, "2025-02-01", zone=ZoneInfo("Australia/Sydney"))
    assert not on(told(S, late, moved), "2025-02-10").is_on_time


def test_f1_what_is_not_asked_for_does_not_count() -> None:
    assert on(told(S, done("2025-02-01", item=OTHER)), "2025-02-01").credit is CreditState.NEVER


def test_f3_progress_before_the_opening_day_or_of_another_item_starts_nothing() -> None:
    def status(item: object, made: str) -> Status:
        progress = Progress(item=item, made=When.day(day(made)))  # type: ignore[arg-type]
        return on(told(S, progress=(progress,)), "2025-01-20").status

    assert status(FIRE, "2025-01-10") is Status.IN_PROGRESS
    assert status(FIRE, "2025-01-09") is Status.NOT_STARTED
    assert status(OTHER, "2025-01-10") is Status.NOT_STARTED


def test_o2_any_earlier_completion_satisfies_cycle_1_and_a_renewal_long_due_has_n_days() -> None:
    for floor in (True, False):
        step = on(told(settings(prior_credit=PriorCredit.ANY, notice_floor=floor), done("2020-01-01")), "2025-01-10")
        assert (step.status, step.cycle, step.due_on) == (Status.RENEWAL_DUE, 2, day("2025-02-09"))


def test_o2_credit_that_ends_on_the_entry_day_reaches_it_and_a_day_less_does_not() -> None:
    assert on(told(S, done("2024-01-11")), "2025-01-10").cycle == 2
    assert on(told(S, done("2024-01-10")), "2025-01-10").cycle == 1


def test_o5_without_the_notice_floor_a_renewal_is_due_when_credit_ends() -> None:
    assert on(told(replace(T, notice_floor=False), done("2024-01-20")), "2025-01-10").due_on == day("2025-01-19")


def test_o6_a_completion_on_the_opening_day_satisfies_and_the_day_before_is_early() -> None:
    assert on(told(S, done("2025-02-01"), done("2026-02-01", 101)), "2026-02-01").cycle == 3
    assert on(told(S, done("2025-02-01"), done("2026-01-31", 101)), "2026-01-31").cycle == 2
    assert on(told(S, done("2025-01-10")), "2025-01-10").satisfied_how is not None


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


def test_r1_an_earlier_end_never_takes_the_place_of_a_later_one() -> None:
    facts = told(S, done("2025-02-01"), done("2025-03-01", 101, expires="2025-04-01"))
    assert on(facts, "2025-03-01").credit_ends_on == day("2026-02-01")


def test_r5_the_window_of_an_anniversary_begins_and_ends_on_its_days() -> None:
    for when, ends in [("2025-12-02", "2026-12-02"), ("2025-12-03", "2027-02-01"), ("2026-02-01", "2027-02-01")]:
        assert on(told(T, done("2025-02-01"), done(when, 101)), when).credit_ends_on == day(ends)
    assert on(told(T, done("2025-02-01"), done("2026-02-02", 101)), "2026-02-02").credit_ends_on == day("2027-02-02")


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


def test_m6_a_membership_recorded_late_has_n_days_from_its_recording() -> None:
    facts = told(S, member("2025-02-01", known="2025-03-01"))
    assert (on(facts, "2025-02-01").opens_on, on(facts, "2025-02-01").due_on) == (day("2025-02-01"), day("2025-03-31"))
    without = told(replace(S, notice_floor=False), member("2025-02-01", known="2025-03-01"))
    assert on(without, "2025-02-01").due_on == day("2025-03-03")


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


def test_e2_an_edit_may_reach_open_obligations() -> None:
    reached = told(S, edit(S, "2025-01-15", completion_period_days=10, applies_to_open=True))
    assert on(reached, "2025-01-15").due_on == day("2025-01-25")
    late = told(S, edit(S, "2025-02-20", completion_period_days=10, applies_to_open=True))
    assert on(late, "2025-02-20").due_on == day("2025-02-09")


def test_e6_past_credit_must_last_until_the_edit() -> None:
    bare = settings(alternatives=())
    added = edit(bare, "2025-02-20", alternatives=(KITCHEN,))
    assert on(told(bare, done("2024-02-20", item=KITCHEN), added), "2025-02-20").credit is CreditState.NEVER
    prior = on(told(bare, done("2024-02-21", item=KITCHEN), added), "2025-02-20")
    assert (prior.cycle, prior.credit_ends_on, prior.due_on) == (2, day("2025-02-20"), day("2025-03-22"))


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


def test_p6_a_withdrawal_that_was_not_known_yet_hides_nothing() -> None:
    facts = told(S, extend("2025-01-15", "2025-06-01", withdrawn="2025-02-20"))
    then = facts.known_at(moment("2025-02-19"))
    assert on(then, "2025-05-01").due_on == day("2025-06-01")
    assert facts.known_at(moment("2025-02-20")) == facts


def test_x3_exemptions_that_touch_are_one() -> None:
    facts = told(S, exempt("2025-01-20", "2025-01-31"), exempt("2025-02-01", "2025-02-28", 201))
    assert on(facts, "2025-02-01").status is Status.EXEMPT
    assert on(facts, "2025-03-01").due_on == day("2025-03-31")
    assert on(told(S, exempt("2025-01-20", None)), "2040-01-01").status is Status.EXEMPT


def test_x5_an_exemption_that_ends_long_before_the_due_day_moves_nothing() -> None:
    facts = told(settings(completion_period_days=60), exempt("2025-01-10", "2025-01-10"))
    assert on(facts, "2025-01-11").due_on == day("2025-03-12")


def test_v3_v5_a_version_that_asks_for_nothing_changes_nothing() -> None:
    version = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"))
    assert on(told(S, done("2025-02-01"), item_versions=(version,)), "2025-09-02").credit_ends_on == day("2026-02-01")


def test_v4_old_versions_give_no_credit_from_that_day_and_the_new_one_does() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-01-20"), requires_retraining=True, id=id_of(7))
    assert on(told(S, done("2025-01-20", version=1), item_versions=(hard,)), "2025-02-01").credit is CreditState.NEVER
    assert on(told(S, done("2025-01-20"), item_versions=(hard,)), "2025-02-01").credit is CreditState.VALID
    step = on(told(S, done("2025-01-15"), item_versions=(hard,)), "2025-01-21")
    assert ("V4", id_of(7)) in step.because
    longer = settings(renewal_grace_days=45)
    assert on(told(longer, done("2025-01-15"), item_versions=(hard,)), "2025-01-21").due_on == day("2025-03-06")


def test_v6_an_expiry_counts_only_when_it_is_earlier_and_not_when_it_was_over_before() -> None:
    assert on(told(S, done("2025-02-01", expires="2027-01-01")), "2025-02-01").credit_ends_on == day("2026-02-01")
    assert on(told(S, done("2025-02-01", expires="2025-02-01")), "2025-02-01").credit is CreditState.VALID
    assert on(told(S, done("2025-02-01", expires="2025-01-31")), "2025-02-01").credit is CreditState.NEVER


def test_v7_an_obligation_that_nothing_offered_satisfies_is_impossible() -> None:
    retired = tuple(Retirement(item=item, retired_on=day(f"2025-01-{on}")) for item, on in ((FIRE, 15), (KITCHEN, 20)))
    assert not on(told(S, retirements=retired), "2025-01-19").is_impossible
    assert on(told(S, retirements=retired), "2025-01-20").is_impossible
    assert not on(told(S, retirements=retired[:1]), "2025-01-20").is_impossible


def test_c6_voids_one_after_the_other_each_from_its_day() -> None:
    facts = told(
        S, done("2025-01-20", voided_at="2025-03-01"), done("2025-02-20", 101, voided_at="2025-04-01"), member()
    )
    found = of(facts)
    seen = [standing_on(found, day(when)) for when in ("2025-02-28", "2025-03-01", "2025-04-01")]
    assert [step.is_on_time for step in seen if step] == [True, False, None]


def test_c8_as_known_at_leaves_out_what_came_later() -> None:
    facts = told(S, member("2025-01-01", "2025-03-01"), done("2025-02-01", known="2025-04-01"))
    then = facts.known_at(moment("2025-02-15"))
    assert then.completions == ()
    assert then.memberships[0].until is None
    assert facts.known_at(moment("2025-04-01")) == facts


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


def test_fixed_days_are_counted_with_leap_days_once() -> None:
    both = ((2, 28), (2, 29), (12, 31))
    for since, until, count in [
        ("2025-01-01", "2026-01-01", 2),
        ("2024-01-01", "2025-01-01", 3),
        ("2024-02-29", "2024-02-29", 0),
        ("2024-02-29", "2024-03-01", 1),
        ("2000-01-01", "2100-01-01", 225),
    ]:
        assert fixed_days_between(day(since).toordinal(), day(until).toordinal(), both) == count


def test_a_leap_day_is_the_28th_in_other_years() -> None:
    assert fixed_day_from(day("2025-02-01").toordinal(), ((2, 29),)) == day("2025-02-28").toordinal()
    assert fixed_day_from(day("2028-02-29").toordinal(), ((2, 29),)) == day("2028-02-29").toordinal()


def test_p5_of_two_memberships_that_begin_together_the_one_known_first_gives_notice() -> None:
    both = (member("2025-01-10"), member("2025-01-10", "2025-01-11", known="2025-01-14"))
    facts = told(S, *both)
    assert on(facts, "2025-01-10").due_on == day("2025-02-09")
    assert of(facts.edited(edit(S, "2025-01-11", notice_floor=False))).steps[0].due_on == day("2025-02-09")


def test_p3_of_two_extensions_to_one_day_the_same_one_is_named_in_any_order() -> None:
    both = (extend("2025-01-05", "2025-04-01", 300), extend("2025-01-05", "2025-04-01", 301))
    one, other = (of(told(S, *order)) for order in (both, both[::-1]))
    assert one.steps == other.steps
    assert ("X1", id_of(300)) in one.steps[0].because


def test_somebody_who_was_never_meant_has_no_standing() -> None:
    assert of(told(S, member(audience=OTHERS), done("2025-02-01"))).steps == ()
    assert of(told(member())).steps == ()


def test_transitions_are_announced_once() -> None:
    found = transitions(of(told(S, done("2025-02-01"))), due_soon_days=(7,))
    assert [(one.kind, str(one.on), one.cycle) for one in found] == [
        (TransitionKind.OPENED, "2025-01-10", 1),
        (TransitionKind.SATISFIED, "2025-02-01", 1),
        (TransitionKind.OPENED, "2026-02-01", 2),
        (TransitionKind.CREDIT_ENDED, "2026-02-02", 2),
        (TransitionKind.DUE_SOON, "2026-02-24", 2),
        (TransitionKind.PAST_DUE, "2026-03-04", 2),
    ]
    left = told(S, member(until="2025-01-20"), member("2025-01-25"), exempt("2025-02-01", "2025-02-05"))
    assert [one.kind.value for one in transitions(of(left))] == [
        "opened",
        "withdrawn",
        "reinstated",
        "exempted",
        "past_due",
    ]
    moved = transitions(of(told(S, extend("2025-01-15", "2025-03-01"))))
    assert [(one.kind.value, str(one.due_on)) for one in moved][1] == ("due_changed", "2025-03-01")


def test_every_reason_has_its_words() -> None:
    facts = told(S, done("2025-02-01"), edit(S, "2025-12-01", recurrence_days=180))
    for step in of(facts).steps:
        said = explain(step, facts)
        assert [(one.rule, one.fact) for one in said] == list(step.because)
        assert all(one.text.endswith(".") and one.rule in _TEXTS for one in said)
    texts = [one.text for one in explain(on(facts, "2025-12-01"), facts)]
    assert "Credit from the completion of 2025-02-01 ends on 2025-07-31, the latest of all." in texts


def test_section_5_settings_outside_of_their_limits_are_named() -> None:
    assert faults(S) == faults(T) == faults(K) == []
    bad = settings(completion_period_days=0, recurrence_days=-1, renewal_window_days=-1, renewal_grace_days=-1)
    assert [one.field for one in faults(bad)] == ["completion_period", "recurrence", "renewal_window", "renewal_grace"]
    window = settings(renewal_window_days=365, alternatives=(FIRE,))
    assert [one.field for one in faults(window)] == ["renewal_window", "alternatives"]
    calendar = replace(K, calendar_days=(), minimum_credit_days=90)
    assert [one.field for one in faults(calendar)] == ["calendar_days", "minimum_credit"]
    assert [one.field for one in faults(replace(K, calendar_days=((2, 30),)))] == ["calendar_days"]


def test_v4_what_retraining_ended_stays_ended_when_an_edit_makes_credit_longer() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True, id=id_of(7))
    edited = told(S, done("2025-02-01"), edit(S, "2025-10-01", recurrence_days=400), item_versions=(hard,))
    assert on(edited, "2025-10-01").credit_ends_on == day("2025-09-01")


def test_v4_an_edit_of_the_same_day_takes_nothing_from_the_days_that_retraining_gives() -> None:
    short = replace(S, renewal_grace_days=10)
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2026-01-20"), requires_retraining=True, id=id_of(7))
    edited = told(short, done("2025-02-01"), edit(short, "2026-01-20", recurrence_days=366), item_versions=(hard,))
    step = on(edited, "2026-01-20")
    assert (step.due_on, ("V4", id_of(7)) in step.because) == (day("2026-02-19"), True)


def test_r2_retraining_ends_an_anniversary_before_the_completion_of_that_day_could_keep_it() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2026-01-05"), requires_retraining=True)
    for when, ends in [("2026-01-05", "2027-01-05"), ("2026-01-10", "2027-01-10")]:
        facts = told(T, done("2025-02-01"), done(when, 101), item_versions=(hard,))
        assert on(facts, when).credit_ends_on == day(ends)


def test_section_7_the_first_fixed_day_may_be_of_the_next_year_and_there_is_none_after_the_last_year() -> None:
    def first(text: str, *fixed: tuple[int, int]) -> int:
        return fixed_day_from(day(text).toordinal(), fixed)

    assert first("2025-03-01", (12, 31), (6, 30), (1, 1)) == day("2025-06-30").toordinal()
    assert first("2025-07-01", (6, 30), (3, 31)) == day("2026-03-31").toordinal()
    assert first("9999-06-01", (12, 30)) == day("9999-12-30").toordinal()
    assert first("9999-07-01", (6, 30)) == FOREVER


def test_section_5_an_assignment_acts_from_its_effective_day() -> None:
    facts = told(settings(effective_on=day("2025-02-01")))
    ahead = on(facts, "2025-01-10")
    assert (ahead.status, ahead.opens_on, ahead.due_on) == (Status.SCHEDULED, day("2025-02-01"), day("2025-03-03"))
    assert on(facts, "2025-02-01").status is Status.NOT_STARTED
    past = on(told(settings(effective_on=day("2024-02-01"))), "2025-01-10")
    assert (past.status, past.opens_on) == (Status.NOT_STARTED, day("2025-01-10"))


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


def test_m6_a_membership_of_no_day_gives_no_notice() -> None:
    for until in ("2025-02-01", "2025-01-31"):
        empty = member("2025-02-01", until, known="2025-01-01")
        facts = told(S, empty, member("2025-02-01", known="2025-03-01"))
        assert on(facts, "2025-02-01").due_on == day("2025-03-31")


def test_section_9_a_membership_that_ends_when_the_assignment_begins_is_no_stay() -> None:
    assert of(told(S, member(until="2025-01-10"))).steps == ()


def test_section_9_a_member_since_the_first_day_of_all_is_one() -> None:
    assert on(told(S, member("0001-01-01", known="2020-01-01")), "2025-01-10").status is Status.NOT_STARTED


def test_section_9_a_suspension_that_ends_before_it_begins_is_none() -> None:
    for until in ("2025-02-01", "2025-01-20"):
        facts = told(S, inactive=(Span(since=day("2025-02-01"), until=day(until)),))
        assert of(facts).steps == of(told(S)).steps


def test_m1_what_a_withdrawal_names_is_the_membership_that_ended() -> None:
    moved = edit(S, "2025-01-20", audience=OTHERS)
    both = member(id=id_of(10)), member("2025-01-01", "2025-01-25", audience=OTHERS, id=id_of(11))
    assert on(told(S, moved, *both), "2025-01-25").because == (("S1", None), ("M1", id_of(11)))


def test_s3_the_first_of_several_memberships_to_come_is_the_one_expected() -> None:
    first = member("2025-03-01", "2025-04-01", known="2025-01-01")
    facts = told(S, member("2025-06-01", known="2025-01-01"), first)
    assert on(facts, "2025-01-20").opens_on == day("2025-03-01")


@pytest.mark.parametrize("stopped", [{"is_active": False}, {"is_deleted": True}])
def test_s3_nobody_is_expected_while_the_assignment_is_paused_or_deleted(stopped: dict[str, bool]) -> None:
    before = settings("2025-01-10", **stopped)
    resumed = edit(before, "2025-02-01", is_active=True, is_deleted=False)
    found = of(told(before, resumed, member("2025-03-01", known="2025-01-01")))
    assert standing_on(found, day("2025-01-31")) is None
    step = standing_on(found, day("2025-02-01"))
    assert step is not None
    assert (step.status, step.opens_on) == (Status.SCHEDULED, day("2025-03-01"))


def test_o8_why_says_what_satisfied_it_and_whether_in_time() -> None:
    for when, said in [("2025-02-01", "on time"), ("2025-03-01", "late")]:
        facts = told(S, done(when))
        texts = [one.text for one in explain(on(facts, when), facts)]
        assert f"The last obligation was satisfied by primary, {said}." in texts


def test_m1_leaving_is_announced_once_and_what_satisfied_is_named() -> None:
    found = transitions(of(told(S, done("2025-02-01"), member(until="2025-06-01"))))
    assert [(one.kind.value, str(one.on), one.completion) for one in found] == [
        ("opened", "2025-01-10", None),
        ("satisfied", "2025-02-01", id_of(100)),
        ("withdrawn", "2025-06-01", None),
    ]


def test_o5_an_edit_without_the_floor_moves_what_is_planned_to_its_literal_day() -> None:
    bare = replace(S, notice_floor=False)
    nearer = told(bare, done("2025-02-01"), edit(bare, "2026-01-25", renewal_grace_days=0))
    assert on(nearer, "2026-01-25").due_on == day("2026-02-01")
    floored = told(S, done("2025-02-01"), edit(S, "2026-01-25", renewal_grace_days=0))
    assert on(floored, "2026-01-25").due_on == day("2026-02-24")


def test_e3_e4_e5_what_an_edit_moved_names_the_edit() -> None:
    def said(*facts: object, when: str) -> list[str]:
        return [rule for rule, fact in on(told(*facts), when).because if fact == 2]

    assert said(S, done("2025-02-01"), edit(S, "2025-12-01", recurrence_days=180), when="2025-12-01") == ["E3"]
    assert said(S, done("2025-02-01"), edit(S, "2026-02-10", recurrence_days=370), when="2026-02-10") == ["E4"]
    assert said(S, done("2025-02-01"), edit(S, "2026-02-10", renewal_grace_days=50), when="2026-02-10") == ["E5"]
    assert said(S, done("2025-02-01"), edit(S, "2026-02-10", renewal_grace_days=30), when="2026-02-10") == []
    assert said(S, edit(S, "2025-01-25", completion_period_days=60), when="2025-01-25") == ["E1"]
    assert said(S, edit(S, "2025-01-25", completion_period_days=10), when="2025-01-25") == []


def test_e4_credit_that_an_edit_makes_last_until_now_satisfies_cycle_1() -> None:
    for longer, cycle in [(375, 2), (374, 1)]:
        facts = told(S, done("2024-01-10"), edit(S, "2025-01-19", recurrence_days=longer))
        assert on(facts, "2025-01-19").cycle == cycle
    step = on(told(S, done("2024-01-09"), edit(S, "2025-01-19", recurrence_days=730)), "2025-01-19")
    assert (step.status, step.opens_on, step.due_on) == (Status.COMPLETED, day("2026-01-08"), day("2026-02-07"))


def test_e1_a_longer_period_counts_from_the_recording_and_never_shortens() -> None:
    reached = edit(S, "2025-01-15", completion_period_days=10, applies_to_open=True)
    again = edit(reached, "2025-01-16", completion_period_days=12, applies_to_open=False)
    assert on(told(S, reached, again), "2025-01-16").due_on == day("2025-01-25")


def test_e7_e2_an_edit_that_changes_no_days_moves_nothing() -> None:
    reached = edit(S, "2025-01-15", completion_period_days=30, alternatives=(), applies_to_open=True)
    assert on(told(S, reached), "2025-01-15").because == on(told(S), "2025-01-15").because


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


def test_o6_of_two_completions_of_a_day_the_first_satisfies() -> None:
    both = told(S, done("2025-02-01T09:00:00+00:00"), done("2025-02-01T08:00:00+00:00", 101))
    assert on(both, "2025-02-01").satisfied_by == id_of(101)


def test_o2_a_renewal_due_on_the_entry_day_keeps_its_day_without_the_floor() -> None:
    bare = settings(notice_floor=False, renewal_grace_days=0)
    assert on(told(bare, done("2024-01-11")), "2025-01-10").due_on == day("2025-01-10")


def test_r1_of_two_credits_that_end_together_the_first_is_named() -> None:
    step = on(told(K, done("2024-02-01"), done("2024-02-02", 101)), "2024-02-02")
    assert ("R1", id_of(100)) in step.because
    assert ("R1", id_of(101)) not in step.because


def test_m4_the_days_away_that_are_left_out_are_those_after_the_due_day() -> None:
    for back, late in [("2025-02-25", 19), ("2025-02-16", 28)]:
        facts = told(S, member(until="2025-02-15"), member(back), done("2025-03-10"))
        satisfied = of(facts).obligations[0]
        assert (satisfied.is_on_time, satisfied.days_late) == (False, late)
    first_day = told(S, member(until="2025-02-10"), member("2025-02-12"), done("2025-02-12"))
    assert of(first_day).obligations[0].days_late == 1
    assert of(told(S, done("2025-02-10"))).obligations[0].days_late == 1
    assert of(told(S, done("2025-02-09"))).obligations[0].days_late == 0


def test_m2_done_while_away_when_it_fell_due_on_the_leaving_day_is_on_time() -> None:
    facts = told(S, member(until="2025-02-09"), member("2025-02-25"), done("2025-02-20"))
    assert on(facts, "2025-02-25").is_on_time


def test_o4_a_fixed_day_of_leaving_is_not_missed_and_one_of_return_is() -> None:
    for left, back, missed in [("2025-12-31", "2026-01-10", 1), ("2025-12-20", "2025-12-31", 2)]:
        never = told(K, member("2024-03-01", left), member(back))
        assert on(never, "2026-01-10").missed_cycles == missed


def test_a1_credit_that_never_ends_never_opens_a_renewal_whatever_the_window() -> None:
    step = on(told(replace(O, renewal_window_days=60), done("2025-02-01")), "2025-02-01")
    assert (step.status, step.opens_on, step.due_on) == (Status.COMPLETED, None, None)


def test_v4_retraining_is_named_among_what_moved_the_due_day() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True, id=id_of(7))
    step = on(told(S, done("2025-02-01"), item_versions=(hard,)), "2025-09-01")
    assert step.because[1:3] == (("R3", id_of(100)), ("V4", id_of(7)))


def test_m6_is_named_only_of_a_membership_that_was_recorded_late() -> None:
    for known, named in [("2025-02-01", False), ("2025-02-02", True)]:
        rules = [rule for rule, _ in on(told(S, member("2025-02-01", known=known)), "2025-02-01").because]
        assert ("M6" in rules) is named


def test_m5_who_came_back_on_the_day_of_leaving_was_expected_all_along() -> None:
    later = settings(effective_on=day("2025-03-01"), notice_floor=True)
    left, back = member("2025-02-01", "2025-02-20", known="2025-02-01"), member("2025-02-20", known="2025-04-01")
    never_left = told(later, member("2025-02-01"))
    for when, status in [("2025-02-10", Status.SCHEDULED), ("2025-03-01", Status.NOT_STARTED)]:
        step = on(told(later, left, back), when)
        assert step == on(never_left, when)
        assert step.status is status


def test_r3_without_the_floor_the_days_of_the_entry_bind_cycle_1_alone() -> None:
    short = settings(notice_floor=False, recurrence_days=10, renewal_grace_days=0)
    for version, due in [(short, "2025-01-22"), (replace(short, notice_floor=True), "2025-02-09")]:
        assert on(told(version, done("2025-01-12")), "2025-01-22").due_on == day(due)


def test_o2_prior_learning_satisfies_cycle_1_alone() -> None:
    facts = told(T, done("2024-01-20"), edit(T, "2025-01-12", renewal_grace_days=1))
    assert [one.cycle for one in of(facts).obligations] == [1, 2]
    assert on(facts, "2025-01-12").cycle == 2


def test_o2_what_prior_learning_promises_says_whether_the_renewal_had_been_due() -> None:
    late = settings(prior_credit=PriorCredit.ANY, notice_floor=False)
    assert on(told(late, done("2020-01-01")), "2025-01-10").because[1:3] == (("R3", id_of(100)), ("O2", id_of(100)))
    assert on(told(S, done("2024-06-01")), "2025-06-01").because[1:2] == (("R3", id_of(100)),)
    assert ("O5", id_of(100)) not in on(told(S, done("2024-06-01")), "2025-06-01").because


def test_m4_days_away_before_the_due_day_and_after_the_completion_are_not_left_out() -> None:
    before = told(S, member(until="2025-02-05"), member("2025-02-09"), done("2025-02-19"))
    assert of(before).obligations[0].days_late == 10
    after = told(S, member(until="2025-02-25"), member("2025-03-01"), done("2025-02-19"))
    assert of(after).obligations[0].days_late == 10


def test_m4_who_completes_late_while_away_is_late_by_the_days_before_leaving() -> None:
    for left, late in [("2025-02-15", 5), ("2025-02-10", 0)]:
        satisfied = of(told(S, member(until=left), member("2025-02-25"), done("2025-02-20"))).obligations[0]
        assert (satisfied.is_on_time, satisfied.days_late) == (False, late)


def test_m2_done_while_away_in_time_is_not_late_by_a_day() -> None:
    satisfied = of(told(S, member(until="2025-02-01"), member("2025-02-25"), done("2025-02-20"))).obligations[0]
    assert (satisfied.is_on_time, satisfied.days_late) == (True, 0)


def test_v4_what_is_completed_on_the_day_of_retraining_satisfies_the_renewal_that_opens_on_it() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True)
    facts = told(S, done("2025-02-01"), done("2025-09-01", 101), item_versions=(hard,))
    assert on(facts, "2025-09-01").cycle == 3


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


def test_e5_a_renewal_that_opens_on_the_day_of_the_edit_is_open() -> None:
    facts = told(S, done("2025-02-01"), edit(S, "2026-02-01", renewal_grace_days=5, completion_period_days=10))
    assert on(facts, "2026-02-01").due_on == day("2026-03-03")


def test_e5_an_edit_that_moves_no_due_day_is_not_named() -> None:
    facts = told(S, done("2025-02-01"), edit(S, "2025-06-01", renewal_window_days=10))
    assert on(facts, "2026-01-25").because == (("S5", None), ("R3", id_of(100)), ("R1", id_of(100)))


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


def test_x1_a_withdrawal_that_moves_nothing_is_not_named() -> None:
    same = told(S, extend("2025-01-15", "2025-03-12", withdrawn="2025-02-10"))
    assert on(same, "2025-02-10") == on(same, "2025-02-09")


def test_section_8_a_step_says_everything_of_its_days() -> None:
    started = Progress(item=FIRE, made=When.day(day("2026-02-05")))
    joined = member("2025-01-20", known="2025-01-12", id=id_of(10)), member(until="2024-01-01")
    facts = told(S, *joined, done("2025-02-01"), progress=(started,))
    steps = of(facts).steps
    none, valid, lapsed = CreditState.NEVER, CreditState.VALID, CreditState.LAPSED
    nothing: tuple[object, ...] = (None, None, None)
    primary = (id_of(100), SatisfiedBy.PRIMARY, True)
    first = day("2025-01-20"), day("2025-02-19")
    renewal = day("2026-02-01"), day("2026-03-03")
    ends = day("2026-02-01")
    held = (("R3", id_of(100)), ("R1", id_of(100)))
    over = (*held, ("R7", id_of(100)))
    completed, begun = day("2025-02-01"), day("2026-02-05")

    def step(since: str, until: str | None, status: str, *rest: object) -> Step:
        return Step(day(since), day(until) if until else None, Status(status), *rest, S.zone)  # type: ignore[arg-type, call-arg]

    open_ = (("S9", None), ("O3", id_of(10)))
    planned = (("S3", None), ("O3", id_of(10)))
    done_ = (("S4", None), ("O8", id_of(100)), ("R1", id_of(100)))
    late = (("S6", None), held[0], ("D4", None), *over[1:])
    assert steps == (
        step(
            *("2025-01-12", "2025-01-20", "scheduled", none, None, 0, 1, *first, None, None),
            *(*nothing, 0, 0, False, planned),
        ),
        step(
            *("2025-01-20", "2025-02-01", "not_started", none, None, 1, 1, *first, None, None),
            *(*nothing, 0, 0, False, open_),
        ),
        step(
            *("2025-02-01", "2026-02-01", "completed", valid, ends, 1, 2, *renewal, completed, None),
            *(*primary, 0, 0, False, done_),
        ),
        step(
            *("2026-02-01", "2026-02-02", "renewal_due", valid, ends, 1, 2, *renewal, completed, None),
            *(*primary, 0, 0, False, (("S5", None), *held)),
        ),
        step(
            *("2026-02-02", "2026-02-05", "renewal_due", lapsed, ends, 1, 2, *renewal, completed, None),
            *(*primary, 0, 0, False, (("S5", None), *over)),
        ),
        step(
            *("2026-02-05", "2026-03-04", "renewal_due", lapsed, ends, 1, 2, *renewal, completed, begun),
            *(*primary, 0, 0, False, (("S5", None), *over)),
        ),
        step(
            *("2026-03-04", None, "expired", lapsed, ends, 1, 2, *renewal, completed, begun),
            *(*primary, 1, 0, False, late),
        ),
    )  # fmt: skip


def test_s1_a_withdrawn_step_says_what_stood_on_leaving() -> None:
    retired = tuple(Retirement(item=item, retired_on=day("2025-05-01")) for item in (FIRE, KITCHEN))
    facts = told(S, done("2025-02-01"), member(until="2025-06-01"), retirements=retired)
    step = on(facts, "2025-06-01")
    assert (step.status, step.credit_ends_on, step.last_completed_on) == (
        Status.WITHDRAWN,
        day("2026-02-01"),
        day("2025-02-01"),
    )
    assert (step.cycle, step.opens_on, step.due_on, step.is_impossible) == (
        *(2, day("2026-02-01"), day("2026-03-03")),
        False,
    )
    assert on(told(S, member(until="2025-06-01")), "2025-06-01").last_completed_on is None
    assert on(told(S, member(until="2025-06-01")), "2025-06-01").credit_ends_on is None


def test_s2_an_exempt_person_is_not_late() -> None:
    step = on(told(S, exempt("2025-03-01", "2025-03-31")), "2025-03-10")
    assert (step.status, step.days_late(day("2025-03-10"))) == (Status.EXEMPT, 0)
    assert step.because == (("S2", None), ("X3", id_of(200)))


def test_s3_nothing_is_scheduled_before_it_could_be_known() -> None:
    late = of(told(S, member("2025-03-01", known="2025-03-05"))).steps
    assert [one.status for one in late] == [Status.NOT_STARTED, Status.OVERDUE]
    assert [one.since for one in of(told(S)).steps] == [day("2025-01-10"), day("2025-02-10")]
    assert of(told(S, member("2025-03-01"))).steps[0].status is Status.NOT_STARTED
    always = replace(S, recorded_at=None)
    for version, known, since in [
        (S, None, "2025-03-01"),
        (always, "2025-01-05", "2025-01-10"),
        (settings(recorded_at=moment("2025-01-02")), "2025-01-05", "2025-01-05"),
    ]:
        joins = replace(member("2025-03-01"), recorded_at=moment(known) if known else None)
        assert of(told(version, joins)).steps[0].since == day(since)


def test_s3_what_is_scheduled_follows_the_versions() -> None:
    later = edit(S, "2025-01-20", completion_period_days=60)
    steps = of(told(S, later, member("2025-03-01", known="2025-01-01"))).steps
    assert [(one.since, one.until, one.due_on) for one in steps[:2]] == [
        (day("2025-01-10"), day("2025-01-20"), day("2025-03-31")),
        (day("2025-01-20"), day("2025-03-01"), day("2025-04-30")),
    ]
    assert steps[2].since == day("2025-03-01")
    moved = edit(settings(effective_on=day("2025-06-01")), "2025-01-20", effective_on=None)
    again = of(told(settings(effective_on=day("2025-06-01")), moved)).steps
    assert [(one.status, one.until) for one in again[:2]] == [
        (Status.SCHEDULED, day("2025-01-20")),
        (Status.NOT_STARTED, day("2025-02-20")),
    ]


def test_d3_d8_on_the_first_day_of_a_zone_the_new_zone_counts() -> None:
    moved = edit(S, "2025-03-01", zone=ZoneInfo("Australia/Sydney"))
    facts = told(S, moved, done("2025-03-01T20:00:00+00:00"))
    assert on(facts, "2025-03-03").last_completed_on == day("2025-03-02")
    back = edit(settings(zone=ZoneInfo("Australia/Sydney")), "2025-03-01", zone=ZoneInfo("America/New_York"))
    early = told(settings(zone=ZoneInfo("Australia/Sydney")), back, done("2025-02-28T14:00:00+00:00"))
    assert on(early, "2025-03-03").last_completed_on == day("2025-03-01")


def test_p5_progress_counts_when_its_item_was_accepted_on_its_day() -> None:
    bare = settings(alternatives=())
    added = edit(bare, "2025-01-20", alternatives=(KITCHEN,))
    for made, status in [("2025-01-19", Status.NOT_STARTED), ("2025-01-20", Status.IN_PROGRESS)]:
        progress = (Progress(item=KITCHEN, made=When.day(day(made))),)
        assert on(told(bare, added, progress=progress), "2025-01-25").status is status


def test_c6_voided_progress_starts_nothing_from_its_day() -> None:
    progress = (Progress(item=FIRE, made=When.day(day("2025-01-15")), voided_at=moment("2025-01-20")),)
    facts = told(S, progress=progress)
    seen = [on(facts, when).status for when in ("2025-01-14", "2025-01-15", "2025-01-19", "2025-01-20")]
    assert seen == [Status.NOT_STARTED, Status.IN_PROGRESS, Status.IN_PROGRESS, Status.NOT_STARTED]
    days = [(str(one.since), str(one.until)) for one in of(facts).steps]
    assert days == [
        ("2025-01-10", "2025-01-15"),
        ("2025-01-15", "2025-01-20"),
        ("2025-01-20", "2025-02-10"),
        ("2025-02-10", "None"),
    ]


def test_c6_a_void_on_a_day_on_which_a_step_begins_leaves_no_step_without_days() -> None:
    for voided_at in ("2025-02-10", "2026-02-01"):
        steps = of(told(S, done("2025-02-01", voided_at=voided_at))).steps
        assert [(str(one.since), one.status.value) for one in steps] == [
            ("2025-01-10", "not_started"),
            ("2025-02-01", "completed"),
            (voided_at, "overdue"),
        ]


def test_c6_a_void_before_the_entry_moves_no_entry() -> None:
    facts = told(S, done("2024-06-01", voided_at="2024-12-01"))
    assert of(facts) == of(told(S))


def test_c6_a_void_in_the_midst_of_being_late_keeps_the_days_late() -> None:
    facts = told(S, done("2025-03-10", voided_at="2025-03-20"))
    assert on(facts, "2025-03-20").days_late(day("2025-03-21")) == 40


def test_c6_an_attempt_that_was_voided_is_no_progress() -> None:
    facts = told(S, done("2025-01-15", passed=False, voided_at="2025-01-20"))
    assert on(facts, "2025-01-19").status is Status.IN_PROGRESS
    assert on(facts, "2025-01-20").status is Status.NOT_STARTED


def test_v3_the_version_current_on_its_day_is_the_newest_then() -> None:
    first = ItemVersion(item=FIRE, number=1, published_on=day("2025-01-01"), requires_retraining=True)
    second = replace(first, number=2, published_on=day("2025-01-20"))
    assert on(told(S, done("2025-02-01"), item_versions=(first, second)), "2025-02-01").credit is CreditState.VALID
    assert on(told(S, done("2024-12-01"), item_versions=(first,)), "2025-01-10").credit_ends_on == day("2025-01-01")


def test_v4_retraining_ends_only_what_is_outdated() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True, id=id_of(7))
    both = told(S, done("2025-02-01", version=2), done("2025-01-15", 101), item_versions=(hard,))
    assert on(both, "2025-09-01").credit_ends_on == day("2026-02-01")
    other = told(S, done("2025-02-01"), item_versions=(replace(hard, item=KITCHEN),))
    assert on(other, "2025-09-01").credit_ends_on == day("2026-02-01")


def test_v4_credit_that_ends_on_the_day_of_retraining_anyway_is_renewed_as_planned() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2026-02-01"), requires_retraining=True, id=id_of(7))
    facts = told(T, done("2025-02-01"), item_versions=(hard,))
    assert on(facts, "2026-02-01").due_on == day("2026-02-01")
    assert [("V4", id_of(7)) in on(facts, when).because for when in ("2026-01-31", "2026-02-01")] == [False, True]


def test_v4_an_edit_on_the_day_after_retraining_gives_nothing_back() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True)
    facts = told(S, done("2025-02-01"), edit(S, "2025-09-02", recurrence_days=400), item_versions=(hard,))
    assert on(facts, "2025-09-02").credit_ends_on == day("2025-09-01")


def test_v6_why_names_the_expiry_only_when_it_ended_the_credit() -> None:
    said = [
        on(told(S, done("2025-02-01", expires=when)), "2025-02-01").because for when in ("2025-08-01", "2027-01-01")
    ]
    assert [("V6", id_of(100)) in one for one in said] == [True, False]
    once = on(told(O, done("2025-02-01")), "2025-02-01").because
    assert once == (("S4", None), ("O8", id_of(100)), ("A1", id_of(100)))


def test_v7_is_of_the_obligation_that_is_open_and_follows_edits() -> None:
    retired = (Retirement(item=FIRE, retired_on=day("2025-01-15")),)
    bare = settings(alternatives=())
    added = edit(bare, "2025-01-25", alternatives=(KITCHEN,))
    facts = told(bare, added, retirements=retired)
    seen = [on(facts, when).is_impossible for when in ("2025-01-14", "2025-01-15", "2025-01-24", "2025-01-25")]
    assert seen == [False, True, True, False]


def test_e12_the_recurrence_of_a_calendar_reaches_no_credit_with_another_anchor() -> None:
    calendar = edit(S, "2025-06-01", anchor=Anchor.CALENDAR, calendar_days=((12, 31),), recurrence_days=100)
    assert on(told(S, done("2025-02-01"), calendar), "2025-06-01").credit_ends_on == day("2026-02-01")


def test_e3_a_shorter_recurrence_may_begin_to_keep_an_anniversary() -> None:
    facts = told(T, done("2025-02-01"), done("2025-11-01", 101), edit(T, "2025-11-10", recurrence_days=300))
    assert on(facts, "2025-11-09").credit_ends_on == day("2026-11-01")
    assert on(facts, "2025-11-10").credit_ends_on == day("2026-09-24")


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


def test_x1_an_extension_that_is_withdrawn_on_its_own_day_was_none() -> None:
    facts = told(S, extend("2025-02-05", "2025-06-01", withdrawn="2025-02-05"))
    assert of(facts) == of(told(S))


def test_decisions_and_retraining_without_a_line_change_nothing() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-02-01"), requires_retraining=True)
    decisions = exempt("2025-01-20", "2025-01-31"), extend("2025-01-20", "2025-06-01", withdrawn="2025-02-20")
    nobody = told(S, member(audience=OTHERS), *decisions, done("2025-01-15"), item_versions=(hard,))
    assert of(nobody).steps == ()
    assert of(nobody).obligations == ()
    later = told(S, member("2025-03-01", known="2025-01-01"), *decisions, done("2025-01-15"), item_versions=(hard,))
    assert on(later, "2025-03-01").due_on == day("2025-03-31")
