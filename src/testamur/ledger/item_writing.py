"""Writing items: rows, versions, identifiers, tags and entries of what was decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from testamur.core.ids import Id, new_id
from testamur.core.items import FIELDS
from testamur.core.people import Identifier, normalise
from testamur.core.skills import Subject, TagUse, tag_key
from testamur.ledger.entries import Change, append
from testamur.ledger.item_links import link_items
from testamur.ledger.item_plan import Added, Changed, Plan
from testamur.ledger.skills import describe_tags, make_tags, use_tags
from testamur.ledger.standing_lines import restand_items
from testamur.storage.transactions import WriteTx


async def write_items(tx: WriteTx, client: Id | None, plan: Plan, now: datetime) -> None:
    """Write what was planned. The writer must have been alone since."""
    await insert_items(tx, client, plan.added, now)
    await change_items(tx, client, plan.changed, now)
    await describe_tags(tx, client, plan.taken, now)
    await link_items(tx, client, plan.linked, plan.links, now)


async def insert_items(tx: WriteTx, client: Id | None, added: Sequence[Added], now: datetime) -> None:
    """Write new items with their first versions, identifiers and tags."""
    if not added:
        return
    rows = [
        (one.id, {name: getattr(one.item, name) for name in FIELDS}, now if one.is_retired else None) for one in added
    ]
    await tx.run("items_add", **_columns(rows), now=now)
    await _name(tx, [(one.id, one.item.identifiers) for one in added])
    await tx.run(
        "item_versions_add",
        items=[one.id for one in added],
        numbers=[one.version for one in added],
        published=[now if one.item.is_published else None for one in added],
        now=now,
    )
    changes = [
        Change(
            "item.added",
            one.id,
            {
                "title": one.item.title,
                "kind": one.item.kind.value,
                "published": one.item.is_published,
                "identifiers": [[i.kind, i.value] for i in one.item.identifiers],
            }
            | ({"version": one.version} if one.version != 1 else {})
            | ({"tags": one.item.tags} if one.item.tags else {})
            | ({"skills": one.item.skills} if one.item.skills else {})
            | ({"categories": one.item.categories} if one.item.categories else {}),
        )
        for one in added
    ]
    changes += [Change("item.retired", one.id) for one in added if one.is_retired]
    await append(tx, client, changes, now)
    tags: list[_Tags] = []
    for one in added:
        tags.append((one.id, (), one.item.tags, None))
        tags.append((one.id, (), one.item.skills, TagUse.SKILL))
        tags.append((one.id, (), one.item.categories, TagUse.CATEGORY))
    await _tag(tx, client, tags, now)


async def change_items(tx: WriteTx, client: Id | None, changed: Sequence[Changed], now: datetime) -> None:
    """Write changes to items, with an entry for each kind of change."""
    if not changed:
        return
    rows: list[tuple[Id, Mapping[str, Any], datetime | None]] = []
    changes: list[Change] = []
    drafts, publishes = [], []
    for one in changed:
        id, change = one.stored.id, one.change
        whole = {name: getattr(one.stored, name) for name in FIELDS} | dict(change.fields)
        retired = {True: now, False: None, None: one.stored.retired_at}[change.retired]
        rows.append((id, whole, retired))
        told = dict(change.fields)
        if change.identifiers:
            told["identifiers"] = [[i.kind, i.value] for i in change.identifiers]
        if change.former:
            told["former_identifiers"] = [[i.kind, i.value] for i in change.former]
        told |= {
            name: value
            for name, value in (
                ("draft", change.drafts),
                ("tags", change.tags),
                ("skills", change.skills),
                ("categories", change.categories),
            )
            if value is not None
        }
        if told:
            changes.append(Change("item.updated", id, told))
        if change.drafts is not None:
            drafts.append((id, change.drafts))
        if change.publishes is not None:
            if change.publishes != one.stored.draft:
                drafts.append((id, change.publishes))
            publishes.append((id, change.publishes, one.retraining_from))
            retraining_from = one.retraining_from and one.retraining_from.isoformat()
            data = {"version": change.publishes, "retraining_from": retraining_from}
            changes.append(Change("item.published", id, data))
        if change.retired is not None:
            changes.append(Change("item.retired" if change.retired else "item.restored", id))
    await tx.run("items_change", **_columns(rows), now=now)
    former = [(i.kind, normalise(i.kind, i.value), one.stored.id) for one in changed for i in one.change.former]
    if former:
        await tx.run(
            "item_identifiers_drop",
            kinds=[kind for kind, _, _ in former],
            values=[value for _, value, _ in former],
            items=[item for _, _, item in former],
        )
    await _name(tx, [(one.stored.id, one.change.identifiers) for one in changed])
    await tx.run(
        "item_versions_add",
        items=[id for id, _ in drafts],
        numbers=[number for _, number in drafts],
        published=[None] * len(drafts),
        now=now,
    )
    await tx.run(
        "item_versions_publish",
        items=[id for id, _, _ in publishes],
        numbers=[number for _, number, _ in publishes],
        retraining_from=[day for _, _, day in publishes],
        now=now,
    )
    await append(tx, client, changes, now)
    touched = {one.stored.id for one in changed if one.change.retired is not None}
    touched |= {id for id, _, day in publishes if day is not None}
    if touched:
        await restand_items(tx, list(touched), now)
    tags: list[_Tags] = []
    for one in changed:
        tags.append((one.stored.id, one.stored.tags, one.change.tags, None))
        tags.append((one.stored.id, one.stored.skills, one.change.skills, TagUse.SKILL))
        tags.append((one.stored.id, one.stored.categories, one.change.categories, TagUse.CATEGORY))
    await _tag(tx, client, tags, now)


async def _name(tx: WriteTx, named: Sequence[tuple[Id, Sequence[Identifier]]]) -> None:
    """Write identifiers. An identifier that stands twice with one item is one."""
    rows = {(i.kind, normalise(i.kind, i.value), id): None for id, identifiers in named for i in identifiers}
    await tx.run(
        "item_identifiers_add",
        kinds=[kind for kind, _, _ in rows],
        values=[value for _, value, _ in rows],
        items=[id for _, _, id in rows],
    )


_Tags = tuple[Id, Sequence[str], Sequence[str] | None, TagUse | None]
"""An item, names it has, names it shall have (None: those it has), and as what; None for a plain tag."""


async def _tag(tx: WriteTx, client: Id | None, wanted: Sequence[_Tags], now: datetime) -> None:
    """Tie and untie tags, categories and skills."""
    told = [(item, {*map(tag_key, has)}, shall, use) for item, has, shall, use in wanted if shall is not None]
    names = {tag_key(name): name for _, _, shall, _ in told for name in shall}
    ids, _ = await make_tags(tx, client, names.values(), now)
    gone = {key for _, has, shall, _ in told for key in has} - ids.keys()
    ids |= {row["key"]: row["id"] for row in await tx.rows("tags_named", keys=list(gone))} if gone else {}
    tied: list[tuple[Id, Id, TagUse | None]] = []
    untied: list[tuple[Id, Id, TagUse | None]] = []
    for item, has, shall, use in told:
        keys = {*map(tag_key, shall)}
        tied += [(item, ids[key], use) for key in keys - has]
        untied += [(item, ids[key], use) for key in has - keys]
    for query, ties in (("item_tags_untie", untied), ("item_tags_tie", tied)):
        if ties:
            of: dict[str, Any] = {"ids": [new_id() for _ in ties]} if query == "item_tags_tie" else {}
            await tx.run(
                query,
                items=[item for item, _, _ in ties],
                tags=[tag for _, tag, _ in ties],
                skills=[use is TagUse.SKILL for _, _, use in ties],
                categories=[use is TagUse.CATEGORY for _, _, use in ties],
                now=now,
                **of,
            )
    touched = {tag for _, tag, _ in (*tied, *untied)}
    if touched:
        await tx.run("tags_touch", ids=list(touched), now=now)
    await use_tags(tx, {(use, tag): Subject() for _, tag, use in tied if use is not None}, now)


def _columns(rows: Sequence[tuple[Id, Mapping[str, Any], datetime | None]]) -> dict[str, Any]:
    """The parameters of `items_add` and `items_change`: an array for each column."""
    return {
        "ids": [id for id, _, _ in rows],
        "kinds": [fields["kind"].value for _, fields, _ in rows],
        "formats": [fields["format"] for _, fields, _ in rows],
        "titles": [fields["title"] for _, fields, _ in rows],
        "descriptions": [fields["description"] for _, fields, _ in rows],
        "providers": [fields["provider"] for _, fields, _ in rows],
        "languages": [fields["language"] for _, fields, _ in rows],
        "urls": [fields["url"] for _, fields, _ in rows],
        "cover_urls": [fields["cover_url"] for _, fields, _ in rows],
        "durations": [fields["duration"] for _, fields, _ in rows],
        "authored": [fields["is_authored"] for _, fields, _ in rows],
        "quizzes": [fields["requires_quiz"] for _, fields, _ in rows],
        "official": [fields["is_official"] for _, fields, _ in rows],
        "authors": [fields["author"] for _, fields, _ in rows],
        "attributes": [dict(fields["attributes"]) for _, fields, _ in rows],
        "details": [dict(fields["details"]) for _, fields, _ in rows],
        "retired": [retired for _, _, retired in rows],
    }
