"""Files of the directory: read, rehearsed row by row, and written a slice at a time, whoever stands above first."""

from __future__ import annotations

import asyncio
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import msgspec

from testamur.core.errors import Conflict, FieldFault, InvalidInput, NotFound
from testamur.core.ids import Id, new_id
from testamur.core.imports import AmbiguousDate, BatchState, Of, Options, Outcome, Removals, refused
from testamur.core.imports.cells import Reading
from testamur.core.imports.sheets import Sheet, Telling
from testamur.files import RawRow, Table, opened
from testamur.ledger import import_audiences, import_items, import_people
from testamur.ledger.entries import Change, append, imported
from testamur.ledger.import_audiences import ImportedAudiences
from testamur.ledger.import_items import ImportedItems
from testamur.ledger.import_matching import Progress
from testamur.ledger.import_members import ImportedMemberships, keys_of
from testamur.ledger.import_people import ImportedPeople
from testamur.ledger.import_settling import count_outcomes, note_state
from testamur.ledger.import_told import Boss, Kind, Told, as_text, faults_as_text, keep_told, told_rows, told_span
from testamur.storage.database import Database
from testamur.storage.transactions import Row, WriteTx

ROWS_MAX = 2_000_000
"""Rows of one file of the directory."""
AUDIENCES_MAX = 20_000
"""Rows of one file of audiences, which are written one by one."""
DEPTH_MAX = 200
"""Managers above each other in one file, or structures within each other."""
_ROWS_AT_ONCE = 4_000
_PLANNED_AT_ONCE = 1_000
_ABSENT_AT_ONCE = 500
_NAMES_DROPPED_AT_ONCE = 20_000

_REFUSALS = (InvalidInput, Conflict, NotFound)
"""What a row may be at fault for; anything else stops the slice."""

KINDS: Mapping[Of, Kind] = {
    Of.PEOPLE: ImportedPeople(),
    Of.ITEMS: ImportedItems(),
    Of.AUDIENCES: ImportedAudiences(),
    Of.MEMBERSHIPS: ImportedMemberships(),
}


@dataclass(slots=True)
class Read:
    """What there is to say of a file that was read."""

    format: str
    header: Sequence[str] = ()
    columns: Mapping[str, str] = field(default_factory=dict)
    rows: int = 0
    unnamed: int = 0


class _Reader:
    """Reads the rows of a file in parts, off the loop."""

    def __init__(self, table: Table, options: Options, reading: Reading) -> None:
        self._table = table
        self._options = options
        self._reading = reading
        self._sheet: Sheet | None = None
        self._width = -1
        self._rows: Iterator[RawRow] | None = None

    @property
    def columns(self) -> Mapping[str, str]:
        return self._sheet.meanings if self._sheet else {}

    def part(self) -> list[Telling]:
        """The next rows, read; none at the end. Raises FileRefused, FileUnreadable."""
        if self._rows is None:
            if not self._table.is_named:
                self._resolve()
            self._rows = self._table.rows()
        return [self._row(raw) for raw in islice(self._rows, _ROWS_AT_ONCE)]

    def _row(self, raw: RawRow) -> Telling:
        row = Telling(raw.number, raw.raw)
        if raw.cells is None or raw.fault is not None:
            row.faults.append(raw.fault or FieldFault("", "format", "cannot be read"))
            return row
        if len(self._table.header) != self._width:
            self._resolve()
        assert self._sheet is not None
        try:
            self._sheet.read(row, raw.cells, self._reading, self._nulls(raw))
        except AmbiguousDate as error:
            raise refused("date_form", "missing", f"row {raw.number}, {error}") from error
        return row

    def _nulls(self, raw: RawRow) -> frozenset[int]:
        """Places whose cell says null, which only a row that names its columns can."""
        if not self._table.is_named or "null" not in raw.raw:
            return frozenset()
        members = msgspec.json.decode(raw.raw)
        return frozenset(
            place for place, name in enumerate(self._table.header) if name in members and members[name] is None
        )

    def _resolve(self) -> None:
        header = self._table.header
        self._sheet = Sheet.resolve(header, self._options, is_whole=not self._table.is_named)
        self._width = len(header)


