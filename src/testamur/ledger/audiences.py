"""Audiences and who belongs to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime
from typing import Any

from testamur.core.audiences import (
    EVERYONE_NAME,
    Audience,
    AudienceCategory,
    AudienceChange,
    Joining,
    Member,
    Membership,
    NewAudience,
    Outcome,
    is_everyone,
)
from testamur.core.callers import Caller
from testamur.core.errors import (
    AudienceNotFound,
    Conflict,
    FieldFault,
    IdentifierTaken,
    InvalidInput,
    NameTaken,
    PersonNotFound,
)
from testamur.core.ids import FIRST_ID, LAST_ID, Id, new_id
from testamur.core.people import Reference, normalise
from testamur.ledger.entries import Change, append
from testamur.ledger.standing_lines import restand_audience
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx, WriteTx

NOBODY = "No such user"
"""Why a list's entry fails when it names no person of this tenant."""


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
            await self._close_others(tx, caller, audience.id, staying=[], now=now)
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

    async def of_person(self, tenant: Id, person: Id, *, after: Id | None = None, count: int) -> list[Audience]:
        """As `of_people`, those that a person is a member of."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("audiences_of_person", person=person, after=after or FIRST_ID, count=count)
        return [audience_of(row) for row in rows]

    async def members(self, tenant: Id, reference: Reference, *, count: int, skip: int = 0) -> tuple[int, list[Member]]:
        """How many members an audience has, and a page of them in the order of their ids. Raises AudienceNotFound."""
        async with self._database.read(tenant) as tx:
            audience = (await get_audience(tx, reference)).id
            total: int = await tx.value("members_count", audience=audience)
            rows = await tx.rows("members_numbered_page", audience=audience, count=count, skip=skip)
        return total, [
            Member(person=row["person"], reference=row["reference"], email=row["email"], joined_on=row["joined_on"])
            for row in rows
        ]

    async def memberships(
        self,
        tenant: Id,
        reference: Reference,
        *,
        person: Reference | None = None,
        with_ended: bool = False,
        after: tuple[Id, date, datetime] | None = None,
        count: int,
    ) -> list[Membership]:
        """Up to `count` spans of an audience's members in order of person and first day.

        Args:
            person: hers alone.
            with_ended: also the spans of those who left.
            after: person, first day and its recording of the last span before.
        Raises: AudienceNotFound, PersonNotFound.
        """
        async with self._database.read(tenant) as tx:
            audience = (await get_audience(tx, reference)).id
            only = None
            if person is not None:
                only = (await resolve_people(tx, [person])).get(0)
                if only is None:
                    raise PersonNotFound(f"No person {person.value!r} in this tenant", field=person.field)
            place = after or (FIRST_ID, date.min, datetime.min.replace(tzinfo=UTC))
            rows = await tx.rows(
                "memberships_keyset",
                audience=audience,
                first=only or FIRST_ID,
                last=only or LAST_ID,
                after=place[0],
                after_on=place[1],
                after_at=place[2],
                with_ended=with_ended,
                count=count,
            )
        return [_membership(row) for row in rows]

    async def admit(
        self, caller: Caller, reference: Reference, person: Reference, joined_on: date | None
    ) -> tuple[Id, bool]:
        """Make a person a member from a day on; who is one already stays one since her first day.

        Args:
            joined_on: None for today.
        Returns: whom, and whether she joined now. Raises: AudienceNotFound, PersonNotFound; InvalidInput for a day of
            which she was a member already; Conflict.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            audience = (await governed_audience(tx, reference)).id
            whom = await _member_to_be(tx, person)
            left_on: date | None = await tx.value("membership_last_left", audience=audience, person=whom)
            day: date = joined_on or await tx.value("audience_today", now=now)
            # A span that ends tomorrow or later is as good as open: the new one follows it.
            if joined_on is None and left_on is not None:
                day = max(day, left_on)
            elif left_on is not None and day < left_on:
                raise InvalidInput(FieldFault("joined_on", "order", f"she was a member until {left_on}"))
            return whom, await open_memberships(tx, caller, audience, [Joining(whom, day)], now) > 0

    async def dismiss(self, caller: Caller, reference: Reference, person: Reference, left_on: date | None) -> None:
        """End a person's membership; `left_on` is the first day outside, None for today.

        Raises: AudienceNotFound; PersonNotFound when she has none; InvalidInput for a day before she joined, or behind
            today: what is yet to come may come otherwise; Conflict.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            audience = (await governed_audience(tx, reference)).id
            whom = await _member_to_be(tx, person)
            today: date = await tx.value("audience_today", now=now)
            if left_on is not None and left_on > today:
                raise InvalidInput(FieldFault("left_on", "future", f"may not be after today, {today} in this tenant"))
            day = left_on or today
            closed = await tx.rows("memberships_close", audience=audience, people=[whom], left_on=day, now=now)
            if not closed:
                raise PersonNotFound(f"No member {person.value!r} of this audience", field=person.field)
            if left_on is not None and left_on < closed[0]["joined_on"]:
                raise InvalidInput(FieldFault("left_on", "order", f"she joined on {closed[0]['joined_on']} only"))
            await append(tx, caller.client, [_closed(audience, closed[0])], now)
            await restand_audience(tx, audience, [whom], now)

    async def add_members(
        self, caller: Caller, reference: Reference, people: Sequence[Reference], *, replaces: bool = False
    ) -> list[Outcome]:
        """Make people members from today on; who is one already stays one since her first day.

        Args:
            replaces: everybody else leaves today, unless not one of `people` is known: a list that is wrong
                altogether empties nothing (rule M7).

        Returns: what became of each of `people`, in order. Raises: AudienceNotFound, Conflict.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            audience = (await governed_audience(tx, reference)).id
            found = await resolve_people(tx, people)
            staying = sorted(set(found.values()))
            if replaces and staying:
                await self._close_others(tx, caller, audience, staying=staying, now=now)
            today: date = await tx.value("audience_today", now=now)
            await open_memberships(tx, caller, audience, [Joining(person, today) for person in staying], now)
        return [Outcome(person.value, None if place in found else NOBODY) for place, person in enumerate(people)]

    async def remove_member(self, caller: Caller, reference: Reference, person: Reference) -> None:
        """End a person's membership today. Raises AudienceNotFound, PersonNotFound when she has none, Conflict."""
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            audience = (await governed_audience(tx, reference)).id
            found = await resolve_people(tx, [person])
            today: date = await tx.value("audience_today", now=now)
            closed = await tx.rows(
                "memberships_close", audience=audience, people=list(found.values()), left_on=today, now=now
            )
            if not closed:
                raise PersonNotFound(f"No member {person.value!r} of this audience", field=person.field)
            await append(tx, caller.client, [_closed(audience, row) for row in closed], now)
            await restand_audience(tx, audience, [row["person"] for row in closed], now)

    async def join(self, caller: Caller, audience: Id, people: Sequence[Id], joined_on: date) -> int:
        """Make people members from `joined_on`; see `join_each`."""
        return await self.join_each(caller, audience, [Joining(person, joined_on) for person in people])

    async def join_each(self, caller: Caller, audience: Id, joinings: Sequence[Joining]) -> int:
        """Make people members, each from a day of her own; members already there stay as they are.

        Returns: how many joined. Raises: AudienceNotFound. A person who does not exist is a bug of the caller.
        """
        now = self._clock()
        async with self._database.write(caller.tenant) as tx:
            if await tx.row("audience_get", id=audience) is None:
                raise AudienceNotFound
            return await open_memberships(tx, caller, audience, joinings, now)

    async def leave(self, caller: Caller, audience: Id, person: Id, left_on: date) -> bool:
        """End a membership; `left_on` is the first day outside. Returns whether there was one to end."""
        now = self._clock()
        async with self._database.write(caller.tenant) as tx:
            row = await tx.row("membership_close", audience=audience, person=person, left_on=left_on, now=now)
            if row is None:
                return False
            data = {
                "audience": str(audience),
                "joined_on": row["joined_on"].isoformat(),
                "left_on": left_on.isoformat(),
            }
            await append(tx, caller.client, [Change("membership.closed", person, data)], now)
            await restand_audience(tx, audience, [person], now)
        return True

    async def _close_others(
        self, tx: WriteTx, caller: Caller, audience: Id, *, staying: Sequence[Id], now: datetime
    ) -> None:
        """End all memberships but of those `staying`. The writer must be alone: who leaves is counted first."""
        leaving: int = await tx.value("memberships_count_others", audience=audience, staying=staying)
        if leaving:
            await tx.run(
                "memberships_close_others",
                audience=audience,
                staying=staying,
                left_on=await tx.value("audience_today", now=now),
                first=await tx.next_entries(leaving),
                client=caller.client,
                now=now,
            )
            await restand_audience(tx, audience, None, now)


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


