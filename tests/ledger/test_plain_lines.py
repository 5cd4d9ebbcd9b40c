"""Completions of what assignments ask for, written as they came: the same as if their lines had been worked out."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest
from msgspec import Struct
from msgspec.structs import fields

from testamur.core.assignments import AssignmentEdit, NewAssignment
from testamur.core.audiences import NewAudience
from testamur.core.compliance import Anchor, PriorCredit
from testamur.core.decisions import NewExemption, NewExtension
from testamur.core.errors import PersonNotFound
from testamur.core.ids import Id
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Recorded
from testamur.core.sessions import NewSession
from testamur.ledger.plain_lines import Asked
from testamur.ledger.standing_rows import ObligationRow, StepRow
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub, moment
from tests.ledger.tellings import another_worker, assert_entries_are_whole, completion, report, tell, tell_at_once
from tests.ledger.town import AUDIENCE, ITEM, OTHER_ITEM, crowd, named, query

NOW = datetime.now(UTC) - timedelta(minutes=1)
MARCH = datetime(2025, 3, 1, 9, tzinfo=UTC)
TOMORROW = NOW.date() + timedelta(days=1)


@pytest.fixture
def crew(hub: Hub) -> list[Id]:
    """People who were in the audience before there was any assignment."""
    return crowd(hub, 4)


def assign(hub: Hub, **settings: Any) -> Reference:
    new = NewAssignment(**{"audience": AUDIENCE, "primary": ITEM, **settings})
    return named(hub.do(hub.ledger.assignments.add(hub.caller, new)))


def complete(hub: Hub, person: Id, at: datetime = NOW, **more: Any) -> Recorded:
    return tell(hub, completion(at, person=person, **more))


def lines_of(hub: Hub, person: Id, fact: Id) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """What is stored of somebody's lines, with `fact` for the completion."""

    def told(row: Any) -> dict[str, Any]:
        said = {name: value for name, value in dict(row).items() if name not in ("person", "recorded_at")}
        if said.get("satisfied_by") == fact:
            said["satisfied_by"] = "fact"
        if "because" in said:
            said["because"] = [(rule, "fact" if about == str(fact) else about) for rule, about in said["because"]]
        return said

    steps = query(hub, "SELECT * FROM standing WHERE person = $1 ORDER BY assignment, from_on", person)
    owed = query(hub, "SELECT * FROM obligation WHERE person = $1 ORDER BY assignment, place", person)
    return [told(row) for row in steps], [told(row) for row in owed]


def assert_true(hub: Hub) -> None:
    """What is stored is what the facts say."""
    assert hub.do(hub.ledger.standings.rebuild(hub.tenant.id)).differences == 0


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"recurrence_days": 365, "renewal_window_days": 30},
        {"recurrence_days": 365, "renewal_window_days": 60, "renewal_grace_days": 0, "anchor": Anchor.EXPIRY},
        {
            "anchor": Anchor.CALENDAR,
            "calendar_days": ((12, 31),),
            "renewal_window_days": 90,
            "minimum_credit_days": 183,
        },
        {"prior_credit": PriorCredit.NONE},
        {"prior_credit": PriorCredit.ANY, "recurrence_days": 30},
        {"has_notice_floor": False, "completion_period_days": 1},
        {"zone": "Asia/Tokyo"},
        {"primary": OTHER_ITEM, "alternatives": (ITEM,)},
    ],
)
@pytest.mark.parametrize("at", [NOW, NOW - timedelta(days=20), MARCH, datetime(1987, 1, 1, tzinfo=UTC)])
def test_what_is_written_as_it_came_is_what_would_have_been_worked_out(
    hub: Hub, crew: list[Id], decided: list[NewRecord], settings: dict[str, Any], at: datetime
) -> None:
    assign(hub, **settings)
    worked_out, *others = crew
    first = complete(hub, worked_out, at)
    assert len(decided) == 1
    expected = lines_of(hub, worked_out, first.fact)
    assert expected[0]
    told = tell_at_once(hub, *[completion(at, person=person) for person in others])
    assert len(decided) == 1, "nothing else was"
    for person, answer in zip(others, told, strict=True):
        assert isinstance(answer, Recorded)
        assert lines_of(hub, person, answer.fact) == expected
    assert_true(hub)