async def read_directory(
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
) -> Read:
    """Copy every row into the staging table, as what it says. Memory does not grow with rows.

    Raises: FileRefused, FileUnreadable; what was staged by then is the caller's to drop.
    """
    most = AUDIENCES_MAX if options.of is Of.AUDIENCES else ROWS_MAX
    with ExitStack() as stack:
        opening = opened(
            stream, format=format, delimiter=options.delimiter, encoding=options.encoding, sheet=options.sheet
        )
        found, table = await asyncio.to_thread(stack.enter_context, opening)
        reader = _Reader(table, options, Reading(options.dates, zone, clock().astimezone(zone).date()))
        read = Read(found)
        part = await asyncio.to_thread(reader.part)
        while part:
            # The next part is read while the database takes this one.
            coming = asyncio.create_task(asyncio.to_thread(reader.part))
            try:
                read.rows += len(part)
                if read.rows > most:
                    raise refused("", "range", f"the file has more than {most} rows")
                async with database.write(tenant) as tx:
                    read.unnamed += await _stage(tx, batch, part, options)
                    await tx.run("import_touch", id=batch, rows=read.rows, outcomes=None, now=clock())
            finally:
                part = await coming
            progress("read", min(stream.tell(), size), size)
        read.header, read.columns = list(table.header), dict(reader.columns)
    return read


async def _stage(tx: WriteTx, batch: Id, rows: Sequence[Telling], options: Options) -> int:
    """Returns how many of the rows name nobody and nothing."""
    named = {row.number: _names(row.told, options) for row in rows}
    keys = {row.number: _keys(row, options) for row in rows}
    await tx.run(
        "import_stage_told",
        batch=batch,
        numbers=[row.number for row in rows],
        raws=[row.raw for row in rows],
        outcomes=["rejected" if row.faults else "unchanged" for row in rows],
        faults=[faults_as_text(row.faults) for row in rows],
        people=[keys[row.number] for row in rows],
        told=[as_text(row.told) for row in rows],
        ids=[new_id() for _ in rows],
    )
    names = [(kind, value, number) for number, found in named.items() for kind, value in found]
    if names:
        kinds, values, numbers = zip(*names, strict=True)
        await tx.run("import_names_add", batch=batch, kinds=list(kinds), values=list(values), numbers=list(numbers))
    # Of a row that is rejected its names still say who is not absent.
    return sum(bool(row.faults) and not named[row.number] for row in rows)


def _names(told: dict[str, Any], options: Options) -> list[tuple[str, str]]:
    match options.of:
        case Of.PEOPLE if told.get("identifiers"):
            return import_people.names_of(told, options.person_kinds)
        case Of.ITEMS if told.get("identifiers"):
            return import_items.names_of(told)
        case Of.AUDIENCES if told.get("ref"):
            return import_audiences.names_of(told)
    return []


def _keys(row: Telling, options: Options) -> str | None:
    if options.of is not Of.MEMBERSHIPS or row.faults:
        return None
    return as_text([[key.kinds, key.value, key.is_declared] for key in keys_of(row.told, options)])


async def rehearse_directory(
    database: Database, tenant: Id, id: Id, read: Read, clock: Callable[[], datetime], progress: Progress
) -> int:
    """Say of every row what would become of it. Returns how many of them were rejected because others say the same."""
    async with database.write(tenant) as tx:
        await tx.run("import_patience")
        repeated: int = await tx.value("import_names_twice", batch=id)
    for after in range(0, read.rows, _PLANNED_AT_ONCE):
        last = min(after + _PLANNED_AT_ONCE, read.rows)
        async with database.write(tenant) as tx:
            batch = await tx.row("import_take", id=id)
            assert batch is not None
            rows = await told_span(tx, id, after=after, last=last)
            await KINDS[Of(batch["of"])].plan(tx, batch, rows, None, clock())
            await keep_told(tx, id, rows, is_told=False)
            await tx.run("import_touch", id=id, rows=read.rows, outcomes=None, now=clock())
        progress("decided", last, read.rows)
    async with database.write(tenant) as tx:
        await tx.run("import_patience")
        repeated += await tx.value("import_subjects_twice", batch=id)
        batch = await tx.row("import_take", id=id)
        assert batch is not None
        await _reject_circles(tx, batch, read.rows)
    return repeated


