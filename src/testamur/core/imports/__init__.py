"""Import of files: of completions (section 17 of the compliance rules), and of the directory.

Pure: from cells to what a row says, or what is wrong with it. Matching and writing are the ledger's.
"""

from testamur.core.imports.batches import (
    Batch,
    BatchNotFound,
    BatchState,
    Effect,
    FileRefused,
    NotRehearsed,
    Refusal,
    RowShown,
    Stage,
    refused,
)
from testamur.core.imports.columns import CUSTOM, FIELDS, Columns, Options, options_of
from testamur.core.imports.dates import AmbiguousDate, DateForm
from testamur.core.imports.directories import REMOVALS_PERCENT_MAX, Of, Outcome, Removals, RemovalsUnconfirmed
from testamur.core.imports.rows import Cell, Decoder, Key, Row

__all__ = [
    "CUSTOM",
    "FIELDS",
    "REMOVALS_PERCENT_MAX",
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
    "Of",
    "Options",
    "Outcome",
    "Refusal",
    "Removals",
    "RemovalsUnconfirmed",
    "Row",
    "RowShown",
    "Stage",
    "options_of",
    "refused",
]
