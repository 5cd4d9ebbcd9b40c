"""Transcripts of the vendor's pages "API contract" and "Error handling": tokens, scope, errors, health."""

from __future__ import annotations

import base64
import json
from typing import Any

import httpx
import pytest
from joserfc import jwt
from joserfc.jwk import KeySet

from testamur.core.ids import to_hex24, to_ulid, to_uuid
from tests import plain
from tests.dialects.cpod.pages import RECORDS, TOKEN, add, app_client, is_problem
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("cpod")


def credentials(hub: Hub) -> dict[str, str]:
    return {
        "grant_type": "client_credentials",
        "client_id": to_ulid(hub.key.client, "client"),
        "client_secret": hub.key.secret,
    }


def ask(hub: Hub, **how: Any) -> httpx.Response:
    return plain.post(f"{hub.server.url}/cpod{TOKEN}", **how)


def test_client_credentials_get_a_token(hub: Hub) -> None:
    answer = ask(hub, json=credentials(hub))
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-store"
    token = answer.json()
    assert token == {"access_token": token["access_token"], "token_type": "Bearer", "expires_in": 3600}
    headers = {"authorization": f"Bearer {token['access_token']}"}
    assert plain.get(f"{hub.server.url}/cpod{RECORDS}", headers=headers).status_code == 200


def test_credentials_may_come_as_a_form_and_as_basic(hub: Hub) -> None:
    whole = credentials(hub)
    assert ask(hub, data=whole).status_code == 200
    basic = (whole.pop("client_id"), whole.pop("client_secret"))
    assert ask(hub, data=whole, auth=basic).status_code == 200
    assert ask(hub, json=whole, auth=basic).status_code == 200


def test_a_client_id_is_taken_in_every_spelling(hub: Hub) -> None:
    client = hub.key.client
    for spelling in (to_hex24(client), to_uuid(client).upper(), to_ulid(client, "client").lower()):
        assert ask(hub, json=credentials(hub) | {"client_id": spelling}).status_code == 200


def test_the_published_keys_verify_a_token(hub: Hub) -> None:
    key = hub.do(hub.ledger.clients.create(hub.tenant.id, "app", application="lms-sync"))
    whole = {"grant_type": "client_credentials", "client_id": str(key.client), "client_secret": key.secret}
    token = ask(hub, json=whole).json()["access_token"]
    published = plain.get(f"{hub.server.url}/cpod/.well-known/jwks.json")
    assert published.status_code == 200
    assert all("d" not in each for each in published.json()["keys"]), "no private part"
    claims = jwt.decode(token, KeySet.import_key_set(published.json()), algorithms=["ES256"]).claims
    assert (claims["tenant_id"], claims["app_id"], claims["aud"]) == (str(hub.tenant.id), "lms-sync", "cpod")


@pytest.mark.parametrize(
    ("changed", "status", "error"),
    [
        ({"grant_type": None}, 400, "invalid_request"),
        ({"grant_type": "password"}, 400, "unsupported_grant_type"),
        ({"client_secret": None}, 401, "invalid_client"),
        ({"client_secret": ""}, 401, "invalid_client"),
        ({"client_secret": "wrong"}, 401, "invalid_client"),
        ({"client_id": None}, 401, "invalid_client"),
        ({"client_id": "f" * 24}, 401, "invalid_client"),
        ({"client_id": "nobody"}, 401, "invalid_client"),
    ],
)
def test_a_refused_token_says_why(hub: Hub, changed: dict[str, Any], status: int, error: str) -> None:
    sent = {name: value for name, value in (credentials(hub) | changed).items() if value is not None}
    for how in ("json", "data"):
        answer = ask(hub, **{how: sent})
        problem = is_problem(answer, status, "unauthorized" if status == 401 else "bad_request")
        assert (problem["error"], problem["error_description"]) == (error, problem["message"])
        assert ("www-authenticate" in answer.headers) == (status == 401)


def test_a_token_request_that_cannot_be_read_is_a_plain_problem(hub: Hub) -> None:
    is_problem(ask(hub, content=b"{", headers={"content-type": "application/json"}), 400, "bad_request")
    is_problem(ask(hub, json=credentials(hub) | {"client_id": 5}), 400, "validation_error")
    is_problem(ask(hub, content=b"x"), 415, "unsupported_media_type")


def test_a_key_of_another_client_gives_no_token(hub: Hub, other_hub: Hub) -> None:
    theirs = credentials(other_hub)
    is_problem(ask(hub, json=credentials(hub) | {"client_secret": theirs["client_secret"]}), 401, "unauthorized")
    is_problem(ask(hub, json=credentials(hub) | {"client_id": theirs["client_id"]}), 401, "unauthorized")


