"""Dates as a file writes them. They are read in the form that was declared and never guessed (rules I2 and I3)."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from testamur.core.moments import When, parse_when, to_utc

_ISO = "YYYY-MM-DD"
_SERIALS = {"excel": date(1899, 12, 30), "excel1904": date(1904, 1, 1)}
_SERIAL_MAX = 2_958_465
"""The last day that a spreadsheet knows, 9999-12-31."""
_UNIX = "unix"
_TOKENS = {"YYYY": r"(?P<year>\d{4})", "MM": r"(?P<month>\d{1,2})", "DD": r"(?P<day>\d{1,2})"}
_PATTERN = re.compile(r"(?:YYYY|MM|DD)(?:(?P<by>[./ -])(?:YYYY|MM|DD)){2}\Z|YYYYMMDD\Z")
_TIME = (
    r"(?:[T ](?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?::(?P<second>[0-5]\d)(?:\.(?P<fraction>\d{1,9}))?)?"
    r"(?P<offset>[Zz]|[+-]\d{2}:?[0-5]\d)?)?\Z"
)
_LIKE_ANY = re.compile(r"(\d{1,2})[./ -](\d{1,2})[./ -](\d{4}|\d{2})(?:[T ].*)?\Z", re.ASCII)
_MONTHS = 12
FORMS = f"{_ISO}, any order of YYYY, MM and DD with ., /, - or a blank between them, YYYYMMDD, excel, excel1904, unix"


class AmbiguousDate(ValueError):
    """Could be two different days, and the file's form was not declared: the whole file is refused."""


@dataclass(frozen=True, slots=True)
class DateForm:
    """The form of a file's dates.

    Args:
        name: one of FORMS; None when none was declared, which means ISO.
        zone: of date-times that name none; None when none was declared, and then those are refused.
    """

    name: str | None = None
    zone: ZoneInfo | None = None
    _regex: re.Pattern[str] | None = None

    @classmethod
    def declared(cls, name: str | None, zone: ZoneInfo | None = None) -> DateForm:
        """Raises ValueError for what is no form."""
        if name is None:
            return cls(None, zone)
        name = name.strip()
        if name.lower() in (*_SERIALS, _UNIX, "iso"):
            return cls(_ISO if name.lower() == "iso" else name.lower(), zone)
        name = name.upper()
        if not _PATTERN.match(name) or any(name.count(token) != 1 for token in _TOKENS):
            raise ValueError(f"must be one of: {FORMS}")
        regex = re.escape(name)
        for token, part in _TOKENS.items():
            # Without anything between them only full widths can be told apart.
            regex = regex.replace(token, part.replace("{1,2}", "{2}") if name == "YYYYMMDD" else part)
        return cls(name, zone, None if name == _ISO else re.compile(regex + _TIME, re.ASCII))

    def read(self, value: str | date | datetime | float) -> When:
        """A day or an instant. A file's own typed days and date-times need no form.

        Raises: ValueError with a sentence that says what is wrong; AmbiguousDate.
        """
        if isinstance(value, datetime):
            return self._typed(value)
        if isinstance(value, date):
            return When.day(value)
        if self.name in _SERIALS or self.name == _UNIX:
            return self._number(str(value))
        text = str(value)
        if self._regex is not None:
            return self._in_form(text, self._regex)
        try:
            return parse_when(text, naive_zone=self.zone)
        except ValueError:
            self._check_declared(text)
            raise

    def _typed(self, value: datetime) -> When:
        if value.tzinfo is not None:
            return When(to_utc(value))
        return self._in_zone(value)

    def _in_zone(self, naive: datetime) -> When:
        if self.zone is None:
            raise ValueError("must name its offset from UTC, such as Z or +02:00, or a zone must be declared (rule I3)")
        return When(to_utc(naive.replace(tzinfo=self.zone)))

    def _number(self, text: str) -> When:
        try:
            number = float(text)
        except ValueError:
            raise ValueError(f"must be a number: the dates of this file are declared as {self.name}") from None
        if self.name == _UNIX:
            if not 0 < number < 253_402_300_800 - 86_400:
                raise ValueError("is no Unix time in seconds")
            return When(to_utc(datetime.fromtimestamp(0, UTC) + timedelta(seconds=number)))
        if not 1 <= number <= _SERIAL_MAX:
            raise ValueError("is no serial number of a day")
        day = _SERIALS[self.name or ""] + timedelta(days=int(number))
        if number == int(number):
            return When.day(day)
        seconds = round((number - int(number)) * 86_400)
        return self._in_zone(datetime.combine(day, time()) + timedelta(seconds=seconds))

    def _in_form(self, text: str, regex: re.Pattern[str]) -> When:
        match = regex.match(text)
        if match is None:
            raise ValueError(f"must have the form {self.name}")
        part = match.groupdict()
        try:
            day = date(int(part["year"]), int(part["month"]), int(part["day"]))
        except ValueError:
            raise ValueError(f"is no day of the calendar, in the form {self.name}") from None
        if part["hour"] is None:
            return When.day(day)
        micro = int((part["fraction"] or "").ljust(6, "0")[:6])
        at = datetime.combine(day, time(int(part["hour"]), int(part["minute"]), int(part["second"] or 0), micro))
        if part["offset"] is None:
            return self._in_zone(at)
        offset = "+00:00" if part["offset"] in "Zz" else part["offset"]
        return When(to_utc(datetime.fromisoformat(at.isoformat() + offset)))

    def _check_declared(self, text: str) -> None:
        match = _LIKE_ANY.match(text)
        if match is None:
            return
        if len(match[3]) == len("YY"):
            raise ValueError("has a year of two digits, which is refused (rule I2)")
        if self.name is None and int(match[1]) <= _MONTHS and int(match[2]) <= _MONTHS:
            raise AmbiguousDate(f"{text!r} may be two different days: declare the form of the file's dates (rule I2)")
        raise ValueError(f"must have the form {self.name or _ISO}, or another must be declared (rule I2)")
