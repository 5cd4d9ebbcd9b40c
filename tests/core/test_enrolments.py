"""Enrolments, by the worked examples of the compliance rules (section 15), as one vendor's clients see them."""

from __future__ import annotations

import itertools
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given as given_facts

from testamur.core.compliance import Facts, ItemVersion, Span, standing_on, timeline
from testamur.core.enrolments import (
    Coverage,
    Enrolment,
    coverage,
    enrolled_person,
    enrolment,
    enrolment_id,
    last_second,
)
from testamur.core.ids import Id, new_id, to_hex24
from testamur.core.vocabularies import EnrolmentStatus, enrolment_status
from tests.core.compliance.stories import (
    FIRE,
    HORIZON,
    KITCHEN,
    LONDON,
    K,
    O,
    S,
    T,
    Z,
    day,
    done,
    edit,
    exempt,
    extend,
    id_of,
    member,
    moment,
    of,
    settings,
    told,
)
from tests.core.compliance.test_invariants import at, cases, histories

ASSIGNMENT, ANA = new_id(), new_id()
NOON = "12:00:00+00:00"


def seen(facts: Facts, today: str | date, zone: ZoneInfo = LONDON, records: dict[Id, Id] | None = None) -> Enrolment:
    on = day(today) if isinstance(today, str) else today
    return enrolment(
        ASSIGNMENT,
        ANA,
        facts,
        timeline(facts, horizon=HORIZON),
        records=records if records is not None else {one.id: one.id for one in facts.completions},
        updated_at=datetime(2030, 1, 1, tzinfo=UTC),
        zone=zone,
        today=on,
    )


def told_of(found: Enrolment) -> list[str]:
    """The entries as words: cause, status after, day, and the completion's number."""
    return [
        " ".join(
            [entry.cause.value, entry.after.value, str(entry.at.astimezone(LONDON).date())]
            + ([f"#{entry.completion.int}"] if entry.completion else [])
        )
        for entry in found.history
    ]


def shown(found: Enrolment) -> tuple[str, str | None, str | None]:
    available = found.available_at.astimezone(LONDON).date() if found.available_at else None
    return found.status.value, str(available) if available else None, str(found.due_on) if found.due_on else None


# Examples --------------------------------------------------------------------------------------------------------

