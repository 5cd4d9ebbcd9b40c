"""Batches: many tellings of items in one call, and what became of each."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice

from testamur.core.callers import Caller
from testamur.core.errors import FieldFault, NotFound
from testamur.core.ids import Id, new_id
from testamur.core.items import ItemPut, ItemTelling, PutOutcome
from testamur.ledger.items import Items
from testamur.storage.database import Database
from testamur.storage.transactions import WriteTx

ROWS_MAX = 10_000
"""Rows of one batch."""

SLICE = 500
"""Rows in one transaction."""


class BatchNotFound(NotFound):
    """No such batch in this tenant."""

    code = "batch_not_found"


@dataclass(frozen=True, slots=True)
class BatchRow:
    """What became of a row: its item, or why it was refused."""

    outcome: PutOutcome
    item: Id | None = None
    reason: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch as stored.

    Args:
        kind: what its rows tell of.
        count: rows that it came with; one that did not end has fewer `rows`.
    """

    id: Id
    kind: str
    client: Id | None
    count: int
    rows: tuple[BatchRow, ...]
    started_at: datetime
    ended_at: datetime | None


class Batches:
    """Verbs on batches."""

    def __init__(self, database: Database, items: Items, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._items = items
        self._clock = clock

    async def run(
        self,
        caller: Caller,
        kind: str,
        count: int,
        rows: Iterable[ItemTelling | FieldFault],
        word: Callable[[FieldFault], FieldFault],
    ) -> tuple[Id, list[BatchRow]]:
        """Put a batch of items, a slice at a time. Each row stands for itself.

        What became of a slice is written together with it, so a batch that is cut short says how far it came. A row
        that tells of an item an earlier row told of is refused.

        Args:
            count: how many rows there are.
            rows: what each tells, or why it cannot be read. They are read as they are needed.
            word: names a fault's field as the caller does.
        Returns: the batch's id, and what became of each row.
        """
        id, now = new_id(), self._clock()
        async with self._database.write(caller.tenant) as tx:
            await tx.run("batch_add", id=id, kind=kind, client=caller.client, rows=count, now=now)
        seen: set[Id] = set()
        parts: dict[Id, ItemTelling] = {}
        done: list[BatchRow] = []
        left = iter(rows)
        while part := list(islice(left, SLICE)):
            tellings = [row for row in part if not isinstance(row, FieldFault)]
            keep = _Slice(id, len(done), part, word)
            await self._items.put(caller, tellings, seen=seen, parts=parts, after=keep.write)
            done += keep.outcomes
        async with self._database.write(caller.tenant) as tx:
            await tx.run("batch_end", id=id, now=self._clock())
        return id, done

    async def get(self, tenant: Id, id: Id | None) -> Batch:
        """A batch with what became of its rows. Raises BatchNotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("batch_get", id=id)
            if row is None:
                raise BatchNotFound
            rows = await tx.rows("batch_rows_get", batch=id)
        return Batch(
            id=row["id"],
            kind=row["kind"],
            client=row["client"],
            count=row["rows"],
            rows=tuple(BatchRow(PutOutcome(one["outcome"]), one["item"], one["reason"]) for one in rows),
            started_at=row["started_at"],
            ended_at=row["ended_at"],
        )


@dataclass(slots=True)
class _Slice:
    """Rows that are taken together. `begin` is where the first of them stood."""

    batch: Id
    begin: int
    rows: Sequence[ItemTelling | FieldFault]
    word: Callable[[FieldFault], FieldFault]
    outcomes: list[BatchRow] = field(default_factory=list)

    async def write(self, tx: WriteTx, answers: Sequence[ItemPut], now: datetime) -> None:
        """Write what became of the rows: those that could not be read, and the others in the order of `answers`."""
        told = iter(answers)
        self.outcomes = [self._outcome(row if isinstance(row, FieldFault) else next(told)) for row in self.rows]
        await tx.run(
            "batch_rows_add",
            batch=self.batch,
            places=list(range(self.begin, self.begin + len(self.outcomes))),
            outcomes=[row.outcome.value for row in self.outcomes],
            items=[row.item for row in self.outcomes],
            reasons=[row.reason for row in self.outcomes],
        )

    def _outcome(self, of: ItemPut | FieldFault) -> BatchRow:
        fault = of.fault if isinstance(of, ItemPut) else of
        if isinstance(of, ItemPut) and fault is None:
            return BatchRow(of.outcome, of.item)
        assert fault is not None
        return _refused(self.word(fault))


def _refused(fault: FieldFault) -> BatchRow:
    reason = f"{fault.field}: {fault.message}" if fault.field else fault.message
    return BatchRow(PutOutcome.REFUSED, reason=reason)
