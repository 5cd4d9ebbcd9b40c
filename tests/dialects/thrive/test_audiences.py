"""GET and POST /audiences; GET, PATCH and DELETE /audiences/{audienceId}."""

from __future__ import annotations

from datetime import date
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from testamur.core.audiences import AudienceCategory, NewAudience
from testamur.core.ids import parse, to_hex24, to_uuid
from testamur.core.people import NewPerson
from tests import plain
from tests.hub import Hub

PATH = "/rest/v1/audiences"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def structure(client: httpx.Client, reference: str, **more: Any) -> dict[str, Any]:
    answer = client.post(
        PATH, json={"name": reference.title(), "reference": reference, "category": "structure", **more}
    )
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def child(client: httpx.Client, reference: str, parent: str, **more: Any) -> dict[str, Any]:
    body = {"name": reference.title(), "reference": reference, "category": "audience", "parentId": parent, **more}
    answer = client.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def refusal(answer: httpx.Response, status: int) -> str:
    """The message of an error in the vendor's shape."""
    assert answer.status_code == status, answer.text
    phrases = {403: "Forbidden", 404: "Not Found", 409: "Conflict", 415: "Unsupported Media Type"}
    said = answer.json()
    message: str = said.pop("message")
    assert said == {"status": status, "error": phrases.get(status, "Unprocessable Content")}
    return message


# Making -----------------------------------------------------------------------------------------------------------


def test_a_structure_and_an_audience_in_it_read_back_as_they_were_made(client: httpx.Client) -> None:
    sites = structure(client, "sites")
    leeds = child(client, "leeds", sites["id"])
    assert sites == {
        "id": sites["id"],
        "name": "Sites",
        "reference": "sites",
        "apiControlled": True,
        "category": "structure",
        "type": "manual",
        "parent": None,
        "createdAt": sites["createdAt"],
        "updatedAt": sites["createdAt"],
    }
    assert leeds == {
        "id": leeds["id"],
        "name": "Leeds",
        "reference": "leeds",
        "apiControlled": True,
        "category": "audience",
        "type": "manual",
        "parent": {"name": "Sites", "reference": "sites", "id": sites["id"]},
        "createdAt": leeds["createdAt"],
        "updatedAt": leeds["createdAt"],
    }
    assert len(sites["id"]) == 24
    assert sites["createdAt"][-5:].startswith(".")
    assert sites["createdAt"].endswith("Z")
    assert client.get(f"{PATH}/{leeds['id']}").json() == leeds
    assert client.get(f"{PATH}/sites").json() == sites


def test_the_category_follows_from_the_parent_and_the_name_from_the_reference(client: httpx.Client) -> None:
    """The vendor marks nothing required; its own rules need the reference."""
    made = client.post(PATH, json={"reference": "Sites", "parentId": ""}).json()
    assert (made["name"], made["category"], made["parent"]) == ("Sites", "structure", None)
    made = client.post(PATH, json={"reference": "Leeds", "parentId": "Sites"}).json()
    assert (made["name"], made["category"], made["parent"]["reference"]) == ("Leeds", "audience", "Sites")
    assert client.post(PATH, json={"reference": "Depots", "parentId": None}).json()["category"] == "structure"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"reference": ...}, "reference"),
        ({"reference": ""}, "reference"),
        ({"reference": " "}, "reference"),
        ({"reference": "x" * 101}, "reference"),
        ({"reference": 7}, "reference"),
        ({"reference": None}, "reference"),
        ({"reference": "a\0b"}, "reference"),
        ({"name": ""}, "name"),
        ({"name": "\t"}, "name"),
        ({"name": "x" * 101}, "name"),
        ({"name": ["x"]}, "name"),
        ({"name": "a\0b"}, "name"),
        ({"category": "group"}, "category"),
        ({"category": "structure"}, "parentId"),
        ({"parentId": ""}, "parentId"),
        ({"parentId": ...}, "parentId"),
        ({"parentId": 7}, "parentId"),
        ({"parentId": "x" * 101}, "parentId"),
        ({"parentId": "nothing"}, "parentId"),
        ({"parentId": "f" * 24}, "parentId"),
    ],
)
def test_a_bad_field_is_422_and_named(client: httpx.Client, changed: dict[str, Any], field: str) -> None:
    structure(client, "sites")
    whole = {"name": "Leeds", "reference": "leeds", "category": "audience", "parentId": "sites"} | changed
    answer = client.post(PATH, json={name: value for name, value in whole.items() if value is not ...})
    assert refusal(answer, 422).startswith(f"{field}: ")
    assert client.get(f"{PATH}/leeds").status_code == 404


