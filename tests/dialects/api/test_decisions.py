"""Exemptions, extensions and equivalencies."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24, to_ulid, to_uuid
from tests.dialects.api.problems import problem
from tests.hub import Hub

EXEMPTIONS, EXTENSIONS, EQUIVALENCIES = "/v1/exemptions", "/v1/extensions", "/v1/equivalencies"
ADA = "/v1/people/ref:00123/standings"
NOTHING = "00000000000000000000000000"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


@pytest.fixture
def made(client: httpx.Client) -> str:
    """An assignment of the one course to the one audience."""
    answer = client.post("/v1/assignments", json={"audience": "ref:site-staff", "item": "ref:FIRE-101"})
    id: str = answer.json()["id"]
    return id


def grant(client: httpx.Client, path: str, **body: Any) -> dict[str, Any]:
    answer = client.post(path, json={"person": "ref:00123", "reason": "Parental leave", **body})
    assert answer.status_code == 201, answer.text
    granted: dict[str, Any] = answer.json()
    assert answer.headers["location"].endswith(f"/api{path}/{granted['id']}")
    assert client.get(answer.headers["location"]).json() == granted
    return granted


def standing(client: httpx.Client, made: str, **params: str) -> dict[str, Any]:
    told: dict[str, Any] = client.get(f"{ADA}/{made}", params=params).json()
    return told


def days_after(text: str, count: int) -> str:
    return str(date.fromisoformat(text) + timedelta(days=count))


def test_an_exemption_acts_until_it_is_withdrawn(hub: Hub, client: httpx.Client, made: str) -> None:
    today = standing(client, made)["day"]
    said = {"assignment": made, "from_on": today, "until_on": days_after(today, 90), "evidence": "HR-7"}
    granted = grant(client, EXEMPTIONS, **said)
    assert granted["id"].startswith("exm_")
    assert granted == said | {
        "id": granted["id"],
        "person": to_ulid(hub.person, "person"),
        "item": None,
        "reason": "Parental leave",
        "granted_by": to_ulid(hub.key.client, "client"),
        "granted_by_person": None,
        "granted_at": granted["granted_at"],
        "withdrawn_at": None,
        "withdrawn_by": None,
        "withdrawn_because": None,
    }
    assert standing(client, made)["status"] == "exempt"
    assert standing(client, made, on=days_after(today, 91))["status"] == "not_started"
    taken = client.post(f"{EXEMPTIONS}/{granted['id']}/withdraw", json={"reason": "Back early"})
    assert (taken.status_code, taken.json()) == (
        200,
        granted
        | {
            "withdrawn_at": taken.json()["withdrawn_at"],
            "withdrawn_by": to_ulid(hub.key.client, "client"),
            "withdrawn_because": "Back early",
        },
    )
    assert standing(client, made)["status"] == "not_started"
    problem(client.post(f"{EXEMPTIONS}/{granted['id']}/withdraw", json={"reason": "Again"}), 409, "conflict")


def test_an_exemption_may_be_of_an_item_or_of_everything(hub: Hub, client: httpx.Client, made: str) -> None:
    today = standing(client, made)["day"]
    of_other = grant(client, EXEMPTIONS, item="ref:LIFT/1 ä", from_on=today)
    assert (of_other["item"], standing(client, made)["status"]) == (to_ulid(hub.third_party, "item"), "not_started")
    of_all = grant(client, EXEMPTIONS, from_on=today)
    assert (of_all["assignment"], of_all["item"], of_all["until_on"]) == (None, None, None)
    assert standing(client, made)["status"] == "exempt"


def test_an_extension_moves_the_due_day_until_it_is_withdrawn(hub: Hub, client: httpx.Client, made: str) -> None:
    before = standing(client, made)
    later = days_after(before["due_on"], 14)
    granted = grant(client, EXTENSIONS, assignment=made, due_on=later)
    assert granted["id"].startswith("ext_")
    assert granted == {
        "id": granted["id"],
        "person": to_ulid(hub.person, "person"),
        "assignment": made,
        "cycle": 1,
        "due_on": later,
        "granted_on": before["day"],
        "reason": "Parental leave",
        "evidence": None,
        "granted_by": to_ulid(hub.key.client, "client"),
        "granted_by_person": None,
        "granted_at": granted["granted_at"],
        "withdrawn_at": None,
        "withdrawn_by": None,
        "withdrawn_because": None,
    }
    assert standing(client, made)["due_on"] == later
    because = client.get(f"{ADA}/{made}/explanation").json()["because"]
    facts = [one["fact"] for one in because if one["rule"] == "X1"]
    assert facts == [{"kind": "extension", "id": granted["id"], "number": None}]
    taken = client.post(f"{EXTENSIONS}/{granted['id']}/withdraw", json={"reason": "A mistake"}).json()
    assert taken["withdrawn_because"] == "A mistake"
    assert standing(client, made)["due_on"] == before["due_on"]
    problem(client.post(f"{EXTENSIONS}/{granted['id']}/withdraw", json={"reason": "Again"}), 409, "conflict")


def test_only_what_is_open_or_planned_is_extended_and_never_to_an_earlier_day(client: httpx.Client, made: str) -> None:
    due = standing(client, made)["due_on"]
    body = {"person": "ref:00123", "assignment": made, "reason": "x"}
    (fault,) = problem(client.post(EXTENSIONS, json=body | {"due_on": days_after(due, -1)}), 422)["errors"]
    assert (fault["pointer"], fault["code"]) == ("/due_on", "order")
    body |= {"person": "ref:00124", "due_on": due}
    (fault,) = problem(client.post(EXTENSIONS, json=body), 409, "conflict")["errors"]
    assert fault["pointer"] == "/assignment"


def test_an_equivalency_is_a_record_that_satisfies(hub: Hub, client: httpx.Client, made: str) -> None:
    today = standing(client, made)["day"]
    body = {
        "person": "ref:00123",
        "item": "ref:FIRE-101",
        "completed_at": today,
        "reason": "Fire marshal",
        "evidence": "Certificate 12",
    }
    answer = client.post(EQUIVALENCIES, json=body)
    assert answer.status_code == 201, answer.text
    record = answer.json()
    assert (record["completed_at"], record["source"]) == (today, "testamur")
    whole = client.get(answer.headers["location"]).json()
    assert whole["extra"] == {"how": "equivalency", "reason": "Fire marshal", "evidence": "Certificate 12"}
    told = standing(client, made)
    assert (told["status"], told["satisfied_how"], told["satisfied_by"]) == ("completed", "equivalency", record["id"])
    assert client.post(EQUIVALENCIES, json=body).json()["id"] == record["id"]
    assert client.delete(f"/v1/records/{record['id']}").status_code == 204
    assert standing(client, made)["status"] == "not_started"


def test_decisions_are_listed_in_order_and_filtered(hub: Hub, client: httpx.Client, made: str) -> None:
    day = standing(client, made)["due_on"]
    for path, said in ((EXEMPTIONS, {"from_on": day}), (EXTENSIONS, {"due_on": day})):
        granted = [grant(client, path, assignment=made, **said) for _ in range(3)]
        part = client.get(path, params={"limit": 2}).json()
        assert part["data"] == granted[:2]
        assert client.get(path, params={"cursor": part["next"]}).json() == {"data": granted[2:], "next": None}
        assert client.get(path, params={"person": to_hex24(hub.person)}).json()["data"] == granted
        assert client.get(path, params={"person": "ref:00124"}).json()["data"] == []
        assert client.get(path, params={"assignment": made}).json()["data"] == granted
        assert client.get(f"{path}/{granted[0]['id'].upper()}").json() == granted[0]
        for name, value in (("person", "ref:no"), ("assignment", "x"), ("limit", "0"), ("cursor", "x"), ("on", "1")):
            (fault,) = problem(client.get(path, params={name: value}), 422)["errors"]
            assert fault["parameter"] == name


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        (EXEMPTIONS, {"person": "ref:nobody"}, "/person"),
        (EXEMPTIONS, {"person": None}, "/person"),
        (EXEMPTIONS, {"assignment": "asg_" + NOTHING}, "/assignment"),
        (EXEMPTIONS, {"assignment": "x"}, "/assignment"),
        (EXEMPTIONS, {"item": "ref:nothing"}, "/item"),
        (EXEMPTIONS, {"from_on": "2025-02-30"}, "/from_on"),
        (EXEMPTIONS, {"from_on": "9999-12-31"}, "/from_on"),
        (EXEMPTIONS, {"until_on": "2024-12-31"}, "/until_on"),
        (EXEMPTIONS, {"reason": " "}, "/reason"),
        (EXEMPTIONS, {"reason": ""}, "/reason"),
        (EXEMPTIONS, {"reason": "a\0b"}, "/reason"),
        (EXEMPTIONS, {"evidence": "x" * 4_001}, "/evidence"),
        (EXEMPTIONS, {"because": "x"}, "/because"),
        (EXTENSIONS, {"person": "ref:nobody"}, "/person"),
        (EXTENSIONS, {"assignment": "ref:x"}, "/assignment"),
        (EXTENSIONS, {"due_on": 5}, "/due_on"),
        (EXTENSIONS, {"due_on": "0001-01-01"}, "/due_on"),
        (EXTENSIONS, {"reason": "\t"}, "/reason"),
        (EQUIVALENCIES, {"person": "ref:nobody"}, "/person"),
        (EQUIVALENCIES, {"item": "ref:nothing"}, "/item"),
        (EQUIVALENCIES, {"completed_at": "yesterday"}, "/completed_at"),
        (EQUIVALENCIES, {"completed_at": "2999-01-01"}, "/completed_at"),
        (EQUIVALENCIES, {"expires_at": "2999-01-01"}, "/expires_at"),
        (EQUIVALENCIES, {"evidence": "\0"}, "/evidence"),
    ],
)
def test_a_wrong_decision_is_refused_and_its_field_named(
    client: httpx.Client, made: str, path: str, body: dict[str, Any], pointer: str
) -> None:
    least = {
        EXEMPTIONS: {"from_on": "2025-01-01"},
        EXTENSIONS: {"assignment": made, "due_on": "2250-01-01"},
        EQUIVALENCIES: {"item": "ref:FIRE-101", "completed_at": "2025-06-01"},
    }[path]
    answer = client.post(path, json={"person": "ref:00123", "reason": "Leave"} | least | body)
    assert [fault["pointer"] for fault in problem(answer, 422)["errors"]] == [pointer]


def test_an_assignment_and_an_item_together_are_refused(client: httpx.Client, made: str) -> None:
    body = {"person": "ref:00123", "from_on": "2025-01-01", "reason": "x", "assignment": made, "item": "ref:FIRE-101"}
    (fault,) = problem(client.post(EXEMPTIONS, json=body), 422)["errors"]
    assert fault["pointer"] == "/item"


@pytest.mark.parametrize(("path", "prefix"), [(EXEMPTIONS, "exm"), (EXTENSIONS, "ext")])
def test_decisions_that_are_not_there_or_anothers_are_404(
    hub: Hub, other_hub: Hub, client: httpx.Client, made: str, path: str, prefix: str
) -> None:
    day = standing(client, made)["due_on"]
    granted = grant(client, path, assignment=made, **{"from_on" if path == EXEMPTIONS else "due_on": day})
    stranger = other_hub.client("api")
    for text in ("x", f"{prefix}_{NOTHING}", f"rec_{NOTHING}", "a%2Fb", to_uuid(hub.person)):
        problem(client.get(f"{path}/{text}"), 404)
        problem(client.post(f"{path}/{text}/withdraw", json={"reason": "x"}), 404)
    problem(stranger.get(f"{path}/{granted['id']}"), 404, "not_found")
    problem(stranger.post(f"{path}/{granted['id']}/withdraw", json={"reason": "x"}), 404, "not_found")
    assert stranger.get(path).json()["data"] == []
    problem(stranger.get(path, params={"assignment": made}), 422, "assignment_not_found")
    for reason in ("", " ", "a\0b", None):
        answer = client.post(f"{path}/{granted['id']}/withdraw", json={"reason": reason})
        assert [fault["pointer"] for fault in problem(answer, 422)["errors"]] == ["/reason"]
    assert client.get(f"{path}/{granted['id']}").json() == granted


def test_a_key_that_may_only_read_decides_nothing(hub: Hub, client: httpx.Client, made: str) -> None:
    day = standing(client, made)["due_on"]
    exemption = grant(client, EXEMPTIONS, from_on=day)
    extension = grant(client, EXTENSIONS, assignment=made, due_on=day)
    reader = hub.client("api", hub.reader)
    who = {"person": "ref:00123", "reason": "x"}
    for path, body in (
        (EXEMPTIONS, who | {"from_on": day}),
        (EXTENSIONS, who | {"assignment": made, "due_on": day}),
        (EQUIVALENCIES, who | {"item": "ref:FIRE-101", "completed_at": str(datetime.now(UTC).date())}),
        (f"{EXEMPTIONS}/{exemption['id']}/withdraw", {"reason": "x"}),
        (f"{EXTENSIONS}/{extension['id']}/withdraw", {"reason": "x"}),
    ):
        problem(reader.post(path, json=body), 403, "forbidden")
        problem(client.post(path, content=b"{", headers={"content-type": "application/json"}), 400)
        problem(client.post(path, content=b"x", headers={"content-type": "text/plain"}), 415)
    assert reader.get(EXEMPTIONS).json()["data"] == [exemption]
    assert reader.get(EXTENSIONS).json()["data"] == [extension]
