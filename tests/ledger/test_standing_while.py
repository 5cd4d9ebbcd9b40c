"""Lines that are worked out while their facts are being written."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import asyncpg
import pytest

from testamur.core.assignments import NewAssignment
from testamur.core.ids import Id
from testamur.core.moments import When
from testamur.core.records import NewRecord, SameKey, SourceKey
from testamur.ledger.standing_facts import About, heard, told_of
from tests.hub import Hub
from tests.ledger.tellings import completion, count, tell_at_once
from tests.ledger.town import ADA, AUDIENCE, ITEM

MARCH = datetime(2025, 3, 1, 9, tzinfo=UTC)


def assign(hub: Hub) -> Id:
    return hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM))).id


def differences(hub: Hub) -> tuple[int, int]:
    found = hub.do(hub.ledger.standings.rebuild(hub.tenant.id))
    return found.lines, found.differences


def test_what_is_heard_of_a_fact_is_what_is_read_of_it_later(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> None:
    assignment = assign(hub)
    first: list[Any] = []

    def listen(told: Any, *rest: Any) -> None:
        heard(told, *rest)
        first.append(told.facts[-1])

    monkeypatch.setattr("testamur.ledger.standing_lines.heard", listen)

    def moved(days: int) -> NewRecord:
        key = SourceKey("tests", "moved", same_key=SameKey.REPLACE)
        return completion(MARCH + timedelta(days=days), key=key)

    tell_at_once(
        hub,
        completion(
            MARCH,
            started_at=MARCH - timedelta(days=1, microseconds=1),
            expires_at=MARCH + timedelta(days=400),
            passed=False,
            score_percent=Decimal("12.5"),
            needs_published=True,
            is_prior=True,
            extra={"how": "equivalency", "reason": "the same course elsewhere"},
        ),
        completion(When.day(MARCH.date() + timedelta(days=1)), passed=True),
        completion(None, started_at=MARCH),
        moved(2),
        moved(3),
    )

    async def read() -> list[Any]:
        async with hub.ledger.database.read(hub.tenant.id) as tx:
            told = await told_of(tx, [(await About.read(tx, assignment), [hub.person])])
        return told[assignment, hub.person].facts or []

    later = hub.do(read())
    assert [one.closed_as for one in later].count("superseded") == 1
    assert sorted(first, key=lambda one: one.id) == sorted(later, key=lambda one: one.id)
    assert differences(hub) == (1, 0)


def test_a_batch_that_cannot_be_written_leaves_no_steps_of_it(hub: Hub) -> None:
    assign(hub)
    good, bad = completion(MARCH), completion(MARCH + timedelta(days=1), score_percent=Decimal(101))
    found = tell_at_once(hub, good, bad)
    assert isinstance(found[1], asyncpg.CheckViolationError)
    assert not isinstance(found[0], BaseException), "told again alone"
    assert count(hub) == 1
    (standing,) = hub.do(hub.ledger.standings.of_person(hub.tenant.id, ADA))
    assert standing.step is not None
    assert standing.step.satisfied_by == found[0].fact
    assert differences(hub) == (1, 0)
