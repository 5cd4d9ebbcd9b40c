"""Transcripts of the vendor's page "Webhooks API".

https://help.rise.com/en/articles/4231303
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.callers import Scope
from testamur.core.ids import to_ulid
from testamur.core.webhooks import WEBHOOKS_MAX, NewWebhook
from tests.dialects.rise.pages import JSON, codes
from tests.hub import Hub

TARGET = "https://example.com/hook"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


def create(client: httpx.Client, **said: Any) -> dict[str, Any]:
    answer = client.post("/webhooks", json={"targetUrl": TARGET, "events": ["user.created"]} | said)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_a_webhook_tells_its_secret_once(hub: Hub, client: httpx.Client) -> None:
    events = ["course.completed", "course.submitted", "enrollments.created", "user.created"]
    made = create(client, events=events, sharedSecret="the shared secret", apiVersion="2023-05-04", unknown=1)
    shown = {
        "id": made["id"],
        "targetUrl": TARGET,
        "events": events,
        "apiVersion": "2023-05-04",
        "url": f"{hub.server.url}/rise/webhooks/{made['id']}",
    }
    assert made == shown | {"sharedSecret": "the shared secret"}
    assert client.get(made["url"]).json() == shown
    assert client.get(f"/webhooks/{made['id'].upper()}").json() == shown
    assert client.get("/webhooks").json() == {"webhooks": [shown], "nextUrl": None}
    assert client.delete(f"/webhooks/{made['id']}").status_code == 204
    assert client.delete(made["url"], headers={"content-type": "text/plain; charset=utf-8"}).status_code == 204
    answer = client.get(made["url"])
    assert (answer.status_code, codes(answer)) == (404, ["webhook_not_found"])
    assert client.get("/webhooks").json() == {"webhooks": [], "nextUrl": None}


@pytest.mark.parametrize(
    ("headers", "version"),
    [
        ({}, "2023-04-04"),
        ({"rise-api-version": "2020-07-16"}, "2020-07-16"),
        ({"api-version": "2023-05-04"}, "2023-05-04"),
    ],
)
def test_events_have_the_version_of_the_call_that_registered(
    client: httpx.Client, headers: dict[str, str], version: str
) -> None:
    answer = client.post("/webhooks", json={"targetUrl": TARGET, "events": ["user.created"]}, headers=headers)
    assert answer.json()["apiVersion"] == version
    assert answer.json()["sharedSecret"] is None


def test_a_second_webhook_with_the_same_address_is_409(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    first = create(client)
    answer = client.post("/webhooks", json={"targetUrl": TARGET, "events": ["course.completed"]})
    assert (answer.status_code, codes(answer)) == (409, ["duplicate_target_url"])
    create(client, targetUrl=TARGET + "/other")
    create(other_hub.client("rise"))
    client.delete(f"/webhooks/{first['id']}")
    create(client)


def test_webhooks_are_paged_in_order_of_creation(client: httpx.Client) -> None:
    made = [create(client, targetUrl=f"{TARGET}/{n}")["id"] for n in range(3)]
    first = client.get("/webhooks", params={"limit": 2}).json()
    second = client.get(first["nextUrl"]).json()
    assert [one["id"] for one in (*first["webhooks"], *second["webhooks"])] == made
    assert second["nextUrl"] is None


def test_there_is_an_end_to_webhooks(hub: Hub, client: httpx.Client) -> None:
    for number in range(WEBHOOKS_MAX - 1):
        new = NewWebhook(dialect="thrive", name="x", url=f"{TARGET}/{number}", events=("content.completed",))
        hub.do(hub.ledger.webhooks.add(hub.tenant.id, new))
    create(client)
    answer = client.post("/webhooks", json={"targetUrl": TARGET + "/last", "events": ["user.created"]})
    assert (answer.status_code, codes(answer)) == (409, ["conflict"])


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"targetUrl": ...}, "targetUrl"),
        ({"targetUrl": None}, "targetUrl"),
        ({"targetUrl": 1}, "targetUrl"),
        ({"targetUrl": ""}, "targetUrl"),
        ({"targetUrl": "ftp://example.com"}, "targetUrl"),
        ({"targetUrl": "https://u:p@example.com/"}, "targetUrl"),
        ({"targetUrl": "https://@example.com/"}, "targetUrl"),
        ({"targetUrl": "http://[::1/"}, "targetUrl"),
        ({"targetUrl": "https://exämple.com/"}, "targetUrl"),
        ({"targetUrl": "https://example.com/a b"}, "targetUrl"),
        ({"targetUrl": "https://example.com/\n"}, "targetUrl"),
        ({"targetUrl": f"https://{'a' * 64}.com/"}, "targetUrl"),
        ({"targetUrl": "https://example..com/"}, "targetUrl"),
        ({"targetUrl": "https://example.com/" + "a" * 2000}, "targetUrl"),
        ({"targetUrl": "https://example.com/\0"}, "targetUrl"),
        ({"events": ...}, "events"),
        ({"events": []}, "events"),
        ({"events": "user.created"}, "events"),
        ({"events": ["user.created"] * 21}, "events"),
        ({"events": ["user.created", "user.deleted"]}, "events[1]"),
        ({"events": ["enrollment.created"]}, "events[0]"),
        ({"events": [None]}, "events[0]"),
        ({"sharedSecret": ""}, "sharedSecret"),
        ({"sharedSecret": "x" * 501}, "sharedSecret"),
        ({"sharedSecret": 1}, "sharedSecret"),
        ({"apiVersion": "2019-01-01"}, "apiVersion"),
        ({"apiVersion": 1}, "apiVersion"),
    ],
)
def test_what_is_wrong_with_a_webhook_is_named(client: httpx.Client, said: dict[str, Any], field: str) -> None:
    body: dict[str, Any] = {"targetUrl": TARGET, "events": ["user.created"]} | said
    answer = client.post("/webhooks", json={name: value for name, value in body.items() if value is not ...})
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])
    assert answer.json()["errors"][0]["message"].startswith(f"{field}: "), answer.text
    assert client.get("/webhooks").json()["webhooks"] == []


def test_every_wrong_event_is_named_at_once(client: httpx.Client) -> None:
    answer = client.post("/webhooks", json={"targetUrl": TARGET, "events": ["a", "b"], "apiVersion": "c"})
    assert codes(answer) == ["invalid_request"] * 3


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"targetUrl":"https://a.example","targetUrl":"x"}'])
def test_a_body_that_is_no_webhook_is_400(client: httpx.Client, body: str) -> None:
    answer = client.post("/webhooks", content=body, headers=JSON)
    assert (answer.status_code, set(codes(answer))) == (400, {"invalid_request"})


def test_a_body_of_another_kind_is_415(client: httpx.Client) -> None:
    assert client.post("/webhooks", content="targetUrl=x", headers={"content-type": "text/plain"}).status_code == 415


@pytest.mark.parametrize("query", ["limit=0", "limit=101", "limit=x", "cursor=x"])
def test_a_page_that_cannot_be_is_400(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/webhooks?{query}")
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])


@pytest.mark.parametrize("id", ["nothing", "f" * 24, "a%2Fb", "%E2%82%AC"])
def test_an_unknown_webhook_is_404(client: httpx.Client, id: str) -> None:
    for method in ("GET", "DELETE"):
        answer = client.request(method, f"/webhooks/{id}")
        assert (answer.status_code, codes(answer)) == (404, ["webhook_not_found"])


def test_a_webhook_of_another_tenant_or_dialect_is_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    theirs = create(other_hub.client("rise"))["id"]
    new = NewWebhook(dialect="thrive", name="x", url=TARGET, events=("content.completed",))
    thrive = to_ulid(hub.do(hub.ledger.webhooks.add(hub.tenant.id, new)).id, "webhook")
    for id in (theirs, thrive):
        for method in ("GET", "DELETE"):
            assert client.request(method, f"/webhooks/{id}").status_code == 404
    assert client.get("/webhooks").json()["webhooks"] == []
    assert other_hub.client("rise").get(f"/webhooks/{theirs}").status_code == 200


def test_webhooks_need_their_own_scope(hub: Hub, client: httpx.Client) -> None:
    made = create(client)
    key = hub.do(hub.ledger.clients.create(hub.tenant.id, "writer", scopes=frozenset({Scope.READ, Scope.WRITE})))
    with hub.client("rise", key) as writer:
        body = {"targetUrl": TARGET, "events": ["user.created"]}
        answers = [
            writer.post("/webhooks", json=body),
            writer.get("/webhooks"),
            writer.get(f"/webhooks/{made['id']}"),
            writer.delete(f"/webhooks/{made['id']}"),
        ]
    assert [(answer.status_code, codes(answer)) for answer in answers] == [(403, ["forbidden"])] * 4


def test_an_unknown_version_comes_before_a_bad_body(client: httpx.Client) -> None:
    answer = client.post("/webhooks", json={}, headers={"api-version": "1999-01-01"})
    assert codes(answer) == ["invalid_api_version"]
