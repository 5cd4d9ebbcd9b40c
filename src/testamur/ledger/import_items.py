"""Rows of items into the ledger, as tellings of a catalogue."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from testamur.core.errors import InvalidInput
from testamur.core.imports import Outcome
from testamur.core.imports.items import item_of
from testamur.core.items import ItemChange, ItemPut, ItemTelling, PutOutcome
from testamur.core.people import normalise
from testamur.ledger.import_told import Boss, Told
from testamur.ledger.item_plan import Changed
from testamur.ledger.item_writing import change_items, write_items
from testamur.ledger.items import get_items, plan_items
from testamur.storage.transactions import Row, WriteTx

_OUTCOMES = {
    PutOutcome.ADDED: Outcome.CREATED,
    PutOutcome.UPDATED: Outcome.CHANGED,
    PutOutcome.UNCHANGED: Outcome.UNCHANGED,
}


def names_of(told: dict[str, Any]) -> list[tuple[str, str]]:
    """The identifiers of a row as they are compared."""
    return [(kind, normalise(kind, value)) for kind, values in told["identifiers"].items() for value in values]


class ImportedItems:
    """See `Kind`."""

    async def plan(
        self, tx: WriteTx, batch: Row, rows: Sequence[Told], above: dict[int, Boss] | None, now: datetime
    ) -> None:
        good: list[tuple[Told, ItemTelling]] = []
        for row in rows:
            try:
                good.append((row, item_of(row.told)))
            except InvalidInput as error:
                row.reject(error.faults)
        plan, answers = await plan_items(tx, [told for _, told in good], now)
        retired = {one.stored.id for one in plan.changed if one.change.retired}
        for (row, told), answer in zip(good, answers, strict=True):
            self._settle(row, told, answer, is_retired=answer.item in retired)

    @staticmethod
    def _settle(row: Told, told: ItemTelling, answer: ItemPut, *, is_retired: bool) -> None:
        if answer.fault is not None:
            row.reject([answer.fault])
            return
        row.outcome = Outcome.DEACTIVATED if is_retired else _OUTCOMES[answer.outcome]
        # Of one that is new the id is given when it is written.
        row.item = None if answer.outcome is PutOutcome.ADDED else answer.item
        row.work = told

    async def write(self, tx: WriteTx, batch: Row, rows: Sequence[Told], now: datetime) -> None:
        meant = [row for row in rows if row.work is not None]
        plan, answers = await plan_items(tx, [row.work for row in meant], now)
        await write_items(tx, batch["client"], plan, now)
        for row, answer in zip(meant, answers, strict=True):
            row.item = answer.item

    async def remove(self, tx: WriteTx, batch: Row, absent: Sequence[Row], now: datetime) -> None:
        items = await get_items(tx, [row["subject"] for row in absent], now)
        retired = [Changed(item, ItemChange(retired=True), None) for item in items if item.retired_at is None]
        await change_items(tx, batch["client"], retired, now)
