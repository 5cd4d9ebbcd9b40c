"""Where people stand: worked out in the transaction that changes a fact, or soon after, and provably the same."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import replace
from datetime import UTC, date, datetime
from typing import Any

import asyncpg
import pytest

from testamur.core.assignments import AssignmentEdit, NewAssignment
from testamur.core.audiences import everyone
from testamur.core.callers import Caller
from testamur.core.compliance import Anchor, Status
from testamur.core.decisions import NewExemption
from testamur.core.errors import AssignmentNotFound, Conflict, Forbidden, InvalidInput, PersonNotFound
from testamur.core.ids import Id, to_hex24
from testamur.core.people import NewPerson, Reference
from testamur.core.standing import Listed, StandingFilter
from testamur.core.tenants import SettingsChange
from testamur.ledger.everyone import meant_audience
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.town import ADA, AUDIENCE, CREW, ITEM, ZOE, Town, named, query
from tests.storage.databases import connected


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
    entries = query(
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
    town.do(town.ledger.memberships.leave(town.hub.caller, town.audience, town.hub.other_person, date(2025, 1, 25)))
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
    town.do(town.ledger.memberships.dismiss(town.hub.caller, CREW, ADA, date(2025, 1, 20)))
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
        town.do(town.ledger.memberships.leave(caller, town.audience, person, date(2025, 1, 20)))
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
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, people, today))
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
    town.do(town.ledger.memberships.leave(town.hub.caller, town.audience, town.hub.person, date(2026, 8, 1)))
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
            counts.append(query(town.hub, "SELECT rules FROM tenant_counter")[0]["rules"])
        assert town.differences() == (1, 0)
    assert counts[::2] == counts[1::2], "a completion moved it"
    assert len(set(counts)) == 1 + len(changes)


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


def test_the_database_refuses_two_statuses_for_one_day_and_a_day_without_one(town: Town, urls: DatabaseUrls) -> None:
    town.assign()

    async def test() -> None:
        async with connected(urls.owner) as connection:

            async def refuse(constraint: str, statement: str) -> None:
                await connection.execute("BEGIN")
                with pytest.raises(asyncpg.IntegrityConstraintViolationError) as refused:
                    await connection.execute(statement, town.tenant)
                assert refused.value.constraint_name == constraint
                await connection.execute("ROLLBACK")

            columns = (
                "status, line, cycle, opens_on, due_on, credit, credit_ends_on, last_completed_on, started_on,"
                " satisfied_by, satisfied_how, is_on_time, late_days, is_impossible, because, zone"
            )
            copied = (
                f"INSERT INTO standing (tenant, person, assignment, from_on, until_on, {columns})"
                f" SELECT tenant, person, assignment, {{0}}, {{1}}, {columns} FROM standing"
                " WHERE tenant = $1 AND until_on IS NOT NULL"
            )
            twice, gap = "standing_ends_once", "standing_has_no_gap"
            await refuse(twice, copied.format("from_on + 1", "until_on"))
            await refuse(twice, copied.format("from_on + 1", "NULL"))
            await refuse("standing_pkey", copied.format("from_on", "until_on - 1"))
            await refuse(gap, copied.format("from_on + 1", "until_on - 1"))
            await refuse(gap, copied.format("from_on - 1", "from_on + 1"))
            await refuse(gap, "DELETE FROM standing WHERE tenant = $1 AND until_on IS NULL")
            await refuse(gap, "UPDATE standing SET until_on = until_on - 1 WHERE tenant = $1 AND until_on IS NOT NULL")
            await refuse("standing_lasts", copied.format("until_on", "from_on"))
            moved = "UPDATE standing SET from_on = from_on + 1 WHERE tenant = $1 AND until_on IS NULL"
            await refuse("standing_stays_in_line", moved)
            replaced = (
                "WITH gone AS (DELETE FROM standing WHERE tenant = $1 AND until_on IS NULL RETURNING *)"
                f" INSERT INTO standing (tenant, person, assignment, from_on, until_on, {columns})"
                f" SELECT tenant, person, assignment, from_on, NULL, {columns} FROM gone"
            )
            assert await connection.execute(replaced, town.tenant) == "INSERT 0 1"
            everything = "DELETE FROM standing WHERE tenant = $1"
            assert int((await connection.execute(everything, town.tenant)).split()[1]) > 1

    asyncio.run(test())


def test_the_database_lets_no_two_write_steps_of_a_tenant_at_once(town: Town, urls: DatabaseUrls) -> None:
    """Each might take away the step that the other one's relies on."""
    town.assign()

    async def test() -> None:
        async with connected(urls.owner) as first, connected(urls.owner) as second:
            await first.execute("BEGIN")
            await first.execute("DELETE FROM standing WHERE tenant = $1", town.tenant)
            await second.execute("SET lock_timeout = '50ms'")
            insert = (
                "INSERT INTO standing (tenant, person, assignment, from_on, until_on, status, line, cycle, credit,"
                " late_days, is_impossible, because, zone)"
                " SELECT tenant, id, gen_random_uuid(), '2025-1-1', NULL, 'none', 0, 0, 'never', 0, false, '[]', 'UTC'"
                " FROM person WHERE tenant = $1 LIMIT 1"
            )
            with pytest.raises(asyncpg.LockNotAvailableError):
                await second.execute(insert, town.tenant)
            await first.execute("ROLLBACK")
            assert await second.execute(insert, town.tenant) == "INSERT 0 1"

    asyncio.run(test())


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
