"""One row: from its cells to what it says, or what is wrong with it."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal, InvalidOperation
from functools import lru_cache
from typing import Any, NamedTuple, TypeAlias
from zoneinfo import ZoneInfo

from testamur.core.errors import FieldFault
from testamur.core.imports.columns import Columns, Options, learning_kinds_of, person_kinds_of
from testamur.core.imports.dates import AmbiguousDate
from testamur.core.items import TITLE_LENGTH_MAX, VERSION_MAX
from testamur.core.moments import Precision, When, format_duration, format_instant, is_duration, to_utc
from testamur.core.people import IDENTIFIER_LENGTH_MAX

Cell: TypeAlias = Any
"""A cell as its format has it: text, a number, a truth value, a day, a date-time or nothing."""

PERSON_KINDS = ("ref", "email", "username", "id", "thrive", "stackone", "rise", "cpod", "account")
LEARNING_KINDS = ("ref", "iri", "id", "thrive", "stackone", "rise", "cpod")

_NOTE_LENGTH_MAX = 10_000
_URL_LENGTH_MAX = 2_000
_PASSED = dict.fromkeys(("pass", "passed", "true", "yes", "1", "success", "successful"), True)
_FAILED = dict.fromkeys(("fail", "failed", "false", "no", "0", "unsuccessful"), False)
_RESULTS: Mapping[str, bool | None] = _PASSED | _FAILED | {"completed": None, "complete": None}
_WORDS: Mapping[str, bool | None] = {"pass": True, "fail": False, "none": None}
_CACHED_MAX = 50_000
_HUNDRED = Decimal(100)
_MINUTES_MAX = 60 * 24 * 366 * 10


class Key(NamedTuple):
    """What names a person or a learning object in a row.

    Args:
        kinds: looked up in this order.
        value: as written, without blanks around it.
        is_declared: the first kind was declared for it: what it finds counts before all others (rule I5).
    """

    kinds: tuple[str, ...]
    value: str
    is_declared: bool


@dataclass(slots=True)
class Row:
    """What a row says.

    Args:
        number: from 1, without the header.
        raw: the row as it came, as JSON text.
        completed: None when a fault says why.
        day: of the completion, in the tenant's zone.
        digest: of all it says beside whom and what; only of a row with a source's own id.
        faults: why it is rejected.
    """

    number: int
    raw: str
    people: Sequence[Key] = ()
    learnings: Sequence[Key] = ()
    title: str | None = None
    provider: str | None = None
    completed: When | None = None
    day: date | None = None
    started_at: datetime | None = None
    expires_at: datetime | None = None
    passed: bool | None = None
    score_percent: Decimal | None = None
    score_text: str | None = None
    time_spent: str | None = None
    certificate: str | None = None
    version: int | None = None
    source: str = ""
    source_id: str | None = None
    extra: dict[str, Any] | None = None
    digest: bytes | None = None
    faults: tuple[FieldFault, ...] = ()

    def blame(self, fault: FieldFault) -> None:
        """One more thing that is wrong with it."""
        self.faults += (fault,)


class _Bad(Exception):
    def __init__(self, field: str, code: str, message: str) -> None:
        self.fault = FieldFault(field, code, message)


class Decoder:
    """Reads the rows of one file.

    Args:
        zone: the tenant's, in which days are days.
        today: there; a completion after it is an error (rule I4).
    """

    def __init__(self, columns: Columns, options: Options, zone: ZoneInfo, today: date) -> None:
        self._columns = columns
        self._options = options
        self._dates = options.dates
        self._zone = zone
        self._today = today
        self._results = dict(_RESULTS) | {
            word.strip().lower(): _WORDS[means] for word, means in options.results.items()
        }
        self._people = _Naming("person", columns.people, columns.fields, options.person_kinds, PERSON_KINDS)
        self._learnings = _Naming("learning", columns.learnings, columns.fields, options.learning_kinds, LEARNING_KINDS)
        self._cached: dict[str, tuple[When, date]] = {}
        self._score_place = None if "score_max" in columns.fields else columns.fields.get("score")
        self._scores: dict[str | int, tuple[str | None, Decimal | None]] = {}
        self._reads = [self._when, *self._further()]

    def _further(self) -> Iterator[Callable[[Row, Sequence[Cell]], None]]:
        """What else is to be read of a row: a file has few of the columns there could be."""
        named = self._columns.fields.keys()
        if "result" in named:
            yield self._result
        if named & {"score", "score_max"}:
            yield self._score
        if named & {"duration", "hours"}:
            yield self._duration
        if named & {"source", "source_id", "certificate_no", "evidence_url", "note", "version"} or self._columns.custom:
            yield self._texts

    def decode(self, row: Row, cells: Sequence[Cell]) -> None:
        """Read the cells into the row. Each thing wrong becomes a fault of it.

        Raises: AmbiguousDate naming the column, which refuses the file.
        """
        row.source = self._options.source
        self._keys(row, cells)
        for read in self._reads:
            try:
                read(row, cells)
            except _Bad as bad:
                row.blame(bad.fault)
        if row.source_id is not None:
            said = (
                row.completed, row.started_at, row.expires_at, row.passed, row.score_percent, row.score_text,
                row.time_spent, row.certificate, row.version, row.extra,
            )  # fmt: skip
            row.digest = hashlib.blake2b(repr(said).encode(), digest_size=16).digest()

    def _keys(self, row: Row, cells: Sequence[Cell]) -> None:
        named = self._columns.fields
        try:
            row.people = self._people.keys(cells)
            if "title" in named:
                row.title = self._text("title", cells, TITLE_LENGTH_MAX)
            if "provider" in named:
                row.provider = self._text("provider", cells, TITLE_LENGTH_MAX)
            row.learnings = self._learnings.keys(cells)
            if not row.people:
                raise _Bad("person", "missing", "says nobody")
            if not row.learnings and row.title is None:
                raise _Bad("learning", "missing", "says neither a learning object nor a title")
        except _Bad as bad:
            row.blame(bad.fault)

    def _when(self, row: Row, cells: Sequence[Cell]) -> None:
        completed = self._date("completed_on", cells)
        if completed is None:
            raise _Bad("completed_on", "missing", "a completion needs its day")
        when, row.day = completed
        row.completed = when
        if row.day > self._today:
            raise _Bad("completed_on", "future", "lies after today (rule I4)")
        if row.day.year < self._options.earliest_year:
            raise _Bad("completed_on", "range", f"lies before {self._options.earliest_year} (rule I4)")
        named = self._columns.fields
        started = self._date("started_on", cells) if "started_on" in named else None
        if started is not None:
            by_day = Precision.DAY in (started[0].precision, when.precision)
            if started[1] > row.day if by_day else started[0].at > when.at:
                raise _Bad("started_on", "order", "may not be after the completion (rule I4)")
            row.started_at = self._moment(started[0])
        expires = self._date("expires_on", cells) if "expires_on" in named else None
        if expires is not None:
            row.expires_at = self._moment(expires[0])
        for name in ("due_on", "enrolled_on"):
            if name in named and (seen := self._date(name, cells)) is not None:
                by_day = seen[0].precision is Precision.DAY
                self._keep(row, name, seen[1].isoformat() if by_day else format_instant(seen[0].at))

    def _date(self, name: str, cells: Sequence[Cell]) -> tuple[When, date] | None:
        place = self._columns.fields.get(name)
        if place is None or (value := cells[place]) is None or value == "":
            return None
        if isinstance(value, str):
            value = value.strip()
            # The same days come again and again.
            if value in self._cached:
                return self._cached[value]
            if not value:
                return None
        elif isinstance(value, bool) or not isinstance(value, date | int | float | Decimal):
            raise _Bad(name, "type", "must be a date")
        try:
            when = self._dates.read(value)
        except AmbiguousDate as error:
            raise AmbiguousDate(f"{name}: {error}") from None
        except (ValueError, OverflowError) as error:
            raise _Bad(name, "format", str(error)) from None
        found = when, when.local_day(self._zone)
        if isinstance(value, str):
            if len(self._cached) >= _CACHED_MAX:
                self._cached.clear()
            self._cached[value] = found
        return found

    def _moment(self, when: When) -> datetime:
        """A day where only moments are kept: the moment it begins in the tenant's zone."""
        if when.precision is Precision.INSTANT:
            return when.at
        return to_utc(datetime.combine(when.at.date(), time(), self._zone))

    def _result(self, row: Row, cells: Sequence[Cell]) -> None:
        text = self._text("result", cells)
        if text is None:
            return
        try:
            row.passed = self._results[text.lower()]
        except KeyError:
            raise _Bad("result", "format", f"{text!r} means neither pass nor fail; say so in `results`") from None

    def _score(self, row: Row, cells: Sequence[Cell]) -> None:
        if self._score_place is not None:
            cell = cells[self._score_place]
            if type(cell) in (int, str):
                if cell not in self._scores:
                    self._score_of(row, _text(cell, "score"), None)
                    if len(self._scores) >= _CACHED_MAX:
                        self._scores.clear()
                    self._scores[cell] = row.score_text, row.score_percent
                row.score_text, row.score_percent = self._scores[cell]
                return
        self._score_of(row, self._text("score", cells), self._text("score_max", cells))

    def _score_of(self, row: Row, text: str | None, most: str | None) -> None:
        if text is None:
            return
        score = _number("score", text.removesuffix("%").rstrip())
        row.score_text = text if most is None else f"{text} / {most}"
        if most is not None:
            whole = _number("score_max", most)
            if not whole or score > whole:
                raise _Bad("score", "range", "is more than score_max")
            score = (score * _HUNDRED / whole).quantize(Decimal("0.0001")).normalize()
        if score > _HUNDRED:
            raise _Bad("score", "range", "must be from 0 to 100, or a score_max must say of how many")
        row.score_percent = score

    def _duration(self, row: Row, cells: Sequence[Cell]) -> None:
        text = self._text("duration", cells)
        if text is not None and is_duration(text):
            row.time_spent = text
            return
        hours = self._text("hours", cells) if text is None else None
        if text is None and hours is None:
            return
        name = "duration" if text is not None else "hours"
        try:
            minutes = _number(name, text or "") if text is not None else _number(name, hours or "") * 60
        except _Bad:
            raise _Bad(name, "format", "must be minutes or an ISO 8601 duration, such as PT1H30M") from None
        if minutes > _MINUTES_MAX:
            raise _Bad(name, "range", "is too long")
        row.time_spent = format_duration(timedelta(minutes=float(minutes)))

    def _texts(self, row: Row, cells: Sequence[Cell]) -> None:
        row.source = self._text("source", cells) or row.source
        row.source_id = self._text("source_id", cells, IDENTIFIER_LENGTH_MAX)
        number = self._text("certificate_no", cells, _URL_LENGTH_MAX)
        url = self._text("evidence_url", cells, _URL_LENGTH_MAX)
        row.certificate = number or url
        if number is not None and url is not None:
            self._keep(row, "evidence_url", url)
        if (note := self._text("note", cells, _NOTE_LENGTH_MAX)) is not None:
            self._keep(row, "note", note)
        if (version := self._text("version", cells)) is not None:
            if not version.isascii() or not version.isdigit() or not 1 <= int(version[:20]) <= VERSION_MAX:
                raise _Bad("version", "type", "must be a whole number from 1 on")
            row.version = int(version)
        for place, name in self._columns.custom:
            value = cells[place]
            if value is None or value == "":
                continue
            if isinstance(value, str) and len(value) > _NOTE_LENGTH_MAX:
                raise _Bad(name, "range", f"must have at most {_NOTE_LENGTH_MAX} characters")
            fields = self._keep(row, "fields", None)
            fields[name] = value if isinstance(value, str | int | float | bool | list | dict) else str(value)

    @staticmethod
    def _keep(row: Row, name: str, value: Any) -> Any:
        if row.extra is None:
            row.extra = {}
        return row.extra.setdefault(name, {} if value is None else value)

    def _text(self, name: str, cells: Sequence[Cell], length_max: int = 255) -> str | None:
        place = self._columns.fields.get(name)
        return None if place is None else _text(cells[place], name, length_max)