EXAMPLES: list[tuple[str, Facts, str, tuple[str, str | None, str | None], list[str]]] = [
    ("1", told(S), "2025-02-09", ("open", "2025-01-10", "2025-02-09"), ["assigned open 2025-01-10"]),
    ("1, late", told(S), "2030-01-01", ("overdue", "2025-01-10", "2025-02-09"),
     ["assigned open 2025-01-10", "overdue overdue 2025-02-10"]),
    ("2", told(S, done("2025-02-09")), "2026-03-12", ("overdue", "2026-02-09", "2026-03-11"),
     ["assigned open 2025-01-10", "completed scheduled 2025-02-09 #100", "opened open 2026-02-09",
      "overdue overdue 2026-03-12"]),
    ("2, waiting", told(S, done("2025-02-09")), "2026-02-08", ("scheduled", "2026-02-09", "2026-03-11"),
     ["assigned open 2025-01-10", "completed scheduled 2025-02-09 #100"]),
    ("3", told(S, done("2025-03-01")), "2025-03-02", ("scheduled", "2026-03-01", "2026-03-31"),
     ["assigned open 2025-01-10", "overdue overdue 2025-02-10", "completed scheduled 2025-03-01 #100"]),
    ("4", told(O, done("2025-02-01")), "2060-01-01", ("complete", "2025-01-10", "2025-02-09"),
     ["assigned open 2025-01-10", "completed complete 2025-02-01 #100"]),
    ("5", told(Z, done("2025-02-01")), "2060-01-01", ("complete", "2025-01-10", "2025-02-09"),
     ["assigned open 2025-01-10", "completed complete 2025-02-01 #100"]),
    ("6", told(S, done("2025-02-01", passed=False)), "2025-02-05", ("open", "2025-01-10", "2025-02-09"),
     ["assigned open 2025-01-10"]),
    ("8", told(S, member("2025-06-17")), "2025-06-20", ("open", "2025-06-17", "2025-07-17"),
     ["assigned open 2025-06-17"]),
    ("10", told(S, done("2024-06-01")), "2025-01-10", ("scheduled", "2025-06-01", "2025-07-01"),
     ["assigned scheduled 2025-01-10 #100"]),
    ("11", told(S, done("2023-12-01")), "2025-02-10", ("overdue", "2025-01-10", "2025-02-09"),
     ["assigned open 2025-01-10", "overdue overdue 2025-02-10"]),
    ("12", told(O, done("2011-05-05")), "2025-01-10", ("complete", "2025-01-10", "2025-02-09"),
     ["assigned complete 2025-01-10 #100"]),
    ("13", told(T, done("2024-01-20")), "2025-01-10", ("open", "2025-01-10", "2025-02-09"),
     ["assigned open 2025-01-10"]),
    ("15", told(S, done("2025-02-01"), done("2025-11-15", 101)), "2025-12-01",
     ("scheduled", "2026-11-15", "2026-12-15"),
     ["assigned open 2025-01-10", "completed scheduled 2025-02-01 #100", "completed scheduled 2025-11-15 #101"]),
    ("16", told(T, done("2025-02-01"), done("2026-01-05", 101)), "2026-12-03", ("open", "2026-12-03", "2027-02-01"),
     ["assigned open 2025-01-10", "completed scheduled 2025-02-01 #100", "opened open 2025-12-03",
      "completed scheduled 2026-01-05 #101", "opened open 2026-12-03"]),
    ("22", told(K, member("2024-03-01"), done("2024-03-20"), done("2026-01-05", 101)), "2026-02-01",
     ("scheduled", "2026-10-02", "2026-12-31"),
     ["assigned open 2024-03-01", "completed scheduled 2024-03-20 #100", "opened open 2024-10-02",
      "overdue overdue 2025-01-01", "completed scheduled 2026-01-05 #101"]),
    ("23, own expiry", told(O, done("2025-01-20", expires="2027-01-20")), "2027-02-20",
     ("overdue", "2027-01-20", "2027-02-19"),
     ["assigned open 2025-01-10", "completed scheduled 2025-01-20 #100", "opened open 2027-01-20",
      "overdue overdue 2027-02-20"]),
    ("25", told(S, member(until="2025-01-20"), member("2025-01-21")), "2025-01-21",
     ("open", "2025-01-10", "2025-02-09"),
     ["assigned open 2025-01-10", "archived archived 2025-01-20", "reinstated open 2025-01-21"]),
    ("27", told(S, member(until="2025-01-20"), member("2025-06-01")), "2025-06-01",
     ("open", "2025-06-01", "2025-07-01"),
     ["assigned open 2025-01-10", "archived archived 2025-01-20", "reinstated open 2025-06-01"]),
    ("28", told(S, done("2025-01-15"), member(until="2025-02-01"), member("2025-09-01")), "2025-09-01",
     ("scheduled", "2026-01-15", "2026-02-14"),
     ["assigned open 2025-01-10", "completed scheduled 2025-01-15 #100", "archived archived 2025-02-01",
      "reinstated scheduled 2025-09-01 #100"]),
    ("29", told(S, member(until="2025-02-15"), member("2025-02-25")), "2025-02-25",
     ("overdue", "2025-01-10", "2025-02-09"),
     ["assigned open 2025-01-10", "overdue overdue 2025-02-10", "archived archived 2025-02-15",
      "reinstated overdue 2025-02-25"]),
    ("30", told(S, done("2025-02-05"), member(until="2025-01-20"), member("2025-02-10")), "2025-02-10",
     ("scheduled", "2026-02-05", "2026-03-07"),
     ["assigned open 2025-01-10", "archived archived 2025-01-20", "reinstated scheduled 2025-02-10 #100"]),
    ("31", told(S, edit(S, "2025-01-25", completion_period_days=60)), "2025-01-26",
     ("open", "2025-01-10", "2025-03-11"), ["assigned open 2025-01-10"]),
    ("33", told(S, edit(S, "2025-12-01", recurrence_days=180), done("2025-03-01")), "2025-12-02",
     ("open", "2025-12-01", "2025-12-31"),
     ["assigned open 2025-01-10", "overdue overdue 2025-02-10", "completed scheduled 2025-03-01 #100",
      "changed open 2025-12-01"]),
    ("34", told(settings(recurrence_days=180), edit(S, "2025-10-05"), done("2025-03-01")), "2025-10-05",
     ("scheduled", "2026-03-01", "2026-03-31"),
     ["assigned open 2025-01-10", "overdue overdue 2025-02-10", "completed scheduled 2025-03-01 #100",
      "opened open 2025-08-28", "overdue overdue 2025-09-28", "changed scheduled 2025-10-05 #100"]),
    ("36", told(settings(alternatives=()), edit(S, "2025-02-20"), done("2025-01-28", item=KITCHEN)), "2025-02-20",
     ("scheduled", "2026-01-28", "2026-02-27"),
     ["assigned open 2025-01-10", "overdue overdue 2025-02-10", "changed scheduled 2025-02-20 #100"]),
    ("38", told(S, done("2025-02-01"), item_versions=(
        ItemVersion(item=FIRE, number=2, published_on=day("2025-09-01"), requires_retraining=True,
                    recorded_at=moment("2025-09-01")),)), "2025-09-02",
     ("open", "2025-09-01", "2025-10-01"),
     ["assigned open 2025-01-10", "completed scheduled 2025-02-01 #100", "changed open 2025-09-01"]),
    ("39", told(S, exempt("2025-02-01", "2025-04-30")), "2025-05-01", ("open", "2025-01-10", "2025-05-31"),
     ["assigned open 2025-01-10", "archived archived 2025-02-01", "reinstated open 2025-05-01"]),
    ("40", told(S, done("2025-02-01", voided_at="2025-04-01")), "2025-04-02",
     ("overdue", "2025-01-10", "2025-02-09"),
     ["assigned open 2025-01-10", "completed scheduled 2025-02-01 #100", "changed overdue 2025-04-01"]),
    ("41", told(S, done("2025-02-03", known="2025-03-05")), "2025-03-06", ("scheduled", "2026-02-03", "2026-03-05"),
     ["assigned open 2025-01-10", "completed scheduled 2025-02-03 #100"]),
    ("expected", told(S, member("2025-03-01", known="2025-02-01")), "2025-03-02",
     ("open", "2025-03-01", "2025-03-31"), ["assigned scheduled 2025-02-01", "opened open 2025-03-01"]),
    ("extended after it fell due", told(S, extend("2025-02-20", "2025-03-20")), "2025-02-21",
     ("open", "2025-01-10", "2025-03-20"),
     ["assigned open 2025-01-10", "overdue overdue 2025-02-10", "changed open 2025-02-20"]),
]  # fmt: skip