async def _reject_circles(tx: WriteTx, batch: Row, rows: int) -> None:
    """Reject rows that stand above themselves, be it by way of people or structures outside of the file."""
    of = Of(batch["of"])
    if of not in (Of.PEOPLE, Of.AUDIENCES):
        return
    placed, outside = ("import_placed", "import_managers_outside")
    field, message = "manager", "nobody may stand above herself"
    if of is Of.AUDIENCES:
        placed, outside = "import_audiences_placed", "import_parents_outside"
        field, message = "parent", "may not name the audience itself, nor one within it"
    above = array("q", bytes(8 * (rows + 1)))
    leaving: dict[int, Id] = {}
    for after in range(0, rows, _ROWS_AT_ONCE):
        for row in await tx.rows(placed, batch=batch["id"], after=after, last=after + _ROWS_AT_ONCE):
            if row["above"] is not None:
                above[row["number"]] = row["above"]
            elif row["outside"] is not None:
                leaving[row["number"]] = row["outside"]
    climbed = await _climb(tx, batch, set(leaving.values()), outside)
    for number, id in leaving.items():
        above[number] = climbed.get(id, 0)
    bad = _circles(above)
    for number in bad:
        above[number] = 0
    for numbers, code, told in (
        (bad, "order", message),
        (_deep(above), "range", f"stands under more than {DEPTH_MAX} others"),
    ):
        if numbers:
            await tx.run("import_reject", batch=batch["id"], numbers=numbers, field=field, code=code, message=told)


async def _climb(tx: WriteTx, batch: Row, ids: set[Id], query: str) -> dict[Id, int]:
    """The first row of the file above each of these, who are not in it."""
    steps: dict[Id, Id] = {}
    found: dict[Id, int] = {}
    seen, layer = set(ids), ids
    while layer:
        rows_of = await tx.rows("import_rows_of_subjects", batch=batch["id"], subjects=list(layer))
        found |= {row["subject"]: row["number"] for row in rows_of}
        following: set[Id] = set()
        for row in await tx.rows(query, batch=batch["id"], below=list(layer - found.keys())):
            if row["number"] is not None:
                found[row["below"]] = row["number"]
            else:
                steps[row["below"]] = row["above"]
                following.add(row["above"])
        layer = following - seen
        seen |= layer
    first: dict[Id, int] = {}
    for id in ids:
        at, path = id, set()
        while at not in found and at in steps and at not in path:
            path.add(at)
            at = steps[at]
        first[id] = found.get(at, 0)
    return first


def _circles(above: array[int]) -> list[int]:
    """The rows on circles, where each place names the row above it and 0 none."""
    state = bytearray(len(above))
    found: list[int] = []
    for start in range(1, len(above)):
        path, at = [], start
        while at and not state[at]:
            state[at] = 1
            path.append(at)
            at = above[at]
        if at and state[at] == 1:
            found += path[path.index(at) :]
        for one in path:
            state[one] = 2
    return found


def _deep(above: array[int]) -> list[int]:
    """The rows under more than DEPTH_MAX others, each of which would wait for all of these to be written."""
    depths = array("q", bytes(8 * len(above)))
    for start in range(1, len(above)):
        path, at = [], start
        while at and not depths[at]:
            path.append(at)
            at = above[at]
        for one in reversed(path):
            depths[one] = depths[above[one]] + 1
    return [number for number, depth in enumerate(depths) if depth > DEPTH_MAX + 1]


async def count_removals(tx: WriteTx, batch: Row, unnamed: int, now: datetime) -> Removals | None:
    """What a batch would take away, as of now."""
    of = Of(batch["of"])
    if not of.can_be_whole:
        return None
    by: dict[str, Any] = {} if of is not Of.PEOPLE else {"now": now}
    whole = bool(batch["options"].get("whole"))
    row = await tx.row(f"import_removals_of_{of.value}", batch=batch["id"], whole=whole, **by)
    assert row is not None
    return Removals(
        deactivated=row["deactivated"],
        absent=row["absent"],
        present=row["present"],
        unnamed=row["unnamed"] if of is Of.MEMBERSHIPS else unnamed,
    )


async def list_absent(tx: WriteTx, batch: Row, removals: Removals, now: datetime) -> None:
    """Write down what is to go for not being in the file: no more than this will."""
    await tx.run("import_removals_keep", id=batch["id"], removals=msgspec.to_builtins(removals))
    if removals.absent:
        by: dict[str, Any] = {} if batch["of"] != Of.PEOPLE.value else {"now": now}
        await tx.run(f"import_absent_{batch['of']}", batch=batch["id"], **by)


