"""Parquet and workbooks. Their libraries are loaded when the first such file comes."""

from __future__ import annotations

import warnings
import zipfile
from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import Any, BinaryIO

from testamur.core.errors import FieldFault
from testamur.files.tables import CELL_MAX_CHARACTERS, RAW_MAX_BYTES, RawRow, raw_of, unreadable

WORKBOOK_EXPANDED_MAX_BYTES = 1 << 30
WORKBOOK_EXPANSION_MAX = 200
"""How many times its size a workbook may have when it is unpacked."""
_ROWS_AT_ONCE = 4_096


class Parquet:
    """A Parquet file, a few thousand rows at a time."""

    is_named = False

    def __init__(self, stream: BinaryIO) -> None:
        import pyarrow as arrow
        from pyarrow import parquet

        self._error = arrow.ArrowException
        try:
            self._file = parquet.ParquetFile(stream)
            self.header = [str(name) for name in self._file.schema_arrow.names]
        except (arrow.ArrowException, OSError, ValueError) as error:
            raise unreadable(f"is no Parquet file: {error}") from error

    def rows(self) -> Iterator[RawRow]:
        number = 0
        try:
            for batch in self._file.iter_batches(batch_size=_ROWS_AT_ONCE):
                for cells in zip(*(column.to_pylist() for column in batch.columns), strict=True):
                    number += 1
                    yield _row(number, list(cells))
        except (self._error, OSError, ValueError) as error:
            raise unreadable(f"cannot be read behind row {number}: {error}") from error


class Workbook:
    """A sheet of an XLSX workbook; formulas count as what they came to.

    Args:
        sheet: its name; None for the first.
    """

    is_named = False

    def __init__(self, stream: BinaryIO, *, sheet: str | None = None) -> None:
        import openpyxl
        from openpyxl.utils.exceptions import InvalidFileException

        try:
            with zipfile.ZipFile(stream) as packed:
                parts = packed.infolist()
            expanded, size = sum(part.file_size for part in parts), sum(part.compress_size for part in parts)
            if expanded > min(WORKBOOK_EXPANDED_MAX_BYTES, max(1 << 24, WORKBOOK_EXPANSION_MAX * size)):
                raise unreadable("the workbook unpacks to more than is taken here", code="range")
            stream.seek(0)
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")  # what openpyxl says of styles and extensions it leaves out
                self._book = openpyxl.load_workbook(stream, read_only=True, data_only=True)
        except (zipfile.BadZipFile, InvalidFileException, KeyError, OSError, ValueError, SyntaxError) as error:
            raise unreadable(f"is no workbook: {error}") from error
        names = self._book.sheetnames
        if not names or (sheet is not None and sheet not in names):
            raise unreadable(f"the workbook has the sheets {', '.join(names)}", field="sheet", code="unknown")
        self._rows = self._book[sheet or names[0]].iter_rows(values_only=True)
        first = next(self._read(), ())
        while first and first[-1] is None:
            first = first[:-1]
        if not first:
            raise unreadable("the sheet is empty")
        self.header = ["" if cell is None else str(cell).strip() for cell in first]

    def rows(self) -> Iterator[RawRow]:
        width, number = len(self.header), 0
        for found in self._read():
            cells = [_plain(cell) for cell in found]
            while len(cells) > width and cells[-1] is None:
                cells.pop()
            if all(cell is None for cell in cells):
                continue
            number += 1
            cells += [None] * (width - len(cells))
            if len(cells) > width:
                fault = FieldFault("", "format", f"has {len(cells)} cells for {width} columns")
                yield RawRow(number, raw_of(cells), None, fault)
                continue
            yield _row(number, cells)
        self._book.close()

    def _read(self) -> Iterator[tuple[Any, ...]]:
        try:
            while (row := next(self._rows, None)) is not None:
                yield row
        except (zipfile.BadZipFile, KeyError, OSError, ValueError, SyntaxError) as error:
            raise unreadable(f"the sheet cannot be read: {error}") from error


def _plain(cell: Any) -> Any:
    if isinstance(cell, datetime) and cell.time() == time():
        return cell.date()  # a workbook keeps days as midnights
    if isinstance(cell, float) and cell.is_integer():
        return int(cell)
    return cell


def _row(number: int, cells: list[Any]) -> RawRow:
    for place, cell in enumerate(cells):
        if isinstance(cell, str):
            if "\0" in cell:
                return RawRow(number, raw_of(cells), None, FieldFault("", "format", "holds U+0000"))
            if len(cell) > CELL_MAX_CHARACTERS:
                fault = FieldFault("", "range", f"has a cell of more than {CELL_MAX_CHARACTERS} characters")
                return RawRow(number, raw_of([None]), None, fault)
        elif isinstance(cell, bytes | time | timedelta):
            cells[place] = cell.hex() if isinstance(cell, bytes) else str(cell)
    raw = raw_of([cell if not isinstance(cell, date | Decimal) else str(cell) for cell in cells])
    if len(raw) > RAW_MAX_BYTES:
        return RawRow(number, raw_of([None]), None, FieldFault("", "range", f"has more than {RAW_MAX_BYTES} bytes"))
    return RawRow(number, raw, cells)
