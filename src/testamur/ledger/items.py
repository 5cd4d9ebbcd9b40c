"""Items: adding, publishing and finding learning objects."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import date, datetime

from testamur.core.callers import Caller
from testamur.core.errors import ItemNotFound
from testamur.core.ids import Id, new_id
from testamur.core.items import Item, ItemKind, NewItem
from testamur.core.people import Reference, normalise
from testamur.ledger.entries import Change, append
from testamur.storage.database import Database, Row, Tx


class Items:
    """Verbs on items."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, caller: Caller, new: Sequence[NewItem]) -> list[Id]:
        """Add items with their first version, all or none, and return their ids in order.

        Raises: IdentifierTaken when an identifier names an item already, or occurs twice in `new`.
        """
        now = self._clock()
        ids = [new_id() for _ in new]
        async with self._database.write(caller.tenant) as tx:
            await tx.run(
                "items_add",
                ids=ids,
                kinds=[item.kind.value for item in new],
                formats=[item.format for item in new],
                titles=[item.title for item in new],
                descriptions=[item.description for item in new],
                providers=[item.provider for item in new],
                languages=[item.language for item in new],
                urls=[item.url for item in new],
                cover_urls=[item.cover_url for item in new],
                durations=[item.duration for item in new],
                authored=[item.is_authored for item in new],
                quizzes=[item.requires_quiz for item in new],
                attributes=[dict(item.attributes) for item in new],
                now=now,
            )
            named = [
                (i.kind, normalise(i.kind, i.value), id) for id, t in zip(ids, new, strict=True) for i in t.identifiers
            ]
            await tx.run(
                "item_identifiers_add",
                kinds=[kind for kind, _, _ in named],
                values=[value for _, value, _ in named],
                items=[id for _, _, id in named],
            )
            await tx.run(
                "item_versions_add",
                items=ids,
                numbers=[1] * len(ids),
                published=[now if item.is_published else None for item in new],
                now=now,
            )
            changes = [
                Change(
                    "item.added",
                    id,
                    {
                        "title": t.title,
                        "kind": t.kind.value,
                        "published": t.is_published,
                        "identifiers": [[i.kind, i.value] for i in t.identifiers],
                    },
                )
                for id, t in zip(ids, new, strict=True)
            ]
            await append(tx, caller.client, changes, now)
        return ids

    async def publish(self, caller: Caller, item: Id, *, retraining_from: date | None = None) -> int:
        """Publish the item's draft, or a new version when it has none, and return the version's number.

        Args:
            retraining_from: credit from older versions ends on this day at the latest (rule V4).
        Raises: ItemNotFound.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:  # two at once would make the same number
            last = await tx.row("item_version_last", item=item)
            if last is None:
                raise ItemNotFound
            number: int = last["number"]
            if last["published_at"] is not None:
                number += 1
                await tx.run("item_versions_add", items=[item], numbers=[number], published=[None], now=now)
            await tx.run("item_version_publish", item=item, number=number, retraining_from=retraining_from, now=now)
            await tx.run("item_touch", item=item, now=now)
            data = {"version": number, "retraining_from": retraining_from and retraining_from.isoformat()}
            await append(tx, caller.client, [Change("item.published", item, data)], now)
        return number

    async def get(self, tenant: Id, reference: Reference) -> Item:
        """The item that `reference` names. Raises ItemNotFound naming the reference's field."""
        async with self._database.read(tenant) as tx:
            id = await find_item(tx, reference)
            rows = await tx.rows("items_get", ids=[id] if id else [], now=self._clock())
        if not rows:
            raise ItemNotFound(f"No learning object {reference.value!r} in this tenant", field=reference.field)
        return _item(rows[0])


async def find_item(tx: Tx, reference: Reference) -> Id | None:
    """The id that `reference` names in this transaction's tenant, or None."""
    found: Id | None = await tx.value(
        "item_resolve",
        kinds=list(reference.kinds),
        values=[normalise(kind, reference.value) for kind in reference.kinds],
        id=reference.id,
    )
    return found


def _item(row: Row) -> Item:
    return Item(
        id=row["id"],
        kind=ItemKind(row["kind"]),
        format=row["format"],
        title=row["title"],
        description=row["description"],
        provider=row["provider"],
        language=row["language"],
        url=row["url"],
        cover_url=row["cover_url"],
        duration=row["duration"],
        is_authored=row["is_authored"],
        requires_quiz=row["requires_quiz"],
        version=row["version"],
        identifiers={kind: tuple(values) for kind, values in row["identifiers"].items()},
        attributes=row["attributes"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        retired_at=row["retired_at"],
    )