class _Naming:
    """The columns that name a person, or a learning object.

    Args:
        noun: the field of a key of any kind; `noun_by` says the kind of each.
        columns: place and kinds of those with keys of a kind.
        declared, known: the kinds that keys are looked up as, where their column does not say which.
    """

    def __init__(
        self,
        noun: str,
        columns: Sequence[tuple[int, tuple[str, ...]]],
        fields: Mapping[str, int],
        declared: Sequence[str],
        known: Sequence[str],
    ) -> None:
        self._noun = noun
        self._place, self._by = fields.get(noun), fields.get(f"{noun}_by")
        self._declared, self._known = declared, known
        self._columns = [(place, kinds + _others(kinds, declared, known)) for place, kinds in columns]
        places = [place for place in (self._place, self._by) if place is not None] + [place for place, _ in columns]
        self._only = places[0] if len(places) == 1 else None
        self._read: dict[str, tuple[Key, ...]] = {}

    def keys(self, cells: Sequence[Cell]) -> tuple[Key, ...]:
        """Who or what is named in these cells; the same ones come again and again."""
        if self._only is None or type(cell := cells[self._only]) is not str:
            return tuple(self._of(cells))
        found = self._read.get(cell)
        if found is None:
            found = tuple(self._of(cells))
            if len(self._read) >= _CACHED_MAX:
                self._read.clear()
            self._read[cell] = found
        return found

    def _of(self, cells: Sequence[Cell]) -> Iterator[Key]:
        if self._place is not None:
            value = _text(cells[self._place], self._noun, IDENTIFIER_LENGTH_MAX)
            if value is not None:
                by = None if self._by is None else _text(cells[self._by], f"{self._noun}_by")
                yield self._key(value, _KINDS_OF[self._noun](by) if by else ())
        for place, kinds in self._columns:
            value = _text(cells[place], self._noun, IDENTIFIER_LENGTH_MAX)
            if value is not None:
                yield Key(kinds, value, True)

    def _key(self, value: str, by: tuple[str, ...]) -> Key:
        return Key(by + _others(by, self._declared, self._known), value, bool(by or self._declared))


