"""OAuth 2.0 client credentials, as on the vendor's pages: POST /oauth2/token/{tenantId}, and scopes."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24
from tests import plain
from tests.hub import Hub

COMPLETIONS = "/rest/v1/learning/completions"


def token(hub: Hub, **changed: Any) -> httpx.Response:
    form = {
        "grant_type": "client_credentials",
        "client_id": to_hex24(hub.key.client),
        "client_secret": hub.key.secret,
    }
    sent = {name: value for name, value in (form | changed).items() if value is not None}
    tenant = sent.pop("tenant", hub.tenant.slug)
    return plain.post(f"{hub.server.url}/thrive/oauth2/token/{tenant}", data=sent)


def bearer(hub: Hub, **changed: Any) -> httpx.Client:
    access = token(hub, **changed).json()["access_token"]
    return plain.Client(base_url=f"{hub.server.url}/thrive", headers={"authorization": f"Bearer {access}"})


def completion(hub: Hub) -> dict[str, str]:
    return {
        "userId": to_hex24(hub.person),
        "contentId": to_hex24(hub.item),
        "completedAt": "2021-01-01T09:00:00Z",
    }


def test_a_token_opens_what_its_scope_says(hub: Hub) -> None:
    answer = token(hub)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    assert set(answer.json()) == {"access_token", "token_type", "expires_in"}
    assert (answer.json()["token_type"], answer.json()["expires_in"]) == ("Bearer", 3600)
    expected = {None: (201, 200), "api/all": (200, 200), "api/write": (200, 403), "api/read": (403, 200)}
    for scope, (writes, reads) in expected.items():
        with bearer(hub, scope=scope) as client:
            assert client.post(COMPLETIONS, json=completion(hub)).status_code == writes
            assert client.get(COMPLETIONS).status_code == reads
    with bearer(hub, scope="api/read api/write") as client:
        assert client.get(COMPLETIONS).status_code == 200
    with bearer(hub, scope="api/webhooks") as client:
        answer = client.get(COMPLETIONS)
        assert (answer.status_code, answer.json()["error"]) == (403, "Forbidden")


def test_credentials_may_come_as_basic_and_as_json(hub: Hub) -> None:
    url = f"{hub.server.url}/thrive/oauth2/token/{to_hex24(hub.tenant.id)}"
    credentials = (to_hex24(hub.key.client), hub.key.secret)
    assert plain.post(url, data={"grant_type": "client_credentials"}, auth=credentials).status_code == 200
    body = {"grant_type": "client_credentials", "client_id": credentials[0], "client_secret": credentials[1]}
    assert plain.post(url, json=body).status_code == 200


@pytest.mark.parametrize(
    ("changed", "error"),
    [
        ({"grant_type": None}, "invalid_request"),
        ({"grant_type": "password"}, "unsupported_grant_type"),
        ({"client_secret": "wrong"}, "invalid_client"),
        ({"client_secret": None}, "invalid_client"),
        ({"client_id": "f" * 24}, "invalid_client"),
        ({"tenant": "nobody"}, "invalid_client"),
        ({"scope": "api/everything"}, "invalid_scope"),
    ],
)
def test_a_refused_token_says_why(hub: Hub, changed: dict[str, Any], error: str) -> None:
    answer = token(hub, **changed)
    assert (answer.status_code, answer.json()["error"]) == (400, error)


def test_a_client_cannot_be_granted_more_than_it_has(hub: Hub) -> None:
    credentials = {"client_id": to_hex24(hub.reader.client), "client_secret": hub.reader.secret}
    assert token(hub, scope="api/write", **credentials).json()["error"] == "invalid_scope"
    with bearer(hub, scope="api/all", **credentials) as client:
        assert client.post(COMPLETIONS, json=completion(hub)).status_code == 403
        assert client.get(COMPLETIONS).status_code == 200


def test_another_tenants_path_gives_no_token(hub: Hub, other_hub: Hub) -> None:
    assert token(hub, tenant=other_hub.tenant.slug).json()["error"] == "invalid_client"


def test_a_revoked_key_stops_its_tokens_at_once(hub: Hub) -> None:
    with bearer(hub) as client:
        assert client.get(COMPLETIONS).status_code == 200
        hub.do(hub.ledger.clients.revoke(hub.tenant.id, hub.key.key))
        assert client.get(COMPLETIONS).status_code == 401
    assert token(hub).json()["error"] == "invalid_client"
