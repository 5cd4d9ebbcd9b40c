"""Fixtures of the tests of the ledger."""

from __future__ import annotations

import pytest

from tests.hub import Hub
from tests.ledger.town import Town


@pytest.fixture
def town(hub: Hub) -> Town:
    return Town(hub)
