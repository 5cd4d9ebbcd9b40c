"""What PostgreSQL spells itself is spelled as the core spells it."""

from __future__ import annotations

import asyncio
import re
from datetime import UTC, datetime, timedelta, timezone
from random import Random
from typing import Any

import pytest

from testamur.core.ids import from_parts, to_hex24, to_opaque
from testamur.core.moments import format_instant
from testamur.storage.database import DatabaseUrls
from testamur.storage.named import QUERIES, shaped
from tests.storage.databases import connected

RANDOM = Random(20261121)
UNPLANNED = {"tenant_add", "import_turn"}
"""The owner's, and two statements in one."""


def answers(urls: DatabaseUrls, sql: str, values: list[Any]) -> list[str]:
    async def ask() -> list[str]:
        async with connected(urls.owner) as connection:
            return [row[0] for row in await connection.fetch(sql, values)]

    return asyncio.run(ask())


def test_ids_are_spelled_as_the_core_spells_them(urls: DatabaseUrls) -> None:
    bits = [(0, 0), (2**48 - 1, 2**48 - 1), (1, 1), (2**47, 2**36), (2**47 + 1, 2**36 - 1)]
    bits += [(RANDOM.getrandbits(48), RANDOM.getrandbits(48)) for _ in range(1000)]
    ids = [from_parts(*pair) for pair in bits]
    all_of = "FROM unnest($1::uuid[]) WITH ORDINALITY AS u (id, place) ORDER BY place"
    assert answers(urls, f"SELECT hex24(u.id) {all_of}", ids) == [to_hex24(id) for id in ids]
    assert answers(urls, f"SELECT opaque(hex24(u.id)) {all_of}", ids) == [to_opaque(id) for id in ids]


def test_moments_are_spelled_as_the_core_spells_them(urls: DatabaseUrls) -> None:
    first, last = datetime(2, 1, 1, tzinfo=UTC), datetime(9998, 12, 31, 23, 59, 59, 999999, tzinfo=UTC)
    span = (last - first).total_seconds()
    moments = [first, last, datetime(2024, 2, 29, 23, 59, 59, 999500, tzinfo=timezone(timedelta(hours=-11)))]
    moments += [first + timedelta(seconds=RANDOM.uniform(0, span)) for _ in range(1000)]
    told = answers(
        urls, "SELECT instant(u.at) FROM unnest($1::timestamptz[]) WITH ORDINALITY AS u (at, n) ORDER BY n", moments
    )
    assert told == [format_instant(at.astimezone(UTC)) for at in moments]


def test_row_level_security_keeps_no_query_from_its_index(urls: DatabaseUrls) -> None:
    """PostgreSQL takes every coalesce() for one that may leak rows, so that what it compares is a filter of all rows.

    Seen in what is read for each row of something else: one keyed telling read every key of its source.
    """

    async def plans() -> dict[str, str]:
        found = {}
        async with connected(urls.owner) as connection, connection.transaction():
            await connection.execute(
                """CREATE FUNCTION pg_temp.plan(query text) RETURNS SETOF text LANGUAGE plpgsql
                   AS $$BEGIN RETURN QUERY EXECUTE 'EXPLAIN (GENERIC_PLAN) ' || query; END$$;
                   SET LOCAL ROLE testamur_app; SET LOCAL enable_seqscan = off"""
            )
            for name, query in QUERIES.items():
                if "SET LOCAL" not in query.sql and name not in UNPLANNED:
                    rows = await connection.fetch("SELECT pg_temp.plan($1)", query.sql)
                    found[name] = "\n".join(row[0] for row in rows)
        return found

    found = asyncio.run(plans())
    assert len(found) > 300
    leaky = re.compile(r"Index Cond: .*\n *Filter: .*\b\w+ = COALESCE\(")
    assert {name: hit[0] for name, plan in found.items() if (hit := leaky.search(plan))} == {}


def test_a_shape_fits_only_a_query_that_asks_for_everything() -> None:
    shape = "SELECT r.id"
    assert shaped("records_page", shape).parameters == QUERIES["records_page"].parameters
    with pytest.raises(AssertionError):
        shaped("counter_lock", shape)
