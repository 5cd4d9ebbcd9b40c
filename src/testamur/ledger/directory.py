"""The directory: lists of people, for readers who take a page at a time."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from testamur.core.ids import Id
from testamur.core.people import Identifier, Person, normalise
from testamur.ledger.people_rows import person_of
from testamur.storage.database import Database

_MOST = Id(UUID(int=2**128 - 1))


class Directory:
    """Verbs on lists of people. Who is deleted is in none of them."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def page(self, tenant: Id, *, after: Id | None = None, count: int) -> list[Person]:
        """Up to `count` people in order of id, from behind `after`."""
        async with self._database.read(tenant) as tx:
            return [person_of(row) for row in await tx.rows("users_page", after=after, count=count)]

    async def changed(
        self, tenant: Id, *, since: datetime, after: tuple[datetime, Id] | None = None, count: int
    ) -> list[Person]:
        """Up to `count` people changed after `since`, in the order of their last change, from behind `after`.

        Who is changed while somebody reads moves to the end, so that a reader misses nothing.
        """
        after_at, after_id = after or (since, _MOST)
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("users_page_changed", after_at=after_at, after=after_id, count=count)
        return [person_of(row) for row in rows]

    async def named(
        self, tenant: Id, identifiers: Sequence[Identifier], *, updated_after: datetime | None = None
    ) -> list[Person]:
        """The person whom all of these identifiers name, if there is one; changed after a moment, if one is given."""
        async with self._database.read(tenant) as tx:
            row = await tx.row(
                "users_named",
                kinds=[identifier.kind for identifier in identifiers],
                values=[normalise(identifier.kind, identifier.value) for identifier in identifiers],
            )
            if row is None or (updated_after is not None and row["updated_at"] <= updated_after):
                return []
            return [person_of(row) for row in await tx.rows("people_get", ids=[row["id"]])]
