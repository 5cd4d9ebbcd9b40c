"""Opening a file: what it is by its first bytes, and unpacking it within bounds."""

from __future__ import annotations

import io
from collections.abc import Iterator
from contextlib import contextmanager
from tempfile import TemporaryFile
from typing import BinaryIO, cast

from testamur.files.binary import Parquet, Workbook
from testamur.files.delimited import Delimited
from testamur.files.ndjson import Ndjson
from testamur.files.tables import Table, unreadable

EXPANSION_MAX = 300
"""How many times its size a packed file may have when it is unpacked, beyond the first few megabytes."""
_EXPANDED_ALWAYS_BYTES = 64 << 20
_START_BYTES = 1 << 16
_PACKED = ((b"\x1f\x8b", "gzip"), (b"\x28\xb5\x2f\xfd", "zstd"))

FORMATS = ("csv", "ndjson", "parquet", "xlsx")
MEDIA_TYPES = {
    "text/csv": "csv",
    "text/tab-separated-values": "csv",
    "application/x-ndjson": "ndjson",
    "application/ndjson": "ndjson",
    "application/jsonl": "ndjson",
    "application/vnd.apache.parquet": "parquet",
    "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet": "xlsx",
    "application/octet-stream": None,
    "application/gzip": None,
    "application/zstd": None,
}
"""Media types of what can be imported, with the format; None where the content says it."""


@contextmanager
def opened(
    stream: BinaryIO,
    *,
    format: str | None = None,
    delimiter: str | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> Iterator[tuple[str, Table]]:
    """The format of a file and its rows.

    Args:
        stream: at the beginning of the file, and able to seek.
        format: as its sender says; refused when the content is something else.
    Raises: FileUnreadable.
    """
    packed = _packed(stream)
    plain = io.BufferedReader(cast(io.RawIOBase, _Unpacked(stream, packed)), 1 << 18) if packed else stream
    found = _format(_peek(plain), encoding)
    if format is not None and found != format:
        raise unreadable(f"the content is {found}, not {format}")
    if found not in ("parquet", "xlsx"):
        yield found, Ndjson(plain) if found == "ndjson" else Delimited(plain, delimiter=delimiter, encoding=encoding)
        return
    if not packed:
        yield found, Parquet(plain) if found == "parquet" else Workbook(plain, sheet=sheet)
        return
    # Both are read from their end.
    with TemporaryFile() as spooled:
        while part := plain.read(1 << 20):
            spooled.write(part)
        spooled.seek(0)
        yield found, Parquet(spooled) if found == "parquet" else Workbook(spooled, sheet=sheet)


def _packed(stream: BinaryIO) -> str | None:
    start = stream.read(4)
    stream.seek(0)
    return next((name for magic, name in _PACKED if start.startswith(magic)), None)


def _peek(stream: BinaryIO) -> bytes:
    if isinstance(stream, io.BufferedReader):
        return stream.peek(_START_BYTES)[:_START_BYTES]
    start = stream.read(_START_BYTES)
    stream.seek(0)
    return start


def _format(start: bytes, encoding: str | None) -> str:
    if start.startswith(b"PAR1"):
        return "parquet"
    if start.startswith(b"PK\x03\x04"):
        return "xlsx"
    if encoding is None and start.removeprefix(b"\xef\xbb\xbf").lstrip().startswith(b"{"):
        return "ndjson"
    return "csv"


class _Lent:
    """A file that its reader does not close when it is collected: whoever opened it reads it again."""

    closed = False

    def __init__(self, stream: BinaryIO) -> None:
        self._stream = stream

    def read(self, size: int = -1) -> bytes:
        return self._stream.read(size)

    def close(self) -> None:
        pass


class _Unpacked(io.RawIOBase):
    """What is packed, unpacked as it is read; refused when it grows beyond measure."""

    def __init__(self, stream: BinaryIO, packed: str) -> None:
        import pyarrow as arrow

        self._error = arrow.ArrowException
        self._stream = stream
        self._plain = arrow.CompressedInputStream(arrow.PythonFile(_Lent(stream), mode="r"), packed)
        self._size = 0

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:  # type: ignore[override]
        try:
            part = self._plain.read(len(buffer))
        except (self._error, OSError) as error:
            raise unreadable(f"cannot be unpacked: {error}") from error
        self._size += len(part)
        if self._size > max(_EXPANDED_ALWAYS_BYTES, EXPANSION_MAX * self._stream.tell()):
            raise unreadable(f"unpacks to more than {EXPANSION_MAX} times its size", code="range")
        buffer[: len(part)] = part
        return len(part)
