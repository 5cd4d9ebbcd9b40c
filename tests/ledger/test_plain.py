"""Plain tellings: written in one trip, and the same as if they had been decided."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import pytest

from testamur.core.assignments import NewAssignment
from testamur.core.errors import ItemNotFound, PersonNotFound
from testamur.core.ids import Id
from testamur.core.items import ItemKind, ItemTelling, NewItem
from testamur.core.moments import When
from testamur.core.people import Identifier, Reference
from testamur.core.records import NewRecord, Recorded
from testamur.ledger import Ledger, plain
from testamur.storage.database import Database, DatabaseUrls
from tests.hub import Hub, moment
from tests.ledger.tellings import another_worker, assert_entries_are_whole, completion, kept, report, tell, tell_at_once
from tests.ledger.town import AUDIENCE, ITEM, OTHER_ITEM
from tests.storage.databases import as_app

TWO_KINDS = Reference("COURSE-9", ("thrive", "ref"), "item", "item")


@asynccontextmanager
async def listening(urls: DatabaseUrls) -> AsyncIterator[tuple[Ledger, list[str]]]:
    """A worker with one connection, and what it says to the database."""
    database = Database(urls, connections_max=1)
    await database.open()
    said: list[str] = []
    try:
        connection = await database.acquire()
        connection.add_query_logger(lambda query: said.append(query.query))
        await database.release(connection)
        yield Ledger.on(database), said
    finally:
        await database.close()


@pytest.fixture
def knowing(hub: Hub) -> Hub:
    """A hub whose ledger knows the item `FIRE-101` already."""
    tell(hub, completion(moment(), person="00124"))
    return hub


def by_another_worker(urls: DatabaseUrls, hub: Hub, work: Any) -> Any:
    """Do something with a ledger that shares nothing with the hub's but the database."""

    async def within() -> Any:
        async with another_worker(urls) as other:
            return await work(other)

    return hub.do(within())


def facts_of(urls: DatabaseUrls, hub: Hub, record: Id) -> list[Any]:
    return [row for row in kept(urls, hub, "fact", "record, revision") if row["record"] == record]


def differing(one: dict[str, Any], other: dict[str, Any]) -> set[str]:
    return {name for name in one if one[name] != other[name]}


# What it is worth ---------------------------------------------------------------------------------------------------


def test_a_plain_telling_is_one_trip(urls: DatabaseUrls, hub: Hub) -> None:
    async def tell_two() -> tuple[list[str], list[str]]:
        async with listening(urls) as (ledger, said):
            await ledger.records.record(hub.tenant.id, completion(moment()), report(hub))
            first = said[:]
            said.clear()
            await ledger.records.record(hub.tenant.id, completion(moment()), report(hub))
            return first, said[:]

    first, second = hub.do(tell_two())
    assert len(first) > 3
    assert len(second) == 1
    assert "record_plain" in second[0]


def test_what_is_written_as_it_came_is_what_would_have_been_decided(urls: DatabaseUrls, hub: Hub) -> None:
    at = moment()
    everything: dict[str, Any] = {
        "started_at": at - timedelta(hours=1),
        "expires_at": at + timedelta(days=400),
        "passed": False,
        "score_percent": Decimal("12.5"),
        "score_text": "1 / 8",
        "time_spent": "PT1H",
        "certificate": "https://example.com/é",
        "is_prior": True,
        "application": "crm",
        "created_by": hub.other_person,
        "extra": {"deep": [{"ä": 1.5}]},
    }
    body = '{"said": "ü \\" \\\\"}'
    answers = [tell(hub, completion(at, person=person, **everything), body) for person in ("00123", "00124")]
    assert all(answer.is_new and answer.is_changed and answer.fact == answer.record for answer in answers)

    its_own = {"record", "id", "entry", "person", "number", "subject", "fact"}
    its_moment = {"recorded_at", "created_at", "reported_at", "last_reported_at"}
    for table in ("fact", "report"):
        first, second = map(dict, kept(urls, hub, table, "recorded_at" if table == "fact" else "reported_at"))
        assert differing(first, second) <= its_own | its_moment
        assert all(second[name] is not None for name in its_moment & second.keys())
    entries = kept(urls, hub, "ledger_entry", "number")
    first, second = (dict(row) for row in entries if row["kind"] == "record.created")
    assert differing(first, second) == {"number", "subject", "recorded_at"}
    fact = facts_of(urls, hub, answers[1].record)[0]
    assert (fact["person"], fact["entry"]) == (hub.other_person, second["number"])
    assert_entries_are_whole(urls, hub)


# What is refused and decided ----------------------------------------------------------------------------------------


