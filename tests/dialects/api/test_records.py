"""Records: /v1/records."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24, to_ulid
from testamur.core.moments import format_instant
from tests.dialects.api.problems import problem
from tests.hub import Hub, moment

PATH = "/v1/records"
LEAST = {"person": "ref:00123", "item": "ref:FIRE-101"}


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def create(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post(PATH, json={**LEAST, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"].endswith(f"/api{PATH}/{made['id']}")
    return made


def test_a_record_reads_back_with_its_facts_and_who_told_us(hub: Hub, client: httpx.Client) -> None:
    at = format_instant(moment())
    content = {
        "completed_at": at,
        "started_at": "2023-01-01T09:00:00.000Z",
        "expires_at": "2030-01-01T00:00:00.000Z",
        "passed": True,
        "score_percent": 87.5,
        "score_text": "35 / 40",
        "time_spent": "PT45M",
        "certificate": "https://example.com/c/1",
        "is_prior": True,
    }
    body = {**LEAST, **content, "key": "k-1"}
    answer = client.post(PATH, content=json.dumps(body), headers={"content-type": "application/json"})
    made = answer.json()
    assert answer.status_code == 201
    assert made == content | {
        "id": made["id"],
        "person": to_ulid(hub.person, "person"),
        "item": to_ulid(hub.item, "item"),
        "item_version": 1,
        "title": "Fire safety",
        "provider": "Testamur Academy",
        "source": "api",
        "key": "k-1",
        "revision": 1,
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "voided_at": None,
    }
    again = client.post(PATH, content=json.dumps(body), headers={"content-type": "application/json"})
    assert (again.status_code, again.json()) == (200, made)
    whole = client.get(answer.headers["location"]).json()
    (revision,), (report,) = whole.pop("revisions"), whole.pop("reports")
    assert whole == made | {"extra": {}}
    assert revision == content | {
        "number": 1,
        "item_version": 1,
        "recorded_at": made["created_at"],
        "ended_at": None,
        "ended_as": None,
    }
    assert report == {
        "dialect": "api",
        "client": to_ulid(hub.key.client, "client"),
        "method": "POST",
        "path": PATH,
        "body": json.dumps(body),
        "repeats": 2,
        "first_at": made["created_at"],
        "last_at": report["last_at"],
    }


def test_a_bare_day_stays_a_day_and_no_time_is_a_plan(client: httpx.Client) -> None:
    assert create(client, completed_at="2024-02-29")["completed_at"] == "2024-02-29"
    assert create(client)["completed_at"] is None


def test_learning_outside_of_the_catalogue_has_a_title(client: httpx.Client) -> None:
    answer = client.post(
        PATH, json={"person": "ref:00123", "title": "Welding", "provider": "College", "completed_at": "2024-03-01"}
    )
    assert answer.status_code == 201
    assert (answer.json()["title"], answer.json()["provider"]) == ("Welding", "College")
    outside = client.get("/v1/items", params={"kind": "outside"}).json()["data"]
    assert [item["id"] for item in outside] == [answer.json()["item"]]


def test_a_key_with_other_content_is_409(client: httpx.Client) -> None:
    create(client, key="k", completed_at="2024-03-01")
    problem(client.post(PATH, json={**LEAST, "key": "k", "completed_at": "2024-03-02"}), 409, "key_reused")


def test_a_voided_record_stays_readable(client: httpx.Client) -> None:
    made = create(client, completed_at="2024-03-01")
    at = f"{PATH}/{made['id']}"
    assert client.delete(at).status_code == 204
    voided = client.get(at).json()
    assert voided["voided_at"] is not None
    assert [(one["ended_as"], one["ended_at"]) for one in voided["revisions"]] == [("voided", voided["voided_at"])]
    problem(client.delete(at), 404, "completion_not_found")
    assert client.get(PATH).json()["data"] == []
    assert create(client, completed_at="2024-03-01")["id"] != made["id"]


def test_a_correction_of_another_source_shows_both_facts(hub: Hub, client: httpx.Client) -> None:
    path = f"/courses/{to_hex24(hub.item)}/users/{to_hex24(hub.person)}/completions"
    with hub.client("rise") as rise:
        for day in ("2024-01-02", "2024-01-03"):
            assert rise.post(path, json={"startedAt": "2024-01-01", "completedAt": day}).status_code == 202
    (row,) = client.get(PATH).json()["data"]
    whole = client.get(f"{PATH}/{row['id']}").json()
    assert [one["ended_as"] for one in whole["revisions"]] == ["superseded", None]
    assert [report["dialect"] for report in whole["reports"]] == ["rise", "rise"]
    assert (row["revision"], row["source"]) == (2, "rise")


def test_the_list_is_walked_by_cursors_and_filtered(hub: Hub, client: httpx.Client) -> None:
    made = [create(client, completed_at=format_instant(moment())) for _ in range(2)]
    made.append(create(client, person="ref:00124", item="ref:LIFT/1 ä"))
    part = client.get(PATH, params={"limit": 2}).json()
    assert part["data"] == made[:2]
    assert client.get(PATH, params={"cursor": part["next"]}).json() == {"data": made[2:], "next": None}
    filters: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
        ({"person": "ref:00123"}, made[:2]),
        ({"item": "ref:LIFT/1 ä"}, made[2:]),
        ({"item": to_ulid(hub.item, "item"), "person": "email:zoe@example.com"}, []),
        ({"item": to_ulid(hub.item, "item"), "person": "ref:00123", "limit": 1000}, made[:2]),
        ({"updated_after": "2999-01-01T00:00:00Z"}, []),
    ]
    for params, wanted in filters:
        assert client.get(PATH, params=params).json() == {"data": wanted, "next": None}
    for name, value in (("person", "ref:no"), ("item", "x"), ("limit", "1001"), ("cursor", "x"), ("source", "rise")):
        (fault,) = problem(client.get(PATH, params={name: value}), 422)["errors"]
        assert fault["parameter"] == name


@pytest.mark.parametrize("text", ["x", "ref:1", "rec_00000000000000000000000000", "per_00000000000000000000000000"])
def test_a_record_that_is_not_there_is_404(client: httpx.Client, text: str) -> None:
    for method in ("GET", "DELETE"):
        problem(client.request(method, f"{PATH}/{text}"), 404, "completion_not_found")


def test_another_tenants_record_is_404(other_hub: Hub, client: httpx.Client) -> None:
    made = create(client)
    for method in ("GET", "DELETE"):
        answer = other_hub.client("api").request(method, f"{PATH}/{made['id'].lower()}")
        problem(answer, 404, "completion_not_found")
    assert client.get(f"{PATH}/{made['id'].lower()}").status_code == 200


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"person": None}, "/person"),
        ({"person": "ref:nobody"}, "/person"),
        ({"person": "00123"}, "/person"),
        ({"item": "ref:nothing"}, "/item"),
        ({"item": None}, "/item"),
        ({"title": "Both"}, "/item"),
        ({"provider": "Somebody"}, "/provider"),
        ({"item": None, "title": " "}, "/title"),
        ({"completed_at": "2024-02-30"}, "/completed_at"),
        ({"completed_at": "2024-02-03T09:00:00"}, "/completed_at"),
        ({"completed_at": "2998-01-01"}, "/completed_at"),
        ({"completed_at": "2024-01-01", "started_at": "2024-01-05T00:00:00Z"}, "/started_at"),
        ({"expires_at": "2030-01-01"}, "/expires_at"),
        ({"score_percent": 101}, "/score_percent"),
        ({"score_percent": "90"}, "/score_percent"),
        ({"time_spent": "45 minutes"}, "/time_spent"),
        ({"key": ""}, "/key"),
        ({"certificate": "a\0b"}, "/certificate"),
        ({"source": "rise"}, "/source"),
    ],
)
def test_a_wrong_body_is_refused_and_its_field_named(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    told = problem(client.post(PATH, json={**LEAST, **body}), 422)
    assert [fault["pointer"] for fault in told["errors"]] == [pointer]
    assert client.get(PATH).json()["data"] == []


def test_a_completion_a_little_ahead_is_taken(hub: Hub, client: httpx.Client) -> None:
    create(client, completed_at=format_instant(hub.ledger.now() + timedelta(hours=23)))