async def close_memberships(
    tx: WriteTx, caller: Caller, audience: Id, leaving: Sequence[tuple[Id, date]], now: datetime
) -> None:
    """End the memberships of people who have one, each with the first day outside or her first, if that is later."""
    if not leaving:
        return
    rows = await tx.rows(
        "memberships_end",
        audience=audience,
        people=[person for person, _ in leaving],
        left_on=[day for _, day in leaving],
        now=now,
    )
    if rows:
        await append(tx, caller.client, [_closed(audience, row) for row in rows], now)
        await restand_audience(tx, audience, [row["person"] for row in rows], now)


async def tell_memberships(
    tx: WriteTx, caller: Caller, audience: Id, spans: Sequence[tuple[Id, date, date]], now: datetime
) -> None:
    """Write spans of the past: person, first day and first day outside."""
    if not spans:
        return
    columns = [list(column) for column in zip(*spans, strict=True)]
    await tx.run(
        "memberships_tell", audience=audience, people=columns[0], joined_on=columns[1], left_on=columns[2], now=now
    )
    changes = []
    for person, joined_on, left_on in spans:
        opened = {"audience": str(audience), "joined_on": joined_on.isoformat()}
        closed = {**opened, "left_on": left_on.isoformat()}
        changes += [Change("membership.opened", person, opened), Change("membership.closed", person, closed)]
    await append(tx, caller.client, changes, now)
    await restand_audience(tx, audience, columns[0], now)


