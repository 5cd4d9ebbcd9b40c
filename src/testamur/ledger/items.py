"""Items: adding, publishing and finding learning objects."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from testamur.core.callers import Caller
from testamur.core.errors import Conflict, FieldFault, InvalidInput, ItemNotFound
from testamur.core.ids import FIRST_ID, LAST_ID, Id, new_id, parse
from testamur.core.items import (
    Item,
    ItemEvent,
    ItemEventKind,
    ItemForms,
    ItemKind,
    ItemPut,
    ItemTelling,
    ItemVersion,
    LinkedItem,
    NewItem,
    change_of,
)
from testamur.core.people import Reference, normalise
from testamur.core.skills import TagUse, tag_names
from testamur.ledger.entries import Change, append
from testamur.ledger.item_links import links_of
from testamur.ledger.item_plan import Added, Changed, Plan, cleaned
from testamur.ledger.item_writing import change_items, insert_items, write_items
from testamur.ledger.people_rows import known_person
from testamur.ledger.skills import name_subjects, used_tag
from testamur.ledger.standing_lines import restand_items
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx, WriteTx

PUT_MAX = 1_000
"""Tellings in one call, beside the parts that come with them."""

_MOST = Id(UUID(int=2**128 - 1))

HISTORY_MAX = 100
"""Of an item's history, so many of the newest events are shown."""


