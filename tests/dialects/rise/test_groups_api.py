"""Transcripts of the vendor's pages "Groups API" and "Group Memberships API".

https://help.rise.com/en/articles/4177158
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any

import httpx
import pytest

from testamur.core.audiences import AudienceCategory, NewAudience
from testamur.core.ids import Id, to_hex24, to_ulid
from testamur.core.people import NewPerson, Reference
from testamur.storage.database import DatabaseUrls
from tests.dialects.rise.pages import JSON, codes
from tests.hub import Hub
from tests.storage.databases import connected


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


def group(hub: Hub, id: str, name: str, *, managed: bool = False) -> dict[str, Any]:
    """A group as the vendor shows one."""
    url = f"{hub.server.url}/rise/groups/{id}"
    return {
        "id": id,
        "name": name,
        "membersUrl": f"{url}/users",
        "reportersUrl": f"{url}/reporters",
        "managersUrl": f"{url}/managers",
        "url": url,
        "isManagedByIdentityProvider": managed,
    }


def members(client: httpx.Client, id: str) -> list[str]:
    answer = client.get(f"/groups/{id}/users")
    assert answer.status_code == 200, answer.text
    assert answer.json()["nextUrl"] is None
    return [user["id"] for user in answer.json()["users"]]


def governed_by_people(hub: Hub, name: str = "Board") -> str:
    return to_hex24(hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name=name, is_api_controlled=False))))


def spans(hub: Hub, audience: Id) -> list[tuple[date, date | None]]:
    of = Reference(str(audience), (), "audience")
    found = hub.do(hub.ledger.memberships.page(hub.tenant.id, of, with_ended=True, count=100))
    return [(span.joined_on, span.left_on) for span in found]


def test_a_group_is_made_read_renamed_and_deleted(hub: Hub, client: httpx.Client) -> None:
    made = client.post("/groups", json={"name": " Sales ", "description": "ignored"})
    assert made.status_code == 201
    id = made.json()["id"]
    assert made.json() == group(hub, id, "Sales")
    for spelling in (id, id.upper(), f"{id}/"):
        answer = client.get(f"/groups/{spelling}")
        assert (answer.status_code, answer.json()) == (200, group(hub, id, "Sales"))
    renamed = client.put(f"/groups/{id}", json={"name": "Vertrieb – Süd"})
    assert (renamed.status_code, renamed.json()) == (200, group(hub, id, "Vertrieb – Süd"))
    for _ in range(2):
        deleted = client.delete(f"/groups/{id}")
        assert (deleted.status_code, deleted.content) == (204, b"")
    assert codes(client.get(f"/groups/{id}")) == ["group_not_found"]
    assert codes(client.put(f"/groups/{id}", json={"name": "Again"})) == ["group_not_found"]


def test_groups_are_listed_in_order_of_creation_and_by_exact_name(hub: Hub, client: httpx.Client) -> None:
    ids = [client.post("/groups", json={"name": name}).json()["id"] for name in ("A & B", "a & b", "C")]
    own = to_hex24(hub.audience)
    first = client.get("/groups", params={"limit": 3}).json()
    assert [found["id"] for found in first["groups"]] == [own, *ids[:2]]
    second = client.get(first["nextUrl"]).json()
    assert second == {"groups": [group(hub, ids[2], "C")], "nextUrl": None}
    assert client.get("/groups", params={"name": "A & B"}).json() == {
        "groups": [group(hub, ids[0], "A & B")],
        "nextUrl": None,
    }
    for name in ("A", "A & B ", "%", "nothing"):
        assert client.get("/groups", params={"name": name}).json() == {"groups": [], "nextUrl": None}


def test_a_name_is_carried_into_the_next_page(hub: Hub, client: httpx.Client) -> None:
    """Other doors let two audiences have one name."""
    for _ in range(3):
        hub.do(hub.ledger.audiences.add(hub.caller, NewAudience(name="Über & out?")))
    url, seen = f"{hub.server.url}/rise/groups?name=%C3%9Cber%20%26%20out%3F&limit=1", []
    while url:
        page = client.get(url).json()
        seen += [found["name"] for found in page["groups"]]
        url = page["nextUrl"]
    assert seen == ["Über & out?"] * 3
    cursor = httpx.URL(client.get("/groups?limit=1").json()["nextUrl"]).params["cursor"]
    assert codes(client.get("/groups", params={"name": "x", "cursor": cursor})) == ["invalid_request"]


def test_neither_structures_nor_what_is_kept_for_one_person_or_everybody_is_a_group(
    hub: Hub, client: httpx.Client
) -> None:
    new = NewAudience(name="Region", category=AudienceCategory.STRUCTURE)
    structure = to_hex24(hub.do(hub.ledger.audiences.add(hub.caller, new)))
    everyone(hub)
    assert [found["id"] for found in client.get("/groups").json()["groups"]] == [to_hex24(hub.audience)]
    for method, path in (("GET", ""), ("DELETE", ""), ("GET", "/users"), ("PUT", f"/users/{to_hex24(hub.person)}")):
        assert codes(client.request(method, f"/groups/{structure}{path}")) == ["group_not_found"]
    assert codes(client.put(f"/groups/{structure}", json={"name": "X"})) == ["group_not_found"]


def everyone(hub: Hub) -> None:
    """Let something be set to everybody, so that there is such an audience."""
    (reporter,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="R", role="reporter")]))
    with hub.client("rise") as client:
        assert client.put(f"/groups/everyone/reporters/{to_hex24(reporter)}").status_code == 204
        assert client.delete(f"/users/{to_hex24(reporter)}").status_code == 204


def test_a_name_is_no_other_groups(hub: Hub, client: httpx.Client) -> None:
    first, second = (client.post("/groups", json={"name": name}).json()["id"] for name in ("One", "Two"))
    for answer in (
        client.post("/groups", json={"name": "One"}),
        client.post("/groups", json={"name": " One\t"}),
        client.put(f"/groups/{second}", json={"name": "One"}),
        client.post("/groups", json={"name": "Everyone"}),
        client.put(f"/groups/{second}", json={"name": "Everyone"}),
    ):
        assert (answer.status_code, codes(answer)) == (409, ["duplicate_name"])
    assert client.put(f"/groups/{first}", json={"name": "One"}).status_code == 200
    assert client.put(f"/groups/{first}", json={"name": "one"}).status_code == 200
    assert client.post("/groups", json={"name": "One"}).status_code == 201
    client.delete(f"/groups/{second}")
    assert client.post("/groups", json={"name": "Two"}).status_code == 201


def test_a_name_in_another_tenant_is_free_here(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    with other_hub.client("rise") as there:
        assert there.post("/groups", json={"name": "Same"}).status_code == 201
    assert client.post("/groups", json={"name": "Same"}).status_code == 201


def test_of_many_at_once_with_one_name_one_is_made(hub: Hub, client: httpx.Client) -> None:
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: client.post("/groups", json={"name": "Race"}), range(8)))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({}, "name: is required"),
        ({"name": None}, "name: is required"),
        ({"name": 5}, "name: must be text"),
        ({"name": ["x"]}, "name: must be text"),
        ({"name": ""}, "name: must have 1 to 100 characters"),
        ({"name": " \n"}, "name: must have 1 to 100 characters"),
        ({"name": "x" * 101}, "name: must have 1 to 100 characters"),
        ({"name": "a\0b"}, "name: may not contain U+0000"),
    ],
)
def test_a_bad_name_is_400_and_named(hub: Hub, client: httpx.Client, body: dict[str, Any], message: str) -> None:
    for answer in (client.post("/groups", json=body), client.put(f"/groups/{to_hex24(hub.audience)}", json=body)):
        assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])
        assert answer.json()["errors"][0]["message"] == message
    assert client.get(f"/groups/{to_hex24(hub.audience)}").json()["name"] == "Site staff"


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b'{"name":"a","name":"b"}', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_400(client: httpx.Client, content: bytes) -> None:
    answer = client.post("/groups", content=content, headers=JSON)
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])


def test_a_body_of_another_type_is_415_and_no_body_at_all_400(hub: Hub, client: httpx.Client) -> None:
    path = f"/groups/{to_hex24(hub.audience)}"
    assert client.post("/groups", content=b"name=x", headers={"content-type": "text/plain"}).status_code == 415
    empty = client.put(path, content=b"", headers={"content-type": "text/plain; charset=utf-8"})
    assert (empty.status_code, codes(empty)) == (400, ["invalid_request"])


def test_the_group_is_looked_for_before_its_new_name_is_read(hub: Hub, client: httpx.Client) -> None:
    assert codes(client.put(f"/groups/{'f' * 24}", json={"name": 5})) == ["group_not_found"]
    assert codes(client.put(f"/groups/{governed_by_people(hub)}", json={"name": 5})) == ["conflict"]


def test_members_join_and_leave_and_each_call_may_be_repeated(hub: Hub, client: httpx.Client) -> None:
    id, person = client.post("/groups", json={"name": "Crew"}).json()["id"], to_hex24(hub.other_person)
    odd: list[dict[str, Any]] = [
        {},
        {"content": b"", "headers": {"content-type": "text/plain; charset=utf-8"}},
        {"content": b"", "headers": JSON},
        {"content": b"not read", "headers": {"content-type": "image/png"}},
    ]
    for more in odd:
        answer = client.request("PUT", f"/groups/{id}/users/{person}", **more)
        assert (answer.status_code, answer.content) == (204, b"")
    assert members(client, id) == [person]
    user = client.get(f"/users/{person}").json()
    assert client.get(f"/groups/{id}/users").json() == {"users": [user], "nextUrl": None}
    assert client.get(user["groupsUrl"]).json() == {"groups": [group(hub, id, "Crew")], "nextUrl": None}
    for more in odd:
        answer = client.request("DELETE", f"/groups/{id}/users/{person}", **more)
        assert (answer.status_code, answer.content) == (204, b"")
    assert members(client, id) == []
    assert client.get(user["groupsUrl"]).json() == {"groups": [], "nextUrl": None}
    assert client.delete(f"/groups/{id}/users/{to_hex24(hub.person)}").status_code == 204


def test_who_comes_back_has_two_spans(hub: Hub, client: httpx.Client) -> None:
    path = f"/groups/{to_hex24(hub.audience)}/users/{to_hex24(hub.person)}"
    before = spans(hub, hub.audience)
    client.delete(path)
    client.put(path)
    first, second = spans(hub, hub.audience)
    assert (first[0], second[1]) == (before[0][0], None)
    assert first[1] is not None


def test_members_are_paged(hub: Hub, client: httpx.Client) -> None:
    id = client.post("/groups", json={"name": "Many"}).json()["id"]
    added = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name=f"P{n}") for n in range(7)]))
    for person in added:
        client.put(f"/groups/{id}/users/{to_ulid(person, 'person')}")
    url, seen = f"{hub.server.url}/rise/groups/{id.upper()}/users?limit=3", []
    while url:
        page = client.get(url).json()
        seen += [user["id"] for user in page["users"]]
        url = page["nextUrl"]
    assert seen == [to_hex24(person) for person in added]
    path, limit = f"/groups/{id}/users", "101"
    assert codes(client.get(path, params={"limit": limit})) == ["invalid_request"]
    cursor = httpx.URL(client.get(path, params={"limit": 1}).json()["nextUrl"]).params["cursor"]
    other = f"/groups/{to_hex24(hub.audience)}/users"
    assert codes(client.get(other, params={"cursor": cursor})) == ["invalid_request"]


def test_groups_of_a_user_are_paged(hub: Hub, client: httpx.Client) -> None:
    person = to_hex24(hub.other_person)
    ids = [client.post("/groups", json={"name": f"G{n}"}).json()["id"] for n in range(5)]
    for id in ids:
        client.put(f"/groups/{id}/users/{person}")
    client.delete(f"/groups/{ids[1]}")
    url, seen = f"{hub.server.url}/rise/users/{person}/groups?limit=2", []
    while url:
        page = client.get(url).json()
        seen += [found["id"] for found in page["groups"]]
        url = page["nextUrl"]
    assert seen == [ids[0], *ids[2:]]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize("list", ["users", "reporters"])
def test_the_group_is_looked_for_before_the_user(hub: Hub, client: httpx.Client, method: str, list: str) -> None:
    group, person = to_hex24(hub.audience), to_hex24(hub.person)
    for path, code in (
        (f"/groups/nothing/{list}/nobody", "group_not_found"),
        (f"/groups/{'f' * 24}/{list}/{person}", "group_not_found"),
        (f"/groups/{group}/{list}/nobody", "user_not_found"),
        (f"/groups/everyone/{list}/nobody", "user_not_found"),
        (f"/groups/{governed_by_people(hub)}/{list}/nobody", "user_not_found"),
    ):
        answer = client.request(method, path)
        assert (answer.status_code, codes(answer)) == (404, [code])


def test_what_people_govern_here_is_shown_and_stays_as_it_is(hub: Hub, client: httpx.Client) -> None:
    id, person = governed_by_people(hub), to_hex24(hub.person)
    assert client.get(f"/groups/{id}").json() == group(hub, id, "Board", managed=True)
    for method, path in (
        ("DELETE", ""),
        ("PUT", f"/users/{person}"),
        ("DELETE", f"/users/{person}"),
    ):
        answer = client.request(method, f"/groups/{id}{path}")
        assert (answer.status_code, codes(answer)) == (409, ["conflict"])
    assert codes(client.put(f"/groups/{id}", json={"name": "Other"})) == ["conflict"]
    assert client.get(f"/groups/{id}").json()["name"] == "Board"


@pytest.mark.parametrize("is_there", [False, True])
def test_everyone_is_a_group_that_cannot_be_changed(hub: Hub, client: httpx.Client, is_there: bool) -> None:
    if is_there:
        everyone(hub)
    for spelling in ("everyone", "Everyone"):
        assert client.get(f"/groups/{spelling}").json() == group(hub, "everyone", "Everyone", managed=True)
    assert members(client, "everyone") == [to_hex24(hub.person), to_hex24(hub.other_person)]
    assert client.put(f"/groups/everyone/users/{to_hex24(hub.person)}").status_code == 204
    assert client.get("/groups/everyone/managers").json()["managers"] == []
    for method, path in (("DELETE", ""), ("DELETE", f"/users/{to_hex24(hub.person)}")):
        answer = client.request(method, f"/groups/everyone{path}")
        assert (answer.status_code, codes(answer)) == (409, ["conflict"])
    assert codes(client.put("/groups/everyone", json={"name": "All"})) == ["conflict"]


def test_a_deleted_group_keeps_what_was(urls: DatabaseUrls, hub: Hub, client: httpx.Client) -> None:
    before = spans(hub, hub.audience)
    path = f"/groups/{to_hex24(hub.audience)}"
    assert client.delete(path).status_code == 204
    assert client.get(f"/users/{to_hex24(hub.person)}").status_code == 200

    async def stored() -> list[Any]:
        async with connected(urls.owner) as connection:
            rows: list[Any] = await connection.fetch("SELECT * FROM membership WHERE audience = $1", hub.audience)
            return rows

    (row,) = asyncio.run(stored())
    assert row["joined_on"] == before[0][0]
    assert row["left_on"] is not None


def test_another_tenants_group_is_404_for_every_call(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    theirs, person = f"/groups/{to_hex24(other_hub.audience)}", to_hex24(hub.person)
    for method, path in (
        ("GET", ""),
        ("DELETE", ""),
        ("GET", "/users"),
        ("PUT", f"/users/{person}"),
        ("DELETE", f"/users/{person}"),
        ("GET", "/reporters"),
        ("PUT", f"/reporters/{person}"),
        ("DELETE", f"/reporters/{person}"),
        ("GET", "/managers"),
    ):
        answer = client.request(method, f"{theirs}{path}")
        assert (answer.status_code, codes(answer)) == (404, ["group_not_found"])
    mine = f"/groups/{to_hex24(hub.audience)}"
    assert codes(client.put(f"{mine}/users/{to_hex24(other_hub.person)}")) == ["user_not_found"]


def test_a_key_that_may_only_read_changes_nothing(hub: Hub) -> None:
    path, person = f"/groups/{to_hex24(hub.audience)}", to_hex24(hub.person)
    with hub.client("rise", hub.reader) as reader:
        for method, to in (
            ("POST", "/groups"),
            ("PUT", path),
            ("DELETE", path),
            ("PUT", f"{path}/users/{person}"),
            ("DELETE", f"{path}/users/{person}"),
            ("PUT", f"{path}/reporters/{person}"),
            ("DELETE", f"{path}/reporters/{person}"),
            ("DELETE", f"/users/{person}"),
            ("POST", "/invitations"),
            ("DELETE", f"/invitations/{'f' * 24}"),
        ):
            answer = reader.request(method, to, json={"name": "X"})
            assert (answer.status_code, codes(answer)) == (403, ["forbidden"])
        assert reader.get(path).status_code == 200