@pytest.mark.parametrize(
    ("facts", "today", "expected", "history"), [row[1:] for row in EXAMPLES], ids=[row[0] for row in EXAMPLES]
)
def test_an_example_is_shown_with_every_entry_on_the_way(
    facts: Facts, today: str, expected: tuple[str, str | None, str | None], history: list[str]
) -> None:
    found = seen(facts, today)
    assert shown(found) == expected
    assert told_of(found) == history
    assert found.due_at == datetime.combine(found.due_on or date.min, datetime.min.time(), LONDON).replace(
        hour=23, minute=59, second=59
    )


# Several things on one day ---------------------------------------------------------------------------------------


def test_assigned_and_completed_on_one_day_are_two_entries_with_their_moments() -> None:
    found = seen(told(S, done("2025-01-10T15:00:00+00:00")), "2025-01-10")
    assert [(entry.cause.value, entry.before.value, entry.after.value, entry.at) for entry in found.history] == [
        ("assigned", "unassigned", "open", moment(f"2025-01-10T{NOON}")),
        ("completed", "open", "scheduled", moment("2025-01-10T15:00:00+00:00")),
    ]
    earlier = seen(told(S, done("2025-01-10T09:00:00+00:00")), "2025-01-10")
    assert told_of(earlier) == ["assigned scheduled 2025-01-10 #100"], "done when it was assigned"


def test_a_renewal_that_is_done_on_the_day_it_opens_was_open() -> None:
    found = seen(told(S, done("2025-02-01"), done("2026-02-01T10:00:00+00:00", 101)), "2026-02-01")
    assert told_of(found)[2:] == ["opened open 2026-02-01", "completed scheduled 2026-02-01 #101"]


