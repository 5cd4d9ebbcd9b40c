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
    settings = {
        "hide_alternatives": True,
        "completion_period_days": 14,
        "recurrence_days": 365,
        "renewal_window_days": 60,
        "renewal_grace_days": 7,
        "anchor": "calendar",
        "calendar_days": ["02-29", "12-31"],
        "minimum_credit_days": 90,
        "prior_credit": "any",
        "has_notice_floor": False,
        "zone": "Asia/Tokyo",
    }
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
                "applies_to_open": False,
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


@pytest.mark.parametrize("verb", ["pause", "resume"])
def test_a_pause_may_ask_that_nobody_changed_anything_meanwhile(client: httpx.Client, verb: str) -> None:
    at = f"{PATH}/{create(client)['id']}"
    if verb == "resume":
        client.post(f"{at}/pause")
    before = client.get(at)
    seen = {"if-match": before.headers["etag"]}
    client.patch(at, json={"completion_period_days": 40})
    problem(client.post(f"{at}/{verb}", headers=seen), 412, "precondition_failed")
    assert client.get(at).json()["is_active"] == (verb == "pause")
    problem(client.post(f"{at}/{verb}", headers={"if-match": '"nothing we made"'}), 412, "precondition_failed")
    now = client.get(at).headers["etag"]
    done = client.post(f"{at}/{verb}", headers={"if-match": f'"0", {now}'})
    assert (done.status_code, done.json()["is_active"]) == (200, verb == "resume")
    assert done.headers["etag"] == client.get(at).headers["etag"] != now


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


def test_every_setting_of_renewal_is_changed_and_null_clears(client: httpx.Client) -> None:
    made = create(client, recurrence_days=365)
    at = f"{PATH}/{made['id']}"
    wanted = {
        "renewal_window_days": 30,
        "renewal_grace_days": 3,
        "anchor": "calendar",
        "calendar_days": ["12-31"],
        "minimum_credit_days": 60,
        "prior_credit": "none",
        "has_notice_floor": False,
        "zone": "Europe/Berlin",
    }
    changed = client.patch(at, json={**wanted, "applies_to_open": True}).json()
    assert {name: changed[name] for name in wanted} == wanted
    assert [version["applies_to_open"] for version in changed["versions"]] == [False, True]
    nothing = {"renewal_grace_days": None, "minimum_credit_days": None, "zone": None, "calendar_days": None}
    told = client.patch(at, json={**nothing, "anchor": "expiry"}).json()
    assert {name: told[name] for name in nothing} == {**nothing, "calendar_days": []}
    (fault,) = problem(client.patch(at, json={"anchor": "calendar"}), 422)["errors"]
    assert fault["pointer"] == "/calendar_days"
    problem(client.patch(at, json={"anchor": None}), 422)


def test_a_paused_assignment_asks_nothing_until_it_is_resumed(hub: Hub, client: httpx.Client) -> None:
    made = create(client)
    at = f"{PATH}/{made['id']}"
    paused = client.post(f"{at}/pause")
    assert (paused.status_code, paused.json()["is_active"]) == (200, False)
    assert client.get(at).headers["etag"] == paused.headers["etag"]
    assert len(client.post(f"{at}/pause").json()["versions"]) == 2
    resumed = client.post(f"{at}/resume").json()
    assert [version["is_active"] for version in resumed["versions"]] == [True, False, True]
    client.delete(at)
    for verb in ("pause", "resume"):
        problem(client.post(f"{at}/{verb}"), 409, "conflict")
        problem(client.post(f"{PATH}/x/{verb}"), 404, "assignment_not_found")
        problem(hub.client("api", hub.reader).post(f"{at}/{verb}"), 403, "forbidden")


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
        ({"renewal_window_days": 30, "recurrence_days": 30}, "/renewal_window_days"),
        ({"renewal_window_days": -1}, "/renewal_window_days"),
        ({"renewal_grace_days": 36_501}, "/renewal_grace_days"),
        ({"minimum_credit_days": 5, "renewal_window_days": 5}, "/minimum_credit_days"),
        ({"anchor": "calendar"}, "/calendar_days"),
        ({"anchor": "birthday"}, "/anchor"),
        ({"calendar_days": ["12-31", "02-30"]}, "/calendar_days/1"),
        ({"calendar_days": ["31 Dec"]}, "/calendar_days/0"),
        ({"prior_credit": True}, "/prior_credit"),
        ({"zone": "Mars/Olympus"}, "/zone"),
        ({"zone": "\0"}, "/zone"),
        ({"applies_to_open": True}, "/applies_to_open"),
    ],
)
def test_a_wrong_body_is_refused_and_its_field_named(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    told = problem(client.post(PATH, json={**LEAST, **body}), 422)
    assert [fault["pointer"] for fault in told["errors"]] == [pointer]