async def open_memberships(
    tx: WriteTx, caller: Caller, audience: Id, joinings: Sequence[Joining], now: datetime
) -> int:
    """Make people members who are none yet, each from a day of her own, and return how many joined."""
    rows = await tx.rows(
        "memberships_open",
        audience=audience,
        people=[joining.person for joining in joinings],
        joined_on=[joining.on for joining in joinings],
        now=now,
    )
    changes = [
        Change(
            "membership.opened",
            row["person"],
            {"audience": str(audience), "joined_on": row["joined_on"].isoformat()},
        )
        for row in rows
    ]
    if changes:
        await append(tx, caller.client, changes, now)
        await restand_audience(tx, audience, [row["person"] for row in rows], now)
    return len(rows)


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


async def resolve_people(tx: Tx, people: Sequence[Reference]) -> dict[int, Id]:
    """The person each reference names, by its place in `people`. Who is not known or was deleted has no place."""
    named = [
        (place, rank, kind, normalise(kind, person.value))
        for place, person in enumerate(people)
        for rank, kind in enumerate(person.kinds)
    ]
    ids = [(place, person.id) for place, person in enumerate(people) if person.id is not None]
    rows = await tx.rows(
        "audience_people_resolve",
        places=[place for place, _, _, _ in named],
        ranks=[rank for _, rank, _, _ in named],
        kinds=[kind for _, _, kind, _ in named],
        values=[value for _, _, _, value in named],
        id_places=[place for place, _ in ids],
        ids=[id for _, id in ids],
    )
    return {row["place"]: row["person"] for row in rows}


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


async def _member_to_be(tx: WriteTx, person: Reference) -> Id:
    found = await resolve_people(tx, [person])
    if not found:
        raise PersonNotFound(f"No person {person.value!r} in this tenant", field=person.field)
    return found[0]


def _membership(row: Row) -> Membership:
    return Membership(
        person=row["person"],
        reference=row["reference"],
        email=row["email"],
        joined_on=row["joined_on"],
        left_on=row["left_on"],
        joined_recorded_at=row["joined_recorded_at"],
        left_recorded_at=row["left_recorded_at"],
    )


def _closed(audience: Id, row: Row) -> Change:
    data: dict[str, Any] = {
        "audience": str(audience),
        "joined_on": row["joined_on"].isoformat(),
        "left_on": row["left_on"].isoformat(),
    }
    return Change("membership.closed", row["person"], data)


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