class Items:
    """Verbs on items."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, caller: Caller, new: Sequence[NewItem]) -> list[Id]:
        """Add items with their first version, all or none, and return their ids in order.

        Raises: IdentifierTaken when an identifier names an item already, or two of `new`; InvalidInput for a name that
            no tag can have.
        """
        new = [
            replace(
                item,
                tags=tag_names(item.tags, "tags"),
                skills=tag_names(item.skills, "skills"),
                categories=tag_names(item.categories, "categories"),
            )
            for item in new
        ]
        ids = [new_id() for _ in new]
        async with self._database.write(caller.tenant, alone=True) as tx:  # two at once would make the same tag
            now = self._clock()
            await insert_items(tx, caller.client, [Added(id, item) for id, item in zip(ids, new, strict=True)], now)
        return ids

    async def put(
        self,
        caller: Caller,
        told: Sequence[ItemTelling],
        *,
        seen: set[Id] | None = None,
        parts: dict[Id, ItemTelling] | None = None,
        after: Callable[[WriteTx, Sequence[ItemPut], datetime], Awaitable[None]] | None = None,
    ) -> list[ItemPut]:
        """Make the catalogue say what was told: add the items that no identifier names yet, change the others.

        Each telling stands for itself: one that is refused hinders no other. Told again, nothing changes and nothing
        is written.

        Args:
            told: at most PUT_MAX.
            seen: items that earlier calls of the same series told of; filled as it goes. A second telling of an item is
                refused, because the order of a series would decide what is true.
            parts: what earlier calls of the same series told of parts; filled as it goes. An item may be a part of many
                others, as long as each of them says the same of it.
            after: writes into the same transaction what became of the tellings.
        Returns: one answer for each telling, in order.
        Raises: InvalidInput for too many at once.
        """
        if len(told) > PUT_MAX:
            raise InvalidInput(FieldFault("", "range", f"at most {PUT_MAX} items at once"))
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            plan, answers = await plan_items(tx, told, now, seen=seen, parts=parts)
            await write_items(tx, caller.client, plan, now)
            if after is not None:
                await after(tx, answers, now)
        return answers

    async def show(self, tenant: Id, reference: Reference, kind: ItemKind) -> LinkedItem:
        """The item of this kind that `reference` names, among its like.

        Raises: ItemNotFound naming the reference's field, also for one that was never published.
        """
        item = await self.get(tenant, reference)
        if item.kind is not kind or not item.is_open:
            raise ItemNotFound(f"No {kind.value} {reference.value!r} in this tenant", field=reference.field)
        async with self._database.read(tenant) as tx:
            return (await _linked(tx, [item]))[0]

    async def named(self, tenant: Id, reference: Reference, kind: ItemKind) -> list[LinkedItem]:
        """As `show`, and an empty list where there is none."""
        try:
            return [await self.show(tenant, reference, kind)]
        except ItemNotFound:
            return []

    async def page_of_kind(
        self,
        tenant: Id,
        kind: ItemKind,
        *,
        after: tuple[datetime, Id] | None,
        count: int,
        updated_after: datetime | None = None,
        is_active: bool = False,
    ) -> list[LinkedItem]:
        """Up to `count` items of a kind that were published once, from behind `after`.

        They come in order of id; with `updated_after`, which takes those changed later, in the order of their last
        change: what changes while somebody reads moves to the end, so that a reader misses nothing.

        Args:
            is_active: leave retired items out.
        """
        of: dict[str, Any] = {"kind": kind.value, "count": count, "active": is_active, "now": self._clock()}
        async with self._database.read(tenant) as tx:
            if updated_after is None:
                rows = await tx.rows("items_of_kind", after=after and after[1], **of)
            else:
                at, id = after or (updated_after, _MOST)
                rows = await tx.rows("items_of_kind_changed", after_at=at, after=id, **of)
            return await _linked(tx, await get_items(tx, [row["id"] for row in rows], of["now"]))

    async def count_of_kind(
        self, tenant: Id, kind: ItemKind, *, updated_after: datetime | None = None, is_active: bool = False
    ) -> int:
        """How many items `page_of_kind` has in all."""
        async with self._database.read(tenant) as tx:
            total: int = await tx.value(
                "items_of_kind_count", kind=kind.value, since=updated_after, active=is_active, now=self._clock()
            )
        return total

    async def change(
        self,
        caller: Caller,
        reference: Reference,
        *,
        fields: Mapping[str, Any] | None = None,
        tags: tuple[str, ...] | None = None,
        skills: tuple[str, ...] | None = None,
        replaces_attributes: bool = False,
        retired: bool | None = None,
    ) -> Item:
        """Change an item and return it as it is then. What changes nothing leaves no trace.

        Args:
            fields: new values by name, of core.items.FIELDS. Attributes are changed key by key; None takes one away.
            tags, skills: all of them, by name.
            replaces_attributes: whether the attributes not said go.
            retired: whether it is offered no more, or again.
        Raises: ItemNotFound; InvalidInput for a field that cannot be empty or a name that no tag can have.
        """
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            id = await find_item(tx, reference)
            found = await get_items(tx, [id] if id else [], now)
            if not found:
                raise ItemNotFound(f"No learning object {reference.value!r} in this tenant", field=reference.field)
            stored, fields = found[0], dict(fields or {})
            if fields.get("attributes") is not None:
                merged = {**({} if replaces_attributes else stored.attributes), **fields["attributes"]}
                fields["attributes"] = {key: value for key, value in merged.items() if value is not None}
            told = cleaned(ItemTelling(identifiers=(), tags=tags, skills=skills))
            change = change_of(stored, told, fields)
            if retired is not None and retired != (stored.retired_at is not None):
                change = replace(change, retired=retired)
            if change.is_empty:
                return stored
            await change_items(tx, caller.client, [Changed(stored, change, None)], now)
            return (await get_items(tx, [stored.id], now))[0]

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
            if retraining_from is not None:
                await restand_items(tx, [item], now)
        return number

    async def submit(
        self, caller: Caller, reference: Reference, *, submitter: Reference, reviewer: Reference | None
    ) -> Item:
        """Say that the item's draft waits to be reviewed before it is published.

        It is news and no state: nothing hinders publishing, and whoever submits again is told of again.

        Raises: ItemNotFound, PersonNotFound naming the reference's field; Conflict without a draft.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            id = await find_item(tx, reference)
            items = await get_items(tx, [id] if id else [], now)
            if not items:
                raise ItemNotFound(f"No learning object {reference.value!r} in this tenant", field=reference.field)
            (item,) = items
            if item.draft is None or item.retired_at is not None:
                raise Conflict("There is no draft to review")
            who = [await _reviewing(tx, one) for one in (submitter, reviewer)]
            data = {"submitter": who[0], "reviewer": who[1], "initial": item.version is None}
            await append(tx, caller.client, [Change("item.submitted", item.id, data)], now)
        return item

    async def get(self, tenant: Id, reference: Reference) -> Item:
        """The item that `reference` names. Raises ItemNotFound naming the reference's field."""
        async with self._database.read(tenant) as tx:
            id = await find_item(tx, reference)
            items = await get_items(tx, [id] if id else [], self._clock())
        if not items:
            raise ItemNotFound(f"No learning object {reference.value!r} in this tenant", field=reference.field)
        return items[0]

    async def many(self, tenant: Id, ids: Sequence[Id]) -> dict[Id, Item]:
        """Those of these items that are known, retired ones too."""
        async with self._database.read(tenant) as tx:
            return {item.id: item for item in await get_items(tx, list(set(ids)), self._clock())}

    async def page(
        self,
        tenant: Id,
        *,
        named: Reference | None = None,
        kind: ItemKind | None = None,
        retired: bool | None = None,
        updated_after: datetime | None = None,
        after: Id | None = None,
        count: int,
    ) -> list[Item]:
        """Up to `count` items in order of id, from behind `after`; drafts and outside learning too.

        Args:
            named: none but the one it names.
        """
        now = self._clock()
        async with self._database.read(tenant) as tx:
            only = await find_item(tx, named) if named else None
            if named and only is None:
                return []
            rows = await tx.rows(
                "items_keyset",
                first=only or FIRST_ID,
                last=only or LAST_ID,
                after=after or FIRST_ID,
                kind=kind.value if kind else None,
                retired=retired,
                updated_after=updated_after,
                count=count,
            )
            return await get_items(tx, [row["id"] for row in rows], now)

    async def page_of_single(
        self,
        tenant: Id,
        *,
        formats: Collection[str] | None = None,
        others: bool = False,
        is_authored: bool | None = None,
        after: Id | None,
        count: int,
    ) -> list[Item]:
        """Up to `count` items that are no collections and not retired, in order of id, from behind `after`; drafts too.

        Args:
            formats: only those of one of these formats; with `others` only those of none of them.
            is_authored: only those made here, or only the others.
        """
        async with self._database.read(tenant) as tx:
            rows = await tx.rows(
                "items_single_keyset",
                formats=None if formats is None else list(formats),
                others=others,
                authored=is_authored,
                after=after or FIRST_ID,
                count=count,
            )
            return await get_items(tx, [row["id"] for row in rows], self._clock())

    async def versions(self, tenant: Id, reference: Reference, *, after: int = 0, count: int) -> list[ItemVersion]:
        """Up to `count` versions of an item behind number `after`, in their order. Raises ItemNotFound."""
        async with self._database.read(tenant) as tx:
            item = await find_item(tx, reference)
            if item is None:
                raise ItemNotFound(f"No learning object {reference.value!r} in this tenant", field=reference.field)
            rows = await tx.rows("item_versions_keyset", item=item, after=after, count=count)
        return [
            ItemVersion(row["number"], row["published_at"], row["retraining_from"], row["created_at"]) for row in rows
        ]

    async def numbered_page(
        self, tenant: Id, *, forms: ItemForms | None, updated_since: datetime | None, count: int, skip: int
    ) -> tuple[int, list[Item]]:
        """How many open items there are, and `count` of them behind `skip`, in order of id; retired ones included.

        Args:
            forms: only items of these forms.
            updated_since: only items that changed at this moment or later.
        """
        of: dict[str, Any] = {
            "forms": sorted(forms.wanted) if forms else None,
            "formats": sorted(forms.formats) if forms else [],
            "updated_since": updated_since,
            "now": self._clock(),
        }
        async with self._database.read(tenant) as tx:
            total: int = await tx.value("items_count", **of)
            ids = [row["id"] for row in await tx.rows("items_numbered_page", count=count, skip=skip, **of)]
            return total, await get_items(tx, ids, of["now"])

    async def history(self, tenant: Id, items: Sequence[Id]) -> Mapping[Id, Sequence[ItemEvent]]:
        """What happened to each of these items, oldest first: the newest HISTORY_MAX events of each."""
        events: defaultdict[Id, list[ItemEvent]] = defaultdict(list)
        async with self._database.read(tenant) as tx:
            for row in await tx.rows("items_history", ids=list(items), count=HISTORY_MAX):
                kind = ItemEventKind(row["kind"])
                events[row["item"]].append(ItemEvent(kind, row["recorded_at"], row["client"]))
                # An item that comes into the world published has one entry for both.
                if kind is ItemEventKind.ADDED and (row["data"] or {}).get("published"):
                    events[row["item"]].append(ItemEvent(ItemEventKind.PUBLISHED, row["recorded_at"], row["client"]))
        return events


