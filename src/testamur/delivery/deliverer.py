"""Telling webhooks: in the order of the ledger's entries, at least once, whatever crashes.

Each webhook walks along the entries at its own pace. One worker at a time serves it, under a lease; what was delivered
is noted every hundred events or every second, so after a crash a few are told again and none is left out.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import Any
from uuid import uuid4

import structlog

from testamur.core.errors import Unavailable, WebhookNotFound
from testamur.core.ids import Id
from testamur.core.webhooks import Delivery, Webhook
from testamur.delivery.pace import Pace
from testamur.delivery.sender import Outcome, Sender
from testamur.http.operations import Notice, Notices
from testamur.ledger import Ledger
from testamur.ledger.tenants import Tenant
from testamur.ledger.webhooks import LEASE_SECONDS, Progress, Waiting

POLL_SECONDS = 0.5
IMPORT_HEADER = "X-Testamur-Import"
"""Carries the batch of an event that an import made, so that a receiver can leave history alone (rule I15)."""
_AT_ONCE = 64
_ENTRIES = 200
_NOTED_EVERY = 100
_NOTED_SECONDS = 1.0
_PRUNED_EVERY = 1_000
_DISABLED_AFTER = timedelta(days=3)
_JITTER = 0.2
"""By how much of itself a delay may grow, so that receivers that failed together are not met together again."""

log = structlog.get_logger("testamur.delivery")


class Deliverer:
    """Serves the webhooks of all tenants that no other worker serves.

    Args:
        notices: how each dialect's webhooks are told, by the dialect's name.
        pace: gives each post its turn.
    """

    def __init__(
        self, ledger: Ledger, notices: Mapping[str, Notices], sender: Sender, pace: Pace | None = None
    ) -> None:
        self.ledger = ledger
        self.sender = sender
        self.pace = pace or Pace(lambda: 0)
        self.worker = uuid4()
        self._notices = notices
        self._serving: dict[Id, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Serve until cancelled; then what was delivered is noted and the webhooks are left to others."""
        renewed_at = 0.0
        try:
            while True:
                try:
                    if time.monotonic() - renewed_at > LEASE_SECONDS / 3:
                        await self.ledger.webhooks.renew(self.worker, self._serving)
                        renewed_at = time.monotonic()
                    free = _AT_ONCE - len(self._serving)
                    for tenant, id in await self.ledger.webhooks.take(self.worker, free) if free else ():
                        self._serving[id] = asyncio.create_task(self._serve(tenant, id))
                except Unavailable:
                    pass  # away; the next round tries again
                await asyncio.sleep(POLL_SECONDS)
        finally:
            serving = list(self._serving.values())
            for task in serving:
                task.cancel()
            await asyncio.gather(*serving, return_exceptions=True)
            try:
                await self.ledger.webhooks.renew(self.worker, ())
            except Unavailable:
                pass

    async def _serve(self, tenant: Id, id: Id) -> None:
        try:
            webhook = await self.ledger.webhooks.get(tenant, id)
            known = self._notices.get(webhook.dialect)
            if known is None:
                because = f"unknown dialect {webhook.dialect!r}"
                await self.ledger.webhooks.disable(tenant, webhook, self.worker, because)
                return
            if not await _Walk(self, known, tenant, webhook).go():
                # Somebody changed it: what is in flight has ended, so the next worker may begin.
                await self.ledger.webhooks.release(tenant, id, self.worker)
        except (Unavailable, WebhookNotFound):
            pass  # the lease is not renewed, and the next worker goes on where this one noted it
        except Exception:
            log.exception("a webhook could not be served", webhook=id)
        finally:
            self._serving.pop(id, None)


