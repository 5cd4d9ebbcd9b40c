"""History: NDJSON through the whole import, beside psql's COPY of the same rows into the same tables."""

from __future__ import annotations

import statistics
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from datetime import date, timedelta
from typing import IO

from bench import processes
from bench.ground import ITEMS, PEOPLE, Ground, caller_of, open_ground, with_ledger
from bench.measures import Line, Run
from bench.pgbench import query
from testamur.core.ids import Id
from testamur.core.imports import Batch, BatchState, Options, Outcome
from testamur.ledger import Ledger

ROWS = 1_000_000
BESIDE = 400_000
"""Rows that take longer to commit than posts are measured beside them."""
_WRITTEN = {
    "fact": "extra ->> 'batch' = '{batch}'",
    "report": "dialect = 'import'",
    "ledger_entry": "data ->> 'batch' = '{batch}'",
}
"""The tables that a row ends in, and which rows of them are the import's."""
_DAYS = 16_000
_FIRST = date(1980, 1, 1)


class Imports:
    """Measures on one ground for what goes on beside an import, and on one of its own for each size.

    Args:
        sizes: completions of known people and items in each file.
        beside: completions of the file that is committed while others are posted.
    """

    def __init__(self, run: Run, sizes: Sequence[int], beside: int) -> None:
        self._run = run
        self._sizes = sizes
        self._beside = beside
        self.lines: list[Line] = []
        self.notes: list[str] = []

    def everything(self) -> None:
        """Posts beside an import, then an import of each size."""
        self.posts()
        rates: dict[int, float] = {}
        for rows in self._sizes:
            with open_ground() as ground:
                rates[rows] = self._size(ground, rows)
        small, large = min(rates), max(rates)
        if small < large:
            figure, value = f"import of {large:,} rows", f"{rates[large]:,.0f} rows/s"
            floor = f"of {small:,} {rates[small]:,.0f} rows/s"
            self.lines.append(Line(figure, value, floor, rates[large] / rates[small], 0.8))

    def posts(self) -> None:
        """Completions through Thrive for the same tenant, before and while the worker commits a file."""
        run, ground = self._run, self._run.ground
        run.post(2)
        alone = [run.post(run.seconds) for _ in range(run.rounds)]
        with _file(ground, _lines(self._beside)) as file:
            batch = with_ledger(ground.urls, lambda ledger: self._begun(ledger, ground, file))
        beside = [run.post(run.seconds) for _ in range(run.rounds)]
        batch = with_ledger(ground.urls, lambda ledger: ledger.imports.get(ground.tenant.id, batch.id))
        with_ledger(ground.urls, lambda ledger: ledger.imports.commit(caller_of(ground), batch.id))
        before, now = (statistics.median(one.p99_ms for one in measured) for measured in (alone, beside))
        self.lines.append(
            Line(
                "p99 of posts beside an import",
                f"{now:.1f} ms",
                f"without {before:.1f} ms",
                now / before,
                3,
                at_least=False,
            )
        )
        rate = statistics.median(one.rate for one in beside) / statistics.median(one.rate for one in alone)
        seconds = run.seconds * run.rounds
        self.notes.append(
            f"beside the import posts came at {rate:.0%} of their rate, and it wrote {batch.done:,} rows in {seconds} s"
            + ("" if batch.done < batch.rows else ": it was done before they were, give it more rows")
        )

    def _size(self, ground: Ground, rows: int) -> float:
        """Rows a second of an import, beside its floor: what it wrote, copied once more for another tenant."""
        with _file(ground, _lines(rows)) as file:
            processes.forget_peak()
            before = processes.peak_mib()
            rehearsed, committed, batch = with_ledger(
                ground.urls, lambda ledger: self._import(ledger, ground, file, rows)
            )
            peak = processes.peak_mib()
        copied = _copy(ground, batch.id)
        wrong = self._half_wrong(ground, rows)
        rate, floor = rows / (rehearsed + committed), rows / copied
        self.lines.append(
            Line(f"import of {rows:,} rows", f"{rate:,.0f} rows/s", f"psql COPY {floor:,.0f} rows/s", rate / floor, 0.5)
        )
        self.notes.append(
            f"import of {rows:,} rows: rehearsal {rehearsed:.1f} s, commit {committed:.1f} s, "
            f"memory {peak:.0f} MiB at its peak, {before:.0f} MiB before"
        )
        self.lines.append(
            Line(
                f"memory, {rows:,} rows half of them wrong",
                f"{wrong:.0f} MiB",
                f"all right {peak:.0f} MiB",
                wrong / peak,
                1.25,
                at_least=False,
            )
        )
        return rate

    def _half_wrong(self, ground: Ground, rows: int) -> float:
        """MiB of memory at its peak while a file is rehearsed, every second row of which cannot be taken."""
        with _file(ground, _mixed(rows)) as file:
            processes.forget_peak()
            batch = with_ledger(ground.urls, lambda ledger: self._rehearsed(ledger, ground, file))
            peak = processes.peak_mib()
        wrong = batch.outcomes[Outcome.REJECTED] + batch.outcomes[Outcome.HELD]
        if wrong != rows // 2:
            raise RuntimeError(f"the rehearsal came out otherwise: {batch.outcomes}")
        return peak

    async def _rehearsed(self, ledger: Ledger, ground: Ground, file: IO[bytes]) -> Batch:
        caller = caller_of(ground)
        return await ledger.imports.rehearse(caller, file, name="history.ndjson", options=Options())  # type: ignore[arg-type]

    async def _begun(self, ledger: Ledger, ground: Ground, file: IO[bytes]) -> Batch:
        batch = await self._rehearsed(ledger, ground, file)
        return await ledger.imports.begin(caller_of(ground), batch.id, BatchState.COMMITTED)

    async def _import(self, ledger: Ledger, ground: Ground, file: IO[bytes], rows: int) -> tuple[float, float, Batch]:
        started = time.perf_counter()
        batch = await self._rehearsed(ledger, ground, file)
        rehearsed = time.perf_counter()
        batch = await ledger.imports.commit(caller_of(ground), batch.id)
        committed = time.perf_counter()
        if batch.outcomes[Outcome.CREATED] != rows:
            raise RuntimeError(f"the import came out otherwise: {batch.outcomes}")
        return rehearsed - started, committed - rehearsed, batch


