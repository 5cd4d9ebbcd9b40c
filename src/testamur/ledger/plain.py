"""Plain tellings: completions that leave nothing to decide, written in one trip.

Most of what is told is that somebody completed an item at some moment, and nobody said so before. Where the service
knows which item is meant, and what that makes of the lines of assignments that ask for it (`PlainLines`), the database
sees for itself whether the completion is new and the lines are plain, and writes where it looked (`record_plain`). What
it refuses is decided like any other telling, by `Batch`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from functools import partial
from typing import NamedTuple

import msgspec
from msgspec import Raw

from testamur.core.errors import TestamurError
from testamur.core.ids import Id, new_id
from testamur.core.moments import Precision
from testamur.core.people import Reference, normalise
from testamur.core.records import NewRecord, Recorded, Report
from testamur.ledger.plain_lines import Asked, FilledLine, LineRows, PlainLines
from testamur.ledger.recording import Learning, digest_of
from testamur.storage.database import Database
from testamur.storage.gather import Flush, Gatherer, GoesOn
from testamur.storage.series import Calls
from testamur.storage.transactions import Growth, Row, is_fourfold

_ITEMS_MAX = 20_000
"""References that are remembered, of all tenants."""
_ASKING_MAX = 16
"""Assignments that ask for an item that is remembered."""


class _Item(NamedTuple):
    """What a reference to an item stood for at a count of changes to items: `tenant_counter.rules`.

    Args:
        asked: the same for its lines, where assignments ask for it.
    """

    rules: int
    item: Id
    version: int | None
    asked: Asked | None


class _Plain(NamedTuple):
    """A telling as it will be written: made while the database works on others.

    Args:
        row: a `_PlainRow` as JSON.
        lines: what it makes of the lines that it may touch.
    """

    item: _Item
    record: Id
    row: Raw
    lines: Sequence[FilledLine]


class _PlainRow(Learning, omit_defaults=True):
    """What `record_plain` takes of a telling."""

    record: Id
    source: str
    person_kinds: tuple[str, ...]
    person_values: tuple[str, ...]
    person_id: Id | None
    digest: bytes
    dialect: str
    client: Id
    method: str
    path: str
    body: str


class PlainTellings:
    """Records what is plain, and remembers which items are."""

    def __init__(self, database: Database, clock: Callable[[], datetime], growth: Growth) -> None:
        self._database = database
        self._clock = clock
        self._growth = growth
        self._items: dict[tuple[Id, Reference], _Item] = {}
        self._lines = PlainLines()
        self._writes = Gatherer(self._series)

    async def record(self, tenant: Id, new: NewRecord, report: Report) -> Recorded | None:
        """Record a telling that is plain and new; of any other nothing is written, and the answer is None.

        Returns after the commit is durable. Raises: Overloaded, DatabaseUnavailable: nothing is known to be written.
        """
        named = _plain_item(new)
        item = self._items.get((tenant, named)) if named is not None else None
        if item is None:
            return None
        lines = self._lines.of(item.asked, new) if item.asked is not None else ()
        if item.asked is not None and not lines:
            return None
        id = new_id()
        row = Raw(msgspec.json.encode(_row(new, report, item, id)))
        return await self._writes.call(tenant, _Plain(item, id, row, [line.filled(id) for line in lines]))

    def learn(self, tenant: Id, told: Iterable[tuple[NewRecord, Row]]) -> None:
        """Remember the items of tellings that were decided.

        Args:
            told: each with its line of the query `record_resolve`, of a transaction that was committed and changed
                no item: what another one read might never become true.
        """
        for new, row in told:
            named = _plain_item(new)
            if named is None:
                continue
            known = self._items.pop((tenant, named), None)
            if row["item"] is None or len(row["asking"]) > _ASKING_MAX:
                continue
            if known is None or known.rules != row["rules"]:
                known = _known(tenant, row)
            self._items[tenant, named] = known
            if len(self._items) > _ITEMS_MAX:
                del self._items[next(iter(self._items))]

    async def drain(self) -> None:
        """Wait until every batch in flight has been answered."""
        await self._writes.drain()

    @asynccontextmanager
    async def _series(self, tenant: Id) -> AsyncIterator[Flush[_Plain, Recorded | None]]:
        async with self._database.calls(tenant) as calls:
            yield partial(self._write, tenant, calls)

    async def _write(
        self, tenant: Id, calls: Calls, tellings: Sequence[_Plain], _: GoesOn
    ) -> list[Recorded | TestamurError | None]:
        rules = max(telling.item.rules for telling in tellings)
        # What was learnt before the last change may not be so any more.
        told = [telling for telling in tellings if telling.item.rules == rules]
        lines = LineRows()
        for place, telling in enumerate(told, 1):
            lines.add(place, telling.lines)
        rows = [telling.row for telling in told]
        found = await calls.row(
            "record_plain", rules=rules, now=self._clock(), told=len(told), tellings=rows, **lines.parameters()
        )
        if found is None or found["last_entry"] is None:
            return [None] * len(tellings)
        refused = set(found["refused"] or ())
        for telling in told:
            if telling.item.asked is not None:
                telling.item.asked.note(is_refused=telling.record in refused)
        written, last = len(told) - len(refused), found["last_entry"]
        if self._growth.add(tenant, written) or is_fourfold(last - written, last):
            self._database.refresh_statistics()
        return [
            None
            if telling.item.rules != rules or telling.record in refused
            else Recorded(telling.record, telling.record, is_new=True, is_changed=True)
            for telling in tellings
        ]


def _known(tenant: Id, row: Row) -> _Item:
    rules, item, version, asking = row["rules"], row["item"], row["version"], tuple(row["asking"])
    return _Item(rules, item, version, Asked(tenant, rules, item, version, asking) if asking else None)


def _plain_item(new: NewRecord) -> Reference | None:
    """The item of a telling in whose way nothing but the facts that are there could stand; None for any other."""
    is_plain = (
        new.completed is not None
        and new.completed.precision is Precision.INSTANT
        and new.person is not None
        and new.key is None
        and not (new.is_loose or new.is_repeatable or new.enrols or new.needs_published or new.quiz_score)
    )
    return new.item if is_plain and isinstance(new.item, Reference) else None


def _row(new: NewRecord, report: Report, item: _Item, record: Id) -> _PlainRow:
    person = new.person
    assert person is not None
    row = _PlainRow(
        record,
        new.source,
        person.kinds,
        tuple([normalise(kind, person.value) for kind in person.kinds]),
        person.id,
        digest_of(report),
        report.dialect,
        report.client,
        report.method,
        report.path,
        report.body,
    )
    row.take(new)
    row.item, row.item_version, row.created_by = item.item, item.version, new.created_by
    return row
