"""Enrolments, by the worked examples of the compliance rules (section 15) that need no more than the plain settings.

Fire safety for the site staff, made on 10 January 2025 in London, 30 days to do it. The numbers are the rules' own.
"""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterable
from dataclasses import replace
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from testamur.core.assignments import AssignmentVersion
from testamur.core.enrolments import (
    Cause,
    Completed,
    Enrolment,
    EnrolmentStatus,
    MemberSpan,
    Span,
    coverage,
    enrolled_person,
    enrolment,
    enrolment_id,
)
from testamur.core.ids import Id, new_id, to_hex24
from testamur.core.moments import When

LONDON = ZoneInfo("Europe/London")
STAFF, ASSIGNMENT, ANA = new_id(), new_id(), new_id()
FIRE, KITCHEN, OTHER = new_id(), new_id(), new_id()


def at(text: str, zone: ZoneInfo = LONDON) -> datetime:
    """A day's first moment, or a moment of it, in the tenant's zone."""
    return datetime.fromisoformat(text).replace(tzinfo=zone).astimezone(UTC)


def version(number: int, on: str, days: int = 30, recurrence: int | None = 365, **rest: Any) -> AssignmentVersion:
    moment = at(on)
    settings: dict[str, Any] = {
        "primary": FIRE,
        "alternatives": (KITCHEN,),
        "hide_alternatives": False,
        "is_active": True,
        "is_deleted": False,
    }
    return AssignmentVersion(
        number=number,
        effective_on=moment.astimezone(LONDON).date(),
        recorded_at=moment,
        acts_at=moment,
        audience=STAFF,
        completion_period_days=days,
        recurrence_days=recurrence,
        **settings | rest,
    )


def member(joined: str = "2020-01-01", left: str | None = None, known: str | None = None) -> MemberSpan:
    ended = at(left) if left else None
    return MemberSpan(
        audience=STAFF,
        began_at=at(joined),
        began_known_at=at(known or joined),
        ended_at=ended,
        ended_known_at=ended,
    )


def done(
    on: str, item: Id = FIRE, *, known: str | None = None, voided: str | None = None, record: Id | None = None
) -> Completed:
    completed = When.day(date.fromisoformat(on)) if len(on) == 10 else When.instant(at(on))
    return Completed(
        record=record or new_id(),
        item=item,
        completed=completed,
        known_at=at(known or on),
        voided_at=at(voided) if voided else None,
    )


S = [version(1, "2025-01-10")]
ONCE = [version(1, "2025-01-10", recurrence=None)]
NEVER = [version(1, "2025-01-10", recurrence=0)]


def seen(
    now: str,
    versions: list[AssignmentVersion],
    *completions: Completed,
    members: Iterable[MemberSpan] = (member(),),
    zone: ZoneInfo = LONDON,
    away: Iterable[Span] = (),
) -> Enrolment:
    found = enrolment(
        ASSIGNMENT, ANA, versions, list(members), completions, zone=zone, now=at(now, zone), away=list(away)
    )
    assert found is not None
    return found


def status(*arguments: Any, **named: Any) -> str:
    found = seen(*arguments, **named)
    return found.status.value


# First cycle, and prior learning ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2025-01-10", "open"), ("2025-02-09T23:59:59", "open"), ("2025-02-10", "overdue"), ("2030-01-01", "overdue")],
)
def test_example_1_nothing_done_is_open_through_the_due_day_and_overdue_for_ever_after(now: str, expected: str) -> None:
    found = seen(now, S)
    assert found.status.value == expected
    assert found.due_on == date(2025, 2, 9)
    assert found.due_at == at("2025-02-09T23:59:59")
    assert found.available_at == at("2025-01-10")


@pytest.mark.parametrize(
    ("now", "expected", "due"),
    [
        ("2025-02-08", "open", "2025-02-09"),
        ("2025-02-09", "scheduled", "2026-03-11"),
        ("2026-02-08T23:59", "scheduled", "2026-03-11"),
        ("2026-02-09", "open", "2026-03-11"),
        ("2026-03-11T23:59", "open", "2026-03-11"),
        ("2026-03-12", "overdue", "2026-03-11"),
    ],
)
def test_example_2_a_recurring_assignment_opens_again_when_credit_ends(now: str, expected: str, due: str) -> None:
    found = seen(now, S, done("2025-02-09"))
    assert (found.status.value, found.due_on) == (expected, date.fromisoformat(due))


def test_example_3_a_late_completion_starts_anew_from_its_day() -> None:
    found = seen("2025-03-02", S, done("2025-03-01T10:00"))
    assert (found.status, found.due_on) == (EnrolmentStatus.SCHEDULED, date(2026, 3, 31))
    assert found.available_at == at("2026-03-01")
    assert status("2026-04-01", S, done("2025-03-01")) == "overdue"


