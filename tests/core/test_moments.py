"""Moments: what is read as a time, how it is written, and on which day it falls."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from testamur.core.moments import Precision, When, format_duration, format_instant, is_duration, parse_when, to_utc

LONDON = ZoneInfo("Europe/London")
NEW_YORK = ZoneInfo("America/New_York")
SYDNEY = ZoneInfo("Australia/Sydney")
KIRITIMATI = ZoneInfo("Pacific/Kiritimati")
PAGO_PAGO = ZoneInfo("Pacific/Pago_Pago")
APIA = ZoneInfo("Pacific/Apia")


def utc(*parts: int) -> datetime:
    return datetime(*parts, tzinfo=UTC)  # type: ignore[misc,arg-type]


READ = [
    ("2021-01-01T09:00:00Z", utc(2021, 1, 1, 9)),
    ("2021-01-01T09:00:00.000Z", utc(2021, 1, 1, 9)),
    ("2021-01-01t09:00:00z", utc(2021, 1, 1, 9)),
    ("2021-01-01 09:00:00Z", utc(2021, 1, 1, 9)),
    ("2021-01-01T09:00Z", utc(2021, 1, 1, 9)),
    ("2021-01-01T09:00:00+00:00", utc(2021, 1, 1, 9)),
    ("2021-01-01T09:00:00-00:00", utc(2021, 1, 1, 9)),
    ("2021-01-01T11:00:00+02:00", utc(2021, 1, 1, 9)),
    ("2021-01-01T11:00:00+0200", utc(2021, 1, 1, 9)),
    ("2021-01-01T11:00:00+02", utc(2021, 1, 1, 9)),
    ("2021-01-01T03:30:00-05:30", utc(2021, 1, 1, 9)),
    ("2021-01-01T00:30:00+14:00", utc(2020, 12, 31, 10, 30)),
    ("2021-01-01T09:00:00.5Z", utc(2021, 1, 1, 9, 0, 0, 500_000)),
    ("2021-01-01T09:00:00,5Z", utc(2021, 1, 1, 9, 0, 0, 500_000)),
    ("2021-01-01T09:00:00.123456789Z", utc(2021, 1, 1, 9, 0, 0, 123_000)),
    ("2021-01-01T09:00:00.9999Z", utc(2021, 1, 1, 9, 0, 0, 999_000)),
    ("2021-12-31T23:59:59.999999999Z", utc(2021, 12, 31, 23, 59, 59, 999_000)),
    ("2020-02-29T00:00:00Z", utc(2020, 2, 29)),
    ("0002-01-01T00:00:00Z", utc(2, 1, 1)),
    ("0002-01-01T01:00:00+01:00", utc(2, 1, 1)),
    ("9998-12-31T23:59:59.999Z", utc(9998, 12, 31, 23, 59, 59, 999_000)),
    ("9998-12-31T22:59:59-01:00", utc(9998, 12, 31, 23, 59, 59)),
    ("9999-01-01T00:59:59+01:00", utc(9998, 12, 31, 23, 59, 59)),
    ("1969-12-31T23:59:59.9999Z", utc(1969, 12, 31, 23, 59, 59, 999_000)),
]
"""Fractions are cut, not rounded: a rounded 23:59:59.9999 would be another day."""

REFUSED = [
    "", " ", "Z", "now", "2021", "2021-01", "20210101", "2021-1-1", "2021-W01-1", "2021-001",
    "2021-02-30", "2021-02-29", "2021-13-01", "2021-00-10", "2021-01-00", "0000-01-01",
    "2021-02-30T09:00:00Z", "2021-02-29T09:00:00Z", "0000-01-01T00:00:00Z",
    "2021-01-01T24:00:00Z", "2021-01-01T25:00:00Z", "2021-01-01T09:60:00Z",
    "2021-06-30T23:59:60Z", "2016-12-31T23:59:60Z",
    "2021-01-01T09Z", "2021-01-01T090000Z", "2021-01-01T9:00:00Z", "2021-01-01T09:00:00.Z",
    "2021-01-01T09:00:00.1234567890Z", "2021-01-01T09:00.5Z",
    "2021-01-01T09:00:00+24:00", "2021-01-01T09:00:00+2:00", "2021-01-01T09:00:00+02:0", "2021-01-01T09:00:00+02:60",
    "2021-01-01T09:00:00 Z", "2021-01-01T09:00:00Zulu", "2021-01-01T09:00:00[Europe/London]",
    "0001-01-01T00:00:00Z", "0001-12-31T23:59:59Z", "0002-01-01T00:00:00+01:00", "0001-01-01T00:00:00+01:00",
    "9999-01-01T00:00:00Z", "9998-12-31T23:59:59-01:00", "9999-12-31T23:59:59-01:00", "10000-01-01T00:00:00Z",
    "-001-01-01T00:00:00Z",
    " 2021-01-01T09:00:00Z", "2021-01-01T09:00:00Z\n", "2021-01-01\n", "2021-01-01T09:00:00Z\0",
    "٢٠٢١-٠١-٠١", "2021−01−01T09:00:00Z", "01/02/2021", "1609491600", "1609491600000",
]  # fmt: skip
"""Among them: seconds of the epoch, US dates, the second midnight of a day, leap seconds, and years no clock shows."""


@pytest.mark.parametrize(("text", "at"), READ)
def test_an_instant_is_read_in_utc_and_cut_to_milliseconds(text: str, at: datetime) -> None:
    when = parse_when(text)
    assert when == When(at, Precision.INSTANT)
    assert when.at.tzinfo is UTC


@pytest.mark.parametrize("text", REFUSED)
def test_what_is_no_time_is_refused_with_a_sentence(text: str) -> None:
    """Dates are never guessed (rule I2)."""
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_when(text)


@pytest.mark.parametrize("text", REFUSED)
def test_a_zone_for_naive_times_makes_none_of_them_right(text: str) -> None:
    with pytest.raises(ValueError, match=r"\w+ \w+"):
        parse_when(text, naive_zone=LONDON)


@pytest.mark.parametrize("text", ["2021-01-01T09:00:00", "2021-01-01T09:00", "2021-01-01 09:00:00.5"])
def test_an_instant_without_an_offset_is_refused_unless_a_zone_is_declared(text: str) -> None:
    """Rule I3."""
    with pytest.raises(ValueError, match="offset from UTC"):
        parse_when(text)
    assert parse_when(text, naive_zone=SYDNEY).at.replace(microsecond=0) == utc(2020, 12, 31, 22)


@pytest.mark.parametrize(
    ("text", "zone", "at"),
    [
        ("2025-07-01T09:00:00", LONDON, utc(2025, 7, 1, 8)),
        ("2025-01-01T09:00:00", LONDON, utc(2025, 1, 1, 9)),
        ("2025-10-26T01:30:00", LONDON, utc(2025, 10, 26, 0, 30)),  # happens twice: the first of them
        ("2025-07-01T09:00:00Z", LONDON, utc(2025, 7, 1, 9)),  # a named offset wins
    ],
)
def test_a_declared_zone_places_naive_times_only(text: str, zone: ZoneInfo, at: datetime) -> None:
    assert parse_when(text, naive_zone=zone).at == at


@pytest.mark.parametrize("text", ["0001-01-01T00:00:00", "9999-12-31T23:59:59"])
def test_a_naive_time_at_the_ends_of_the_calendar_is_refused_not_overflown(text: str) -> None:
    for zone in (KIRITIMATI, PAGO_PAGO):
        with pytest.raises(ValueError, match="years"):
            parse_when(text, naive_zone=zone)


def test_a_bare_day_is_a_day_not_midnight() -> None:
    """Rule D7."""
    day = parse_when("2025-02-09")
    midnight = parse_when("2025-02-09T00:00:00Z")
    assert day == When.day(date(2025, 2, 9))
    assert day.precision is Precision.DAY
    assert day.at == midnight.at
    assert day != midnight


def test_a_bare_day_is_refused_where_only_instants_will_do() -> None:
    with pytest.raises(ValueError, match="date and time"):
        parse_when("2025-02-09", days=False)


LOCAL_DAYS = [
    # The rules' own example: on time in London, a day late in Sydney.
    ("2025-02-09T23:30:00Z", LONDON, date(2025, 2, 9)),
    ("2025-02-09T23:30:00Z", SYDNEY, date(2025, 2, 10)),
    # The last hour of a summer day in London is the day before in UTC.
    ("2025-07-01T22:59:59.999Z", LONDON, date(2025, 7, 1)),
    ("2025-07-01T23:00:00Z", LONDON, date(2025, 7, 2)),
    # Clocks go forward at 01:00 UTC: the day has 23 hours, its first and last minute belong to it.
    ("2025-03-30T00:00:00Z", LONDON, date(2025, 3, 30)),
    ("2025-03-30T22:59:59Z", LONDON, date(2025, 3, 30)),
    ("2025-03-30T23:00:00Z", LONDON, date(2025, 3, 31)),
    # Clocks go back: the day has 25 hours.
    ("2025-10-25T23:00:00Z", LONDON, date(2025, 10, 26)),
    ("2025-10-26T23:59:59Z", LONDON, date(2025, 10, 26)),
    ("2025-10-27T00:00:00Z", LONDON, date(2025, 10, 27)),
    # New York, on the night its clocks change.
    ("2025-03-09T04:59:59Z", NEW_YORK, date(2025, 3, 8)),
    ("2025-03-10T03:59:59Z", NEW_YORK, date(2025, 3, 9)),
    ("2025-03-10T04:00:00Z", NEW_YORK, date(2025, 3, 10)),
    # The farthest zones: one moment, three days apart by name.
    ("2025-01-01T10:30:00Z", KIRITIMATI, date(2025, 1, 2)),
    ("2025-01-01T10:30:00Z", PAGO_PAGO, date(2024, 12, 31)),
    # Samoa had no 30 December 2011.
    ("2011-12-30T09:59:59Z", APIA, date(2011, 12, 29)),
    ("2011-12-30T10:00:00Z", APIA, date(2011, 12, 31)),
]


@pytest.mark.parametrize(("text", "zone", "day"), LOCAL_DAYS)
def test_an_instant_falls_on_the_local_day_of_its_zone(text: str, zone: ZoneInfo, day: date) -> None:
    """Rule D3."""
    assert parse_when(text).local_day(zone) == day


@pytest.mark.parametrize("zone", [LONDON, NEW_YORK, SYDNEY, KIRITIMATI, PAGO_PAGO, APIA], ids=str)
@pytest.mark.parametrize("day", [date(2025, 3, 30), date(2025, 2, 9), date(2011, 12, 30), date(2, 1, 1)], ids=str)
def test_a_bare_day_is_itself_in_every_zone(zone: ZoneInfo, day: date) -> None:
    """Rule D3, also for a day that the zone never had."""
    assert When.day(day).local_day(zone) == day


@pytest.mark.parametrize("zone", [KIRITIMATI, PAGO_PAGO], ids=str)
def test_an_instant_at_the_ends_of_the_calendar_has_a_local_day(zone: ZoneInfo) -> None:
    """The first and last year that dates can express are refused, so that every zone has a day for every moment."""
    assert When.instant(utc(2, 1, 1)).local_day(zone) in (date(1, 12, 31), date(2, 1, 1))
    assert When.instant(utc(9998, 12, 31, 23, 59, 59)).local_day(zone) in (date(9998, 12, 31), date(9999, 1, 1))
    with pytest.raises(ValueError, match="years"):
        When.instant(utc(1, 12, 31, 23, 59, 59))
    with pytest.raises(ValueError, match="years"):
        When.instant(utc(9999, 1, 1))


def test_a_naive_datetime_is_no_moment() -> None:
    naive = datetime(2021, 1, 1, 9)  # noqa: DTZ001 - this is what must be refused
    with pytest.raises(ValueError, match="zone"):
        to_utc(naive)
    with pytest.raises(ValueError, match="zone"):
        When.instant(naive)


@pytest.mark.parametrize(
    ("at", "text"),
    [
        (utc(2021, 1, 1, 9), "2021-01-01T09:00:00.000Z"),
        (utc(2021, 1, 1, 9, 0, 0, 7_999), "2021-01-01T09:00:00.007Z"),
        (utc(2021, 12, 31, 23, 59, 59, 999_999), "2021-12-31T23:59:59.999Z"),
        (utc(1, 1, 1), "0001-01-01T00:00:00.000Z"),
        (utc(999, 12, 31, 23, 59, 59, 999_000), "0999-12-31T23:59:59.999Z"),
        (utc(1000, 1, 1), "1000-01-01T00:00:00.000Z"),
        (utc(9999, 12, 31), "9999-12-31T00:00:00.000Z"),
    ],
)
def test_an_instant_is_written_with_three_decimals_and_z(at: datetime, text: str) -> None:
    assert format_instant(at) == text


moments = st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.just(UTC)).map(to_utc)  # noqa: DTZ001
offsets = st.integers(-1439, 1439).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(moments)
def test_what_is_written_reads_back_to_the_millisecond(at: datetime) -> None:
    text = format_instant(at)
    assert parse_when(text) == When(at)
    assert len(text) == 24


@given(st.datetimes(datetime(1900, 1, 1), datetime(2100, 1, 1), timezones=offsets))  # noqa: DTZ001 - bounds are naive
def test_an_offset_names_the_same_instant(at: datetime) -> None:
    assert parse_when(at.isoformat()) == When.instant(at)
    assert abs(When.instant(at).at - at) < timedelta(milliseconds=1)
    assert When.instant(at).at <= at


@given(moments, moments)
def test_written_instants_sort_as_the_moments_do(one: datetime, other: datetime) -> None:
    assert (one < other) == (format_instant(one) < format_instant(other))


@given(st.text(max_size=40) | st.text("0123456789-:TZ+. ", max_size=40))
def test_junk_is_refused_with_a_value_error_and_nothing_else(text: str) -> None:
    for zone in (None, LONDON):
        try:
            when = parse_when(text, naive_zone=zone)
        except ValueError:
            continue
        assert when.at.tzinfo is UTC


@pytest.mark.parametrize(
    ("length", "text"),
    [
        (timedelta(), "PT0S"),
        (timedelta(microseconds=400), "PT0S"),
        (timedelta(milliseconds=500), "PT0.5S"),
        (timedelta(milliseconds=1), "PT0.001S"),
        (timedelta(seconds=59), "PT59S"),
        (timedelta(seconds=60), "PT1M"),
        (timedelta(hours=1), "PT1H"),
        (timedelta(hours=1, seconds=1), "PT1H1S"),
        (timedelta(days=1, hours=2, minutes=3, seconds=20), "PT26H3M20S"),
        (timedelta(days=365), "PT8760H"),
        (timedelta(minutes=-90), "-PT1H30M"),
    ],
)
def test_a_duration_is_written_in_hours_minutes_and_seconds_never_days(length: timedelta, text: str) -> None:
    assert format_duration(length) == text


@pytest.mark.parametrize(
    "text",
    ["PT0S", "PT1H30M", "P3Y6M4DT12H30M5S", "P4W", "PT0.5S", "PT0,5S", "P1D", "PT36H", "P1.5W", "P3Y", "P1M", "PT1M"],
)
def test_durations_with_designators_are_durations(text: str) -> None:
    assert is_duration(text)


@pytest.mark.parametrize(
    "text",
    ["", "P", "PT", "P1", "1H", "T1H", "PT1", "PT1H1D", "P1H", "P1DT", "P1S", "P1Y2W", "P4WT1H", "PT1M1H", "-PT1H",
     "pt1h", "PT.5S", "PT1.S", "PT-1H", " PT1H", "PT1H\n", "PT1H PT1H", "01:30:00", "90", "PT١H",
     "PT" + "1" * 200 + "S"],
)  # fmt: skip
def test_everything_else_is_none(text: str) -> None:
    assert not is_duration(text)


@given(st.timedeltas(min_value=timedelta(), max_value=timedelta(days=36_500)))
def test_a_written_duration_is_a_duration(length: timedelta) -> None:
    assert is_duration(format_duration(length))
