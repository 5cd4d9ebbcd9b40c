"""Where people stand: worked out in the transaction that changes a fact, or soon after, and provably the same."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from testamur.core.assignments import Assignment, AssignmentEdit, NewAssignment
from testamur.core.audiences import NewAudience, everyone
from testamur.core.callers import Caller
from testamur.core.compliance import Anchor, Status
from testamur.core.decisions import NewEquivalency, NewExemption, NewExtension
from testamur.core.errors import AssignmentNotFound, Conflict, Forbidden, InvalidInput, NotFound, PersonNotFound
from testamur.core.ids import Id, to_hex24
from testamur.core.moments import When
from testamur.core.people import NewPerson, PersonChange, Reference
from testamur.core.records import NewRecord, Report
from testamur.core.standing import (
    CHANGES_MAX,
    KNOWN_LINES_MAX,
    PREVIEW_LINES_MAX,
    Listed,
    Place,
    Standing,
    StandingFilter,
)
from testamur.core.tenants import SettingsChange
from testamur.ledger import Ledger, standing_facts
from testamur.ledger.everyone import meant_audience
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.storage.databases import connected

ITEM = Reference("FIRE-101", ("ref",), "item")
OTHER_ITEM = Reference("LIFT/1 ä", ("ref",), "item")
AUDIENCE = Reference("site-staff", (), "audience")
CREW = Reference("crew", (), "audience")
ADA = Reference("00123", ("ref",), "person", "person")
ZOE = Reference("00124", ("ref",), "person", "person")
DAY = timedelta(days=1)


class Clock:
    """The present moment, as a test has it."""

    def __init__(self, at: datetime) -> None:
        self.at = at

    def __call__(self) -> datetime:
        self.at += timedelta(milliseconds=1)
        return self.at

    def go(self, day: date) -> None:
        self.at = datetime(day.year, day.month, day.day, 9, tzinfo=UTC)


class Town:
    """A tenant on a ledger whose clock the test moves. Ada is in the audience `crew` since 2025-01-10."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.clock = Clock(datetime(2025, 1, 10, 9, tzinfo=UTC))
        self.ledger = Ledger.on(hub.ledger.database, self.clock)
        self.tenant = hub.tenant.id
        # Joined and recorded on one day: what is recorded late lifts the due day (rule M6).
        new = NewAudience(name="Crew", reference="crew")
        self.audience: Id = self.do(self.ledger.audiences.add(hub.caller, new))
        self.join(hub.person)

    def join(self, *people: Id) -> None:
        today = self.clock.at.date()
        self.do(self.ledger.audiences.join(self.hub.caller, self.audience, people, today))

    def do(self, work: Any) -> Any:
        return self.hub.do(work)

    def assign(self, **settings: Any) -> Assignment:
        new = NewAssignment(audience=CREW, primary=ITEM, **settings)
        made: Assignment = self.do(self.ledger.assignments.add(self.hub.caller, new))
        return made

    def complete(self, day: date, person: Reference = ADA, item: Reference = ITEM, **more: Any) -> Id:
        new = NewRecord(source="tests", person=person, item=item, completed=When.day(day), is_repeatable=True, **more)
        report = Report("tests", self.hub.key.client, "POST", "/", "{}")
        recorded: Id = self.do(self.ledger.records.record(self.tenant, new, report)).record
        return recorded

    def stored(self) -> list[tuple[Any, ...]]:
        rows = _query(self.hub, "SELECT person, status, from_on, until_on FROM standing ORDER BY person, from_on")
        return [tuple(row) for row in rows]

    def statuses(self, person: Id | None = None) -> list[tuple[str, str]]:
        """The first day of each status; other things may change in between."""
        of = person or self.hub.person
        found: list[tuple[str, str]] = []
        for who, status, day, _ in self.stored():
            if who == of and (not found or found[-1][1] != status):
                found.append((str(day), status))
        return found

    def at(self, made: Assignment, day: date, person: Reference = ADA, **more: Any) -> Standing:
        found: Standing = self.do(self.ledger.standings.get(self.tenant, person, named(made), on=day, **more))
        return found

    def differences(self) -> tuple[int, int]:
        found = self.do(self.ledger.standings.rebuild(self.tenant))
        return found.lines, found.differences


def named(made: Assignment) -> Reference:
    return Reference(to_hex24(made.id), (), "assignment", "assignmentId")


def _query(hub: Hub, sql: str, *arguments: Any) -> list[asyncpg.Record]:
    async def read() -> list[asyncpg.Record]:
        async with hub.ledger.database.unbound() as connection, connection.transaction():
            await connection.execute("SELECT set_config('testamur.tenant', $1::text, true)", str(hub.tenant.id))
            found: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return found

    return hub.do(read())


@pytest.fixture
def town(hub: Hub) -> Town:
    return Town(hub)


# Every change is followed -------------------------------------------------------------------------------------------


def test_an_assignment_for_a_handful_stands_at_once(town: Town) -> None:
    town.assign()
    assert town.statuses() == [("2025-01-10", "not_started"), ("2025-02-10", "overdue")]


def test_a_completion_a_void_and_a_correction_are_followed_at_once(town: Town) -> None:
    made = town.assign(recurrence_days=365)
    town.clock.go(date(2025, 2, 1))
    record = town.complete(date(2025, 2, 1))
    assert town.statuses() == [
        ("2025-01-10", "not_started"),
        ("2025-02-01", "completed"),
        ("2026-02-01", "renewal_due"),
        ("2026-03-04", "expired"),
    ]
    town.clock.go(date(2025, 4, 1))
    town.do(town.ledger.records.void(town.hub.caller, record))
    assert town.at(made, date(2025, 4, 1)).step.status is Status.OVERDUE  # type: ignore[union-attr]
    assert town.at(made, date(2025, 3, 1)).step.status is Status.COMPLETED  # type: ignore[union-attr]
    assert town.statuses()[-1] == ("2025-04-01", "overdue")
    known = town.at(made, date(2025, 4, 1), known_at=datetime(2025, 3, 1, tzinfo=UTC))
    assert known.step is not None
    assert known.step.status is Status.COMPLETED
    assert town.differences() == (1, 0)


