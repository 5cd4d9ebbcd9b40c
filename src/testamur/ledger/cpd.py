"""Continuing professional development: logging it, asking for it, and adding it up."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Generic, TypeVar

from testamur.core.callers import Caller
from testamur.core.cpd import (
    CpdCategory,
    CpdEntry,
    CpdMinutes,
    CpdRequirement,
    NewCpdEntry,
    check_minutes,
    check_name,
)
from testamur.core.errors import AudienceNotFound, KeyReused, NotFound, PersonNotFound, TestamurError
from testamur.core.ids import Id, new_id
from testamur.core.people import Reference
from testamur.ledger.audiences import find_audience
from testamur.ledger.entries import Change, append
from testamur.ledger.people_rows import resolve_people
from testamur.storage.database import Database
from testamur.storage.transactions import Row, WriteTx

LOGGED_AT_ONCE = 1_000
"""Entries in one transaction."""

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class CpdPage(Generic[T]):
    """A page of a list, and how many stand on all pages."""

    total: int
    results: list[T]


@dataclass(frozen=True, slots=True)
class LoggedCpd:
    """An entry's id, and whether it was logged by this call or known before."""

    id: Id
    is_new: bool


@dataclass(frozen=True, slots=True)
class _Fresh:
    """An entry that is to be written."""

    id: Id
    person: Id
    entry: NewCpdEntry
    digest: bytes
    content: bytes


