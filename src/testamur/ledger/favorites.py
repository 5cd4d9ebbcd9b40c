"""What people marked as their favourites."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from testamur.core.callers import Caller
from testamur.core.errors import FieldFault, InvalidInput, ItemNotFound
from testamur.core.ids import FIRST_ID, Id
from testamur.core.items import Item
from testamur.core.people import Reference
from testamur.ledger.entries import Change, append
from testamur.ledger.items import find_item, get_items
from testamur.ledger.people_rows import present_person
from testamur.storage.database import Database
from testamur.storage.transactions import Tx

FAVORITES_MAX = 1_000
"""Favourites of one person."""


@dataclass(frozen=True, slots=True)
class Favorite:
    """An item that a person marked, since when."""

    item: Item
    marked_at: datetime


class Favorites:
    """Verbs on favourites: spans, and no claim that anything was learnt."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def list(self, tenant: Id, person: Id, *, after: Id | None, count: int) -> list[Favorite]:
        """Up to `count` favourites of a person, in order of the items' ids, from behind `after`; none retired."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("favorites_keyset", person=person, after=after or FIRST_ID, count=count)
            items = {item.id: item for item in await get_items(tx, [row["item"] for row in rows], self._clock())}
        return [Favorite(items[row["item"]], row["marked_at"]) for row in rows]

    async def mark(self, caller: Caller, person: Reference, item: Reference) -> tuple[Favorite, bool]:
        """Mark an item as a favourite; one that is marked stays so since then.

        Returns: the favourite, and whether it was marked now.
        Raises: PersonNotFound, ItemNotFound, InvalidInput for more than FAVORITES_MAX.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            whom, what = await _both(tx, person, item)
            (stored,) = await get_items(tx, [what], now)
            if stored.retired_at is not None:
                raise ItemNotFound(f"The item {item.value!r} is retired", field=item.field)
            row = await tx.row("favorite_get", person=whom, item=what)
            if row is not None:
                return Favorite(stored, row["marked_at"]), False
            if await tx.value("favorites_count", person=whom) >= FAVORITES_MAX:
                raise InvalidInput(FieldFault(item.field, "range", f"a person has at most {FAVORITES_MAX} favourites"))
            await tx.run("favorite_open", person=whom, item=what, now=now)
            await append(tx, caller.client, [Change("favorite.opened", whom, {"item": str(what)})], now)
        return Favorite(stored, now), True

    async def unmark(self, caller: Caller, person: Reference, item: Reference) -> bool:
        """Let an item be no favourite any more. Returns whether it was one. Raises PersonNotFound, ItemNotFound."""
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            whom, what = await _both(tx, person, item)
            if await tx.row("favorite_close", person=whom, item=what, now=now) is None:
                return False
            await append(tx, caller.client, [Change("favorite.closed", whom, {"item": str(what)})], now)
        return True


async def _both(tx: Tx, person: Reference, item: Reference) -> tuple[Id, Id]:
    whom = await present_person(tx, person)
    what = await find_item(tx, item)
    if what is None:
        raise ItemNotFound(f"No item {item.value!r} in this tenant", field=item.field)
    return whom, what
