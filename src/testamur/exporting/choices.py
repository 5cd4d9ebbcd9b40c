"""What an export may look like. Apart from what writes it, which loads a large library."""

from __future__ import annotations

from enum import Enum


class Format(Enum):
    """What the files are."""

    PARQUET = "parquet"
    NDJSON = "ndjson"


class Compression(Enum):
    """How they are compressed."""

    ZSTD = "zstd"
    GZIP = "gzip"