def test_examples_4_and_5_no_recurrence_and_zero_are_the_same_for_ever() -> None:
    for versions in (ONCE, NEVER):
        found = seen("2060-01-01", versions, done("2025-02-01"))
        assert (found.status, found.due_on) == (EnrolmentStatus.COMPLETE, date(2025, 2, 9))


def test_example_7_either_object_satisfies_and_no_other_does() -> None:
    assert status("2025-02-02", S, done("2025-02-01", KITCHEN)) == "scheduled"
    assert status("2025-02-02", S, done("2025-02-01", OTHER)) == "open"


def test_example_8_who_joins_later_has_the_whole_time_from_then_on() -> None:
    ben = [member("2025-06-17")]
    assert enrolment(ASSIGNMENT, ANA, S, ben, (), zone=LONDON, now=at("2025-06-16")) is None
    assert status("2025-06-17", S, members=ben) == "open"
    assert seen("2025-06-17", S, members=ben).due_on == date(2025, 7, 17)
    assert status("2025-07-18", S, members=ben) == "overdue"


def test_example_9_the_day_of_a_moment_is_the_tenants() -> None:
    stamped = Completed(
        record=new_id(),
        item=FIRE,
        completed=When.instant(datetime(2025, 2, 9, 23, 30, tzinfo=UTC)),
        known_at=datetime(2025, 2, 9, 23, 30, tzinfo=UTC),
    )
    history = [step.after.value for step in seen("2025-02-11", S, stamped).history]
    assert history == ["open", "scheduled"], "on time in London"
    sydney = [step.after.value for step in seen("2025-02-12", S, stamped, zone=ZoneInfo("Australia/Sydney")).history]
    assert sydney == ["open", "overdue", "scheduled"], "a day late in Sydney"


@pytest.mark.parametrize(
    ("versions", "completed", "now", "expected", "due"),
    [
        (S, "2024-06-01", "2025-01-10", "scheduled", "2025-07-01"),
        (S, "2024-06-01", "2025-06-01", "open", "2025-07-01"),
        (S, "2023-12-01", "2025-01-10", "open", "2025-02-09"),
        (S, "2023-12-01", "2025-02-10", "overdue", "2025-02-09"),
        (S, "2024-01-20", "2025-01-10", "scheduled", "2025-02-18"),
        (ONCE, "2011-05-05", "2025-01-10", "complete", "2025-02-09"),
    ],
)
def test_examples_10_to_12_earlier_learning_counts_while_its_credit_does(
    versions: list[AssignmentVersion], completed: str, now: str, expected: str, due: str
) -> None:
    prior = done(completed)
    found = seen(now, versions, prior)
    assert (found.status.value, found.due_on) == (expected, date.fromisoformat(due))
    assert found.last_completed_at == prior.completed.at
    first = found.history[0]
    assert (first.before, first.cause) == (EnrolmentStatus.UNASSIGNED, Cause.ASSIGNED)
    assert first.completion == (None if first.after is EnrolmentStatus.OPEN else prior.record)


def test_example_15_an_early_completion_refreshes_the_credit() -> None:
    early = done("2025-11-15")
    found = seen("2025-12-01", S, done("2025-02-01"), early)
    assert (found.status, found.available_at) == (EnrolmentStatus.SCHEDULED, at("2026-11-15"))
    assert found.due_on == date(2026, 12, 15)
    last = found.history[-1]
    assert (last.cause, last.completion, last.before, last.after) == (
        Cause.COMPLETED,
        early.record,
        EnrolmentStatus.SCHEDULED,
        EnrolmentStatus.SCHEDULED,
    )


# Leaving and coming back ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("left", "back", "now", "expected", "due"),
    [
        ("2025-01-20", "2025-01-21", "2025-01-20T12:00", "archived", "2025-02-09"),
        ("2025-01-20", "2025-01-21", "2025-01-21", "open", "2025-02-09"),
        ("2025-01-30", "2025-02-20", "2025-02-20", "open", "2025-03-02"),
        ("2025-01-20", "2025-06-01", "2025-06-01", "open", "2025-07-01"),
        ("2025-02-15", "2025-02-25", "2025-02-25", "overdue", "2025-02-09"),
    ],
)
def test_examples_25_to_29_back_soon_the_same_duty_goes_on_and_later_a_new_one_begins(
    left: str, back: str, now: str, expected: str, due: str
) -> None:
    members = [member(left=left), member(back)]
    if at(now) < at(back):
        members = members[:1]
    found = seen(now, S, members=members)
    assert (found.status.value, found.due_on) == (expected, date.fromisoformat(due))