def test_c1_of_equal_ones_in_one_batch_one_is_new_however_they_are_spelled(urls: DatabaseUrls, knowing: Hub) -> None:
    at, before = moment(), len(kept(urls, knowing, "fact"))
    by_id = completion(at, person=str(knowing.person))
    answers = tell_at_once(knowing, completion(at), by_id, completion(moment()), completion(at), by_id)
    assert all(isinstance(answer, Recorded) for answer in answers)
    found = [answer for answer in answers if isinstance(answer, Recorded)]
    assert [answer.is_new for answer in found] == [True, False, True, False, False]
    assert len({answer.record for answer in found}) == 2
    assert len(kept(urls, knowing, "fact")) == before + 2
    assert sum(row["repeats"] for row in kept(urls, knowing, "report") if row["record"] == found[0].record) == 4
    assert_entries_are_whole(urls, knowing)


@pytest.mark.parametrize(
    ("told", "is_same"),
    [
        (datetime(2024, 6, 1, 23, 30, tzinfo=UTC), False),  # London is an hour ahead: the second of June there
        (datetime(2024, 5, 31, 23, 30, tzinfo=UTC), True),
        (datetime(2024, 6, 1, tzinfo=UTC), True),
    ],
)
def test_c1_a_moment_on_a_bare_day_told_before_is_the_same(knowing: Hub, told: datetime, is_same: bool) -> None:
    day = tell(knowing, completion(When.day(datetime(2024, 6, 1, tzinfo=UTC).date())))
    assert tell(knowing, completion(told)).is_new is not is_same
    other = tell(knowing, completion(told + timedelta(minutes=1), source="another"))
    assert other.is_new
    assert other.record != day.record


def test_nobody_is_named_and_the_neighbours_are_written(urls: DatabaseUrls, knowing: Hub) -> None:
    answers = tell_at_once(knowing, completion(moment()), completion(moment(), person="nobody"), completion(moment()))
    assert isinstance(answers[1], PersonNotFound)
    assert answers[1].field == "person"
    assert [isinstance(answer, Recorded) and answer.is_new for answer in answers] == [True, False, True]
    assert_entries_are_whole(urls, knowing)


def test_what_no_column_takes_fails_alone(urls: DatabaseUrls, knowing: Hub, decided: list[NewRecord]) -> None:
    bad = completion(moment(), score_percent=Decimal(101))
    answers = tell_at_once(knowing, completion(moment()), bad, completion(moment()))
    assert [isinstance(answer, Recorded) for answer in answers] == [True, False, True]
    assert not decided
    assert_entries_are_whole(urls, knowing)


# What is remembered of items ----------------------------------------------------------------------------------------


def test_an_item_that_takes_over_a_name_is_meant_from_then_on(urls: DatabaseUrls, knowing: Hub) -> None:
    """Of two names the first kind counts. What was learnt before stays out of a batch with what was learnt since."""
    identifiers = (Identifier("ref", TWO_KINDS.value),)
    new = NewItem(title="Course 9", kind=ItemKind.COURSE, identifiers=identifiers)
    (first,) = knowing.do(knowing.ledger.items.add(knowing.caller, [new]))

    def told(*items: str | Reference) -> list[Id]:
        found = tell_at_once(knowing, *[completion(moment(), item=item) for item in items])
        facts = {fact["record"]: fact["item"] for fact in kept(urls, knowing, "fact")}
        return [facts[one.record] for one in found if isinstance(one, Recorded)]

    assert [*told(TWO_KINDS), *told(TWO_KINDS)] == [first, first]
    taken_over = ItemTelling(identifiers=(Identifier("ref", "FIRE-101"), Identifier("thrive", TWO_KINDS.value)))
    by_another_worker(urls, knowing, lambda ledger: ledger.items.put(knowing.caller, [taken_over]))
    assert [*told("FIRE-101"), *told("FIRE-101")] == [knowing.item] * 2
    assert told("FIRE-101", TWO_KINDS) == [knowing.item] * 2


@pytest.mark.parametrize(
    "change",
    [
        "INSERT INTO item_identifier (tenant, kind, value, item) VALUES ($1, 'thrive', 'COURSE-9', $2)",
        "DELETE FROM item_identifier WHERE tenant = $1 AND item = $2",
        "UPDATE item_version SET published_at = NULL WHERE tenant = $1 AND item = $2",
        "INSERT INTO item_version (tenant, item, number, created_at) VALUES ($1, $2, 2, now())",
        "INSERT INTO assignment_item (tenant, item, assignment) SELECT $1, $2, id FROM assignment",
    ],
)
def test_whatever_changes_what_a_name_means_moves_the_count(urls: DatabaseUrls, hub: Hub, change: str) -> None:
    hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=OTHER_ITEM)))

    async def within() -> tuple[int, int]:
        count = "SELECT rules FROM tenant_counter"
        async with as_app(urls) as connection, connection.transaction():
            await connection.execute("SELECT set_config('testamur.tenant', $1, true)", str(hub.tenant.id))
            before = await connection.fetchval(count)
            await connection.execute(change, hub.tenant.id, hub.item)
            return before, await connection.fetchval(count)

    before, after = asyncio.run(within())
    assert after > before


