"""Entries: one line in the ledger for every change, in the transaction that makes the change."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from testamur.core.ids import Id
from testamur.storage.database import WriteTx


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


async def append(tx: WriteTx, client: Id | None, changes: Sequence[Change], now: datetime) -> int:
    """Append one entry for each change and return the number of the first."""
    first = await tx.next_entries(len(changes))
    await tx.run(
        "entries_add",
        numbers=list(range(first, first + len(changes))),
        kinds=[change.kind for change in changes],
        subjects=[change.subject for change in changes],
        clients=[client] * len(changes),
        data=[None if change.data is None else dict(change.data) for change in changes],
        now=now,
    )
    return first
