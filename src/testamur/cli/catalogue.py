"""Files of a catalogue: CSV and NDJSON, a row at a time, as what they say of items, tags and levels."""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, BinaryIO

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.items import VERSION_MAX, ItemKind, ItemState, ItemTelling
from testamur.core.moments import is_duration
from testamur.core.people import Identifier
from testamur.core.skills import SkillLevel, tag_name, tag_names
from testamur.http.decode import decode
from testamur.http.errors import RequestError

IDENTIFIER_KINDS = ("ref", "iri", "thrive", "rise", "cpod", "stackone")
LINE_MAX_BYTES = 1 << 20
_TEXT_MAX, _DESCRIPTION_MAX = 2_000, 65_536
_TRUE, _FALSE = ("true", "yes", "1"), ("false", "no", "0")
_LIST_MAX = 100


@dataclass(frozen=True, slots=True)
class Row:
    """One row of a file.

    Args:
        line: where it begins, counted from 1.
        raw: the row as it stands in the file, with its line end.
        values: by column; empty cells of a CSV file are left out. None when it cannot be read.
        fault: why it cannot be read.
    """

    line: int
    raw: bytes
    values: Mapping[str, Any] | None = None
    fault: FieldFault | None = None


class CatalogueFile:
    """A file being read. `done_bytes` of `size_bytes` are behind, `header` is the line with a CSV file's columns."""

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path = path
        self._columns = columns
        self.size_bytes = path.stat().st_size
        self.done_bytes = 0
        self.header = b""
        self._line = 0
        self._raw: list[bytes] = []

    def rows(self) -> Iterator[Row]:
        """The rows. What begins with `{` is NDJSON, whatever its name.

        Raises: InvalidInput for a CSV file whose columns are unknown or stand twice, and for a line of more than
            LINE_MAX_BYTES; OSError.
        """
        with self._path.open("rb") as file:
            start = file.read(LINE_MAX_BYTES).removeprefix(b"\xef\xbb\xbf").lstrip()
            file.seek(0)
            yield from self._json_rows(file) if start.startswith(b"{") else self._csv_rows(file)

    def _lines(self, file: BinaryIO) -> Iterator[str]:
        while raw := file.readline(LINE_MAX_BYTES + 1):
            self._line += 1
            if len(raw) > LINE_MAX_BYTES:
                raise InvalidInput(FieldFault(f"line {self._line}", "range", f"has more than {LINE_MAX_BYTES} bytes"))
            self.done_bytes += len(raw)
            self._raw.append(raw)
            # What is no UTF-8 survives as it stands, so that the row can be named and written out again.
            text = raw.decode("utf-8", "surrogateescape")
            yield text.removeprefix("\ufeff") if self._line == 1 else text

    def _take(self) -> bytes:
        raw = b"".join(self._raw)
        self._raw.clear()
        return raw

    def _json_rows(self, file: BinaryIO) -> Iterator[Row]:
        for text in self._lines(file):
            raw = self._take()
            if not text.strip():
                continue
            fault = _unreadable(text)
            values: dict[str, Any] | None = None
            try:
                values = None if fault else decode(text.encode(), dict[str, Any])
            except RequestError as error:
                fault = FieldFault("", "format", error.message)
            except InvalidInput as error:
                fault = error.faults[0]
            if values is not None:
                fault = next((_unknown(name, self._columns) for name in values if name not in self._columns), None)
            yield Row(self._line, raw, None if fault else values, fault)

    def _csv_rows(self, file: BinaryIO) -> Iterator[Row]:
        lines = self._lines(file)
        first = next(lines, "")
        self.header = self._take()
        delimiter = max(",;\t", key=first.count)
        columns = [name.strip().lower() for name in next(csv.reader([first], delimiter=delimiter), [])]
        faults = [_unknown(name, self._columns) for name in columns if name not in self._columns]
        faults += [FieldFault(name, "duplicate", "stands twice") for name in set(columns) if columns.count(name) > 1]
        if faults or not columns:
            raise InvalidInput(faults or FieldFault("", "format", "the file is empty"))
        reader = csv.reader(lines, delimiter=delimiter, strict=True)
        while True:
            begin, fault, cells = self._line + 1, None, []
            try:
                cells = next(reader)
            except StopIteration:
                return
            except csv.Error as error:
                fault = FieldFault("", "format", f"cannot be read: {error}")
            raw = self._take()
            if not raw.strip():
                continue
            fault = fault or _unreadable(raw.decode("utf-8", "surrogateescape"))
            if fault is None and len(cells) != len(columns):
                fault = FieldFault("", "format", f"has {len(cells)} cells for {len(columns)} columns")
            values = {name: cell for name, cell in zip(columns, cells, strict=False) if cell.strip()}
            yield Row(begin, raw, None if fault else values, fault)


