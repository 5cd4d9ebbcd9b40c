"""The files of an export: Parquet, or lines of JSON."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from enum import Enum
from pathlib import Path
from typing import Any, Protocol

import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from testamur.ledger.exports import Exported, Form


class Format(Enum):
    """What the files are."""

    PARQUET = "parquet"
    NDJSON = "ndjson"


class Compression(Enum):
    """How they are compressed."""

    ZSTD = "zstd"
    GZIP = "gzip"


class Writer(Protocol):
    """A file that is being written."""

    def write(self, data: bytes) -> None:
        """Add a slice."""

    def close(self) -> None:
        """End the file."""


FORMS = {Format.PARQUET: Form.TABLE, Format.NDJSON: Form.LINES}
"""What a format takes its slices as."""
_SUFFIXES = {None: "", Compression.ZSTD: ".zst", Compression.GZIP: ".gz"}
_MOMENT = pa.timestamp("us")
_INSTANT = pa.timestamp("us", tz="UTC")
_TEXT = pa.string()
# Ids are text: Spark refuses Parquet's type for UUIDs.
_COLUMNS: Mapping[Exported, Mapping[str, pa.DataType]] = {
    Exported.FACTS: {
        "fact": _TEXT,
        "record": _TEXT,
        "revision": pa.int32(),
        "entry": pa.int64(),
        "person": _TEXT,
        "item": _TEXT,
        "item_version": pa.int32(),
        "completed_at": _INSTANT,
        "completed_by_day": pa.bool_(),
        "completed_on": pa.date32(),
        "started_at": _INSTANT,
        "expires_at": _INSTANT,
        "passed": pa.bool_(),
        "score_percent": pa.float64(),
        "score_text": _TEXT,
        "time_spent": _TEXT,
        "certificate": _TEXT,
        "is_prior": pa.bool_(),
        "source": _TEXT,
        "source_id": _TEXT,
        "application": _TEXT,
        "recorded_at": _INSTANT,
        "extra": _TEXT,
    },
    Exported.ENDINGS: {
        "fact": _TEXT,
        "record": _TEXT,
        "entry": pa.int64(),
        "ended_as": _TEXT,
        "client": _TEXT,
        "recorded_at": _INSTANT,
    },
}


def suffix(format: Format, compression: Compression | None) -> str:
    """How a file's name ends, so that tools know what it is."""
    return ".parquet" if format is Format.PARQUET else f".ndjson{_SUFFIXES[compression]}"


def writer(format: Format, what: Exported, path: Path, compression: Compression | None) -> Writer:
    """A new file at `path`. Parquet is compressed with zstd unless something else is asked for."""
    kind: Callable[[Exported, Path, Compression | None], Writer] = _Parquet if format is Format.PARQUET else _Ndjson
    return kind(what, path, compression)


class _Parquet:
    def __init__(self, what: Exported, path: Path, compression: Compression | None) -> None:
        columns = _COLUMNS[what]
        self._schema = pa.schema(columns)
        self._read = pa.csv.ReadOptions(column_names=[*columns], block_size=1 << 22)
        self._parse = pa.csv.ParseOptions(newlines_in_values=True)
        self._convert = pa.csv.ConvertOptions(
            column_types={name: _MOMENT if type == _INSTANT else type for name, type in columns.items()},
            null_values=[""],
            strings_can_be_null=True,
            quoted_strings_can_be_null=False,
            true_values=["t"],
            false_values=["f"],
        )
        self._file = pa.parquet.ParquetWriter(path, self._schema, compression=(compression or Compression.ZSTD).value)

    def write(self, data: bytes) -> None:
        table: Any = pa.csv.read_csv(
            pa.BufferReader(data),
            read_options=self._read,
            parse_options=self._parse,
            convert_options=self._convert,
        )
        self._file.write_table(table.cast(self._schema))

    def close(self) -> None:
        self._file.close()


class _Ndjson:
    def __init__(self, what: Exported, path: Path, compression: Compression | None) -> None:
        self._file = pa.output_stream(str(path), compression=compression.value if compression else None)

    def write(self, data: bytes) -> None:
        self._file.write(data)

    def close(self) -> None:
        self._file.close()