def test_what_is_done_a_day_late_was_overdue() -> None:
    found = seen(told(S, done("2025-02-10T10:00:00+00:00")), "2025-02-10")
    assert told_of(found)[1:] == ["overdue overdue 2025-02-10", "completed scheduled 2025-02-10 #100"]


def test_example_9_the_day_of_a_moment_is_the_zones() -> None:
    stamped = done("2025-02-09T23:30:00+00:00")
    assert [entry.after.value for entry in seen(told(S, stamped), "2025-02-11").history] == ["open", "scheduled"]
    sydney = ZoneInfo("Australia/Sydney")
    late = seen(told(settings(zone=sydney), stamped), "2025-02-12", sydney)
    assert [entry.after.value for entry in late.history] == ["open", "overdue", "scheduled"]


def test_m5_leaving_and_coming_back_on_one_day_is_not_leaving() -> None:
    found = seen(told(S, member(until="2025-01-20"), member("2025-01-20")), "2025-01-21")
    assert told_of(found) == ["assigned open 2025-01-10"]


def test_who_was_meant_for_less_than_a_day_keeps_an_archived_enrolment() -> None:
    gone = replace(S, is_deleted=True, number=2, recorded_at=moment("2025-01-10T18:00:00+00:00"))
    found = seen(told(S, gone), "2025-03-01")
    assert [(entry.after.value, entry.at) for entry in found.history] == [
        ("open", moment("2025-01-10")), ("archived", moment("2025-01-10T18:00:00+00:00")),
    ]  # fmt: skip
    assert (found.status, found.due_at, found.last_completed_at) == (EnrolmentStatus.ARCHIVED, None, None)


def test_who_was_suspended_all_the_while_was_never_open() -> None:
    away = Span(since=day("2024-01-20"), recorded_at=moment("2024-01-20"))
    found = seen(told(S, inactive=(away,)), "2025-01-21")
    assert [(entry.before.value, entry.after.value) for entry in found.history] == [("unassigned", "archived")]


def test_a_correction_is_told_once_for_its_record() -> None:
    """C7: the fact that replaces another belongs to the same record."""
    first, second = done("2025-01-20", voided_at="2025-01-25"), done("2025-01-20", 101, known="2025-01-25", passed=True)
    facts, record = told(S, first, second), id_of(900)
    found = seen(facts, "2025-02-01", records={first.id: record, second.id: record})
    assert told_of(found) == ["assigned open 2025-01-10", "completed scheduled 2025-01-20 #900"]
    assert found.last_completed_at == second.completed.at


def test_the_first_day_of_all_can_be_told_in_every_zone() -> None:
    """A day in the year 1 begins before the calendar does where the sun rises early."""
    tokyo = ZoneInfo("Asia/Tokyo")
    found = seen(told(settings(zone=tokyo), member("0001-01-01"), done("0001-01-01")), "2025-02-01", tokyo)
    assert [entry.after.value for entry in found.history] == ["open"]


def test_an_extension_that_is_taken_back_leaves_a_completion_period() -> None:
    back = replace(
        extend("2025-01-20", "2025-06-01"),
        withdrawn_on=day("2025-03-01"),
        withdrawn_recorded_at=moment("2025-03-01T15:00:00+00:00"),
    )
    assert shown(seen(told(S, back), "2025-02-28")) == ("open", "2025-01-10", "2025-06-01")
    found = seen(told(S, back), "2025-04-01")
    assert shown(found) == ("overdue", "2025-01-10", "2025-03-31")
    assert told_of(found) == ["assigned open 2025-01-10", "overdue overdue 2025-04-01"]


# Two clocks ------------------------------------------------------------------------------------------------------


def test_late_news_happened_on_its_day_and_was_known_later() -> None:
    found = seen(told(S, done("2025-02-03", known="2025-03-05")), "2025-03-06")
    assert [(entry.at, entry.known_at) for entry in found.history] == [
        (moment("2025-01-10"), moment("2025-01-10")),
        (datetime(2025, 2, 3, tzinfo=UTC), moment("2025-03-05")),
    ]


def test_m6_who_is_known_late_to_be_a_member_was_assigned_on_the_day_and_has_the_time_from_then_on() -> None:
    found = seen(told(S, member("2025-02-01", known="2025-03-01")), "2025-03-05")
    assert shown(found) == ("open", "2025-02-01", "2025-03-31")
    assert (found.history[0].at, found.history[0].known_at) == (datetime(2025, 2, 1, tzinfo=UTC), moment("2025-03-01"))


