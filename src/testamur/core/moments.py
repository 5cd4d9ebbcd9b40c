"""Moments, days and durations: section 3 of the compliance rules.

A moment is an aware UTC `datetime` cut to milliseconds; a day is a `date`. A completion keeps which of the two it
was given as (rule D7): a bare day is shown as midnight UTC where only instants can be shown, and stays that day
for every deadline.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from enum import Enum
from zoneinfo import ZoneInfo


class Precision(Enum):
    """Whether a completion time was given as an instant or as a day (rule D7)."""

    INSTANT = "instant"
    DAY = "day"


@dataclass(frozen=True, slots=True, order=True)
class When:
    """When something happened.

    Args:
        at: aware, UTC, cut to milliseconds. For a day: its midnight in UTC, which says nothing about any zone.
        precision: how it was given.
    """

    at: datetime
    precision: Precision = Precision.INSTANT

    @classmethod
    def instant(cls, at: datetime) -> When:
        """From an aware datetime in any zone."""
        return cls(to_utc(at))

    @classmethod
    def day(cls, day: date) -> When:
        """From a bare day."""
        return cls(datetime.combine(day, time(), UTC), Precision.DAY)

    def local_day(self, zone: ZoneInfo) -> date:
        """The calendar day in `zone`; a bare day is itself in every zone (rule D3)."""
        return self.at.date() if self.precision is Precision.DAY else self.at.astimezone(zone).date()


FUTURE_TOLERANCE = timedelta(hours=24)
"""How far ahead a completion may lie before it is refused: clock skew and zones (rule D6)."""

_DAY = re.compile(r"\d{4}-\d{2}-\d{2}\Z", re.ASCII)
_INSTANT = re.compile(
    # Python releases differ on 24:00 and on offsets of 60 minutes: neither gets that far.
    r"\d{4}-\d{2}-\d{2}[Tt ](?:[01]\d|2[0-3]):[0-5]\d(?::\d{2}(?:[.,]\d{1,9})?)?"
    r"(?P<zone>[Zz]|[+-]\d{2}(?::?[0-5]\d)?)?\Z",
    re.ASCII,
)


def to_utc(at: datetime) -> datetime:
    """The same instant in UTC, cut (not rounded) to milliseconds.

    Raises: ValueError for a naive datetime, and for one whose UTC form leaves the years 1 to 9999.
    """
    if at.tzinfo is None:
        raise ValueError("a moment needs a zone")
    if at.tzinfo is not UTC:
        try:
            at = at.astimezone(UTC)
        except OverflowError as error:
            raise ValueError("outside of the years 1 to 9999") from error
    if not 1 < at.year < 9999:
        # The outermost years have days that other zones see outside of what a date can say.
        raise ValueError("outside of the years 2 to 9998")
    beyond = at.microsecond % 1000
    return at.replace(microsecond=at.microsecond - beyond) if beyond else at


def parse_when(text: str, *, days: bool = True, naive_zone: ZoneInfo | None = None) -> When:
    """Read an ISO 8601 date-time, or a date when `days` allows it.

    Args:
        naive_zone: the zone of a date-time that names none; without it such a text is refused (rule I3).
    Raises: ValueError with a sentence that says what is wrong.
    """
    if _DAY.match(text):
        if not days:
            raise ValueError("must be a date and time, such as 2021-01-01T09:00:00Z")
        return When.day(date.fromisoformat(text))
    match = _INSTANT.match(text)
    if not match:
        raise ValueError("must be an ISO 8601 date-time, such as 2021-01-01T09:00:00Z")
    at = datetime.fromisoformat(text.replace(",", ".").upper())
    if at.tzinfo is None:
        if naive_zone is None:
            raise ValueError("must name its offset from UTC, such as Z or +02:00")
        at = at.replace(tzinfo=naive_zone)
    return When(to_utc(at))


def format_instant(at: datetime) -> str:
    """ISO 8601 with exactly three decimals and a literal `Z`.

    A widely used client of Thrive fails in silence on any other form.
    """
    return at.isoformat(timespec="milliseconds")[:23] + "Z"


def format_duration(length: timedelta) -> str:
    """ISO 8601 duration in hours, minutes and seconds, never days: `PT26H3M20S`, `PT0.5S`, `PT0S`."""
    milliseconds = round(length / timedelta(milliseconds=1))
    if milliseconds == 0:
        return "PT0S"
    sign, milliseconds = ("-", -milliseconds) if milliseconds < 0 else ("", milliseconds)
    seconds, fraction = divmod(milliseconds, 1000)
    hours, seconds = divmod(seconds, 3600)
    minutes, seconds = divmod(seconds, 60)
    text = f"{hours}H" if hours else ""
    text += f"{minutes}M" if minutes else ""
    if seconds or fraction:
        text += f"{seconds}" + (f".{fraction:03d}".rstrip("0") if fraction else "") + "S"
    return f"{sign}PT{text}"


_DURATION = re.compile(
    r"P(?=.)(?:\d+(?:[.,]\d+)?W|(?:\d+(?:[.,]\d+)?Y)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?D)?"
    r"(?:T(?=.)(?:\d+(?:[.,]\d+)?H)?(?:\d+(?:[.,]\d+)?M)?(?:\d+(?:[.,]\d+)?S)?)?)\Z",
    re.ASCII,
)


def is_duration(text: str) -> bool:
    """Whether `text` is an ISO 8601 duration in the designator form (`PT1H30M`, `P3Y6M4D`, `P4W`)."""
    return len(text) <= 100 and _DURATION.match(text) is not None
