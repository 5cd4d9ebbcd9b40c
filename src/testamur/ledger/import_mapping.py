"""Learning outside that turns out to be of an item (rule I7)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

import msgspec

from testamur.core.callers import Caller
from testamur.core.errors import FieldFault, InvalidInput, ItemNotFound
from testamur.core.ids import Id, new_id
from testamur.core.items import ItemKind, Outside
from testamur.core.people import Reference, normalise
from testamur.ledger.entries import Change, append
from testamur.ledger.import_matching import title_lookup
from testamur.ledger.items import find_item
from testamur.ledger.standing_lines import lines_of_records, restand
from testamur.storage.database import Database
from testamur.storage.transactions import Row, WriteTx

_MAPPED_AT_ONCE = 500


async def map_outside(
    database: Database, clock: Callable[[], datetime], caller: Caller, outside: Reference, item: Reference
) -> int:
    """As `Imports.map`."""
    tenant, moved = caller.tenant, 0
    async with database.write(tenant, alone=True) as tx:
        old, new = await _mapped(tx, outside, item)
        now = clock()
        kinds = await tx.rows("outside_map", item=old, mapped_to=new, client=caller.client, now=now)
        if kinds:
            data = {"item": str(new)}
            await append(tx, caller.client, [Change("outside.mapped", old, data)], now)
    while True:
        async with database.write(tenant, alone=True) as tx:
            facts = await tx.rows("outside_facts", item=old, count=_MAPPED_AT_ONCE)
            if facts:
                await _move(tx, caller, facts, new, clock())
        moved += len(facts)
        if len(facts) < _MAPPED_AT_ONCE:
            return moved


async def _mapped(tx: WriteTx, outside: Reference, item: Reference) -> tuple[Id, Id]:
    new = await find_item(tx, item)
    if new is None:
        raise ItemNotFound(f"No learning object {item.value!r} in this tenant", field=item.field)
    lookups = [(kind, normalise(kind, outside.value)) for kind in outside.kinds]
    if "title" in outside.kinds:
        lookups.append(title_lookup(Outside(outside.value)))
    row = await tx.row(
        "outside_find",
        kinds=[kind for kind, _ in lookups],
        values=[value for _, value in lookups],
        title=outside.value if "title" in outside.kinds else None,
        id=outside.id,
    )
    if row is None:
        raise ItemNotFound(f"No outside learning {outside.value!r} in this tenant", field=outside.field)
    if row["kind"] != ItemKind.OUTSIDE.value:
        raise InvalidInput(FieldFault(outside.field, "range", "is no outside learning"))
    if await tx.value("item_kind", id=new) == ItemKind.OUTSIDE.value:
        raise InvalidInput(FieldFault(item.field, "range", "is outside learning itself"))
    if not row["is_named"]:
        # Learning outside that another door made has no key yet.
        lookup = title_lookup(Outside(row["title"], row["provider"]))
        await tx.run("outside_learning_add", kinds=[lookup[0]], values=[lookup[1]], items=[row["id"]])
    return row["id"], new


async def _move(tx: WriteTx, caller: Caller, facts: Sequence[Row], item: Id, now: datetime) -> None:
    """Supersede facts of learning outside by such of an item."""
    await tx.run(
        "facts_close",
        records=[fact["record"] for fact in facts],
        revisions=[fact["revision"] for fact in facts],
        closed_by=[caller.person] * len(facts),
        now=now,
    )
    changes, ids = [], [new_id() for _ in facts]
    for fact, id in zip(facts, ids, strict=True):
        data = {"fact": str(id), "supersedes": str(fact["id"])}
        if fact["batch"] is not None:
            data["batch"] = fact["batch"]
        changes.append(Change("record.superseded", fact["record"], data))
    first = await append(tx, caller.client, changes, now)
    for place, (fact, id) in enumerate(zip(facts, ids, strict=True)):
        await tx.run(
            "fact_continue",
            record=fact["record"],
            like=fact["revision"],
            revision=fact["revision"] + 1,
            id=id,
            entry=first + place,
            item=item,
            person=caller.person,
            now=now,
        )
        if fact["batch"] is not None:
            batch = Id(msgspec.convert(fact["batch"], Id))
            await tx.run("import_fact_moved", batch=batch, number=fact["number"], fact=id, item=item)
    await restand(tx, await lines_of_records(tx, [fact["record"] for fact in facts]), now)
