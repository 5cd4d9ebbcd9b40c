"""POST /webhooks: user events that come in."""

from __future__ import annotations

import itertools
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from testamur.core.callers import Scope
from testamur.core.ids import to_hex24
from tests.hub import Hub

V1 = "/rest/v1"
USER = {
    "ref": "E-1",
    "email": "eve@example.com",
    "firstName": "Eve",
    "lastName": "Nts",
    "role": "learner",
    "jobTitle": "Clerk",
    "managerRef": "00123",
    "startDate": "2024-05-01",
    "timeZone": "Europe/Paris",
    "languageCode": "fr",
}
_ids = itertools.count()


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def event(kind: str, user: Any, **envelope: Any) -> dict[str, Any]:
    said = {"id": f"event-{next(_ids)}", "timestamp": "2024-05-01T09:00:00Z", "eventType": kind}
    return said | {"content": {"user": user}} | envelope


def tell(client: httpx.Client, kind: str, user: Any, **envelope: Any) -> httpx.Response:
    return client.post("/webhooks", json=event(kind, user, **envelope))


def told(client: httpx.Client, kind: str, user: Any, **envelope: Any) -> None:
    answer = tell(client, kind, user, **envelope)
    assert (answer.status_code, answer.json()) == (200, {"success": True}), answer.text


def user(client: httpx.Client, ref: str = "E-1") -> dict[str, Any]:
    answer = client.get(f"{V1}/users/ref/{ref}")
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refusal(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == status
    message: str = answer.json()["message"]
    return message


def test_who_joins_is_made(hub: Hub, client: httpx.Client) -> None:
    told(client, "user_joined", USER)
    found = user(client)
    assert (found["firstName"], found["email"], found["status"]) == ("Eve", "eve@example.com", "active")
    (position,) = found["positions"]
    assert position["manager"]["id"] == to_hex24(hub.person)
    assert (position["title"], position["startDate"]) == ("Clerk", "2024-05-01T00:00:00.000Z")


def test_who_left_and_joins_again_is_the_same_and_active(client: httpx.Client) -> None:
    told(client, "user_joined", USER)
    before = user(client)
    told(client, "user_suspended", {"ref": "E-1", "endDate": "2024-12-31"})
    left = user(client)
    assert (left["status"], left["positions"][0]["endDate"]) == ("inactive", "2024-12-31T00:00:00.000Z")
    told(client, "user_joined", USER | {"startDate": "2025-06-01", "jobTitle": "Head clerk"})
    back = user(client)
    assert (back["id"], back["status"]) == (before["id"], "active")
    (position,) = back["positions"]
    assert (position["title"], position["startDate"], position["endDate"]) == (
        "Head clerk",
        "2025-06-01T00:00:00.000Z",
        None,
    )


def test_an_update_changes_what_it_names(client: httpx.Client) -> None:
    told(client, "user_joined", USER)
    before = user(client)
    told(client, "user_updated", {"ref": "E-1", "lastName": "Nance", "managerRef": None, "costCentre": "passed over"})
    after = user(client)
    assert (after["firstName"], after["lastName"]) == ("Eve", "Nance")
    assert after["positions"][0]["manager"] is None
    assert after["positions"][0]["title"] == before["positions"][0]["title"]


def test_who_is_deleted_is_nobody(hub: Hub, client: httpx.Client) -> None:
    told(client, "user_deleted", {"ref": "00123"})
    assert client.get(f"{V1}/user/{to_hex24(hub.person)}").json()["deleted"] is True
    assert "content.user.ref" in refusal(tell(client, "user_deleted", {"ref": "00123"}), 404)


def test_an_event_told_again_changes_nothing(client: httpx.Client) -> None:
    """Also when meanwhile the opposite happened, or the person is gone."""
    joined, suspended = event("user_joined", USER), event("user_suspended", {"ref": "E-1"})
    for said in (joined, suspended, joined):
        assert client.post("/webhooks", json=said).status_code == 200
    assert user(client)["status"] == "inactive"
    deleted = event("user_deleted", {"ref": "E-1"})
    for said in (deleted, deleted, suspended, joined):
        assert client.post("/webhooks", json=said).json() == {"success": True}
    assert client.get(f"{V1}/users/ref/E-1").status_code == 404


def test_another_event_under_the_same_id_is_a_conflict(client: httpx.Client) -> None:
    told(client, "user_joined", USER, id="one")
    assert "id" in refusal(tell(client, "user_updated", {"ref": "E-1", "lastName": "X"}, id="one"), 409)
    assert user(client)["lastName"] == "Nts"


def test_an_event_that_failed_may_be_told_again(client: httpx.Client) -> None:
    update = event("user_updated", {"ref": "E-1", "lastName": "Nance"})
    refusal(client.post("/webhooks", json=update), 404)
    told(client, "user_joined", USER)
    assert client.post("/webhooks", json=update).status_code == 200
    assert user(client)["lastName"] == "Nance"


def test_of_the_same_event_told_side_by_side_one_counts(hub: Hub, client: httpx.Client) -> None:
    said = event("user_joined", USER)
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: hub.client("thrive").post("/webhooks", json=said).status_code, range(6)))
    assert answers == [200] * 6
    assert client.get(f"{V1}/users").json()["pagination"]["totalResults"] == 3


