"""People: /v1/people."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24, to_opaque, to_ulid, to_uuid
from testamur.core.moments import format_instant
from tests.dialects.api.problems import problem
from tests.hub import Hub

PATH = "/v1/people"
NOBODY = "per_00000000000000000000000000"


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


def test_a_person_reads_back_as_she_was_made(hub: Hub, client: httpx.Client) -> None:
    made = create(
        client,
        given_name="Grace",
        family_name="Hopper",
        ref="00999",
        email="Grace@Example.com",
        identifiers={"badge": ["B-7"]},
        phone="+44 1",
        role="trainer",
        language="en",
        zone="Europe/Paris",
        login="ref",
        single_sign_on=True,
        domain="example.com",
        starts_at="2020-01-01T00:00:00+01:00",
        ends_at="2099-01-01T00:00:00Z",
        title="Admiral",
        manager="email:ada@example.com",
        attributes={"ship": "Nimitz", "nothing": None},
    )
    assert made == {
        "id": made["id"],
        "given_name": "Grace",
        "family_name": "Hopper",
        "ref": "00999",
        "email": "grace@example.com",
        "identifiers": {"badge": ["B-7"], "email": ["grace@example.com"], "ref": ["00999"]},
        "phone": "+44 1",
        "role": "trainer",
        "language": "en",
        "zone": "Europe/Paris",
        "status": "active",
        "login": "ref",
        "single_sign_on": True,
        "domain": "example.com",
        "starts_at": "2019-12-31T23:00:00.000Z",
        "ends_at": "2099-01-01T00:00:00.000Z",
        "title": "Admiral",
        "manager": to_ulid(hub.person, "person"),
        "manager_ref": "00123",
        "attributes": {"ship": "Nimitz"},
        "created_at": made["created_at"],
        "updated_at": made["created_at"],
        "deleted_at": None,
    }


def test_a_person_is_found_by_every_spelling(hub: Hub, client: httpx.Client) -> None:
    id = hub.person
    ulid = to_ulid(id, "person")
    for text in (ulid, ulid.lower(), to_hex24(id).upper(), to_uuid(id), to_opaque(id), "ref:00123"):
        assert client.get(f"{PATH}/{text}").json()["id"] == ulid
    assert client.get(f"{PATH}/email:ADA@example.com").json()["id"] == ulid
    create(client, ref="a/b")
    assert client.get(f"{PATH}/ref%3Aa%2Fb").json()["ref"] == "a/b"


@pytest.mark.parametrize("text", ["00123", "ref:nobody", NOBODY, "itm_00000000000000000000000000", "x", ":", "a:b%20"])
def test_a_person_who_is_not_there_is_404(client: httpx.Client, text: str) -> None:
    for answer in (
        client.get(f"{PATH}/{text}"),
        client.patch(f"{PATH}/{text}", json={}),
        client.delete(f"{PATH}/{text}"),
        client.post(f"{PATH}/{text}/suspend"),
        client.post(f"{PATH}/{text}/reinstate"),
    ):
        told = problem(answer, 404, "person_not_found")
        assert [fault["parameter"] for fault in told["errors"] if "parameter" in fault] in (["person"], [])


def test_another_tenants_person_is_404(hub: Hub, other_hub: Hub) -> None:
    problem(other_hub.client("api").get(f"{PATH}/{to_ulid(hub.person, 'person')}"), 404, "person_not_found")


def test_a_change_keeps_what_it_leaves_out_and_null_clears(hub: Hub, client: httpx.Client) -> None:
    before = create(client, given_name="Grace", ref="r1", phone="1", title="Admiral", attributes={"a": 1, "b": 2})
    at = f"{PATH}/{before['id']}"
    after = client.patch(at, json={"family_name": "H", "phone": None, "attributes": {"a": None, "c": [3]}}).json()
    changed = {"family_name": "H", "phone": None, "attributes": {"b": 2, "c": [3]}, "updated_at": after["updated_at"]}
    assert after == before | changed
    assert client.patch(at, json={"attributes": None, "title": None}).json()["attributes"] == {}
    renamed = client.patch(at, json={"ref": "r2", "email": "g@example.com", "manager": "ref:00123"}).json()
    assert (renamed["ref"], renamed["email"], renamed["title"]) == ("r2", "g@example.com", None)
    assert renamed["manager"] == to_ulid(hub.person, "person")
    awaited = client.patch(at, json={"manager": "ref:late"}).json()
    assert (awaited["manager"], awaited["manager_ref"]) == (None, "late")
    boss = create(client, ref="late")
    assert client.get(at).json()["manager"] == boss["id"]
    assert client.patch(at, json={}).json()["updated_at"] == client.get(at).json()["updated_at"]


def test_a_change_of_what_was_not_seen_is_412(client: httpx.Client) -> None:
    made = client.post(PATH, json={"given_name": "Grace"})
    at, tag = f"{PATH}/{made.json()['id']}", made.headers["etag"]
    first = client.patch(at, json={"role": "x"}, headers={"if-match": f'"0", {tag}'})
    assert first.status_code == 200
    assert first.headers["etag"] == client.get(at).headers["etag"] != tag
    for wrong in (tag, f"W/{first.headers['etag']}", "nonsense", '"ffffffffffffffff"'):
        problem(client.patch(at, json={"role": "y"}, headers={"if-match": wrong}), 412, "precondition_failed")
    assert client.patch(at, json={"role": "z"}, headers={"if-match": "*"}).json()["role"] == "z"


def test_somebody_who_is_suspended_comes_back(hub: Hub, client: httpx.Client) -> None:
    at = f"{PATH}/ref:00123"
    assert client.post(f"{at}/suspend").json()["status"] == "inactive"
    ended = client.post(f"{at}/suspend", json={"ends_at": "2024-05-01T00:00:00Z"}).json()
    assert (ended["status"], ended["ends_at"]) == ("inactive", "2024-05-01T00:00:00.000Z")
    back = client.post(f"{at}/reinstate").json()
    assert (back["status"], back["ends_at"]) == ("active", None)
    (absence,) = hub.do(hub.ledger.people.absences(hub.tenant.id, [hub.person]))[hub.person]
    assert absence.ended_at is not None


def test_somebody_who_is_forgotten_leaves_her_id(client: httpx.Client) -> None:
    made = create(client, given_name="Grace", ref="gone")
    assert client.delete(f"{PATH}/ref:gone").status_code == 204
    left = client.get(f"{PATH}/{made['id']}").json()
    assert (left["given_name"], left["identifiers"], left["status"]) == ("", {}, "inactive")
    assert left["deleted_at"] is not None
    for answer in (client.delete(f"{PATH}/{made['id']}"), client.patch(f"{PATH}/{made['id']}", json={"role": "x"})):
        problem(answer, 404, "person_not_found")
    everybody = client.get(PATH, params={"include_deleted": True}).json()["data"]
    assert [person["id"] for person in everybody if person["deleted_at"]] == [made["id"]]
    assert made["id"] not in [person["id"] for person in client.get(PATH).json()["data"]]


def test_the_list_is_walked_by_cursors_and_filtered(hub: Hub, client: httpx.Client) -> None:
    made = [create(client, ref=f"p{n}")["id"] for n in range(3)]
    everybody = [to_ulid(hub.person, "person"), to_ulid(hub.other_person, "person"), *made]
    walked: list[str] = []
    params: dict[str, Any] = {"limit": 2}
    while True:
        part = client.get(PATH, params=params).json()
        walked += [person["id"] for person in part["data"]]
        assert set(part) == {"data", "next"}
        if part["next"] is None:
            break
        params["cursor"] = part["next"]
    assert walked == sorted(everybody)

    def ids(**filters: Any) -> list[str]:
        return [person["id"] for person in client.get(PATH, params=filters).json()["data"]]

    assert ids(identifier="email:ADA@example.com") == [everybody[0]]
    assert ids(identifier="ref:nobody") == []
    assert ids(audience="ref:site-staff") == ids(audience=to_ulid(hub.audience, "audience")) == [everybody[0]]
    assert ids(audience="ref:site-staff", identifier="ref:00124") == []
    before = format_instant(hub.ledger.now())
    client.post(f"{PATH}/ref:p1/suspend")
    assert ids(active=False) == [made[1]]
    assert ids(active=True) == [id for id in sorted(everybody) if id != made[1]]
    assert ids(updated_after=before) == [made[1]]
    assert ids(updated_after=format_instant(hub.ledger.now())) == []


def test_a_cursor_serves_its_own_list_only(client: httpx.Client) -> None:
    cursor = client.get(PATH, params={"limit": 1}).json()["next"]
    for path, params in ((PATH, {"active": True}), ("/v1/items", {}), (PATH, {"include_deleted": True})):
        told = problem(client.get(path, params={"cursor": cursor, **params}), 422, "invalid_cursor")
        assert told["errors"][0]["parameter"] == "cursor"
    problem(client.get(PATH, params={"cursor": "nonsense"}), 422, "invalid_cursor")


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1001}, "limit"),
        ({"limit": "ten"}, "limit"),
        ({"active": "perhaps"}, "active"),
        ({"updated_after": "yesterday"}, "updated_after"),
        ({"identifier": "00123"}, "identifier"),
        ({"audience": "ref:nobody"}, "audience"),
        ({"audience": "site-staff"}, "audience"),
        ({"page": 2}, "page"),
        ({"identifier": "ref:\0"}, "identifier"),
    ],
)
def test_a_wrong_parameter_is_422_and_named(client: httpx.Client, params: dict[str, Any], name: str) -> None:
    told = problem(client.get(PATH, params=params), 422)
    assert [fault["parameter"] for fault in told["errors"]] == [name]


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, ""),
        ({"given_name": 5}, "/given_name"),
        ({"given_name": "x" * 501}, "/given_name"),
        ({"given_name": "a\0b"}, "/given_name"),
        ({"surname": "x"}, "/surname"),
        ({"ref": " "}, "/ref"),
        ({"ref": ""}, "/ref"),
        ({"ref": "00123"}, "/ref"),
        ({"email": "ADA@example.com"}, "/email"),
        ({"identifiers": {"badge": [" "]}}, "/identifiers/badge/0"),
        ({"identifiers": {"ref": ["00123"]}}, "/identifiers/ref"),
        ({"given_name": "G", "zone": "Mars/Base"}, "/zone"),
        ({"given_name": "G", "login": "phone"}, "/login"),
        ({"given_name": "G", "starts_at": "2020-01-01"}, "/starts_at"),
        ({"given_name": "G", "starts_at": "2020-01-02T00:00:00Z", "ends_at": "2020-01-01T00:00:00Z"}, "/ends_at"),
        ({"given_name": "G", "manager": NOBODY}, "/manager"),
        ({"given_name": "G", "manager": "email:nobody@example.com"}, "/manager"),
        ({"ref": "me", "manager": "ref:me"}, "/manager"),
    ],
)
def test_a_wrong_body_is_refused_and_its_field_named(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    answer = client.post(PATH, json=body)
    told = problem(answer, 409 if "identifier_taken" in answer.text else 422)
    assert [fault["pointer"] for fault in told["errors"]] == [pointer]


def test_a_change_is_held_to_the_same(client: httpx.Client) -> None:
    for body, pointer in (
        ({"given_name": None}, "/given_name"),
        ({"ref": None}, "/ref"),
        ({"ref": "00124"}, "/ref"),
        ({"email": None}, "/email"),
        ({"ends_at": "soon"}, "/ends_at"),
        ({"manager": "ref:00123"}, "/manager"),
        ({"identifiers": {}}, "/identifiers"),
        ({"zone": "nowhere"}, "/zone"),
    ):
        answer = client.patch(f"{PATH}/ref:00123", json=body)
        told = problem(answer, 409 if "identifier_taken" in answer.text else 422)
        assert [fault["pointer"] for fault in told["errors"]] == [pointer], body