def test_the_steps_are_of_the_transaction_that_wrote_the_fact(hub: Hub, crew: list[Id]) -> None:
    assign(hub)
    for person in crew:
        complete(hub, person)
    together = (
        "SELECT s.xmin = f.xmin AS together FROM standing s JOIN fact f USING (person) WHERE s.status = 'completed'"
    )
    assert [row["together"] for row in query(hub, together)] == [True] * len(crew)


def test_every_assignment_that_asks_is_satisfied_and_none_of_others(
    hub: Hub, crew: list[Id], decided: list[NewRecord]
) -> None:
    """Of an item that three assignments ask for, one of them of people elsewhere."""
    elsewhere = hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name="Elsewhere", reference="elsewhere")))
    hub.do(hub.ledger.memberships.join(hub.caller, elsewhere, [hub.other_person], date(2025, 1, 10)))
    assign(hub)
    assign(hub, recurrence_days=365)
    assign(hub, audience=Reference("elsewhere", (), "audience"))
    complete(hub, crew[0])
    complete(hub, hub.other_person)
    before = len(decided)
    for person in crew[1:]:
        complete(hub, person)
    assert len(decided) == before
    statuses = query(hub, "SELECT person, count(*) FROM standing WHERE status = 'completed' GROUP BY 1")
    assert {row["person"]: row["count"] for row in statuses} == {**dict.fromkeys(crew, 2), hub.other_person: 1}
    assert_true(hub)


@pytest.mark.parametrize(
    ("composite", "more", "row"),
    [("plain_step", ["of", "kept"], StepRow), ("plain_obligation", ["of"], ObligationRow)],
)
def test_rows_have_the_columns_that_the_database_reads(
    hub: Hub, composite: str, more: list[str], row: type[Struct]
) -> None:
    """They are told apart by their order alone."""
    columns = "SELECT attname FROM pg_attribute WHERE attrelid = $1::text::regclass ORDER BY attnum"
    names = [field.name for field in fields(row) if field.name not in ("assignment", "person")]
    assert [found["attname"] for found in query(hub, columns, composite)] == more + names


# What something else decides about ----------------------------------------------------------------------------------


def of(person: Id) -> Reference:
    return Reference(str(person), (), "person", "person")


def leave(hub: Hub, person: Id, _: Reference) -> None:
    hub.do(hub.ledger.memberships.leave(hub.caller, hub.audience, person, TOMORROW))


def come_back(hub: Hub, person: Id, _: Reference) -> None:
    hub.do(hub.ledger.memberships.leave(hub.caller, hub.audience, person, date(2025, 2, 1)))
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, [person], date(2025, 6, 1)))


def join_later(hub: Hub, person: Id, _: Reference) -> None:
    hub.do(hub.ledger.memberships.leave(hub.caller, hub.audience, person, date(2025, 1, 10)))
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, [person], TOMORROW + timedelta(days=1)))


def suspend(hub: Hub, person: Id, _: Reference) -> None:
    hub.do(hub.ledger.people.suspend(hub.caller, of(person), None))


def suspend_for_nothing(hub: Hub, person: Id, _: Reference) -> None:
    """For a moment, of which no step tells."""
    suspend(hub, person, _)
    hub.do(hub.ledger.people.reinstate(hub.caller, of(person)))


def exempt(hub: Hub, person: Id, _: Reference) -> None:
    new = NewExemption(person=of(person), from_on=date(2099, 1, 1), reason="Away")
    hub.do(hub.ledger.decisions.exempt(hub.caller, new))


def extend(hub: Hub, person: Id, assignment: Reference) -> None:
    new = NewExtension(person=of(person), assignment=assignment, due_on=date(2099, 1, 1), reason="Away")
    hub.do(hub.ledger.decisions.extend(hub.caller, new))


def exempt_for_nothing(hub: Hub, person: Id, _: Reference) -> None:
    new = NewExemption(person=of(person), from_on=date(2099, 1, 1), reason="Away")
    id = hub.do(hub.ledger.decisions.exempt(hub.caller, new)).id
    hub.do(hub.ledger.decisions.withdraw_exemption(hub.caller, id, "By mistake"))


