"""The named queries."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import NamedTuple

import aiosql
from aiosql.adapters.asyncpg import AsyncPGAdapter


class Query(NamedTuple):
    """A statement and the names of its parameters, `$1` first."""

    sql: str
    parameters: tuple[str, ...]


def load(folder: Path) -> dict[str, Query]:
    """The queries of a folder by name."""
    # aiosql reads and numbers the named queries. They are run by `Tx`, because its own runner looks through dir() of
    # the connection on every call, which costs as much as a small query.
    adapter = AsyncPGAdapter()  # type: ignore[no-untyped-call]  # aiosql has no types here
    loaded = aiosql.from_path(folder, lambda: adapter, mandatory_parameters=False)
    return {
        name: Query(getattr(loaded, name).sql, tuple(adapter.var_sorted[name]))
        for name in loaded.available_queries
        if not name.endswith("_cursor")
    }


QUERIES = load(Path(__file__).parent / "queries")

_EVERYTHING = "SELECT r.*"


@cache
def shaped(name: str, shape: str) -> Query:
    """The query `name`, of records, with the column `shown`: the row `r` as the SELECT `shape` spells it, JSON text."""
    query = QUERIES[name]
    assert query.sql.count(_EVERYTHING) == 1
    shown = f"(SELECT to_json(shown) FROM ({shape}) AS shown)::text AS shown"  # noqa: S608 - our own text
    told = "r.completed_at IS NOT NULL AS is_completion, r.voided_at IS NOT NULL AS is_void"
    columns = f"SELECT r.id, r.entry, r.person, {told}, {shown}"
    return Query(query.sql.replace(_EVERYTHING, columns), query.parameters)