def test_a_completion_posted_through_thrive_changes_the_standing_in_the_same_transaction(hub: Hub) -> None:
    made = hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM)))
    body = {
        "userId": to_hex24(hub.person),
        "contentId": to_hex24(hub.item),
        "completedAt": "2025-03-01T09:00:00.000Z",
    }
    answer = hub.client("thrive").post("/rest/v1/learning/completions", json=body)
    assert answer.status_code < 300, answer.text
    found = hub.do(hub.ledger.standings.of_person(hub.tenant.id, ADA))
    assert [(one.assignment, one.step.status) for one in found if one.step] == [(made.id, Status.COMPLETED)]
    entries = _query(
        hub,
        "SELECT s.xmin = f.xmin AS together FROM standing s JOIN fact f USING (person) WHERE s.status = 'completed'",
    )
    assert [row["together"] for row in entries] == [True], "one transaction wrote the fact and the step"


def test_joining_and_leaving_are_followed(town: Town) -> None:
    town.assign()
    town.clock.go(date(2025, 1, 20))
    town.join(town.hub.other_person)
    assert town.statuses(town.hub.other_person)[0] == ("2025-01-20", "not_started")
    town.clock.go(date(2025, 1, 25))
    town.do(town.ledger.audiences.leave(town.hub.caller, town.audience, town.hub.other_person, date(2025, 1, 25)))
    assert town.statuses(town.hub.other_person)[-1] == ("2025-01-25", "withdrawn")
    town.clock.go(date(2025, 1, 26))
    town.do(town.ledger.audiences.remove(town.hub.caller, CREW))
    town.do(town.ledger.standings.settle(town.tenant))
    assert town.statuses()[-1] == ("2025-01-26", "withdrawn")
    assert town.differences() == (2, 0)


def test_what_everybody_is_assigned_reaches_whoever_is_added_later(town: Town) -> None:
    async def meant() -> Id:
        async with town.ledger.database.write(town.tenant, alone=True) as tx:
            return await meant_audience(tx, town.hub.caller, everyone("audience"), town.clock())

    everybody = Reference(str(town.do(meant())), (), "audience")
    town.do(town.ledger.assignments.add(town.hub.caller, NewAssignment(audience=everybody, primary=ITEM)))
    town.do(town.ledger.standings.settle(town.tenant))
    town.clock.go(date(2025, 1, 20))
    (late,) = town.do(town.ledger.people.add(town.hub.caller, [NewPerson(given_name="Late")]))
    assert town.statuses(late)[0] == ("2025-01-20", "not_started")
    town.clock.go(date(2025, 1, 22))
    town.do(town.ledger.people.delete(town.hub.caller, Reference(str(late))))
    assert town.statuses(late)[-1] == ("2025-01-22", "withdrawn")
    assert town.differences() == (3, 0)


def test_a_dismissal_told_late_is_followed_from_its_own_day(town: Town) -> None:
    town.assign()
    town.clock.go(date(2025, 1, 25))
    town.do(town.ledger.audiences.dismiss(town.hub.caller, CREW, ADA, date(2025, 1, 20)))
    assert town.statuses()[-1] == ("2025-01-20", "withdrawn")
    assert town.differences() == (1, 0)


def test_suspending_and_deleting_a_person_are_followed(town: Town) -> None:
    town.assign()
    town.clock.go(date(2025, 1, 20))
    town.do(town.ledger.people.suspend(town.hub.caller, ADA, None))
    assert town.statuses()[-1] == ("2025-01-20", "withdrawn")
    town.clock.go(date(2025, 1, 22))
    town.do(town.ledger.people.delete(town.hub.caller, ADA))
    assert town.differences() == (1, 0)


def test_another_reentry_time_counts_for_whoever_returns_from_its_day_on(town: Town) -> None:
    """Ada was away for 36 days and came back long ago; Zoe was for 40 and is back today."""
    made = town.assign()
    caller, zoe = town.hub.caller, town.hub.other_person
    town.join(zoe)
    town.clock.go(date(2025, 1, 20))
    for person in (town.hub.person, zoe):
        town.do(town.ledger.audiences.leave(caller, town.audience, person, date(2025, 1, 20)))
    town.clock.go(date(2025, 2, 25))
    town.join(town.hub.person)
    town.clock.go(date(2025, 3, 1))
    town.join(zoe)
    before = town.clock()

    def lines(**more: Any) -> list[int]:
        found = [town.at(made, date(2025, 3, 1), person, **more).step for person in (ADA, ZOE)]
        return [step.line for step in found if step is not None]

    # Twice, because what lines share is remembered between completions.
    town.complete(date(2025, 1, 12), item=ITEM, person=ZOE)
    assert lines() == [2, 2]
    town.do(town.ledger.tenants.change_settings(caller, SettingsChange(reentry_days=40)))
    assert lines() == [2, 1]
    assert lines(known_at=before) == [2, 2]
    town.complete(date(2025, 1, 13), item=ITEM, person=ZOE)
    (stored,) = town.do(town.ledger.standings.of_person(town.tenant, ZOE))
    assert stored.step is not None
    assert stored.step.line == 1
    assert town.differences() == (2, 0)


