"""Audiences and who belongs to them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from testamur.core.audiences import Audience, AudienceCategory, NewAudience
from testamur.core.callers import Caller
from testamur.core.errors import AudienceNotFound
from testamur.core.ids import Id, new_id
from testamur.core.people import Reference
from testamur.ledger.entries import Change, append
from testamur.storage.database import Database, Row, Tx


class Audiences:
    """Verbs on audiences."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, caller: Caller, new: NewAudience) -> Id:
        """Add an audience. Raises AudienceNotFound for an unknown parent, IdentifierTaken for a reference in use."""
        now = self._clock()
        id = new_id()
        async with self._database.write(caller.tenant) as tx:
            if new.parent is not None and await tx.row("audience_get", id=new.parent) is None:
                raise AudienceNotFound(field="parent")
            await tx.run(
                "audience_add",
                id=id,
                name=new.name,
                category=new.category.value,
                reference=new.reference,
                parent=new.parent,
                now=now,
            )
            data = {
                "name": new.name,
                "category": new.category.value,
                "reference": new.reference,
                "parent": new.parent and str(new.parent),
            }
            await append(tx, caller.client, [Change("audience.added", id, data)], now)
        return id

    async def get(self, tenant: Id, reference: Reference) -> Audience:
        """The audience that `reference` names, by its reference or id. Raises AudienceNotFound."""
        async with self._database.read(tenant) as tx:
            id = await find_audience(tx, reference)
            row = await tx.row("audience_get", id=id) if id else None
        if row is None:
            raise AudienceNotFound(f"No audience {reference.value!r} in this tenant", field=reference.field)
        return _audience(row)

    async def join(self, caller: Caller, audience: Id, people: Sequence[Id], joined_on: date) -> int:
        """Make people members from `joined_on`; members already there stay as they are. Returns how many joined.

        Raises: AudienceNotFound. A person who does not exist is a bug of the caller.
        """
        now = self._clock()
        async with self._database.write(caller.tenant) as tx:
            if await tx.row("audience_get", id=audience) is None:
                raise AudienceNotFound
            rows = await tx.rows(
                "memberships_open", audience=audience, people=list(people), joined_on=[joined_on] * len(people), now=now
            )
            changes = [
                Change(
                    "membership.opened", row["person"], {"audience": str(audience), "joined_on": joined_on.isoformat()}
                )
                for row in rows
            ]
            if changes:
                await append(tx, caller.client, changes, now)
        return len(rows)

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
        return True


async def find_audience(tx: Tx, reference: Reference) -> Id | None:
    """The id that `reference` names in this transaction's tenant, or None."""
    found: Id | None = await tx.value("audience_resolve", reference=reference.value, id=reference.id)
    return found


def _audience(row: Row) -> Audience:
    return Audience(
        id=row["id"],
        name=row["name"],
        category=AudienceCategory(row["category"]),
        reference=row["reference"],
        parent=row["parent"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
    )
