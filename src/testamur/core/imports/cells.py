"""Cells of files of the directory, as what they say: plain JSON values, kept with the row until it is committed."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any
from zoneinfo import ZoneInfo

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.imports.dates import AmbiguousDate, DateForm
from testamur.core.moments import Precision, format_instant, is_duration, to_utc
from testamur.core.people import check_zone

TEXT_MAX = 500
LIST_MAX = 100
_TRUE = ("true", "yes", "1", "y", "active", "enabled", "current", "employed")
_FALSE = ("false", "no", "0", "n", "inactive", "disabled", "suspended", "terminated", "left", "leaver")


@dataclass(frozen=True, slots=True)
class Reading:
    """How the cells of one file are read.

    Args:
        dates: the form of its dates.
        zone: the tenant's, in which days are days.
        today: there.
    """

    dates: DateForm
    zone: ZoneInfo
    today: date


Read = Callable[[str, Any, Reading], Any]


@dataclass(frozen=True, slots=True)
class Field:
    """What a column can mean.

    Args:
        read: the cell as a JSON value. Raises InvalidInput.
        names: other names it is known by.
        clears: whether null in NDJSON empties it; otherwise it is an error.
    """

    read: Read
    names: tuple[str, ...] = ()
    clears: bool = False


def bad(name: str, code: str, message: str) -> InvalidInput:
    """The error of a cell."""
    return InvalidInput(FieldFault(name, code, message))


def plain_text(name: str, value: Any, length_max: int = TEXT_MAX) -> str:
    """Text without blanks around it; numbers as they are written, without a point where they have no fraction."""
    if isinstance(value, bool):
        value = "true" if value else "false"
    elif isinstance(value, float | Decimal) and value == int(value):
        value = str(int(value))
    elif isinstance(value, int | float | Decimal):
        value = str(value)
    elif isinstance(value, date):
        value = value.isoformat()
    elif not isinstance(value, str):
        raise bad(name, "type", "must be text")
    value = value.strip()
    if len(value) > length_max:
        raise bad(name, "range", f"must have at most {length_max} characters")
    return str(value)


def text(length_max: int = TEXT_MAX) -> Read:
    def read(name: str, value: Any, reading: Reading) -> str:
        return plain_text(name, value, length_max)

    return read


def lower(name: str, value: Any, reading: Reading) -> str:
    return plain_text(name, value).lower()


def boolean(name: str, value: Any, reading: Reading) -> bool:
    word = plain_text(name, value).lower()
    if word not in (*_TRUE, *_FALSE):
        raise bad(name, "type", "must be true or false")
    return word in _TRUE


def whole(low: int, high: int) -> Read:
    def read(name: str, value: Any, reading: Reading) -> int:
        word = plain_text(name, value)
        if isinstance(value, bool) or not word.isascii() or not word.isdigit() or len(word) > len(str(high)):
            raise bad(name, "type", "must be a whole number")
        if not low <= int(word) <= high:
            raise bad(name, "range", f"must be from {low} to {high}")
        return int(word)

    return read


def one_of(words: type[Enum]) -> Read:
    def read(name: str, value: Any, reading: Reading) -> str:
        word = plain_text(name, value).lower()
        known = [str(one.value) for one in words]
        if word not in known:
            raise bad(name, "format", f"must be one of {', '.join(known)}")
        return word

    return read


def iana_zone(name: str, value: Any, reading: Reading) -> str:
    return check_zone(plain_text(name, value), name)


def day(name: str, value: Any, reading: Reading) -> str:
    """A day; of a moment the day in the tenant's zone."""
    return _when(name, value, reading)[1].isoformat()


def beginning(name: str, value: Any, reading: Reading) -> str:
    """A moment; of a day its first."""
    at, of, by_day = _when(name, value, reading)
    return format_instant(to_utc(datetime.combine(of, time(), reading.zone)) if by_day else at)


def ending(name: str, value: Any, reading: Reading) -> str:
    """A moment; of a day the first after it: the last day of work is still one."""
    at, of, by_day = _when(name, value, reading)
    if not by_day:
        return format_instant(at)
    if of == date.max:
        raise bad(name, "range", "is the last day of the calendar")
    return format_instant(to_utc(datetime.combine(of + timedelta(days=1), time(), reading.zone)))


def _when(name: str, value: Any, reading: Reading) -> tuple[datetime, date, bool]:
    if isinstance(value, str):
        value = value.strip()
    elif isinstance(value, bool) or not isinstance(value, date | int | float | Decimal):
        raise bad(name, "type", "must be a date")
    try:
        when = reading.dates.read(value)
        return when.at, when.local_day(reading.zone), when.precision is Precision.DAY
    except AmbiguousDate as error:
        raise AmbiguousDate(f"{name}: {error}") from None
    except (ValueError, OverflowError) as error:
        raise bad(name, "format", str(error)) from None


def duration(name: str, value: Any, reading: Reading) -> str:
    """An ISO 8601 duration; a bare number counts minutes."""
    word = plain_text(name, value)
    if word.isascii() and word.isdigit() and len(word) <= 9 and not isinstance(value, bool):
        return f"PT{int(word)}M"
    if not is_duration(word):
        raise bad(name, "format", "must be minutes or an ISO 8601 duration, such as PT1H30M")
    return word


def texts(separator: str | None, length_max: int = TEXT_MAX) -> Read:
    """A list of texts, or one text with separators, or one text where there is none."""

    def read(name: str, value: Any, reading: Reading) -> list[str]:
        parts: Any = value
        if not isinstance(value, Sequence) or isinstance(value, str):
            word = plain_text(name, value, length_max if separator is None else length_max * LIST_MAX)
            parts = [part for part in word.split(separator) if part.strip()] if separator else [word]
        if not all(isinstance(part, str) for part in parts):
            raise bad(name, "type", "must be text or a list of texts")
        if len(parts) > LIST_MAX:
            raise bad(name, "range", f"must have at most {LIST_MAX} members")
        return [plain_text(name, part, length_max) for part in parts if part.strip()]

    return read


def json_object(name: str, value: Any, reading: Reading) -> dict[str, Any]:
    if isinstance(value, str):
        try:
            value = json.loads(value, object_pairs_hook=_each_once, parse_constant=_refuse)
        except (ValueError, RecursionError) as error:
            raise bad(name, "format", f"must be a JSON object: {error}") from error
    if not isinstance(value, Mapping):
        raise bad(name, "type", "must be an object")
    if "\\u0000" in json.dumps(value, default=str):
        raise bad(name, "format", "holds U+0000")
    return dict(value)


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        raise ValueError("a name stands twice")
    return found


def _refuse(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


def as_json(name: str, value: Any, length_max: int) -> Any:
    """A cell that is kept as it is."""
    if isinstance(value, str):
        return plain_text(name, value, length_max)
    if isinstance(value, bool | int | float | list | dict):
        return value
    return str(value)
