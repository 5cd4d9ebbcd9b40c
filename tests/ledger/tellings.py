"""Telling the ledger things, and looking at what it kept, past every verb."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any

import asyncpg

from testamur.core.ids import Id
from testamur.core.items import Outside
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Recorded, Report
from testamur.ledger import Ledger
from testamur.storage.database import Database, DatabaseUrls
from tests.hub import Hub


def completion(
    at: datetime | When | None,
    *,
    person: str | Id = "00123",
    item: str | Id | Outside | Reference = "FIRE-101",
    source: str = "tests",
    **rest: Any,
) -> NewRecord:
    """A telling about the hub's first person and item, unless others are named."""
    return NewRecord(
        source=source,
        person=Reference(str(person), ("ref",), "person", "person"),
        item=item if isinstance(item, Outside | Reference) else Reference(str(item), ("ref",), "item", "item"),
        completed=When.instant(at) if isinstance(at, datetime) else at,
        **rest,
    )


def report(hub: Hub, body: str = "{}", *, dialect: str = "tests") -> Report:
    return Report(dialect, hub.key.client, "POST", "/completions", body)


def tell(hub: Hub, new: NewRecord, body: str = "{}", *, dialect: str = "tests") -> Recorded:
    return hub.do(hub.ledger.records.record(hub.tenant.id, new, report(hub, body, dialect=dialect)))


def tell_at_once(hub: Hub, *new: NewRecord) -> list[Recorded | BaseException]:
    """All in one batch: it is taken from the queue when the last of them stands in it."""

    async def within() -> list[Recorded | BaseException]:
        calls = [hub.ledger.records.record(hub.tenant.id, one, report(hub)) for one in new]
        return await asyncio.gather(*calls, return_exceptions=True)

    return hub.do(within())


def kept(urls: DatabaseUrls, hub: Hub, table: str, order: str = "1, 2, 3") -> list[asyncpg.Record]:
    """Every row that a table holds of the hub's tenant."""

    async def within() -> list[asyncpg.Record]:
        connection = await asyncpg.connect(urls.owner)
        try:
            rows: list[asyncpg.Record] = await connection.fetch(
                f"SELECT * FROM {table} WHERE tenant = $1 ORDER BY {order}", hub.tenant.id
            )
            return rows
        finally:
            await connection.close()

    return asyncio.run(within())


def count(hub: Hub, **of: Id) -> int:
    return hub.do(hub.ledger.records.count(hub.tenant.id, **of))


def assert_entries_are_whole(urls: DatabaseUrls, hub: Hub) -> None:
    """Numbers from 1 without a gap, the counter at the last, and every fact at an entry about its record."""
    entries = kept(urls, hub, "ledger_entry", "number")
    assert [row["number"] for row in entries] == list(range(1, len(entries) + 1))
    assert [row["entry"] for row in kept(urls, hub, "tenant_counter", "1")] == [len(entries)]
    by_number = {row["number"]: row for row in entries}
    for fact in kept(urls, hub, "fact"):
        entry = by_number[fact["entry"]]
        kind = "record.created" if fact["revision"] == 1 else "record.superseded"
        assert (entry["kind"], entry["subject"]) == (kind, fact["record"])


@asynccontextmanager
async def another_worker(urls: DatabaseUrls) -> AsyncIterator[Ledger]:
    """A ledger with a pool, queues and memories of its own, as a second process would have."""
    database = Database(urls, connections_max=3)
    await database.open()
    try:
        yield Ledger.on(database)
    finally:
        await database.close()
