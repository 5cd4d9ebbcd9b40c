"""The header Accept."""

from __future__ import annotations

import pytest

from testamur.http.accept import preferred

OFFERED = ("application/json", "text/csv", "text/html")


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (None, "application/json"),
        ("", "application/json"),
        ("*/*", "application/json"),
        ("image/png", "application/json"),
        ("text/csv", "text/csv"),
        ("TEXT/CSV; charset=utf-8", "text/csv"),
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", "text/html"),
        ("application/json, text/csv", "application/json"),
        ("text/csv, application/json", "text/csv"),
        ("application/json;q=0.5, text/csv", "text/csv"),
        ("text/csv;q=0, */*;q=0.1", "application/json"),
        ("text/csv;q=much", "application/json"),
        ("text/*", "text/csv"),
        (";;,,q=1", "application/json"),
    ],
)
def test_what_is_asked_for_most_is_given(header: str | None, expected: str) -> None:
    assert preferred(header, OFFERED) == expected
