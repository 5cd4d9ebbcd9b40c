"""From the staging table into the ledger: a slice of rows in one transaction, and back.

Every slice locks the tenant's counter first, as every writer does, so that two imports never wait for each other in a
circle. How far the batch came is written with the slice: whatever is killed goes on from there.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from testamur.core.errors import FieldFault
from testamur.core.ids import Id, new_id
from testamur.core.imports import BatchState, Key, Of, Outcome
from testamur.core.people import Identifier, normalise
from testamur.ledger.entries import Change, append
from testamur.ledger.erased import forget_rows
from testamur.ledger.import_matching import Matcher, who
from testamur.ledger.import_members import release_members
from testamur.ledger.standing_lines import restand_import
from testamur.storage.transactions import Row, WriteTx, is_fourfold

RELEASED_AT_ONCE_MAX = 500
"""Held rows that are taken in with the person they waited for; more of them follow in the background."""


async def commit_slice(tx: WriteTx, batch: Row, count: int, now: datetime) -> None:
    """Take the next rows of a batch that is being committed. The tenant's counter is locked."""
    after, last = batch["done"], min(batch["done"] + count, batch["rows"])
    if after == 0:
        await forget_rows(tx, batch["id"])
        await _settle_outside(tx, batch, now)
    await tx.run("import_slicewise")
    row = await tx.row(
        "import_slice_plain",
        batch=batch["id"],
        client=batch["client"],
        person=batch["person"],
        after=after,
        last=last,
        is_known=batch["is_known"],
        has_keys=batch["has_keys"],
        now=now,
    )
    assert row is not None
    _count(tx, row)
    if row["rest"]:
        await _write(tx, batch, row["rest"], now)
    # Entries of people and items say nothing about how many facts there are. A file of which no row is looked up leaves
    # statistics to its end.
    is_quiet = batch["is_known"] and _is_plain(batch)
    tx.has_grown = last == batch["rows"] if is_quiet else tx.has_grown or is_fourfold(after, last)
    if last < batch["rows"]:
        await note_state(tx, batch, BatchState.COMMITTING, last, batch["outcomes"], now, is_known=batch["is_known"])
        return
    await tx.run("import_patience")
    counted = await count_outcomes(tx, batch["id"])
    # Who came since the rehearsal is looked for among those that are held.
    await note_state(tx, batch, BatchState.COMMITTED, last, counted, now, has_news=counted.get("held", 0) > 0)
    await restand_import(tx, batch["id"], now)
    data = {"name": batch["name"], "digest": batch["digest"], "rows": batch["rows"], "outcomes": counted}
    await append(tx, batch["client"], [Change("import.committed", batch["id"], data)], now)


def _is_plain(batch: Row) -> bool:
    """Whether the rehearsal found nothing to consider in any row that can be taken."""
    counts: Mapping[str, int] = batch["outcomes"]
    taken = counts.get(Outcome.CREATED.value, 0) + counts.get(Outcome.REJECTED.value, 0)
    return taken == batch["rows"] and not batch["repeated"]


async def undo_slice(tx: WriteTx, batch: Row, count: int, now: datetime) -> bool:
    """Take back what the next rows wrote (rule I12). Whether there are more; the tenant's counter is locked."""
    after, last = batch["done"], min(batch["done"] + count, batch["rows"])
    bounds: dict[str, Any] = {"batch": batch["id"], "after": after, "last": last}
    by = {"client": batch["client"], "person": batch["person"], "now": now}
    row = await tx.row("import_undo_slice", **bounds, **by)
    assert row is not None
    _count(tx, row)
    for one in await tx.rows("import_restorable", **bounds):
        await _restore(tx, batch, one, now)
    await tx.run("import_undo_waiting", **bounds)
    if last < batch["rows"]:
        await note_state(tx, batch, BatchState.UNDOING, last, batch["outcomes"], now)
        return True
    await tx.run("import_patience")
    await note_state(tx, batch, BatchState.UNDONE, last, batch["outcomes"], now)
    await restand_import(tx, batch["id"], now)
    await append(tx, batch["client"], [Change("import.undone", batch["id"])], now)
    return False


async def note_state(
    tx: WriteTx,
    batch: Row,
    state: BatchState,
    done: int,
    outcomes: Mapping[str, int],
    now: datetime,
    *,
    has_news: bool = False,
    is_known: bool = False,
) -> None:
    """How far a batch came.

    Args:
        has_news: whether somebody may have come whom held rows wait for.
        is_known: whether what the rehearsal found in the ledger is still all there is.
    """
    await tx.run(
        "import_state",
        id=batch["id"],
        is_known=is_known,
        state=state.value,
        done=done,
        outcomes=dict(outcomes),
        has_news=has_news,
        now=now,
    )


async def count_outcomes(tx: WriteTx, batch: Id) -> dict[str, int]:
    """How many rows of a batch came out how."""
    return {row["outcome"]: row["rows"] for row in await tx.rows("import_counts", batch=batch)}


async def release_held(tx: WriteTx, named: Sequence[Identifier], now: datetime) -> None:
    """Try held rows again that wait for one of these identifiers, which name somebody now (rule I6)."""
    if not named:
        return
    rows = await tx.rows(
        "import_held_of",
        kinds=[one.kind for one in named],
        values=[normalise(one.kind, one.value) for one in named],
        count=RELEASED_AT_ONCE_MAX + 1,
    )
    numbers: defaultdict[Id, list[int]] = defaultdict(list)
    for row in rows:
        numbers[row["batch"]].append(row["number"])
    if len(rows) > RELEASED_AT_ONCE_MAX:
        await tx.run("import_news", ids=list(numbers), now=now)
        return
    for id in sorted(numbers):
        batch = await tx.row("import_take", id=id)
        assert batch is not None
        await _release(tx, batch, numbers[id], now)


