"""Links between items: what a course or a collection consists of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime

from testamur.core.ids import Id, new_id
from testamur.ledger.entries import Change, append
from testamur.storage.transactions import Tx, WriteTx


async def links_of(tx: Tx, parents: Sequence[Id]) -> dict[Id, tuple[Id, ...]]:
    """What each of these items consists of, in order; those that consist of nothing are left out."""
    children: defaultdict[Id, list[Id]] = defaultdict(list)
    for row in await tx.rows("item_links_get", parents=list(parents)):
        children[row["parent"]].append(row["child"])
    return {parent: tuple(ids) for parent, ids in children.items()}


async def link_items(
    tx: WriteTx,
    client: Id | None,
    wanted: Mapping[Id, Sequence[Id]],
    before: Mapping[Id, Sequence[Id]],
    now: datetime,
) -> None:
    """Let items consist of others. A link that stays in its place goes on; every other ends and stays on record.

    Args:
        wanted: all that each parent shall consist of, in order.
        before: what the parents consist of now.
    """
    if not wanted:
        return
    links = [(parent, child, place) for parent, ids in wanted.items() for place, child in enumerate(ids, 1)]
    parents, children, places = ([link[n] for link in links] for n in range(3))
    await tx.run(
        "item_links_end",
        parents=list(wanted),
        kept_parents=parents,
        kept_children=children,
        kept_places=places,
        now=now,
    )
    await tx.run(
        "item_links_add",
        ids=[new_id() for _ in links],
        parents=parents,
        children=children,
        places=places,
        now=now,
    )
    touched = {id for parent, ids in wanted.items() for id in {*ids} ^ {*before.get(parent, ())}} | wanted.keys()
    await tx.run("items_touch", ids=list(touched), now=now)
    changes = [Change("item.linked", parent, {"children": list(ids)}) for parent, ids in wanted.items()]
    await append(tx, client, changes, now)
