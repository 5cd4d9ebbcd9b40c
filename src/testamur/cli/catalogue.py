"""Files that a command takes at once: rows by named columns, and what they say of tags, skills and levels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import UTC, date
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.imports.cells import Reading, boolean, plain_text, whole
from testamur.core.imports.dates import DateForm
from testamur.core.items import VERSION_MAX
from testamur.core.skills import SkillLevel, tag_name
from testamur.files import opened

SKILL_COLUMNS = ("tag", "skill", "level", "value", "is_enabled")
"""What a row may say: the name of a tag or skill, or a level with its value."""

_NO_DATES = Reading(DateForm(), ZoneInfo(str(UTC)), date.min)


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file.

    Args:
        number: from 1, without the header.
        values: by column, without empty cells.
        fault: why it cannot be read.
    """

    number: int
    values: Mapping[str, Any]
    fault: FieldFault | None = None


def rows_of(path: Path, columns: Sequence[str]) -> Iterator[Row]:
    """The rows of a file. Raises FileUnreadable; InvalidInput for a column that is unknown or stands twice; OSError."""
    with ExitStack() as stack:
        _, table = stack.enter_context(opened(stack.enter_context(path.open("rb"))))
        if not table.is_named:
            _check([name.strip().lower() for name in table.header], columns)
        for raw in table.rows():
            if raw.cells is None or raw.fault is not None:
                yield Row(raw.number, {}, raw.fault or FieldFault("", "format", "cannot be read"))
                continue
            names = [name.strip().lower() for name in table.header]
            values = {
                name: cell
                for name, cell in zip(names, raw.cells, strict=False)
                if cell is not None and not (isinstance(cell, str) and not cell.strip())
            }
            unknown = next((name for name in values if name not in columns), None)
            yield Row(raw.number, values, None if unknown is None else _unknown(unknown, columns))


def skill_of(values: Mapping[str, Any]) -> str | SkillLevel:
    """The tag's name or the level that a row tells of. Raises InvalidInput naming the column."""
    told = [name for name in ("tag", "skill", "level") if name in values]
    if len(told) != 1:
        raise InvalidInput(FieldFault("", "missing", "must have either a tag, a skill or a level"))
    (column,) = told
    name = tag_name(plain_text(column, values[column]), column)
    if column != "level":
        return name
    if "value" not in values:
        raise InvalidInput(FieldFault("value", "missing", "a level needs a value"))
    value: int = whole(0, VERSION_MAX)("value", values["value"], _NO_DATES)
    return SkillLevel(value, name, bool(boolean("is_enabled", values.get("is_enabled", True), _NO_DATES)))


def _check(names: Sequence[str], columns: Sequence[str]) -> None:
    faults = [_unknown(name, columns) for name in names if name not in columns]
    faults += [FieldFault(name, "duplicate", "stands twice") for name in set(names) if names.count(name) > 1]
    if faults:
        raise InvalidInput(faults)


def _unknown(name: str, columns: Sequence[str]) -> FieldFault:
    return FieldFault(name or "(empty)", "unknown", f"is none of {', '.join(columns)}")
