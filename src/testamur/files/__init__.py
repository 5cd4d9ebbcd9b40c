"""Files as tables: whatever the format, rows of cells under a header, a part at a time and in bounded memory."""

from testamur.files.opening import EXPANSION_MAX, FORMATS, MEDIA_TYPES, opened
from testamur.files.tables import RAW_MAX_BYTES, FileUnreadable, RawRow, Table, restored, written

__all__ = [
    "EXPANSION_MAX",
    "FORMATS",
    "MEDIA_TYPES",
    "RAW_MAX_BYTES",
    "FileUnreadable",
    "RawRow",
    "Table",
    "opened",
    "restored",
    "written",
]