def test_another_reentry_time_reaches_assignments_that_go_on_and_crowds(hub: Hub) -> None:
    """More people than a task names came back today, and an assignment was resumed."""
    today = datetime.now(UTC).date()
    people = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="P") for _ in range(1_001)]))
    hub.do(hub.ledger.audiences.join(hub.caller, hub.audience, people, today))
    made = hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM)))
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    hub.do(hub.ledger.tenants.change_settings(hub.caller, SettingsChange(reentry_days=0)))
    tasks = hub.do(hub.ledger.standings.tasks(hub.tenant.id))
    assert {(task.assignment, task.people) for task in tasks} == {(made.id, None)}
    assert len(tasks) == 2, "one for making it, one for the other re-entry time"
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    assert hub.do(hub.ledger.standings.rebuild(hub.tenant.id)).differences == 0


def test_a_resumed_assignment_follows_another_reentry_time_of_its_day(town: Town) -> None:
    made = town.assign()
    caller = town.hub.caller
    town.clock.go(date(2025, 1, 20))
    town.do(town.ledger.assignments.pause(caller, named(made)))
    town.clock.go(date(2025, 2, 1))
    town.do(town.ledger.assignments.resume(caller, named(made)))
    assert town.at(made, date(2025, 2, 1)).step.line == 1  # type: ignore[union-attr]
    town.do(town.ledger.tenants.change_settings(caller, SettingsChange(reentry_days=11)))
    assert town.at(made, date(2025, 2, 1)).step.line == 2  # type: ignore[union-attr]
    assert town.differences() == (1, 0)


def test_missed_cycles_are_stored_and_told_of_any_day(town: Town) -> None:
    """A step has no end while nothing happens, and the fixed days go on passing."""
    made = town.assign(anchor=Anchor.CALENDAR, calendar_days=((6, 30), (12, 31)), completion_period_days=10)
    town.clock.go(date(2026, 8, 1))
    town.do(town.ledger.audiences.leave(town.hub.caller, town.audience, town.hub.person, date(2026, 8, 1)))
    for day, missed in (("2025-01-15", 0), ("2025-07-01", 1), ("2026-07-01", 3), ("2030-01-01", 3)):
        asked = date.fromisoformat(day)
        (kept,) = town.do(town.ledger.standings.of_person(town.tenant, ADA, on=asked))
        fresh = town.at(made, asked)
        assert kept.step is not None
        assert fresh.step is not None
        assert (kept.step.missed_on(asked), fresh.step.missed_on(asked)) == (missed, missed), day
    (late,) = town.do(town.ledger.standings.page(town.tenant, Listed.OVERDUE, on=date(2026, 7, 1), count=5)).lines
    assert late.step.missed_on(date(2026, 7, 1)) == 3
    assert town.differences() == (1, 0)


def test_who_may_grant_herself_is_for_the_tenant_to_say(town: Town) -> None:
    caller: Caller = replace(town.hub.caller, person=town.hub.person)
    new = NewExemption(person=ADA, from_on=date(2025, 1, 1), reason="me")
    town.do(town.ledger.tenants.change_settings(town.hub.caller, SettingsChange(self_granting=True)))
    assert town.do(town.ledger.decisions.exempt(caller, new)).granted_by_person == town.hub.person
    town.do(town.ledger.tenants.change_settings(town.hub.caller, SettingsChange(self_granting=False)))
    with pytest.raises(Forbidden):
        town.do(town.ledger.decisions.exempt(caller, new))


def test_an_edit_a_pause_and_a_deletion_are_followed_and_change_no_day_before(town: Town) -> None:
    made = town.assign()
    caller = town.hub.caller
    town.clock.go(date(2025, 1, 25))
    town.do(town.ledger.assignments.edit(caller, named(made), AssignmentEdit(completion_period_days=60)))
    assert town.statuses()[-1] == ("2025-03-12", "overdue")
    town.clock.go(date(2025, 2, 1))
    assert not town.do(town.ledger.assignments.pause(caller, named(made))).is_active
    assert town.statuses()[-1] == ("2025-02-01", "withdrawn")
    town.clock.go(date(2025, 2, 3))
    assert town.do(town.ledger.assignments.resume(caller, named(made))).is_active
    assert town.statuses()[-2] == ("2025-02-03", "not_started")
    town.clock.go(date(2025, 2, 5))
    town.do(town.ledger.assignments.delete(caller, named(made), None))
    assert town.statuses()[-1] == ("2025-02-05", "withdrawn")
    with pytest.raises(Conflict):
        town.do(town.ledger.assignments.pause(caller, named(made)))
    assert town.differences() == (1, 0)


def test_a_version_that_requires_retraining_ends_credit(town: Town) -> None:
    town.assign(recurrence_days=365)
    town.clock.go(date(2025, 2, 1))
    town.complete(date(2025, 2, 1))
    town.clock.go(date(2025, 9, 1))
    town.do(town.ledger.items.publish(town.hub.caller, town.hub.item, retraining_from=date(2025, 9, 1)))
    assert ("2025-09-01", "renewal_due") in town.statuses()
    assert town.differences() == (1, 0)


def test_progress_begins_what_is_open(town: Town) -> None:
    town.assign()
    town.clock.go(date(2025, 1, 15))
    town.do(
        town.ledger.learners.attempt(
            town.hub.caller, ITEM, ADA, attempted_at=town.clock(), score_percent=None, passed=False
        )
    )
    assert town.statuses()[1] == ("2025-01-15", "in_progress")
    assert town.differences() == (1, 0)


