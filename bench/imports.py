"""History: NDJSON through the whole import, beside psql's COPY of the same rows into the same tables."""

from __future__ import annotations

import resource
import tempfile
import time
from collections.abc import Iterator
from datetime import date, timedelta
from typing import IO

from bench.ground import ITEMS, PEOPLE, Ground, caller_of, with_ledger
from bench.measures import Line
from bench.pgbench import query
from testamur.core.ids import Id
from testamur.core.imports import Batch, Options, Outcome
from testamur.ledger import Ledger

ROWS = 1_000_000
_WRITTEN = {
    "fact": "extra ->> 'batch' = '{batch}'",
    "report": "dialect = 'import'",
    "ledger_entry": "data ->> 'batch' = '{batch}'",
}
"""The tables that a row ends in, and which rows of them are the import's."""
_DAYS = 16_000
_FIRST = date(1980, 1, 1)


class Imports:
    """Measures on one ground.

    Args:
        rows: completions of known people and items in the file.
    """

    def __init__(self, ground: Ground, rows: int) -> None:
        self._ground = ground
        self._rows = rows
        self.lines: list[Line] = []
        self.notes: list[str] = []

    def everything(self) -> None:
        """The import, then the floor: what it wrote, copied once more for another tenant."""
        with tempfile.TemporaryFile(dir=self._ground.folder) as file:
            file.writelines(self._lines())
            file.seek(0)
            before = _memory_megabytes()
            rehearsed, committed, batch = with_ledger(self._ground.urls, lambda ledger: self._import(ledger, file))
            grown = _memory_megabytes() - before
        copied = self._copy(batch.id)
        rate, floor = self._rows / (rehearsed + committed), self._rows / copied
        self.lines.append(
            Line("import of history", f"{rate:,.0f} rows/s", f"psql COPY {floor:,.0f} rows/s", rate / floor, 0.5)
        )
        self.notes.append(
            f"import of {self._rows:,} rows: rehearsal {rehearsed:.1f} s, commit {committed:.1f} s, "
            f"memory grew by {grown:.0f} MB at its peak"
        )

    def _lines(self) -> Iterator[bytes]:
        for number in range(self._rows):
            person, rest = number % PEOPLE, number // PEOPLE
            day = _FIRST + timedelta(days=rest // ITEMS * 7 % _DAYS)
            yield (
                f'{{"employee_id":"{person:05}","course_number":"C-{rest % ITEMS:04}","completed_on":"{day}",'
                f'"score":{number % 101}}}\n'
            ).encode()

    async def _import(self, ledger: Ledger, file: IO[bytes]) -> tuple[float, float, Batch]:
        caller = caller_of(self._ground)
        started = time.perf_counter()
        batch = await ledger.imports.rehearse(caller, file, name="history.ndjson", options=Options())  # type: ignore[arg-type]
        rehearsed = time.perf_counter()
        batch = await ledger.imports.commit(caller, batch.id)
        if batch.outcomes[Outcome.CREATED] != self._rows:
            raise RuntimeError(f"the import came out otherwise: {batch.outcomes}")
        return rehearsed - started, time.perf_counter() - rehearsed, batch

    def _copy(self, batch: Id) -> float:
        """Seconds in which psql copies the rows that the import wrote, for a tenant that has none yet."""
        ground, out = self._ground, self._ground.folder / "rows.copy"
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


def _memory_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