def extend_for_nothing(hub: Hub, person: Id, assignment: Reference) -> None:
    new = NewExtension(person=of(person), assignment=assignment, due_on=date(2099, 1, 1), reason="Away")
    id = hub.do(hub.ledger.decisions.extend(hub.caller, new)).id
    hub.do(hub.ledger.decisions.withdraw_extension(hub.caller, id, "By mistake"))


def delete(hub: Hub, person: Id, _: Reference) -> None:
    hub.do(hub.ledger.people.delete(hub.caller, of(person)))


def sit(hub: Hub, person: Id, _: Reference) -> None:
    hub.do(hub.ledger.sessions.record(hub.caller, NewSession(person=of(person), item=ITEM, started_at=NOW)))


def start(hub: Hub, person: Id, _: Reference) -> None:
    tell(hub, completion(None, person=person, started_at=MARCH))


def fail(hub: Hub, person: Id, _: Reference) -> None:
    complete(hub, person, MARCH, passed=False)


def complete_before(hub: Hub, person: Id, _: Reference) -> None:
    complete(hub, person, MARCH)


def withdraw(hub: Hub, person: Id, _: Reference) -> None:
    hub.do(hub.ledger.records.void(hub.caller, complete(hub, person, MARCH).record))


def wait(hub: Hub, person: Id, _: Reference) -> None:
    """As if the background had not come to the line yet."""
    query(hub, "DELETE FROM standing WHERE person = $1", person)
    query(hub, "DELETE FROM obligation WHERE person = $1", person)


@pytest.mark.parametrize(
    "happens",
    [
        leave,
        come_back,
        join_later,
        suspend,
        suspend_for_nothing,
        exempt,
        exempt_for_nothing,
        extend,
        extend_for_nothing,
        sit,
        start,
        fail,
        complete_before,
        withdraw,
        wait,
    ],
)
def test_a_line_about_which_something_else_decides_is_worked_out(
    hub: Hub, crew: list[Id], decided: list[NewRecord], happens: Callable[[Hub, Id, Reference], None]
) -> None:
    assignment = assign(hub, recurrence_days=365)
    complete(hub, crew[0])
    happens(hub, crew[1], assignment)
    decided.clear()
    told = tell_at_once(hub, *[completion(NOW, person=person) for person in crew[1:]])
    assert all(isinstance(answer, Recorded) and answer.is_new for answer in told)
    assert [new.person for new in decided] == [completion(NOW, person=crew[1]).person]
    assert_true(hub)


def test_lines_that_wait_to_be_worked_out_are_not_taken_for_what_they_were(
    hub: Hub, crew: list[Id], decided: list[NewRecord]
) -> None:
    """Whatever a task waits for, it may have made them another kind."""
    assign(hub)
    complete(hub, crew[0])
    asked = (
        "INSERT INTO standing_task (tenant, id, assignment, people, total, asked_at)"
        " SELECT tenant, gen_random_uuid(), id, ARRAY[$1::uuid], 1, now() FROM assignment"
    )
    query(hub, asked, crew[1])
    decided.clear()
    complete(hub, crew[1])
    assert len(decided) == 1
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    complete(hub, crew[2])  # not tried, after one that was refused
    complete(hub, crew[3])
    assert len(decided) == 2
    assert_true(hub)


def test_lines_from_before_marks_were_kept_are_true_and_not_plain(
    hub: Hub, crew: list[Id], decided: list[NewRecord]
) -> None:
    assign(hub)
    complete(hub, crew[0])
    query(hub, "UPDATE standing SET is_plain = NULL")
    decided.clear()
    assert_true(hub)
    complete(hub, crew[1])
    assert len(decided) == 1
    assert_true(hub)


def test_a_mark_that_is_not_so_is_a_difference(hub: Hub, crew: list[Id]) -> None:
    assign(hub)
    complete(hub, crew[0])
    marked = query(hub, "SELECT is_plain, until_on IS NULL AS is_last FROM standing")
    assert {(row["is_plain"], row["is_last"]) for row in marked} == {(None, False), (True, True), (False, True)}
    query(hub, "UPDATE standing SET is_plain = NOT is_plain WHERE person = ANY ($1)", crew)
    assert hub.do(hub.ledger.standings.rebuild(hub.tenant.id)).differences == len(crew)
    hub.do(hub.ledger.standings.rebuild(hub.tenant.id, repairs=True))
    assert_true(hub)