def test_what_lines_share_is_read_again_after_every_change_of_it(town: Town) -> None:
    """It is remembered between completions, by a count that each of these must move."""
    made = town.assign(recurrence_days=365)
    caller, ledger = town.hub.caller, town.ledger
    changes: list[Callable[[], Coroutine[Any, Any, object]]] = [
        lambda: ledger.assignments.edit(caller, named(made), AssignmentEdit(completion_period_days=60)),
        lambda: ledger.items.publish(caller, town.hub.item, retraining_from=date(2025, 1, 15)),
        lambda: ledger.items.change(caller, ITEM, retired=True),
        lambda: ledger.items.change(caller, ITEM, retired=False),
        lambda: ledger.tenants.change_settings(caller, SettingsChange(reentry_days=40)),
    ]
    counts = []
    for place, change in enumerate([None, *changes]):
        if change is not None:
            town.do(change())
        for minute in range(2):  # the first reads anew, the second takes what is remembered
            town.clock.go(date(2025, 1, 11 + 2 * place + minute))
            town.complete(date(2025, 1, 11 + 2 * place + minute))
            counts.append(_query(town.hub, "SELECT rules FROM tenant_counter")[0]["rules"])
        assert town.differences() == (1, 0)
    assert counts[::2] == counts[1::2], "a completion moved it"
    assert len(set(counts)) == 1 + len(changes)


# Decisions ----------------------------------------------------------------------------------------------------------


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


# Settings -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "field"),
    [
        ({"recurrence_days": 30, "renewal_window_days": 30}, "renewal_window_days"),
        ({"renewal_window_days": -1}, "renewal_window_days"),
        ({"renewal_grace_days": -1}, "renewal_grace_days"),
        ({"completion_period_days": 0}, "completion_period_days"),
        ({"completion_period_days": 40_000}, "completion_period_days"),
        ({"anchor": Anchor.CALENDAR}, "calendar_days"),
        ({"anchor": Anchor.CALENDAR, "calendar_days": ((2, 30),)}, "calendar_days[0]"),
        ({"minimum_credit_days": 10, "renewal_window_days": 10}, "minimum_credit_days"),
        ({"zone": "Europe/Nowhere"}, "zone"),
    ],
)
def test_settings_outside_of_their_limits_are_refused_by_name(town: Town, settings: Any, field: str) -> None:
    with pytest.raises(InvalidInput) as caught:
        town.assign(**settings)
    assert caught.value.field == field


def test_settings_are_kept_edited_and_read_back(town: Town) -> None:
    made = town.assign(
        recurrence_days=365,
        renewal_window_days=90,
        renewal_grace_days=0,
        anchor=Anchor.CALENDAR,
        calendar_days=((12, 31), (6, 30)),
        minimum_credit_days=183,
        has_notice_floor=False,
        zone="Australia/Sydney",
    )
    assert (made.anchor, made.calendar_days, made.zone) == (Anchor.CALENDAR, ((12, 31), (6, 30)), "Australia/Sydney")
    edit = AssignmentEdit(renewal_grace_days=None, calendar_days=((12, 31),), applies_to_open=True)
    edited = town.do(town.ledger.assignments.edit(town.hub.caller, named(made), edit))
    assert (edited.renewal_grace_days, edited.calendar_days, edited.minimum_credit_days) == (None, ((12, 31),), 183)
    versions = town.do(town.ledger.assignments.versions(town.tenant, named(made)))
    assert [(one.applies_to_open, one.renewal_grace_days) for one in versions] == [(False, 0), (True, None)]
    again = town.do(town.ledger.assignments.edit(town.hub.caller, named(made), AssignmentEdit(prior_credit=None)))
    assert again == edited


# Very many facts ----------------------------------------------------------------------------------------------------


def _pour(town: Town, count: int) -> None:
    """Very many completions of Ada, on few days: fails, voids, corrections, versions and expiries among them."""
    _query(
        town.hub,
        """
        INSERT INTO fact (tenant, record, revision, id, entry, person, item, item_version, completed_at, started_at,
                          completed_by_day, occurrence, expires_at, passed, source, created_at, recorded_at, closed_at,
                          closed_as)
        SELECT $1, gen_random_uuid(), 1, gen_random_uuid(), 0, $2, $3, CASE WHEN n % 31 = 0 THEN 1 END,
               at, CASE WHEN n % 17 = 0 THEN at - interval '2 days' END, false, n,
               CASE WHEN n % 97 = 0 THEN at + interval '50 days' END, CASE n % 7 WHEN 0 THEN false WHEN 1 THEN true END,
               'tests', at + interval '1 hour', at + interval '1 hour',
               CASE WHEN n % 5 = 0 THEN at + interval '40 days' END,
               CASE n % 5 WHEN 0 THEN (ARRAY['voided', 'superseded'])[1 + n % 2] END
        FROM (SELECT n, timestamptz '2025-01-15 06:00Z' + (n % 15) * interval '36 days'
                        + (n * 7919 % 1440) * interval '1 minute' AS at FROM generate_series(1, $4::int) AS n) AS told
        """,
        town.tenant,
        town.hub.person,
        town.hub.item,
        count,
    )


@pytest.mark.parametrize("anchor", ["completion", "expiry", "calendar"])
def test_of_very_many_facts_none_that_matters_is_left_out(
    town: Town, monkeypatch: pytest.MonkeyPatch, anchor: str
) -> None:
    """The same steps as from every single fact, of now and as known at any moment, with far fewer in memory."""
    days = ((3, 1), (9, 1)) if anchor == "calendar" else ()
    made = town.assign(
        recurrence_days=40, renewal_window_days=10, anchor=Anchor(anchor), calendar_days=days, zone="Asia/Tokyo"
    )
    town.do(town.ledger.assignments.edit(town.hub.caller, named(made), AssignmentEdit(zone="America/New_York")))
    _pour(town, 600)
    town.clock.go(date(2027, 1, 1))
    moments = [None, datetime(2025, 3, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)]
    monkeypatch.setattr(standing_facts, "FACTS_AT_ONCE", 50)
    told = [town.at(made, date(2027, 1, 1), known_at=moment) for moment in moments]
    monkeypatch.setattr(standing_facts, "FACTS_AT_ONCE", 10_000)
    whole = [town.at(made, date(2027, 1, 1), known_at=moment) for moment in moments]
    for few, all_of_them in zip(told, whole, strict=True):
        assert few.facts is not None
        assert all_of_them.facts is not None
        assert len(few.facts.completions) < len(all_of_them.facts.completions) / 2
        assert few.timeline is not None
        assert all_of_them.timeline is not None
        assert few.timeline.steps == all_of_them.timeline.steps
        assert few.timeline.obligations == all_of_them.timeline.obligations
        assert few.timeline.credit_ends.items() < all_of_them.timeline.credit_ends.items()
    assert len(whole[0].facts.completions) == 600  # type: ignore[union-attr]