def test_the_longest_name_and_reference_are_taken(client: httpx.Client) -> None:
    made = structure(client, "ä" * 100, name="Ł" * 100)
    assert (made["reference"], made["name"]) == ("ä" * 100, "Ł" * 100)


def test_an_audience_stands_in_a_structure_of_the_same_tenant_and_in_nothing_else(
    hub: Hub, other_hub: Hub, client: httpx.Client
) -> None:
    structure(client, "sites")
    leeds = child(client, "leeds", "sites")
    body = {"reference": "dock", "category": "audience", "parentId": leeds["id"]}
    assert refusal(client.post(PATH, json=body), 422) == "parentId: must name a structure"
    theirs = structure(other_hub.client("thrive"), "theirs")
    assert "parentId" in refusal(client.post(PATH, json=body | {"parentId": theirs["id"]}), 422)


def test_a_reference_names_one_audience(client: httpx.Client, other_hub: Hub) -> None:
    sites = structure(client, "sites")
    for taken in ("sites", "site-staff", sites["id"], sites["id"].upper()):
        answer = client.post(PATH, json={"name": "Again", "reference": taken})
        assert "reference" in refusal(answer, 409)
    assert structure(client, "SITES")["reference"] == "SITES", "references keep their letter case"
    assert structure(other_hub.client("thrive"), "sites")["id"] != sites["id"]


def test_malformed_bodies_and_other_content_types_are_refused(hub: Hub, client: httpx.Client) -> None:
    json = {"content-type": "application/json"}
    for content in (b"", b"{", b'{"reference": "a", "reference": "b"}', b"\xff", b"[" * 100_000):
        refusal(client.post(PATH, content=content, headers=json), 422)
    refusal(client.post(PATH, content=b'["reference"]', headers=json), 422)
    refusal(client.post(PATH, content=b"{}", headers={"content-type": "text/plain"}), 415)
    assert client.get(PATH).json()["pagination"]["totalResults"] == 1


def test_a_key_that_only_reads_changes_nothing(hub: Hub, client: httpx.Client) -> None:
    structure(client, "sites")
    reader = hub.client("thrive", hub.reader)
    refusal(reader.post(PATH, json={"reference": "x"}), 403)
    refusal(reader.patch(f"{PATH}/sites", json={"name": "x"}), 403)
    refusal(reader.delete(f"{PATH}/sites"), 403)
    assert reader.get(f"{PATH}/sites").json()["name"] == "Sites"
    assert plain.get(f"{client.base_url}{PATH.lstrip('/')}").status_code == 401


# Reading ----------------------------------------------------------------------------------------------------------


def test_an_audience_answers_to_its_reference_and_to_its_id_in_any_case(client: httpx.Client) -> None:
    for reference in ("sites/north ä", "50% off", "a+b&c=d?e#f", "x@example.com"):
        made = structure(client, reference)
        assert client.get(f"{PATH}/{quote(reference, safe='')}").json() == made
        assert client.get(f"{PATH}/{made['id'].upper()}").json() == made


