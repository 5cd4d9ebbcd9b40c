"""Reading a file into the staging table: decoded, matched, and counted as it would come out (rule I1)."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime, time
from itertools import islice
from operator import attrgetter
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import msgspec

from testamur.core.errors import FieldFault
from testamur.core.ids import Id, new_ids
from testamur.core.imports import AmbiguousDate, Columns, Decoder, Options, Row, refused
from testamur.core.moments import Precision
from testamur.files import RawRow, Table, opened
from testamur.ledger.import_matching import ERASED, Matching, NewOutside, Progress
from testamur.storage.database import Database

ROWS_MAX = 20_000_000
"""Rows of one file."""
_ROWS_AT_ONCE = 8_000
_HASHED_AT_ONCE = 1 << 17
"""Bytes; less than a part of rows takes, so that hashing is not what a rehearsal needs its memory for."""
_MIDNIGHT = time()

_SAID = {
    "day": "day",
    "started_at": "started_at",
    "expires_at": "expires_at",
    "passed": "passed",
    "score_text": "score_text",
    "time_spent": "time_spent",
    "certificate": "certificate",
    "item_version": "version",
    "source_id": "source_id",
    "extra": "extra",
    "digest": "digest",
}
"""Columns of what a row says, with where it says so."""


@dataclass(slots=True)
class Staged:
    """What there is to say of a file that was read.

    Args:
        has_keys: whether a row has its source's own id.
        mixes_days: whether some rows say a day, and others a moment at which one begins in UTC.
    """

    format: str
    header: Sequence[str] = ()
    columns: Columns | None = None
    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    has_keys: bool = False
    mixes_days: bool = False


def digest_of(stream: BinaryIO) -> tuple[str, int]:
    """SHA-256 of a file and its size; it stands at its beginning afterwards."""
    stream.seek(0)
    found, size = hashlib.sha256(), 0
    while part := stream.read(_HASHED_AT_ONCE):
        found.update(part)
        size += len(part)
    stream.seek(0)
    return found.hexdigest(), size


@dataclass(slots=True)
class Reader:
    """Reads the rows of a file in parts, off the loop."""

    table: Table
    options: Options
    zone: ZoneInfo
    today: date
    columns: Columns | None = None
    _decoder: Decoder | None = None
    _width: int = -1
    _rows: Iterator[RawRow] | None = field(default=None, repr=False)

    def part(self) -> list[Row]:
        """The next rows, decoded; none at the end. Raises FileRefused, FileUnreadable."""
        if self._rows is None:
            if not self.table.is_named:
                self._resolve()
            self._rows = self.table.rows()
        return [self._row(raw) for raw in islice(self._rows, _ROWS_AT_ONCE)]

    def _row(self, raw: RawRow) -> Row:
        row = Row(raw.number, raw.raw, source=self.options.source)
        if raw.cells is None or raw.fault is not None:
            row.blame(raw.fault or FieldFault("", "format", "cannot be read"))
            return row
        if len(self.table.header) != self._width:
            self._resolve()
        assert self._decoder is not None
        try:
            self._decoder.decode(row, raw.cells)
        except AmbiguousDate as error:
            raise refused("date_form", "missing", f"row {raw.number}, {error}") from error
        return row

    def _resolve(self) -> None:
        header = self.table.header
        self.columns = Columns.resolve(header, self.options, is_whole=not self.table.is_named)
        self._decoder = Decoder(self.columns, self.options, self.zone, self.today)
        self._width = len(header)


async def stage(
    database: Database,
    tenant: Id,
    batch: Id,
    stream: BinaryIO,
    options: Options,
    zone: ZoneInfo,
    clock: Callable[[], datetime],
    *,
    format: str | None,
    progress: Progress,
    size: int,
) -> Staged:
    """Copy every row into `import_row`, with its person and item where they are known. Memory does not grow with rows.

    Raises: FileRefused, FileUnreadable; what was staged by then is the caller's to drop.
    """
    with ExitStack() as stack:
        opening = opened(
            stream, format=format, delimiter=options.delimiter, encoding=options.encoding, sheet=options.sheet
        )
        found, table = await asyncio.to_thread(stack.enter_context, opening)
        reader = Reader(table, options, zone, clock().astimezone(zone).date())
        stager, staged = _Stager(database, tenant, batch, options.source, clock), Staged(found)
        part = await asyncio.to_thread(reader.part)
        try:
            while part:
                coming = asyncio.create_task(asyncio.to_thread(reader.part))
                try:
                    staged.rows += len(part)
                    if staged.rows > ROWS_MAX:
                        raise refused("", "range", f"the file has more than {ROWS_MAX} rows")
                    await stager.take(part)
                finally:
                    part = await coming
                progress("read", min(stream.tell(), size), size)
        finally:
            await stager.end()
        staged.header, staged.columns = list(table.header), reader.columns
        staged.has_keys, staged.outcomes = stager.has_keys, stager.outcomes
        staged.mixes_days = stager.has_days and stager.has_midnights
    return staged


class _Stager:
    """Takes parts of a file one after the other: while one is read, the one before is matched, and the one before that
    is written. Not all of them are in memory at any time, and none is written before those before it."""

    def __init__(self, database: Database, tenant: Id, batch: Id, source: str, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._tenant = tenant
        self._batch = batch
        self._source = source
        self._clock = clock
        self._matching = Matching()
        self._writing: asyncio.Task[None] | None = None
        self.outcomes: Counter[str] = Counter()
        self.has_keys = self.has_days = self.has_midnights = False

    async def take(self, rows: Sequence[Row]) -> None:
        """Match these rows, and begin to write them once those before are written."""
        async with self._database.read(self._tenant) as tx:
            await self._matching.look_up(tx, rows)
        columns = await asyncio.to_thread(_columns, rows, self._matching, self._source)
        if self._matching.has_too_many_outside:
            raise refused("learning", "range", "the file names too many learning objects that are unknown")
        outside, self._matching.fresh = self._matching.fresh, []
        self.has_keys |= bool(columns["source_id"])
        self._look_at_days(columns["day"], columns["completed_at"])
        others = Counter(outcome for outcome in columns["outcome"] if outcome is not None)
        self.outcomes.update(others, created=len(rows) - others.total())
        await self.end()
        before, last = rows[0].number - 1, rows[-1].number
        self._writing = asyncio.create_task(self._write(columns, outside, before, last, dict(self.outcomes)))

    def _look_at_days(self, days: Sequence[date | None], moments: Sequence[datetime | None]) -> None:
        if not moments:
            self.has_days |= bool(days)
            return
        self.has_days |= any(at is None and day is not None for at, day in zip(moments, days, strict=True))
        self.has_midnights |= any(at is not None and at.time() == _MIDNIGHT for at in moments)

    async def end(self) -> None:
        """Wait for what is being written. Raises what went wrong with it."""
        writing, self._writing = self._writing, None
        if writing is not None:
            await writing

    async def _write(
        self,
        columns: Mapping[str, Sequence[Any]],
        outside: Sequence[NewOutside],
        before: int,
        last: int,
        outcomes: Mapping[str, int],
    ) -> None:
        async with self._database.write(self._tenant) as tx:
            await tx.run("import_unhurried")
            if outside:
                brought = [
                    {
                        "item": one.item,
                        "kind": one.kind,
                        "value": one.value,
                        "title": one.title,
                        "provider": one.provider,
                    }
                    for one in outside
                ]
                await tx.run("import_stage_outside", batch=self._batch, outside=brought)
            await tx.run("import_stage", batch=self._batch, before=before, usual_source=self._source, **columns)
            await tx.run("import_touch", id=self._batch, rows=last, outcomes=outcomes, now=self._clock())


def _columns(rows: Sequence[Row], matching: Matching, source: str) -> dict[str, Sequence[Any]]:
    """What is sent of rows, by column. One that no row has anything in is empty: the database takes that for nulls."""
    settled = [_settled(row, matching) for row in rows]
    completed = [row.completed for row in rows]
    columns: dict[str, list[Any]] = {column: list(map(attrgetter(name), rows)) for column, name in _SAID.items()}
    columns |= {
        "outcome": [None if outcome == "created" else outcome for outcome, _, _ in settled],
        "person": [person for _, person, _ in settled],
        "item": [item for _, _, item in settled],
        "faults": [_faults(row) if row.faults else None for row in rows],
        "people": [
            _people(row) if outcome == "held" and row.faults[-1].code != ERASED else None
            for row, (outcome, _, _) in zip(rows, settled, strict=True)
        ],
        # A completion on a day is at its beginning in UTC, as the database knows.
        "completed_at": [when.at if when and when.precision is Precision.INSTANT else None for when in completed],
        # As text, which costs less to send and nothing more to read.
        "score_percent": [None if row.score_percent is None else str(row.score_percent) for row in rows],
        "source": [None if row.source == source else row.source for row in rows],
    }
    sent: dict[str, Sequence[Any]] = {
        name: [] if column.count(None) == len(column) else column for name, column in columns.items()
    }
    return sent | {"raw": [row.raw for row in rows], "id": new_ids(len(rows))}


def _settled(row: Row, matching: Matching) -> tuple[str, Id | None, Id | None]:
    """How a row would come out if the ledger knew nothing, whose it is and of what. May add to its faults."""
    if row.faults:
        return "rejected", None, None
    item, wrong = matching.item(row)
    if wrong is not None:
        row.blame(wrong)
    person, fault = matching.person(row.people)
    if fault is not None:
        row.blame(fault)
    if not row.faults:
        return "created", person, item
    # Nobody is only a matter of time, and who was erased is nobody's to mend; everything else is the sender's.
    is_held = wrong is None and fault is not None and fault.code in ("not_found", ERASED)
    return "held" if is_held else "rejected", None, item


def _faults(row: Row) -> str:
    return _json([[one.field, one.code, one.message] for one in row.faults])


def _people(row: Row) -> str:
    return _json([[key.kinds, key.value, key.is_declared] for key in row.people])


def _json(value: Any) -> str:
    # As text, because lists within an array would be taken for its dimensions.
    return msgspec.json.encode(value).decode()