def test_ids_of_events_are_each_tenants_own(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    told(client, "user_joined", USER, id="same")
    other = other_hub.client("thrive")
    told(other, "user_joined", USER | {"firstName": "Else"}, id="same")
    assert user(other)["firstName"] == "Else"
    refusal(tell(other, "user_suspended", {"ref": "00999"}), 404)
    assert user(client)["firstName"] == "Eve"


def test_it_takes_a_credential_for_webhooks(hub: Hub) -> None:
    for scope, status in ((Scope.READ, 403), (Scope.WRITE, 403), (Scope.WEBHOOKS, 200)):
        key = hub.do(hub.ledger.clients.create(hub.tenant.id, scope.value, scopes=frozenset({scope})))
        with hub.client("thrive", key) as client:
            assert tell(client, "user_joined", USER).status_code == status, scope


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"id": ""}, "id"),
        ({"id": "a\0"}, "id"),
        ({"id": 7}, "id"),
        ({"eventType": "user_promoted"}, "eventType"),
        ({"content": {}}, "content.user"),
        ({"content": []}, "content"),
        ({"timestamp": []}, "timestamp"),
        ({"content": {"user": {}}}, "content.user.ref"),
        ({"content": {"user": USER | {"ref": 7}}}, "content.user.ref"),
        ({"content": {"user": USER | {"email": "nobody"}}}, "content.user.email"),
        ({"content": {"user": USER | {"startDate": "soon"}}}, "content.user.startDate"),
        ({"content": {"user": USER | {"timeZone": "Mars"}}}, "content.user.timeZone"),
        ({"content": {"user": USER | {"managerRef": "E-1"}}}, "content.user.managerRef"),
        ({"content": {"user": {"ref": "E-1"}}}, "content.user.firstName"),
        ({"content": {"user": USER | {"email": None}}}, "content.user.email"),
        ({"content": {"user": USER | {"email": "ada@example.com"}}}, "email"),
    ],
)
def test_what_cannot_be_is_refused_by_name(client: httpx.Client, change: dict[str, Any], named: str) -> None:
    answer = client.post("/webhooks", json=event("user_joined", USER) | change)
    assert answer.status_code in (409, 422)
    assert named in refusal(answer, answer.status_code)
    assert client.get(f"{V1}/users/ref/E-1").status_code == 404


def test_bodies_that_are_no_json_are_refused(client: httpx.Client) -> None:
    refusal(client.post("/webhooks", content="{", headers={"content-type": "application/json"}), 422)
    refusal(client.post("/webhooks", content="{}", headers={"content-type": "text/plain"}), 415)
    refusal(client.get("/webhooks"), 405)
