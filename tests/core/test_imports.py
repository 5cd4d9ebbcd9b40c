"""What a file's cells say, by themselves: columns, dates and values (rules I2 to I4, I18 to I20 of the import)."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from testamur.core.errors import InvalidInput
from testamur.core.imports import AmbiguousDate, Columns, DateForm, Decoder, FileRefused, Options, Row, options_of
from testamur.core.moments import Precision, When, format_instant

LONDON = ZoneInfo("Europe/London")
TODAY = date(2025, 6, 1)


def decoded(options: Options | None = None, **cells: Any) -> Row:
    """A row with these columns and cells, beside what every row needs."""
    told = {"employee_id": "00123", "learning": "FIRE-101", "completed_on": "2023-05-04"} | cells
    options = options or Options()
    row = Row(1, "")
    Decoder(Columns.resolve(list(told), options), options, LONDON, TODAY).decode(row, list(told.values()))
    return row


def faults(options: Options | None = None, **cells: Any) -> list[tuple[str, str]]:
    return [(fault.field, fault.code) for fault in decoded(options, **cells).faults]


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("Completion Date", "completed_on"),
        ("timecompleted", "completed_on"),
        ("COMPLETED-AT", "completed_on"),
        ("TimeStarted", "started_on"),
        ("timeenrolled", "enrolled_on"),
        ("due date", "due_on"),
        ("Valid until", "expires_on"),
        ("Passed", "result"),
        ("grade", "score"),
        ("Hours", "hours"),
        ("revision", "version"),
        ("Course_Name", "title"),
        ("vendor", "provider"),
        ("certificate", "certificate_no"),
        ("attachment", "evidence_url"),
        ("comments", "note"),
        ("Record ID", "source_id"),
        ("User_Ref", "person:ref"),
        ("E-Mail", "person:email"),
        ("client user identifier", "person:ref"),
        ("courseidnumber", "learning:ref"),
        ("content_id", "learning:thrive|ref|id"),
        ("Region", "custom"),
        ("_error", "ignored"),
        (" _outcome", "ignored"),
    ],
)
def test_columns_are_known_without_regard_to_case_blanks_hyphens_and_underscores(name: str, meaning: str) -> None:
    options = Options(columns={"a": "person", "b": "learning", "c": "completed_on"})
    header = ["a", "b", "c", name] if meaning != "completed_on" else ["a", "b", name]
    if meaning == "completed_on":
        options = Options(columns={"a": "person", "b": "learning"})
    assert Columns.resolve(header, options).meanings[name] == meaning


@pytest.mark.parametrize(
    ("header", "field", "code"),
    [
        (["email", "learning", "completed_on", "Completed On"], "Completed On", "duplicate"),
        (["email", "learning", "completed_on", "timecompleted"], "timecompleted", "duplicate"),
        (["learning", "completed_on"], "person", "missing"),
        (["email", "completed_on"], "learning", "missing"),
        (["email", "title"], "completed_on", "missing"),
        (["email", "title", "completed_on", " "], "", "missing"),
        (["email", "title", "completed_on", "x" * 256], "x" * 255, "range"),
        ([f"c{number}" for number in range(501)], "", "range"),
    ],
)
def test_a_header_that_cannot_be_understood_refuses_the_file(header: list[str], field: str, code: str) -> None:
    with pytest.raises(FileRefused) as refused:
        Columns.resolve(header, Options())
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [(field, code)]


def test_a_mapping_says_what_a_column_means_and_must_find_it() -> None:
    options = Options(columns={"Mitarbeiter": "person:ref", "Kurs": "learning:ref", "am": "completed_on"})
    columns = Columns.resolve(["mitarbeiter", "KURS", "Am", "status"], options)
    assert columns.meanings == {
        "mitarbeiter": "person:ref",
        "KURS": "learning:ref",
        "Am": "completed_on",
        "status": "result",
    }
    with pytest.raises(FileRefused, match="no such column"):
        Columns.resolve(["email", "learning", "completed_on"], options)


@pytest.mark.parametrize(
    ("form", "text", "expected"),
    [
        (None, "2023-05-04", "2023-05-04"),
        (None, "2023-05-04T10:00:00+02:00", "2023-05-04T08:00:00.000Z"),
        ("DD/MM/YYYY", "04/05/2023", "2023-05-04"),
        ("DD/MM/YYYY", "4/5/2023", "2023-05-04"),
        ("mm/dd/yyyy", "05/04/2023", "2023-05-04"),
        ("DD.MM.YYYY", "04.05.2023", "2023-05-04"),
        ("YYYYMMDD", "20230504", "2023-05-04"),
        ("DD/MM/YYYY", "04/05/2023 10:00+02:00", "2023-05-04T08:00:00.000Z"),
        ("DD/MM/YYYY", "04/05/2023 10:00:30.5Z", "2023-05-04T10:00:30.500Z"),
        ("excel", "45050", "2023-05-04"),
        ("excel1904", "43588", "2023-05-04"),
        ("unix", "1683194400", "2023-05-04T10:00:00.000Z"),
        (None, date(2023, 5, 4), "2023-05-04"),
        ("DD/MM/YYYY", date(2023, 5, 4), "2023-05-04"),
    ],
)
def test_i2_a_date_is_read_in_the_form_that_was_declared(form: str | None, text: Any, expected: str) -> None:
    when = DateForm.declared(form).read(text)
    by_day = when.precision is Precision.DAY
    assert (when.at.date().isoformat() if by_day else format_instant(when.at)) == expected


@pytest.mark.parametrize(
    ("form", "text"),
    [
        (None, "2023-5-4"),
        (None, "31/12/2024"),
        (None, "04/05/23"),
        (None, "45050"),
        (None, 45050),
        (None, "2023-02-29"),
        ("DD/MM/YYYY", "31/02/2024"),
        ("DD/MM/YYYY", "2024-02-01"),
        ("DD/MM/YYYY", "04/05/23"),
        ("DD/MM/YYYY", "04-05-2023"),
        ("YYYYMMDD", "2023504"),
        ("excel", "2023-05-04"),
        ("excel", "0"),
        ("excel", "1e9"),
        ("unix", "-5"),
        ("unix", "nan"),
    ],
)
def test_i2_a_value_that_does_not_fit_the_form_is_an_error(form: str | None, text: Any) -> None:
    with pytest.raises(ValueError, match=r"\w"):
        DateForm.declared(form).read(text)
    assert faults(Options(date_form=form), completed_on=text) == [("completed_on", "format")]


def test_i2_what_may_be_two_days_refuses_the_file_unless_the_form_is_declared() -> None:
    with pytest.raises(AmbiguousDate, match="completed_on: '03/04/2024'"):
        decoded(completed_on="03/04/2024")
    assert decoded(Options(date_form="MM/DD/YYYY"), completed_on="03/04/2024").day == date(2024, 3, 4)
    assert faults(Options(date_form="iso"), completed_on="03/04/2024") == [("completed_on", "format")]


@pytest.mark.parametrize("form", ["DD/MM/YY", "DD/MM", "", "whenever", "DD/DD/YYYY", "DDMMYYYY"])
def test_i2_a_form_with_two_digits_for_the_year_cannot_be_declared(form: str) -> None:
    with pytest.raises(InvalidInput):
        options_of({"date_form": form})


def test_i3_a_bare_day_is_a_day_and_a_time_needs_an_offset_or_a_declared_zone() -> None:
    row = decoded()
    assert (row.completed, row.day) == (When.day(date(2023, 5, 4)), date(2023, 5, 4))
    assert faults(completed_on="2023-05-04T10:00") == [("completed_on", "format")]
    assert faults(completed_on=datetime(2023, 5, 4, 10)) == [("completed_on", "format")]  # noqa: DTZ001 - the point
    row = decoded(Options(zone="Europe/Berlin"), completed_on="2023-05-04T00:30")
    assert row.completed is not None
    assert format_instant(row.completed.at) == "2023-05-03T22:30:00.000Z"
    assert row.day == date(2023, 5, 3)


@pytest.mark.parametrize(
    ("cells", "fault"),
    [
        ({"completed_on": "2025-06-01"}, None),
        ({"completed_on": "2025-06-02"}, ("completed_on", "future")),
        ({"completed_on": "1970-01-01"}, None),
        ({"completed_on": "1969-12-31"}, ("completed_on", "range")),
        ({"started_on": "2023-05-04"}, None),
        ({"started_on": "2023-05-05"}, ("started_on", "order")),
        ({"completed_on": "2023-05-04T10:00Z", "started_on": "2023-05-04T10:01Z"}, ("started_on", "order")),
        ({"completed_on": "2023-05-04", "started_on": "2023-05-04T20:00Z"}, None),
        ({"completed_on": ""}, ("completed_on", "missing")),
    ],
)
def test_i4_a_completion_lies_neither_after_today_nor_before_the_first_year_nor_before_its_start(
    cells: dict[str, str], fault: tuple[str, str] | None
) -> None:
    assert faults(None, **cells) == ([fault] if fault else [])
    assert faults(Options(earliest_year=1950), completed_on="1969-12-31") == []


@pytest.mark.parametrize(
    ("word", "passed"),
    [("Pass", True), ("FAILED", False), ("1", True), (False, False), ("completed", None), ("", None)],
)
def test_words_for_a_result(word: Any, passed: bool | None) -> None:
    row = decoded(result=word)
    assert (row.passed, row.faults) == (passed, ())


def test_a_word_for_a_result_that_nobody_explained_is_an_error() -> None:
    assert faults(result="Bestanden") == [("result", "format")]
    assert decoded(Options(results={"bestanden": "pass", "nein": "fail"}), result="Bestanden").passed is True


@pytest.mark.parametrize(
    ("cells", "percent", "text"),
    [
        ({"score": "87.5"}, Decimal("87.5"), "87.5"),
        ({"score": 35, "score_max": 40}, Decimal("87.5"), "35 / 40"),
        ({"score": "12%"}, Decimal(12), "12%"),
        ({"score": "0", "score_max": "7"}, Decimal(0), "0 / 7"),
    ],
)
def test_a_score_is_kept_as_a_share_and_as_it_was_written(cells: dict[str, Any], percent: Decimal, text: str) -> None:
    row = decoded(**cells)
    assert (row.score_percent, row.score_text, row.faults) == (percent, text, ())


@pytest.mark.parametrize(
    "cells", [{"score": "87,5"}, {"score": "101"}, {"score": "8", "score_max": "7"}, {"score": "-1"}, {"score": "nan"}]
)
def test_a_score_that_is_none_is_an_error(cells: dict[str, Any]) -> None:
    assert [field for field, _ in faults(**cells)] == ["score"]


@pytest.mark.parametrize(
    ("cells", "spent"),
    [
        ({"duration": "45"}, "PT45M"),
        ({"duration": "PT1H"}, "PT1H"),
        ({"hours": "1.5"}, "PT1H30M"),
        ({"hours": 2}, "PT2H"),
    ],
)
def test_a_duration_is_minutes_or_hours_or_iso_8601(cells: dict[str, Any], spent: str) -> None:
    assert decoded(**cells).time_spent == spent


def test_what_has_no_place_of_its_own_is_kept_beside() -> None:
    row = decoded(
        due_on="2023-05-31",
        timeenrolled="2023-05-01T08:00Z",
        certificate="C-7",
        evidence_url="https://example.com/c/7",
        note="ok",
        Region="North",
        expires_on="2024-07-01",
        version="3",
        source="old lms",
        source_id="9",
    )
    assert row.extra == {
        "due_on": "2023-05-31",
        "enrolled_on": "2023-05-01T08:00:00.000Z",
        "evidence_url": "https://example.com/c/7",
        "note": "ok",
        "fields": {"Region": "North"},
    }
    # A day begins at its own midnight: in July London is an hour ahead.
    assert row.expires_at is not None
    assert format_instant(row.expires_at) == "2024-06-30T23:00:00.000Z"
    assert (row.certificate, row.version, row.source, row.source_id) == ("C-7", 3, "old lms", "9")


def test_i5_a_key_is_looked_up_by_its_declared_kind_first_and_keeps_its_zeros() -> None:
    (key,) = decoded().people
    assert (key.kinds[0], key.value, key.is_declared) == ("ref", "00123", True)
    columns = {"person": "x@example.com", "person_by": "E-Mail", "learning": "A", "completed_on": "2023-05-04"}
    row = Row(1, "")
    Decoder(Columns.resolve(list(columns), Options()), Options(), LONDON, TODAY).decode(row, list(columns.values()))
    assert (row.people[0].kinds[:2], row.people[0].is_declared) == (("email", "ref"), True)
    kinds = Options(person_kinds=["badge", "email"])
    row = Row(1, "")
    Decoder(Columns.resolve(list(columns), kinds), kinds, LONDON, TODAY).decode(row, ["7", None, "A", "2023-05-04"])
    assert (row.people[0].kinds, row.people[0].is_declared) == (("badge", "email"), True)


def test_several_things_wrong_with_a_row_are_all_said() -> None:
    assert faults(employee_id="", score="x", version="0", result="?") == [
        ("person", "missing"),
        ("result", "format"),
        ("score", "type"),
        ("version", "type"),
    ]


def test_a_meaning_that_no_completion_has_refuses_the_file() -> None:
    """Which fields there are hangs on what the file is of, so this is known with its header only."""
    options = options_of({"columns": {"email": "nothing"}})
    with pytest.raises(FileRefused) as refused:
        Columns.resolve(["email", "learning", "completed_on"], options)
    assert [(fault.field, fault.code) for fault in refused.value.faults] == [("email", "unknown")]


@pytest.mark.parametrize(
    ("told", "field"),
    [
        ({"colour": "red"}, "colour"),
        ({"columns": {"a": "no thing"}}, "columns"),
        ({"columns": ["a"]}, "columns"),
        ({"results": {"ja": "yes"}}, "results"),
        ({"zone": "Mars/Base"}, "zone"),
        ({"encoding": "hex"}, "encoding"),
        ({"encoding": "klingon"}, "encoding"),
        ({"delimiter": "#"}, "delimiter"),
        ({"earliest_year": "1990"}, "earliest_year"),
        ({"person_kinds": "ref"}, "person_kinds"),
        ({"all_or_nothing": "yes"}, "all_or_nothing"),
        ({"source": "a\0b"}, "source"),
    ],
)
def test_an_option_that_is_none_is_named(told: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        options_of(told)
    assert [fault.field for fault in refused.value.faults] == [field]
