"""Rules S: statuses, what they say and how they are told."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from testamur.core.compliance import (
    CreditState,
    ItemVersion,
    Progress,
    Retirement,
    SatisfiedBy,
    Status,
    Step,
    Timeline,
    TransitionKind,
    explain,
    standing_on,
    transitions,
)
from testamur.core.compliance.why import _TEXTS
from testamur.core.moments import When
from tests.core.compliance.stories import (
    FIRE,
    KITCHEN,
    OTHERS,
    O,
    S,
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


def test_decisions_and_retraining_without_a_line_change_nothing() -> None:
    hard = ItemVersion(item=FIRE, number=2, published_on=day("2025-02-01"), requires_retraining=True)
    decisions = exempt("2025-01-20", "2025-01-31"), extend("2025-01-20", "2025-06-01", withdrawn="2025-02-20")
    nobody = told(S, member(audience=OTHERS), *decisions, done("2025-01-15"), item_versions=(hard,))
    assert of(nobody).steps == ()
    assert of(nobody).obligations == ()
    later = told(S, member("2025-03-01", known="2025-01-01"), *decisions, done("2025-01-15"), item_versions=(hard,))
    assert on(later, "2025-03-01").due_on == day("2025-03-31")


def test_d5_a_step_says_how_long_it_lasts_and_what_is_left_of_it() -> None:
    step = on(told(S), "2025-01-20")
    due = day("2025-02-09")
    assert [step.days_left(due + timedelta(n)) for n in (-1, 0, 1)] == [1, 0, None]
    assert step.due_at == moment("2025-02-10T00:00:00+00:00")
    assert step.until is not None
    assert step.covers(step.until - timedelta(1))
    assert not step.covers(step.until)
    assert not step.started
    assert on(told(S, progress=(Progress(item=FIRE, made=When.day(day("2025-01-15"))),)), "2025-01-20").started
    done_for_good = on(told(O, done("2025-02-01")), "2025-03-01")
    assert (done_for_good.due_at, done_for_good.days_left(due)) == (None, None)


def test_whoever_was_never_meant_stands_nowhere() -> None:
    assert standing_on(Timeline((), ()), day("2025-01-10")) is None
    assert standing_on(of(told(S)), day("2025-01-09")) is None
