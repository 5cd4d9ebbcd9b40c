"""Keeping stored standing true to the facts.

Every verb that changes a fact calls a `restand_*` function at the end of its transaction, with the tenant's counter
locked: two of them can never work on the same line at once, so the one that comes later sees all that the other wrote.
A handful of lines is worked out right there. More of them become a task, in the same transaction, so none is missed.
Plain lines alone are written by whoever writes their completion (`plain_lines`).
"""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from datetime import date, datetime
from typing import Any

from testamur.core.ids import Id, new_id
from testamur.ledger.recording import FactRow
from testamur.ledger.standing_facts import About, Told, heard, told_of
from testamur.ledger.standing_rows import Line
from testamur.ledger.standing_steps import compared, difference, write_difference
from testamur.storage.transactions import Tx, WriteTx

AT_ONCE_MAX = 32
"""Lines that are worked out in the transaction that touched them."""
_PEOPLE_IN_TASK_MAX = 1_000
"""People that a task names one by one; beyond it the whole assignment is worked out."""


async def restand(
    tx: WriteTx,
    lines: Collection[Line],
    now: datetime,
    *,
    at_once: int = AT_ONCE_MAX,
    rules: int | None = None,
) -> None:
    """Make the stored steps of these lines true again, at once or soon.

    Args:
        rules: the count of changes to what lines share, in a transaction that changes none of it.
    """
    if not lines:
        return
    by_assignment = _by_assignment(lines)
    if len(lines) <= at_once:
        abouts = [
            (await About.read(tx, id) if rules is None else await About.remembered(tx, id, rules), people)
            for id, people in by_assignment.items()
        ]
        await write_difference(tx, await difference(tx, abouts), now)
        return
    for assignment, people in by_assignment.items():
        await _ask(tx, assignment, people, now)


async def restand_while(
    tx: WriteTx,
    write: Callable[[], Coroutine[Any, Any, None]],
    lines: Collection[Line],
    facts: Sequence[FactRow],
    now: datetime,
    *,
    at_once: int,
    rules: int,
) -> None:
    """Write facts, and make the stored steps of the lines true that they matter to.

    A handful of lines is worked out while PostgreSQL writes the facts (docs/decisions/0003).

    Args:
        write: writes these facts, and closes none of those that are there.
        rules: as of `restand`.
    """
    if not lines or len(lines) > at_once:
        await write()
        await restand(tx, lines, now, at_once=at_once, rules=rules)
        return
    abouts = [(await About.remembered(tx, id, rules), people) for id, people in _by_assignment(lines).items()]
    told = await told_of(tx, abouts, stored=True)
    writing = asyncio.create_task(write())
    try:
        await asyncio.sleep(0)  # the task says what is to be written
        await asyncio.sleep(0)  # and the event loop sends it
        by_id = {about.assignment: about for about, _ in abouts}
        _spread(facts, by_id, told, now)
        found = compared(by_id, told)
    finally:
        await writing
    await write_difference(tx, found, now)


def _spread(facts: Iterable[FactRow], abouts: Mapping[Id, About], lines: Mapping[Line, Told], now: datetime) -> None:
    """Tell lines that were read before of the facts that matter to them."""
    of: defaultdict[Id | None, list[FactRow]] = defaultdict(list)
    for fact in facts:
        of[fact.person].append(fact)
    items = {id: about.items for id, about in abouts.items()}
    for (assignment, person), told in lines.items():
        for fact in of[person]:
            if fact.item in items[assignment]:
                heard(told, fact, now)


def _by_assignment(lines: Collection[Line]) -> Mapping[Id, Sequence[Id]]:
    people: defaultdict[Id, list[Id]] = defaultdict(list)
    for assignment, person in lines:
        people[assignment].append(person)
    return people


async def restand_assignment(tx: WriteTx, assignment: Id, now: datetime) -> None:
    """After an assignment was made or got a new version."""
    await restand_assignments(tx, [assignment], now)


