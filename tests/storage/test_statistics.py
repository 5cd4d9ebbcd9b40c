"""Statistics: what the planner goes by is made anew when the tables are no longer what they were."""

from __future__ import annotations

import asyncio

from testamur.core.ids import new_id
from testamur.storage.migrate import migrate
from tests.storage.databases import connected, fresh_database


def test_rows_that_were_being_written_when_the_table_was_looked_at_are_counted_later(postgres: str) -> None:
    async def within() -> None:
        async with fresh_database(postgres) as urls:
            await migrate(urls)
            async with connected(urls.owner) as writer, connected(urls.owner) as looker:

                async def counted() -> float:
                    await looker.execute("SELECT refresh_statistics()")
                    rows: float = await looker.fetchval("SELECT reltuples FROM pg_class WHERE oid = 'item'::regclass")
                    return rows

                tenant = new_id()
                await writer.execute(
                    "INSERT INTO tenant (id, slug, name, zone, created_at) VALUES ($1, 't', 'T', 'UTC', now())", tenant
                )
                async with writer.transaction():
                    await writer.execute(
                        """INSERT INTO item (tenant, id, kind, title, created_at, updated_at)
                           SELECT $1, gen_random_uuid(), 'course', 'Fire safety ' || n, now(), now()
                           FROM generate_series(1, 300) n""",
                        tenant,
                    )
                    assert await counted() <= 0, "nobody else sees them yet"
                await writer.fetchval("SELECT pg_stat_force_next_flush()")
                await writer.execute("SELECT")
                assert await counted() == 300

    asyncio.run(within())
