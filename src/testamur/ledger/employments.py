"""Spans of employment, as what and under whom, and of suspension.

A span ends and is otherwise as it was: who works as something else from a moment on has another span from then on. Only
a manager who was awaited arrives in the one that waited for her.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from testamur.core.callers import Caller
from testamur.core.ids import Id, new_id
from testamur.core.people import Absence, Identifier, Person, Reference, normalise
from testamur.ledger.entries import Change, append
from testamur.ledger.people_plan import UNEMPLOYED, Job, above_herself, check_order
from testamur.ledger.people_rows import find_person
from testamur.ledger.standing_lines import restand_people
from testamur.storage.transactions import Tx, WriteTx


async def resolve_jobs(
    tx: WriteTx, employed: Sequence[tuple[Id, str | None, Reference | None]]
) -> list[tuple[Id, Job]]:
    """What people are employed as, from their titles and from what names their managers.

    Raises: InvalidInput when somebody would stand above herself.
    """
    if not employed:
        return []
    refs = list({normalise("ref", manager.value) for _, _, manager in employed if manager})
    rows = await tx.rows("person_identifiers_named", kinds=["ref"] * len(refs), values=refs)
    known: dict[str, Id] = {row["value"]: row["person"] for row in rows}
    jobs = []
    for person, title, manager in employed:
        ref = normalise("ref", manager.value) if manager else None
        if ref is not None and known.get(ref) == person:
            raise above_herself(manager.field if manager else "")
        found = known.get(ref) if ref else None
        if found is None and manager is not None and manager.id is not None:
            found = await find_person(tx, manager)
        jobs.append((person, Job(title, found, ref if found is None else None)))
    return jobs


async def resolve_manager(tx: WriteTx, reference: Reference | None) -> tuple[Id | None, str | None]:
    """The manager, or the reference under which she is awaited."""
    if reference is None:
        return None, None
    found = await find_person(tx, reference)
    return (found, None) if found is not None else (None, normalise("ref", reference.value))


async def open_employments(tx: WriteTx, jobs: Sequence[tuple[Id, Job]], now: datetime) -> None:
    """Employ people who are not employed. Raises InvalidInput when somebody would stand above herself."""
    if not jobs:
        return
    for person, job in jobs:
        if person == job.manager:
            raise above_herself("manager")
    await tx.run(
        "employments_open",
        ids=[new_id() for _ in jobs],
        people=[person for person, _ in jobs],
        titles=[job.title for _, job in jobs],
        managers=[job.manager for _, job in jobs],
        manager_refs=[job.awaited for _, job in jobs],
        now=now,
    )


async def change_employments(tx: WriteTx, jobs: Sequence[tuple[Id, Job]], now: datetime) -> None:
    """Employ people as something else from now on, or as nothing: the spans that are open end."""
    if not jobs:
        return
    await tx.run("employments_close", people=[person for person, _ in jobs], now=now)
    await open_employments(tx, [(person, job) for person, job in jobs if job != UNEMPLOYED], now)


async def arrive(tx: WriteTx, named: Sequence[tuple[Id, Identifier]], now: datetime) -> list[Change]:
    """Give newly named people to those who waited for them."""
    refs = [(normalise("ref", identifier.value), person) for person, identifier in named if identifier.kind == "ref"]
    if not refs:
        return []
    rows = await tx.rows("employments_arrive", values=[ref for ref, _ in refs], people=[person for _, person in refs])
    if rows:
        await tx.run("people_touch", ids=[row["person"] for row in rows], now=now)
    return [Change("person.changed", row["person"], {"manager": row["manager"]}) for row in rows]


async def check_circle(tx: WriteTx, people: Sequence[Id], field: str) -> None:
    """Raises InvalidInput naming the field when one of these people stands above herself, at any distance."""
    if people and await tx.value("employment_circle", people=list(people)) is not None:
        raise above_herself(field)


async def get_absences(tx: Tx, people: Sequence[Id]) -> Mapping[Id, Sequence[Absence]]:
    """See `People.absences`."""
    found: defaultdict[Id, list[Absence]] = defaultdict(list)
    for row in await tx.rows("people_absences", people=list(people)):
        found[row["person"]].append(
            Absence(
                began_at=row["began_at"],
                began_known_at=row["began_known_at"],
                ended_at=row["ended_at"],
                ended_known_at=row["ended_known_at"],
            )
        )
    return found


async def suspend(tx: WriteTx, caller: Caller, person: Person, ends_at: datetime | None, now: datetime) -> None:
    """See `People.suspend`."""
    if ends_at is None or ends_at == person.ends_at:
        if not person.is_active:
            return
    else:
        check_order(person.starts_at, ends_at)
    await suspend_people(tx, caller, [(person, ends_at)], now)


async def suspend_people(
    tx: WriteTx,
    caller: Caller,
    leaving: Sequence[tuple[Person, datetime | None]],
    now: datetime,
    *,
    batch: Id | None = None,
) -> None:
    """Suspend people, each with a new end of her employment or None for the one she has; see `People.suspend`.

    Args:
        batch: the import whose file did not have them.
    """
    if not leaving:
        return
    began = [now if ends_at is None else min(ends_at, now) for _, ends_at in leaving]
    ends = [person.ends_at if ends_at is None else ends_at for person, ends_at in leaving]
    present = [(person.id, at) for (person, _), at in zip(leaving, began, strict=True) if person.is_active]
    await open_suspensions(tx, present, now, batch=batch)
    people = [person.id for person, _ in leaving]
    await tx.run("people_activate", ids=people, is_active=False, ends_at=ends, now=now)
    changes = [
        Change("person.suspended", person.id, {"began_at": at, "ends_at": end})
        if person.is_active
        else Change("person.changed", person.id, {"ends_at": end})
        for (person, _), at, end in zip(leaving, began, ends, strict=True)
    ]
    await append(tx, caller.client, changes, now)
    await restand_people(tx, people, now)


async def open_suspensions(
    tx: WriteTx, began: Sequence[tuple[Id, datetime]], now: datetime, *, batch: Id | None = None
) -> None:
    """Write that people are suspended, each from a moment on. What else is told of them is left to the caller."""
    if not began:
        return
    await tx.run(
        "suspensions_open",
        ids=[new_id() for _ in began],
        people=[person for person, _ in began],
        began_at=[at for _, at in began],
        batch=batch,
        now=now,
    )


async def reinstate(tx: WriteTx, caller: Caller, person: Person, now: datetime) -> None:
    """See `People.reinstate`. Who is here already and stays changes nothing."""
    if not person.is_active or _end(person, now) != person.ends_at:
        await reinstate_people(tx, caller, [person], now)


async def reinstate_people(tx: WriteTx, caller: Caller, people: Sequence[Person], now: datetime) -> None:
    """End suspensions now, and ends of employments that are past with them."""
    if not people:
        return
    ids, ends = [person.id for person in people], [_end(person, now) for person in people]
    await tx.run("suspensions_end", people=ids, now=now)
    await tx.run("people_activate", ids=ids, is_active=True, ends_at=ends, now=now)
    changes = [Change("person.reinstated", id, {"ends_at": end}) for id, end in zip(ids, ends, strict=True)]
    await append(tx, caller.client, changes, now)
    await restand_people(tx, ids, now)


def _end(person: Person, now: datetime) -> datetime | None:
    return None if person.ends_at is not None and person.ends_at <= now else person.ends_at
