"""Historic import: rows of completions as files tell them (section 17 of the compliance rules).

Pure: from cells to what a row says, or what is wrong with it. Matching and writing are the ledger's.
"""

from testamur.core.imports.batches import (
    Batch,
    BatchNotFound,
    BatchState,
    Effect,
    FileRefused,
    NotRehearsed,
    Outcome,
    RowShown,
    refused,
)
from testamur.core.imports.columns import CUSTOM, FIELDS, Columns, Options, options_of
from testamur.core.imports.dates import AmbiguousDate, DateForm
from testamur.core.imports.rows import Cell, Decoder, Key, Row

__all__ = [
    "CUSTOM",
    "FIELDS",
    "AmbiguousDate",
    "Batch",
    "BatchNotFound",
    "BatchState",
    "Cell",
    "Columns",
    "DateForm",
    "Decoder",
    "Effect",
    "FileRefused",
    "Key",
    "NotRehearsed",
    "Options",
    "Outcome",
    "Row",
    "RowShown",
    "options_of",
    "refused",
]