def test_the_first_of_very_many_completions_still_satisfies(town: Town) -> None:
    made = town.assign()
    town.clock.go(date(2025, 1, 12))
    first = town.complete(date(2025, 1, 11))
    _pour(town, 3_000)
    found = town.at(made, date(2026, 1, 1))
    assert found.timeline is not None
    (one,) = found.timeline.obligations
    assert one.satisfied_on == date(2025, 1, 11)
    assert one.satisfied_by is not None
    facts = town.do(town.ledger.records.of_facts(town.tenant, [one.satisfied_by]))
    assert facts[one.satisfied_by][0] == first
    assert town.do(town.ledger.standings.rebuild(town.tenant, repairs=True)).lines == 1
    assert town.differences() == (1, 0)


def test_an_attempt_behind_very_many_still_begins_what_is_open(town: Town) -> None:
    town.clock.go(date(2025, 1, 5))
    _query(
        town.hub,
        """
        INSERT INTO session (tenant, item, person, id, started_at, duration, lessons_completed, has_quiz, recorded_at)
        SELECT $1, $2, $3, gen_random_uuid(), at, '0', 0, true, at
        FROM (SELECT timestamptz '2024-01-01 09:00Z' + n * interval '1 hour' AS at FROM generate_series(1, 2000) AS n) t
        """,
        town.tenant,
        town.hub.item,
        town.hub.person,
    )
    town.clock.go(date(2025, 1, 10))
    made = town.assign()
    town.clock.go(date(2025, 1, 15))
    town.do(
        town.ledger.learners.attempt(
            town.hub.caller, ITEM, ADA, attempted_at=town.clock(), score_percent=None, passed=False
        )
    )
    assert town.statuses()[1] == ("2025-01-15", "in_progress")
    facts = town.at(made, date(2025, 1, 15)).facts
    assert facts is not None
    assert len(facts.progress) < 100


# One status for every day -------------------------------------------------------------------------------------------


def test_the_database_refuses_two_statuses_for_one_day_and_a_day_without_one(town: Town, urls: DatabaseUrls) -> None:
    town.assign()

    async def test() -> None:
        async with connected(urls.owner) as connection:

            async def refuse(error: type[Exception], statement: str) -> None:
                await connection.execute("BEGIN")
                with pytest.raises(error):
                    await both(statement)
                await connection.execute("ROLLBACK")

            async def both(statement: str) -> None:
                await connection.execute(statement, town.tenant)
                await connection.execute("SET CONSTRAINTS ALL IMMEDIATE")

            columns = (
                "status, line, cycle, opens_on, due_on, credit, credit_ends_on, last_completed_on, started_on,"
                " satisfied_by, satisfied_how, is_on_time, late_days, is_impossible, because, zone"
            )
            copied = (
                f"INSERT INTO standing (tenant, person, assignment, from_on, until_on, {columns})"
                f" SELECT tenant, person, assignment, {{0}}, {{1}}, {columns} FROM standing"
                " WHERE tenant = $1 AND until_on IS NOT NULL"
            )
            first, gap = asyncpg.UniqueViolationError, asyncpg.ForeignKeyViolationError
            await refuse(first, copied.format("from_on + 1", "until_on"))
            await refuse(first, copied.format("from_on + 1", "NULL"))
            await refuse(first, copied.format("from_on", "until_on - 1"))
            await refuse(gap, copied.format("from_on + 1", "until_on - 1"))
            await refuse(gap, "DELETE FROM standing WHERE tenant = $1 AND until_on IS NULL")
            await refuse(gap, "UPDATE standing SET until_on = until_on - 1 WHERE tenant = $1 AND until_on IS NOT NULL")

    asyncio.run(test())


# Many lines ---------------------------------------------------------------------------------------------------------


def crowd(hub: Hub, count: int) -> list[Id]:
    people = [NewPerson(given_name="P", family_name=str(number)) for number in range(count)]
    added: list[Id] = hub.do(hub.ledger.people.add(hub.caller, people))
    hub.do(hub.ledger.audiences.join(hub.caller, hub.audience, added, date(2025, 1, 10)))
    return added


def test_a_crowd_is_worked_out_in_the_background_and_says_how_far_it_is(hub: Hub) -> None:
    crowd(hub, 2_000)
    made = hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM)))
    (task,) = hub.do(hub.ledger.standings.tasks(hub.tenant.id))
    assert (task.assignment, task.people, task.total) == (made.id, None, 2_001)
    seen = {task.done}
    deadline = time.monotonic() + 60
    while task.finished_at is None:
        assert time.monotonic() < deadline, task
        time.sleep(0.05)
        # Whoever asks about one person need not wait.
        if len(seen) == 1:
            (ada,) = hub.do(hub.ledger.standings.of_person(hub.tenant.id, ADA))
            assert ada.step is not None
            assert ada.step.status is Status.NOT_STARTED
        (task,) = hub.do(hub.ledger.standings.tasks(hub.tenant.id))
        seen.add(task.done)
    assert task.done == 2_001
    assert len(seen) > 2, "progress was visible"
    (counts,) = hub.do(hub.ledger.standings.counts(hub.tenant.id))
    assert (counts.statuses, counts.required, counts.current, counts.waiting) == (
        {Status.NOT_STARTED: 2_001},
        2_001,
        0,
        0,
    )
    found = hub.do(hub.ledger.standings.rebuild(hub.tenant.id, processes=2))
    assert (found.lines, found.differences) == (2_001, 0)