def test_example_28_credit_outlives_an_absence() -> None:
    members = [member(left="2025-02-01"), member("2025-09-01")]
    found = seen("2025-09-01", S, done("2025-01-15"), members=members)
    assert (found.status, found.available_at) == (EnrolmentStatus.SCHEDULED, at("2026-01-15"))
    assert [step.cause for step in found.history] == [
        Cause.ASSIGNED, Cause.COMPLETED, Cause.ARCHIVED, Cause.REINSTATED,
    ]  # fmt: skip


def test_example_30_what_is_completed_while_away_counts_on_return() -> None:
    members = [member(left="2025-01-20"), member("2025-02-10")]
    assert status("2025-02-06", S, done("2025-02-05"), members=members[:1]) == "archived"
    assert status("2025-02-10", S, done("2025-02-05"), members=members) == "scheduled"


def test_leaving_and_coming_back_on_one_day_changes_no_due_day() -> None:
    members = [member(left="2025-01-20T10:00"), member("2025-01-20T15:00")]
    found = seen("2025-01-21", S, members=members)
    assert (found.status, found.due_on) == (EnrolmentStatus.OPEN, date(2025, 2, 9))


def test_who_joins_and_leaves_on_one_day_keeps_an_archived_enrolment() -> None:
    found = seen("2025-03-02", S, members=[member("2025-03-01T09:00", "2025-03-01T17:00")])
    assert [step.after.value for step in found.history] == ["open", "archived"]


def test_who_left_before_the_assignment_was_made_or_never_came_has_no_enrolment() -> None:
    for members in ([], [member(left="2025-01-01")], [member("2025-02-01", "2025-02-01")]):
        assert enrolment(ASSIGNMENT, ANA, S, members, [], zone=LONDON, now=at("2025-03-01")) is None


def test_somebody_expected_is_scheduled_until_the_day_of_joining() -> None:
    coming = [member("2025-03-01", known="2025-02-01")]
    found = seen("2025-02-02", S, members=coming)
    assert (found.status, found.available_at) == (EnrolmentStatus.SCHEDULED, at("2025-03-01"))
    assert found.due_on == date(2025, 3, 31)
    causes = [step.cause for step in seen("2025-03-02", S, members=coming).history]
    assert causes == [Cause.ASSIGNED, Cause.OPENED]


def test_m6_who_is_known_late_to_be_a_member_has_the_whole_time_from_then_on() -> None:
    found = seen("2025-03-05", S, members=[member("2025-02-01", known="2025-03-01")])
    assert (found.available_at, found.due_on) == (at("2025-02-01"), date(2025, 3, 31))
    assert (found.history[0].at, found.history[0].known_at) == (at("2025-02-01"), at("2025-03-01"))


def test_the_suspended_are_archived() -> None:
    suspended = Span(began_at=at("2025-01-20"), began_known_at=at("2025-01-20"))
    assert status("2025-01-21", S, away=[suspended]) == "archived"
    always = Span(began_at=at("2024-01-20"), began_known_at=at("2024-01-20"))
    found = seen("2025-01-21", S, away=[always])
    assert [(step.before.value, step.after.value) for step in found.history] == [("unassigned", "archived")]
    back = Span(
        began_at=at("2025-01-20"),
        began_known_at=at("2025-01-20"),
        ended_at=at("2025-01-25"),
        ended_known_at=at("2025-01-25"),
    )
    assert status("2025-01-26", S, away=[back]) == "open"


# Edits ------------------------------------------------------------------------------------------------------------


def test_example_31_a_longer_period_moves_what_is_open() -> None:
    found = seen("2025-01-26", [*S, version(2, "2025-01-25", 60)])
    assert found.due_on == date(2025, 3, 11)
    assert found.updated_at == at("2025-01-25"), "the due day moved, so it is news"


def test_example_32_a_shorter_period_is_for_those_who_come_after_it() -> None:
    edited = [*S, version(2, "2025-01-25", 10)]
    assert seen("2025-01-26", edited).due_on == date(2025, 2, 9)
    assert seen("2025-01-26", edited, members=[member("2025-01-26")]).due_on == date(2025, 2, 5)


def test_example_33_a_shorter_recurrence_gives_a_period_from_the_edit() -> None:
    edited = [*S, version(2, "2025-12-01", recurrence=180)]
    found = seen("2025-12-02", edited, done("2025-03-01"))
    assert (found.status, found.due_on) == (EnrolmentStatus.OPEN, date(2025, 12, 31))
    assert found.history[-1].cause is Cause.CHANGED