async def restand_assignments(tx: WriteTx, assignments: Sequence[Id], now: datetime) -> None:
    """After something changed for everybody under these assignments."""
    lines: list[Line] = []
    for assignment in assignments:
        room = AT_ONCE_MAX + 1 - len(lines)
        people = await _people(tx, assignment, room)
        lines += [(assignment, person) for person in people]
        if len(lines) > AT_ONCE_MAX:
            for each in assignments:
                await _ask_whole(tx, each, now)
            return
    await restand(tx, lines, now)


async def restand_audience(tx: WriteTx, audience: Id, people: Sequence[Id] | None, now: datetime) -> None:
    """After people, or None for unknown many, joined or left an audience."""
    if people is not None and not people:
        return
    assignments = [row["assignment"] for row in await tx.rows("standing_of_audience", audience=audience)]
    if not assignments:
        return
    if people is None or len(people) > _PEOPLE_IN_TASK_MAX:
        await restand_assignments(tx, assignments, now)
    else:
        await restand(tx, [(assignment, person) for assignment in assignments for person in set(people)], now)


async def restand_people(
    tx: WriteTx, people: Sequence[Id], now: datetime, *, items: Sequence[Id] | None = None
) -> None:
    """After something changed for these people, in all of their lines or in those that accept one of the items."""
    rows = await tx.rows("standing_of_people", people=list(people), items=items)
    await restand(tx, [(row["assignment"], row["person"]) for row in rows], now)


async def restand_items(tx: WriteTx, items: Sequence[Id], now: datetime) -> None:
    """After a version of these items was published that ends the credit of older ones."""
    rows = await tx.rows("standing_of_items", items=list(items))
    await restand_assignments(tx, [row["assignment"] for row in rows], now)


async def restand_records(tx: WriteTx, records: Sequence[Id], now: datetime) -> None:
    """After facts of these records were written or closed."""
    lines = await lines_of_records(tx, records)
    # Calls that share a commit are each held to the handful, not all of them together.
    await restand(tx, lines, now, at_once=max(AT_ONCE_MAX, 2 * len(records)))


async def lines_of_records(tx: Tx, records: Sequence[Id]) -> list[Line]:
    """The lines that facts of these records, present and past, may matter to."""
    return [(row["assignment"], row["person"]) for row in await tx.rows("standing_of_records", records=list(records))]


async def restand_returning(tx: WriteTx, since: date, now: datetime) -> None:
    """After another re-entry time, in every line with a return on or after a day (rule M2)."""
    returning = await tx.rows("standing_returning", since=since, count=_PEOPLE_IN_TASK_MAX + 1)
    if len(returning) > _PEOPLE_IN_TASK_MAX:
        await restand_assignments(tx, [row["id"] for row in await tx.rows("standing_assignments")], now)
        return
    await restand_people(tx, [row["person"] for row in returning], now)
    revised = await tx.rows("standing_revised", since=since)
    await restand_assignments(tx, [row["assignment"] for row in revised], now)


async def restand_import(tx: WriteTx, batch: Id, now: datetime, *, numbers: Sequence[int] | None = None) -> None:
    """After facts of a batch, or of some of its rows, were written or closed: once for all of them (rule I16)."""
    for row in await tx.rows("import_lines", batch=batch, numbers=numbers):
        await _ask(tx, row["assignment"], row["people"], now)


async def _ask(tx: WriteTx, assignment: Id, people: Sequence[Id], now: datetime) -> None:
    if len(people) > _PEOPLE_IN_TASK_MAX:
        await _ask_whole(tx, assignment, now)
        return
    total = len(people)
    await tx.run("standing_task_add", id=new_id(), assignment=assignment, people=sorted(people), total=total, now=now)


async def _ask_whole(tx: WriteTx, assignment: Id, now: datetime) -> None:
    total = await tx.value("standing_people_count", assignment=assignment)
    await tx.run("standing_task_whole", id=new_id(), assignment=assignment, total=total, now=now)


async def _people(tx: Tx, assignment: Id, count: int) -> list[Id]:
    audiences = [row["audience"] for row in await tx.rows("standing_audiences", assignment=assignment)]
    rows = await tx.rows("standing_people", audiences=audiences, after=None, last=None, count=count)
    return [row["person"] for row in rows]
