"""Audiences and their members: /v1/audiences."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import httpx
import pytest

from testamur.core.audiences import NewAudience
from testamur.core.ids import to_ulid, to_uuid
from tests.dialects.api.problems import problem
from tests.hub import Hub

PATH = "/v1/audiences"
STAFF = f"{PATH}/ref:site-staff"
MEMBERS = f"{STAFF}/members"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def create(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"].endswith(f"/api{PATH}/{made['id']}")
    assert client.get(answer.headers["location"]).json() == made
    return made


def test_an_audience_reads_back_as_it_was_made(client: httpx.Client) -> None:
    sites = create(client, name="Sites", category="structure", ref="sites")
    leeds = create(client, name="Leeds", parent="ref:sites")
    assert sites == {
        "id": sites["id"],
        "name": "Sites",
        "category": "structure",
        "ref": "sites",
        "parent": None,
        "is_api_controlled": True,
        "is_smart": False,
        "created_at": sites["created_at"],
        "updated_at": sites["created_at"],
    }
    assert (leeds["parent"], leeds["ref"], leeds["category"]) == (sites["id"], None, "audience")
    assert client.get(PATH, params={"parent": sites["id"]}).json() == {"data": [leeds], "next": None}
    assert client.get(PATH, params={"category": "structure"}).json()["data"] == [sites]
    assert client.get(PATH, params={"identifier": "ref:sites"}).json()["data"] == [sites]
    assert client.get(PATH, params={"identifier": "ref:nothing"}).json()["data"] == []
    part = client.get(PATH, params={"limit": 2}).json()
    assert len(part["data"]) == 2
    assert client.get(PATH, params={"limit": 2, "cursor": part["next"]}).json() == {"data": [leeds], "next": None}


def test_a_change_keeps_what_it_leaves_out_and_null_clears(client: httpx.Client) -> None:
    create(client, name="Sites", category="structure", ref="sites")
    before = create(client, name="Leeds", ref="leeds", parent="ref:sites")
    at = f"{PATH}/{before['id']}"
    tag = client.get(at).headers["etag"]
    named = client.patch(at, json={"name": "York"}, headers={"if-match": tag}).json()
    assert named == before | {"name": "York", "updated_at": named["updated_at"]}
    problem(client.patch(at, json={"name": "Hull"}, headers={"if-match": tag}), 412, "precondition_failed")
    bare = client.patch(at, json={"ref": None, "parent": None}).json()
    assert (bare["name"], bare["ref"], bare["parent"]) == ("York", None, None)
    assert client.patch(at, json={"ref": "york", "parent": "ref:sites"}).json()["parent"] == before["parent"]
    problem(client.delete(f"{PATH}/ref:sites"), 409, "conflict")
    assert client.delete(at).status_code == 204
    problem(client.get(at), 404, "audience_not_found")
    assert client.delete(f"{PATH}/ref:sites").status_code == 204


def test_what_people_govern_here_is_409(hub: Hub, client: httpx.Client) -> None:
    hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name="Ours", reference="ours", is_api_controlled=False)))
    problem(client.patch(f"{PATH}/ref:ours", json={"name": "Theirs"}), 409, "conflict")
    problem(client.put(f"{PATH}/ref:ours/members/ref:00123"), 409, "conflict")


@pytest.mark.parametrize(
    "text", ["site-staff", "ref:nothing", "email:site-staff", "aud_00000000000000000000000000", "itm_0"]
)
def test_an_audience_that_is_not_there_is_404(client: httpx.Client, text: str) -> None:
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("DELETE", ""),
        ("GET", "/members"),
        ("PUT", "/members/ref:00123"),
        ("DELETE", "/members/ref:00123"),
    ):
        answer = client.request(method, f"{PATH}/{text}{path}", json={} if method == "PATCH" else None)
        (fault,) = problem(answer, 404, "audience_not_found")["errors"]
        assert "audience" in fault.values()


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/name"),
        ({"name": ""}, "/name"),
        ({"name": " x"}, "/name"),
        ({"name": "x" * 101}, "/name"),
        ({"name": "x", "ref": "r\0"}, "/ref"),
        ({"name": "x", "ref": "site-staff"}, "/ref"),
        ({"name": "x", "category": "team"}, "/category"),
        ({"name": "x", "parent": "ref:nothing"}, "/parent"),
        ({"name": "x", "parent": "nothing"}, "/parent"),
        ({"name": "x", "parent": "ref:site-staff"}, "/parent"),
        ({"name": "x", "is_smart": True}, "/is_smart"),
    ],
)
def test_a_wrong_body_is_refused_and_its_field_named(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    answer = client.post(PATH, json=body)
    told = problem(answer, 409 if "identifier_taken" in answer.text else 422)
    assert [fault["pointer"] for fault in told["errors"]] == [pointer]


def test_members_come_and_go_on_effective_days(hub: Hub, client: httpx.Client) -> None:
    ada, zoe = to_ulid(hub.person, "person"), to_ulid(hub.other_person, "person")
    joined = client.put(f"{MEMBERS}/ref:00124", json={"joined_on": "2025-03-01"})
    assert joined.status_code == 201
    assert joined.json() == {
        "person": zoe,
        "ref": "00124",
        "email": "zoe@example.com",
        "joined_on": "2025-03-01",
        "left_on": None,
        "joined_recorded_at": joined.json()["joined_recorded_at"],
        "left_recorded_at": None,
    }
    again = client.put(f"{MEMBERS}/{zoe}", json={"joined_on": "2025-02-01"})
    assert (again.status_code, again.json()) == (200, joined.json())
    assert [row["person"] for row in client.get(MEMBERS).json()["data"]] == [ada, zoe]
    assert client.delete(f"{MEMBERS}/email:zoe@example.com", params={"left_on": "2025-04-01"}).status_code == 204
    problem(client.delete(f"{MEMBERS}/{zoe}"), 404, "person_not_found")
    assert [row["person"] for row in client.get(MEMBERS).json()["data"]] == [ada]
    (fault,) = problem(client.put(f"{MEMBERS}/{zoe}", json={"joined_on": "2025-03-31"}), 422)["errors"]
    assert fault["pointer"] == "/joined_on"
    assert client.put(f"{MEMBERS}/{zoe}", json={"joined_on": "2025-04-01"}).status_code == 201
    params: dict[str, Any] = {"include_ended": True, "limit": 1}
    spans: list[dict[str, Any]] = []
    while True:
        part = client.get(MEMBERS, params=params).json()
        spans += part["data"]
        if part["next"] is None:
            break
        params["cursor"] = part["next"]
    assert [(span["person"], span["joined_on"], span["left_on"]) for span in spans] == [
        (ada, "2025-01-10", None),
        (zoe, "2025-03-01", "2025-04-01"),
        (zoe, "2025-04-01", None),
    ]
    hers = client.get(MEMBERS, params={"include_ended": True, "person": "ref:00124"}).json()["data"]
    assert hers == spans[1:]
    assert client.put(f"{MEMBERS}/{ada}").status_code == 200
    assert client.delete(f"{MEMBERS}/{ada}").status_code == 204


def test_days_that_cannot_be_are_422(hub: Hub, client: httpx.Client) -> None:
    ahead = (hub.ledger.now() + timedelta(days=2)).date()
    for day in ("2025-1-1", "20250101", "2025-02-30", "2025-W01-1", str(ahead), "2025-01-09"):
        (fault,) = problem(client.delete(f"{MEMBERS}/ref:00123", params={"left_on": day}), 422)["errors"]
        assert fault["parameter"] == "left_on"
    assert client.get(MEMBERS).json()["data"][0]["person"] == to_ulid(hub.person, "person")
    (fault,) = problem(client.put(f"{MEMBERS}/ref:00124", json={"joined_on": "today"}), 422)["errors"]
    assert fault["pointer"] == "/joined_on"
    (fault,) = problem(client.get(MEMBERS, params={"person": "ref:nobody"}), 422)["errors"]
    assert fault["parameter"] == "person"
    problem(client.put(f"{MEMBERS}/ref:nobody"), 404, "person_not_found")


def test_another_tenants_people_and_audiences_are_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    problem(client.put(f"{MEMBERS}/{to_uuid(other_hub.person)}"), 404, "person_not_found")
    problem(client.get(f"{PATH}/{to_uuid(other_hub.audience)}/members"), 404, "audience_not_found")
