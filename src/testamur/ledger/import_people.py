"""Rows of people into the ledger: who is meant, what is different in her, and under whom she stands."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, parse, to_ulid
from testamur.core.imports import Outcome
from testamur.core.imports import people as rows_of_people
from testamur.core.imports.people import ManagerKey
from testamur.core.people import (
    IDENTIFIER_LENGTH_MAX,
    Identifier,
    NewPerson,
    Person,
    PersonStatus,
    Reference,
    normalise,
)
from testamur.ledger.employments import reinstate_people, suspend_people
from testamur.ledger.erased import erased_among, has_erased
from testamur.ledger.import_matching import ERASED
from testamur.ledger.import_told import Boss, Told, caller_of, settle_above
from testamur.ledger.people import add_people, change_people
from testamur.ledger.people_plan import Job, PlannedChange, plan_change
from testamur.ledger.people_rows import get_people
from testamur.storage.transactions import Row, Tx, WriteTx

Name = tuple[str, str]


@dataclass(frozen=True, slots=True)
class _New:
    person: NewPerson
    job: Job


@dataclass(frozen=True, slots=True)
class _Known:
    """Somebody as of the change, which is None when nothing about her is different.

    `stays` says whether she is here from now on; None when that is as it was.
    """

    person: Person
    change: PlannedChange | None
    stays: bool | None


def names_of(told: Mapping[str, Any], first: Sequence[str] = ()) -> list[Name]:
    """The identifiers of a row as they are compared, declared kinds first; an own id as it is kept."""
    said = told["identifiers"]
    found = []
    for kind in rows_of_people.ordered(said, first):
        if kind != "id":
            found.append((kind, normalise(kind, said[kind])))
        elif (own := parse(said[kind], "person")) is not None:
            found.append((kind, str(own)))
    return found


class ImportedPeople:
    """See `Kind`."""

    async def plan(
        self, tx: WriteTx, batch: Row, rows: Sequence[Told], above: dict[int, Boss] | None, now: datetime
    ) -> None:
        first = tuple(batch["options"].get("person_kinds") or ())
        named = {row.number: names_of(row.told, first) for row in rows}
        keys = {row.number: rows_of_people.manager_of(row.told, first) for row in rows}
        lookups = {name for names in named.values() for name in names}
        lookups |= {name for key in keys.values() if key is not None for name in _names_of_manager(key)}
        known = await _known(tx, lookups)
        if above is None:
            await _find_above(tx, batch, rows, keys, known)
        ids = {known[name] for names in named.values() for name in names if name in known}
        people = {person.id: person for person in await get_people(tx, list(ids)) if person.deleted_at is None}
        erased = await _erased(tx, lookups)
        absent = {row["person"] for row in await tx.rows("suspended_by_imports", people=list(people))}
        for row in rows:
            try:
                person = _meant(row, named[row.number], known, people)
                row.person = person.id if person else None
                manager = _manager(row, keys[row.number], known, above)
                if person is None and not erased.isdisjoint(named[row.number]):
                    # Or every night's file would bring her back; whoever wants that adds her.
                    row.reject((FieldFault("person", ERASED, "names somebody who was erased (rule G5)"),))
                elif person is None:
                    self._plan_new(row, manager, now)
                else:
                    is_whole = bool(batch["options"].get("whole"))
                    self._plan_known(row, person, manager, now, returns=is_whole and person.id in absent)
            except InvalidInput as error:
                row.reject(error.faults)
            settle_above(row, above)

    @staticmethod
    def _plan_new(row: Told, manager: tuple[Id | None, str | None], now: datetime) -> None:
        row.outcome = Outcome.CREATED
        row.work = _New(rows_of_people.new_person(row.told, now), Job(row.told.get("title"), *manager))

    @staticmethod
    def _plan_known(
        row: Told, person: Person, manager: tuple[Id | None, str | None], now: datetime, *, returns: bool
    ) -> None:
        leaves = rows_of_people.is_leaving(row.told, now)
        change = rows_of_people.change_of(row.told, manager=Reference("", field="manager"))
        planned = plan_change(person, change, manager=manager)
        stays: bool | None = None
        if leaves and person.is_active:
            stays = False
        elif not leaves and not person.is_active and (row.told.get("active") or returns):
            stays = True
        was_here = person.status(now) in (PersonStatus.ACTIVE, PersonStatus.NEW)
        row.work = _Known(replace(person, ends_at=planned.after["ends_at"]), planned if planned.said else None, stays)
        if leaves and was_here:
            row.outcome = Outcome.DEACTIVATED
        elif planned.said or stays is not None:
            row.outcome = Outcome.CHANGED
        else:
            row.outcome = Outcome.UNCHANGED

    async def write(self, tx: WriteTx, batch: Row, rows: Sequence[Told], now: datetime) -> None:
        caller = caller_of(tx, batch)
        new = [row for row in rows if isinstance(row.work, _New)]
        if new:
            people = [row.work.person for row in new]
            jobs = [row.work.job for row in new]
            await add_people(tx, caller, people, now, ids=[row.id for row in new], jobs=jobs)
            for row in new:
                row.person = row.id
        known = [row.work for row in rows if isinstance(row.work, _Known)]
        changed = [work.change for work in known if work.change is not None]
        if changed:
            await change_people(tx, caller, changed, now)
        # Suspended since the end of her employment, where the file says when that was and it is past.
        leaving = [(work.person, _past(work.person.ends_at, now)) for work in known if work.stays is False]
        await suspend_people(tx, caller, leaving, now)
        await reinstate_people(tx, caller, [work.person for work in known if work.stays], now)

    async def remove(self, tx: WriteTx, batch: Row, absent: Sequence[Row], now: datetime) -> None:
        people = await get_people(tx, [row["subject"] for row in absent])
        leaving = [(person, None) for person in people if person.is_active and person.deleted_at is None]
        await suspend_people(tx, caller_of(tx, batch), leaving, now, batch=batch["id"])


async def _erased(tx: Tx, names: set[Name]) -> set[Name]:
    """Those that named somebody who was erased."""
    if not await has_erased(tx):
        return set()
    said = {
        Identifier(kind, value): (kind, value)
        for kind, value in names
        if kind != "id" and 0 < len(value) <= IDENTIFIER_LENGTH_MAX
    }
    return {said[one] for one in await erased_among(tx, said)}


async def _known(tx: Tx, names: set[Name]) -> dict[Name, Id]:
    plain = [name for name in names if name[0] != "id"]
    rows = await tx.rows(
        "import_people",
        kinds=[kind for kind, _ in plain],
        values=[value for _, value in plain],
        ids=[value for kind, value in names if kind == "id"],
    )
    return {(row[0], row[1]): row[2] for row in rows}


def _meant(row: Told, names: Sequence[Name], known: Mapping[Name, Id], people: Mapping[Id, Person]) -> Person | None:
    """Whom a row means; None for somebody new. Raises InvalidInput."""
    found: dict[Id, Name] = {}
    for name in names:
        id = known.get(name)
        if id in people and id is not None:
            found.setdefault(id, name)
    if len(found) > 1:
        told = " and ".join(f"{kind} {value!r} {to_ulid(id, 'person')}" for id, (kind, value) in found.items())
        raise InvalidInput(FieldFault("person", "duplicate", f"names more than one person: {told} (rule I5)"))
    own = row.told["identifiers"].get("id")
    if own and not any(kind == "id" and people.get(known.get((kind, value), row.id)) for kind, value in names):
        raise InvalidInput(FieldFault("id", "not_found", f"nobody here has the id {own!r}"))
    if not found:
        return None
    ((id, by),) = found.items()
    person, (kind, value) = people[id], names[0]
    others = person.identifiers.get(kind, ())
    if kind != by[0] and kind != "id" and others and value not in others:
        # She may be somebody else who was given an address that is free again: people are never merged by a guess.
        said = f"{by[0]} {by[1]!r} names {to_ulid(id, 'person')}, whose {kind} is {others[0]!r}"
        raise InvalidInput(FieldFault(kind, "duplicate", said))
    return person


def _names_of_manager(key: ManagerKey) -> list[Name]:
    found = []
    for kind in key.kinds:
        if kind != "id":
            found.append((kind, normalise(kind, key.value)))
        elif (own := parse(key.value, "person")) is not None:
            found.append((kind, str(own)))
    return found


async def _find_above(
    tx: WriteTx,
    batch: Row,
    rows: Sequence[Told],
    keys: Mapping[int, ManagerKey | None],
    known: Mapping[Name, Id],
) -> None:
    """Find the rows of managers, by the names that rows have or by the people they name."""
    lookups = {name for key in keys.values() if key is not None for name in _names_of_manager(key)}
    found = await tx.rows(
        "import_named", batch=batch["id"], kinds=[kind for kind, _ in lookups], values=[value for _, value in lookups]
    )
    numbers: dict[Name, int] = {(row["kind"], row["value"]): row["number"] for row in found}
    bosses = list({known[name] for name in lookups if name in known})
    rows_of = await tx.rows("import_rows_of_people", batch=batch["id"], people=bosses)
    by_person: dict[Id, int] = {row["person"]: row["number"] for row in rows_of}
    for row in rows:
        key = keys[row.number]
        for name in _names_of_manager(key) if key is not None else ():
            id = known.get(name)
            number = numbers.get(name) or (by_person.get(id) if id is not None else None)
            if number is not None or id is not None:
                row.above, row.under = number, None if number is not None else id
                break


def _manager(
    row: Told, key: ManagerKey | None, known: Mapping[Name, Id], above: Mapping[int, Boss] | None
) -> tuple[Id | None, str | None]:
    """Who the manager is, or under which reference she is awaited. Raises InvalidInput."""
    if key is None:
        return None, None
    if row.above == row.number:
        raise InvalidInput(FieldFault("manager", "range", "nobody may stand above herself"))
    boss = above.get(row.above) if above and row.above is not None else None
    if boss is not None and not boss.is_rejected:
        return boss.subject, None
    found = next((known[name] for name in _names_of_manager(key) if name in known), None)
    if found is not None:
        if found == row.person:
            raise InvalidInput(FieldFault("manager", "range", "nobody may stand above herself"))
        return found, None
    if key.is_awaited:
        return None, normalise("ref", key.value)
    if row.above is not None and above is None:
        return None, key.value  # at the rehearsal: she comes with the file
    raise InvalidInput(FieldFault("manager", "not_found", f"nobody is known by {key.value!r}"))


def _past(at: datetime | None, now: datetime) -> datetime | None:
    return at if at is not None and at <= now else None
