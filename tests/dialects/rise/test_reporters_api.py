"""Transcripts of the vendor's page "Reporters and Reporting Groups API", and of managers, which it calls alike.

https://help.rise.com/en/articles/4557626
"""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.audiences import Appointment, NewAudience, Permission
from testamur.core.ids import Id, to_hex24
from testamur.core.people import NewPerson, PersonChange, Reference
from tests.dialects.rise.pages import JSON, codes
from tests.dialects.rise.test_groups_api import group
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


@pytest.fixture
def reporters(hub: Hub) -> list[str]:
    new = [NewPerson(given_name=f"Reporter {n}", role="reporter") for n in range(3)]
    return [to_hex24(id) for id in hub.do(hub.ledger.people.add(hub.caller, new))]


def listed(client: httpx.Client, group: str) -> list[str]:
    return [user["id"] for user in client.get(f"/groups/{group}/reporters").json()["reporters"]]


def entries(hub: Hub, kind: str) -> list[Any]:
    async def found() -> list[Any]:
        async with hub.ledger.database.read(hub.tenant.id) as tx:
            return [
                row for row in await tx.rows("entries_page", after=0, count=1000, size_max=10**9) if row["kind"] == kind
            ]

    found_: list[Any] = hub.do(found())
    return found_


def test_a_reporter_reports_on_a_group_until_that_is_undone(
    hub: Hub, client: httpx.Client, reporters: list[str]
) -> None:
    id = to_hex24(hub.audience)
    path, one = f"/groups/{id}/reporters", f"/groups/{id}/reporters/{reporters[0]}"
    for more in ({}, {"content": b"", "headers": {"content-type": "text/plain; charset=utf-8"}}, {"headers": JSON}):
        answer = client.request("PUT", one, **more)
        assert (answer.status_code, answer.content) == (204, b"")
    user = client.get(f"/users/{reporters[0]}").json()
    assert user["reportingGroupsUrl"] == f"{user['url']}/reporting-groups"
    base = f"{hub.server.url}/rise"
    assert client.get(path).json() == {"groupUrl": f"{base}/groups/{id}", "reporters": [user], "nextUrl": None}
    for spelling in ("reporting-groups", "reportingGroups", "reportingGroups/"):
        assert client.get(f"/users/{reporters[0]}/{spelling}").json() == {
            "userUrl": user["url"],
            "groups": [group(hub, id, "Site staff")],
            "nextUrl": None,
        }
    for _ in range(2):
        answer = client.delete(one)
        assert (answer.status_code, answer.content) == (204, b"")
    assert listed(client, id) == []
    assert client.get(user["reportingGroupsUrl"]).json()["groups"] == []
    assert len(entries(hub, "reporter.opened")) == len(entries(hub, "reporter.closed")) == 1
    assert client.put(one).status_code == 204
    assert listed(client, id) == [reporters[0]]


def test_those_who_report_on_everyone_are_reporters_of_every_group(
    hub: Hub, client: httpx.Client, reporters: list[str]
) -> None:
    id, first, second = to_hex24(hub.audience), reporters[0], reporters[1]
    assert listed(client, "everyone") == []
    assert client.delete(f"/groups/everyone/reporters/{second}").status_code == 204
    for group_id, reporter in ((id, first), ("everyone", second), (id, second)):
        assert client.put(f"/groups/{group_id}/reporters/{reporter}").status_code == 204
    assert listed(client, id) == [first, second]
    assert listed(client, "everyone") == [second]
    found = client.get(f"/users/{second}/reporting-groups").json()["groups"]
    assert {one["id"] for one in found} == {id, "everyone"}
    everyone = next(one for one in found if one["id"] == "everyone")
    assert client.get(everyone["url"]).json() == everyone
    assert client.delete(f"/groups/everyone/reporters/{second}").status_code == 204
    assert client.delete(f"/groups/{id}/reporters/{second}").status_code == 204
    assert listed(client, id) == [first]


def test_reporters_and_their_groups_are_paged(hub: Hub, client: httpx.Client, reporters: list[str]) -> None:
    id = to_hex24(hub.audience)
    groups = [id, *(client.post("/groups", json={"name": f"G{n}"}).json()["id"] for n in range(4))]
    for reporter in reporters:
        client.put(f"/groups/{id}/reporters/{reporter}")
    client.put(f"/groups/everyone/reporters/{reporters[1]}")
    for group_id in groups:
        client.put(f"/groups/{group_id}/reporters/{reporters[0]}")
    for path, key, expected in (
        (f"/groups/{id}/reporters", "reporters", reporters),
        (f"/users/{reporters[0]}/reportingGroups", "groups", groups),
    ):
        url, seen = f"{hub.server.url}/rise{path}?limit=2", []
        while url:
            page = client.get(url).json()
            assert len(page[key]) <= 2
            seen += [one["id"] for one in page[key]]
            url = page["nextUrl"]
        assert seen == expected
        assert codes(client.get(path, params={"limit": "0"})) == ["invalid_request"]


