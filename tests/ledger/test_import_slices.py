"""Slices of an import: whose turn it is, how long they are, and what others write before and between them."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from datetime import UTC, datetime
from typing import Any

import pytest

from testamur.core.imports import Batch, BatchState, Outcome
from testamur.ledger.imports import SHARED_SLICE_SECONDS, SLICE_SECONDS, Imports, Pace
from testamur.storage import database as database_module
from testamur.storage.database import Database, DatabaseUrls
from testamur.storage.named import Query
from tests.hub import Hub, Server
from tests.ledger.imports import commit, days_ago, gapless, imported, outcomes, records, rehearse, rows
from tests.ledger.tellings import completion, kept, tell

HEAD = "employee_id,learning,completed_on\n"


def test_two_imports_at_once_neither_wait_for_ever_nor_write_twice(hub: Hub, urls: DatabaseUrls) -> None:
    text = "employee_id,learning,completed_on,source_id\n" + "".join(
        f"0012{3 + number % 2},FIRE-101,{days_ago(number + 1)},{number}\n" for number in range(2_000)
    )
    first, second = rehearse(hub, text), rehearse(hub, text)

    async def both() -> list[Batch]:
        commits = (hub.ledger.imports.commit(hub.caller, batch.id) for batch in (first, second, first))
        return list(await asyncio.gather(*commits))

    done = hub.do(both())
    assert {batch.state for batch in done} == {BatchState.COMMITTED}
    assert done[0].outcomes[Outcome.CREATED] + done[1].outcomes[Outcome.CREATED] == 2_000
    assert done[0].outcomes[Outcome.ALREADY_PRESENT] + done[1].outcomes[Outcome.ALREADY_PRESENT] == 2_000
    assert len(kept(urls, hub, "fact")) == 2_000
    gapless(urls, hub)


def test_a_slice_knows_who_waits_for_it_and_another_import_is_nobody(hub: Hub) -> None:
    """Slices are short while others write, and long while two imports only wait for each other."""
    database, tenant = hub.ledger.database, hub.tenant.id

    async def awaited(other: Callable[[], Coroutine[Any, Any, None]], *, expected: bool) -> bool:
        async with database.write(tenant) as tx:
            await tx.run("import_turn")
            waiting = asyncio.create_task(other())
            for _ in range(100 if expected else 20):
                await asyncio.sleep(0.01)
                if await tx.value("import_is_awaited"):
                    break
            found: bool = await tx.value("import_is_awaited")
            assert not waiting.done()
        await waiting
        return found

    async def write() -> None:
        async with database.write(tenant, alone=True):
            pass

    async def slice_of_another() -> None:
        async with database.write(tenant) as tx:
            await tx.run("import_turn")

    assert hub.do(awaited(write, expected=True))
    assert not hub.do(awaited(slice_of_another, expected=False))


def test_a_slice_waits_for_its_turn_longer_than_a_call_waits(
    urls: DatabaseUrls, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database_module._SESSION, "lock_timeout", "100ms")
    batch = rehearse(hub, f"{HEAD}00123,FIRE-101,2023-05-04\n")

    async def within() -> Batch:
        database = Database(urls)
        await database.open()
        try:
            imports = Imports(database, hub.ledger.now)
            await imports.begin(hub.caller, batch.id, BatchState.COMMITTED)
            async with database.write(hub.tenant.id) as tx:
                await tx.run("import_turn")
                assert [row[0] for row in await tx.rows(Query("SHOW lock_timeout", ()))] == ["100ms"]
                waiting = asyncio.create_task(imports.work(hub.tenant.id, batch.id))
                await asyncio.sleep(0.5)
                assert not waiting.done()
            assert await waiting
            return await imports.commit(hub.caller, batch.id)
        finally:
            await database.close()

    assert hub.do(within()).state is BatchState.COMMITTED


def test_slices_are_short_for_a_while_once_somebody_waited() -> None:
    alone = Pace(rows=1_000).after(100.25, 100.0, is_awaited=False)
    assert alone == Pace(rows=int(1_000 * SLICE_SECONDS / 0.25))
    awaited = alone.after(200.25, 200.0, is_awaited=True)
    assert awaited.rows < alone.rows
    assert awaited.rest_seconds > 0.25, "others find a time without a slice"
    assert alone.rest_seconds == 0
    later = awaited.after(201.02, 201.0, is_awaited=False)
    assert later.shared_until == awaited.shared_until > 201.02
    assert later.rows == max(100, int(awaited.rows * SHARED_SLICE_SECONDS / 0.02))
    assert later.after(300.02, 300.0, is_awaited=False).rows > later.rows


def test_outcomes_do_not_depend_on_where_the_slices_end(hub: Hub, urls: DatabaseUrls) -> None:
    text = "employee_id,learning,completed_on,source,source_id\n" + "".join(
        f"00123,FIRE-101,2023-05-{1 + number % 9:02}{'T10:00Z' if number % 2 else ''},{'ab'[number % 3 == 0]},"
        f"{number if number % 4 == 0 else ''}\n"
        for number in range(60)
    )
    batch = rehearse(hub, text)
    expected = [row.outcome for row in rows(hub, batch)]
    hub.do(hub.ledger.imports.begin(hub.caller, batch.id, BatchState.COMMITTED))
    while hub.do(hub.ledger.imports.work(hub.tenant.id, batch.id, 7)):
        pass
    assert [row.outcome for row in rows(hub, batch)] == expected
    assert len(kept(urls, hub, "fact")) == sum(
        outcome in (Outcome.CREATED, Outcome.PROBABLE_DUPLICATE) for outcome in expected
    )
    gapless(urls, hub)


def test_what_others_wrote_since_the_rehearsal_is_considered_row_by_row(hub: Hub, urls: DatabaseUrls) -> None:
    """A slice that has both: rows that meet nothing, and rows that meet what came in the meantime."""
    head = "employee_id,learning,completed_on,source,source_id\n"
    text = head + "".join(f"00123,FIRE-101,{days_ago(number + 1)},old,{number}\n" for number in range(20))
    batch = rehearse(hub, text)
    tell(hub, completion(datetime.combine(days_ago(4), datetime.min.time(), UTC), source="rise"))
    imported(hub, f"{head}00123,FIRE-101,{days_ago(8)},old,7\n00123,FIRE-101,{days_ago(9)},old,6\n")
    done = commit(hub, batch)
    changed = {"already_present": 2, "superseded": 1, "created": 17}
    assert outcomes(done) == changed
    told = {row.number: row.outcome for row in rows(hub, done)}
    assert [told[4], told[7], told[8]] == [Outcome.ALREADY_PRESENT, Outcome.SUPERSEDED, Outcome.ALREADY_PRESENT]
    standing = [fact for fact in kept(urls, hub, "fact") if fact["closed_at"] is None]
    assert len(standing) == 1 + 2 + 17
    gapless(urls, hub)


def test_what_others_write_between_two_slices_is_considered(hub: Hub, urls: DatabaseUrls) -> None:
    """In one transaction, so that the server cannot go on in between."""
    other = rehearse(hub, f"{HEAD}00123,FIRE-101,{days_ago(2)}\n00123,FIRE-101,{days_ago(9)}\n")
    batch = rehearse(hub, HEAD + "".join(f"00123,FIRE-101,{days_ago(number)}\n" for number in range(1, 13)))
    imports, tenant = hub.ledger.imports, hub.tenant.id

    async def meet() -> None:
        async with hub.ledger.together(tenant):
            await imports.begin(hub.caller, batch.id, BatchState.COMMITTED)
            await imports.work(tenant, batch.id, 4)
            await imports.begin(hub.caller, other.id, BatchState.COMMITTED)
            await imports.work(tenant, other.id)

    hub.do(meet())
    assert outcomes(commit(hub, other)) == {"created": 1, "already_present": 1}
    assert outcomes(commit(hub, batch)) == {"created": 11, "already_present": 1}
    assert len(records(hub)) == 12
    gapless(urls, hub)


def test_a_slice_looks_each_row_up_once_whatever_is_known_of_the_ledger(hub: Hub) -> None:
    """While another import writes, the planner knows pages of facts and not one fact: nobody else sees them yet.

    One plan that went through all decisions for each fact took half a minute for what follows.
    """
    text = "employee_id,learning,completed_on,source_id\n" + "".join(
        f"00123,FIRE-101,{days_ago(number + 1)},{number}\n" for number in range(1_000)
    )
    first, second = rehearse(hub, text), rehearse(hub, text)
    imports, database, tenant = hub.ledger.imports, hub.ledger.database, hub.tenant.id
    lookups = Query("SELECT sum(idx_scan)::int FROM pg_stat_xact_user_tables", ())

    async def looked_up() -> int:
        async with hub.ledger.together(tenant):
            await imports.begin(hub.caller, first.id, BatchState.COMMITTED)
            await imports.work(tenant, first.id, 1_000)
            await database.have_statistics()
            await imports.begin(hub.caller, second.id, BatchState.COMMITTED)
            async with database.write(tenant) as tx:
                before: int = await tx.value(lookups)
                await imports.work(tenant, second.id, 200)
                after: int = await tx.value(lookups)
        return after - before

    assert hub.do(looked_up()) < 15 * 200


@pytest.mark.parametrize("rows_of_a_slice", [1, 2])
def test_a_day_and_the_moment_at_which_it_begins_in_utc_are_both_kept(server: Server, rows_of_a_slice: int) -> None:
    """They are one moment, and not of one day where the tenant is."""
    with server.new_hub("America/New_York") as hub:
        batch = rehearse(hub, f"{HEAD}00123,FIRE-101,2023-05-04\n00123,FIRE-101,2023-05-04T00:00Z\n")
        hub.do(hub.ledger.imports.begin(hub.caller, batch.id, BatchState.COMMITTED))
        while hub.do(hub.ledger.imports.work(hub.tenant.id, batch.id, rows_of_a_slice)):
            pass
        assert outcomes(hub.do(hub.ledger.imports.get(hub.tenant.id, batch.id))) == {"created": 2}
        assert len(records(hub)) == 2
