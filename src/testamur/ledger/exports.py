"""Exports: a tenant's facts for others to count with, in the order of their entries and in slices.

Facts never change, so whoever remembers the last entry takes each of them once. That one was voided or superseded is an
ending, under the entry that says so; a fact that has none stands.
"""

from __future__ import annotations

import re
from collections.abc import AsyncGenerator
from dataclasses import dataclass
from enum import Enum

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.storage.database import Database

_NUMBER_AT_END = re.compile(rb"\d+(?=}?\n\Z)")
_DIGITS_MAX = 24


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
    """All rows of the entries behind `after` up to `until`."""

    after: int
    until: int
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
            query = f"export_{what.value}_{form.value}"
            async with self._database.read(tenant) as tx:
                data = await tx.copied(query, lines=form is Form.LINES, after=after, until=until, count=count)
            if not data:
                return
            slice = Slice(after, _last_entry(data), data)
            yield slice
            after = slice.until


def _last_entry(data: bytes) -> int:
    """The number that stands last, in a row of CSV as in a line of JSON."""
    found = _NUMBER_AT_END.search(data, len(data) - _DIGITS_MAX)
    assert found is not None
    return int(found[0])