def test_example_34_a_longer_recurrence_takes_a_renewal_back_and_the_past_stays() -> None:
    half = [version(1, "2025-01-10", recurrence=180)]
    edited = [*half, version(2, "2025-10-05", recurrence=365)]
    assert status("2025-10-01", half, done("2025-03-01")) == "overdue"
    found = seen("2025-10-05", edited, done("2025-03-01"))
    assert (found.status, found.available_at) == (EnrolmentStatus.SCHEDULED, at("2026-03-01"))
    assert [(step.after.value, step.at) for step in found.history] == [
        ("open", at("2025-01-10")),
        ("overdue", at("2025-02-10")),
        ("scheduled", at("2025-03-01")),
        ("open", at("2025-08-28")),
        ("overdue", at("2025-09-28")),
        ("scheduled", at("2025-10-05")),
    ]


@pytest.mark.parametrize("completed", ["2024-05-05", "2020-05-05"])
def test_example_35_once_becoming_recurring_gives_a_period_from_the_edit(completed: str) -> None:
    edited = [*ONCE, version(2, "2026-06-01")]
    found = seen("2026-06-02", edited, done(completed))
    assert (found.status, found.due_on) == (EnrolmentStatus.OPEN, date(2026, 7, 1))


def test_example_36_an_added_alternative_counts_from_the_edit_on() -> None:
    plain = [version(1, "2025-01-10", alternatives=())]
    edited = [*plain, version(2, "2025-02-20")]
    kitchen = done("2025-01-28", KITCHEN)
    assert status("2025-02-15", plain, kitchen) == "overdue"
    found = seen("2025-02-20", edited, kitchen)
    assert (found.status, found.available_at) == (EnrolmentStatus.SCHEDULED, at("2026-01-28"))
    assert [step.after.value for step in found.history] == ["open", "overdue", "scheduled"]
    assert (found.history[-1].cause, found.history[-1].completion) == (Cause.CHANGED, kitchen.record)


def test_example_37_a_removed_alternative_keeps_the_credit_it_gave() -> None:
    edited = [*S, version(2, "2025-05-01", alternatives=())]
    assert status("2025-06-01", edited, done("2025-02-01", KITCHEN)) == "scheduled"
    assert status("2026-02-02", edited, done("2025-02-01", KITCHEN), done("2026-02-01", KITCHEN)) == "open"


def test_a_deleted_assignment_archives_everybody_and_keeps_the_past() -> None:
    deleted = [*S, version(2, "2025-02-01T14:00", is_deleted=True)]
    found = seen("2025-05-01", deleted)
    assert [(step.after.value, step.at) for step in found.history] == [
        ("open", at("2025-01-10")),
        ("archived", at("2025-02-01T14:00")),
    ]
    assert enrolment(ASSIGNMENT, ANA, deleted, [member("2025-03-01")], (), zone=LONDON, now=at("2025-05-01")) is None


# Corrections and late news ----------------------------------------------------------------------------------------


def test_example_40_a_voided_completion_stops_counting_and_the_old_due_day_returns() -> None:
    voided = done("2025-02-01", voided="2025-04-01")
    found = seen("2025-04-02", S, voided)
    assert (found.status, found.due_on) == (EnrolmentStatus.OVERDUE, date(2025, 2, 9))
    assert [(step.after.value, step.at) for step in found.history] == [
        ("open", at("2025-01-10")),
        ("scheduled", at("2025-02-01")),
        ("overdue", at("2025-04-01")),
    ]
    assert found.last_completed_at is None


def test_example_41_late_news_is_as_of_its_day_and_news_as_of_today() -> None:
    late = done("2025-02-03", known="2025-03-05")
    found = seen("2025-03-06", S, late)
    assert [step.after.value for step in found.history] == ["open", "scheduled"]
    assert (found.history[-1].at, found.history[-1].known_at) == (at("2025-02-03"), at("2025-03-05"))
    assert found.updated_at == at("2025-03-05"), "who asks for what is new since yesterday gets it"


def test_late_news_from_before_the_assignment_is_news_too() -> None:
    found = seen("2025-06-02", ONCE, done("2024-06-01", known="2025-06-01"))
    assert (found.status, found.updated_at) == (EnrolmentStatus.COMPLETE, at("2025-06-01"))


# What always holds ------------------------------------------------------------------------------------------------


