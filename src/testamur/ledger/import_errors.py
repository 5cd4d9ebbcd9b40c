"""The file of rows that have to be looked at: as they were sent, with what is wrong behind (rules I17 and I19)."""

from __future__ import annotations

import csv
import io
from typing import Any

import msgspec

from testamur.core.imports import Batch, RowShown
from testamur.files import written

OWN_COLUMNS = ("_row", "_outcome", "_error")


class ErrorFile:
    """Spells rows of one batch in the format it came in: NDJSON for that, and for everything else CSV."""

    def __init__(self, batch: Batch) -> None:
        self.is_json = batch.format == "ndjson"
        # A corrected file that comes with our columns gets new ones.
        self._places = [place for place, name in enumerate(batch.header) if name not in OWN_COLUMNS]
        self._header = [batch.header[place] for place in self._places]

    @property
    def media_type(self) -> str:
        return "application/x-ndjson" if self.is_json else "text/csv; charset=utf-8"

    def head(self) -> bytes:
        """The line with the columns, where there is one."""
        return b"" if self.is_json else _csv([*self._header, *OWN_COLUMNS])

    def line(self, row: RowShown) -> bytes:
        """One row."""
        said = "; ".join(f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in row.faults)
        own = (row.number, row.outcome.value, said)
        if self.is_json:
            cells: Any = row.cells if isinstance(row.cells, dict) else {"_raw": row.cells}
            return msgspec.json.encode({**cells, **dict(zip(OWN_COLUMNS, own, strict=True))}) + b"\n"
        cells = row.cells if isinstance(row.cells, list) else [row.cells]
        if len(cells) >= len(self._header) + len(OWN_COLUMNS) > len(self._header):
            cells = [cells[place] for place in self._places if place < len(cells)]
        padded = [*cells, *[None] * (len(self._header) - len(cells))]
        return _csv([written(cell) for cell in (*padded, *own)])


def _csv(cells: list[str] | list[Any]) -> bytes:
    out = io.StringIO()
    csv.writer(out).writerow(cells)
    # What cannot be spelled in UTF-8 cannot have come in.
    return out.getvalue().encode(errors="replace")
