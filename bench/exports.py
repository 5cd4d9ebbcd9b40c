"""What leaves the ledger: a tenant's facts as files, beside psql's COPY of the same rows."""

from __future__ import annotations

import resource
import time
from dataclasses import dataclass, field

from bench import pgbench
from bench.depth import fill
from bench.ground import Ground, with_ledger
from bench.measures import Line
from testamur.exporting.choices import Format
from testamur.exporting.run import run
from testamur.ledger import Ledger
from testamur.ledger.exports import Exported
from testamur.storage.named import QUERIES

ROWS = 1_000_000


@dataclass
class Exporting:
    """Exports of all facts of the tenant of the ground."""

    ground: Ground
    rows: int = ROWS
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def everything(self) -> None:
        """Fill the tenant, then export it in each format, each beside a COPY that was made just before."""
        fill(self.ground, self.rows)
        for format in Format:
            floor = self._copied()
            before = _memory_megabytes()
            value = self._exported(format)
            grown = _memory_megabytes() - before
            self.lines.append(
                Line(
                    f"export of facts as {format.value}",
                    f"{value:,.0f} rows/s",
                    f"psql COPY {floor:,.0f} rows/s",
                    value / floor,
                    0.5,
                )
            )
            self.notes.append(f"export as {format.value}: memory grew by {grown:.0f} MB at its peak")

    def _exported(self, format: Format) -> float:
        """Facts a second, written to files."""

        async def work(ledger: Ledger) -> float:
            started = time.perf_counter()
            ran = await run(ledger.exports, self.ground.tenant.id, self.ground.folder / format.value, format)
            return ran.rows[Exported.FACTS] / (time.perf_counter() - started)

        return with_ledger(self.ground.urls, work)

    def _copied(self) -> float:
        """Facts a second, of the same columns, written to a file by psql."""
        known, out = QUERIES["export_facts_table"], self.ground.folder / "facts.copy"
        values = {"tenant": f"'{self.ground.tenant.id}'::uuid", "after": "0", "until": str(2**62), "count": "NULL"}
        sql = known.sql.strip().rstrip(";")
        for place in range(len(known.parameters), 0, -1):
            sql = sql.replace(f"${place}", values[known.parameters[place - 1]])
        started = time.perf_counter()
        pgbench.query(self.ground, f"\\copy ({' '.join(sql.split())}) TO '{out}'")
        seconds = time.perf_counter() - started
        with out.open("rb") as file:
            rows = sum(1 for _ in file)
        out.unlink()
        return rows / seconds


def _memory_megabytes() -> float:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