async def drop_names(tx: WriteTx, batch: Id) -> bool:
    """Forget some of what was only needed until the commit. Whether there may be more."""
    for query in ("import_names_drop", "import_absent_drop"):
        if await tx.value(query, batch=batch, count=_NAMES_DROPPED_AT_ONCE) == _NAMES_DROPPED_AT_ONCE:
            return True
    return False


async def commit_directory_slice(tx: WriteTx, batch: Row, count: int, now: datetime) -> None:
    """Write the next rows, then take away the next of the absent, and at last end. The tenant's counter is locked."""
    kind = KINDS[Of(batch["of"])]
    after, last = batch["done"], min(batch["done"] + count, batch["rows"])
    if after < batch["rows"]:
        rows = await told_span(tx, batch["id"], after=after, last=last)
        rows, above = await _with_above(tx, batch["id"], rows)
        with imported(tx, batch["id"]):
            await _write(tx, kind, batch, rows, above, now)
        await keep_told(tx, batch["id"], rows, is_told=True)
        await note_state(tx, batch, BatchState.COMMITTING, last, batch["outcomes"], now)
        return
    absent = (batch["removals"] or {}).get("absent", 0)
    if batch["removed"] < absent:
        last = min(batch["removed"] + _ABSENT_AT_ONCE, absent)
        part = await tx.rows("import_absent_part", batch=batch["id"], after=batch["removed"], last=last)
        with imported(tx, batch["id"]):
            await kind.remove(tx, batch, part, now)
        await tx.run("import_removed", id=batch["id"], removed=last)
        return
    if await drop_names(tx, batch["id"]):
        return
    counted = await count_outcomes(tx, batch["id"])
    # Whoever came since a row was held is looked for once more.
    await note_state(tx, batch, BatchState.COMMITTED, batch["rows"], counted, now, has_news=counted.get("held", 0) > 0)
    data = {"name": batch["name"], "digest": batch["digest"], "of": batch["of"], "rows": batch["rows"]}
    data |= {"outcomes": counted, "absent": absent}
    await append(tx, batch["client"], [Change("import.committed", batch["id"], data)], now)


async def _with_above(tx: WriteTx, batch: Id, rows: list[Told]) -> tuple[list[Told], dict[int, Boss]]:
    """The rows with those of the file that they stand under, these first.

    Whoever is written before those who stand under her is there for them, and while a file turns an organisation
    round nobody stands above herself in between.
    """
    chosen = {row.number: row for row in rows}
    above: dict[int, Boss] = {}
    missing = {row.above for row in rows if row.above is not None}
    while missing:
        due: list[int] = []
        for one in await tx.rows("import_above", batch=batch, numbers=list(missing)):
            number, outcome = one["number"], Outcome(one["outcome"])
            is_due = not one["is_told"] and outcome is not Outcome.REJECTED
            subject = one["person"] or one["audience"] or one["id"]
            above[number] = Boss(number, subject, is_due, outcome is Outcome.REJECTED)
            if is_due and number not in chosen:
                due.append(number)
        new = await told_rows(tx, batch, due) if due else []
        chosen |= {row.number: row for row in new}
        missing = {row.above for row in new if row.above is not None} - above.keys()
    ordered: dict[int, Told] = {}
    for number in chosen:
        path: dict[int, Told] = {}
        at: int | None = number
        while at is not None and at in chosen and at not in ordered and at not in path:
            path[at] = chosen[at]
            at = chosen[at].above
        ordered |= dict(reversed(path.items()))
    return list(ordered.values()), above


async def _write(
    tx: WriteTx, kind: Kind, batch: Row, rows: Sequence[Told], above: dict[int, Boss], now: datetime
) -> None:
    await kind.plan(tx, batch, rows, above, now)
    try:
        async with tx.part():
            await kind.write(tx, batch, rows, now)
        return
    except _REFUSALS:
        pass  # one of them, which is found by writing each alone: others changed the ledger since they were rehearsed
    for row in rows:
        await kind.plan(tx, batch, [row], above, now)
        try:
            async with tx.part():
                await kind.write(tx, batch, [row], now)
        except _REFUSALS as error:
            row.reject([FieldFault(error.field or "", error.code, error.message)])
            if row.number in above:
                above[row.number] = Boss(row.number, row.id, is_rejected=True)