class Cpd:
    """Verbs on continuing professional development.

    What was logged stays as it was logged. Lists stand in the order in which things were added, so pages stay put
    while rows arrive.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add_categories(self, caller: Caller, names: Sequence[str]) -> int:
        """Add categories by their names; those already there stay. Returns how many are new.

        Raises: InvalidInput for a name that is empty or too long.
        """
        for name in names:
            check_name(name)
        if not names:
            return 0
        async with self._database.write(caller.tenant, alone=True) as tx:
            _, added = await self._categories(tx, caller, names)
        return added

    async def log(self, caller: Caller, new: Sequence[NewCpdEntry]) -> list[LoggedCpd | TestamurError]:
        """Log up to LOGGED_AT_ONCE entries; what became of each, in order. A refused one does not hinder the others.

        An entry that is known already changes nothing, so callers may retry freely: the same reference, or without
        one the same content.

        Returns: PersonNotFound, naming the reference's field, for an entry of nobody known here; KeyReused for a
            reference that came with other content before.
        """
        assert len(new) <= LOGGED_AT_ONCE
        if not new:
            return []
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            found = await resolve_people(tx, [entry.person for entry in new], with_deleted=True)
            people = [found.get(place) for place in range(len(new))]
            digests = [entry.digests(person) if person else None for entry, person in zip(new, people, strict=True)]
            rows = await tx.rows("cpd_entries_known", digests=[both[0] for both in digests if both])
            known: dict[bytes, tuple[Id, bytes]] = {row["digest"]: (row["id"], row["content_digest"]) for row in rows}
            answers: list[LoggedCpd | TestamurError] = []
            fresh: list[_Fresh] = []
            for entry, person, both in zip(new, people, digests, strict=True):
                if person is None or both is None:
                    answers.append(
                        PersonNotFound(f"No person {entry.person.value!r} in this tenant", field=entry.person.field)
                    )
                    continue
                digest, content = both
                if digest not in known:
                    id = new_id()
                    known[digest] = (id, content)
                    fresh.append(_Fresh(id, person, entry, digest, content))
                    answers.append(LoggedCpd(id, True))
                elif known[digest][1] != content:
                    answers.append(KeyReused(f"The reference {entry.reference!r} came with other content before"))
                else:
                    answers.append(LoggedCpd(known[digest][0], False))
            if fresh:
                categories, _ = await self._categories(tx, caller, [row.entry.category for row in fresh])
                await _add(tx, fresh, categories, now)
                changes = [Change("cpd_entry.logged", row.id, {"person": row.person}) for row in fresh]
                await append(tx, caller.client, changes, now)
        return answers

    async def require(self, caller: Caller, audience: Reference, minutes: int) -> Id:
        """Ask an audience for so many minutes; what was asked before stays readable in the ledger's entries.

        Raises: AudienceNotFound naming the reference's field, InvalidInput.
        """
        check_minutes(minutes, "required_minutes")
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            of = await find_audience(tx, audience)
            if of is None:
                raise AudienceNotFound(f"No audience {audience.value!r} in this tenant", field=audience.field)
            row = await tx.row("cpd_requirement_set", id=new_id(), audience=of, minutes=minutes, now=now)
            assert row is not None
            id: Id = row["id"]
            if row["is_changed"]:
                data = {"audience": of, "required_minutes": minutes, "before": row["before"]}
                kind = "cpd_requirement.added" if row["before"] is None else "cpd_requirement.changed"
                await append(tx, caller.client, [Change(kind, id, data)], now)
        return id

    async def categories(
        self, tenant: Id, *, updated_since: datetime | None = None, count: int, skip: int = 0
    ) -> CpdPage[CpdCategory]:
        """A page of categories."""
        async with self._database.read(tenant) as tx:
            total = await tx.value("cpd_categories_count", updated_since=updated_since)
            rows = await tx.rows("cpd_categories_page", updated_since=updated_since, count=count, skip=skip)
        return CpdPage(total, [CpdCategory(row["id"], row["name"]) for row in rows])

    async def category(self, tenant: Id, id: Id) -> CpdCategory:
        """One category. Raises NotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("cpd_category_get", id=id)
        if row is None:
            raise NotFound("No such CPD category in this tenant")
        return CpdCategory(row["id"], row["name"])

    async def entries(
        self,
        tenant: Id,
        *,
        done_from: datetime | None = None,
        done_before: datetime | None = None,
        count: int,
        skip: int = 0,
    ) -> CpdPage[CpdEntry]:
        """A page of entries about a period."""
        async with self._database.read(tenant) as tx:
            total = await tx.value("cpd_entries_count", done_from=done_from, done_before=done_before)
            rows = await tx.rows(
                "cpd_entries_page", done_from=done_from, done_before=done_before, count=count, skip=skip
            )
        return CpdPage(total, [_entry(row) for row in rows])

    async def entry(self, tenant: Id, id: Id) -> CpdEntry:
        """One entry. Raises NotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("cpd_entry_get", id=id)
        if row is None:
            raise NotFound("No such CPD entry in this tenant")
        return _entry(row)

    async def requirements(
        self, tenant: Id, *, updated_since: datetime | None = None, count: int, skip: int = 0
    ) -> CpdPage[CpdRequirement]:
        """A page of requirements."""
        async with self._database.read(tenant) as tx:
            total = await tx.value("cpd_requirements_count", updated_since=updated_since)
            rows = await tx.rows("cpd_requirements_page", updated_since=updated_since, count=count, skip=skip)
        return CpdPage(total, [_requirement(row) for row in rows])

    async def requirement(self, tenant: Id, id: Id) -> CpdRequirement:
        """One requirement. Raises NotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("cpd_requirement_get", id=id)
        if row is None:
            raise NotFound("No such CPD requirement in this tenant")
        return _requirement(row)

    async def minutes(
        self,
        tenant: Id,
        *,
        done_from: datetime,
        done_before: datetime,
        people: Sequence[Reference] | None = None,
        count: int,
        skip: int = 0,
    ) -> CpdPage[CpdMinutes]:
        """What people logged in a period, in order of id.

        Args:
            people: only these, each of them even without an entry; names of nobody are left out. None for everybody
                with an entry in the period.
        """
        period = {"done_from": done_from, "done_before": done_before}
        async with self._database.read(tenant) as tx:
            if people is not None:
                whom = sorted(set((await resolve_people(tx, people, with_deleted=True)).values()))
                rows = await tx.rows("cpd_minutes_of", people=whom[skip : skip + count], **period)
                total = len(whom)
            else:
                total = await tx.value("cpd_minutes_people", **period)
                rows = await tx.rows("cpd_minutes_page", count=count, skip=skip, **period)
        return CpdPage(total, [CpdMinutes(row["person"], row["minutes"]) for row in rows])

    async def _categories(self, tx: WriteTx, caller: Caller, names: Sequence[str]) -> tuple[Mapping[str, Id], int]:
        """The categories of these names, made where missing, and how many were."""
        now = self._clock()
        distinct = list(dict.fromkeys(names))
        added = await tx.rows("cpd_categories_add", ids=[new_id() for _ in distinct], names=distinct, now=now)
        if added:
            changes = [Change("cpd_category.added", row["id"], {"name": row["name"]}) for row in added]
            await append(tx, caller.client, changes, now)
        rows = await tx.rows("cpd_categories_named", names=distinct)
        return {row["name"]: row["id"] for row in rows}, len(added)


async def _add(tx: WriteTx, fresh: Sequence[_Fresh], categories: Mapping[str, Id], now: datetime) -> None:
    entries = [row.entry for row in fresh]
    await tx.run(
        "cpd_entries_add",
        ids=[row.id for row in fresh],
        people=[row.person for row in fresh],
        categories=[categories[entry.category] for entry in entries],
        types=[entry.activity_type for entry in entries],
        names=[entry.activity_name for entry in entries],
        done=[entry.done.at for entry in entries],
        minutes=[entry.duration_minutes for entry in entries],
        descriptions=[entry.description for entry in entries],
        verified=[entry.is_verified for entry in entries],
        digests=[row.digest for row in fresh],
        contents=[row.content for row in fresh],
        now=now,
    )


def _entry(row: Row) -> CpdEntry:
    return CpdEntry(
        id=row["id"],
        person=row["person"],
        category=CpdCategory(row["category"], row["category_name"]),
        activity_type=row["activity_type"],
        activity_name=row["activity_name"],
        done_at=row["done_at"],
        duration_minutes=row["duration_minutes"],
        description=row["description"],
        is_verified=row["is_verified"],
    )


def _requirement(row: Row) -> CpdRequirement:
    return CpdRequirement(
        id=row["id"],
        audience=row["audience"],
        required_minutes=row["required_minutes"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