def test_a_rebuild_finds_what_is_not_true_and_repairs_it_when_asked(town: Town, urls: DatabaseUrls) -> None:
    town.assign()

    async def damage() -> None:
        async with connected(urls.owner) as connection:
            await connection.execute("UPDATE standing SET status = 'completed' WHERE tenant = $1", town.tenant)

    asyncio.run(damage())
    assert town.differences() == (1, 1)
    assert town.differences() == (1, 1), "looking repairs nothing"
    found = town.do(town.ledger.standings.rebuild(town.tenant, repairs=True))
    assert (found.lines, found.differences, found.repaired) == (1, 1, 1)
    assert town.differences() == (1, 0)


@pytest.mark.parametrize("seed", range(3))
def test_a_rebuild_finds_no_difference_after_a_random_history(hub: Hub, seed: int) -> None:
    town, dice = Town(hub), random.Random(seed)
    people = town.do(town.ledger.people.add(hub.caller, [NewPerson(given_name="P") for _ in range(6)]))
    town.join(*people)
    refs = [ADA, ZOE]
    made = [town.assign(recurrence_days=200, renewal_window_days=30), town.assign(alternatives=(OTHER_ITEM,))]
    records: list[Id] = []
    caller = hub.caller
    verbs = town.ledger
    today = date(2025, 1, 10)
    for _ in range(60):
        today += timedelta(days=dice.randrange(20))
        town.clock.go(today)
        someone = Reference(to_hex24(dice.choice([*people, hub.person])), (), "person")
        one = named(dice.choice(made))
        try:
            match dice.randrange(11):
                case 0 | 1 | 2:
                    day = today - timedelta(days=dice.randrange(60))
                    item = dice.choice([ITEM, OTHER_ITEM])
                    records.append(town.complete(day, someone, item, passed=dice.choice([None, True, False])))
                case 3:
                    town.do(verbs.audiences.join(caller, town.audience, [someone.id or hub.person], today))
                case 4:
                    town.do(verbs.audiences.leave(caller, town.audience, someone.id or hub.person, today))
                case 5 if records:
                    town.do(verbs.records.void(caller, records.pop(dice.randrange(len(records)))))
                case 6:
                    days = dice.choice([10, 30, 60])
                    town.do(verbs.assignments.edit(caller, one, AssignmentEdit(completion_period_days=days)))
                case 7:
                    exempt = NewExemption(person=someone, from_on=today, until_on=today + 20 * DAY, reason="random")
                    town.do(verbs.decisions.exempt(caller, exempt))
                case 8:
                    extend = NewExtension(person=someone, assignment=one, due_on=today + 40 * DAY, reason="random")
                    town.do(verbs.decisions.extend(caller, extend))
                case 9:
                    town.do(dice.choice([verbs.assignments.pause, verbs.assignments.resume])(caller, one))
                case 10:
                    town.do(verbs.people.suspend(caller, dice.choice(refs), None))
        except (Conflict, InvalidInput, NotFound):
            pass
    lines, differences = town.differences()
    assert differences == 0
    assert lines >= 14
    stored = _query(
        hub, "SELECT person, assignment, min(from_on) AS first, max(from_on) AS last FROM standing GROUP BY 1, 2"
    )
    assert len(stored) >= 14


# Lists, counts, previews --------------------------------------------------------------------------------------------


def test_lists_name_who_is_due_soon_overdue_expired_expiring_and_exempt(town: Town) -> None:
    made = town.assign(recurrence_days=100)
    town.join(town.hub.other_person)

    def people(listed: Listed, day: date, **more: Any) -> list[Id]:
        page = town.do(town.ledger.standings.page(town.tenant, listed, on=day, count=10, **more))
        assert (page.day, page.zone) == (day, "Europe/London")
        return [line.person for line in page.lines]

    both = sorted([town.hub.person, town.hub.other_person])
    assert people(Listed.DUE_SOON, date(2025, 1, 12), within_days=28) == both
    assert people(Listed.DUE_SOON, date(2025, 1, 12), within_days=27) == []
    assert people(Listed.OVERDUE, date(2025, 2, 10)) == both
    assert people(Listed.OVERDUE, date(2025, 2, 10), of=StandingFilter(item=town.hub.third_party)) == []
    assert people(Listed.OVERDUE, date(2025, 2, 10), of=StandingFilter(manager=town.hub.person)) == []
    assert people(Listed.OVERDUE, date(2025, 2, 10), of=StandingFilter(audience=town.audience)) == both
    town.clock.go(date(2025, 2, 1))
    town.complete(date(2025, 2, 1))
    assert people(Listed.EXPIRING, date(2025, 5, 1), within_days=20) == [town.hub.person]
    assert people(Listed.EXPIRED, date(2026, 1, 1)) == [town.hub.person]
    exempt = NewExemption(person=ZOE, assignment=named(made), from_on=date(2025, 3, 1), reason="leave")
    town.do(town.ledger.decisions.exempt(town.hub.caller, exempt))
    assert people(Listed.EXEMPT, date(2025, 3, 1)) == [town.hub.other_person]


def test_pages_of_a_list_follow_one_another(hub: Hub) -> None:
    people = crowd(hub, 20)
    hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM)))
    seen: list[Id] = []
    after: Place | None = None
    while True:
        page = hub.do(hub.ledger.standings.page(hub.tenant.id, Listed.DUE_SOON, after=after, count=8))
        seen += [line.person for line in page.lines]
        if page.next is None:
            break
        after = page.next
    assert seen == sorted([*people, hub.person])