def test_an_enrolments_id_is_lasting_and_leads_back_to_the_person() -> None:
    pairs = list(itertools.product([new_id() for _ in range(20)], repeat=2))
    ids = {enrolment_id(assignment, person) for assignment, person in pairs}
    assert len(ids) == len(pairs)
    for assignment, person in pairs:
        id = enrolment_id(assignment, person)
        assert enrolled_person(assignment, id) == person
        assert len(to_hex24(id)) == 24
    members = [member(left="2025-02-01"), member("2025-09-01")]
    assert seen("2025-01-11", S, members=members[:1]).id == seen("2025-10-01", S, members=members).id


def cases(count: int) -> list[tuple[list[AssignmentVersion], list[Completed], list[MemberSpan]]]:
    chance = random.Random(7)
    found = []
    for _ in range(count):
        days = sorted(chance.sample(range(1, 700), 3))
        versions = [
            version(
                n + 1, str(date(2025, 1, 1) + timedelta(day)), chance.randint(1, 60), chance.choice([None, 0, 90, 365])
            )
            for n, day in enumerate(days)
        ]
        completions = [
            done(
                str(date(2024, 6, 1) + timedelta(chance.randrange(1000))),
                chance.choice([FIRE, KITCHEN]),
                voided=chance.choice([None, None, "2027-01-01"]),
            )
            for _ in range(chance.randrange(4))
        ]
        cuts = [str(date(2024, 12, 1) + timedelta(day)) for day in sorted(chance.sample(range(800), 3))]
        members = chance.choice([[member()], [member(cuts[0], cuts[1]), member(cuts[2])]])
        found.append((versions, completions, members))
    return found


def known_members(members: list[MemberSpan], now: datetime) -> list[MemberSpan]:
    return [
        span if span.ended_at and span.ended_at <= now else replace(span, ended_at=None, ended_known_at=None)
        for span in members
        if span.began_known_at <= now
    ]


@pytest.mark.parametrize("case", cases(60))
def test_whatever_happens_the_history_is_a_chain_that_only_grows(
    case: tuple[list[AssignmentVersion], list[Completed], list[MemberSpan]],
) -> None:
    """Also invariant 1: the order in which completions are listed changes nothing."""
    versions, completions, members = case
    before: Enrolment | None = None
    for day in range(0, 1000, 25):
        now = datetime.combine(date(2025, 1, 1) + timedelta(day), time(), LONDON).astimezone(UTC)
        known = [one for one in versions if one.recorded_at <= now], known_members(members, now)
        found = enrolment(ASSIGNMENT, ANA, *known, completions, zone=LONDON, now=now)
        turned = enrolment(ASSIGNMENT, ANA, *known, completions[::-1], zone=LONDON, now=now)
        assert found == turned
        if found is None:
            assert before is None
            continue
        assert found.history[0].before is EnrolmentStatus.UNASSIGNED
        assert found.history[-1].after is found.status
        for one, next in itertools.pairwise(found.history):
            assert one.after is next.before
            assert one.at <= next.at
        assert all(step.at <= step.known_at <= now for step in found.history)
        assert EnrolmentStatus.UNASSIGNED not in {step.after for step in found.history}
        if before is not None:
            assert found.history[: len(before.history)] == before.history
            assert found.updated_at >= before.updated_at
        before = found


# What assignments make of a completion ----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("versions", "members", "completed", "had_due_date", "ends"),
    [
        (S, [member()], "2025-02-01T10:00", True, "2026-02-01T23:59:59"),
        (S, [member()], "2024-12-01", False, "2025-12-01T23:59:59"),
        (ONCE, [member()], "2025-02-01", True, None),
        (S, [member(left="2025-01-20")], "2025-02-01", False, "2026-02-01T23:59:59"),
        (S, [member(left="2024-01-20")], "2025-02-01", False, None),
        (S, [], "2025-02-01", False, None),
        ([*S, version(2, "2025-01-20", is_deleted=True)], [member()], "2025-02-01", False, None),
        ([*S, version(2, "2025-03-20", recurrence=30)], [member()], "2025-02-01", True, "2025-03-03T23:59:59"),
    ],
)
def test_a_completion_had_a_due_date_when_an_enrolment_asked_for_it(
    versions: list[AssignmentVersion], members: list[MemberSpan], completed: str, had_due_date: bool, ends: str | None
) -> None:
    found = coverage(done(completed), [(versions, members)], LONDON, at("2026-01-01"))
    assert (found.had_due_date, found.credit_ends_at) == (had_due_date, at(ends) if ends else None)


def test_of_several_assignments_the_credit_that_ends_last_is_shown() -> None:
    both = [(S, [member()]), ([version(1, "2025-01-10", recurrence=730)], [member()])]
    found = coverage(done("2025-02-01"), both, LONDON, at("2025-03-01"))
    assert found.credit_ends_at == at("2027-02-01T23:59:59")
