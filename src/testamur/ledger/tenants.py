"""Tenants: made and listed by operators, never through a dialect; their settings and linked accounts."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from testamur.core.callers import Caller
from testamur.core.errors import AccountNotFound, Conflict, FieldFault, InvalidInput, TenantNotFound
from testamur.core.ids import Id, new_id
from testamur.core.people import Reference
from testamur.core.tenants import SETTINGS_VERSIONS_MAX, SettingsChange, TenantSettings
from testamur.ledger.clients import ensure_signing_key
from testamur.ledger.entries import Change, append
from testamur.ledger.standing_lines import restand_returning
from testamur.storage.database import Database, owner_connection
from testamur.storage.named import QUERIES
from testamur.storage.transactions import Row, Tx

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


ACCOUNTS_MAX = 10_000
"""Accounts in one answer."""
ACCOUNT_STATUSES = ("active", "inactive", "suspended", "archived", "expired", "error")


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """A linked account: what stands behind an account id that a caller names.

    Args:
        provider: which system it is; NATIVE_PROVIDER for the tenant's own ledger.
        owner_id, owner_name: whose it is in the caller's own system; the tenant itself unless somebody said.
        details: what callers keep with it, by their own names.
        status_reason: why the status is not `active`, with the moment since when.
    """

    id: Id
    provider: str
    name: str
    status: str
    owner_id: str
    owner_name: str
    details: Mapping[str, Any]
    status_reason: str | None
    status_at: datetime | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountFilter:
    """Which accounts are wanted: any of the values of each filter that is not None."""

    ids: Sequence[Id] | None = None
    providers: Sequence[str] | None = None
    statuses: Sequence[str] | None = None
    owners: Sequence[str] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class AccountChange:
    """What is to be different in an account; None leaves it as it is.

    Args:
        provider: what the caller believes to stand behind it; it is compared, never changed.
        details: merged into what is kept.
        status: one of ACCOUNT_STATUSES.
    """

    provider: str | None = None
    owner_id: str | None = None
    owner_name: str | None = None
    details: Mapping[str, Any] = field(default_factory=dict)
    status: str | None = None
    status_reason: str | None = None


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

    async def settings(self, tenant: Id) -> TenantSettings:
        """What the tenant decided for itself, and the defaults for what it never did."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("tenant_settings_get")
        assert row is not None
        return _settings(row)

    async def change_settings(self, caller: Caller, change: SettingsChange) -> TenantSettings:
        """Change the settings from now on; no day before is answered otherwise (principle P5).

        Another re-entry time counts for whoever returns from its day on; those lines are worked out again, in the
        background when there are many. A change that changes nothing is not written.

        Raises: Conflict when they were changed SETTINGS_VERSIONS_MAX times.
        """
        async with self._database.write(caller.tenant, alone=True) as tx:
            row = await tx.row("tenant_settings_get")
            assert row is not None
            before = _settings(row)
            wanted = {"reentry_days": change.reentry_days, "self_granting": change.self_granting}
            changed: dict[str, Any] = {
                name: value for name, value in wanted.items() if value is not None and value != getattr(before, name)
            }
            if not changed:
                return before
            number = 1 + (row["number"] or 0)
            if number > SETTINGS_VERSIONS_MAX:
                raise Conflict(f"The settings were changed {SETTINGS_VERSIONS_MAX} times, and no more is kept")
            # Never before the version it follows: versions are a sequence.
            now = self._clock() if number == 1 else max(self._clock(), before.updated_at)
            after = replace(before, **changed, updated_at=now)
            await tx.run(
                "tenant_settings_add",
                number=number,
                reentry_days=after.reentry_days,
                self_granting=after.self_granting,
                client=caller.client,
                now=now,
            )
            await append(tx, caller.client, [Change("settings.changed", caller.tenant, changed)], now)
            if "reentry_days" in changed:
                # A day more: where it is still yesterday, the change acts from yesterday on.
                await restand_returning(tx, now.astimezone(UTC).date() - timedelta(days=1), now)
        return after

    async def account(self, tenant: Id, reference: Reference) -> Account:
        """The linked account that `reference` names. Raises AccountNotFound."""
        async with self._database.read(tenant) as tx:
            return _account(await _existing_account(tx, reference))

    async def accounts(
        self, tenant: Id, wanted: AccountFilter | None = None, *, count: int = ACCOUNTS_MAX, skip: int = 0
    ) -> list[Account]:
        """A page of the linked accounts of a tenant, in order of creation."""
        wanted = wanted or AccountFilter()
        async with self._database.read(tenant) as tx:
            rows = await tx.rows(
                "accounts_list",
                ids=wanted.ids,
                providers=wanted.providers,
                statuses=wanted.statuses,
                owners=wanted.owners,
                count=count,
                skip=skip,
            )
        return [_account(row) for row in rows]

    async def add_account(self, caller: Caller, provider: str, name: str) -> Account:
        """Link an account of some system. Until something speaks to that system, calls about it are not implemented."""
        now, id = self._clock(), new_id()
        async with self._database.write(caller.tenant) as tx:
            await tx.run("account_add", id=id, provider=provider, name=name, now=now)
            await append(tx, caller.client, [Change("account.added", id, {"provider": provider, "name": name})], now)
        return await self.account(caller.tenant, Reference(str(id), (), "tenant"))

    async def change_account(self, caller: Caller, reference: Reference, change: AccountChange) -> Account:
        """Change what is said of a linked account. A change that changes nothing is not written.

        Raises: AccountNotFound; Conflict for another provider: what stands behind an account is what it is.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            row = await _existing_account(tx, reference)
            if change.provider not in (None, row["provider"]):
                raise Conflict(f"This account is of {row['provider']!r} and stays so", field="provider")
            status = change.status or row["status"]
            is_same = status == row["status"] and change.status_reason in (None, row["status_reason"])
            after = {
                "owner_id": row["owner_id"] if change.owner_id is None else change.owner_id,
                "owner_name": row["owner_name"] if change.owner_name is None else change.owner_name,
                "details": {**row["details"], **change.details},
                "status": status,
                "status_reason": row["status_reason"] if is_same else change.status_reason,
            }
            changed = {name: value for name, value in after.items() if value != row[name]}
            if changed:
                at = row["status_at"] if is_same else now
                await tx.run("account_change", id=row["id"], status_at=at, deleted_at=None, now=now, **after)
                await append(tx, caller.client, [Change("account.changed", row["id"], changed)], now)
            return _account(await _existing_account(tx, reference))

    async def remove_account(self, caller: Caller, reference: Reference) -> Account:
        """Unlink an account: from now on it is not found. Returns it as it was.

        Raises: AccountNotFound; Conflict for the tenant's own ledger, which is not linked and cannot be unlinked.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            row = await _existing_account(tx, reference)
            if row["provider"] == NATIVE_PROVIDER:
                raise Conflict("This account is the tenant's own ledger", field=reference.field)
            kept = {name: row[name] for name in ("owner_id", "owner_name", "details", "status_reason", "status_at")}
            await tx.run("account_change", id=row["id"], status="archived", deleted_at=now, now=now, **kept)
            await append(tx, caller.client, [Change("account.removed", row["id"])], now)
        return _account(row)

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


async def _existing_account(tx: Tx, reference: Reference) -> Row:
    row = await tx.row("account_get", id=reference.id) if reference.id else None
    if row is None:
        raise AccountNotFound(f"No linked account {reference.value!r}", field=reference.field)
    return row


def _settings(row: Row) -> TenantSettings:
    if row["number"] is None:
        return TenantSettings(updated_at=row["updated_at"])
    return TenantSettings(
        reentry_days=row["reentry_days"], self_granting=row["self_granting"], updated_at=row["updated_at"]
    )


def _account(row: Row) -> Account:
    return Account(
        id=row["id"],
        provider=row["provider"],
        name=row["name"],
        status=row["status"],
        owner_id=row["owner_id"] or row["slug"],
        owner_name=row["owner_name"] or row["tenant_name"],
        details=row["details"],
        status_reason=row["status_reason"],
        status_at=row["status_at"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
    )
