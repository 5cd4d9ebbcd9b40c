"""The change feed: /v1/feed."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import httpx
import pytest

from testamur.core.callers import Scope
from testamur.core.ids import to_ulid
from testamur.core.people import Reference
from testamur.core.webhooks import NewWebhook
from testamur.ledger.feed import WAITING_MAX
from testamur.storage.database import DatabaseUrls
from tests import plain
from tests.dialects.api.problems import problem
from tests.hub import Hub, Server
from tests.waiting import eventually

PATH = "/v1/feed"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def feed(client: httpx.Client, **params: Any) -> dict[str, Any]:
    answer = client.get(PATH, params=params)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def rename(client: httpx.Client, name: str) -> None:
    assert client.patch("/v1/people/ref:00123", json={"given_name": name}).status_code == 200


def test_a_change_is_told_with_who_what_and_when(hub: Hub, client: httpx.Client) -> None:
    before = feed(client, limit=1000)["last"]
    rename(client, "Augusta")
    answer = client.get(PATH, params={"after": before, "limit": 5})
    person = to_ulid(hub.person, "person")
    told = answer.json()
    assert told == {
        "data": [
            {
                "number": before + 1,
                "kind": "person.changed",
                "subject": {"kind": "person", "id": person, "url": f"{hub.server.url}/api/v1/people/{person}"},
                "client": to_ulid(hub.key.client, "client"),
                "recorded_at": told["data"][0]["recorded_at"],
                "data": {"given_name": "Augusta"},
            }
        ],
        "next": before + 1,
        "last": before + 1,
    }
    assert answer.headers["link"] == f'<{hub.server.url}/api{PATH}?after={before + 1}&limit=5>; rel="next"'
    assert answer.headers["cache-control"] == "no-store"
    assert client.get(told["data"][0]["subject"]["url"]).json()["given_name"] == "Augusta"


def test_following_next_tells_every_change_once_and_in_order(client: httpx.Client) -> None:
    for name in ("A", "B", "C"):
        rename(client, name)
    whole = feed(client, limit=1000)
    numbers = [entry["number"] for entry in whole["data"]]
    assert numbers == list(range(1, whole["last"] + 1))
    after, seen = 0, []
    while part := feed(client, after=after, limit=3)["data"]:
        assert len(part) <= 3
        seen += part
        after = part[-1]["number"]
    assert seen == whole["data"]


def test_at_the_end_there_is_nothing_and_the_same_place_to_go_on(client: httpx.Client) -> None:
    last = feed(client)["last"]
    assert feed(client, after=last) == {"data": [], "next": last, "last": last}


def test_who_waits_is_told_as_soon_as_something_is_recorded(hub: Hub, client: httpx.Client) -> None:
    last = feed(client)["last"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(feed, client, after=last, wait=30)
        eventually(lambda: hub.ledger.feed._waiting.get(hub.tenant.id))
        rename(hub.client("api"), "Augusta")
        assert [entry["kind"] for entry in waiting.result(20)["data"]] == ["person.changed"]
    assert hub.tenant.id not in hub.ledger.feed._waiting


def test_one_connection_waits_again_and_again(hub: Hub, client: httpx.Client) -> None:
    after = feed(client)["last"]
    other = hub.client("api")
    with ThreadPoolExecutor() as pool:
        for name in ("Augusta", "Byron", "Ada"):
            waiting = pool.submit(feed, client, after=after, wait=30)
            eventually(partial(hub.ledger.feed._waiting.get, hub.tenant.id))
            rename(other, name)
            (told,) = waiting.result(20)["data"]
            assert told["data"] == {"given_name": name}
            after = told["number"]


def test_a_server_that_stops_lets_nobody_wait(urls: DatabaseUrls) -> None:
    with ThreadPoolExecutor() as pool:
        with Server.start(urls, delivers_webhooks=False) as server, server.new_hub() as hub:
            client = hub.client("api")
            client.timeout = httpx.Timeout(20)
            last = feed(client)["last"]
            waiting = pool.submit(feed, client, after=last, wait=30)
            eventually(lambda: hub.ledger.feed._waiting.get(hub.tenant.id))
            hub.clients.clear()
        assert waiting.result() == {"data": [], "next": last, "last": last}
        client.close()


def test_who_waits_in_vain_is_told_so_when_the_time_is_over(client: httpx.Client, other_hub: Hub) -> None:
    last = feed(client)["last"]
    with ThreadPoolExecutor() as pool:
        waiting = pool.submit(feed, client, after=last, wait=1)
        rename(other_hub.client("api"), "Elsewhere")
        assert waiting.result() == {"data": [], "next": last, "last": last}


def test_many_who_wait_hold_no_connection_and_too_many_are_sent_away(hub: Hub) -> None:
    """The server of the tests has ten connections."""
    client = hub.client("api")
    last = feed(client)["last"]
    limits = httpx.Limits(max_connections=WAITING_MAX + 10)
    headers = dict(client.headers)
    with (
        plain.Client(base_url=client.base_url, headers=headers, limits=limits) as many,
        ThreadPoolExecutor(WAITING_MAX) as pool,
    ):
        waiting = [pool.submit(feed, many, after=last, wait=30) for _ in range(WAITING_MAX)]
        eventually(lambda: len(hub.ledger.feed._waiting.get(hub.tenant.id, ())) == WAITING_MAX)
        refused = client.get(PATH, params={"after": last, "wait": 30})
        problem(refused, 429, "rate_limited")
        assert refused.headers["retry-after"] == "1"
        rename(client, "Augusta")
        assert {one.result(30)["next"] for one in waiting} == {last + 1}


def test_who_hangs_up_waits_no_more(hub: Hub, client: httpx.Client) -> None:
    last = feed(client)["last"]
    with pytest.raises(httpx.ReadTimeout):
        client.get(PATH, params={"after": last, "wait": 30}, timeout=0.5)
    eventually(lambda: hub.tenant.id not in hub.ledger.feed._waiting)


def test_a_number_this_ledger_has_not_come_to_is_refused(client: httpx.Client) -> None:
    """A database put back to an older state would otherwise leave changes out without a word."""
    last = feed(client)["last"]
    (fault,) = problem(client.get(PATH, params={"after": last + 1, "wait": 30}), 422, "invalid")["errors"]
    assert (fault["parameter"], fault["code"]) == ("after", "range")


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("after", "-1"),
        ("after", "soon"),
        ("after", "9" * 30),
        ("limit", "0"),
        ("limit", "1001"),
        ("wait", "31"),
        ("wait", "-1"),
        ("cursor", "x"),
        ("after", "\0"),
    ],
)
def test_a_wrong_parameter_is_named(client: httpx.Client, name: str, value: str) -> None:
    (fault,) = problem(client.get(PATH, params={name: value}), 422, "invalid")["errors"]
    assert fault["parameter"] == name


def test_large_entries_come_in_smaller_parts(hub: Hub, client: httpx.Client) -> None:
    last = feed(client)["last"]
    for place in range(7):
        changed = client.patch("/v1/people/ref:00123", json={"attributes": {"note": str(place) * 900_000}})
        assert changed.status_code == 200, changed.text
    first = feed(client, after=last)
    assert 1 <= len(first["data"]) < 7
    second = feed(client, after=first["next"])
    assert [entry["number"] for entry in (*first["data"], *second["data"])] == list(range(last + 1, last + 8))


def test_somebody_forgotten_leaves_only_that_something_changed(hub: Hub, client: httpx.Client) -> None:
    rename(client, "Augusta")
    assert client.delete("/v1/people/ref:00123").status_code == 204
    person = to_ulid(hub.person, "person")
    told = [entry for entry in feed(client, limit=1000)["data"] if entry["subject"]["id"] == person]
    kinds = {entry["kind"]: entry["data"] for entry in told}
    assert kinds["person.added"] is None
    assert kinds["person.changed"] is None
    assert "Augusta" not in client.get(PATH, params={"limit": 1000}).text


def test_where_webhooks_are_aimed_is_told_to_those_who_may_see_webhooks(hub: Hub, client: httpx.Client) -> None:
    new = NewWebhook(dialect="api", name="x", url="https://example.com/secret", events=("person.added",))
    hub.do(hub.ledger.webhooks.add(hub.tenant.id, new))
    (told,) = [entry for entry in feed(client, limit=1000)["data"] if entry["kind"] == "webhook.added"]
    assert told["data"]["url"] == "https://example.com/secret"
    reader = hub.do(hub.ledger.clients.create(hub.tenant.id, "r", scopes=frozenset({Scope.READ})))
    told = feed(hub.client("api", reader), limit=1000)
    (hidden,) = [entry for entry in told["data"] if entry["kind"] == "webhook.added"]
    assert hidden["data"] is None
    assert [entry["number"] for entry in told["data"]] == list(range(1, told["last"] + 1))


def test_another_tenant_sees_its_own_changes_only(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    rename(client, "Augusta")
    theirs = feed(other_hub.client("api"), limit=1000)
    assert "Augusta" not in str(theirs)
    assert to_ulid(hub.person, "person") not in str(theirs)


def test_every_subject_with_an_address_can_be_read(hub: Hub, client: httpx.Client) -> None:
    hub.do(hub.ledger.people.suspend(hub.caller, Reference("00124", ("ref",)), None))
    assert client.patch("/v1/settings", json={"reentry_days": 9}).status_code == 200
    told = feed(client, limit=1000)["data"]
    places = {entry["subject"]["url"] for entry in told}
    assert {client.get(place).status_code for place in places if place} == {200}
    assert f"{hub.server.url}/api/v1/settings" in places


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_it_is_only_read(client: httpx.Client, method: str) -> None:
    problem(client.request(method, PATH), 405, "method_not_allowed")


def test_a_key_without_reading_is_refused(hub: Hub) -> None:
    key = hub.do(hub.ledger.clients.create(hub.tenant.id, "w", scopes=frozenset({Scope.WRITE})))
    problem(hub.client("api", key).get(PATH), 403, "forbidden")
