"""Fixtures of the tests of the ledger."""

from __future__ import annotations

from typing import Any

import pytest

from testamur.core.ids import Id
from testamur.core.records import NewRecord, Recorded
from tests.hub import Hub
from tests.ledger.town import Town


@pytest.fixture
def town(hub: Hub) -> Town:
    return Town(hub)


@pytest.fixture
def decided(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> list[NewRecord]:
    """The tellings that were decided and not written as they came."""
    found: list[NewRecord] = []
    call = hub.ledger.records._writes.call

    async def listen(tenant: Id, telling: Any) -> Recorded:
        found.append(telling[0])
        return await call(tenant, telling)

    monkeypatch.setattr(hub.ledger.records._writes, "call", listen)
    return found