ITEM_COLUMNS = (
    *IDENTIFIER_KINDS,
    "title",
    "kind",
    "format",
    "description",
    "provider",
    "language",
    "url",
    "cover_url",
    "duration",
    "is_authored",
    "requires_quiz",
    "is_official",
    "author",
    "state",
    "version",
    "retraining_from",
    "tags",
    "skills",
    "attributes",
)
"""What a row may say of an item. In CSV, lists are separated by `|` and attributes are a JSON object."""

SKILL_COLUMNS = ("tag", "skill", "level", "value", "is_enabled")
"""What a row may say: the name of a tag or skill, or a level with its value."""


def item_of(values: Mapping[str, Any]) -> ItemTelling:
    """What a row says of an item. Raises InvalidInput naming the column."""
    identifiers = [
        Identifier(kind, text)
        for kind in IDENTIFIER_KINDS
        for text in _list(kind, values.get(kind), separator=None)
        if text.strip()
    ]
    if not identifiers:
        raise InvalidInput(FieldFault("", "missing", f"one of {', '.join(IDENTIFIER_KINDS)} must name the item"))
    state = _read(values, "state", _one_of(ItemState))
    return ItemTelling(
        identifiers=tuple(identifiers),
        fields={name: read(name, values[name]) for name, read in _FIELDS.items() if name in values},
        author=_text("author", values["author"]) or "" if "author" in values else None,
        state=state,
        version=_read(values, "version", _whole(1, VERSION_MAX)),
        retraining_from=_read(values, "retraining_from", _day),
        tags=tag_names(_list("tags", values["tags"]), "tags") if "tags" in values else None,
        skills=tag_names(_list("skills", values["skills"]), "skills") if "skills" in values else None,
    )


def skill_of(values: Mapping[str, Any]) -> str | SkillLevel:
    """The tag's name or the level that a row tells of. Raises InvalidInput naming the column."""
    told = [name for name in ("tag", "skill", "level") if values.get(name) is not None]
    if len(told) != 1:
        raise InvalidInput(FieldFault("", "missing", "must have either a tag, a skill or a level"))
    (column,) = told
    name = tag_name(_text(column, values[column]) or "", column)
    if column != "level":
        return name
    value = _read(values, "value", _whole(0, VERSION_MAX))
    if value is None:
        raise InvalidInput(FieldFault("value", "missing", "a level needs a value"))
    enabled = _read(values, "is_enabled", _boolean)
    return SkillLevel(value, name, enabled is not False)


def _unreadable(text: str) -> FieldFault | None:
    if "\0" in text:
        return FieldFault("", "format", "holds U+0000")
    if not text.isascii() and any("\ud800" <= character <= "\udfff" for character in text):
        return FieldFault("", "format", "is not UTF-8")
    return None


def _unknown(name: str, columns: Sequence[str]) -> FieldFault:
    return FieldFault(name or "(empty)", "unknown", f"is none of {', '.join(columns)}")


def _read(values: Mapping[str, Any], name: str, read: Callable[[str, Any], Any]) -> Any:
    value = values.get(name)
    return None if value is None else read(name, value)