_KINDS_OF: Mapping[str, Callable[[str], tuple[str, ...]]] = {"person": person_kinds_of, "learning": learning_kinds_of}


def _others(first: tuple[str, ...], declared: Sequence[str], known: Sequence[str]) -> tuple[str, ...]:
    return tuple(kind for kind in (declared or known) if kind not in first)


def _text(value: Cell, name: str, length_max: int = 255) -> str | None:
    """Text without blanks around it; numbers as they are written without a point where they have no fraction."""
    if value is None:
        return None
    if not isinstance(value, str):
        if isinstance(value, bool):
            value = "true" if value else "false"
        elif isinstance(value, float):
            value = str(int(value)) if value.is_integer() else repr(value)
        elif isinstance(value, int | Decimal):
            value = str(value)
        elif isinstance(value, date):
            value = value.isoformat()
        else:
            raise _Bad(name, "type", "must be text or a number")
    value = value.strip()
    if len(value) > length_max:
        raise _Bad(name, "range", f"must have at most {length_max} characters")
    return value or None


@lru_cache(maxsize=10_000)
def _number(name: str, text: str) -> Decimal:
    try:
        number = Decimal(text)
    except InvalidOperation:
        raise _Bad(name, "type", "must be a number with a point before its fraction") from None
    if not number.is_finite() or number < 0 or number.adjusted() > 12 or len(text) > 40:
        raise _Bad(name, "range", "is out of range")
    return number