def test_a_line_of_which_other_steps_are_stored_is_worked_out(
    hub: Hub, crew: list[Id], decided: list[NewRecord]
) -> None:
    """Whatever cut one in two: by their places, others would be written over."""
    assign(hub)
    complete(hub, crew[0])
    cut = """
        WITH cut AS (
            UPDATE standing SET until_on = from_on + 1 WHERE person = $1 AND until_on IS NOT NULL RETURNING person
        )
        INSERT INTO standing
        SELECT (jsonb_populate_record(s, jsonb_build_object('from_on', s.from_on + 1))).*
        FROM (SELECT count(*) FROM cut) AS before CROSS JOIN standing s WHERE s.person = $1 AND s.until_on IS NOT NULL
        """
    query(hub, cut, crew[1])
    assert hub.do(hub.ledger.standings.rebuild(hub.tenant.id)).differences == 1
    decided.clear()
    complete(hub, crew[1])
    assert len(decided) == 1
    assert_true(hub)


def test_of_two_lines_both_must_be_plain(hub: Hub, crew: list[Id], decided: list[NewRecord]) -> None:
    extended = assign(hub)
    assign(hub, recurrence_days=365)
    complete(hub, crew[0])
    extend(hub, crew[1], extended)
    decided.clear()
    complete(hub, crew[1])
    assert len(decided) == 1
    assert_true(hub)


def test_who_came_back_before_the_assignment_is_worked_out(hub: Hub, crew: list[Id], decided: list[NewRecord]) -> None:
    come_back(hub, crew[1], ITEM)
    assign(hub)
    complete(hub, crew[0])
    decided.clear()
    complete(hub, crew[1])
    assert len(decided) == 1
    assert_true(hub)


def test_nothing_is_written_of_somebody_who_was_deleted(hub: Hub, crew: list[Id]) -> None:
    assign(hub)
    complete(hub, crew[0])
    delete(hub, crew[1], ITEM)
    (told,) = tell_at_once(hub, completion(NOW, person=crew[1]))
    assert isinstance(told, PersonNotFound)
    assert_true(hub)


@pytest.mark.parametrize(
    "said",
    [
        {"passed": False},
        {"started_at": MARCH},
        {"expires_at": datetime(2099, 1, 1, tzinfo=UTC)},
        {"is_prior": True},
        {"extra": {"how": "equivalency"}},
    ],
)
def test_a_completion_that_says_more_is_worked_out(
    hub: Hub, crew: list[Id], decided: list[NewRecord], said: dict[str, Any]
) -> None:
    assign(hub, recurrence_days=365)
    complete(hub, crew[0])
    decided.clear()
    complete(hub, crew[1], passed=True, score_percent=Decimal(80), time_spent="PT1H", extra={"room": 1})
    assert not decided
    complete(hub, crew[2], **said)
    assert len(decided) == 1
    assert_true(hub)


def test_two_completions_of_a_line_in_one_batch_are_worked_out(
    urls: DatabaseUrls, hub: Hub, crew: list[Id], decided: list[NewRecord]
) -> None:
    assign(hub, alternatives=(OTHER_ITEM,), recurrence_days=365)
    complete(hub, crew[0])
    complete(hub, crew[0], item="LIFT/1 ä")
    decided.clear()
    told = tell_at_once(
        hub,
        completion(NOW, person=crew[1]),
        completion(MARCH, person=crew[1], item="LIFT/1 ä"),
        completion(NOW, person=crew[2]),
    )
    assert all(isinstance(answer, Recorded) and answer.is_new for answer in told)
    assert len(decided) == 2
    assert_true(hub)
    assert_entries_are_whole(urls, hub)


