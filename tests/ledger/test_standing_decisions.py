"""What exemptions, extensions and equivalencies do to where people stand."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest

from testamur.core.callers import Caller
from testamur.core.compliance import Status
from testamur.core.decisions import NewEquivalency, NewExemption, NewExtension
from testamur.core.errors import Conflict, Forbidden, InvalidInput, NotFound
from testamur.core.moments import When
from tests.ledger.town import ADA, ITEM, Town, named


def test_an_exemption_covers_its_days_and_is_taken_back_without_changing_the_past(town: Town) -> None:
    made = town.assign()
    new = NewExemption(person=ADA, assignment=named(made), from_on=date(2025, 2, 1), reason="Parental leave")
    town.clock.go(date(2025, 1, 20))
    granted = town.do(town.ledger.decisions.exempt(town.hub.caller, new))
    assert (granted.person, granted.assignment, granted.until_on) == (town.hub.person, made.id, None)
    assert town.statuses()[-1] == ("2025-02-01", "exempt")
    town.clock.go(date(2025, 3, 1))
    taken_back = town.do(town.ledger.decisions.withdraw_exemption(town.hub.caller, granted.id, "Back early"))
    assert taken_back.withdrawn_because == "Back early"
    assert town.at(made, date(2025, 2, 15)).step.status is Status.EXEMPT  # type: ignore[union-attr]
    assert town.at(made, date(2025, 3, 1)).step.status is Status.NOT_STARTED  # type: ignore[union-attr]
    with pytest.raises(Conflict):
        town.do(town.ledger.decisions.withdraw_exemption(town.hub.caller, granted.id, "again"))
    with pytest.raises(NotFound):
        town.do(town.ledger.decisions.withdraw_exemption(town.hub.caller, town.hub.person, "no such"))
    assert town.do(town.ledger.decisions.exemptions(town.tenant, person=town.hub.person, count=9)) == [taken_back]
    assert town.differences() == (1, 0)


@pytest.mark.parametrize("of", ["item", "everything"])
def test_an_exemption_may_be_from_an_item_or_from_everything(town: Town, of: str) -> None:
    town.assign()
    new = NewExemption(
        person=ADA, item=ITEM if of == "item" else None, from_on=date(2025, 1, 10), reason="A doctor said so"
    )
    town.do(town.ledger.decisions.exempt(town.hub.caller, new))
    assert town.statuses() == [("2025-01-10", "exempt")]


def test_an_extension_moves_the_due_day_and_never_earlier(town: Town) -> None:
    made = town.assign()
    new = NewExtension(person=ADA, assignment=named(made), due_on=date(2025, 3, 1), reason="Course was full")
    granted = town.do(town.ledger.decisions.extend(town.hub.caller, new))
    assert (granted.cycle, granted.due_on, granted.granted_on) == (1, date(2025, 3, 1), date(2025, 1, 10))
    assert town.statuses()[-1] == ("2025-03-02", "overdue")
    with pytest.raises(InvalidInput, match="due_on"):
        town.do(town.ledger.decisions.extend(town.hub.caller, replace(new, due_on=date(2025, 2, 28))))
    town.do(town.ledger.decisions.withdraw_extension(town.hub.caller, granted.id, "There is a seat"))
    assert town.statuses()[-1] == ("2025-02-10", "overdue")
    assert town.differences() == (1, 0)


def test_a_withdrawn_extension_stays_in_the_days_before_and_in_what_was_known(town: Town) -> None:
    made = town.assign()
    new = NewExtension(person=ADA, assignment=named(made), due_on=date(2025, 6, 1), reason="Course was full")
    granted = town.do(town.ledger.decisions.extend(town.hub.caller, new))
    town.clock.go(date(2025, 2, 20))
    town.do(town.ledger.decisions.withdraw_extension(town.hub.caller, granted.id, "There is a seat"))
    assert town.at(made, date(2025, 2, 19)).step.due_on == date(2025, 6, 1)  # type: ignore[union-attr]
    step = town.at(made, date(2025, 2, 20)).step
    assert step is not None
    assert (step.status, step.due_on) == (Status.NOT_STARTED, date(2025, 3, 22))
    assert town.statuses() == [("2025-01-10", "not_started"), ("2025-03-23", "overdue")]
    then = datetime(2025, 2, 1, tzinfo=UTC)
    known = town.at(made, date(2025, 5, 1), known_at=then).step
    assert known is not None
    assert (known.status, known.due_on) == (Status.NOT_STARTED, date(2025, 6, 1))
    assert town.differences() == (1, 0)


def test_an_equivalency_is_a_completion_that_says_so(town: Town) -> None:
    made = town.assign()
    new = NewEquivalency(person=ADA, item=ITEM, completed=When.day(date(2025, 1, 12)), reason="Fire brigade course")
    town.clock.go(date(2025, 1, 15))
    recorded = town.do(town.ledger.decisions.judge_equal(town.hub.caller, new))
    found = town.at(made, date(2025, 1, 15))
    assert found.step is not None
    assert (found.step.status, found.step.satisfied_by) == (Status.COMPLETED, recorded.fact)
    assert found.step.satisfied_how is not None
    assert found.step.satisfied_how.value == "equivalency"
    assert [one.rule for one in found.why()]


def test_nobody_grants_herself_anything(town: Town) -> None:
    made = town.assign()
    caller: Caller = replace(town.hub.caller, person=town.hub.person)
    with pytest.raises(Forbidden):
        town.do(town.ledger.decisions.exempt(caller, NewExemption(person=ADA, from_on=date(2025, 1, 1), reason="me")))
    new = NewExtension(person=ADA, assignment=named(made), due_on=date(2026, 1, 1), reason="me")
    with pytest.raises(Forbidden):
        town.do(town.ledger.decisions.extend(caller, new))
    equal = NewEquivalency(person=ADA, item=ITEM, completed=When.day(date(2025, 1, 1)), reason="me")
    with pytest.raises(Forbidden):
        town.do(town.ledger.decisions.judge_equal(caller, equal))


@pytest.mark.parametrize("reason", ["", " ", "x" * 4_001, "nul \0"])
def test_a_decision_needs_a_reason_that_says_something(town: Town, reason: str) -> None:
    new = NewExemption(person=ADA, from_on=date(2025, 1, 1), reason=reason)
    with pytest.raises(InvalidInput) as caught:
        town.do(town.ledger.decisions.exempt(town.hub.caller, new))
    assert caught.value.field == "reason"
