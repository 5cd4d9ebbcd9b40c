"""Exports: a tenant's facts for others to count with, in the order of their entries and in slices.

Facts never change, so whoever remembers the last entry takes each of them once. That one was voided or superseded is an
ending, under the entry that says so; a fact that has none stands.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import Enum

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.storage.database import Database


class Exported(Enum):
    """What is exported."""

    FACTS = "facts"
    ENDINGS = "endings"


class Form(Enum):
    """How a slice is written: as CSV without a header, or as lines of JSON."""

    TABLE = "table"
    LINES = "lines"


@dataclass(frozen=True, slots=True)
class Slice:
    """Rows of entries behind `after` up to `until`, all recorded in `month` (`2026-11`, UTC)."""

    after: int
    until: int
    month: str
    rows: int
    data: bytes


class Exports:
    """Verbs that read much at once. Each slice is a transaction of its own, so none is open for long."""

    def __init__(self, database: Database) -> None:
        self._database = database

    async def last(self, tenant: Id, after: int) -> int:
        """The number of the last entry. Raises InvalidInput naming `after` when that lies behind it."""
        async with self._database.read(tenant) as tx:
            last: int = await tx.value("entry_last")
        if after > last:
            raise InvalidInput(FieldFault("after", "range", f"lies behind the last entry, which is {last}"))
        return last

    async def slices(
        self, tenant: Id, what: Exported, form: Form, *, after: int, until: int, count: int
    ) -> AsyncGenerator[Slice, None]:
        """All rows of the entries behind `after` up to `until`, in their order, up to `count` at a time."""
        while after < until:
            async with self._database.read(tenant) as tx:
                row = await tx.row(f"export_{what.value}_slice", after=after, until=until, count=count)
                if row is None:
                    return
                query = f"export_{what.value}_{form.value}"
                data = await tx.copied(query, lines=form is Form.LINES, after=after, until=row["until"])
            yield Slice(after, row["until"], row["month"], row["rows"], data)
            after = row["until"]