def test_a_version_published_elsewhere_is_the_one_completed(urls: DatabaseUrls, knowing: Hub) -> None:
    before = tell(knowing, completion(moment()))
    by_another_worker(urls, knowing, lambda ledger: ledger.items.publish(knowing.caller, knowing.item))
    after = [tell(knowing, completion(moment())) for _ in range(2)]
    versions = [facts_of(urls, knowing, told.record)[0]["item_version"] for told in (before, *after)]
    assert versions == [1, 2, 2]


def test_an_assignment_made_elsewhere_is_satisfied_by_what_is_told_next(urls: DatabaseUrls, knowing: Hub) -> None:
    new = NewAssignment(audience=AUDIENCE, primary=ITEM)
    by_another_worker(urls, knowing, lambda ledger: ledger.assignments.add(knowing.caller, new))
    for at in (datetime(2025, 2, 1, tzinfo=UTC), datetime.now(UTC) - timedelta(seconds=1)):
        tell(knowing, completion(at))
    found = knowing.do(knowing.ledger.standings.rebuild(knowing.tenant.id))
    assert (found.lines, found.differences) == (1, 0)


def test_what_another_tenant_calls_the_same_is_its_own(urls: DatabaseUrls, knowing: Hub, other_hub: Hub) -> None:
    recorded = [tell(other_hub, completion(moment())) for _ in range(2)]
    assert {facts_of(urls, other_hub, one.record)[0]["item"] for one in recorded} == {other_hub.item}
    with pytest.raises(ItemNotFound):
        tell(other_hub, completion(moment(), item=str(knowing.item)))


def test_only_so_many_items_are_remembered(urls: DatabaseUrls, hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain, "_ITEMS_MAX", 1)

    async def trips() -> list[int]:
        found = []
        async with listening(urls) as (ledger, said):
            for item in ("FIRE-101", "FIRE-101", "LIFT/1 ä", "LIFT/1 ä", "FIRE-101"):
                said.clear()
                await ledger.records.record(hub.tenant.id, completion(moment(), item=item), report(hub))
                found.append(len(said))
        return found

    assert [count == 1 for count in hub.do(trips())] == [False, True, False, True, False]


def test_what_a_call_read_that_was_undone_is_not_remembered(
    urls: DatabaseUrls, hub: Hub, decided: list[NewRecord]
) -> None:
    class Undone(Exception):
        pass

    async def undo() -> None:
        async with hub.ledger.together(hub.tenant.id):
            await hub.ledger.items.publish(hub.caller, hub.item)
            await hub.ledger.records.record(hub.tenant.id, completion(moment()), report(hub))
            raise Undone

    with pytest.raises(Undone):
        hub.do(undo())
    by_another_worker(urls, hub, lambda ledger: ledger.items.publish(hub.caller, hub.third_party))
    told = [tell(hub, completion(moment())) for _ in range(2)]
    assert [facts_of(urls, hub, one.record)[0]["item_version"] for one in told] == [1, 1]
    assert len(decided) == 1


def test_two_workers_and_one_that_changes_items_lose_nothing(urls: DatabaseUrls, knowing: Hub) -> None:
    moments = [moment() for _ in range(120)]
    before = len(kept(urls, knowing, "fact"))

    async def flood() -> list[Recorded]:
        async with another_worker(urls) as other, another_worker(urls) as third:

            async def disturb() -> None:
                for _ in range(10):
                    await third.items.publish(knowing.caller, knowing.item)

            calls = [
                ledger.records.record(knowing.tenant.id, completion(at), report(knowing))
                for at in moments
                for ledger in (knowing.ledger, other, knowing.ledger)
            ]
            answers = await asyncio.gather(disturb(), *calls)
            return [answer for answer in answers if answer is not None]

    answers = knowing.do(flood())
    assert sum(answer.is_new for answer in answers) == len(moments)
    assert len({answer.record for answer in answers}) == len(moments)
    assert len(kept(urls, knowing, "fact")) == before + len(moments)
    assert_entries_are_whole(urls, knowing)