def test_an_unknown_audience_and_another_tenants_are_not_found(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    theirs = structure(other_hub.client("thrive"), "theirs")
    for unknown in ("nothing", "f" * 24, theirs["id"], "theirs", to_hex24(hub.person)):
        address = f"{PATH}/{unknown}"
        assert unknown in refusal(client.get(address), 404)
        refusal(client.patch(address, json={"name": "x"}), 404)
        refusal(client.delete(address), 404)
    assert client.get(f"{PATH}/a%00b").status_code == 404
    assert other_hub.client("thrive").get(f"{PATH}/theirs").json() == theirs


def test_lists_have_an_envelope_a_stable_order_and_pages(hub: Hub, client: httpx.Client) -> None:
    made = [client.get(f"{PATH}/site-staff").json(), *(structure(client, f"s{number}") for number in range(4))]
    answer = client.get(PATH)
    assert answer.json() == {
        "pagination": {"totalResults": 5, "totalPages": 1, "page": 1, "perPage": 100},
        "results": made,
    }
    second = client.get(PATH, params={"page": 2, "perPage": 2}).json()
    assert second == {
        "pagination": {"totalResults": 5, "totalPages": 3, "page": 2, "perPage": 2},
        "results": made[2:4],
    }
    assert client.get(PATH, params={"limit": 3}).json()["results"] == made[:3]
    assert client.get(PATH, params={"limit": 3, "perPage": 4}).json()["results"] == made[:4], "perPage wins"
    past = client.get(PATH, params={"page": 9})
    assert (past.status_code, past.json()["results"]) == (200, [])


@pytest.mark.parametrize(
    "params",
    [
        {"page": "0"}, {"page": "x"}, {"page": "10000001"}, {"page": "9" * 30}, {"perPage": "0"}, {"perPage": "1001"},
        {"limit": "0"}, {"limit": "101"}, {"apiControlled": "maybe"}, {"updatedSince": "yesterday"},
    ],
)  # fmt: skip
def test_parameters_out_of_range_are_refused_by_name(client: httpx.Client, params: dict[str, str]) -> None:
    assert next(iter(params)) in refusal(client.get(PATH, params=params), 422)


def test_the_furthest_page_is_empty(client: httpx.Client) -> None:
    assert client.get(PATH, params={"page": 10_000_000, "perPage": 1000}).json()["results"] == []


def test_lists_go_by_control_and_by_change(hub: Hub, client: httpx.Client) -> None:
    by_hand = NewAudience(name="By hand", category=AudienceCategory.STRUCTURE, is_api_controlled=False)
    smart = NewAudience(name="Smart", is_api_controlled=False, is_smart=True)
    for new in (by_hand, smart):
        hub.do(hub.ledger.audiences.add(hub.caller, new))

    def listed(**params: Any) -> list[tuple[str, str]]:
        return [(one["name"], one["type"]) for one in client.get(PATH, params=params).json()["results"]]

    assert listed(apiControlled="true") == [("Site staff", "manual")]
    assert listed(apiControlled="False") == [("By hand", "manual"), ("Smart", "smart")]
    last = structure(client, "last")
    assert listed(updatedSince=last["updatedAt"]) == [("Last", "manual")]
    assert listed(updatedSince="2999-01-01") == []
    client.patch(f"{PATH}/site-staff", json={"name": "Staff"})
    assert listed(updatedSince=last["updatedAt"]) == [("Staff", "manual"), ("Last", "manual")]


# Changing ---------------------------------------------------------------------------------------------------------


def test_an_audience_is_renamed_and_referred_to_otherwise(client: httpx.Client) -> None:
    structure(client, "sites")
    leeds = child(client, "leeds", "sites")
    answer = client.patch(f"{PATH}/leeds", json={"name": "Leeds North", "reference": "leeds/n"})
    assert answer.status_code == 200
    changed = answer.json()
    assert changed == leeds | {
        "name": "Leeds North",
        "reference": "leeds/n",
        "updatedAt": changed["updatedAt"],
        "memberOperations": None,
    }
    assert changed["updatedAt"] > leeds["updatedAt"]
    assert client.get(f"{PATH}/leeds").status_code == 404
    again = client.patch(f"{PATH}/{quote('leeds/n', safe='')}/", json={"reference": "leeds/n"})
    assert again.json() == changed, "a slash at the end is no matter, and nothing new is no change"


def test_moving_to_another_structure_tells_who_moved_along(hub: Hub, client: httpx.Client) -> None:
    sites, depots = structure(client, "sites"), structure(client, "depots")
    leeds = child(client, "leeds", "sites")
    assert client.post(f"{PATH}/leeds/members", json=["00123", "00124"]).status_code == 200
    moved = client.patch(f"{PATH}/leeds", json={"parentId": depots["id"], "reference": "leeds-2"}).json()
    assert moved["parent"] == {"name": "Depots", "reference": "depots", "id": depots["id"]}
    assert moved["memberOperations"] == {
        "success": {"count": 2, "entities": [{"reference": "00123"}, {"reference": "00124"}]}
    }
    members = client.get(f"{PATH}/{leeds['id']}/members").json()
    assert [one["reference"] for one in members["results"]] == ["00123", "00124"]
    assert client.patch(f"{PATH}/leeds-2", json={"parentId": "depots"}).json()["memberOperations"] is None
    back = client.patch(f"{PATH}/leeds-2", json={"parentId": sites["id"].upper()}).json()
    assert back["parent"]["id"] == sites["id"]


def test_of_many_who_moved_along_the_first_hundred_are_named(hub: Hub, client: httpx.Client) -> None:
    structure(client, "sites")
    structure(client, "depots")
    leeds = child(client, "leeds", "sites")
    audience = parse(leeds["id"])
    assert audience is not None
    people = hub.do(hub.ledger.people.add(hub.caller, [NewPerson() for _ in range(101)]))
    hub.do(hub.ledger.memberships.join(hub.caller, audience, people, date(2025, 1, 1)))
    said = client.patch(f"{PATH}/leeds", json={"parentId": "depots"}).json()["memberOperations"]["success"]
    assert said == {"count": 101, "entities": [{"reference": to_hex24(person)} for person in people[:100]]}


@pytest.mark.parametrize(
    ("target", "changed", "status", "field"),
    [
        ("leeds", {"name": ""}, 422, "name"),
        ("leeds", {"name": None}, 422, "name"),
        ("leeds", {"reference": "x" * 101}, 422, "reference"),
        ("leeds", {"reference": "site-staff"}, 409, "reference"),
        ("leeds", {"parentId": ""}, 422, "parentId"),
        ("leeds", {"parentId": None}, 422, "parentId"),
        ("leeds", {"parentId": "leeds"}, 422, "parentId"),
        ("leeds", {"parentId": "york"}, 422, "parentId"),
        ("leeds", {"parentId": "nothing"}, 422, "parentId"),
        ("leeds", {"parentId": "f" * 24}, 422, "parentId"),
        ("sites", {"parentId": "sites"}, 422, "parentId"),
        ("sites", {"parentId": "depots"}, 422, "parentId"),
        ("sites", {"parentId": "leeds"}, 422, "parentId"),
    ],
)
def test_a_change_that_cannot_be_is_refused_and_named(
    client: httpx.Client, target: str, changed: dict[str, Any], status: int, field: str
) -> None:
    structure(client, "sites")
    structure(client, "depots")
    child(client, "york", "sites")
    child(client, "leeds", "sites")
    before = client.get(f"{PATH}/{target}").json()
    message = refusal(client.patch(f"{PATH}/{target}", json={"name": "New", **changed}), status)
    assert message.startswith(f"{field}: ")
    assert client.get(f"{PATH}/{target}").json() == before


def test_a_structure_may_be_told_that_it_has_no_parent(client: httpx.Client) -> None:
    sites = structure(client, "sites")
    assert client.patch(f"{PATH}/sites", json={"parentId": ""}).json() == sites | {"memberOperations": None}
    assert client.patch(f"{PATH}/sites", json={}).json() == sites | {"memberOperations": None}


# Deleting ---------------------------------------------------------------------------------------------------------


def test_a_deleted_audience_is_gone_and_its_reference_free(client: httpx.Client) -> None:
    structure(client, "sites")
    leeds = child(client, "leeds", "sites")
    client.post(f"{PATH}/leeds/members", json=["00123"])
    client.post(f"{PATH}/leeds/managers", json=[{"reference": "00124"}])
    answer = client.delete(f"{PATH}/leeds", headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    for address in (f"{PATH}/leeds", f"{PATH}/{leeds['id']}", f"{PATH}/leeds/members", f"{PATH}/leeds/managers"):
        refusal(client.get(address), 404)
    refusal(client.delete(f"{PATH}/leeds"), 404)
    assert "leeds" not in client.get(PATH).text
    again = child(client, "leeds", "sites")
    assert again["id"] != leeds["id"]
    assert client.get(f"{PATH}/leeds/members").json()["results"] == []
    assert client.get(f"{PATH}/leeds/managers").json() == []


def test_a_structure_that_holds_audiences_is_not_deleted(client: httpx.Client) -> None:
    structure(client, "sites")
    child(client, "leeds", "sites")
    refusal(client.delete(f"{PATH}/sites"), 409)
    assert client.get(f"{PATH}/leeds").status_code == 200
    client.delete(f"{PATH}/leeds")
    assert client.delete(f"{PATH}/sites").status_code == 200
    body = {"reference": "york", "category": "audience", "parentId": "sites"}
    assert "parentId" in refusal(client.post(PATH, json=body), 422)


# Control ----------------------------------------------------------------------------------------------------------


def test_what_people_control_is_read_but_not_changed(hub: Hub, client: httpx.Client) -> None:
    new = NewAudience(name="By hand", reference="by-hand", category=AudienceCategory.STRUCTURE, is_api_controlled=False)
    id = hub.do(hub.ledger.audiences.add(hub.caller, new))
    before = client.get(f"{PATH}/by-hand").json()
    assert before["apiControlled"] is False
    manager = [{"reference": "00123"}]
    for answer in (
        client.patch(f"{PATH}/by-hand", json={"name": "x"}),
        client.delete(f"{PATH}/{to_uuid(id)}"),
        client.post(f"{PATH}/by-hand/members", json=["00123"]),
        client.patch(f"{PATH}/by-hand/members", json=["00123"]),
        client.delete(f"{PATH}/by-hand/members/00123"),
        client.post(f"{PATH}/by-hand/managers", json=manager),
        client.patch(f"{PATH}/by-hand/managers", json=manager),
        client.delete(f"{PATH}/by-hand/managers/00123"),
        client.post(PATH, json={"reference": "in-it", "category": "audience", "parentId": "by-hand"}),
    ):
        assert "API-controlled" in refusal(answer, 409)
    assert client.get(f"{PATH}/by-hand").json() == before
    assert client.get(f"{PATH}/by-hand/members").json()["results"] == []
    structure(client, "sites")
    child(client, "leeds", "sites")
    refusal(client.patch(f"{PATH}/leeds", json={"parentId": "by-hand"}), 409)