# What always holds -----------------------------------------------------------------------------------------------


def test_an_enrolments_id_is_lasting_and_leads_back_to_the_person() -> None:
    pairs = list(itertools.product([new_id() for _ in range(20)], repeat=2))
    ids = {enrolment_id(assignment, person) for assignment, person in pairs}
    assert len(ids) == len(pairs)
    for assignment, person in pairs:
        id = enrolment_id(assignment, person)
        assert enrolled_person(assignment, id) == person
        assert len(to_hex24(id)) == 24


@cases(300)
@given_facts(histories())
def test_whatever_happens_the_history_is_a_chain_that_ends_where_the_person_stands_and_only_grows(facts: Facts) -> None:
    known = of(facts)
    begins = [step.since for step in known.steps]
    earlier: Enrolment | None = None
    for today in [at(number) for number in range(0, 1000, 40) if begins and at(number) >= begins[0]]:
        found = seen(facts, today)
        assert found.history[0].before is EnrolmentStatus.UNASSIGNED
        assert found.history[-1].after is found.status is enrolment_status(standing_on(known, today))
        for one, next in itertools.pairwise(found.history):
            assert one.after is next.before
            assert one.at <= next.at
        assert all(entry.at <= entry.known_at for entry in found.history)
        assert all(entry.before is not entry.after or entry.completion for entry in found.history)
        assert EnrolmentStatus.UNASSIGNED not in {entry.after for entry in found.history}
        if earlier is not None:
            assert found.history[: len(earlier.history)] == earlier.history
        earlier = found


# What assignments make of a completion ---------------------------------------------------------------------------


def of_completion(facts: Facts, *others: Facts) -> Coverage:
    one = facts.completions[-1]
    return coverage(one.id, one.item, one.completed, [(each, of(each)) for each in (facts, *others)], LONDON)


@pytest.mark.parametrize(
    ("facts", "had_due_date", "ends"),
    [
        (told(S, done("2025-02-01T10:00:00+00:00")), True, "2026-02-01"),
        (told(S, done("2024-12-01")), False, "2025-12-01"),
        (told(O, done("2025-02-01")), True, None),
        (told(O, done("2025-02-01", expires="2025-06-01")), True, None),
        (told(S, done("2025-02-01", expires="2025-06-01")), True, "2025-06-01"),
        (told(S, done("2025-02-01", passed=False)), True, None),
        (told(S, done("2025-02-01", voided_at="2025-04-01")), True, None),
        (told(S, member(until="2025-01-20"), done("2025-02-01")), False, "2026-02-01"),
        (told(S, member(until="2024-01-20"), done("2025-02-01")), False, None),
        (told(S, exempt("2025-01-20", None), done("2025-02-01")), False, "2026-02-01"),
        (told(S, edit(S, "2025-01-20", is_deleted=True), done("2025-02-01")), False, None),
        (told(S, edit(S, "2025-03-20", recurrence_days=30), done("2025-02-01")), True, "2025-03-03"),
        (told(settings(alternatives=()), edit(S, "2025-03-20"), done("2025-02-01", item=KITCHEN)), False, "2026-02-01"),
        (told(T, done("2025-02-01"), done("2026-01-05", 101)), True, "2027-02-01"),
        (told(K, member("2024-07-10"), done("2024-08-01")), True, "2025-12-31"),
    ],
)
def test_a_completion_had_a_due_date_when_it_was_asked_for_and_counts_until_its_credit_ends(
    facts: Facts, had_due_date: bool, ends: str | None
) -> None:
    end = last_second(day(ends), LONDON) if ends else None
    assert of_completion(facts) == Coverage(had_due_date, end)


def test_of_several_assignments_the_credit_that_ends_last_is_shown() -> None:
    one, other = told(S, done("2025-02-01")), told(settings(recurrence_days=730), done("2025-02-01"))
    assert of_completion(one, other) == of_completion(other)
    assert of_completion(one, told(O, done("2025-02-01"))) == of_completion(one)


def test_without_an_assignment_nothing_was_due() -> None:
    one: Any = done("2025-02-01")
    assert coverage(one.id, one.item, one.completed, [], LONDON) == Coverage(False, None)
