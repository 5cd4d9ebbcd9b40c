"""Which tenant a command works on."""

from __future__ import annotations

import asyncio

import pytest

from testamur.cli.common import tenant_of
from testamur.core.errors import InvalidInput, TenantNotFound
from testamur.ledger import Ledger
from testamur.storage.database import Database
from testamur.storage.migrate import migrate
from tests.storage.databases import fresh_database


def test_without_a_name_it_is_the_only_tenant_there_is(postgres: str) -> None:
    async def within() -> None:
        async with fresh_database(postgres) as urls:
            await migrate(urls)
            database = Database(urls)
            await database.open()
            ledger = Ledger.on(database)
            with pytest.raises(TenantNotFound):
                await tenant_of(ledger, "")
            only = await ledger.tenants.create("acme", "Acme")
            assert await tenant_of(ledger, "") == only
            assert (await tenant_of(ledger, "acme")).id == only.id
            await ledger.tenants.create("zenith", "Zenith")
            with pytest.raises(InvalidInput, match="must name one of acme, zenith"):
                await tenant_of(ledger, "")
            await database.close()

    asyncio.run(within())
