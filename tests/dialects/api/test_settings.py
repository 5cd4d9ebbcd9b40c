"""The tenant's settings: /v1/settings."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from testamur.core.tenants import SETTINGS_VERSIONS_MAX
from testamur.storage.database import DatabaseUrls
from tests.dialects.api.problems import problem
from tests.hub import Hub
from tests.ledger.tellings import kept

PATH = "/v1/settings"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def test_settings_have_defaults_change_and_are_written_down(
    urls: DatabaseUrls, hub: Hub, other_hub: Hub, client: httpx.Client
) -> None:
    first = client.get(PATH)
    assert first.json() == {"reentry_days": 30, "self_granting": False, "updated_at": first.json()["updated_at"]}
    changed = client.patch(PATH, json={"reentry_days": 45}, headers={"if-match": first.headers["etag"]})
    assert changed.status_code == 200, changed.text
    assert changed.json() == {"reentry_days": 45, "self_granting": False, "updated_at": changed.json()["updated_at"]}
    assert (client.get(PATH).json(), client.get(PATH).headers["etag"]) == (changed.json(), changed.headers["etag"])
    assert client.patch(PATH, json={"self_granting": True, "reentry_days": 0}).json()["self_granting"]
    back = client.patch(PATH, json={"self_granting": None, "reentry_days": None}).json()
    assert (back["reentry_days"], back["self_granting"]) == (30, False)
    again = client.patch(PATH, json={"reentry_days": 30})
    assert again.json() == client.patch(PATH, json={}).json() == back, "what changes nothing is not written"
    rows = kept(urls, hub, "tenant_settings", "number")
    assert [(row["number"], row["reentry_days"], row["self_granting"]) for row in rows] == [
        (1, 45, False),
        (2, 0, True),
        (3, 30, False),
    ]
    entries = [row for row in kept(urls, hub, "ledger_entry", "number") if row["kind"] == "settings.changed"]
    assert [row["subject"] for row in entries] == [hub.tenant.id] * 3
    assert {row["client"] for row in entries} == {hub.key.client}
    assert kept(urls, other_hub, "tenant_settings", "number") == []
    assert other_hub.client("api").get(PATH).json()["reentry_days"] == 30


def test_a_change_of_what_was_changed_meanwhile_is_refused(client: httpx.Client) -> None:
    tag = client.get(PATH).headers["etag"]
    assert client.patch(PATH, json={"reentry_days": 10}, headers={"if-match": tag}).status_code == 200
    problem(client.patch(PATH, json={"reentry_days": 20}, headers={"if-match": tag}), 412, "precondition_failed")
    assert client.get(PATH).json()["reentry_days"] == 10


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"reentry_days": -1}, "/reentry_days"),
        ({"reentry_days": 36_501}, "/reentry_days"),
        ({"reentry_days": "30"}, "/reentry_days"),
        ({"reentry_days": 1.5}, "/reentry_days"),
        ({"self_granting": "yes"}, "/self_granting"),
        ({"zone": "UTC"}, "/zone"),
        ({"a\0": 1}, "/a\0"),
    ],
)
def test_wrong_settings_are_refused_and_named(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    (fault,) = problem(client.patch(PATH, json=body), 422)["errors"]
    assert fault["pointer"] == pointer
    assert client.get(PATH).json()["reentry_days"] == 30


def test_settings_are_not_changed_without_end(urls: DatabaseUrls, hub: Hub, client: httpx.Client) -> None:
    async def fill() -> None:
        async with hub.ledger.database.write(hub.tenant.id) as tx:
            for number in range(1, SETTINGS_VERSIONS_MAX + 1):
                said = {"reentry_days": number, "self_granting": False, "client": None, "now": datetime.now(UTC)}
                await tx.run("tenant_settings_add", number=number, **said)

    hub.do(fill())
    problem(client.patch(PATH, json={"reentry_days": 5}), 409, "conflict")
