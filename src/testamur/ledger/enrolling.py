"""Enrolling: giving people and audiences a place among an item's learners, and taking it back.

A due date is an assignment, made and ended with the enrolment that says it: compliance knows no other deadlines. Of a
collection it is kept and shown only, because nothing here completes a collection by its parts.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from testamur.core.assignments import NewAssignment
from testamur.core.audiences import is_everyone
from testamur.core.callers import Caller
from testamur.core.errors import AudienceNotFound, CollectionNotFound, ItemNotFound
from testamur.core.ids import Id, new_id
from testamur.core.items import ItemKind
from testamur.core.moments import When
from testamur.core.people import Keep, Reference
from testamur.core.personal_assignments import NewPersonalAssignment, last_moment, period_days
from testamur.ledger.assignments import end_assignment, make_assignment
from testamur.ledger.audiences import find_audience
from testamur.ledger.entries import Change, append
from testamur.ledger.everyone import meant_audience
from testamur.ledger.items import find_item
from testamur.ledger.people_rows import present_person
from testamur.ledger.personal_assignments import assign_by_name
from testamur.ledger.standing_lines import restand_assignment
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx, WriteTx

Due = When | None | Keep
"""The last moment or day in time, none, or what was said before."""


@dataclass(frozen=True, slots=True)
class Offer:
    """What somebody may be enrolled in: a learning object, or with `is_collection` a collection of them."""

    item: Reference
    is_collection: bool = False


class Enrolling:
    """Verbs on enrolments in items. Each said again changes nothing.

    They raise ItemNotFound, or CollectionNotFound for an offer that is a collection, also of what is retired; then
    PersonNotFound or AudienceNotFound. Each names the reference's field.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def check(self, tenant: Id, offer: Offer, *, person: Reference | None, audience: Reference | None) -> None:
        """Raise what enrolling would, before it looks at due dates."""
        async with self._database.read(tenant) as tx:
            await _offered(tx, offer)
            if person is not None:
                await present_person(tx, person)
            if audience is not None:
                await _audience(tx, audience)

    async def enrol_person(
        self, caller: Caller, offer: Offer, person: Reference, *, source: str, due: Due = Keep.KEEP, field: str = ""
    ) -> None:
        """Enrol somebody by name; an enrolment that stands keeps its date.

        Args:
            source: the dialect.
            due: in `field`. Raises InvalidInput for one that is too far away.
        """
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            item, whom = await _offered(tx, offer), await present_person(tx, person)
            row = await tx.row("enrolment_get", item=item, person=whom)
            standing = _Standing.of(row)
            due_at = await _due_at(tx, standing, due, now, field)
            if standing.is_open and due_at == standing.due_at:
                return
            assignment = None
            if standing.assignment is not None:
                await end_assignment(tx, caller, standing.assignment, now)
            if due_at is not None and not offer.is_collection:
                assignment = await _assign_person(tx, caller, whom, item, due_at, now)
            said = {"item": item, "due_at": due_at, "assignment": assignment}
            await tx.run("enrolment_write", person=whom, source=source, now=now, **said)
            kind = "enrolment.changed" if standing.is_open else "enrolment.opened"
            await append(tx, caller.client, [Change(kind, whom, said)], now)

    async def enrol_audience(
        self, caller: Caller, offer: Offer, audience: Reference, *, due: Due = Keep.KEEP, field: str = ""
    ) -> None:
        """Enrol whoever is a member of an audience, now and later. Arguments as of `enrol_person`."""
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            item = await _offered(tx, offer)
            group = await meant_audience(tx, caller, audience, now)
            row = await tx.row("audience_enrolment_open", item=item, audience=group)
            standing = _Standing.of(row)
            due_at = await _due_at(tx, standing, due, now, field)
            if standing.is_open and due_at == standing.due_at:
                return
            assignment = None
            if standing.assignment is not None:
                await end_assignment(tx, caller, standing.assignment, now)
            if due_at is not None and not offer.is_collection:
                assignment = await _assign_audience(tx, caller, group, item, due_at, now)
            said = {"due_at": due_at, "assignment": assignment}
            if row is not None:
                await tx.run("audience_enrolment_change", id=row["id"], **said)
            else:
                await tx.run("audience_enrolment_add", id=new_id(), item=item, audience=group, now=now, **said)
            kind = "audience_enrolment.changed" if standing.is_open else "audience_enrolment.opened"
            await append(tx, caller.client, [Change(kind, group, {"item": item, **said})], now)

    async def unenrol_person(self, caller: Caller, offer: Offer, person: Reference) -> None:
        """Take back an enrolment by name; places through audiences stay, and so does every record."""
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            item, whom = await _offered(tx, offer), await present_person(tx, person)
            standing = _Standing.of(await tx.row("enrolment_get", item=item, person=whom))
            if not standing.is_open:
                return
            if standing.assignment is not None:
                await end_assignment(tx, caller, standing.assignment, now)
            await tx.run("enrolment_end", item=item, person=whom, now=now)
            await append(tx, caller.client, [Change("enrolment.ended", whom, {"item": item})], now)

    async def unenrol_audience(self, caller: Caller, offer: Offer, audience: Reference) -> None:
        """Take back the enrolment of an audience; who is enrolled by name as well stays enrolled."""
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            item, group = await _offered(tx, offer), await _audience(tx, audience)
            row = await tx.row("audience_enrolment_open", item=item, audience=group) if group else None
            if group is None or row is None:
                return
            if row["assignment"] is not None:
                await end_assignment(tx, caller, row["assignment"], now)
            await tx.run("audience_enrolment_end", id=row["id"], now=now)
            await append(tx, caller.client, [Change("audience_enrolment.ended", group, {"item": item})], now)


