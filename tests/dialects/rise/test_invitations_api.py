"""Transcripts of the vendor's page "Invitations API".

https://access.articulate.com/support
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest

from testamur.core.audiences import NewAudience
from testamur.core.ids import Id, to_hex24
from testamur.core.people import Identifier, NewPerson, Reference
from tests.dialects.rise.pages import JSON, codes
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


def invite(client: httpx.Client, email: str = "new@example.com", **more: Any) -> dict[str, Any]:
    answer = client.post("/invitations", json={"email": email, **more})
    assert answer.status_code == 201, answer.text
    assert set(answer.json()) == {"invitation"}
    made: dict[str, Any] = answer.json()["invitation"]
    return made


def accept(hub: Hub, id: str) -> tuple[Id, bool]:
    accepted = hub.ledger.invitations.accept(hub.caller, Reference(id, (), "invitation"))
    done: tuple[Id, bool] = hub.do(accepted)
    return done


def test_an_invitation_is_made_wrapped_and_read_bare(hub: Hub, client: httpx.Client) -> None:
    more = {"firstName": "Grace", "lastName": "Hopper", "groups": ["Navy", "Site staff", "Navy"], "role": "author"}
    made = invite(client, "Grace@Example.com", **more, unknown="ignored")
    assert made == {
        "id": made["id"],
        "email": "grace@example.com",
        "firstName": "Grace",
        "lastName": "Hopper",
        "role": "author",
        "groups": ["Navy", "Site staff"],
        "url": f"{hub.server.url}/rise/invitations/{made['id']}",
    }
    for url in (made["url"], f"/invitations/{made['id'].upper()}"):
        answer = client.get(url)
        assert (answer.status_code, answer.json()) == (200, made)
    assert client.get("/invitations").json() == {"invitations": [made], "nextUrl": None}


def test_an_address_alone_is_enough(client: httpx.Client) -> None:
    made = invite(client, " solo@example.com ", firstName=None, lastName=None, groups=None, role=None)
    shown = {name: made[name] for name in ("email", "firstName", "lastName", "role", "groups")}
    assert shown == {"email": "solo@example.com", "firstName": "", "lastName": "", "role": "learner", "groups": []}


def test_pending_ones_are_listed_in_order_and_by_address_in_any_letter_case(hub: Hub, client: httpx.Client) -> None:
    made = [invite(client, f"p{n}@example.com") for n in range(5)]
    url, seen = f"{hub.server.url}/rise/invitations?limit=2", []
    while url:
        page = client.get(url).json()
        seen += page["invitations"]
        url = page["nextUrl"]
    assert seen == made
    assert client.get("/invitations", params={"email": "P3@EXAMPLE.com"}).json()["invitations"] == [made[3]]
    assert client.get("/invitations", params={"email": "p@example.com"}).json()["invitations"] == []
    assert codes(client.get("/invitations?limit=101")) == ["invalid_request"]
    assert codes(client.get("/invitations?cursor=x")) == ["invalid_request"]


def test_a_withdrawn_one_cannot_be_accepted_and_may_be_withdrawn_again(hub: Hub, client: httpx.Client) -> None:
    made = invite(client)
    for _ in range(2):
        answer = client.delete(made["url"])
        assert (answer.status_code, answer.content) == (204, b"")
    assert codes(client.get(made["url"])) == ["invitation_not_found"]
    assert client.get("/invitations").json()["invitations"] == []
    with hub.client("api") as own:
        assert own.post(f"/v1/invitations/{made['id']}/accept").status_code == 404
    assert client.get("/users", params={"email": "new@example.com"}).json()["users"] == []
    assert invite(client)["id"] != made["id"]


def test_one_address_is_invited_once_at_a_time_and_no_user(client: httpx.Client) -> None:
    invite(client, "new@example.com")
    pending = client.post("/invitations", json={"email": "NEW@example.com"})
    assert (pending.status_code, codes(pending)) == (409, ["invite_pending"])
    for email in ("ada@example.com", "ADA@Example.com", " ada@example.com"):
        exists = client.post("/invitations", json={"email": email})
        assert (exists.status_code, codes(exists)) == (409, ["user_exists"])


def test_of_many_at_once_to_one_address_one_is_made(client: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("/invitations", json={"email": "x@example.com"}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


def test_accepting_makes_the_user_and_the_groups_that_are_missing(hub: Hub, client: httpx.Client) -> None:
    made = invite(client, "grace@example.com", firstName="Grace", groups=["Navy", "Site staff", "Everyone"])
    assert client.get("/groups", params={"name": "Navy"}).json()["groups"] == []
    person, is_new = accept(hub, made["id"])
    assert is_new
    (user,) = client.get("/users", params={"email": "GRACE@example.com"}).json()["users"]
    assert (user["id"], user["firstName"], user["role"]) == (to_hex24(person), "Grace", "learner")
    (navy,) = client.get("/groups", params={"name": "Navy"}).json()["groups"]
    groups = client.get(user["groupsUrl"]).json()["groups"]
    assert [group["id"] for group in groups] == [to_hex24(hub.audience), navy["id"]]
    assert codes(client.get(made["url"])) == ["invitation_not_found"]
    assert codes(client.delete(made["url"])) == ["invitation_not_found"]
    assert codes(client.post("/invitations", json={"email": "grace@example.com"})) == ["user_exists"]
    assert accept(hub, made["id"]) == (person, False)


def test_groups_are_named_and_joined_only_where_an_api_governs_them(hub: Hub, client: httpx.Client) -> None:
    hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name="Board", is_api_controlled=False)))
    answer = client.post("/invitations", json={"email": "a@example.com", "groups": ["Board"]})
    assert (answer.status_code, codes(answer)) == (409, ["conflict"])
    assert answer.json()["errors"][0]["message"].startswith("groups: ")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "email"),
        ({"email": None}, "email"),
        ({"email": 5}, "email"),
        ({"email": ""}, "email"),
        ({"email": "nobody"}, "email"),
        ({"email": "a@b@c"}, "email"),
        ({"email": "a b@example.com"}, "email"),
        ({"email": "@example.com"}, "email"),
        ({"email": "x" * 320 + "@example.com"}, "email"),
        ({"email": "a\0@example.com"}, "email"),
        ({"email": "a@example.com", "firstName": 1}, "firstName"),
        ({"email": "a@example.com", "lastName": "x" * 501}, "lastName"),
        ({"email": "a@example.com", "groups": "Navy"}, "groups"),
        ({"email": "a@example.com", "groups": [1]}, "groups[0]"),
        ({"email": "a@example.com", "groups": ["ok", " "]}, "groups[1]"),
        ({"email": "a@example.com", "groups": ["x" * 101]}, "groups[0]"),
        ({"email": "a@example.com", "groups": [f"g{n}" for n in range(101)]}, "groups"),
        ({"email": "a@example.com", "role": "owner"}, "role"),
    ],
)
def test_a_bad_invitation_is_400_and_names_the_field(client: httpx.Client, body: dict[str, Any], field: str) -> None:
    answer = client.post("/invitations", json=body)
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])
    assert answer.json()["errors"][0]["message"].startswith(f"{field}: ")
    assert client.get("/invitations").json()["invitations"] == []


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"email":"a@b.c","email":"b@b.c"}'])
def test_a_body_that_is_no_object_is_400(client: httpx.Client, content: bytes) -> None:
    answer = client.post("/invitations", content=content, headers=JSON)
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])


@pytest.mark.parametrize("id", ["nothing", "f" * 24, "a%2Fb", "per_00000000000000000000000000"])
def test_an_unknown_invitation_is_404(client: httpx.Client, id: str) -> None:
    for method in ("GET", "DELETE"):
        answer = client.request(method, f"/invitations/{id}")
        assert (answer.status_code, codes(answer)) == (404, ["invitation_not_found"])


def test_another_tenants_invitation_is_404_and_its_address_free(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    with other_hub.client("rise") as there:
        theirs = invite(there)["id"]
    for method in ("GET", "DELETE"):
        assert codes(client.request(method, f"/invitations/{theirs}")) == ["invitation_not_found"]
    assert invite(client)["id"] != theirs


def test_who_got_the_address_meanwhile_is_whom_the_invitation_meant(hub: Hub, client: httpx.Client) -> None:
    made = invite(client, "late@example.com", firstName="Other", groups=["Site staff"])
    (person,) = hub.do(
        hub.ledger.people.add(
            hub.caller, [NewPerson(given_name="Late", identifiers=(Identifier("email", "late@example.com"),))]
        )
    )
    assert accept(hub, made["id"]) == (person, False)
    user = client.get(f"/users/{to_hex24(person)}").json()
    assert user["firstName"] == "Late"
    assert [group["name"] for group in client.get(user["groupsUrl"]).json()["groups"]] == ["Site staff"]
