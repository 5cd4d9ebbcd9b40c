"""Telling webhooks: in the order of the ledger's entries, at least once, whatever crashes.

Each webhook walks along the entries at its own pace. One worker at a time serves it, under a lease; what was delivered
is noted every hundred events or every second, so after a crash a few are told again and none is left out.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from datetime import timedelta
from uuid import UUID, uuid4

import structlog

from testamur.core.errors import Unavailable, WebhookNotFound
from testamur.core.ids import Id
from testamur.core.webhooks import Delivery, Webhook
from testamur.delivery.sender import Outcome, Sender
from testamur.http.operations import Notice, Notices
from testamur.ledger import Ledger
from testamur.ledger.tenants import Tenant
from testamur.ledger.webhooks import LEASE_SECONDS, Progress

POLL_SECONDS = 0.5
_AT_ONCE = 64
_ENTRIES = 200
_NOTED_EVERY = 100
_NOTED_SECONDS = 1.0
_DISABLED_AFTER = timedelta(days=3)

log = structlog.get_logger("testamur.delivery")


class Deliverer:
    """Serves the webhooks of all tenants that no other worker serves.

    Args:
        notices: how each dialect's webhooks are told, by the dialect's name.
    """

    def __init__(self, ledger: Ledger, notices: Mapping[str, Notices], sender: Sender) -> None:
        self._ledger = ledger
        self._notices = notices
        self._sender = sender
        self._worker = uuid4()
        self._serving: dict[UUID, asyncio.Task[None]] = {}

    async def run(self) -> None:
        """Serve until cancelled; then what was delivered is noted and the webhooks are left to others."""
        renewed_at = 0.0
        try:
            while True:
                try:
                    if time.monotonic() - renewed_at > LEASE_SECONDS / 3:
                        await self._ledger.webhooks.renew(self._worker)
                        renewed_at = time.monotonic()
                    free = _AT_ONCE - len(self._serving)
                    for tenant, id in await self._ledger.webhooks.take(self._worker, free) if free else ():
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
                await self._ledger.webhooks.renew(self._worker, 0)
            except Unavailable:
                pass

    async def _serve(self, tenant: Id, id: Id) -> None:
        try:
            webhook = await self._ledger.webhooks.get(tenant, id)
            known = self._notices.get(webhook.dialect)
            if known is None:
                await self._ledger.webhooks.disable(tenant, id, self._worker, f"unknown dialect {webhook.dialect!r}")
                return
            await _Walk(self._ledger, known, self._sender, self._worker, tenant, webhook).go()
        except (Unavailable, WebhookNotFound):
            pass  # the lease ends, and the next worker goes on where this one noted it
        except Exception:
            log.exception("a webhook could not be served", webhook=id)
        finally:
            self._serving.pop(id, None)


class _Walk:
    """One worker's way along the entries for one webhook."""

    def __init__(
        self, ledger: Ledger, notices: Notices, sender: Sender, worker: UUID, tenant: Id, webhook: Webhook
    ) -> None:
        self._ledger = ledger
        self._notices = notices
        self._sender = sender
        self._worker = worker
        self._tenant = tenant
        self._webhook = webhook
        self._noted = self._done = webhook.after
        self._noted_at = time.monotonic()
        self._attempts = webhook.attempts
        self._ended: list[Delivery] = []

    async def go(self) -> None:
        """Tell everything that waits, until nothing does or the receiver makes us wait."""
        about = await self._ledger.tenants.find(str(self._tenant))
        try:
            while True:
                entries, upto = await self._ledger.webhooks.waiting(
                    self._tenant, self._done, sorted(self._notices.kinds), _ENTRIES
                )
                built = await self._notices.build(self._ledger, self._tenant, entries) if entries else []
                for notice in [notice for notice in built if notice.type in self._webhook.events]:
                    if not await self._has_told(notice) and not await self._tell(notice, about):
                        return
                self._done = upto
                more = len(entries) == _ENTRIES
                if not await self._note(keeps=more) or not more:
                    return
        except asyncio.CancelledError:
            await self._note(keeps=False)
            raise

    async def _has_told(self, notice: Notice) -> bool:
        """Whether an entry with several events stopped behind this one at the last attempt."""
        if not self._attempts or notice.entry != self._webhook.after + 1:
            return False
        return notice.type in await self._ledger.webhooks.told(self._tenant, self._webhook.id, notice.entry)

    async def _tell(self, notice: Notice, about: Tenant) -> bool:
        """Whether to go on with the next one."""
        now = self._ledger.now()
        body, headers = self._notices.spell(self._webhook, notice, about, now)
        outcome = await self._sender.post(self._webhook.url, body, headers)
        self._attempts += 1
        if outcome.error is None:
            self._end(notice, outcome)
        elif outcome.is_gone:
            await self._stop("the receiver answered 410 Gone")
            return False
        elif self._attempts <= len(self._notices.delays):
            self._done = max(self._done, notice.entry - 1)
            await self._note(keeps=False, wait=self._notices.delays[self._attempts - 1])
            return False
        else:
            self._end(notice, outcome)
            failing_since = self._webhook.failing_since
            if failing_since is not None and now - failing_since > _DISABLED_AFTER:
                await self._stop(f"nothing was delivered since {failing_since:%Y-%m-%d %H:%M} UTC: {outcome.error}")
                return False
        self._done = max(self._done, notice.entry - 1)
        if len(self._ended) >= _NOTED_EVERY or time.monotonic() - self._noted_at > _NOTED_SECONDS:
            return await self._note(keeps=True)
        return True

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

    async def _stop(self, because: str) -> None:
        await self._note(keeps=True)
        await self._ledger.webhooks.disable(self._tenant, self._webhook.id, self._worker, because)
        log.warning("webhook disabled", webhook=self._webhook.id, because=because)

    async def _note(self, *, keeps: bool, wait: float = 0) -> bool:
        """Keep how far it came. Whether the webhook is still ours."""
        ended, self._ended = self._ended, []
        progress = Progress(
            before=self._noted,
            after=self._done,
            attempts=self._attempts,
            attempt_at=self._ledger.now() + timedelta(seconds=wait),
            keeps=keeps,
        )
        kept = await self._ledger.webhooks.advance(self._tenant, self._webhook.id, self._worker, progress, ended)
        self._noted, self._noted_at = self._done, time.monotonic()
        return kept is not False