async def release_slice(tx: WriteTx, batch: Row, now: datetime) -> bool:
    """Try the next held rows of a batch whose people came. Whether there are more."""
    rows = await tx.rows("import_held_found", batch=batch["id"], count=RELEASED_AT_ONCE_MAX)
    numbers = [row["number"] for row in rows]
    if numbers:
        await _release(tx, batch, numbers, now)
        batch = await tx.row("import_take", id=batch["id"]) or batch
    more = len(numbers) == RELEASED_AT_ONCE_MAX
    state = BatchState(batch["state"])
    await note_state(tx, batch, state, batch["done"], batch["outcomes"], now, has_news=more)
    return more


async def _release(tx: WriteTx, batch: Row, numbers: Sequence[int], now: datetime) -> None:
    people = Matcher("import_people", "person")
    rows = await tx.rows("import_held_keys", batch=batch["id"], numbers=list(numbers))
    keys = {row["number"]: [Key(tuple(kinds), value, sure) for kinds, value, sure in row["people"]] for row in rows}
    await people.look_up(tx, [key for row in keys.values() for key in row])
    settled: list[dict[str, Any]] = []
    for number, named in keys.items():
        person, fault = who(people, named)
        if person is not None:
            settled.append({"number": number, "person": person, "outcome": Outcome.CREATED.value, "faults": None})
        elif fault is not None and fault.code != "not_found":
            settled.append({"number": number, "outcome": Outcome.REJECTED.value, "faults": [_told(fault)]})
    if not settled:
        return
    done = [row["number"] for row in settled]
    await tx.run("import_release", batch=batch["id"], rows=settled)
    await tx.run("import_held_forget", batch=batch["id"], numbers=done)
    if batch["of"] == Of.MEMBERSHIPS.value:
        found = await release_members(tx, batch, done, now)
    else:
        await tx.value("import_twins", batch=batch["id"], numbers=done)
        found = await _write(tx, batch, done, now)
    outcomes = Counter(batch["outcomes"]) + Counter(found)
    outcomes[Outcome.HELD.value] -= len(done)
    state = BatchState(batch["state"])
    await note_state(tx, batch, state, batch["done"], dict(+outcomes), now, has_news=batch["has_news"])
    if batch["of"] == Of.COMPLETIONS.value:
        await restand_import(tx, batch["id"], now, numbers=done)


async def _settle_outside(tx: WriteTx, batch: Row, now: datetime) -> None:
    """Make the learning outside that the file brings, where nobody else made it since the rehearsal (rule I7)."""
    rows = await tx.rows("import_outside_known", batch=batch["id"])
    moved = {row["item"]: row["known"] for row in rows if row["known"] is not None}
    for row in await tx.rows("import_remapped", since=batch["rehearsed_at"]):
        moved[row["item"]] = row["mapped_to"]
    if moved := {old: new for old, new in moved.items() if old != new}:
        await tx.run("import_items_change", batch=batch["id"], old=list(moved), new=list(moved.values()))
    new = [row for row in rows if row["known"] is None]
    if not new:
        return
    await tx.run(
        "outside_items_add",
        ids=[row["item"] for row in new],
        titles=[row["title"] for row in new],
        providers=[row["provider"] for row in new],
        now=now,
    )
    await tx.run(
        "outside_learning_add",
        kinds=[row["kind"] for row in new],
        values=[row["value"] for row in new],
        items=[row["item"] for row in new],
    )
    changes = [Change("item.added", row["item"], {"title": row["title"], "kind": "outside"}) for row in new]
    await append(tx, batch["client"], changes, now)


async def _write(tx: WriteTx, batch: Row, numbers: Sequence[int], now: datetime) -> dict[str, int]:
    """Some rows into the ledger, each considered by itself. Returns how many came out how."""
    bounds: dict[str, Any] = {
        "batch": batch["id"],
        "after": min(numbers) - 1,
        "last": max(numbers),
        "numbers": list(numbers),
    }
    closed: list[Row] = []
    if batch["has_keys"]:
        closed = await tx.rows("import_close", person=batch["person"], now=now, **bounds)
    row = await tx.row(
        "import_slice",
        superseding=[dict(one) for one in closed],
        client=batch["client"],
        person=batch["person"],
        now=now,
        **bounds,
    )
    assert row is not None
    _count(tx, row)
    return row["outcomes"] or {}


async def _restore(tx: WriteTx, batch: Row, row: Row, now: datetime) -> None:
    """Give a record back the content that a row had superseded."""
    number, fact = await tx.next_entries(1), new_id()
    by: dict[str, Any] = {"record": row["record"], "revision": row["revision"], "now": now}
    await tx.run(
        "facts_close", records=[row["record"]], revisions=[row["revision"]], closed_by=[batch["person"]], now=now
    )
    by |= {"revision": row["revision"] + 1, "like": row["before"], "id": fact, "entry": number, "item": None}
    await tx.run("fact_continue", person=batch["person"], **by)
    await tx.run("import_key_forget", source=row["key_source"], value=row["source_id"])
    data = {"batch": str(batch["id"]), "fact": str(fact), "supersedes": str(row["id"])}
    await tx.run(
        "entries_add",
        numbers=[number],
        kinds=["record.superseded"],
        subjects=[row["record"]],
        clients=[batch["client"]],
        data=[data],
        now=now,
    )


def _count(tx: WriteTx, row: Row) -> None:
    if row["written"]:
        tx.count_entries(row["last_entry"] - row["written"] + 1, row["last_entry"])


def _told(fault: FieldFault) -> list[str]:
    return [fault.field, fault.code, fault.message]
