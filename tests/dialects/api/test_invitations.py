"""Invitations: /v1/invitations."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from testamur.core.audiences import NewAudience
from testamur.core.ids import to_hex24, to_ulid
from tests.dialects.api.problems import problem
from tests.hub import Hub

PATH = "/v1/invitations"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def invite(client: httpx.Client, email: str = "grace@example.com", **more: Any) -> dict[str, Any]:
    answer = client.post(PATH, json={"email": email, **more})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert client.get(answer.headers["location"]).json() == made
    return made


def entries(hub: Hub) -> list[tuple[str, Any]]:
    async def found() -> list[tuple[str, Any]]:
        async with hub.ledger.database.read(hub.tenant.id) as tx:
            rows = await tx.rows("entries_page", after=0, count=1000, size_max=10**9)
        return [(row["kind"], row["data"]) for row in rows]

    listed: list[tuple[str, Any]] = hub.do(found())
    return listed


def test_an_invitation_goes_from_pending_to_accepted(hub: Hub, client: httpx.Client) -> None:
    made = invite(client, "Grace@Example.com", given_name="Grace", role="author", groups=["Navy"])
    assert made == {
        "id": made["id"],
        "status": "pending",
        "email": "grace@example.com",
        "given_name": "Grace",
        "family_name": "",
        "role": "author",
        "groups": ["Navy"],
        "invited_at": made["invited_at"],
        "accepted_at": None,
        "person": None,
        "withdrawn_at": None,
    }
    assert made["id"].startswith("inv_")
    assert client.get(PATH).json() == {"data": [made], "next": None}
    answer = client.post(f"{PATH}/{made['id']}/accept", json={"family_name": "Hopper"})
    accepted = answer.json()
    assert (answer.status_code, accepted) == (
        200,
        made | {"status": "accepted", "accepted_at": accepted["accepted_at"], "person": accepted["person"]},
    )
    person = client.get(f"/v1/people/{accepted['person']}").json()
    names = ("given_name", "family_name", "email", "role", "status")
    assert [person[name] for name in names] == ["Grace", "Hopper", "grace@example.com", "author", "active"]
    again = client.post(f"{PATH}/{made['id'].lower()}/accept")
    assert (again.status_code, again.json()) == (200, accepted)
    assert client.get(PATH).json() == {"data": [], "next": None}
    problem(client.delete(f"{PATH}/{made['id']}"), 404, "invitation_not_found")
    kinds = [kind for kind, _ in entries(hub)]
    assert kinds[-5:] == [
        "invitation.added",
        "person.added",
        "audience.added",
        "membership.opened",
        "invitation.accepted",
    ]


def test_a_withdrawn_one_is_shown_as_such_and_cannot_be_accepted(client: httpx.Client) -> None:
    made = invite(client)
    for _ in range(2):
        assert client.delete(f"{PATH}/{made['id']}").status_code == 204
    shown = client.get(f"{PATH}/{made['id']}").json()
    assert (shown["status"], shown["person"]) == ("withdrawn", None)
    problem(client.post(f"{PATH}/{made['id']}/accept"), 404, "invitation_not_found")


def test_of_many_acceptances_at_once_one_makes_the_person(hub: Hub, client: httpx.Client) -> None:
    made = invite(client)
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post(f"{PATH}/{made['id']}/accept"), range(8)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["person"] for answer in answers}) == 1
    assert [kind for kind, _ in entries(hub)].count("invitation.accepted") == 1


def test_a_group_that_people_took_over_meanwhile_stops_an_acceptance_whole(hub: Hub, client: httpx.Client) -> None:
    made = invite(client, groups=["New", "Board"])
    hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name="Board", is_api_controlled=False)))
    told = problem(client.post(f"{PATH}/{made['id']}/accept"), 409, "conflict")
    assert "Board" in told["detail"]
    assert client.get(f"{PATH}/{made['id']}").json()["status"] == "pending"
    assert client.get("/v1/people", params={"identifier": "email:grace@example.com"}).json()["data"] == []
    assert [kind for kind, data in entries(hub) if data and data.get("name") == "New"] == []


def test_pending_ones_come_in_parts_and_by_address(client: httpx.Client) -> None:
    made = [invite(client, f"p{n}@example.com") for n in range(3)]
    first = client.get(PATH, params={"limit": 2}).json()
    second = client.get(PATH, params={"limit": 2, "cursor": first["next"]}).json()
    assert first["data"] + second["data"] == made
    assert client.get(PATH, params={"email": "P1@example.com"}).json()["data"] == [made[1]]
    problem(client.get(PATH, params={"cursor": first["next"], "email": "p1@example.com"}), 422, "invalid_cursor")


def test_an_address_is_invited_once_and_nobody_twice(client: httpx.Client) -> None:
    invite(client)
    told = problem(client.post(PATH, json={"email": "GRACE@example.com"}), 409, "invitation_pending")
    assert told["errors"][0]["pointer"] == "/email"
    problem(client.post(PATH, json={"email": "ada@example.com"}), 409, "person_exists")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/email"),
        ({"email": "nobody"}, "/email"),
        ({"email": 1}, "/email"),
        ({"email": "a\0@example.com"}, "/email"),
        ({"email": "a@example.com", "groups": [" "]}, "/groups/0"),
        ({"email": "a@example.com", "groups": ["x" * 101]}, "/groups/0"),
        ({"email": "a@example.com", "surname": "X"}, "/surname"),
        ({"email": "a@example.com", "role": ""}, "/role"),
    ],
)
def test_a_bad_invitation_is_422_and_names_the_field(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    told = problem(client.post(PATH, json=body), 422)
    assert told["errors"][0]["pointer"] == pointer


def test_a_bad_acceptance_is_refused(client: httpx.Client) -> None:
    path = f"{PATH}/{invite(client)['id']}/accept"
    problem(client.post(path, json={"email": "other@example.com"}), 422)
    problem(client.post(path, content=b"{", headers={"content-type": "application/json"}), 400)
    problem(client.post(path, content=b"x=1", headers={"content-type": "text/plain"}), 415)
    assert client.get(PATH).json()["data"][0]["status"] == "pending"


def test_unknown_ids_and_those_of_another_tenant_are_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    with other_hub.client("api") as there:
        theirs = invite(there)["id"]
    for id in (theirs, "nothing", "inv_00000000000000000000000000", to_ulid(hub.person, "person")):
        for method, path in (("GET", ""), ("DELETE", ""), ("POST", "/accept")):
            problem(client.request(method, f"{PATH}/{id}{path}"), 404, "invitation_not_found")


def test_a_key_that_may_only_read_invites_and_accepts_nobody(hub: Hub, client: httpx.Client) -> None:
    id = invite(client)["id"]
    with hub.client("api", hub.reader) as reader:
        problem(reader.post(PATH, json={"email": "x@example.com"}), 403, "forbidden")
        problem(reader.post(f"{PATH}/{id}/accept"), 403, "forbidden")
        problem(reader.delete(f"{PATH}/{id}"), 403, "forbidden")
        assert reader.get(f"{PATH}/{id}").status_code == 200


def test_who_is_forgotten_is_forgotten_in_invitations_too(hub: Hub, client: httpx.Client) -> None:
    withdrawn = invite(client, given_name="Grace", family_name="Hopper")["id"]
    client.delete(f"{PATH}/{withdrawn}")
    accepted = invite(client, given_name="Grace", family_name="Hopper")["id"]
    person = client.post(f"{PATH}/{accepted}/accept").json()["person"]
    assert client.delete(f"/v1/people/{person}").status_code == 204
    for id, status in ((withdrawn, "withdrawn"), (accepted, "accepted")):
        shown = client.get(f"{PATH}/{id}").json()
        assert (shown["status"], shown["email"], shown["given_name"], shown["family_name"]) == (status, None, "", "")
    assert "grace" not in str(entries(hub)).lower()
    assert client.post(f"{PATH}/{accepted}/accept").json()["person"] == person


def test_what_is_pending_to_somebody_who_is_forgotten_is_withdrawn(hub: Hub, client: httpx.Client) -> None:
    id = invite(client)["id"]
    person = client.post("/v1/people", json={"email": "grace@example.com"}).json()["id"]
    client.delete(f"/v1/people/{person}")
    shown = client.get(f"{PATH}/{id}").json()
    assert (shown["status"], shown["email"]) == ("withdrawn", None)
    assert ("invitation.withdrawn", None) in entries(hub)


def test_an_id_is_taken_in_every_spelling(hub: Hub, client: httpx.Client) -> None:
    made = invite(client)
    (invitation,) = hub.do(hub.ledger.invitations.pending(hub.tenant.id, count=2))
    for spelling in (to_hex24(invitation.id), str(invitation.id), made["id"].upper()):
        assert client.get(f"{PATH}/{spelling}").json() == made
