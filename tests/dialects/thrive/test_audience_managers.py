"""GET, POST and PATCH /audiences/{audienceId}/managers; DELETE /audiences/{audienceId}/managers/{userId}."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from testamur.core.ids import to_hex24
from testamur.core.people import Identifier, NewPerson
from tests.hub import Hub

PATH = "/rest/v1/audiences/site-staff/managers"

EVERYTHING = {
    "audienceManager": {"manageContent": True, "assignments": True},
    "peopleManager": {"canViewLearnPage": True, "insights": True, "manage": True},
    "administrator": {"canAddAudienceManagers": True},
}
NOTHING_READ = {
    "audienceManager": {"manageMembers": False, "manageContent": False, "assignments": False},
    "peopleManager": {"canViewLearnPage": False, "insights": False, "manage": False},
}


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def refusal(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == status
    message: str = answer.json()["message"]
    return message


def permissions(client: httpx.Client) -> dict[str, Any]:
    """What each manager may do, by reference."""
    return {one["reference"]: one["permissions"] for one in client.get(PATH).json()}


def test_managers_are_a_bare_array_with_their_permissions(hub: Hub, client: httpx.Client) -> None:
    assert client.get(PATH).json() == []
    answer = client.post(PATH, json=[{"reference": "00123", "permissions": EVERYTHING}, {"reference": "00124"}])
    assert answer.status_code == 200
    assert answer.json() == {
        "success": {"count": 2, "entities": [{"reference": "00123"}, {"reference": "00124"}]},
    }
    assert client.get(PATH).json() == [
        {
            "userId": to_hex24(hub.person),
            "reference": "00123",
            "email": "ada@example.com",
            "permissions": {
                "audienceManager": {"manageMembers": False, "manageContent": True, "assignments": True},
                "peopleManager": {"canViewLearnPage": True, "insights": True, "manage": True},
            },
        },
        {
            "userId": to_hex24(hub.other_person),
            "reference": "00124",
            "email": "zoe@example.com",
            "permissions": NOTHING_READ,
        },
    ]
    assert client.get(PATH, params={"page": 2, "perPage": 1000}).json() == client.get(PATH).json(), "never paged"


def test_administrators_are_on_structures_only(client: httpx.Client) -> None:
    client.post("/rest/v1/audiences", json={"reference": "sites"})
    there = "/rest/v1/audiences/sites/managers"
    client.post(there, json=[{"reference": "00123", "permissions": EVERYTHING}, {"reference": "00124"}])
    read = [one["permissions"]["administrator"] for one in client.get(there).json()]
    assert read == [
        {"canManageAudiences": False, "canAddAudienceManagers": True},
        {"canManageAudiences": False, "canAddAudienceManagers": False},
    ]


def test_what_can_only_be_read_and_what_was_read_may_be_sent_back(client: httpx.Client) -> None:
    client.post(PATH, json=[{"reference": "00123", "permissions": EVERYTHING}])
    read = client.get(PATH).json()
    read[0]["permissions"]["audienceManager"]["manageMembers"] = True
    read[0]["permissions"]["administrator"] = {"canManageAudiences": True}
    assert client.patch(PATH, json=read).status_code == 200
    read[0]["permissions"]["audienceManager"]["manageMembers"] = False
    del read[0]["permissions"]["administrator"]
    assert client.get(PATH).json() == read


def test_a_manager_who_is_added_again_has_just_the_permissions_of_the_last_time(client: httpx.Client) -> None:
    client.post(PATH, json=[{"reference": "00123", "permissions": EVERYTHING}, {"reference": "00124"}])
    client.post(PATH, json=[{"reference": "Ada@example.com", "permissions": {"peopleManager": {"insights": True}}}])
    insights = NOTHING_READ | {"peopleManager": {"canViewLearnPage": False, "insights": True, "manage": False}}
    assert permissions(client) == {"00123": insights, "00124": NOTHING_READ}


def test_who_cannot_be_added_is_named_with_the_reason(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    stranger = to_hex24(other_hub.person)
    sent = [
        {"reference": "nobody"},
        {"reference": "00123"},
        {"reference": stranger},
        {"reference": to_hex24(hub.person), "permissions": EVERYTHING},
        {"reference": "ada@example.com"},
    ]
    answer = client.post(PATH, json=sent)
    assert answer.status_code == 207
    assert answer.json() == {
        "success": {"count": 2, "entities": [{"reference": "00123"}, {"reference": "ada@example.com"}]},
        "failure": {
            "count": 3,
            "entities": [
                {"reason": "No such user", "reference": "nobody"},
                {"reason": "No such user", "reference": stranger},
                {"reason": "This user is named before, with other permissions", "reference": to_hex24(hub.person)},
            ],
        },
    }
    assert permissions(client) == {"00123": NOTHING_READ}


def test_replacing_leaves_just_those_who_were_sent(client: httpx.Client) -> None:
    client.post(PATH, json=[{"reference": "00123", "permissions": EVERYTHING}])
    assert client.patch(PATH, json=[{"reference": "00124"}]).status_code == 200
    assert permissions(client) == {"00124": NOTHING_READ}
    answer = client.patch(PATH, json=[{"reference": "nobody"}])
    assert (answer.status_code, answer.json()["success"]["count"]) == (207, 0)
    assert permissions(client) == {"00124": NOTHING_READ}, "a list that is wrong altogether empties nothing"


def test_an_audience_has_a_thousand_managers_at_most(hub: Hub, client: httpx.Client) -> None:
    refs = [f"M{number:04}" for number in range(1001)]
    people = [NewPerson(identifiers=(Identifier("ref", ref),)) for ref in refs]
    hub.do(hub.ledger.people.add(hub.caller, people))
    for start in range(0, 1000, 100):
        assert client.post(PATH, json=[{"reference": ref} for ref in refs[start : start + 100]]).status_code == 200
    answer = client.post(PATH, json=[{"reference": refs[1000]}, {"reference": refs[0]}])
    assert answer.status_code == 207
    assert answer.json()["failure"]["entities"] == [
        {"reason": "An audience has at most 1000 managers", "reference": refs[1000]}
    ]
    assert len(client.get(PATH).json()) == 1000


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    ("body", "field"),
    [
        ([], ""),
        ([{"reference": "00124"}] * 101, ""),
        ({"reference": "00124"}, ""),
        (["00124"], ""),
        ([{}], "reference"),
        ([{"userId": "00124"}], "reference"),
        ([{"reference": ""}], "reference"),
        ([{"reference": None}], "reference"),
        ([{"reference": "x" * 501}], "reference"),
        ([{"reference": "a\0b"}], "reference"),
        ([{"reference": "00124", "permissions": None}], "permissions"),
        ([{"reference": "00124", "permissions": []}], "permissions"),
        ([{"reference": "00124", "permissions": {"peopleManager": {"manage": "yes"}}}], "peopleManager.manage"),
        ([{"reference": "00124", "permissions": {"audienceManager": {"assignments": 1}}}], "assignments"),
        ([{"reference": "00124", "permissions": {"administrator": True}}], "administrator"),
    ],
)
def test_a_bad_body_is_refused_whole_and_the_field_named(
    client: httpx.Client, method: str, body: Any, field: str
) -> None:
    assert field in refusal(client.request(method, PATH, json=body), 422)
    assert client.get(PATH).json() == []


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_malformed_bodies_and_other_content_types_are_refused(client: httpx.Client, method: str) -> None:
    refusal(client.request(method, PATH, content=b"[{", headers={"content-type": "application/json"}), 422)
    refusal(client.request(method, PATH, content=b"[]", headers={"content-type": "text/plain"}), 415)


def test_a_manager_is_removed_by_ref_email_and_id(hub: Hub, client: httpx.Client) -> None:
    (odd,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", "a/b c"),))]))
    for reference in ("a/b c", to_hex24(odd), to_hex24(odd).upper()):
        client.post(PATH, json=[{"reference": "a/b c"}])
        answer = client.delete(f"{PATH}/{quote(reference, safe='')}")
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        assert client.get(PATH).json() == []
        refusal(client.delete(f"{PATH}/{quote(reference, safe='')}"), 404)
    client.post(PATH, json=[{"reference": "00123"}])
    assert client.delete(f"{PATH}/{quote('ADA@example.com', safe='')}").status_code == 200


def test_unknown_audiences_and_people_are_not_found(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    other_hub.client("thrive").post(PATH, json=[{"reference": "00123"}])
    for unknown in ("nothing", to_hex24(other_hub.audience)):
        address = f"/rest/v1/audiences/{unknown}/managers"
        for answer in (
            client.get(address),
            client.post(address, json=[{"reference": "00123"}]),
            client.patch(address, json=[{"reference": "00123"}]),
            client.delete(f"{address}/00123"),
        ):
            assert "audienceId" in refusal(answer, 404)
    for nobody in ("nobody", "00123", "f" * 24, to_hex24(other_hub.person)):
        assert "userId" in refusal(client.delete(f"{PATH}/{nobody}"), 404)
    assert list(permissions(other_hub.client("thrive"))) == ["00123"]


def test_a_key_that_only_reads_changes_nothing(hub: Hub, client: httpx.Client) -> None:
    client.post(PATH, json=[{"reference": "00123"}])
    reader = hub.client("thrive", hub.reader)
    refusal(reader.post(PATH, json=[{"reference": "00124"}]), 403)
    refusal(reader.patch(PATH, json=[{"reference": "00124"}]), 403)
    refusal(reader.delete(f"{PATH}/00123"), 403)
    assert list(permissions(reader)) == ["00123"]
