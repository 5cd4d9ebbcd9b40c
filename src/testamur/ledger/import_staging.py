"""Reading a file into the staging table: decoded, matched, and counted as it would come out (rule I1)."""

from __future__ import annotations

import asyncio
import hashlib
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import date, datetime
from itertools import islice
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import msgspec

from testamur.core.errors import FieldFault
from testamur.core.ids import Id, new_id
from testamur.core.imports import AmbiguousDate, Columns, Decoder, Options, Row, refused
from testamur.core.moments import Precision
from testamur.files import RawRow, Table, opened
from testamur.ledger.import_matching import ERASED, Matching, Progress
from testamur.storage.database import Database, WriteTx

ROWS_MAX = 20_000_000
"""Rows of one file."""
_ROWS_AT_ONCE = 8_000
_HASHED_AT_ONCE = 1 << 20

_COLUMNS = (
    "number",
    "raw",
    "outcome",
    "faults",
    "people",
    "person",
    "item",
    "completed_at",
    "completed_by_day",
    "day",
    "started_at",
    "expires_at",
    "passed",
    "score_percent",
    "score_text",
    "time_spent",
    "certificate",
    "item_version",
    "source",
    "source_id",
    "extra",
    "digest",
    "id",
)


@dataclass(slots=True)
class Staged:
    """What there is to say of a file that was read."""

    format: str
    header: Sequence[str] = ()
    columns: Columns | None = None
    rows: int = 0
    outcomes: Counter[str] = field(default_factory=Counter)
    has_keys: bool = False


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
            row.faults.append(raw.fault or FieldFault("", "format", "cannot be read"))
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
        matching, staged = Matching(), Staged(found)
        part = await asyncio.to_thread(reader.part)
        while part:
            # The next part is read while the database takes this one.
            coming = asyncio.create_task(asyncio.to_thread(reader.part))
            try:
                staged.rows += len(part)
                if staged.rows > ROWS_MAX:
                    raise refused("", "range", f"the file has more than {ROWS_MAX} rows")
                async with database.write(tenant) as tx:
                    staged.has_keys |= await _stage_part(tx, batch, part, matching, staged.outcomes)
                    await tx.run(
                        "import_touch", id=batch, rows=staged.rows, outcomes=dict(staged.outcomes), now=clock()
                    )
            finally:
                part = await coming
            progress("read", min(stream.tell(), size), size)
        staged.header, staged.columns = list(table.header), reader.columns
    return staged


async def _stage_part(tx: WriteTx, batch: Id, rows: Sequence[Row], matching: Matching, outcomes: Counter[str]) -> bool:
    await matching.look_up(tx, rows)
    staged = [_staged(row, matching) for row in rows]
    if matching.has_too_many_outside:
        raise refused("learning", "range", "the file names too many learning objects that are unknown")
    fresh, matching.fresh = matching.fresh, []
    if fresh:
        outside = [
            {"item": one.item, "kind": one.kind, "value": one.value, "title": one.title, "provider": one.provider}
            for one in fresh
        ]
        await tx.run("import_stage_outside", batch=batch, outside=outside)
    columns = dict(zip(_COLUMNS, (list(column) for column in zip(*staged, strict=True)), strict=True))
    await tx.run("import_stage", batch=batch, **columns)
    outcomes.update(columns["outcome"])
    return any(row.source_id is not None for row in rows)


def _staged(row: Row, matching: Matching) -> tuple[Any, ...]:
    person = item = fault = None
    if not row.faults:
        item, fault = matching.item(row)
        if fault is not None:
            row.faults.append(fault)
        person, fault = matching.person(row.people)
        if fault is not None:
            row.faults.append(fault)
    outcome = "created"
    if row.faults:
        # Nobody is only a matter of time; everything else is the sender's to mend.
        is_held = len(row.faults) == 1 and row.faults[0] is fault and fault.code in ("not_found", ERASED)
        outcome = "held" if is_held else "rejected"
    waits = outcome == "held" and fault is not None and fault.code != ERASED
    completed = row.completed
    return (
        row.number,
        row.raw,
        outcome,
        _json([[one.field, one.code, one.message] for one in row.faults]) if row.faults else None,
        _json([[key.kinds, key.value, key.is_declared] for key in row.people]) if waits else None,
        person if outcome == "created" else None,
        item,
        completed.at if completed else None,
        completed is not None and completed.precision is Precision.DAY,
        row.day,
        row.started_at,
        row.expires_at,
        row.passed,
        row.score_percent,
        row.score_text,
        row.time_spent,
        row.certificate,
        row.version,
        row.source,
        row.source_id,
        row.extra,
        row.digest,
        new_id(),
    )


def _json(value: Any) -> str:
    # As text, because lists within an array would be taken for its dimensions.
    return msgspec.json.encode(value).decode()
