"""The check value of a transcript."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest

from testamur.core.ids import Id, new_id
from testamur.core.moments import When
from testamur.core.transcripts import Code, Digest, Line

NOW = datetime(2026, 3, 1, 12, 30, 0, 123000, UTC)
# Always the same: they name test cases, which every process has to name alike.
TENANT, PERSON, RECORD, ITEM = (Id(UUID(int=number << 64)) for number in range(1, 5))
LINE = Line(
    record=RECORD,
    revision=1,
    item=ITEM,
    item_ref="FIRE-101",
    item_version=1,
    title="Fire safety",
    title_told=None,
    provider=None,
    is_outside=False,
    completed=When.instant(NOW),
    started_at=None,
    expires_at=NOW,
    passed=True,
    score_percent=Decimal("87.50"),
    score_text=None,
    time_spent=None,
    certificate="C-1",
    is_prior=False,
    source="api",
    source_id=None,
    recorded_at=NOW,
)


def code(*lines: Line, entry: int = 7) -> Code:
    digest = Digest(TENANT, PERSON, entry, NOW)
    digest.add(lines)
    return digest.code()


def test_a_check_value_reads_back() -> None:
    assert Code.read(f" {code(LINE)}\n") == code(LINE)


@pytest.mark.parametrize(
    "change",
    [
        {"revision": 2},
        {"record": new_id()},
        {"item": new_id()},
        {"completed": When.day(NOW.date())},
        {"completed": None},
        {"expires_at": None},
        {"passed": False},
        {"passed": None},
        {"score_percent": Decimal("87.6")},
        {"certificate": "C-2"},
        {"title_told": "Something else"},
        {"source": "rise"},
    ],
)
def test_it_depends_on_what_was_told(change: dict[str, Any]) -> None:
    assert code(replace(LINE, **change)) != code(LINE)


@pytest.mark.parametrize(
    "change", [{"title": "Renamed"}, {"item_ref": "FIRE-102"}, {"provider": "X"}, {"score_percent": Decimal("87.5")}]
)
def test_it_does_not_depend_on_what_things_are_called(change: dict[str, Any]) -> None:
    assert code(replace(LINE, **change)) == code(LINE)


def test_it_depends_on_the_lines_their_order_and_the_moment() -> None:
    other = replace(LINE, record=new_id())
    values = [code(), code(LINE), code(LINE, LINE), code(LINE, other), code(other, LINE), code(LINE, entry=8)]
    assert len({value.digest for value in values}) == len(values)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "per_01J.1.2.3",
        f"{code(LINE)}0",
        str(code(LINE)).upper(),
        str(code(LINE)).replace("per_", "itm_"),
        str(code(LINE)).replace(".7.", ".-7."),
        str(code(LINE)).replace(".7.", ".\u0667."),
        f"per_ZZZZZZZZZZZZZZZZZZZZZZZZZZ.7.1.{'0' * 32}",
        f"{str(code(LINE)).partition('.')[0]}.7.{'9' * 15}.{'0' * 32}",
    ],
)
def test_what_is_none_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="check value"):
        Code.read(text)
