"""Tasks of standing: several workers on one task, and changes that come while one is worked off."""

from __future__ import annotations

import asyncio
from datetime import UTC, date, datetime

from testamur.core.assignments import AssignmentEdit, NewAssignment
from testamur.core.compliance import Status
from testamur.core.moments import When
from testamur.core.people import NewPerson, Reference
from testamur.core.records import NewRecord, Report
from testamur.jobs.turns import take_turns
from testamur.ledger import Ledger
from testamur.storage.database import Database, DatabaseUrls
from tests.hub import Hub


def test_several_workers_and_writers_at_once_lose_nothing(urls: DatabaseUrls, hub: Hub) -> None:
    """Workers of two more servers race with completions, an edit and somebody who leaves."""
    item = Reference("FIRE-101", ("ref",), "item")
    people = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="P") for _ in range(400)]))
    hub.do(hub.ledger.audiences.join(hub.caller, hub.audience, people, date(2025, 1, 10)))
    new = NewAssignment(audience=Reference("site-staff", (), "audience"), primary=item)
    made = hub.do(hub.ledger.assignments.add(hub.caller, new))

    async def server(ledger: Ledger) -> None:
        await take_turns("standing", ledger.standings.waiting, ledger.standings.work)

    async def write(ledger: Ledger) -> None:
        report = Report("tests", hub.key.client, "POST", "/", "{}")
        for place, person in enumerate(people[:120]):
            done = NewRecord(
                source="tests",
                person=Reference(str(person), (), "person"),
                item=item,
                completed=When.instant(datetime(2025, 3, 1, 9, tzinfo=UTC)),
            )
            await ledger.records.record(hub.tenant.id, done, report)
            if place == 40:
                edit = AssignmentEdit(completion_period_days=60)
                await ledger.assignments.edit(hub.caller, Reference(str(made.id), (), "assignment"), edit)
            if place == 80:
                await ledger.audiences.leave(hub.caller, hub.audience, people[-1], datetime.now(UTC).date())

    async def race() -> None:
        databases = [Database(urls, connections_max=3) for _ in range(3)]
        for database in databases:
            await database.open()
        ledgers = [Ledger.on(database) for database in databases]
        workers = [asyncio.create_task(server(ledger)) for ledger in ledgers[:2]]
        await write(ledgers[2])
        for worker in workers:
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)
        await ledgers[2].standings.settle(hub.tenant.id)
        for database in databases:
            await database.close()

    asyncio.run(race())
    found = hub.do(hub.ledger.standings.rebuild(hub.tenant.id))
    assert (found.lines, found.differences) == (401, 0)
    total = hub.do(hub.ledger.standings.total(hub.tenant.id))
    assert total.statuses[Status.COMPLETED] == 120
