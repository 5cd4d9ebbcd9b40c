"""People: adding and finding them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from testamur.core.callers import Caller
from testamur.core.errors import PersonNotFound
from testamur.core.ids import Id, new_id
from testamur.core.people import NewPerson, Person, Reference, normalise
from testamur.ledger.entries import Change, append
from testamur.storage.database import Database, Row, Tx


class People:
    """Verbs on people. A person of another tenant is simply not found."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, caller: Caller, new: Sequence[NewPerson]) -> list[Id]:
        """Add people, all or none, and return their ids in order.

        Raises: IdentifierTaken when an identifier names somebody already, or occurs twice in `new`.
        """
        now = self._clock()
        ids = [new_id() for _ in new]
        async with self._database.write(caller.tenant) as tx:
            await tx.run(
                "people_add",
                ids=ids,
                given_names=[person.given_name for person in new],
                family_names=[person.family_name for person in new],
                phones=[person.phone for person in new],
                roles=[person.role for person in new],
                languages=[person.language for person in new],
                zones=[person.zone for person in new],
                actives=[person.is_active for person in new],
                attributes=[dict(person.attributes) for person in new],
                now=now,
            )
            named = [
                (i.kind, normalise(i.kind, i.value), id) for id, p in zip(ids, new, strict=True) for i in p.identifiers
            ]
            await tx.run(
                "person_identifiers_add",
                kinds=[kind for kind, _, _ in named],
                values=[value for _, value, _ in named],
                people=[id for _, _, id in named],
            )
            changes = [
                Change(
                    "person.added",
                    id,
                    {
                        "given_name": p.given_name,
                        "family_name": p.family_name,
                        "identifiers": [[i.kind, i.value] for i in p.identifiers],
                    },
                )
                for id, p in zip(ids, new, strict=True)
            ]
            await append(tx, caller.client, changes, now)
        return ids

    async def get(self, tenant: Id, reference: Reference) -> Person:
        """The person that `reference` names. Raises PersonNotFound naming the reference's field."""
        async with self._database.read(tenant) as tx:
            id = await find_person(tx, reference)
            rows = await tx.rows("people_get", ids=[id] if id else [])
        if not rows:
            raise PersonNotFound(f"No person {reference.value!r} in this tenant", field=reference.field)
        return _person(rows[0])

    async def list(self, tenant: Id, *, after: Id | None, count: int) -> list[Person]:
        """Up to `count` people in order of id, from behind `after`."""
        async with self._database.read(tenant) as tx:
            return [_person(row) for row in await tx.rows("people_page", after=after, count=count)]


async def find_person(tx: Tx, reference: Reference) -> Id | None:
    """The id that `reference` names in this transaction's tenant, or None."""
    found: Id | None = await tx.value(
        "person_resolve",
        kinds=list(reference.kinds),
        values=[normalise(kind, reference.value) for kind in reference.kinds],
        id=reference.id,
    )
    return found


def _person(row: Row) -> Person:
    return Person(
        id=row["id"],
        given_name=row["given_name"],
        family_name=row["family_name"],
        phone=row["phone"],
        role=row["role"],
        language=row["language"],
        zone=row["zone"],
        is_active=row["is_active"],
        identifiers={kind: tuple(values) for kind, values in row["identifiers"].items()},
        attributes=row["attributes"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
    )
