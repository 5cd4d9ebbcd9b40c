"""Tasks of standing: several workers on one task, and changes that come while one is worked off."""

from __future__ import annotations

import asyncio
import time
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
from tests.ledger.town import ADA, AUDIENCE, ITEM, crowd
from tests.waiting import PATIENCE_SECONDS


def test_a_crowd_is_worked_out_in_the_background_and_says_how_far_it_is(hub: Hub) -> None:
    crowd(hub, 2_000)
    made = hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM)))
    (task,) = hub.do(hub.ledger.standings.tasks(hub.tenant.id))
    assert (task.assignment, task.people, task.total) == (made.id, None, 2_001)
    seen = {task.done}
    until = time.monotonic() + PATIENCE_SECONDS
    while task.finished_at is None:
        assert time.monotonic() < until, task
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


def test_several_workers_and_writers_at_once_lose_nothing(urls: DatabaseUrls, hub: Hub) -> None:
    """Workers of two more servers race with completions, an edit and somebody who leaves."""
    item = Reference("FIRE-101", ("ref",), "item")
    people = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="P") for _ in range(400)]))
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, people, date(2025, 1, 10)))
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
                await ledger.memberships.leave(hub.caller, hub.audience, people[-1], datetime.now(UTC).date())

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
