"""The list of what is kept of people says what the database has and what an erasure does."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from testamur.core.personal_data import GOES, Holds, columns
from testamur.core.retention import Level
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.erasing import ADA, everything, fill
from tests.storage.databases import connected

NOTED = {"tenant_counter.entry", "ledger_entry.data", "person.updated_at"}
"""Changes with every erasure."""
IN_FILES = {"import_row.outcome", "import_row.person", "import_batch.outcomes", "invitation.withdrawn_at"}
"""What was to come will not, and so counts as that."""


def test_every_column_of_every_table_is_in_the_list(urls: DatabaseUrls) -> None:
    """Whoever adds one decides what it holds of people, and what an erasure makes of it."""

    async def known() -> set[tuple[str, str]]:
        async with connected(urls.owner) as connection:
            rows = await connection.fetch(
                "SELECT c.relname, a.attname FROM pg_class c JOIN pg_attribute a ON a.attrelid = c.oid"
                " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
                " AND a.attnum > 0 AND NOT a.attisdropped AND EXISTS (SELECT FROM pg_attribute t"
                "  WHERE t.attrelid = c.oid AND t.attname = 'tenant')"
            )
        return {(row["relname"], row["attname"]) for row in rows}

    listed = Counter((table, column) for table, column, _ in columns())
    assert max(listed.values()) == 1
    assert set(listed) == asyncio.run(known())


@pytest.mark.parametrize("level", [Level.DETAIL, Level.IDENTITY])
def test_an_erasure_changes_what_the_list_says_and_nothing_else(urls: DatabaseUrls, hub: Hub, level: Level) -> None:
    """By what it says of each column: what goes with the level goes, what does not is as it was."""
    fill(hub)
    before = everything(urls, hub.tenant.id)
    hub.do(hub.ledger.erasures.erase(hub.caller, ADA, level, "She asked for it"))
    after = everything(urls, hub.tenant.id)
    changed = {
        place
        for place, values in before.items()
        if Counter(values) - Counter(after[place]) and not place.startswith(WHOLE_ROWS[level])
    }
    goes = {f"{table}.{column}" for table, column, holds in columns() if level in GOES[holds]}
    said = NOTED | (IN_FILES if level is Level.IDENTITY else set())
    results = {f"{table}.{column}" for table, column, holds in columns() if holds is Holds.RESULT}
    # A result in words may name her, too.
    assert changed <= goes | said | (results if level is Level.IDENTITY else set())
    untouched = {place for place in goes - changed if before[place] and not place.startswith(WHOLE_ROWS[level])}
    assert untouched == ALIKE[level]


WHOLE_ROWS: dict[Level, tuple[str, ...]] = {
    Level.DETAIL: (),
    Level.IDENTITY: ("person_identifier.", "import_held.", "import_name."),
}
"""Tables of which rows go at once."""
ALIKE = {
    Level.DETAIL: {"idempotency_key.headers", "import_row.people", "import_row.faults"},
    Level.IDENTITY: {"idempotency_key.headers", "import_batch.effect", "cpd_entry.activity_type"},
}
"""What held nothing of hers here, or the same after it."""