def test_who_is_no_reporter_reports_on_nothing(hub: Hub, client: httpx.Client) -> None:
    id, person = to_hex24(hub.audience), to_hex24(hub.person)
    for method, path in (
        ("PUT", f"/groups/{id}/reporters/{person}"),
        ("DELETE", f"/groups/{id}/reporters/{person}"),
        ("PUT", f"/groups/everyone/reporters/{person}"),
        ("GET", f"/users/{person}/reporting-groups"),
        ("GET", f"/users/{person}/reportingGroups"),
        ("GET", f"/users/{person}/managing-groups"),
    ):
        answer = client.request(method, path)
        assert (answer.status_code, codes(answer)) == (400, ["invalid_user_role"])
    assert client.get(f"/users/{person}").json()["reportingGroupsUrl"] is None
    # A refusal leaves nothing behind, the audience of everybody included.
    assert [row["data"] for row in entries(hub, "audience.added") if row["data"].get("of_everyone")] == []


def test_who_loses_the_role_reports_on_nothing_and_can_be_undone(
    hub: Hub, client: httpx.Client, reporters: list[str]
) -> None:
    id, reporter = to_hex24(hub.audience), reporters[0]
    client.put(f"/groups/{id}/reporters/{reporter}")
    hub.do(hub.ledger.people.change(hub.caller, Reference(reporter), PersonChange(role="learner")))
    assert listed(client, id) == []
    assert client.delete(f"/groups/{id}/reporters/{reporter}").status_code == 204
    assert codes(client.delete(f"/groups/{id}/reporters/{reporter}")) == ["invalid_user_role"]


def test_deleting_a_reporter_or_a_group_ends_the_reporting(
    hub: Hub, client: httpx.Client, reporters: list[str]
) -> None:
    id = client.post("/groups", json={"name": "Short"}).json()["id"]
    for reporter in reporters[:2]:
        client.put(f"/groups/{id}/reporters/{reporter}")
    client.delete(f"/users/{reporters[0]}")
    assert listed(client, id) == [reporters[1]]
    client.delete(f"/groups/{id}")
    assert client.get(f"/users/{reporters[1]}/reporting-groups").json()["groups"] == []
    assert len(entries(hub, "reporter.closed")) == 2


def test_a_group_that_people_govern_here_has_reporters_too(
    hub: Hub, client: httpx.Client, reporters: list[str]
) -> None:
    new = NewAudience(name="Board", is_api_controlled=False)
    id = to_hex24(hub.do(hub.ledger.audiences.add(hub.caller, new)))
    assert client.put(f"/groups/{id}/reporters/{reporters[0]}").status_code == 204
    assert listed(client, id) == [reporters[0]]


def test_managers_are_those_the_ledger_knows(hub: Hub, client: httpx.Client) -> None:
    appoint(hub, hub.audience, hub.person, hub.other_person)
    id, base = to_hex24(hub.audience), f"{hub.server.url}/rise"
    users = [client.get(f"/users/{to_hex24(person)}").json() for person in (hub.person, hub.other_person)]
    answer = client.get(f"/groups/{id}/managers").json()
    assert answer == {"groupUrl": f"{base}/groups/{id}", "managers": users, "nextUrl": None}
    assert users[0]["managingGroupsUrl"] == f"{users[0]['url']}/managing-groups"
    assert client.get(users[0]["managingGroupsUrl"]).json() == {
        "userUrl": users[0]["url"],
        "groups": [group(hub, id, "Site staff")],
        "nextUrl": None,
    }
    first = client.get(f"/groups/{id}/managers", params={"limit": 1}).json()
    assert (first["managers"], client.get(first["nextUrl"]).json()["managers"]) == (users[:1], users[1:])


def test_who_has_the_role_of_a_manager_may_manage_nothing_yet(hub: Hub, client: httpx.Client) -> None:
    (id,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="M", role="manager")]))
    user = client.get(f"/users/{to_hex24(id)}").json()
    answer = client.get(user["managingGroupsUrl"])
    assert answer.json() == {"userUrl": user["url"], "groups": [], "nextUrl": None}


@pytest.mark.parametrize("list", ["groups", "favorites", "reporting-groups", "reportingGroups", "managing-groups"])
def test_lists_of_an_unknown_a_deleted_or_another_tenants_user_are_404(
    hub: Hub, other_hub: Hub, client: httpx.Client, list: str
) -> None:
    client.delete(f"/users/{to_hex24(hub.other_person)}")
    for id in ("nobody", "f" * 24, to_hex24(hub.other_person), to_hex24(other_hub.person)):
        answer = client.get(f"/users/{id}/{list}")
        assert (answer.status_code, codes(answer)) == (404, ["user_not_found"])


def appoint(hub: Hub, audience: Id, *people: Id) -> None:
    named = [Appointment(Reference(str(person)), frozenset({Permission.ASSIGN})) for person in people]
    hub.do(hub.ledger.managers.appoint(hub.caller, Reference(str(audience), (), "audience"), named))
