"""What the application's role can see and do, whatever its queries say: PostgreSQL itself keeps tenants apart."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from uuid import UUID

import asyncpg
import pytest

from testamur.core.errors import DatabaseUnavailable
from testamur.core.ids import new_id
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Report
from testamur.storage import database as database_module
from testamur.storage.database import Database, DatabaseUrls
from tests.hub import Hub, moment
from tests.storage.databases import as_app, connected

OF_THE_WHOLE_INSTALLATION = {"tenant", "signing_key", "schema_migration"}
"""Tables without a tenant column: the tenants themselves, the keys of tokens, the migrations."""

LED_BY_NO_TENANT = {"client_key_hash_taken"}
"""A secret must be found before anybody knows whose it is."""


def run(urls: DatabaseUrls, test: Callable[[Any], Awaitable[None]]) -> None:
    """Run `test` on one connection with the application's rights."""

    async def within() -> None:
        async with as_app(urls) as connection:
            await test(connection)

    asyncio.run(within())


def query(urls: DatabaseUrls, sql: str, *arguments: Any) -> list[asyncpg.Record]:
    """Rows as the owner sees them."""

    async def within() -> list[asyncpg.Record]:
        async with connected(urls.owner) as connection:
            rows: list[asyncpg.Record] = await connection.fetch(sql, *arguments)
            return rows

    return asyncio.run(within())


def tenant_tables(urls: DatabaseUrls) -> list[str]:
    """Every table with a column `tenant`."""
    rows = query(
        urls,
        "SELECT c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace"
        " JOIN pg_attribute a ON a.attrelid = c.oid AND a.attname = 'tenant' AND NOT a.attisdropped"
        " WHERE n.nspname = 'public' AND c.relkind IN ('r', 'p') ORDER BY 1",
    )
    return [row["relname"] for row in rows]


async def bind(connection: Any, tenant: UUID) -> None:
    await connection.execute("SELECT set_config('testamur.tenant', $1::text, true)", str(tenant))


@pytest.fixture
def full_hub(hub: Hub) -> Hub:
    """A tenant with a row in the ledger's tables too."""
    new = NewRecord(
        source="tests",
        person=Reference("00123", ("ref",)),
        item=Reference("FIRE-101", ("ref",), "item"),
        completed=When.instant(moment()),
        enrols=True,
    )
    hub.do(hub.ledger.records.record(hub.tenant.id, new, Report("tests", hub.key.client, "POST", "/", "{}")))
    return hub


# The catalogue: a new table cannot be forgotten -------------------------------------------------------------------


