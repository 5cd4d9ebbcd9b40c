"""Deliverers inside the server's loop, and what they left behind."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from testamur.core.webhooks import Delivery, Webhook
from testamur.delivery.deliverer import Deliverer
from testamur.delivery.sender import Sender
from testamur.dialects import ALL
from testamur.http.operations import Notices
from tests.hub import Hub
from tests.waiting import eventually

QUICK: Mapping[str, Notices] = {
    dialect.name: replace(dialect.notices, delays=(0.05, 0.05, 0.05)) for dialect in ALL if dialect.notices is not None
}
"""Every dialect's events, tried again soon."""


@contextmanager
def delivering(hub: Hub, workers: int = 1, notices: Mapping[str, Notices] = QUICK) -> Iterator[None]:
    """Deliverers as long as the block; receivers may be on this machine."""
    sender = Sender(to_private_addresses=True)

    async def start() -> list[Any]:
        return [asyncio.create_task(Deliverer(hub.ledger, notices, sender).run()) for _ in range(workers)]

    async def stop(tasks: list[Any]) -> None:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await sender.close()

    tasks = hub.do(start())
    try:
        yield
    finally:
        hub.do(stop(tasks))


def deliveries(hub: Hub, webhook: Webhook, **options: Any) -> list[Delivery]:
    return hub.do(hub.ledger.webhooks.deliveries(hub.tenant.id, webhook.id, **options))


def settled(hub: Hub, webhook: Webhook, count: int, **options: Any) -> list[Delivery]:
    """The deliveries, once there are so many."""
    found = eventually(lambda: deliveries(hub, webhook, **options), lambda found: len(found) >= count)
    assert len(found) == count
    return found