@pytest.mark.parametrize(
    "authorization",
    [None, "", "Bearer", "Bearer nonsense", "Bearer a.b.c", "Basic dXNlcjpwYXNz", "Digest x", "Bearer " + "A" * 20_000],
)
def test_no_usable_token_is_401(hub: Hub, authorization: str | None) -> None:
    headers = {} if authorization is None else {"authorization": authorization}
    for method, path in (("GET", RECORDS), ("POST", RECORDS), ("GET", f"{RECORDS}/x")):
        answer = plain.request(method, f"{hub.server.url}/cpod{path}", headers=headers)
        is_problem(answer, 401, "unauthorized")
        assert answer.headers["www-authenticate"].startswith("Bearer")


def test_a_forged_token_is_401(hub: Hub, client: httpx.Client) -> None:
    token = client.headers["authorization"].removeprefix("Bearer ")
    header, claims, signature = token.split(".")
    whole = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    other = base64.urlsafe_b64encode(json.dumps(whole | {"app_id": "other"}).encode()).decode().rstrip("=")
    none = base64.urlsafe_b64encode(b'{"alg":"none"}').decode().rstrip("=")
    for forged in (f"{header}.{other}.{signature}", f"{none}.{claims}.", f"{header}.{claims}."):
        answer = client.get(RECORDS, headers={"authorization": f"Bearer {forged}"})
        is_problem(answer, 401, "unauthorized")


def test_a_key_is_no_token_and_anothers_token_no_key(hub: Hub, client: httpx.Client) -> None:
    is_problem(client.get(RECORDS, headers={"authorization": f"Bearer {hub.key.secret}"}), 401, "unauthorized")
    form = {
        "grant_type": "client_credentials",
        "client_id": to_hex24(hub.key.client),
        "client_secret": hub.key.secret,
    }
    thrive = plain.post(f"{hub.server.url}/thrive/oauth2/token/{hub.tenant.slug}", data=form).json()["access_token"]
    is_problem(client.get(RECORDS, headers={"authorization": f"Bearer {thrive}"}), 401, "unauthorized")


def test_a_revoked_client_is_401_at_once(hub: Hub, client: httpx.Client) -> None:
    assert client.get(RECORDS).status_code == 200
    hub.do(hub.ledger.clients.revoke(hub.tenant.id, hub.key.key))
    is_problem(client.get(RECORDS), 401, "unauthorized")
    is_problem(ask(hub, json=credentials(hub)), 401, "unauthorized")


def test_a_read_only_client_may_not_create(hub: Hub) -> None:
    reader = hub.client("cpod", hub.reader)
    is_problem(reader.post(RECORDS, json={}), 403, "forbidden")
    assert reader.get(RECORDS).json()["total"] == 0


@pytest.mark.parametrize("method", ["PATCH", "PUT", "DELETE"])
def test_a_record_can_be_neither_changed_nor_deleted(client: httpx.Client, method: str) -> None:
    """The page lists three operations only."""
    record = add(client, title="Fixed")
    answer = client.request(method, f"{RECORDS}/{record['id']}", json={"title": "Changed"})
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD"
    answer = client.request(method, RECORDS, json={})
    is_problem(answer, 405, "method_not_allowed")
    assert answer.headers["allow"] == "GET, HEAD, POST"
    assert client.get(f"{RECORDS}/{record['id']}").json() == record


def test_unknown_addresses_are_404(client: httpx.Client) -> None:
    for path in ("/", "/api/v1/performance/goals", "/api/v2/performance/learning-records", f"{RECORDS}/a/b"):
        is_problem(client.get(path), 404, "not_found")


def test_a_problem_names_the_address_it_is_about(client: httpx.Client) -> None:
    problem = is_problem(client.get(f"{RECORDS}/nothing"), 404, "not_found")
    assert problem == {
        "type": "about:blank",
        "title": "Not Found",
        "status": 404,
        "detail": "No such completion or learning record in this tenant.",
        "instance": f"{RECORDS}/nothing",
        "code": "not_found",
        "message": "No such completion or learning record in this tenant.",
        "details": [],
    }


def test_health_needs_no_token(hub: Hub) -> None:
    answer = plain.get(f"{hub.server.url}/cpod/health", headers={"authorization": "Bearer nonsense"})
    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})


def test_the_contract_types_ids_without_a_format(hub: Hub) -> None:
    """No spelling satisfies both of the page's descriptions, so the published one admits both."""
    schemas = plain.get(f"{hub.server.url}/cpod/openapi.json").json()["components"]["schemas"]
    id = schemas["LearningRecord"]["properties"]["id"]
    assert (id["type"], "format" in id) == ("string", False)
    assert "app_id" not in schemas["LearningRecord"]["required"]
    assert schemas["CreateLearningRecord"].get("required", []) == []
    assert schemas["CreateLearningRecord"]["additionalProperties"] is False


def test_an_applications_reader_sees_what_it_may(hub: Hub) -> None:
    one = app_client(hub, "one")
    record = add(one, title="one")
    assert one.get(RECORDS).json() == {"items": [record], "nextCursor": None, "total": 1}
