"""Standing of somebody with very many facts: few are read, and none that matters is left out."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from testamur.core.assignments import AssignmentEdit
from testamur.core.compliance import Anchor
from testamur.ledger import standing_facts
from tests.ledger.town import ADA, ITEM, Town, named, query


def _pour(town: Town, count: int) -> None:
    """Very many completions of Ada, on few days: fails, voids, corrections, versions and expiries among them."""
    query(
        town.hub,
        """
        INSERT INTO fact (tenant, record, revision, id, entry, person, item, item_version, completed_at, started_at,
                          completed_by_day, occurrence, expires_at, passed, source, created_at, recorded_at, closed_at,
                          closed_as)
        SELECT $1, gen_random_uuid(), 1, gen_random_uuid(), 0, $2, $3, CASE WHEN n % 31 = 0 THEN 1 END,
               at, CASE WHEN n % 17 = 0 THEN at - interval '2 days' END, false, n,
               CASE WHEN n % 97 = 0 THEN at + interval '50 days' END, CASE n % 7 WHEN 0 THEN false WHEN 1 THEN true END,
               'tests', at + interval '1 hour', at + interval '1 hour',
               CASE WHEN n % 5 = 0 THEN at + interval '40 days' END,
               CASE n % 5 WHEN 0 THEN (ARRAY['voided', 'superseded'])[1 + n % 2] END
        FROM (SELECT n, timestamptz '2025-01-15 06:00Z' + (n % 15) * interval '36 days'
                        + (n * 7919 % 1440) * interval '1 minute' AS at FROM generate_series(1, $4::int) AS n) AS told
        """,
        town.tenant,
        town.hub.person,
        town.hub.item,
        count,
    )


@pytest.mark.parametrize("anchor", ["completion", "expiry", "calendar"])
def test_of_very_many_facts_none_that_matters_is_left_out(
    town: Town, monkeypatch: pytest.MonkeyPatch, anchor: str
) -> None:
    """The same steps as from every single fact, of now and as known at any moment, with far fewer in memory."""
    days = ((3, 1), (9, 1)) if anchor == "calendar" else ()
    made = town.assign(
        recurrence_days=40, renewal_window_days=10, anchor=Anchor(anchor), calendar_days=days, zone="Asia/Tokyo"
    )
    town.do(town.ledger.assignments.edit(town.hub.caller, named(made), AssignmentEdit(zone="America/New_York")))
    _pour(town, 600)
    town.clock.go(date(2027, 1, 1))
    moments = [None, datetime(2025, 3, 1, tzinfo=UTC), datetime(2026, 2, 1, tzinfo=UTC)]
    monkeypatch.setattr(standing_facts, "FACTS_AT_ONCE", 50)
    told = [town.at(made, date(2027, 1, 1), known_at=moment) for moment in moments]
    monkeypatch.setattr(standing_facts, "FACTS_AT_ONCE", 10_000)
    whole = [town.at(made, date(2027, 1, 1), known_at=moment) for moment in moments]
    for few, all_of_them in zip(told, whole, strict=True):
        assert few.facts is not None
        assert all_of_them.facts is not None
        assert len(few.facts.completions) < len(all_of_them.facts.completions) / 2
        assert few.timeline is not None
        assert all_of_them.timeline is not None
        assert few.timeline.steps == all_of_them.timeline.steps
        assert few.timeline.obligations == all_of_them.timeline.obligations
        assert few.timeline.credit_ends.items() < all_of_them.timeline.credit_ends.items()
    assert len(whole[0].facts.completions) == 600  # type: ignore[union-attr]


def test_the_first_of_very_many_completions_still_satisfies(town: Town) -> None:
    made = town.assign()
    town.clock.go(date(2025, 1, 12))
    first = town.complete(date(2025, 1, 11))
    _pour(town, 3_000)
    found = town.at(made, date(2026, 1, 1))
    assert found.timeline is not None
    (one,) = found.timeline.obligations
    assert one.satisfied_on == date(2025, 1, 11)
    assert one.satisfied_by is not None
    facts = town.do(town.ledger.records.of_facts(town.tenant, [one.satisfied_by]))
    assert facts[one.satisfied_by][0] == first
    assert town.do(town.ledger.standings.rebuild(town.tenant, repairs=True)).lines == 1
    assert town.differences() == (1, 0)


def test_an_attempt_behind_very_many_still_begins_what_is_open(town: Town) -> None:
    town.clock.go(date(2025, 1, 5))
    query(
        town.hub,
        """
        INSERT INTO session (tenant, item, person, id, started_at, duration, lessons_completed, has_quiz, recorded_at)
        SELECT $1, $2, $3, gen_random_uuid(), at, '0', 0, true, at
        FROM (SELECT timestamptz '2024-01-01 09:00Z' + n * interval '1 hour' AS at FROM generate_series(1, 2000) AS n) t
        """,
        town.tenant,
        town.hub.item,
        town.hub.person,
    )
    town.clock.go(date(2025, 1, 10))
    made = town.assign()
    town.clock.go(date(2025, 1, 15))
    town.do(
        town.ledger.learners.attempt(
            town.hub.caller, ITEM, ADA, attempted_at=town.clock(), score_percent=None, passed=False
        )
    )
    assert town.statuses()[1] == ("2025-01-15", "in_progress")
    facts = town.at(made, date(2025, 1, 15)).facts
    assert facts is not None
    assert len(facts.progress) < 100
