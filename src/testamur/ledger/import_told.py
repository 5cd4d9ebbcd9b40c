"""Rows of the directory between a file and the ledger: read from the staging table, and what became of them."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, Protocol

import msgspec

from testamur.core.callers import ALL_SCOPES, Caller
from testamur.core.errors import FieldFault
from testamur.core.ids import Id
from testamur.core.imports import Outcome
from testamur.storage.transactions import Row, Tx, WriteTx


@dataclass(slots=True)
class Told:
    """A row that may be written, and what becomes of it.

    Args:
        id: given beforehand to what the row may create.
        told: what it says, by field.
        keys: of a membership, the kinds, value and certainty of each key of the person.
        above: the row of the manager or structure it stands under, where the file has one; else `under` is who it is.
        work: what is to be written, in a form that its kind knows.
    """

    number: int
    id: Id
    told: Mapping[str, Any]
    keys: Sequence[Any] = ()
    above: int | None = None
    under: Id | None = None
    outcome: Outcome = Outcome.UNCHANGED
    faults: list[FieldFault] = field(default_factory=list)
    person: Id | None = None
    item: Id | None = None
    audience: Id | None = None
    work: Any = None

    def reject(self, faults: Sequence[FieldFault]) -> None:
        self.outcome, self.faults, self.work = Outcome.REJECTED, list(faults), None


@dataclass(frozen=True, slots=True)
class Boss:
    """A row that others stand under: what it names, or will; `is_due` says that it is yet to be written."""

    number: int
    subject: Id
    is_due: bool = False
    is_rejected: bool = False


def settle_above(row: Told, above: dict[int, Boss] | None) -> None:
    """Tell those who stand under a row what it names by now."""
    if above is not None and row.number in above:
        subject = row.person or row.audience or row.id
        above[row.number] = replace(
            above[row.number], subject=subject, is_due=False, is_rejected=row.outcome is Outcome.REJECTED
        )


class Kind(Protocol):
    """What rows of one kind mean."""

    async def plan(
        self, tx: WriteTx, batch: Row, rows: Sequence[Told], above: dict[int, Boss] | None, now: datetime
    ) -> None:
        """Say of each row what becomes of it, by what the ledger holds; nothing is written.

        Args:
            rows: at the commit, those that others stand under first.
            above: at the commit the rows that these stand under, brought up to date; None at the rehearsal, when
                `Told.above` is yet to be found.
        """

    async def write(self, tx: WriteTx, batch: Row, rows: Sequence[Told], now: datetime) -> None:
        """Write what was planned. Raises TestamurError for what cannot be written after all."""

    async def remove(self, tx: WriteTx, batch: Row, absent: Sequence[Row], now: datetime) -> None:
        """Take away what a file that is the whole does not have."""


def caller_of(tx: Tx, batch: Row) -> Caller:
    """On whose behalf a batch is written."""
    return Caller(tenant=tx.tenant, client=batch["client"], scopes=ALL_SCOPES, person=batch["person"])


async def told_span(tx: Tx, batch: Id, *, after: int, last: int) -> list[Told]:
    """Rows behind one number, up to another, that are not rejected and were not written yet."""
    return _told(await tx.rows("import_told", batch=batch, after=after, last=last, is_told=False))


async def told_rows(tx: Tx, batch: Id, numbers: Collection[int], *, written: bool = False) -> list[Told]:
    """Those of these rows that are not rejected and were not written yet, or were."""
    return _told(await tx.rows("import_told_among", batch=batch, numbers=list(numbers), is_told=written))


def _told(rows: Sequence[Row]) -> list[Told]:
    return [
        Told(
            row["number"],
            row["id"],
            row["told"],
            keys=row["people"] or (),
            above=row["above"],
            under=row["under"],
            outcome=Outcome(row["outcome"]),
            person=row["person"],
            item=row["item"],
            audience=row["audience"],
        )
        for row in rows
    ]


async def keep_told(tx: WriteTx, batch: Id, rows: Sequence[Told], *, is_told: bool) -> None:
    """Write down what became of rows, or at a rehearsal would."""
    if not rows:
        return
    await tx.run(
        "import_tell",
        batch=batch,
        numbers=[row.number for row in rows],
        outcomes=[row.outcome.value for row in rows],
        faults=[
            as_text([[one.field, one.code, one.message] for one in row.faults]) if row.faults else None for row in rows
        ],
        persons=[row.person for row in rows],
        items=[row.item for row in rows],
        audiences=[row.audience for row in rows],
        aboves=[row.above for row in rows],
        unders=[row.under for row in rows],
        is_told=is_told,
    )


def faults_as_text(faults: Sequence[FieldFault]) -> str | None:
    return as_text([[one.field, one.code, one.message] for one in faults]) if faults else None


def as_text(value: Any) -> str:
    """JSON as text, because lists within an array would be taken for its dimensions."""
    return msgspec.json.encode(value, enc_hook=str).decode()