def test_counts_add_up_and_name_their_day(town: Town) -> None:
    made = town.assign(recurrence_days=365)
    town.join(town.hub.other_person)
    town.clock.go(date(2025, 2, 1))
    town.complete(date(2025, 2, 1))
    (one,) = town.do(town.ledger.standings.counts(town.tenant, on=date(2025, 3, 1)))
    assert (one.assignment, one.day, one.zone) == (made.id, date(2025, 3, 1), "Europe/London")
    assert one.statuses == {Status.COMPLETED: 1, Status.OVERDUE: 1}
    assert (one.required, one.current_rate, one.on_track_rate) == (2, 0.5, 0.5)
    whole = town.do(town.ledger.standings.total(town.tenant, of=StandingFilter(audience=town.audience)))
    assert sum(whole.statuses.values()) == 2
    on_time = town.do(town.ledger.standings.on_time(town.tenant, date(2025, 2, 1), date(2025, 2, 28)))
    assert (on_time.due, on_time.on_time, on_time.rate) == (2, 1, 0.5)


def test_a_preview_says_what_an_edit_would_change_and_writes_nothing(town: Town) -> None:
    made = town.assign()
    before = town.stored()
    town.clock.go(date(2025, 1, 25))
    edit = AssignmentEdit(completion_period_days=60)
    found = town.do(town.ledger.standings.preview(town.tenant, named(made), edit))
    assert (found.lines, found.changed, found.opens, found.moves, found.withdraws) == (1, 1, 0, 1, 0)
    assert found.statuses == {(Status.NOT_STARTED, Status.NOT_STARTED): 1}
    (change,) = found.changes
    assert (change.person, change.on) == (town.hub.person, date(2025, 1, 25))
    assert (change.before.due_on, change.after.due_on) == (date(2025, 2, 9), date(2025, 3, 11))
    new = NewAssignment(audience=CREW, primary=OTHER_ITEM)
    asked = town.do(town.ledger.standings.preview_new(town.tenant, new))
    assert (asked.lines, asked.opens, asked.statuses) == (1, 1, {(None, Status.NOT_STARTED): 1})
    assert town.stored() == before


# As known at a moment, of many -------------------------------------------------------------------------------------


def test_lists_and_counts_as_known_now_are_those_that_are_stored(hub: Hub) -> None:
    """A random history, asked both ways: from what is kept, and from the facts."""
    town, dice = Town(hub), random.Random(7)
    people = town.do(town.ledger.people.add(hub.caller, [NewPerson(given_name="P") for _ in range(9)]))
    town.join(*people)
    half: Id = town.do(town.ledger.audiences.add(hub.caller, NewAudience(name="Half", reference="half")))
    town.do(town.ledger.audiences.join(hub.caller, half, people[4:], date(2025, 1, 10)))
    boss = Reference(to_hex24(people[0]), (), "person")
    for person in people[3:6]:
        change = PersonChange(manager=boss)
        town.do(town.ledger.people.change(hub.caller, Reference(to_hex24(person), (), "person"), change))
    made = [
        town.assign(recurrence_days=100, renewal_window_days=30),
        town.assign(alternatives=(OTHER_ITEM,), completion_period_days=60),
        town.assign(anchor=Anchor.CALENDAR, calendar_days=((6, 30), (12, 31))),
    ]
    for place, person in enumerate([*people, hub.person]):
        one = Reference(to_hex24(person), (), "person")
        for _ in range(place % 4):
            town.clock.go(date(2025, 1, 11) + timedelta(days=dice.randrange(200)))
            town.complete(town.clock.at.date(), one, dice.choice([ITEM, OTHER_ITEM]))
    town.clock.go(date(2025, 8, 1))
    exempt = NewExemption(person=ADA, from_on=date(2025, 7, 1), reason="leave")
    town.do(town.ledger.decisions.exempt(hub.caller, exempt))
    town.do(town.ledger.audiences.leave(hub.caller, town.audience, people[1], date(2025, 8, 1)))
    town.do(town.ledger.audiences.leave(hub.caller, half, people[5], date(2025, 8, 1)))
    now = town.clock()
    filters = [
        StandingFilter(),
        StandingFilter(assignment=made[1].id),
        StandingFilter(audience=town.audience),
        StandingFilter(audience=half),
        StandingFilter(manager=people[0]),
        StandingFilter(item=hub.third_party),
    ]
    standings = town.ledger.standings
    seen: Counter[Listed] = Counter()
    for of in filters:
        for day in (date(2025, 2, 20), date(2025, 8, 2), date(2026, 1, 5)):
            kept = town.do(standings.counts(town.tenant, of=of, on=day))
            known = town.do(standings.counts(town.tenant, of=of, on=day, known_at=now))
            assert [replace(one, computed_at=now, known_at=None) for one in known] == [
                replace(one, computed_at=now) for one in kept
            ]
            span = day - 60 * DAY, day + 60 * DAY
            kept_share = town.do(standings.on_time(town.tenant, *span, of=of))
            known_share = town.do(standings.on_time(town.tenant, *span, of=of, known_at=now))
            assert (known_share.due, known_share.on_time) == (kept_share.due, kept_share.on_time)
            for listed in Listed:
                near = {"within_days": 90} if listed in (Listed.DUE_SOON, Listed.EXPIRING) else {}
                pages = [_walked(town, listed, of=of, on=day, **near, **more) for more in ({}, {"known_at": now})]
                assert pages[0] == pages[1], (of, day, listed)
                seen[listed] += len(pages[0])
    assert all(seen[listed] > 3 for listed in Listed), seen


def _walked(town: Town, listed: Listed, **more: Any) -> list[tuple[Any, ...]]:
    """All lines of a list, four at a time."""
    found: list[tuple[Any, ...]] = []
    after: Place | None = None
    while True:
        page = town.do(town.ledger.standings.page(town.tenant, listed, after=after, count=4, **more))
        assert len(page.lines) == 4 or page.next is None
        for line in page.lines:
            assert line.known_at == more.get("known_at")
            step = line.step
            found.append((line.person, line.assignment, step.status, step.due_on, step.missed_on(page.day)))
        if page.next is None:
            return found
        after = page.next


