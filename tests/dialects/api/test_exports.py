"""Facts as lines: /v1/exports."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

from testamur.core.ids import to_ulid, to_uuid
from testamur.dialects.api.operations import exports
from tests.dialects.api.problems import problem
from tests.hub import Hub

FACTS, ENDINGS = "/v1/exports/facts", "/v1/exports/endings"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def record(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post("/v1/records", json={"person": "ref:00123", "item": "ref:FIRE-101", **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def lines(client: httpx.Client, path: str = FACTS, **params: Any) -> list[dict[str, Any]]:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    return [json.loads(line) for line in answer.text.splitlines()]


def test_a_fact_and_its_ending_are_lines(hub: Hub, client: httpx.Client) -> None:
    made = record(client, completed_at="2024-02-01", score_percent=50, key="k")
    assert client.delete(f"/v1/records/{made['id']}").status_code == 204
    answer = client.get(FACTS)
    assert answer.headers["content-type"] == "application/x-ndjson"
    last = client.get("/v1/feed", params={"limit": 1}).json()["last"]
    assert answer.headers["testamur-last"] == str(last)
    (fact,) = lines(client)
    assert to_ulid(hub.person, "person") == made["person"]
    assert fact == {
        "fact": fact["record"],
        "record": fact["record"],
        "revision": 1,
        "entry": last - 1,
        "person": to_uuid(hub.person),
        "item": to_uuid(hub.item),
        "item_version": 1,
        "completed_at": "2024-02-01T00:00:00.000Z",
        "completed_by_day": True,
        "completed_on": "2024-02-01",
        "started_at": None,
        "expires_at": None,
        "passed": None,
        "score_percent": 50,
        "score_text": None,
        "time_spent": None,
        "certificate": None,
        "is_prior": False,
        "source": "api",
        "source_id": "k",
        "application": None,
        "recorded_at": made["created_at"],
        "extra": None,
    }
    (ending,) = lines(client, ENDINGS)
    assert ending == {
        "fact": fact["fact"],
        "record": fact["record"],
        "entry": last,
        "ended_as": "voided",
        "client": to_uuid(hub.key.client),
        "recorded_at": ending["recorded_at"],
    }
    assert lines(client, after=last) == []
    assert client.get(f"/v1/records/{fact['record']}").json()["id"] == made["id"]


def test_slices_make_one_answer(client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    for day in range(1, 10):
        record(client, completed_at=f"2024-02-0{day}")
    monkeypatch.setattr(exports, "_AT_ONCE", 2)
    told = lines(client)
    assert [line["completed_on"] for line in told] == [f"2024-02-0{day}" for day in range(1, 10)]
    assert [line["entry"] for line in lines(client, after=told[4]["entry"])] == [line["entry"] for line in told[5:]]


def test_head_says_how_far_it_goes(client: httpx.Client) -> None:
    record(client)
    answer = client.head(FACTS)
    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["testamur-last"] == client.get(FACTS).headers["testamur-last"]


@pytest.mark.parametrize("path", [FACTS, ENDINGS])
@pytest.mark.parametrize("value", ["-1", "x", "1" * 18])
def test_a_wrong_place_is_named(client: httpx.Client, path: str, value: str) -> None:
    (fault,) = problem(client.get(path, params={"after": value}), 422, "invalid")["errors"]
    assert fault["parameter"] == "after"


def test_another_tenant_gets_its_own(client: httpx.Client, other_hub: Hub) -> None:
    record(client, completed_at="2024-02-01")
    assert lines(other_hub.client("api")) == []
