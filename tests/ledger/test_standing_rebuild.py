"""Stored standing against a fresh computation from the facts."""

from __future__ import annotations

import asyncio
import random
from datetime import date, timedelta

import pytest

from testamur.core.assignments import AssignmentEdit
from testamur.core.decisions import NewExemption, NewExtension
from testamur.core.errors import Conflict, InvalidInput, NotFound
from testamur.core.ids import Id, to_hex24
from testamur.core.people import NewPerson, Reference
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.town import ADA, DAY, ITEM, OTHER_ITEM, ZOE, Town, named, query
from tests.storage.databases import connected


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
                    town.do(verbs.memberships.join(caller, town.audience, [someone.id or hub.person], today))
                case 4:
                    town.do(verbs.memberships.leave(caller, town.audience, someone.id or hub.person, today))
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
    stored = query(
        hub, "SELECT person, assignment, min(from_on) AS first, max(from_on) AS last FROM standing GROUP BY 1, 2"
    )
    assert len(stored) >= 14
