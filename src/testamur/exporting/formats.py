"""The files of an export: Parquet, or lines of JSON."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, Protocol

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from testamur.exporting.choices import Compression, Format
from testamur.ledger.exports import Exported


class Writer(Protocol):
    """A file that is being written."""

    def write(self, rows: pa.Table) -> None:
        """Add rows as `Reader.read` gives them."""

    def close(self) -> None:
        """End the file."""


_SUFFIXES = {None: "", Compression.ZSTD: ".zst", Compression.GZIP: ".gz"}
_MOMENT = pa.timestamp("us")
_INSTANT = pa.timestamp("us", tz="UTC")
_TEXT = pa.string()
_JSON = msgspec.json.Encoder()
_IDS = frozenset({"fact", "record", "person", "item", "client"})
# Ids are text: Spark refuses Parquet's type for UUIDs.
_COLUMNS: Mapping[Exported, Mapping[str, pa.DataType]] = {
    Exported.FACTS: {
        "fact": _TEXT,
        "record": _TEXT,
        "revision": pa.int32(),
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
        "entry": pa.int64(),
    },
    Exported.ENDINGS: {
        "fact": _TEXT,
        "record": _TEXT,
        "ended_as": _TEXT,
        "client": _TEXT,
        "recorded_at": _INSTANT,
        "entry": pa.int64(),
    },
}


def suffix(format: Format, compression: Compression | None) -> str:
    """How a file's name ends, so that tools know what it is."""
    return ".parquet" if format is Format.PARQUET else f".ndjson{_SUFFIXES[compression]}"


def writer(format: Format, what: Exported, path: Path, compression: Compression | None) -> Writer:
    """A new file at `path`. Parquet is compressed with zstd unless something else is asked for."""
    kind: Callable[[Exported, Path, Compression | None], Writer] = _Parquet if format is Format.PARQUET else _Ndjson
    return kind(what, path, compression)


class Reader:
    """Reads slices, which are CSV, into columns."""

    def __init__(self, what: Exported) -> None:
        columns = _COLUMNS[what]
        self._options = {
            "read_options": pa.csv.ReadOptions(column_names=[*columns], block_size=1 << 22),
            "parse_options": pa.csv.ParseOptions(newlines_in_values=True),
            "convert_options": pa.csv.ConvertOptions(
                column_types={name: _MOMENT if type == _INSTANT else type for name, type in columns.items()},
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
                true_values=["t"],
                false_values=["f"],
            ),
        }

    def read(self, data: bytes) -> pa.Table:
        """The columns, with moments as UTC shows them."""
        return pa.csv.read_csv(pa.BufferReader(data), **self._options)


def by_month(rows: pa.Table) -> Iterator[tuple[str, pa.Table]]:
    """The rows by the month in which they were recorded, such as `2026-11`. Most slices have one."""
    recorded = rows.column("recorded_at")
    span = pc.min_max(recorded).as_py()
    first, last = (f"{span[end]:%Y-%m}" for end in ("min", "max"))
    if first == last:
        yield first, rows
        return
    months = pc.strftime(recorded, format="%Y-%m")
    for month in sorted(months.unique().to_pylist()):
        yield month, rows.filter(pc.equal(months, month))


class _Parquet:
    def __init__(self, what: Exported, path: Path, compression: Compression | None) -> None:
        self._schema = pa.schema(_COLUMNS[what])
        words = (compression or Compression.ZSTD).value
        self._file = pa.parquet.ParquetWriter(path, self._schema, compression=words)

    def write(self, rows: pa.Table) -> None:
        self._file.write_table(rows.cast(self._schema))

    def close(self) -> None:
        self._file.close()


class _Ndjson:
    """Lines are put together column by column: no value becomes an object of Python, but text that is to be escaped."""

    def __init__(self, _: Exported, path: Path, compression: Compression | None) -> None:
        self._file = pa.output_stream(str(path), compression=compression.value if compression else None)

    def write(self, rows: pa.Table) -> None:
        table = rows.combine_chunks()
        pieces: list[Any] = []
        literal = "{"
        for name in table.column_names:
            literal += f'{"" if literal == "{" else ","}"{name}":'
            column = table.column(name).combine_chunks()
            if column.null_count == len(column):
                literal += "null"
                continue
            opening, texts, closing = _as_json(name, column)
            if column.null_count:
                whole = _joined(pa.scalar(opening), texts, pa.scalar(closing))
                opening, texts, closing = "", pc.fill_null(whole, "null"), ""
            pieces += [pa.scalar(literal + opening), texts]
            literal = closing
        lines = _joined(*pieces, pa.scalar(literal + "}\n"))
        self._file.write(lines.buffers()[2])

    def close(self) -> None:
        self._file.close()


def _as_json(name: str, column: pa.Array) -> tuple[str, pa.Array, str]:
    """Each value as JSON text, between what stands before and behind all of them."""
    if column.type == _MOMENT:
        shown = column.cast(pa.timestamp("ms"), safe=False).cast(_TEXT)
        return '"', pc.binary_replace_slice(shown, len("2026-01-15"), len("2026-01-15 "), "T"), 'Z"'
    if column.type == pa.date32() or name in _IDS:
        return '"', column.cast(_TEXT), '"'
    if column.type == _TEXT and name != "extra":
        # Sources and applications are few; what differs in every row is escaped once for each.
        known = column.dictionary_encode()
        escaped = pa.array([_JSON.encode(text).decode() for text in known.dictionary.to_pylist()], _TEXT)
        return "", escaped.take(known.indices), ""
    return "", column.cast(_TEXT), ""  # numbers, truth values, and what is JSON already


def _joined(*pieces: Any) -> pa.Array:
    return pc.binary_join_element_wise(*pieces, pa.scalar(""))
