"""Sessions: the door for time spent in items and for quiz attempts."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24, to_ulid
from testamur.core.moments import format_instant
from tests.dialects.api.problems import problem
from tests.hub import Hub

SESSIONS = "/v1/sessions"
SAID: dict[str, Any] = {
    "key": "attempt-1",
    "person": "ref:00123",
    "item": "ref:FIRE-101",
    "started_at": "2025-03-01T09:00:00+01:00",
    "duration_seconds": 1800.25,
    "lessons_completed": 3,
    "quiz": {"score_percent": 39.5, "passed": False},
}
NOTHING = "ses_00000000000000000000000000"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def record(client: httpx.Client, **changed: Any) -> dict[str, Any]:
    answer = client.post(SESSIONS, json=SAID | changed)
    assert answer.status_code == 201, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_session_is_recorded_with_both_clocks(hub: Hub, client: httpx.Client) -> None:
    answer = client.post(SESSIONS, json=SAID)
    told = answer.json()
    assert (answer.status_code, told) == (
        201,
        {
            "id": told["id"],
            "person": to_ulid(hub.person, "person"),
            "item": to_ulid(hub.item, "item"),
            "title": "Fire safety",
            "started_at": "2025-03-01T08:00:00.000Z",
            "duration_seconds": 1800.25,
            "lessons_completed": 3,
            "quiz": {"score_percent": 39.5, "passed": False},
            "key": "attempt-1",
            "recorded_by": to_ulid(hub.key.client, "client"),
            "recorded_at": told["recorded_at"],
            "voided_at": None,
        },
    )
    assert told["id"].startswith("ses_")
    assert told["recorded_at"] > "2025-03-01T08:00:00.000Z"
    assert answer.headers["location"] == f"{hub.server.url}/api{SESSIONS}/{told['id']}"
    assert client.get(answer.headers["location"]).json() == told
    assert client.get(f"{SESSIONS}/{told['id'].lower()}").json() == told


def test_time_and_quiz_may_be_missing(client: httpx.Client) -> None:
    bare = {name: SAID[name] for name in ("key", "person", "item", "started_at")}
    told = client.post(SESSIONS, json=bare).json()
    assert (told["duration_seconds"], told["lessons_completed"], told["quiz"]) == (0, 0, None)
    unknown = record(client, key="attempt-2", quiz={})
    assert unknown["quiz"] == {"score_percent": None, "passed": None}


def test_a_key_names_one_session_of_one_client(hub: Hub, client: httpx.Client) -> None:
    first = record(client)
    spelled = SAID | {"person": to_hex24(hub.person).upper(), "started_at": "2025-03-01T08:00:00.000Z"}
    for body in (SAID, spelled, SAID | {"quiz": {"passed": False, "score_percent": 39.50}}):
        again = client.post(SESSIONS, json=body)
        assert (again.status_code, again.json()) == (200, first)
    for changed in ({"duration_seconds": 1800}, {"quiz": None}, {"person": "ref:00124"}, {"lessons_completed": 4}):
        problem(client.post(SESSIONS, json=SAID | changed), 409, "key_reused")
    other = hub.do(hub.ledger.clients.create(hub.tenant.id, "another"))
    assert hub.client("api", other).post(SESSIONS, json=SAID | {"quiz": None}).status_code == 201
    assert len(client.get(SESSIONS).json()["data"]) == 2


def test_one_key_at_once_from_many_sides_is_one_session(hub: Hub, client: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(SESSIONS, json=SAID), range(16)))
    assert sorted(answer.status_code for answer in answers) == [200] * 15 + [201]
    assert len({answer.json()["id"] for answer in answers}) == 1


def test_a_voided_session_stays_readable_and_keeps_its_key(client: httpx.Client) -> None:
    told = record(client)
    assert client.delete(f"{SESSIONS}/{told['id']}").status_code == 204
    voided = client.get(f"{SESSIONS}/{told['id']}").json()
    assert voided == told | {"voided_at": voided["voided_at"]}
    assert voided["voided_at"] >= told["recorded_at"]
    assert client.delete(f"{SESSIONS}/{told['id']}").status_code == 204
    assert client.get(f"{SESSIONS}/{told['id']}").json() == voided
    assert client.get(SESSIONS).json()["data"] == []
    again = client.post(SESSIONS, json=SAID)
    assert (again.status_code, again.json()) == (200, voided)


def test_sessions_are_listed_in_the_order_of_recording_and_by_person(client: httpx.Client) -> None:
    told = [record(client, key=f"k{n}", started_at=f"2025-03-0{9 - n}T09:00:00Z") for n in range(4)]
    other = record(client, key="other", person="ref:00124")
    first = client.get(SESSIONS, params={"limit": 3}).json()
    rest = client.get(SESSIONS, params={"limit": 3, "cursor": first["next"]}).json()
    assert first["data"] + rest["data"] == [*told, other]
    assert rest["next"] is None
    assert client.get(SESSIONS, params={"person": "ref:00124"}).json() == {"data": [other], "next": None}
    mine = client.get(SESSIONS, params={"person": "ref:00123", "limit": 2}).json()
    assert mine["data"] == told[:2]
    problem(client.get(SESSIONS, params={"cursor": mine["next"]}), 422)
    problem(client.get(SESSIONS, params={"person": "ref:nobody"}), 422, "person_not_found")


def test_a_session_is_progress_and_its_withdrawal_takes_it_back(client: httpx.Client) -> None:
    """Rules F2 and F3: an attempt, passed or not, is no completion."""
    made = client.post("/v1/assignments", json={"audience": "ref:site-staff", "item": "ref:FIRE-101"}).json()["id"]
    standing = f"/v1/people/ref:00123/standings/{made}"
    assert client.get(standing).json()["status"] == "not_started"
    now = format_instant(datetime.now(UTC))
    for quiz in (None, {"score_percent": 100, "passed": True}):
        told = record(client, key=f"{quiz}", started_at=now, quiz=quiz)
        assert client.get(standing).json()["status"] == "in_progress"
        client.delete(f"{SESSIONS}/{told['id']}")
        assert client.get(standing).json()["status"] == "not_started"


@pytest.mark.parametrize(
    ("changed", "pointer"),
    [
        ({"key": ""}, "/key"),
        ({"key": None}, "/key"),
        ({"key": "k" * 256}, "/key"),
        ({"key": "a\u0000b"}, "/key"),
        ({"person": "ref:nobody"}, "/person"),
        ({"person": 7}, "/person"),
        ({"item": "ref:nothing"}, "/item"),
        ({"started_at": "2025-03-01"}, "/started_at"),
        ({"started_at": "2025-03-01T09:00:00"}, "/started_at"),
        ({"started_at": "yesterday"}, "/started_at"),
        ({"started_at": "2999-01-01T00:00:00Z"}, "/started_at"),
        ({"duration_seconds": -1}, "/duration_seconds"),
        ({"duration_seconds": 31 * 86400 + 1}, "/duration_seconds"),
        ({"duration_seconds": "PT1H"}, "/duration_seconds"),
        ({"lessons_completed": -1}, "/lessons_completed"),
        ({"lessons_completed": 10_001}, "/lessons_completed"),
        ({"lessons_completed": 1.5}, "/lessons_completed"),
        ({"quiz": {"score_percent": 100.1}}, "/quiz/score_percent"),
        ({"quiz": {"score_percent": "high"}}, "/quiz/score_percent"),
        ({"quiz": {"passed": 1}}, "/quiz/passed"),
        ({"quiz": {"grade": "A"}}, "/quiz/grade"),
        ({"completed": True}, "/completed"),
    ],
)
def test_what_cannot_be_is_422_and_named(client: httpx.Client, changed: dict[str, Any], pointer: str) -> None:
    told = problem(client.post(SESSIONS, json=SAID | changed), 422)
    assert [fault["pointer"] for fault in told["errors"]] == [pointer]
    assert client.get(SESSIONS).json()["data"] == []


def test_a_start_up_to_a_day_ahead_is_clock_skew(client: httpx.Client) -> None:
    """Rule D6."""
    near, far = (format_instant(datetime.now(UTC) + timedelta(hours=hours)) for hours in (23, 25))
    problem(client.post(SESSIONS, json=SAID | {"started_at": far}), 422, "invalid")
    record(client, started_at=near)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
@pytest.mark.parametrize("id", [NOTHING, "nothing", "per_00000000000000000000000000", "a%2Fb"])
def test_an_unknown_session_is_404(client: httpx.Client, method: str, id: str) -> None:
    problem(client.request(method, f"{SESSIONS}/{id}"), 404, "session_not_found")


def test_another_tenants_sessions_are_not_there(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    told = record(client)
    stranger = other_hub.client("api")
    assert stranger.get(SESSIONS).json()["data"] == []
    for method in ("GET", "DELETE"):
        problem(stranger.request(method, f"{SESSIONS}/{told['id']}"), 404, "session_not_found")
    problem(stranger.post(SESSIONS, json=SAID | {"person": to_hex24(hub.person)}), 422, "person_not_found")
    problem(stranger.post(SESSIONS, json=SAID | {"item": to_hex24(hub.item)}), 422, "item_not_found")
    assert client.get(f"{SESSIONS}/{told['id']}").json() == told


def test_nobody_is_recorded_who_was_deleted(client: httpx.Client) -> None:
    """Who was, keeps what was recorded before."""
    told = record(client)
    id = told["person"]
    assert client.delete("/v1/people/ref:00123").status_code == 204
    problem(client.post(SESSIONS, json=SAID | {"key": "later", "person": id}), 422, "person_not_found")
    assert client.get(SESSIONS, params={"person": id}).json()["data"] == [told]
