"""What is assigned to people, with what stands around the step."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from testamur.core.assigned import Assigned, AssignedItem, LastCompletion, Place, assigned
from testamur.core.compliance import Facts
from testamur.core.ids import new_id
from testamur.core.personal_assignments import Personal
from testamur.core.vocabularies import source_status, unified_status
from tests.core.compliance.stories import O, done, edit, extend, moment, on, settings, told

ITEM = AssignedItem(id=new_id(), kind="course", reference="FIRE-101")
MADE_AT = moment("2025-01-10")
NAMED = settings(recurrence_days=None, completion_period_days=20)


def of(facts: Facts, now: str, personal: Personal | None = None, passed: bool | None = None) -> Assigned:
    at = moment(now)
    step = on(facts, str(at.date()))
    last = step.last_completed_on
    return assigned(
        Place(new_id(), new_id()),
        ITEM,
        step,
        began_at=MADE_AT,
        known_at=MADE_AT,
        changed_at=MADE_AT,
        completion=LastCompletion(completed_at=moment(str(last)), passed=passed, certificate=None) if last else None,
        personal=personal,
        now=at,
    )


def personal(**values: Any) -> Personal:
    said = {
        "reference": None,
        "assigned_at": MADE_AT,
        "due_at": datetime(2025, 1, 30, 15, tzinfo=UTC),
        "is_started": False,
        "progress_percent": None,
        "extra": None,
        "made_at": MADE_AT,
    }
    return Personal(**(said | values))


def words(found: Assigned) -> tuple[str, str]:
    return unified_status(found.step).value, source_status(found.step).value


def test_a_deadline_within_a_day_wins_over_the_day() -> None:
    before = of(told(NAMED), "2025-01-30T14:59:00+00:00", personal())
    assert (words(before), before.due_at) == (("pending", "not_started"), datetime(2025, 1, 30, 15, tzinfo=UTC))
    late = of(told(NAMED), "2025-01-30T15:01:00+00:00", personal())
    assert (words(late), late.updated_at) == (("pending", "overdue"), late.due_at)


def test_an_extension_wins_over_the_deadline_that_was_said() -> None:
    found = of(told(NAMED, extend("2025-01-20", "2025-02-20")), "2025-02-10", personal())
    assert (words(found), found.due_at) == (("pending", "not_started"), datetime(2025, 2, 20, 23, 59, 59, tzinfo=UTC))


@pytest.mark.parametrize(
    ("now", "expected"),
    [("2025-01-20", ("in_progress", "in_progress")), ("2025-02-20", ("in_progress", "overdue"))],
)
def test_what_was_said_to_be_begun_is_in_progress(now: str, expected: tuple[str, str]) -> None:
    found = of(told(NAMED), now, personal(is_started=True, progress_percent=Decimal(40)))
    assert (words(found), found.progress_percent) == (expected, Decimal(40))


def test_what_is_completed_has_all_of_its_progress_and_its_completion() -> None:
    found = of(told(NAMED, done("2025-01-20")), "2025-03-01", personal(is_started=True), passed=True)
    assert (words(found), found.progress_percent) == (("completed", "completed"), Decimal(100))
    assert found.completion == LastCompletion(completed_at=moment("2025-01-20"), passed=True, certificate=None)


def test_a_completion_that_no_longer_counts_is_not_shown() -> None:
    found = of(told(settings(), done("2025-01-20")), "2026-02-01")
    assert words(found) == ("pending", "renewal_due")
    assert (found.completion, found.progress_percent) == (None, None)


def test_a_deleted_assignment_keeps_what_was_said_and_asks_for_nothing() -> None:
    gone = edit(O, "2025-01-20", is_deleted=True)
    assert words(of(told(O, gone), "2025-03-01", personal(is_started=True)))[1] == "withdrawn"


def test_without_a_deadline_there_is_none() -> None:
    never = settings(recurrence_days=None, completion_period_days=36_500)
    found = of(told(never), "2025-03-01", personal(due_at=None))
    assert (words(found), found.due_at) == (("pending", "not_started"), None)


def test_who_has_no_step_is_asked_for_nothing() -> None:
    later = MADE_AT + timedelta(1)
    times = {"began_at": MADE_AT, "known_at": MADE_AT, "changed_at": later, "now": later}
    found = assigned(Place(new_id(), new_id()), ITEM, None, completion=None, personal=None, **times)
    assert (words(found), found.due_at, found.updated_at) == (("unmapped_value", "withdrawn"), None, later)
