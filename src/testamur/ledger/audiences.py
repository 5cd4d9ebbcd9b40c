"""Audiences: what they are called and in which structures they stand."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any

from testamur.core.audiences import EVERYONE_NAME, Audience, AudienceCategory, AudienceChange, NewAudience, is_everyone
from testamur.core.callers import Caller
from testamur.core.errors import AudienceNotFound, Conflict, FieldFault, IdentifierTaken, InvalidInput, NameTaken
from testamur.core.ids import FIRST_ID, LAST_ID, Id, new_id
from testamur.core.people import Reference
from testamur.ledger.entries import Change, append
from testamur.ledger.membership_spans import close_other_memberships
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx, WriteTx


class Audiences:
    """Verbs on audiences. What is decided here by what is read is decided with the tenant's writers kept waiting.

    Those that take a Reference serve the APIs: they change only what is API-controlled and raise Conflict for the rest.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, caller: Caller, new: NewAudience) -> Id:
        """Add an audience and return its id; see `create`."""
        return (await self.create(caller, new)).id

    async def create(self, caller: Caller, new: NewAudience, *, is_named_apart: bool = False) -> Audience:
        """Add an audience.

        Args:
            is_named_apart: whether its name must be no other's among those of people.
        Raises: AudienceNotFound for a parent's id, InvalidInput for a parent's reference, that names nothing here;
            InvalidInput for a parent that is no structure; IdentifierTaken for a reference in use, also as an id;
            Conflict when the parent is not API-controlled and this one is; NameTaken.
        """
        async with self._database.write(caller.tenant, alone=True) as tx:
            if is_named_apart:
                await _check_name(tx, new.name, None)
            return await _get(tx, await add_audience(tx, caller, new, self._clock()))

    async def get(self, tenant: Id, reference: Reference) -> Audience:
        """The audience that `reference` names, by its reference or id. Raises AudienceNotFound."""
        async with self._database.read(tenant) as tx:
            return await get_audience(tx, reference)

    async def numbered_page(
        self,
        tenant: Id,
        *,
        is_api_controlled: bool | None = None,
        updated_since: datetime | None = None,
        count: int,
        skip: int = 0,
    ) -> tuple[int, list[Audience]]:
        """How many audiences there are, and a page of them in order of creation."""
        by = {"api_controlled": is_api_controlled, "updated_since": updated_since}
        async with self._database.read(tenant) as tx:
            total: int = await tx.value("audiences_count", **by)
            rows = await tx.rows("audiences_numbered_page", count=count, skip=skip, **by)
        return total, [audience_of(row) for row in rows]

    async def page(
        self,
        tenant: Id,
        *,
        named: Reference | None = None,
        category: AudienceCategory | None = None,
        parent: Reference | None = None,
        updated_after: datetime | None = None,
        after: Id | None = None,
        count: int,
    ) -> list[Audience]:
        """Up to `count` audiences in order of id, from behind `after`.

        Args:
            named: none but the one it names.
            parent: only those that stand in this one.
        Raises: AudienceNotFound for an unknown parent, naming its field.
        """
        async with self._database.read(tenant) as tx:
            only = await find_audience(tx, named) if named else None
            if named and only is None:
                return []
            rows = await tx.rows(
                "audiences_keyset",
                first=only or FIRST_ID,
                last=only or LAST_ID,
                after=after or FIRST_ID,
                category=category.value if category else None,
                parent=(await get_audience(tx, parent)).id if parent else None,
                updated_after=updated_after,
                count=count,
            )
        return [audience_of(row) for row in rows]

    async def change(
        self,
        caller: Caller,
        reference: Reference,
        change: AudienceChange,
        *,
        is_named_apart: bool = False,
    ) -> Audience:
        """Change an audience; its members and managers stay as they are.

        Args:
            is_named_apart: as `create` takes it.
        Raises: AudienceNotFound; IdentifierTaken and the parent's errors as `create`; InvalidInput when it would
            stand within itself; Conflict, NameTaken.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            audience = await governed_audience(tx, reference)
            if is_named_apart and change.name is not None:
                await _check_name(tx, change.name, audience.id)
            parent = audience.parent
            if change.parent is not None:
                parent = await _parent(tx, change.parent, is_api_controlled=True, of=audience.id)
            place: dict[str, Any] = {
                "name": audience.name if change.name is None else change.name,
                "reference": audience.reference if change.reference is None else change.reference,
                "parent": parent,
            } | dict.fromkeys(change.clears)
            if not await move_audience(tx, caller, audience, now, **place):
                return audience
            return await _get(tx, audience.id)

    async def remove(self, caller: Caller, reference: Reference) -> None:
        """Delete an audience: its members leave today, its managers and reporters cease now.

        Its reference is free again.

        Raises: AudienceNotFound; Conflict, also while audiences stand in it.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            audience = await governed_audience(tx, reference)
            children: int = await tx.value("audience_children_count", id=audience.id)
            if children:
                raise Conflict(f"{children} audiences stand in this one; delete or move them first")
            await close_other_memberships(tx, caller, audience.id, staying=[], now=now)
            managers = [row["person"] for row in await tx.rows("managers_get", audience=audience.id)]
            changes = [Change("manager.closed", person, {"audience": str(audience.id)}) for person in managers]
            if managers:
                await tx.run("managers_close", audience=audience.id, people=managers, now=now)
            reporters = await tx.rows("audience_reporters_close", audience=audience.id, now=now)
            changes += [Change("reporter.closed", row["person"], {"audience": str(audience.id)}) for row in reporters]
            await tx.run("audience_delete", id=audience.id, now=now)
            await append(tx, caller.client, [*changes, Change("audience.deleted", audience.id)], now)

    async def was_removed(self, tenant: Id, reference: Reference) -> bool:
        """Whether an id is that of an audience that was deleted."""
        async with self._database.read(tenant) as tx:
            return reference.id is not None and bool(await tx.value("audience_was_deleted", id=reference.id))

    async def of_people(
        self, tenant: Id, *, name: str | None = None, after: Id | None = None, count: int
    ) -> list[Audience]:
        """Up to `count` audiences that somebody made for people, in order of id, from behind `after`.

        Structures are left out, and what is kept here for one person or for everybody.
        """
        async with self._database.read(tenant) as tx:
            if name is None:
                rows = await tx.rows("audiences_of_people", after=after or FIRST_ID, count=count)
            else:
                rows = await tx.rows("audiences_of_people_named", name=name, after=after or FIRST_ID, count=count)
        return [audience_of(row) for row in rows]


