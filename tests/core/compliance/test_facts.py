"""Rules F and C: what counts as a completion, corrections and late news."""

from __future__ import annotations

from dataclasses import replace

from testamur.core.compliance import CreditState, Progress, Status, standing_on
from testamur.core.moments import When
from tests.core.compliance.stories import (
    FIRE,
    KITCHEN,
    OTHER,
    S,
    day,
    done,
    edit,
    member,
    moment,
    of,
    on,
    settings,
    told,
)


def test_f1_what_is_not_asked_for_does_not_count() -> None:
    assert on(told(S, done("2025-02-01", item=OTHER)), "2025-02-01").credit is CreditState.NEVER


def test_f3_progress_before_the_opening_day_or_of_another_item_starts_nothing() -> None:
    def status(item: object, made: str) -> Status:
        progress = Progress(item=item, made=When.day(day(made)))  # type: ignore[arg-type]
        return on(told(S, progress=(progress,)), "2025-01-20").status

    assert status(FIRE, "2025-01-10") is Status.IN_PROGRESS
    assert status(FIRE, "2025-01-09") is Status.NOT_STARTED
    assert status(OTHER, "2025-01-10") is Status.NOT_STARTED


def test_p5_progress_counts_when_its_item_was_accepted_on_its_day() -> None:
    bare = settings(alternatives=())
    added = edit(bare, "2025-01-20", alternatives=(KITCHEN,))
    for made, status in [("2025-01-19", Status.NOT_STARTED), ("2025-01-20", Status.IN_PROGRESS)]:
        progress = (Progress(item=KITCHEN, made=When.day(day(made))),)
        assert on(told(bare, added, progress=progress), "2025-01-25").status is status


def test_d6_a_completion_ahead_counts_from_its_own_day() -> None:
    facts = told(S, done("2025-02-01", known="2025-01-31"))
    assert on(facts, "2025-01-31").status is Status.NOT_STARTED
    assert on(facts, "2025-02-01").status is Status.COMPLETED


def test_c6_voids_one_after_the_other_each_from_its_day() -> None:
    facts = told(
        S, done("2025-01-20", voided_at="2025-03-01"), done("2025-02-20", 101, voided_at="2025-04-01"), member()
    )
    found = of(facts)
    seen = [standing_on(found, day(when)) for when in ("2025-02-28", "2025-03-01", "2025-04-01")]
    assert [step.is_on_time for step in seen if step] == [True, False, None]


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


def test_c8_as_known_at_leaves_out_what_came_later() -> None:
    facts = told(S, member("2025-01-01", "2025-03-01"), done("2025-02-01", known="2025-04-01"))
    then = facts.known_at(moment("2025-02-15"))
    assert then.completions == ()
    assert then.memberships[0].until is None
    assert facts.known_at(moment("2025-04-01")) == facts


def test_p6_what_is_known_at_its_very_moment_is_known() -> None:
    left = replace(member("2025-01-10", "2025-03-01"), end_recorded_at=moment("2025-04-01"))
    voided = done("2025-02-01", voided_at="2025-04-01")
    facts = told(S, left, voided)
    at, before = moment("2025-04-01"), moment("2025-03-31")
    assert facts.known_at(at) == facts
    known = facts.known_at(before)
    assert known.memberships[0].until is None
    assert known.completions[0].voided_at is None
    assert facts.known_at(moment("2025-01-31")).completions == ()
