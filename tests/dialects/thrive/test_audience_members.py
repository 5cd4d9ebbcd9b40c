"""GET, POST and PATCH /audiences/{audienceId}/members; DELETE /audiences/{audienceId}/members/{userRef}."""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

import httpx
import pytest

from testamur.core.ids import to_hex24, to_uuid
from testamur.core.people import Identifier, NewPerson
from tests.hub import Hub

PATH = "/rest/v1/audiences/site-staff/members"
ODD = "Zoë/Q @100% +1"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def staff(hub: Hub, count: int) -> list[str]:
    """New people's refs, in the order of their ids."""
    refs = [f"S{number:05}" for number in range(count)]
    people = [NewPerson(given_name=ref, identifiers=(Identifier("ref", ref),)) for ref in refs]
    hub.do(hub.ledger.people.add(hub.caller, people))
    return refs


def refs(client: httpx.Client, **params: Any) -> list[str]:
    return [one["reference"] for one in client.get(PATH, params=params).json()["results"]]


def succeeded(*references: str) -> dict[str, Any]:
    return {"count": len(references), "entities": [{"reference": reference} for reference in references]}


def refusal(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert answer.json()["status"] == status
    message: str = answer.json()["message"]
    return message


# Reading ----------------------------------------------------------------------------------------------------------


def test_members_are_listed_with_what_names_them(hub: Hub, client: httpx.Client) -> None:
    (bare,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="Bo")]))
    client.post(PATH, json=[to_hex24(bare)])
    answer = client.get(PATH)
    assert answer.status_code == 200
    assert answer.json() == {
        "pagination": {"totalResults": 2, "totalPages": 1, "page": 1, "perPage": 100},
        "results": [
            {"userId": to_hex24(hub.person), "reference": "00123", "email": "ada@example.com"},
            {"userId": to_hex24(bare), "reference": None, "email": None},
        ],
    }
    assert client.get(f"/rest/v1/audiences/{to_hex24(hub.audience).upper()}/members").json() == answer.json()


def test_pages_neither_skip_nor_repeat(hub: Hub, client: httpx.Client) -> None:
    added = staff(hub, 99)
    assert client.post(PATH, json=added).status_code == 200
    everybody = ["00123", *added]
    assert refs(client) == everybody, "an exactly full page"
    assert client.get(PATH, params={"page": 2}).json() == {
        "pagination": {"totalResults": 100, "totalPages": 1, "page": 2, "perPage": 100},
        "results": [],
    }
    walked = [ref for page in range(1, 16) for ref in refs(client, page=page, perPage=7)]
    assert walked == everybody
    assert refs(client, limit=5) == everybody[:5]
    assert refs(client, limit=5, perPage=6, page=2) == everybody[6:12]


@pytest.mark.parametrize("params", [{"page": "0"}, {"perPage": "0"}, {"perPage": "1001"}, {"limit": "101"}])
def test_parameters_out_of_range_are_refused_by_name(client: httpx.Client, params: dict[str, str]) -> None:
    assert next(iter(params)) in refusal(client.get(PATH, params=params), 422)


# Adding -----------------------------------------------------------------------------------------------------------


def test_members_are_added_by_ref_email_and_id_and_echoed_as_sent(hub: Hub, client: httpx.Client) -> None:
    one, two, three, four = staff(hub, 4)
    people = hub.do(hub.ledger.people.page(hub.tenant.id, count=100))
    id = {person.ref: person.id for person in people}
    sent = [" ZOE@example.com ", to_hex24(id[one]).upper(), to_uuid(id[two]), three, four]
    answer = client.post(PATH, json=sent)
    assert (answer.status_code, answer.json()) == (200, {"success": succeeded(*sent)})
    assert refs(client) == ["00123", "00124", one, two, three, four]


def test_who_is_there_already_or_comes_twice_is_a_success(hub: Hub, client: httpx.Client) -> None:
    sent = ["00123", "00124", "zoe@example.com", "00124"]
    for _ in range(2):
        assert client.post(PATH, json=sent).json() == {"success": succeeded(*sent)}
    assert refs(client) == ["00123", "00124"]


