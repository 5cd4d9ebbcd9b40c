"""Webhooks: adding, following and replaying them, and the work of telling them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from testamur.core.errors import WebhookNotFound
from testamur.core.ids import Id, new_id
from testamur.core.webhooks import Delivery, NewWebhook, Webhook
from testamur.ledger.entries import Change, append
from testamur.storage.database import Database, Row

LEASE_SECONDS = 15
"""How long a worker that vanished holds up the webhooks it served."""
_KEPT = timedelta(days=30)
_PRUNED_EVERY = 1_000


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the ledger."""

    number: int
    kind: str
    subject: Id
    client: Id | None
    data: dict[str, Any] | None
    recorded_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a webhook has come.

    Args:
        before: where it stood; nothing is kept when it stands elsewhere by now.
        after: where it stands.
        attempts: how often the event that waits was tried.
        attempt_at: when the next attempt may be made.
        keeps: whether the worker goes on.
    """

    before: int
    after: int
    attempts: int = 0
    attempt_at: datetime
    keeps: bool


class Webhooks:
    """Verbs on webhooks."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, tenant: Id, new: NewWebhook, *, client: Id | None = None) -> Webhook:
        """Add a webhook; `client` is None for an operator. It hears of what is recorded from now on."""
        id, now = new_id(), self._clock()
        async with self._database.write(tenant, alone=True) as tx:
            data = {"dialect": new.dialect, "name": new.name, "url": new.url, "events": list(new.events)}
            await append(tx, client, [Change("webhook.added", id, data)], now)
            await tx.run(
                "webhook_add",
                id=id,
                dialect=new.dialect,
                name=new.name,
                url=new.url,
                events=list(new.events),
                secret=new.secret,
                api_version=new.api_version,
                now=now,
            )
        return await self.get(tenant, id)

    async def get(self, tenant: Id, id: Id) -> Webhook:
        """The webhook of this id. Raises WebhookNotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("webhook_get", id=id)
        if row is None:
            raise WebhookNotFound
        return _webhook(row)

    async def remove(self, tenant: Id, id: Id, *, client: Id | None = None) -> None:
        """Remove a webhook; its deliveries stay readable until they are old. Raises WebhookNotFound."""
        now = self._clock()
        async with self._database.write(tenant) as tx:
            if await tx.value("webhook_remove", id=id, now=now) is None:
                raise WebhookNotFound
            await append(tx, client, [Change("webhook.removed", id)], now)

    async def resume(self, tenant: Id, id: Id, *, after: int | None = None, client: Id | None = None) -> None:
        """Go on with a webhook that was disabled, or tell it again everything behind the entry `after`.

        Raises: WebhookNotFound.
        """
        now = self._clock()
        async with self._database.write(tenant) as tx:
            if await tx.value("webhook_enable", id=id, after=after, now=now) is None:
                raise WebhookNotFound
            await append(tx, client, [Change("webhook.resumed", id, {"after": after})], now)

    async def deliveries(
        self, tenant: Id, id: Id, *, after: int = 0, dead_only: bool = False, count: int = 100
    ) -> list[Delivery]:
        """How telling this webhook ended, in order of entries from behind `after`; the dead letters alone if asked."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("delivery_list", webhook=id, after=after, dead_only=dead_only, count=count)
        return [
            Delivery(
                entry=row["entry"],
                type=row["type"],
                is_delivered=row["is_delivered"],
                attempts=row["attempts"],
                status=row["status"],
                error=row["error"],
                last_at=row["last_at"],
            )
            for row in rows
        ]

    async def take(self, worker: UUID, count: int) -> list[tuple[Id, Id]]:
        """Tenant and id of webhooks that something waits for, taken by this worker for LEASE_SECONDS."""
        now = self._clock()
        async with self._database.unbound() as connection:
            rows = await connection.fetch(
                "SELECT * FROM webhooks_take($1, $2, $3, $4)",
                worker,
                now,
                now + timedelta(seconds=LEASE_SECONDS),
                count,
            )
        return [(row["tenant"], row["id"]) for row in rows]

    async def renew(self, worker: UUID, seconds: float = LEASE_SECONDS) -> None:
        """Say that this worker lives and goes on with what it took; with 0 seconds, that it stops."""
        async with self._database.unbound() as connection:
            await connection.execute(
                "SELECT webhooks_renew($1, $2)", worker, self._clock() + timedelta(seconds=seconds)
            )

    async def waiting(self, tenant: Id, after: int, kinds: Sequence[str], count: int) -> tuple[list[Entry], int]:
        """Up to `count` entries of these kinds behind `after`, and up to which entry that is everything."""
        async with self._database.read(tenant) as tx:
            last: int = await tx.value("entry_last")
            rows = await tx.rows("webhook_entries", after=after, kinds=list(kinds), count=count)
        entries = [Entry(**row) for row in rows]
        return entries, entries[-1].number if len(entries) == count else max(last, after)

    async def told(self, tenant: Id, id: Id, entry: int) -> frozenset[str]:
        """The events of this entry that ended."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("deliveries_of_entry", webhook=id, entry=entry)
        return frozenset(row["type"] for row in rows)

    async def advance(
        self, tenant: Id, id: Id, worker: UUID, progress: Progress, ended: Sequence[Delivery]
    ) -> datetime | bool | None:
        """Keep what was delivered or given up, and where the webhook stands.

        Returns: False when it stands elsewhere by now or another worker has it; else since when it fails, if it does.
        """
        now = self._clock()
        async with self._database.write(tenant) as tx:
            row = await tx.row(
                "webhook_progress",
                id=id,
                lease=worker,
                before=progress.before,
                after=progress.after,
                attempts=progress.attempts,
                attempt_at=progress.attempt_at,
                failing=progress.attempts > 0,
                keeps=progress.keeps,
                until=now + timedelta(seconds=LEASE_SECONDS),
                now=now,
            )
            if row is None:
                return False
            if ended:
                await tx.run("deliveries_add", webhook=id, deliveries=list(ended))
            if progress.after // _PRUNED_EVERY > progress.before // _PRUNED_EVERY:
                await tx.run("deliveries_prune", webhook=id, before=now - _KEPT)
            failing_since: datetime | None = row["failing_since"]
            return failing_since

    async def disable(self, tenant: Id, id: Id, worker: UUID, because: str) -> None:
        """Stop telling a webhook until somebody resumes it."""
        now = self._clock()
        async with self._database.write(tenant) as tx:
            await tx.run("webhook_disable", id=id, lease=worker, because=because, now=now)
            await append(tx, None, [Change("webhook.disabled", id, {"because": because})], now)

    async def list(self, tenant: Id, dialect: str | None = None) -> list[Webhook]:
        """All webhooks of a tenant, or of one dialect, in order of creation."""
        async with self._database.read(tenant) as tx:
            return [_webhook(row) for row in await tx.rows("webhook_list", dialect=dialect)]


def _webhook(row: Row) -> Webhook:
    return Webhook(
        id=row["id"],
        dialect=row["dialect"],
        name=row["name"],
        url=row["url"],
        events=tuple(row["events"]),
        secret=row["secret"],
        api_version=row["api_version"],
        created_at=row["created_at"],
        after=row["after_entry"],
        attempts=row["attempts"],
        attempt_at=row["attempt_at"],
        failing_since=row["failing_since"],
        disabled_at=row["disabled_at"],
        disabled_because=row["disabled_because"],
    )
