"""Transcripts of GET /tags, GET /tags/{tagId}, POST and PATCH /users/{userId}/tags."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24
from testamur.core.items import ItemTelling
from testamur.core.people import Identifier
from tests.hub import Hub
from tests.ledger.tellings import kept

PATH = "/rest/v1/tags"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    hub.do(hub.ledger.skills.add(hub.caller, ["Safety", "C / C++", "Führung"]))
    return hub.client("thrive")


def of(hub: Hub) -> str:
    return f"/rest/v1/users/{to_hex24(hub.person)}/tags"


def tags(client: httpx.Client) -> dict[str, dict[str, Any]]:
    return {tag["tag"]: tag for tag in client.get(PATH).json()["results"]}


def removal(*names: str, **changed: Any) -> dict[str, Any]:
    whole = {"op": "remove", "path": "tags", "value": list(names)} | changed
    return {name: value for name, value in whole.items() if value is not ...}


def test_a_tag_shows_contents_and_people(hub: Hub, client: httpx.Client) -> None:
    told = ItemTelling(identifiers=(Identifier("ref", "FIRE-101"),), tags=("safety",), skills=("Safety",))
    hub.do(hub.ledger.items.put(hub.caller, [told]))
    person = to_hex24(hub.person)
    client.post(of(hub), json={"tags": ["Safety"]})
    skill = {"op": "update", "path": "skills", "value": [{"tagName": "Safety", "level": 1024}]}
    client.patch(f"/rest/v1/users/{person}/skills", json=skill)
    id = tags(client)["Safety"]["id"]
    answer = client.get(f"{PATH}/{id}")
    assert answer.status_code == 200
    assert answer.json() == {
        "id": id,
        "tag": "Safety",
        "contents": [to_hex24(hub.item)],
        "campaigns": [],
        "interests": [person],
        "skills": [person],
    }
    assert client.get(f"{PATH}/{id.upper()}").json() == answer.json()


def test_the_list_has_the_vendors_envelope(client: httpx.Client) -> None:
    answer = client.get(PATH)
    assert answer.json()["pagination"] == {"totalResults": 3, "totalPages": 1, "page": 1, "perPage": 100}
    assert [tag["tag"] for tag in answer.json()["results"]] == ["Safety", "C / C++", "Führung"]
    second = client.get(PATH, params={"page": 2, "perPage": 2}).json()
    assert (second["pagination"]["totalPages"], [tag["tag"] for tag in second["results"]]) == (2, ["Führung"])
    assert client.get(PATH, params={"page": 9}).json()["results"] == []


@pytest.mark.parametrize(
    ("name", "value"),
    [("perPage", "0"), ("perPage", "1001"), ("page", "0"), ("page", "x"), ("updatedSince", "once")],
)
def test_a_bad_parameter_is_422_and_named(client: httpx.Client, name: str, value: str) -> None:
    answer = client.get(PATH, params={name: value})
    assert answer.status_code == 422
    assert name in answer.json()["message"]


@pytest.mark.parametrize("id", ["f" * 24, "Safety", "C%20%2F%20C++", "%00"])
def test_an_unknown_tag_is_404(client: httpx.Client, id: str) -> None:
    assert client.get(f"{PATH}/{id}").status_code == 404


def test_tags_are_added_to_a_learner_and_removed_again(hub: Hub, client: httpx.Client) -> None:
    person = to_hex24(hub.person)
    added = client.post(of(hub), json={"tags": ["safety", "C / C++", " SAFETY "]})
    assert (added.status_code, added.json()) == (
        200,
        {"status": 200, "message": "2 tag(s) added successfully to the learner."},
    )
    again = client.post(of(hub), json={"tags": ["Safety", "C / C++"]})
    assert again.json() == added.json(), "a retry is answered as the first time"
    assert [tag["interests"] for tag in tags(client).values()] == [[person], [person], []]
    removed = client.patch(of(hub), json=removal("Safety"))
    assert (removed.status_code, removed.json()) == (
        200,
        {"status": 200, "message": "1 tag(s) removed successfully from the learner."},
    )
    assert client.patch(of(hub), json=removal("Safety")).json() == removed.json()
    assert [tag["interests"] for tag in tags(client).values()] == [[], [person], []]


def test_what_was_stays_on_record(urls: Any, hub: Hub, client: httpx.Client) -> None:
    for _ in range(2):
        client.post(of(hub), json={"tags": ["Safety"]})
        client.patch(of(hub), json=removal("Safety"))
    spans = kept(urls, hub, "interest", "tied_at")
    assert [span["untied_at"] is None for span in spans] == [False, False]
    entries = [row for row in kept(urls, hub, "ledger_entry", "number") if row["kind"].startswith("interest.")]
    assert [row["kind"] for row in entries] == ["interest.opened", "interest.closed"] * 2
    assert {row["subject"] for row in entries} == {hub.person}
    assert {row["client"] for row in entries} == {hub.key.client}


def test_updated_since_finds_the_tags_whose_ties_changed(hub: Hub, client: httpx.Client) -> None:
    before = hub.ledger.now().isoformat()
    assert client.get(PATH, params={"updatedSince": before}).json()["results"] == []
    client.post(of(hub), json={"tags": ["Safety"]})
    changed = client.get(PATH, params={"updatedSince": before}).json()
    assert (changed["pagination"]["totalResults"], changed["results"][0]["tag"]) == (1, "Safety")


def test_one_unknown_tag_refuses_all_and_is_named(hub: Hub, client: httpx.Client) -> None:
    answer = client.post(of(hub), json={"tags": ["Safety", "Unheard-of"]})
    assert answer.status_code == 404
    assert "tags[1]" in answer.json()["message"]
    assert tags(client)["Safety"]["interests"] == []
    assert client.patch(of(hub), json=removal("Safety", "Unheard-of")).status_code == 404


@pytest.mark.parametrize(
    ("method", "body", "field"),
    [
        ("POST", {}, "tags"),
        ("POST", {"tags": []}, "tags"),
        ("POST", {"tags": None}, "tags"),
        ("POST", {"tags": "Safety"}, "tags"),
        ("POST", {"tags": [1]}, "tags"),
        ("POST", {"tags": [""]}, "tags"),
        ("POST", {"tags": ["x" * 256]}, "tags"),
        ("POST", {"tags": ["Safety"] * 101}, "tags"),
        ("POST", {"tags": ["Saf\0ety"]}, "tags"),
        ("PATCH", removal("Safety", op="add"), "op"),
        ("PATCH", removal("Safety", op=...), "op"),
        ("PATCH", removal("Safety", path="skills"), "path"),
        ("PATCH", removal("Safety", path=...), "path"),
        ("PATCH", removal(value=...), "value"),
        ("PATCH", removal(), "value"),
        ("PATCH", removal(*["Safety"] * 101), "value"),
        ("PATCH", removal(value=[None]), "value"),
    ],
)
def test_a_bad_body_is_422_and_named(hub: Hub, client: httpx.Client, method: str, body: Any, field: str) -> None:
    answer = client.request(method, of(hub), json=body)
    assert answer.status_code == 422, answer.text
    assert field in answer.json()["message"]


@pytest.mark.parametrize("method", ["POST", "PATCH"])
def test_what_is_no_json_is_refused(hub: Hub, client: httpx.Client, method: str) -> None:
    json = {"content-type": "application/json"}
    assert client.request(method, of(hub), content=b'{"tags": [', headers=json).status_code == 422
    assert client.request(method, of(hub), content=b"[]", headers=json).status_code == 422
    assert client.request(method, of(hub), content=b"", headers=json).status_code == 422
    assert client.request(method, of(hub), content=b"tags=Safety").status_code == 415


@pytest.mark.parametrize("user", ["f" * 24, "nobody", "a%2Fb"])
def test_an_unknown_learner_is_404(client: httpx.Client, user: str) -> None:
    for answer in (
        client.post(f"/rest/v1/users/{user}/tags", json={"tags": ["Safety"]}),
        client.patch(f"/rest/v1/users/{user}/tags", json=removal("Safety")),
    ):
        assert answer.status_code == 404
        assert "userId" in answer.json()["message"]


def test_another_tenants_tags_and_learners_are_not_there(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    id = tags(client)["Safety"]["id"]
    with other_hub.client("thrive") as stranger:
        assert stranger.get(f"{PATH}/{id}").status_code == 404
        assert stranger.get(PATH).json()["results"] == []
        assert stranger.post(of(hub), json={"tags": ["Safety"]}).status_code == 404
        assert stranger.post(of(other_hub), json={"tags": ["Safety"]}).status_code == 404


def test_a_read_only_key_may_look_and_not_touch(hub: Hub, client: httpx.Client) -> None:
    with hub.client("thrive", hub.reader) as reader:
        assert reader.get(PATH).status_code == 200
        assert reader.post(of(hub), json={"tags": ["Safety"]}).status_code == 403
        assert reader.patch(of(hub), json=removal("Safety")).status_code == 403