@dataclass(frozen=True, slots=True)
class _Standing:
    """What there is of an enrolment before it is written."""

    is_open: bool = False
    due_at: datetime | None = None
    assignment: Id | None = None

    @classmethod
    def of(cls, row: Row | None) -> _Standing:
        if row is None or row["ended_at"] is not None:
            return cls()
        return cls(True, row["due_at"], row["assignment"])


async def _offered(tx: Tx, offer: Offer) -> Id:
    id = await find_item(tx, offer.item)
    row = await tx.row("item_offered", id=id) if id else None
    is_it = row is not None and (row["kind"] == ItemKind.COLLECTION.value) == offer.is_collection
    if id is None or row is None or not is_it or row["retired_at"] is not None:
        error = CollectionNotFound if offer.is_collection else ItemNotFound
        what = "collection" if offer.is_collection else "learning object"
        raise error(f"No {what} {offer.item.value!r} in this tenant", field=offer.item.field)
    return id


async def _audience(tx: Tx, audience: Reference) -> Id | None:
    """Everybody's audience may not be there yet."""
    found = await find_audience(tx, audience)
    if found is None and not is_everyone(audience):
        raise AudienceNotFound(f"No audience {audience.value!r} in this tenant", field=audience.field)
    return found


async def _due_at(tx: Tx, standing: _Standing, due: Due, now: datetime, field: str) -> datetime | None:
    if isinstance(due, Keep):
        return standing.due_at
    return None if due is None else last_moment(due, ZoneInfo(await tx.value("tenant_zone")), now, field)


async def _assign_person(tx: WriteTx, caller: Caller, whom: Id, item: Id, due_at: datetime, now: datetime) -> Id | None:
    # What somebody else assigned to her by name is theirs to change.
    if await tx.row("personal_assignment_standing", person=whom, item=item) is not None:
        return None
    new = NewPersonalAssignment(
        person=Reference(str(whom), (), "person"), item=Reference(str(item), (), "item"), due=When.instant(due_at)
    )
    return await assign_by_name(tx, caller, whom, item, new, now)


async def _assign_audience(tx: WriteTx, caller: Caller, audience: Id, item: Id, due_at: datetime, now: datetime) -> Id:
    zone = ZoneInfo(await tx.value("tenant_zone"))
    new = NewAssignment(
        audience=Reference(str(audience), (), "audience"),
        primary=Reference(str(item), (), "item"),
        completion_period_days=period_days(due_at, zone, now),
    )
    id = new_id()
    settings: dict[str, Any] = await make_assignment(tx, id, new, now)
    await append(tx, caller.client, [Change("assignment.added", id, settings)], now)
    await restand_assignment(tx, id, now)
    return id
