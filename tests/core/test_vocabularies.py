"""Section 16 of the compliance rules, a row of its table at a time."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import pytest

from testamur.core.compliance import Step
from testamur.core.vocabularies import (
    EnrolmentStatus,
    enrolment_status,
    progression_status,
    source_status,
    stored_as,
    unified_status,
)
from tests.core.compliance.stories import O, S, T, done, edit, exempt, extend, member, on, told

NEVER_IN = told(S, member("2026-01-01"))

TABLE: list[tuple[str, Step, str, str, str, str]] = [
    ("wait for joining", on(told(S, member("2025-03-01", known="2025-01-20")), "2025-02-01"),
     "scheduled", "scheduled", "pending", "ENROLLED"),
    ("never begun", on(told(S), "2025-01-20"), "not_started", "open", "pending", "ENROLLED"),
    ("begun", on(told(S, done("2025-01-15", passed=False)), "2025-01-20"),
     "in_progress", "open", "in_progress", "IN_PROGRESS"),
    ("a renewal is planned", on(told(S, done("2025-01-20")), "2025-02-01"),
     "completed", "scheduled", "completed", "COMPLETED"),
    ("done for good", on(told(O, done("2025-01-20")), "2025-02-01"), "completed", "complete", "completed", "COMPLETED"),
    ("in the window", on(told(T, done("2025-02-01")), "2026-01-05"), "renewal_due", "open", "pending", "ENROLLED"),
    ("in the window and begun", on(told(T, done("2025-02-01"), done("2026-01-02", 101, passed=False)), "2026-01-05"),
     "renewal_due", "open", "in_progress", "IN_PROGRESS"),
    ("late", on(told(S), "2025-03-01"), "overdue", "overdue", "pending", "ENROLLED"),
    ("late and begun", on(told(S, done("2025-01-20", passed=False)), "2025-03-01"),
     "overdue", "overdue", "in_progress", "IN_PROGRESS"),
    ("late with a history", on(told(S, done("2025-02-01")), "2026-04-01"),
     "expired", "overdue", "pending", "ENROLLED"),
    ("exempt", on(told(S, exempt("2025-01-15", None)), "2025-02-01"),
     "exempt", "archived", "unmapped_value", "DROPPED"),
    ("gone", on(told(S, member(until="2025-01-20")), "2025-02-01"),
     "withdrawn", "archived", "unmapped_value", "DROPPED"),
    ("paused", on(told(S, edit(S, "2025-01-20", is_active=False)), "2025-02-01"),
     "withdrawn", "archived", "unmapped_value", "DROPPED"),
    ("on time by an extension", on(told(S, extend("2025-01-20", "2025-04-01")), "2025-03-01"),
     "not_started", "open", "pending", "ENROLLED"),
]  # fmt: skip


@pytest.mark.parametrize(("step", "source", "enrolled", "unified", "progression"), [row[1:] for row in TABLE])
def test_each_status_has_its_word_in_each_style(
    step: Step, source: str, enrolled: str, unified: str, progression: str
) -> None:
    assert source_status(step).value == source
    assert enrolment_status(step).value == enrolled
    assert unified_status(step).value == unified
    assert progression_status(step).value == progression


def test_who_has_no_step_is_asked_for_nothing() -> None:
    words = [one(None).value for one in (source_status, enrolment_status, unified_status, progression_status)]
    assert words == ["withdrawn", "archived", "unmapped_value", "DROPPED"]


def test_what_is_begun_before_joining_still_waits() -> None:
    waiting = replace(TABLE[0][1], started_on=date(2025, 1, 5))
    assert unified_status(waiting).value == "pending"


def test_a_word_is_found_by_what_is_stored_and_by_nothing_else() -> None:
    for _, step, _, enrolled, *_ in TABLE:
        pair = (step.status, step.opens_on is not None)
        assert [word.value for word in EnrolmentStatus if pair in stored_as(word)] == [enrolled]
    assert stored_as(EnrolmentStatus.UNASSIGNED) == []