def test_who_cannot_be_added_is_named_with_the_reason(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    stranger = to_hex24(other_hub.person)
    answer = client.post(PATH, json=["nobody", "00124", stranger, to_hex24(hub.item)])
    assert answer.status_code == 207
    reason = "No such user"
    assert answer.json() == {
        "success": succeeded("00124"),
        "failure": {
            "count": 3,
            "entities": [
                {"reason": reason, "reference": "nobody"},
                {"reason": reason, "reference": stranger},
                {"reason": reason, "reference": to_hex24(hub.item)},
            ],
        },
    }
    assert refs(client) == ["00123", "00124"]
    nobody = client.post(PATH, json=["nobody"])
    assert (nobody.status_code, nobody.json()["success"]) == (207, {"count": 0, "entities": []})


@pytest.mark.parametrize("method", ["POST", "PATCH"])
@pytest.mark.parametrize(
    "body",
    [
        [], ["x"] * 101, {}, {"members": ["00124"]}, "00124", 7, [7], [None], [["00124"]], [""], ["x" * 501],
        ["00124", "a\0b"], [{"reference": "00124"}],
    ],
    ids=repr,
)  # fmt: skip
def test_what_is_no_list_of_1_to_100_strings_is_refused_whole(client: httpx.Client, method: str, body: Any) -> None:
    refusal(client.request(method, PATH, json=body), 422)
    assert refs(client) == ["00123"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_malformed_bodies_and_other_content_types_are_refused(client: httpx.Client, method: str) -> None:
    json = {"content-type": "application/json"}
    for content in (b"", b"[", b'["00124",]', b"\xff"):
        refusal(client.request(method, PATH, content=content, headers=json), 422)
    refusal(client.request(method, PATH, content=b'["00124"]', headers={"content-type": "text/plain"}), 415)
    assert refs(client) == ["00123"]


def test_a_hundred_are_added_at_once(hub: Hub, client: httpx.Client) -> None:
    added = staff(hub, 100)
    assert client.post(PATH, json=added).json()["success"]["count"] == 100
    assert client.get(PATH).json()["pagination"]["totalResults"] == 101


def test_an_unknown_audience_is_answered_with_a_listed_status(other_hub: Hub, client: httpx.Client) -> None:
    """The vendor lists no 404 for POST, and one for PATCH."""
    for unknown in ("nothing", to_hex24(other_hub.audience)):
        address = f"/rest/v1/audiences/{unknown}/members"
        assert "audienceId" in refusal(client.post(address, json=["00123"]), 422)
        assert "audienceId" in refusal(client.patch(address, json=["00123"]), 404)
        assert "audienceId" in refusal(client.get(address), 404)
        assert "audienceId" in refusal(client.delete(f"{address}/00123"), 404)


def test_a_structure_has_members_of_its_own(client: httpx.Client) -> None:
    client.post("/rest/v1/audiences", json={"reference": "sites"})
    assert client.post("/rest/v1/audiences/sites/members", json=["00124"]).status_code == 200
    assert client.get("/rest/v1/audiences/sites/members").json()["pagination"]["totalResults"] == 1


# Replacing and removing -------------------------------------------------------------------------------------------


def test_replacing_leaves_just_those_who_were_sent(hub: Hub, client: httpx.Client) -> None:
    one, two, three = staff(hub, 3)
    client.post(PATH, json=[one, two])
    answer = client.patch(PATH, json=[three, two])
    assert (answer.status_code, answer.json()) == (200, {"success": succeeded(three, two)})
    assert refs(client) == [two, three]
    answer = client.patch(PATH, json=["nobody", "00123"])
    assert (answer.status_code, answer.json()["success"]) == (207, succeeded("00123"))
    assert refs(client) == ["00123"]
    client.patch(PATH, json=[one])
    assert refs(client) == [one], "who left and came back on one day can leave again"


def test_a_list_that_is_wrong_altogether_empties_nothing(client: httpx.Client) -> None:
    answer = client.patch(PATH, json=["nobody", "nothing"])
    assert (answer.status_code, answer.json()["success"]["count"]) == (207, 0)
    assert refs(client) == ["00123"]


def test_a_member_is_removed_by_ref_email_and_id(hub: Hub, client: httpx.Client) -> None:
    (odd,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", ODD),))]))
    for reference in (ODD, to_hex24(odd), to_hex24(odd).upper()):
        client.post(PATH, json=[ODD])
        answer = client.delete(f"{PATH}/{quote(reference, safe='')}")
        assert (answer.status_code, answer.json()) == (200, {"success": True})
        assert refs(client) == ["00123"]
    assert client.delete(f"{PATH}/{quote('Ada@Example.com', safe='')}").status_code == 200
    assert refs(client) == []
    refusal(client.delete(f"{PATH}/00123"), 404)
    client.post(PATH, json=["00123"])
    assert refs(client) == ["00123"]


def test_who_is_no_member_cannot_be_removed(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    for nobody in ("nobody", "00124", "f" * 24, to_hex24(other_hub.person)):
        assert "userRef" in refusal(client.delete(f"{PATH}/{nobody}"), 404)
    assert refs(client) == ["00123"]


def test_a_key_that_only_reads_changes_nothing(hub: Hub, client: httpx.Client) -> None:
    reader = hub.client("thrive", hub.reader)
    refusal(reader.post(PATH, json=["00124"]), 403)
    refusal(reader.patch(PATH, json=["00124"]), 403)
    refusal(reader.delete(f"{PATH}/00123"), 403)
    assert refs(reader) == ["00123"]