def _fault(name: str, code: str, message: str) -> InvalidInput:
    return InvalidInput(FieldFault(name, code, message))


def _text(name: str, value: Any, *, length_max: int = _TEXT_MAX) -> str | None:
    """Text without blanks around it; what is empty or null says that there is none."""
    if value is None:
        return None
    if not isinstance(value, str):
        raise _fault(name, "type", "must be text")
    if len(value) > length_max:
        raise _fault(name, "range", f"must have at most {length_max} characters")
    return value.strip() or None


def _description(name: str, value: Any) -> str | None:
    return _text(name, value, length_max=_DESCRIPTION_MAX)


def _format(name: str, value: Any) -> str | None:
    text = _text(name, value)
    return text.lower() if text else None


def _boolean(name: str, value: Any) -> bool:
    text = str(value).strip().lower()
    if isinstance(value, bool | str) and text in (*_TRUE, *_FALSE):
        return text in _TRUE
    raise _fault(name, "type", "must be true or false")


def _whole(low: int, high: int) -> Callable[[str, Any], int]:
    def read(name: str, value: Any) -> int:
        is_number = isinstance(value, int) and not isinstance(value, bool)
        text = str(value).strip()
        if not (is_number or isinstance(value, str)) or not text.isascii() or not text.isdigit() or len(text) > 18:
            raise _fault(name, "type", "must be a whole number")
        if not low <= int(text) <= high:
            raise _fault(name, "range", f"must be from {low} to {high}")
        return int(text)

    return read


def _one_of(words: type[ItemKind] | type[ItemState]) -> Callable[[str, Any], Any]:
    def read(name: str, value: Any) -> Any:
        try:
            return words(str(value).strip().lower())
        except ValueError as error:
            raise _fault(name, "format", f"must be one of {', '.join(word.value for word in words)}") from error

    return read


def _day(name: str, value: Any) -> date:
    try:
        return date.fromisoformat(str(value).strip())
    except ValueError as error:
        raise _fault(name, "format", "must be a day, such as 2025-09-01") from error


def _duration(name: str, value: Any) -> str | None:
    """An ISO 8601 duration; a bare number counts minutes."""
    if value is None:
        return None
    text = str(value).strip()
    if text.isascii() and text.isdigit() and len(text) <= 9 and not isinstance(value, bool):
        return f"PT{int(text)}M"
    if not isinstance(value, str) or not is_duration(text):
        raise _fault(name, "format", "must be minutes or an ISO 8601 duration, such as PT1H30M")
    return text


def _list(name: str, value: Any, separator: str | None = "|") -> list[str]:
    """A list, or text with separators, or one text when there is none."""
    if value is None:
        return []
    if isinstance(value, str):
        value = [part for part in value.split(separator) if part.strip()] if separator else [value]
    if not isinstance(value, list) or not all(isinstance(part, str) for part in value):
        raise _fault(name, "type", "must be text or a list of texts")
    if len(value) > _LIST_MAX:
        raise _fault(name, "range", f"must have at most {_LIST_MAX} members")
    return value


def _attributes(name: str, value: Any) -> Any:
    if isinstance(value, str):
        try:
            value = decode(value.encode(), dict[str, Any])
        except (RequestError, InvalidInput) as error:
            raise _fault(name, "format", f"must be a JSON object: {error.message}") from error
    if not isinstance(value, dict):
        raise _fault(name, "type", "must be an object")
    return value


_FIELDS: dict[str, Callable[[str, Any], Any]] = {
    "title": _text,
    "kind": _one_of(ItemKind),
    "format": _format,
    "description": _description,
    "provider": _text,
    "language": _text,
    "url": _text,
    "cover_url": _text,
    "duration": _duration,
    "is_authored": _boolean,
    "requires_quiz": _boolean,
    "is_official": _boolean,
    "attributes": _attributes,
}
