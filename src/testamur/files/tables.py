"""What every format has in common: rows of cells under a header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, NamedTuple, Protocol

import msgspec

from testamur.core.errors import FieldFault, InvalidInput

LINE_MAX_BYTES = 1 << 20
"""Of one line of text, so that a file without line ends does not fill memory."""
CELL_MAX_CHARACTERS = 131_072
RAW_MAX_BYTES = 4 << 20
"""Of one row as it is kept."""
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class FileUnreadable(InvalidInput):
    """The file cannot be read in its format."""

    code = "file_unreadable"


def unreadable(message: str, *, field: str = "", code: str = "format") -> FileUnreadable:
    """The error that says one thing about a file."""
    return FileUnreadable(FieldFault(field, code, message))


class RawRow(NamedTuple):
    """A row as it came.

    Args:
        number: from 1, without the header.
        raw: as JSON text: an array of cells, or an object. Text as it stands when it is neither.
        cells: in order of the header; None when the row cannot be read.
        fault: why it cannot be read.
    """

    number: int
    raw: str
    cells: Sequence[Any] | None
    fault: FieldFault | None = None


class Table(Protocol):
    """A file being read.

    Args:
        header: names of the columns. That of NDJSON grows with the rows: cells are those of the header at their time.
        is_named: whether each row names its own columns.
    """

    header: list[str]
    is_named: bool

    def rows(self) -> Iterator[RawRow]:
        """The rows, once. Raises FileUnreadable."""


_ENCODER = msgspec.json.Encoder(enc_hook=str, decimal_format="number")


def raw_of(cells: Sequence[Any]) -> str:
    """Cells as they are kept."""
    return _ENCODER.encode(cells).decode()


def restored(text: str) -> str:
    """A cell as it was before `written` made it harmless (rule I19)."""
    return text[1:] if len(text) > 1 and text[0] == "'" and text[1] in _FORMULA else text


def written(value: Any) -> str:
    """A cell on its way into a file for a spreadsheet: what that would take for a formula is text (rule I19)."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    text = value if isinstance(value, str) else _ENCODER.encode(value).decode()
    return "'" + text if isinstance(value, str) and text.startswith(_FORMULA) else text
