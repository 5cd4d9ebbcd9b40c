"""Webhooks: adding, following and replaying them, and the work of telling them."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from testamur.core.errors import AddressTaken, Conflict, FieldFault, InvalidInput, LimitReached, WebhookNotFound
from testamur.core.ids import Id, new_id
from testamur.core.webhooks import WEBHOOKS_MAX, Delivery, NewWebhook, Replay, Webhook, WebhookChange
from testamur.ledger.entries import Change, Entry, append, entry_of
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx, WriteTx

LEASE_SECONDS = 15
"""How long a worker that vanished holds up the webhooks it served."""
TESTED = "webhook.tested"
"""The kind of an entry that only asks for an event to one webhook."""
_KEPT = timedelta(days=30)


@dataclass(frozen=True, slots=True)
class Waiting:
    """What a webhook is to be told next.

    Args:
        upto: the entry up to which this is everything.
        more: whether more waits behind it.
        types: by entry, the only events of it that are to be told; None for all of them.
    """

    entries: list[Entry]
    upto: int
    more: bool
    types: dict[int, frozenset[str]] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """How far a webhook has come.

    Args:
        generation: that of the webhook as it was read; nothing is kept when it was changed since.
        after: where it stands, in what is told again or else in what is new.
        told: events of the next entry that ended already.
        attempts: how often the event that waits was tried.
        attempt_at: when the next attempt may be made.
        keeps: whether the worker goes on.
    """

    generation: int
    after: int
    told: Sequence[str] = ()
    attempts: int = 0
    attempt_at: datetime
    keeps: bool


class Webhooks:
    """Verbs on webhooks.

    Where a verb takes a `dialect`, a webhook of another one is not found.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, tenant: Id, new: NewWebhook, *, client: Id | None = None, shares_url: bool = True) -> Webhook:
        """Add a webhook; `client` is None for an operator. It hears of what is recorded from now on.

        Args:
            shares_url: whether another webhook of the dialect may have the same address.
        Raises: LimitReached; AddressTaken.
        """
        id, now = new_id(), self._clock()
        async with self._database.write(tenant, alone=True) as tx:
            live = await tx.row("webhooks_live", dialect=new.dialect, url=new.url)
            assert live is not None
            if live["is_taken"] and not shares_url:
                raise AddressTaken(f"A webhook with the address {new.url!r} exists", field="url")
            if live["count"] >= WEBHOOKS_MAX:
                raise LimitReached(f"A tenant may have {WEBHOOKS_MAX} webhooks at most")
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
                base_url=new.base_url,
                now=now,
            )
            return await _existing(tx, id)

    async def get(self, tenant: Id, id: Id, dialect: str | None = None) -> Webhook:
        """The webhook of this id. Raises WebhookNotFound."""
        async with self._database.read(tenant) as tx:
            return await _existing(tx, id, dialect)

    async def remove(
        self, tenant: Id, id: Id, *, client: Id | None = None, dialect: str | None = None, again: bool = False
    ) -> None:
        """Remove a webhook; its deliveries stay in the database until they are old.

        Args:
            again: whether it may have been removed already.
        Raises: WebhookNotFound.
        """
        now = self._clock()
        async with self._database.write(tenant) as tx:
            if await tx.value("webhook_remove", id=id, dialect=dialect, now=now) is None:
                if again and await tx.value("webhook_removed", id=id, dialect=dialect):
                    return
                raise WebhookNotFound
            await append(tx, client, [Change("webhook.removed", id)], now)

    async def change(
        self, tenant: Id, id: Id, change: WebhookChange, *, client: Id | None = None, dialect: str | None = None
    ) -> Webhook:
        """Change a webhook; what waits goes where it is aimed from then on.

        Raises: WebhookNotFound.
        """
        now = self._clock()
        said = {"url": change.url, "name": change.name, "events": change.events and list(change.events)}
        async with self._database.write(tenant, alone=True) as tx:
            before = await _existing(tx, id, dialect)
            was = {"url": before.url, "name": before.name, "events": list(before.events)}
            told = {name: value for name, value in said.items() if value is not None and value != was[name]}
            if told:
                await tx.run("webhook_change", id=id, now=now, **said)
                await append(tx, client, [Change("webhook.changed", id, told)], now)
            if change.is_disabled is False and before.disabled_at is not None:
                await tx.value("webhook_enable", id=id, now=now)
                await append(tx, client, [Change("webhook.resumed", id)], now)
            if change.is_disabled and before.disabled_at is None:
                because = "switched off"
                await tx.run("webhook_switch_off", id=id, because=because, now=now)
                await append(tx, client, [Change("webhook.disabled", id, {"because": because})], now)
            return await _existing(tx, id, dialect)

    async def change_secret(
        self,
        tenant: Id,
        id: Id,
        secret: str,
        overlap: timedelta,
        *,
        client: Id | None = None,
        dialect: str | None = None,
    ) -> Webhook:
        """Sign with a new secret; with the old one as well for the length of `overlap`. Raises WebhookNotFound."""
        now = self._clock()
        async with self._database.write(tenant, alone=True) as tx:
            await _existing(tx, id, dialect)
            await tx.run("webhook_new_secret", id=id, secret=secret, until=now + overlap, now=now)
            data = {"old_until": (now + overlap).isoformat()}
            await append(tx, client, [Change("webhook.secret_changed", id, data)], now)
            return await _existing(tx, id, dialect)

    async def test(self, tenant: Id, id: Id, *, client: Id | None = None, dialect: str | None = None) -> int:
        """Let a webhook hear an event that is about nothing else; the number of its entry. Raises WebhookNotFound."""
        now = self._clock()
        async with self._database.write(tenant) as tx:
            await _existing(tx, id, dialect)
            return await append(tx, client, [Change(TESTED, id)], now)

    async def resume(self, tenant: Id, id: Id, *, after: int | None = None, client: Id | None = None) -> None:
        """Go on with a webhook that was disabled, or tell it again everything behind the entry `after`.

        Raises: WebhookNotFound; Conflict while it is told something again already.
        """
        now = self._clock()
        async with self._database.write(tenant, alone=True) as tx:
            before = await _existing(tx, id)
            await tx.value("webhook_enable", id=id, now=now)
            await append(tx, client, [Change("webhook.resumed", id)], now)
            if after is not None and after < before.after:
                await _replay(tx, client, before, Replay(after, before.after, dead_only=False), now)

    async def replay(
        self,
        tenant: Id,
        id: Id,
        *,
        first: int | None = None,
        since: datetime | None = None,
        last: int | None = None,
        dead_only: bool = False,
        client: Id | None = None,
    ) -> Webhook:
        """Tell a webhook again, in their order and before anything new, the entries `first` to `last`.

        Args:
            first: or else those recorded from `since` on.
            last: what it was not told yet comes anyway, so a range ends where the webhook stands.
            dead_only: only what was given up.
        Raises: WebhookNotFound; Conflict while it is told something again already; InvalidInput for a range with
            nothing in it.
        """
        now = self._clock()
        async with self._database.write(tenant, alone=True) as tx:
            before = await _existing(tx, id)
            if first is None:
                after = 0 if since is None else int(await tx.value("entry_last_before", moment=since) or 0)
            else:
                after = first - 1
            until = before.after if last is None else min(last, before.after)
            if until <= after:
                raise InvalidInput(FieldFault("from_entry", "order", "there is nothing up to the end of the range"))
            await _replay(tx, client, before, Replay(after, until, dead_only), now)
            return await _existing(tx, id)

    async def deliveries(
        self,
        tenant: Id,
        id: Id,
        *,
        after: int = 0,
        after_type: str | None = None,
        delivered: bool | None = None,
        count: int = 100,
    ) -> list[Delivery]:
        """How telling this webhook ended, in order of entries and events.

        Args:
            after: from behind this entry, or behind the event `after_type` of it.
            delivered: only what was, or only the dead letters.
        """
        async with self._database.read(tenant) as tx:
            rows = await tx.rows(
                "delivery_list", webhook=id, after=after, after_type=after_type, delivered=delivered, count=count
            )
        return [Delivery(**row) for row in rows]

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

    async def renew(self, worker: UUID, serving: Collection[Id]) -> None:
        """Say that this worker lives and goes on with these of what it took; the others are free for anybody."""
        until = self._clock() + timedelta(seconds=LEASE_SECONDS)
        async with self._database.unbound() as connection:
            await connection.execute("SELECT webhooks_renew($1, $2, $3)", worker, until, [*serving])

    async def release(self, tenant: Id, id: Id, worker: UUID) -> None:
        """Give up a webhook that this worker took, if it still has it."""
        async with self._database.write(tenant) as tx:
            await tx.run("webhook_release", id=id, lease=worker)

    async def waiting(self, tenant: Id, after: int, kinds: Sequence[str], count: int) -> tuple[list[Entry], int]:
        """Up to `count` entries of these kinds behind `after`, and up to which entry that is everything."""
        async with self._database.read(tenant) as tx:
            found = await _waiting(tx, after, await tx.value("entry_last"), kinds, count)
        return found.entries, found.upto

    async def waiting_for(self, tenant: Id, webhook: Webhook, after: int, kinds: Sequence[str], count: int) -> Waiting:
        """As `waiting`; while a range is told again, of that range alone."""
        replay = webhook.replay
        async with self._database.read(tenant) as tx:
            if replay is None:
                return await _waiting(tx, after, await tx.value("entry_last"), kinds, count)
            if not replay.dead_only:
                return await _waiting(tx, after, replay.until, kinds, count)
            rows = await tx.rows(
                "webhook_dead_entries", webhook=webhook.id, after=after, until=replay.until, count=count
            )
        entries = [entry_of(row) for row in rows]
        more = len(entries) == count
        types = {row["number"]: frozenset(row["types"]) for row in rows}
        return Waiting(entries, entries[-1].number if more else replay.until, more, types)

    async def advance(
        self, tenant: Id, id: Id, worker: UUID, progress: Progress, ended: Sequence[Delivery], *, prunes: bool = False
    ) -> datetime | bool | None:
        """Keep what was delivered or given up, and where the webhook stands.

        Args:
            prunes: whether deliveries that are old go.
        Returns: False when it was changed meanwhile or another worker has it; else since when it fails, if it does.
        """
        now = self._clock()
        async with self._database.write(tenant) as tx:
            row = await tx.row(
                "webhook_progress",
                id=id,
                lease=worker,
                generation=progress.generation,
                after=progress.after,
                told=list(progress.told),
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
            if prunes:
                await tx.run("deliveries_prune", webhook=id, before=now - _KEPT)
            failing_since: datetime | None = row["failing_since"]
            return failing_since

    async def disable(self, tenant: Id, webhook: Webhook, worker: UUID, because: str) -> None:
        """Stop telling a webhook until somebody resumes it, unless somebody changed it meanwhile."""
        now = self._clock()
        async with self._database.write(tenant) as tx:
            stopped = await tx.value(
                "webhook_disable", id=webhook.id, lease=worker, generation=webhook.generation, because=because, now=now
            )
            if stopped is not None:
                await append(tx, None, [Change("webhook.disabled", webhook.id, {"because": because})], now)

    async def list(
        self, tenant: Id, dialect: str | None = None, *, after: Id | None = None, count: int = WEBHOOKS_MAX
    ) -> list[Webhook]:
        """Webhooks of a tenant, or of one dialect, in order of creation from behind `after`."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("webhook_list", dialect=dialect, after=after, count=count)
        return [_webhook(row) for row in rows]


async def _existing(tx: Tx, id: Id, dialect: str | None = None) -> Webhook:
    row = await tx.row("webhook_get", id=id, dialect=dialect)
    if row is None:
        raise WebhookNotFound
    return _webhook(row)


async def _waiting(tx: Tx, after: int, until: int, kinds: Sequence[str], count: int) -> Waiting:
    rows = await tx.rows("webhook_entries", after=after, until=until, kinds=[*kinds], count=count)
    more = len(rows) == count
    return Waiting([entry_of(row) for row in rows], rows[-1]["number"] if more else max(until, after), more)


async def _replay(tx: WriteTx, client: Id | None, webhook: Webhook, replay: Replay, now: datetime) -> None:
    if webhook.replay is not None:
        raise Conflict("This webhook is told a range again already; wait until that is done")
    data = {"after": replay.after, "until": replay.until, "dead_only": replay.dead_only}
    await tx.run("webhook_replay", id=webhook.id, now=now, **data)
    await append(tx, client, [Change("webhook.replayed", webhook.id, data)], now)


def _webhook(row: Row) -> Webhook:
    until = row["replay_until"]
    return Webhook(
        id=row["id"],
        dialect=row["dialect"],
        name=row["name"],
        url=row["url"],
        events=tuple(row["events"]),
        secret=row["secret"],
        old_secret=row["old_secret"],
        old_secret_until=row["old_secret_until"],
        api_version=row["api_version"],
        base_url=row["base_url"],
        created_at=row["created_at"],
        after=row["after_entry"],
        replay=None if until is None else Replay(row["replay_after"], until, row["replay_dead"]),
        told=tuple(row["told"]),
        attempts=row["attempts"],
        attempt_at=row["attempt_at"],
        failing_since=row["failing_since"],
        disabled_at=row["disabled_at"],
        disabled_because=row["disabled_because"],
        generation=row["generation"],
    )