async def _reviewing(tx: Tx, reference: Reference | None) -> Id | None:
    return await known_person(tx, reference) if reference is not None else None


async def plan_items(
    tx: Tx,
    told: Sequence[ItemTelling],
    now: datetime,
    *,
    seen: set[Id] | None = None,
    parts: dict[Id, ItemTelling] | None = None,
) -> tuple[Plan, list[ItemPut]]:
    """What becomes of tellings, as `Items.put` takes and answers them; nothing is written."""
    told = await name_subjects(tx, told)
    everything = [*told, *(part for one in told for part in one.parts or ())]
    plan = Plan(
        await _known(tx, everything),
        await _authors(tx, everything),
        set() if seen is None else seen,
        {} if parts is None else parts,
        await _members(tx, told),
    )
    meant = {*plan.known.values(), *(one.target for one in told if one.target is not None)}
    plan.stored = {item.id: item for item in await get_items(tx, list(meant), now)}
    linked = [one for one in told if one.parts is not None or one.members is not None]
    plan.links = await links_of(tx, list(meant)) if linked else {}
    return plan, [plan.take(one) for one in told]


async def find_item(tx: Tx, reference: Reference) -> Id | None:
    """The id that `reference` names in this transaction's tenant, or None."""
    found: Id | None = await tx.value(
        "item_resolve",
        kinds=list(reference.kinds),
        values=[normalise(kind, reference.value) for kind in reference.kinds],
        id=reference.id,
    )
    return found


