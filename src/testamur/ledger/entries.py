"""Entries: one line in the ledger for every change, in the transaction that makes the change."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from testamur.core.ids import Id
from testamur.storage.transactions import Row, WriteTx


@dataclass(frozen=True, slots=True)
class Change:
    """What changed.

    Args:
        kind: noun and verb, such as `person.added`, `record.superseded`.
        subject: the thing that changed.
        data: its new state, where the thing itself does not keep every state.
    """

    kind: str
    subject: Id
    data: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    number: int
    kind: str
    subject: Id
    client: Id | None
    data: dict[str, Any] | None
    recorded_at: datetime


@contextmanager
def imported(tx: WriteTx, batch: Id) -> Iterator[None]:
    """Mark what is appended within the block as of an import."""
    before, tx.batch = tx.batch, batch
    try:
        yield
    finally:
        tx.batch = before


async def append(tx: WriteTx, client: Id | None, changes: Sequence[Change], now: datetime) -> int:
    """Append one entry for each change and return the number of the first.

    Those of an import of the directory name it, so that whoever is told of them can tell (rule I15).
    """
    mark = {} if tx.batch is None else {"batch": str(tx.batch)}
    first = await tx.next_entries(len(changes))
    await tx.run(
        "entries_add",
        numbers=list(range(first, first + len(changes))),
        kinds=[change.kind for change in changes],
        subjects=[change.subject for change in changes],
        clients=[client] * len(changes),
        data=[None if change.data is None and not mark else {**(change.data or {}), **mark} for change in changes],
        now=now,
    )
    return first


def entry_of(row: Row) -> Entry:
    """From a row of `ledger_entry`."""
    return Entry(row["number"], row["kind"], row["subject"], row["client"], row["data"], row["recorded_at"])
