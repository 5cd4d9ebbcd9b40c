"""What commands that touch data share: their options, their settings, and the ledger they work on."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated, Any, TypeVar

import typer

from testamur.config import Settings, from_environment
from testamur.core.callers import ALL_SCOPES, Caller
from testamur.core.errors import FieldFault, InvalidInput, TenantNotFound
from testamur.core.ids import Id
from testamur.ledger import Ledger
from testamur.ledger.tenants import Tenant
from testamur.storage.database import Database, DatabaseUrls

T = TypeVar("T")

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder of the embedded database.", show_default="testamur-data")
]
DatabaseUrl = Annotated[
    str | None, typer.Option("--database-url", help="A PostgreSQL server to use instead of the embedded one.")
]
Json = Annotated[
    bool, typer.Option("--json", help="Print one JSON document on standard output and nothing else there.")
]
TenantName = Annotated[str, typer.Option("--tenant", help="The tenant's slug or id.")]
OnlyTenant = Annotated[
    str, typer.Option("--tenant", help="The tenant's slug or id.", show_default="the only one there is")
]


def settings_of(data: Path | None, database_url: str | None, **given: Any) -> Settings:
    """The environment's settings with what the command's options say. Raises BadSetting."""
    given |= {"data": data, "database_url": database_url}
    settings = replace(from_environment(), **{name: value for name, value in given.items() if value is not None})
    return replace(settings, database_url=None) if data is not None and database_url is None else settings


async def tenant_of(ledger: Ledger, name: str) -> Tenant:
    """The tenant of this slug or id; without one the only tenant there is.

    Raises: TenantNotFound; InvalidInput naming the tenants when none was named and there are several.
    """
    if name:
        return await ledger.tenants.find(name)
    found = await ledger.tenants.list()
    if not found:
        raise TenantNotFound("There is no tenant yet")
    if len(found) > 1:
        slugs = ", ".join(tenant.slug for tenant in found)
        raise InvalidInput(FieldFault("--tenant", "missing", f"must name one of {slugs}"))
    return found[0]


async def caller_of(ledger: Ledger, tenant: Id, name: str) -> Caller:
    """Who the ledger says it was: one client of this name a tenant. Its key is revoked at once."""
    for key in await ledger.clients.list(tenant):
        if key.name == name and key.revoked_at is not None:
            return Caller(tenant=tenant, client=key.client, scopes=ALL_SCOPES)
    made = await ledger.clients.create(tenant, name)
    await ledger.clients.revoke(tenant, made.key)
    return Caller(tenant=tenant, client=made.client, scopes=ALL_SCOPES)


def with_ledger(urls: DatabaseUrls, work: Callable[[Ledger], Awaitable[T]], settings: Settings | None = None) -> T:
    """Run `work` on a ledger that is open as long as it takes.

    Args:
        settings: where they matter to the work.
    """
    percent = (settings or Settings()).import_removals_percent

    async def run() -> T:
        database = Database(urls)
        await database.open()
        try:
            return await work(Ledger.on(database, removals_percent_max=percent))
        finally:
            await database.close()

    return asyncio.run(run())
