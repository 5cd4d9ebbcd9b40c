"""Delimited text: commas, semicolons or tabs, recognised by the header; quoting as RFC 4180 has it (rule I18)."""

from __future__ import annotations

import codecs
import csv
from collections.abc import Iterator
from typing import BinaryIO

from testamur.core.errors import FieldFault
from testamur.files.tables import (
    CELL_MAX_CHARACTERS,
    LINE_MAX_BYTES,
    RAW_MAX_BYTES,
    RawRow,
    raw_of,
    restored,
    unreadable,
)

_READ_BYTES = 1 << 18
_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_DELIMITERS = ",;\t"


class Delimited:
    """A file of delimited text.

    Args:
        delimiter: None for the one that the header has most of.
        encoding: None for UTF-8, or what a byte-order mark says.
    """

    is_named = False

    def __init__(self, stream: BinaryIO, *, delimiter: str | None = None, encoding: str | None = None) -> None:
        self._stream = stream
        self._encoding = encoding
        self._lines = self._read_lines()
        first = next((line for line in self._lines if line.strip()), None)
        if first is None:
            raise unreadable("the file is empty")
        self._delimiter = delimiter or max(_DELIMITERS, key=_unquoted(first).count)
        self._row_characters = 0
        # A name may span lines, as any cell may.
        self._reader = csv.reader(self._counted(first), delimiter=self._delimiter, strict=True)
        try:
            self.header = [name.strip() for name in next(self._reader)]
        except csv.Error as error:
            raise unreadable(f"the header cannot be read: {error}") from error

    def rows(self) -> Iterator[RawRow]:
        width, number = len(self.header), 0
        limit = csv.field_size_limit()
        if limit > CELL_MAX_CHARACTERS:
            csv.field_size_limit(CELL_MAX_CHARACTERS)
        while True:
            self._row_characters = 0
            try:
                cells = next(self._reader)
            except StopIteration:
                return
            except csv.Error as error:
                if "field limit" in str(error):
                    # Most often a quote that is never closed: everything behind it would be one cell.
                    most = f"a cell of more than {CELL_MAX_CHARACTERS} characters"
                    raise unreadable(f"row {number + 1} has {most}; is a quote not closed?", code="range") from error
                number += 1
                yield RawRow(number, raw_of([]), None, FieldFault("", "format", f"cannot be read: {error}"))
                continue
            if not cells or (width > 1 and len(cells) == 1 and not cells[0].strip()):
                continue
            number += 1
            cells = [restored(cell) if cell.startswith("'") else cell for cell in cells]
            yield _checked(number, raw_of(cells), cells, width)

    def _counted(self, first: str) -> Iterator[str]:
        """The lines, as long as a row ends somewhere."""
        yield first
        for line in self._lines:
            self._row_characters += len(line)
            if self._row_characters > RAW_MAX_BYTES:
                raise unreadable(f"a row has more than {RAW_MAX_BYTES} characters", code="range")
            yield line

    def _read_lines(self) -> Iterator[str]:
        """Lines with their ends, whichever they are: LF, CR LF or CR."""
        start = self._stream.read(_READ_BYTES)
        encoding = self._encoding or "utf-8"
        for mark, known in _BOMS:
            if start.startswith(mark) and (self._encoding is None or codecs.lookup(encoding).name.startswith("utf")):
                start, encoding = start[len(mark) :], known
                break
        decoder = codecs.getincrementaldecoder(encoding)("strict")
        rest, number, data = "", 0, start
        while True:
            try:
                text = rest + decoder.decode(data, final=not data)
            except UnicodeDecodeError as error:
                behind = number + data[: error.start].count(b"\n")
                message = f"the file is not valid {encoding} behind line {behind}: {error.reason}"
                raise unreadable(f"{message}; its encoding can be declared (rule I18)") from error
            lines = text.splitlines(keepends=True) if _only_line_ends(text) else _split(text)
            # The last one may go on, also when it ends with a CR that an LF belongs to.
            rest = lines.pop() if data and lines else ""
            if len(rest) > LINE_MAX_BYTES:
                raise unreadable(f"line {number + len(lines) + 1} is longer than {LINE_MAX_BYTES} characters")
            number += len(lines)
            yield from lines
            if not data:
                return
            data = self._stream.read(_READ_BYTES)


def _unquoted(line: str) -> str:
    return "".join(line.split('"')[::2])


def _only_line_ends(text: str) -> bool:
    # splitlines also parts lines at marks that are part of a cell here.
    return text.isascii() and not any(mark in text for mark in "\v\f\x1c\x1d\x1e")


def _split(text: str) -> list[str]:
    lines: list[str] = []
    for line in text.split("\n"):
        lines += [part + "\r" for part in line.split("\r")[:-1]]
        lines.append(line.rpartition("\r")[2] + "\n")
    # What stood between two ends is no line; the last part has no end of its own.
    last = lines.pop()[:-1]
    joined: list[str] = []
    for line in lines:
        if line == "\n" and joined and joined[-1].endswith("\r"):
            joined[-1] += "\n"
        else:
            joined.append(line)
    return [*joined, last] if last else joined


def _checked(number: int, raw: str, cells: list[str], width: int) -> RawRow:
    if "\\u0000" in raw and any("\0" in cell for cell in cells):
        return RawRow(number, raw, None, FieldFault("", "format", "holds U+0000"))
    if len(cells) != width:
        return RawRow(number, raw, None, FieldFault("", "format", f"has {len(cells)} cells for {width} columns"))
    return RawRow(number, raw, cells)