async def _known(tx: Tx, told: Sequence[ItemTelling]) -> dict[tuple[str, str], Id]:
    keys = {(i.kind, normalise(i.kind, i.value)) for one in told for i in one.identifiers}
    rows = await tx.rows("item_identifiers_find", kinds=[kind for kind, _ in keys], values=[value for _, value in keys])
    return {(row["kind"], row["value"]): row["item"] for row in rows}


async def _members(tx: Tx, told: Sequence[ItemTelling]) -> dict[str, Id]:
    texts = {member.value: member.id for one in told for member in one.members or ()}
    rows = await tx.rows("items_resolve", texts=list(texts), ids=list(texts.values())) if texts else []
    return {row["text"]: row["item"] for row in rows if row["item"] is not None}


async def _linked(tx: Tx, items: Sequence[Item]) -> list[LinkedItem]:
    ids = [item.id for item in items]
    used, children, parents = defaultdict(list), defaultdict(list), defaultdict(list)
    places: dict[Id, int] = {}
    for row in await tx.rows("tag_uses_of_items", items=ids) if ids else []:
        used[row["item"], TagUse(row["use"])].append(used_tag(row))
    for row in await tx.rows("item_links_around", items=ids) if ids else []:
        children[row["parent"]].append(row["child"])
        parents[row["child"]].append((ItemKind(row["parent_kind"]), row["parent"]))
        if row["parent_kind"] == ItemKind.COURSE.value:
            places.setdefault(row["child"], row["place"])
    return [
        LinkedItem(
            item=item,
            categories=tuple(used[item.id, TagUse.CATEGORY]),
            skills=tuple(used[item.id, TagUse.SKILL]),
            children=tuple(children[item.id]),
            parents=tuple(parents[item.id]),
            place=places.get(item.id),
        )
        for item in items
    ]


async def _authors(tx: Tx, told: Sequence[ItemTelling]) -> dict[str, Id | None]:
    texts = list({one.author for one in told if one.author})
    rows = await tx.rows(
        "item_authors_find",
        texts=texts,
        lowered=[normalise("email", text) for text in texts],
        ids=[parse(text, "person") for text in texts],
    )
    return {row["text"]: row["person"] for row in rows}


async def get_items(tx: Tx, ids: Sequence[Id], now: datetime) -> list[Item]:
    """Those of these items that there are, in order; `now` says which versions are published."""
    return [_item(row) for row in await tx.rows("items_get", ids=list(ids), now=now)]


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
        is_official=row["is_official"],
        author=row["author"],
        version=row["version"],
        draft=row["last_version"] if (row["last_version"] or 0) > (row["version"] or 0) else None,
        tags=tuple(row["tags"]),
        skills=tuple(row["skills"]),
        categories=tuple(row["categories"]),
        identifiers={kind: tuple(values) for kind, values in row["identifiers"].items()},
        attributes=row["attributes"],
        details=row["details"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        retired_at=row["retired_at"],
    )
