"""Assignments: /v1/assignments."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24, to_ulid
from tests.dialects.api.problems import problem
from tests.hub import Hub

PATH = "/v1/assignments"
LEAST = {"audience": "ref:site-staff", "item": "ref:FIRE-101"}


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def create(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post(PATH, json={**LEAST, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"].endswith(f"/api{PATH}/{made['id']}")
    assert client.get(answer.headers["location"]).json() == made
    return made


def test_an_assignment_reads_back_with_every_setting(hub: Hub, client: httpx.Client) -> None:
    settings = {"hide_alternatives": True, "completion_period_days": 14, "recurrence_days": 365}
    made = create(client, alternatives=[to_hex24(hub.third_party)], **settings)
    said = {
        "item": to_ulid(hub.item, "item"),
        "alternatives": [to_ulid(hub.third_party, "item")],
        "is_active": True,
        **settings,
    }
    (version,) = made["versions"]
    assert made == said | {
        "id": made["id"],
        "audience": to_ulid(hub.audience, "audience"),
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "deleted_at": None,
        "versions": [
            said
            | {
                "number": 1,
                "effective_on": version["effective_on"],
                "recorded_at": made["created_at"],
                "acts_at": made["created_at"],
                "is_deleted": False,
            }
        ],
    }
    assert create(client)["completion_period_days"] == 30


def test_a_change_is_a_new_version_and_a_deletion_the_last(client: httpx.Client) -> None:
    made = create(client, recurrence_days=365, alternatives=["ref:LIFT/1 ä"])
    at = f"{PATH}/{made['id']}"
    tag = client.get(at).headers["etag"]
    changed = client.patch(at, json={"recurrence_days": None, "alternatives": None}, headers={"if-match": tag}).json()
    assert (changed["recurrence_days"], changed["alternatives"], changed["completion_period_days"]) == (None, [], 30)
    assert [version["recurrence_days"] for version in changed["versions"]] == [365, None]
    problem(client.patch(at, json={"item": "ref:FIRE-101"}, headers={"if-match": tag}), 412, "precondition_failed")
    assert len(client.patch(at, json={}).json()["versions"]) == 2
    assert client.delete(at).status_code == client.delete(at).status_code == 204
    deleted = client.get(at).json()
    assert deleted["deleted_at"] is not None
    assert deleted["versions"][-1]["is_deleted"]
    problem(client.patch(at, json={"hide_alternatives": True}), 409, "conflict")
    assert client.get(PATH).json()["data"] == []
    assert [row["id"] for row in client.get(PATH, params={"include_deleted": True}).json()["data"]] == [made["id"]]


def test_the_list_is_walked_by_cursors_and_filtered(hub: Hub, client: httpx.Client) -> None:
    made = [create(client), create(client, item="ref:LIFT/1 ä", alternatives=["ref:FIRE-101"]), create(client)]
    for one in made:
        del one["versions"]
    part = client.get(PATH, params={"limit": 2}).json()
    assert part["data"] == made[:2]
    assert client.get(PATH, params={"cursor": part["next"]}).json() == {"data": made[2:], "next": None}
    assert client.get(PATH, params={"item": to_ulid(hub.item, "item")}).json()["data"] == made
    assert client.get(PATH, params={"item": "ref:LIFT/1 ä"}).json()["data"] == made[1:2]
    assert client.get(PATH, params={"audience": "ref:site-staff", "limit": 1000}).json()["data"] == made
    assert client.get(PATH, params={"updated_after": "2999-01-01T00:00:00Z"}).json()["data"] == []
    for name, value in (("audience", "ref:no"), ("item", "ref:no"), ("limit", "0"), ("cursor", "x"), ("page", "1")):
        (fault,) = problem(client.get(PATH, params={name: value}), 422)["errors"]
        assert fault["parameter"] == name


@pytest.mark.parametrize("text", ["x", "ref:1", "asg_00000000000000000000000000", "aud_00000000000000000000000000"])
def test_an_assignment_that_is_not_there_is_404(client: httpx.Client, text: str) -> None:
    for method in ("GET", "PATCH", "DELETE"):
        answer = client.request(method, f"{PATH}/{text}", json={} if method == "PATCH" else None)
        (fault,) = problem(answer, 404, "assignment_not_found")["errors"]
        assert fault["code"] == "assignment_not_found"


def test_another_tenants_are_not_found(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    made = create(client)
    stranger = other_hub.client("api")
    problem(stranger.get(f"{PATH}/{made['id']}"), 404, "assignment_not_found")
    told = problem(stranger.post(PATH, json={**LEAST, "audience": made["audience"]}), 422, "audience_not_found")
    assert told["errors"][0]["pointer"] == "/audience"


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"audience": None}, "/audience"),
        ({"audience": "site-staff"}, "/audience"),
        ({"item": "ref:nothing"}, "/item"),
        ({"alternatives": ["ref:LIFT/1 ä", "ref:nothing"]}, "/alternatives/1"),
        ({"alternatives": ["ref:FIRE-101"]}, "/alternatives/0"),
        ({"alternatives": [5]}, "/alternatives/0"),
        ({"completion_period_days": 0}, "/completion_period_days"),
        ({"completion_period_days": 36_501}, "/completion_period_days"),
        ({"completion_period_days": 1.5}, "/completion_period_days"),
        ({"recurrence_days": -1}, "/recurrence_days"),
        ({"due_on": "2026-01-01"}, "/due_on"),
    ],
)
def test_a_wrong_body_is_refused_and_its_field_named(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    told = problem(client.post(PATH, json={**LEAST, **body}), 422)
    assert [fault["pointer"] for fault in told["errors"]] == [pointer]