class _Walk:
    """One worker's way along the entries for one webhook: first what is told again, or else what is new."""

    def __init__(self, deliverer: Deliverer, notices: Notices, tenant: Id, webhook: Webhook) -> None:
        self._ledger = deliverer.ledger
        self._sender = deliverer.sender
        self._pace = deliverer.pace
        self._worker = deliverer.worker
        self._notices = notices
        self._tenant = tenant
        self._webhook = webhook
        self._kinds = notices.kinds(webhook.events)
        self._noted = self._done = webhook.replay.after if webhook.replay else webhook.after
        self._noted_at = time.monotonic()
        self._attempts = webhook.attempts
        self._part = (self._done + 1, set(webhook.told))
        self._ended: list[Delivery] = []
        self._imports: dict[int, Any] = {}

    async def go(self) -> bool:
        """Tell what waits, until nothing does or the receiver makes us wait. Whether it was still ours at the end."""
        about = await self._ledger.tenants.find(str(self._tenant))
        try:
            while True:
                waiting = await self._ledger.webhooks.waiting_for(
                    self._tenant, self._webhook, self._done, self._kinds, _ENTRIES
                )
                for notice in await self._built(waiting):
                    goes_on = await self._tell(notice, about)
                    if goes_on is not None:
                        return goes_on
                self._done = waiting.upto
                if not await self._note(keeps=waiting.more):
                    return False
                if not waiting.more:
                    return True
        except asyncio.CancelledError:
            await self._note(keeps=False)
            raise

    async def _built(self, waiting: Waiting) -> list[Notice]:
        if not waiting.entries:
            return []
        built = await self._notices.build(self._ledger, self._tenant, waiting.entries)
        self._imports = {entry.number: (entry.data or {}).get("batch") for entry in waiting.entries}
        entry, told = self._part
        return [
            notice
            for notice in built
            if notice.is_for(self._webhook)
            and not (notice.entry == entry and notice.type in told)
            and (waiting.types is None or notice.type in waiting.types[notice.entry])
        ]

    async def _tell(self, notice: Notice, about: Tenant) -> bool | None:
        """None to go on with the next one; else whether the webhook was still ours at the end."""
        await self._pace.turn()
        now = self._ledger.now()
        body, headers = self._notices.spell(self._webhook, notice, about, now)
        if (batch := self._imports.get(notice.entry)) is not None:
            headers = [*headers, (IMPORT_HEADER, str(batch))]
        outcome = await self._sender.post(self._webhook.url, body, headers, self._notices.timeout_seconds)
        self._done = max(self._done, notice.entry - 1)
        self._attempts += 1
        if outcome.error is None:
            self._end(notice, outcome)
        elif outcome.is_gone:
            return await self._stop("the receiver answered 410 Gone")
        elif self._attempts <= len(self._notices.delays):
            wait = self._notices.delays[self._attempts - 1] * (1 + random.uniform(0, _JITTER))  # noqa: S311 - no secret
            return await self._note(keeps=False, wait=wait)
        else:
            self._end(notice, outcome)
            failing_since = self._webhook.failing_since
            if failing_since is not None and now - failing_since > _DISABLED_AFTER:
                since = f"{failing_since:%Y-%m-%d %H:%M} UTC"
                return await self._stop(f"nothing was delivered since {since}: {outcome.error}")
        if len(self._ended) >= _NOTED_EVERY or time.monotonic() - self._noted_at > _NOTED_SECONDS:
            return None if await self._note(keeps=True) else False
        return None

    def _end(self, notice: Notice, outcome: Outcome) -> None:
        self._ended.append(
            Delivery(
                entry=notice.entry,
                type=notice.type,
                is_delivered=outcome.error is None,
                attempts=self._attempts,
                status=outcome.status,
                error=outcome.error,
                last_at=self._ledger.now(),
            )
        )
        self._attempts = 0
        if self._part[0] != notice.entry:
            self._part = (notice.entry, set())
        self._part[1].add(notice.type)

    async def _stop(self, because: str) -> bool:
        if not await self._note(keeps=True):
            return False
        await self._ledger.webhooks.disable(self._tenant, self._webhook, self._worker, because)
        log.warning("webhook disabled", webhook=self._webhook.id, because=because)
        return False  # it is released if somebody changed it at this very moment

    async def _note(self, *, keeps: bool, wait: float = 0) -> bool:
        """Keep how far it came. Whether the webhook is still ours."""
        ended, self._ended = self._ended, []
        entry, told = self._part
        progress = Progress(
            generation=self._webhook.generation,
            after=self._done,
            told=sorted(told) if entry == self._done + 1 else (),
            attempts=self._attempts,
            attempt_at=self._ledger.now() + timedelta(seconds=wait),
            keeps=keeps,
        )
        prunes = self._done // _PRUNED_EVERY > self._noted // _PRUNED_EVERY
        kept = await self._ledger.webhooks.advance(
            self._tenant, self._webhook.id, self._worker, progress, ended, prunes=prunes
        )
        self._noted, self._noted_at = self._done, time.monotonic()
        return kept is not False