async def add_audience(tx: WriteTx, caller: Caller, new: NewAudience, now: datetime, *, id: Id | None = None) -> Id:
    """Add an audience and return its id, with the errors of `Audiences.create`. The writer must be alone."""
    id = id or new_id()
    parent = None
    if new.parent is not None:
        parent = await _parent(tx, new.parent, is_api_controlled=new.is_api_controlled)
    if new.reference is not None:
        await _check_free(tx, new.reference, id)
    place = {"name": new.name, "reference": new.reference, "parent": parent}
    await tx.run(
        "audience_add",
        id=id,
        category=new.category.value,
        api_controlled=new.is_api_controlled,
        is_smart=new.is_smart,
        now=now,
        **place,
    )
    data = {"category": new.category.value, "is_api_controlled": new.is_api_controlled, **place}
    await append(tx, caller.client, [Change("audience.added", id, data)], now)
    return id


async def move_audience(
    tx: WriteTx,
    caller: Caller,
    audience: Audience,
    now: datetime,
    *,
    name: str,
    reference: str | None,
    parent: Id | None,
) -> bool:
    """Give an audience this name, reference and place. Returns whether any of them is new.

    Raises: as `Audiences.change`. The writer must be alone.
    """
    if parent is not None and parent != audience.parent:
        await _parent(tx, parent, is_api_controlled=True, of=audience.id)
    if reference is not None and reference != audience.reference:
        await _check_free(tx, reference, audience.id)
    after = {"name": name, "reference": reference, "parent": parent}
    if after == {"name": audience.name, "reference": audience.reference, "parent": audience.parent}:
        return False
    await tx.run("audience_change", id=audience.id, now=now, **after)
    await append(tx, caller.client, [Change("audience.changed", audience.id, after)], now)
    return True


