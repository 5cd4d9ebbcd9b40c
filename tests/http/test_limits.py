"""How much one client may ask."""

from __future__ import annotations

import pytest

from testamur.core.ids import new_id
from testamur.http.errors import RateLimited
from testamur.http.limits import Places, RateLimiter
from testamur.storage.database import DatabaseUrls
from tests import plain
from tests.hub import Server


def test_a_window_holds_so_many_and_no_more() -> None:
    now = 0.0
    limiter = RateLimiter(2, clock=lambda: now)
    one, other = new_id(), new_id()
    limiter.take(one)
    limiter.take(one)
    limiter.take(other)
    with pytest.raises(RateLimited) as raised:
        limiter.take(one)
    assert raised.value.retry_after_seconds == 60
    now = 61.0
    limiter.take(one)


def test_a_limit_is_answered_with_429_and_when_to_come_back(urls: DatabaseUrls) -> None:
    with Server.start(urls, rate_limit_per_minute=3) as server, server.new_hub() as hub:
        client = hub.client("thrive")
        answers = [client.get("/rest/v1/assignments") for _ in range(8)]  # the minute may turn once among them
        refused = [answer for answer in answers if answer.status_code == 429]
        assert refused
        assert refused[0].json()["error"] == "Too Many Requests"
        assert 1 <= int(refused[0].headers["retry-after"]) <= 60


def test_a_dialect_answers_at_the_root_of_its_own_host(urls: DatabaseUrls) -> None:
    with Server.start(urls, hosts="thrive=thrive.example.org") as server, server.new_hub() as hub:
        auth = (hub.tenant.slug, hub.key.secret)
        headers = {"host": "thrive.example.org:8700"}
        answer = plain.get(f"{server.url}/rest/v1/assignments", auth=auth, headers=headers)
        assert (answer.status_code, answer.json()) == (200, [])
        assert plain.get(f"{server.url}/rest/v1/assignments", auth=auth).status_code == 404
        made = plain.get(f"{server.url}/openapi.json", headers=headers).json()
        assert made["servers"] == [{"url": "http://thrive.example.org:8700"}]


def test_places_are_counted_for_each_client_and_given_back() -> None:
    places, ada, zoe = Places(2), new_id(), new_id()
    for _ in range(2):
        places.take(ada)
    with pytest.raises(RateLimited):
        places.take(ada)
    places.take(zoe)
    places.give(ada)
    places.take(ada)
    with pytest.raises(RateLimited):
        places.take(ada)