@contextmanager
def _file(ground: Ground, lines: Iterator[bytes]) -> Iterator[IO[bytes]]:
    with tempfile.TemporaryFile(dir=ground.folder) as file:
        file.writelines(lines)
        file.seek(0)
        yield file


def _lines(rows: int) -> Iterator[bytes]:
    for number in range(rows):
        person, rest = number % PEOPLE, number // PEOPLE
        day = _FIRST + timedelta(days=rest // ITEMS * 7 % _DAYS)
        yield (
            f'{{"employee_id":"{person:05}","course_number":"C-{rest % ITEMS:04}","completed_on":"{day}",'
            f'"score":{number % 101}}}\n'
        ).encode()


def _mixed(rows: int) -> Iterator[bytes]:
    """The same, every second one not to be taken: of nobody, of no day, of nothing known, or only half a line."""
    for number, line in enumerate(_lines(rows)):
        if number % 2 == 0:
            yield line
        elif number % 8 == 1:
            yield line.replace(b'"employee_id":"', b'"employee_id":"nobody-')
        elif number % 8 == 3:
            yield line.replace(b'"completed_on":"', b'"completed_on":"on ')
        elif number % 8 == 5:
            yield line.replace(b'"course_number":"C-', b'"course_number":"D-')
        else:
            yield line[:40] + b"\n"


def _copy(ground: Ground, batch: Id) -> float:
    """Seconds in which psql copies the rows that the import wrote, for a tenant that has none yet."""
    out = ground.folder / "rows.copy"
    other = query(ground, "SELECT gen_random_uuid()")
    seconds = 0.0
    for table, where in _WRITTEN.items():
        sql = (
            "SELECT string_agg(attname, ',' ORDER BY attnum) FROM pg_attribute"
            f" WHERE attrelid = '{table}'::regclass"
            " AND attnum > 0 AND NOT attisdropped AND attgenerated = ''"
        )
        columns = query(ground, sql)
        values = columns.replace("tenant", f"'{other}'", 1)
        query(ground, f"\\copy (SELECT {values} FROM {table} WHERE {where.format(batch=batch)}) TO '{out}'")
        started = time.perf_counter()
        query(ground, f"\\copy {table} ({columns}) FROM '{out}'")
        seconds += time.perf_counter() - started
        out.unlink()
    return seconds