def test_what_is_refused_again_and_again_is_tried_more_and_more_rarely(
    hub: Hub, crew: list[Id], monkeypatch: pytest.MonkeyPatch
) -> None:
    tried: list[Id] = []
    records = hub.ledger.records._plain

    async def listen(*arguments: Any) -> Any:
        tried.append(hub.tenant.id)
        return await write(*arguments)

    write = records._writes.call
    monkeypatch.setattr(records._writes, "call", listen)
    assign(hub, recurrence_days=365)
    complete(hub, crew[0])

    def tries(count: int) -> list[int]:
        found = []
        for minutes in range(count):
            tried.clear()
            complete(hub, crew[0], MARCH + timedelta(minutes=minutes))
            found.append(len(tried))
        return found

    assert tries(12) == [1, 0, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    for _ in range(7):
        complete(hub, crew[0], moment())
    tried.clear()
    complete(hub, crew[1])
    assert tried, "the first of somebody else is tried when its turn has come"
    complete(hub, crew[0], moment())
    assert len(tried) == 2, "and then all are again"
    assert_true(hub)


def test_a_pause_is_halved_by_what_goes_well(hub: Hub) -> None:
    asked = Asked(hub.tenant.id, 1, hub.item, 1, (hub.audience,))
    assert not asked.waits()
    for _ in range(3):
        asked.note(is_refused=True)
    asked.note(is_refused=False)
    assert not asked.waits()
    asked.note(is_refused=True)
    assert [asked.waits() for _ in range(5)] == [True] * 4 + [False]


def test_completions_of_other_days_make_other_lines(hub: Hub, crew: list[Id], decided: list[NewRecord]) -> None:
    assign(hub, recurrence_days=365)
    complete(hub, crew[0])
    decided.clear()
    for person, days in zip(crew[1:], (1, 20, 300), strict=True):
        complete(hub, person, NOW - timedelta(days=days))
    assert not decided
    assert_true(hub)


def test_an_item_of_which_some_lines_are_never_plain_is_decided(
    hub: Hub, crew: list[Id], decided: list[NewRecord]
) -> None:
    assign(hub)
    moved = assign(hub, recurrence_days=365)
    hub.do(hub.ledger.assignments.edit(hub.caller, moved, AssignmentEdit(zone="Asia/Tokyo")))
    for person in crew:
        complete(hub, person)
    assert len(decided) == len(crew)
    assert_true(hub)


def test_after_an_edit_lines_are_what_it_makes_of_them(hub: Hub, crew: list[Id], decided: list[NewRecord]) -> None:
    assignment = assign(hub)
    complete(hub, crew[0])
    edit = AssignmentEdit(recurrence_days=365, completion_period_days=60)
    hub.do(hub.ledger.assignments.edit(hub.caller, assignment, edit))
    decided.clear()
    for person in crew[1:]:
        complete(hub, person)
    assert len(decided) == 1, "the first of them"
    assert_true(hub)


def test_what_no_column_takes_fails_alone_and_leaves_its_line(urls: DatabaseUrls, hub: Hub, crew: list[Id]) -> None:
    assign(hub)
    complete(hub, crew[0])
    told = tell_at_once(
        hub, completion(NOW, person=crew[1]), completion(NOW, person=crew[2], score_percent=Decimal(101))
    )
    assert [isinstance(answer, Recorded) for answer in told] == [True, False]
    assert_true(hub)
    assert_entries_are_whole(urls, hub)


def test_two_workers_and_somebody_who_edits_leave_every_line_true(urls: DatabaseUrls, hub: Hub) -> None:
    assignment, people = assign(hub), crowd(hub, 40)
    hub.do(hub.ledger.standings.settle(hub.tenant.id))

    async def flood() -> list[Recorded]:
        async with another_worker(urls) as other, another_worker(urls) as third:

            async def disturb() -> None:
                for days in range(31, 36):
                    edit = AssignmentEdit(completion_period_days=days)
                    await third.assignments.edit(hub.caller, assignment, edit)
                    await third.standings.settle(hub.tenant.id)

            calls = [
                ledger.records.record(hub.tenant.id, completion(at, person=person), report(hub))
                for at in (NOW, MARCH)
                for person in people
                for ledger in (hub.ledger, other)
            ]
            _, *answers = await asyncio.gather(disturb(), *calls)
            return [answer for answer in answers if answer is not None]

    answers = hub.do(flood())
    assert sum(answer.is_new for answer in answers) == 2 * len(people)
    assert_true(hub)
    assert_entries_are_whole(urls, hub)


def test_another_tenants_lines_stay_as_they_are(hub: Hub, other_hub: Hub, crew: list[Id]) -> None:
    assign(hub)
    assign(other_hub)
    for person in crew:
        complete(hub, person)
    completed = "SELECT count(*) AS lines FROM standing WHERE status = 'completed'"
    assert [query(each, completed)[0]["lines"] for each in (hub, other_hub)] == [len(crew), 0]
    assert_true(other_hub)