def test_lists_and_counts_are_told_as_they_were_known(town: Town) -> None:
    """A completion that came late, a membership, a manager, an item and a settlement that nobody knew of then."""
    made = town.assign()
    town.clock.go(date(2025, 2, 15))
    before = town.clock()
    town.clock.go(date(2025, 3, 5))
    town.complete(date(2025, 2, 3))
    town.do(town.ledger.audiences.join(town.hub.caller, town.audience, [town.hub.other_person], date(2025, 1, 12)))
    change = PersonChange(manager=ZOE)
    town.do(town.ledger.people.change(town.hub.caller, ADA, change))
    edit = AssignmentEdit(primary=OTHER_ITEM)
    town.do(town.ledger.assignments.edit(town.hub.caller, named(made), edit))
    town.assign(completion_period_days=90)
    standings, day = town.ledger.standings, date(2025, 2, 15)

    def statuses(**more: Any) -> dict[Status, int]:
        total: Any = town.do(standings.total(town.tenant, on=day, **more))
        return dict(total.statuses)

    assert statuses() == {Status.COMPLETED: 1, Status.NOT_STARTED: 1}
    assert statuses(known_at=before) == {Status.OVERDUE: 1}
    of_item = StandingFilter(item=town.hub.third_party)
    assert statuses(known_at=before, of=of_item) == {}
    assert statuses(known_at=before, of=StandingFilter(item=town.hub.item)) == {Status.OVERDUE: 1}
    assert statuses(known_at=before, of=StandingFilter(manager=town.hub.other_person)) == {}
    assert statuses(of=StandingFilter(manager=town.hub.other_person)) != {}
    page = town.do(standings.page(town.tenant, Listed.OVERDUE, known_at=before, count=5))
    assert (page.day, page.known_at, [line.person for line in page.lines]) == (day, before, [town.hub.person])
    share = town.do(standings.on_time(town.tenant, date(2025, 2, 1), date(2025, 2, 28), known_at=before))
    assert (share.due, share.on_time, share.known_at) == (1, 0, before)
    members = StandingFilter(audience=town.audience)
    share = town.do(standings.on_time(town.tenant, date(2025, 2, 1), date(2025, 2, 28), of=members, known_at=before))
    assert share.due == 1
    assert town.do(standings.counts(town.tenant, known_at=datetime(2020, 1, 1, tzinfo=UTC))) == []


def test_more_lines_than_a_request_may_ask_for_are_refused_by_name_and_counted_without_a_request(hub: Hub) -> None:
    crowd(hub, KNOWN_LINES_MAX)
    made = hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM)))
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    now = datetime.now(UTC)
    standings, tenant = hub.ledger.standings, hub.tenant.id
    span = now.date(), now.date() + 40 * DAY
    for asked in (
        standings.counts(tenant, known_at=now),
        standings.page(tenant, Listed.DUE_SOON, known_at=now, count=2),
        standings.on_time(tenant, *span, known_at=now),
    ):
        with pytest.raises(InvalidInput, match=f"{KNOWN_LINES_MAX:,}") as caught:
            hub.do(asked)
        assert caught.value.field == "known_at"
    seen: list[int] = []
    (found,) = hub.do(standings.counts(tenant, known_at=now, lines_max=None, processes=2, progress=seen.append))
    assert (found.assignment, found.statuses) == (made.id, {Status.NOT_STARTED: KNOWN_LINES_MAX + 1})
    assert seen[-1] == KNOWN_LINES_MAX + 1
    assert len(seen) > 5


def test_a_preview_of_a_crowd_is_for_the_command_line_and_the_same_on_several_cores(hub: Hub) -> None:
    people = crowd(hub, PREVIEW_LINES_MAX)
    made = hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM)))
    standings, tenant, edit = hub.ledger.standings, hub.tenant.id, AssignmentEdit(completion_period_days=60)
    with pytest.raises(InvalidInput, match=f"{PREVIEW_LINES_MAX:,} people") as caught:
        hub.do(standings.preview(tenant, named(made), edit))
    assert caught.value.field == "assignmentId"
    with pytest.raises(InvalidInput) as caught:
        hub.do(standings.preview_new(tenant, NewAssignment(audience=replace(AUDIENCE, field="audience"), primary=ITEM)))
    assert caught.value.field == "audience"
    seen: list[int] = []
    found = hub.do(standings.preview(tenant, named(made), edit, lines_max=None, processes=2, progress=seen.append))
    assert (found.lines, found.changed, found.moves, seen[-1]) == (len(people) + 1,) * 4
    assert [one.person for one in found.changes] == sorted([*people, hub.person])[:CHANGES_MAX]


# Apart --------------------------------------------------------------------------------------------------------------


def test_another_tenant_sees_nothing(town: Town, other_hub: Hub) -> None:
    made = town.assign()
    standings, tenant = town.ledger.standings, other_hub.tenant.id
    with pytest.raises(AssignmentNotFound):
        other_hub.do(standings.get(tenant, ADA, named(made)))
    with pytest.raises(PersonNotFound):
        other_hub.do(standings.of_person(tenant, Reference(to_hex24(town.hub.person), (), "person")))
    assert other_hub.do(standings.of_person(tenant, ADA)) == []
    of = StandingFilter(assignment=made.id)
    assert other_hub.do(standings.counts(tenant, of=of)) == []
    assert other_hub.do(standings.page(tenant, Listed.DUE_SOON, of=of, count=10)).lines == []
    assert other_hub.do(standings.rebuild(tenant)).lines == 0
    new = NewExemption(person=ADA, assignment=named(made), from_on=date(2025, 1, 1), reason="not ours")
    with pytest.raises(AssignmentNotFound):
        other_hub.do(town.ledger.decisions.exempt(other_hub.caller, new))