def test_every_table_belongs_to_a_tenant_or_is_listed_here(urls: DatabaseUrls) -> None:
    tables = query(urls, "SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    assert {row["tablename"] for row in tables} - set(tenant_tables(urls)) == OF_THE_WHOLE_INSTALLATION


def test_every_table_of_tenants_has_row_level_security_with_a_policy_for_every_command(urls: DatabaseUrls) -> None:
    rows = query(
        urls,
        "SELECT c.relname, c.relrowsecurity,"
        " (SELECT array_agg(p.permissive || ' ' || p.cmd || ' ' || p.qual) FROM pg_policies p"
        "  WHERE p.schemaname = 'public' AND p.tablename = c.relname) AS policies"
        " FROM pg_class c WHERE c.oid = ANY (SELECT to_regclass(t) FROM unnest($1::text[]) t)",
        [*tenant_tables(urls), "tenant"],
    )
    assert {row["relname"] for row in rows} == {*tenant_tables(urls), "tenant"}
    for row in rows:
        column = "id" if row["relname"] == "tenant" else "tenant"
        assert row["relrowsecurity"], row["relname"]
        assert row["policies"] == [f"PERMISSIVE ALL ({column} = ( SELECT current_tenant() AS current_tenant))"], row[
            "relname"
        ]


def test_the_tenant_leads_every_key_and_index(urls: DatabaseUrls) -> None:
    """Also what makes the tables distributable by tenant. Expressions have no column and count as not led."""
    rows = query(
        urls,
        "SELECT i.indexrelid::regclass::text AS index, a.attname AS leading FROM pg_index i"
        " LEFT JOIN pg_attribute a ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0]"
        " WHERE i.indrelid = ANY (SELECT to_regclass(t) FROM unnest($1::text[]) t)",
        tenant_tables(urls),
    )
    assert len(rows) >= len(tenant_tables(urls))
    assert {row["index"] for row in rows if row["leading"] != "tenant"} == LED_BY_NO_TENANT


def test_every_table_of_tenants_has_a_primary_key(urls: DatabaseUrls) -> None:
    rows = query(
        urls,
        "SELECT conrelid::regclass::text AS name FROM pg_constraint"
        " WHERE contype = 'p' AND connamespace = 'public'::regnamespace",
    )
    assert set(tenant_tables(urls)) <= {row["name"] for row in rows}


def test_every_foreign_key_between_tables_of_tenants_carries_the_tenant(urls: DatabaseUrls) -> None:
    """Without it a row could point into another tenant: foreign keys are checked past row-level security."""
    rows = query(
        urls,
        "SELECT f.conname, f.conrelid::regclass::text AS name, a.attname, b.attname AS referred FROM pg_constraint f"
        " JOIN pg_attribute a ON a.attrelid = f.conrelid AND a.attnum = f.conkey[1]"
        " JOIN pg_attribute b ON b.attrelid = f.confrelid AND b.attnum = f.confkey[1]"
        " WHERE f.contype = 'f' AND f.connamespace = 'public'::regnamespace",
    )
    assert rows
    for row in rows:
        assert (row["attname"], row["referred"]) in {("tenant", "tenant"), ("tenant", "id")}, row["conname"]


def test_every_view_asks_with_the_rights_of_its_reader(urls: DatabaseUrls) -> None:
    """A view asks with its owner's rights unless told otherwise, and the owner passes row-level security."""
    rows = query(
        urls,
        "SELECT c.relname, coalesce(c.reloptions, '{}') AS options FROM pg_class c"
        " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('v', 'm')",
    )
    assert rows
    assert [row["relname"] for row in rows if "security_invoker=true" not in row["options"]] == []


def test_only_the_known_functions_pass_row_level_security(urls: DatabaseUrls) -> None:
    rows = query(
        urls,
        "SELECT p.proname, p.proconfig, has_function_privilege('public', p.oid, 'EXECUTE') AS for_all FROM pg_proc p"
        " WHERE p.pronamespace = 'public'::regnamespace AND p.prosecdef",
    )
    assert {row["proname"] for row in rows} == {
        "client_by_key", "tenant_by_name", "client_is_live", "refresh_statistics", "webhooks_take", "webhooks_renew",
        "forget_person", "standing_tasks_waiting", "prune_idempotency_keys", "imports_waiting",
        "entries_counted", "erase_detail", "erase_identity", "erase_mentions", "erase_imported", "erase_answers",
        "erase_facts", "erase_person", "forget_erased_rows",
        "uploads_over", "rehearsals_waiting",
    }  # fmt: skip
    for row in rows:
        settings = ["default_statistics_target=25"] if row["proname"] == "refresh_statistics" else []
        assert row["proconfig"] == ["search_path=pg_catalog, public", *settings], row["proname"]
        assert not row["for_all"], row["proname"]


def test_the_applications_role_has_no_way_around_the_rules(urls: DatabaseUrls) -> None:
    (role,) = query(urls, "SELECT * FROM pg_roles WHERE rolname = 'testamur_app'")
    for right in ("rolsuper", "rolbypassrls", "rolcreaterole", "rolcreatedb", "rolreplication"):
        assert not role[right], right
    assert query(urls, "SELECT FROM pg_auth_members WHERE member = 'testamur_app'::regrole") == []
    assert query(urls, "SELECT FROM pg_class WHERE relowner = 'testamur_app'::regrole") == []


# What a session sees ----------------------------------------------------------------------------------------------


def test_without_a_tenant_every_table_is_empty(urls: DatabaseUrls, full_hub: Hub) -> None:
    filled = {"person", "fact", "report", "ledger_entry", "enrolment", "client_key", "tenant"}
    for name in filled:
        assert query(urls, f"SELECT FROM {name} LIMIT 1"), f"{name} has nothing that could be seen"

    async def test(connection: Any) -> None:
        for name in [*tenant_tables_, "tenant", "record", "fact_read"]:
            assert await connection.fetchval(f"SELECT count(*) FROM {name}") == 0, name

    tenant_tables_ = tenant_tables(urls)
    run(urls, test)


def test_bound_to_one_tenant_nothing_of_another_is_visible(urls: DatabaseUrls, full_hub: Hub, other_hub: Hub) -> None:
    async def test(connection: Any) -> None:
        async with connection.transaction():
            await bind(connection, other_hub.tenant.id)
            for name in [*tables, "record", "fact_read"]:
                tenants = await connection.fetch(f"SELECT DISTINCT tenant FROM {name}")
                assert {row["tenant"] for row in tenants} <= {other_hub.tenant.id}, name
                found = await connection.fetchval(f"SELECT count(*) FROM {name} WHERE tenant = $1", full_hub.tenant.id)
                assert found == 0, name
            assert await connection.fetchval("SELECT count(*) FROM person") == 2
            assert [row["id"] for row in await connection.fetch("SELECT id FROM tenant")] == [other_hub.tenant.id]

    tables = tenant_tables(urls)
    run(urls, test)


def test_rows_cannot_be_written_for_another_tenant(urls: DatabaseUrls, hub: Hub, other_hub: Hub) -> None:
    """Neither inserted for it, nor moved to it, nor changed in it."""

    async def test(connection: Any) -> None:
        now = moment()
        person = "INSERT INTO person (tenant, id, created_at, updated_at) VALUES ($1, $2, $3, $3)"
        async with connection.transaction():
            await bind(connection, hub.tenant.id)
            await connection.execute(person, hub.tenant.id, new_id(), now)
            for statement, arguments in [
                (person, (other_hub.tenant.id, new_id(), now)),
                ("UPDATE person SET tenant = $1 WHERE id = $2", (other_hub.tenant.id, hub.person)),
                (
                    "INSERT INTO ledger_entry (tenant, number, kind, subject, recorded_at)"
                    " VALUES ($1, 999, 'x', $2, $3)",
                    (other_hub.tenant.id, new_id(), now),
                ),
                (
                    "INSERT INTO source_key (tenant, source, value, record, created_at) VALUES ($1, 's', 'v', $2, $3)",
                    (other_hub.tenant.id, new_id(), now),
                ),
            ]:
                with pytest.raises(asyncpg.InsufficientPrivilegeError, match="row-level security"):
                    async with connection.transaction():
                        await connection.execute(statement, *arguments)
            touched = await connection.execute(
                "UPDATE person SET given_name = 'x' WHERE tenant = $1", other_hub.tenant.id
            )
            assert touched == "UPDATE 0"
            touched = await connection.execute("UPDATE tenant_counter SET entry = 0 WHERE tenant <> $1", hub.tenant.id)
            assert touched == "UPDATE 0"

    run(urls, test)


def test_a_foreign_key_cannot_reach_into_another_tenant(urls: DatabaseUrls, hub: Hub, other_hub: Hub) -> None:
    async def test(connection: Any) -> None:
        await connection.execute("BEGIN")
        await bind(connection, hub.tenant.id)
        insert = "INSERT INTO person_identifier (tenant, kind, value, person) VALUES ($1, 'ref', 'x', $2)"
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await connection.execute(insert, hub.tenant.id, other_hub.person)

    run(urls, test)


@pytest.mark.parametrize("bound_to", ["", "nonsense", "00000000-0000-0000-0000-000000000000"])
def test_a_binding_to_no_tenant_shows_nothing(urls: DatabaseUrls, full_hub: Hub, bound_to: str) -> None:
    async def test(connection: Any) -> None:
        async with connection.transaction():
            await connection.execute("SELECT set_config('testamur.tenant', $1, true)", bound_to)
            try:
                assert await connection.fetchval("SELECT count(*) FROM person") == 0
            except asyncpg.DataError:
                await connection.execute("ROLLBACK")
                await connection.execute("BEGIN")

    run(urls, test)


# What a session may do --------------------------------------------------------------------------------------------

DEFINING = [
    "ALTER TABLE person ADD COLUMN x int",
    "ALTER TABLE person DISABLE ROW LEVEL SECURITY",
    "ALTER TABLE fact DISABLE TRIGGER ALL",
    "DROP TABLE session",
    "DROP POLICY bound ON person",
    "CREATE POLICY wide ON person USING (true)",
    "CREATE TABLE mine (x int)",
    "CREATE FUNCTION mine() RETURNS int LANGUAGE sql AS 'SELECT 1'",
    "CREATE OR REPLACE FUNCTION current_tenant() RETURNS uuid LANGUAGE sql AS 'SELECT null::uuid'",
    "CREATE SCHEMA mine",
    "CREATE ROLE mine",
    "ALTER ROLE testamur_app BYPASSRLS",
    "TRUNCATE fact",
    "TRUNCATE ledger_entry",
    "TRUNCATE person CASCADE",
    "COPY person TO PROGRAM 'cat'",
    "INSERT INTO schema_migration (number, name, digest) VALUES (9999, 'x', 'x')",
]

REWRITING = [
    "UPDATE fact SET completed_at = now()",
    "UPDATE fact SET person = item",
    "UPDATE fact SET item = person",
    "UPDATE fact SET score_percent = 100",
    "UPDATE fact SET passed = true",
    "UPDATE fact SET extra = NULL",
    "UPDATE fact SET recorded_at = now()",
    "UPDATE fact SET created_at = now()",
    "UPDATE fact SET entry = 1",
    "UPDATE fact SET source = 'x'",
    "DELETE FROM fact",
    "UPDATE report SET body = ''",
    "UPDATE report SET client = fact",
    "UPDATE report SET reported_at = now()",
    "DELETE FROM report",
    "UPDATE ledger_entry SET kind = 'x'",
    "UPDATE ledger_entry SET data = NULL",
    "DELETE FROM ledger_entry",
    "UPDATE session SET score_percent = 100",
    "DELETE FROM session",
    "DELETE FROM person",
    "DELETE FROM item",
    "DELETE FROM membership",
    "DELETE FROM enrolment",
    "DELETE FROM source_key",
    "DELETE FROM idempotency_key",
    "DELETE FROM tenant_counter",
    "DELETE FROM client_key",
    "UPDATE retention_rule SET years = 0",
    "DELETE FROM retention_rule",
    "UPDATE legal_hold SET person = NULL",
    "DELETE FROM legal_hold",
    "UPDATE erasure SET reason = 'x'",
    "DELETE FROM erasure",
    "DELETE FROM erased_identifier",
    "UPDATE erasure_key SET key = key",
    "UPDATE upload SET length = 1",
    "UPDATE upload SET client = id",
    "UPDATE upload_part SET start = 0",
    "UPDATE import_batch SET upload = id",
    "UPDATE tenant SET zone = 'UTC'",
    "DELETE FROM tenant",
    "UPDATE signing_key SET private_jwk = '{}'",
    "DELETE FROM signing_key",
]


@pytest.mark.parametrize("statement", DEFINING + REWRITING)
def test_the_application_may_not(urls: DatabaseUrls, full_hub: Hub, statement: str) -> None:
    """The schema is the owner's; a ledger only grows, and a fact can be closed but not changed."""

    async def test(connection: Any) -> None:
        await connection.execute("BEGIN")
        await bind(connection, full_hub.tenant.id)
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await connection.execute(statement)

    run(urls, test)


def test_every_column_of_a_fact_but_its_closing_is_fixed(urls: DatabaseUrls) -> None:
    rows = query(
        urls,
        "SELECT a.attrelid::regclass::text AS name, a.attname FROM pg_attribute a"
        " WHERE a.attrelid IN ('fact'::regclass, 'report'::regclass, 'ledger_entry'::regclass, 'session'::regclass)"
        " AND a.attnum > 0 AND has_column_privilege('testamur_app', a.attrelid, a.attnum, 'UPDATE')",
    )
    assert {(row["name"], row["attname"]) for row in rows} == {
        ("fact", "closed_at"), ("fact", "closed_as"), ("fact", "closed_by"),
        ("report", "repeats"), ("report", "last_reported_at"),
        ("session", "voided_at"), ("session", "voided_by"),
    }  # fmt: skip


# Bindings and pooled connections ----------------------------------------------------------------------------------


def on_one_connection(urls: DatabaseUrls, test: Callable[[Database], Awaitable[None]]) -> None:
    """Run `test` on a database whose pool has a single connection, so that everybody gets the same one."""

    async def within() -> None:
        database = Database(urls, connections_max=1)
        await database.open()
        try:
            await test(database)
        finally:
            await database.close()

    asyncio.run(within())


async def sees(connection: Any) -> tuple[int, Any]:
    return (
        await connection.fetchval("SELECT count(*) FROM person"),
        await connection.fetchval("SELECT current_tenant()"),
    )


def test_a_binding_does_not_outlive_its_transaction(urls: DatabaseUrls, hub: Hub) -> None:
    async def test(database: Database) -> None:
        async with database.unbound() as connection:
            before = await connection.fetchval("SELECT pg_backend_pid()")
        async with database.read(hub.tenant.id) as read:
            assert len(await read.rows("people_placed", count=10, skip=0)) == 2
        async with database.write(hub.tenant.id) as write:
            assert await write.value("counter_lock") > 0
        async with database.unbound() as connection:
            assert await connection.fetchval("SELECT pg_backend_pid()") == before
            assert await sees(connection) == (0, None)

    on_one_connection(urls, test)


def test_a_binding_does_not_outlive_a_transaction_that_failed(urls: DatabaseUrls, hub: Hub, other_hub: Hub) -> None:
    async def test(database: Database) -> None:
        async def fail() -> None:
            async with database.write(hub.tenant.id) as tx:
                await tx.value("counter_advance", count=1_000_000)
                raise RuntimeError("halfway")

        with pytest.raises(RuntimeError):
            await fail()
        async with database.unbound() as connection:
            assert await sees(connection) == (0, None)
        async with database.read(other_hub.tenant.id) as read:
            assert {row["tenant"] for row in await read.rows("people_placed", count=10, skip=0)} == {
                other_hub.tenant.id
            }
        async with database.write(hub.tenant.id) as tx:
            assert await tx.value("counter_lock") < 1_000_000, "nothing of the failed transaction stayed"

    on_one_connection(urls, test)


def test_a_binding_does_not_outlive_a_lock_that_was_not_given(
    urls: DatabaseUrls, hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(database_module._SESSION, "lock_timeout", "100ms")

    async def test(database: Database) -> None:
        holder = await asyncpg.connect(urls.owner)
        async with holder.transaction():
            await holder.execute("SELECT FROM tenant_counter WHERE tenant = $1 FOR UPDATE", hub.tenant.id)
            with pytest.raises(DatabaseUnavailable):
                async with database.write(hub.tenant.id, alone=True):
                    pass
            with pytest.raises(DatabaseUnavailable):
                async with database.series(hub.tenant.id) as series, series.write(lambda: False):
                    pass
            async with database.unbound() as connection:
                assert not connection.is_in_transaction()
                assert await sees(connection) == (0, None)
        await holder.close()

    on_one_connection(urls, test)


def test_a_binding_does_not_outlive_a_request_that_was_cancelled(urls: DatabaseUrls, hub: Hub, other_hub: Hub) -> None:
    """A client that hangs up in the middle of a query leaves a connection that the next request gets."""

    async def test(database: Database) -> None:
        async def slow() -> None:
            async with database.write(hub.tenant.id) as tx:
                await tx.value("counter_lock")
                await tx._connection.fetchval("SELECT pg_sleep(60)")

        task = asyncio.create_task(slow())
        await asyncio.sleep(0.3)
        task.cancel()
        with pytest.raises((asyncio.CancelledError, DatabaseUnavailable)):
            await task
        async with database.unbound() as connection:
            assert await sees(connection) == (0, None)
        async with database.write(other_hub.tenant.id) as tx:
            await tx.value("counter_lock")
        async with database.write(hub.tenant.id) as tx:
            await tx.value("counter_lock")

    on_one_connection(urls, test)


def test_a_read_cannot_write(urls: DatabaseUrls, hub: Hub) -> None:
    async def test(database: Database) -> None:
        with pytest.raises(asyncpg.ReadOnlySQLTransactionError):
            async with database.read(hub.tenant.id) as tx:
                await tx.value("counter_advance", count=1)

    on_one_connection(urls, test)
