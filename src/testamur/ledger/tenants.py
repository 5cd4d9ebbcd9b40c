"""Tenants: made and listed by operators, never through a dialect."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from testamur.core.errors import AccountNotFound, FieldFault, InvalidInput, TenantNotFound
from testamur.core.ids import Id, new_id
from testamur.core.people import Reference
from testamur.ledger.clients import ensure_signing_key
from testamur.storage.database import Database, Row, owner_connection
from testamur.storage.named import QUERIES

NATIVE_PROVIDER = "testamur"
"""The provider of the account that stands for the tenant's own ledger."""


@dataclass(frozen=True, slots=True)
class Tenant:
    """One organisation's closed data set. `zone` is the zone of its deadlines (rule D1)."""

    id: Id
    slug: str
    name: str
    zone: str
    created_at: datetime
    entries: int = 0


@dataclass(frozen=True, slots=True)
class Account:
    """A linked account: what stands behind an account id that a caller names."""

    id: Id
    provider: str
    name: str
    status: str
    created_at: datetime
    updated_at: datetime


class Tenants:
    """Verbs on tenants."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def create(self, slug: str, name: str, zone: str = "UTC") -> Tenant:
        """Make a tenant with its own native account. Needs the owner's connection.

        Raises: IdentifierTaken when the slug is in use; InvalidInput for a zone or slug that cannot be.
        """
        _check(slug, name, zone)
        now = self._clock()
        id = new_id()
        async with owner_connection(self._database.urls) as connection, connection.transaction():
            await ensure_signing_key(connection, now)
            await connection.execute(QUERIES["tenant_add"].sql, id, slug, name, zone, now)
            await connection.execute(QUERIES["tenant_counter_add"].sql, id)
            await connection.execute(QUERIES["account_add"].sql, id, new_id(), NATIVE_PROVIDER, name, now)
        return Tenant(id, slug, name, zone, now)

    async def find(self, name: str) -> Tenant:
        """The tenant with this slug or id, in any spelling. Raises TenantNotFound."""
        id = Reference(name, noun="tenant").id
        async with self._database.unbound() as connection:
            row = await connection.fetchrow("SELECT * FROM tenant_by_name($1)", str(id) if id else name)
            if row is None and id is not None:
                row = await connection.fetchrow("SELECT * FROM tenant_by_name($1)", name)
        if row is None:
            raise TenantNotFound(f"No tenant {name!r}")
        async with self._database.read(row["id"]) as tx:
            found = await tx.row("tenant_get")
        assert found is not None
        return Tenant(**found)

    async def account(self, tenant: Id, reference: Reference) -> Account:
        """The linked account that `reference` names. Raises AccountNotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("account_get", id=reference.id) if reference.id else None
        if row is None:
            raise AccountNotFound(f"No linked account {reference.value!r}", field=reference.field)
        return _account(row)

    async def accounts(self, tenant: Id) -> list[Account]:
        """All linked accounts of a tenant, in order of creation."""
        async with self._database.read(tenant) as tx:
            return [_account(row) for row in await tx.rows("accounts_list")]

    async def list(self) -> list[Tenant]:
        """All tenants by slug. Needs the owner's connection."""
        async with owner_connection(self._database.urls) as connection:
            rows = await connection.fetch(QUERIES["tenant_list"].sql)
        return [Tenant(**row) for row in rows]


def _check(slug: str, name: str, zone: str) -> None:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9_-]{0,62}", slug):
        raise InvalidInput(FieldFault("slug", "format", "takes letters, digits, _ and -, 63 at most"))
    if not name.strip():
        raise InvalidInput(FieldFault("name", "missing", "may not be empty"))
    try:
        ZoneInfo(zone)
    except (KeyError, ValueError, OSError) as error:
        raise InvalidInput(FieldFault("zone", "format", f"is no IANA time zone: {zone!r}")) from error


def _account(row: Row) -> Account:
    return Account(
        id=row["id"],
        provider=row["provider"],
        name=row["name"],
        status=row["status"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