async def find_audience(tx: Tx, reference: Reference) -> Id | None:
    """The id that `reference` names in this transaction's tenant, or None.

    Everybody's audience is there only after something was set to it (`everyone.meant_audience`).
    """
    if is_everyone(reference):
        return await find_everyone(tx)
    found: Id | None = await tx.value("audience_resolve", reference=reference.value, id=reference.id)
    return found


async def find_everyone(tx: Tx) -> Id | None:
    """Everybody's audience, or None while nothing was ever set to it."""
    found: Id | None = await tx.value("everyone_find")
    return found


async def get_audience(tx: Tx, reference: Reference) -> Audience:
    """The audience that `reference` names. Raises AudienceNotFound naming the reference's field."""
    id = await find_audience(tx, reference)
    if id is None:
        raise AudienceNotFound(f"No audience {reference.value!r} in this tenant", field=reference.field)
    return await _get(tx, id)


async def governed_audience(tx: WriteTx, reference: Reference) -> Audience:
    """The audience that `reference` names, to be changed through an API. Raises AudienceNotFound, Conflict."""
    if is_everyone(reference):
        raise Conflict("Everybody belongs to this audience, whatever else is said", field=reference.field)
    audience = await get_audience(tx, reference)
    if not audience.is_api_controlled:
        raise Conflict("This audience is not API-controlled: people change it here", field=reference.field)
    return audience


async def _parent(tx: WriteTx, parent: Id | Reference, *, is_api_controlled: bool, of: Id | None = None) -> Id:
    """The id of a structure that an audience, `of` when it is there already, may stand in."""
    if isinstance(parent, Reference):
        field, id = parent.field, await find_audience(tx, parent)
        if id is None:
            raise InvalidInput(FieldFault(field, "not_found", f"names no audience in this tenant: {parent.value!r}"))
    else:
        field, id = "parent", parent
    row = await tx.row("audience_get", id=id)
    if row is None:
        raise AudienceNotFound(field=field)
    stored = audience_of(row)
    if of is not None and await tx.value("audience_stands_within", id=stored.id, outer=of):
        raise InvalidInput(FieldFault(field, "order", "may not name the audience itself, nor one within it"))
    if stored.category is not AudienceCategory.STRUCTURE:
        raise InvalidInput(FieldFault(field, "range", "must name a structure"))
    if is_api_controlled and not stored.is_api_controlled:
        raise Conflict("An API-controlled audience stands only in an API-controlled structure", field=field)
    return stored.id


async def _check_free(tx: WriteTx, reference: str, of: Id) -> None:
    # Where a path takes either, a reference that spells another's id would hide that one.
    for_id = Reference(reference, (), "audience", "reference").id
    taken = await tx.value("audience_resolve", reference=reference, id=for_id)
    if taken is not None and taken != of:
        raise IdentifierTaken("This reference already names an audience", field="reference")


async def _check_name(tx: WriteTx, name: str, of: Id | None) -> None:
    taken = await tx.rows("audiences_of_people_named", name=name, after=FIRST_ID, count=2)
    if name == EVERYONE_NAME or any(row["id"] != of for row in taken):
        raise NameTaken(field="name")


async def _get(tx: Tx, id: Id) -> Audience:
    row = await tx.row("audience_get", id=id)
    assert row is not None
    return audience_of(row)


def audience_of(row: Row) -> Audience:
    """From a row of the table with the name and the reference of its parent."""
    return Audience(
        id=row["id"],
        name=row["name"],
        category=AudienceCategory(row["category"]),
        reference=row["reference"],
        parent=row["parent"],
        parent_name=row["parent_name"],
        parent_reference=row["parent_reference"],
        is_api_controlled=row["api_controlled"],
        is_smart=row["is_smart"],
        is_everyone=row["of_everyone"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
    )
