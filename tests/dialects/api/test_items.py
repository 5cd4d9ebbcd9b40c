"""Items and their versions: /v1/items."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24, to_ulid
from tests.dialects.api.problems import problem
from tests.hub import Hub

PATH = "/v1/items"
NOTHING = "itm_00000000000000000000000000"


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


def test_an_item_reads_back_as_it_was_made(hub: Hub, client: httpx.Client) -> None:
    body = {
        "title": "Ladders",
        "kind": "course",
        "format": "video",
        "description": "Up and down",
        "provider": "Testamur Academy",
        "language": "en",
        "url": "https://example.com/ladders",
        "cover_url": "https://example.com/ladders.png",
        "duration": "PT45M",
        "is_authored": True,
        "requires_quiz": True,
        "is_official": True,
        "tags": ["height", "Safety"],
        "skills": ["Climbing"],
        "attributes": {"cost": 5},
    }
    given = {"author": "ref:00123", "ref": "LAD-1", "identifiers": {"iri": ["https://example.com/i/ladders"]}}
    made = create(client, **body, **given)
    assert made == body | {
        "id": made["id"],
        "author": to_ulid(hub.person, "person"),
        "ref": "LAD-1",
        "identifiers": {"iri": ["https://example.com/i/ladders"], "ref": ["LAD-1"]},
        "state": "published",
        "version": 1,
        "draft": None,
        "created_at": made["created_at"],
        "updated_at": made["updated_at"],
        "retired_at": None,
    }
    for text in (made["id"], "ref:LAD-1", "iri:https%3A%2F%2Fexample.com%2Fi%2Fladders"):
        assert client.get(f"{PATH}/{text}").json() == made
    assert create(client, title="Later", state="draft")["state"] == "draft"


def test_putting_by_an_identifier_adds_and_then_replaces(client: httpx.Client) -> None:
    at = f"{PATH}/ref:PUT-1"
    first = client.put(at, json={"title": "One", "language": "en", "tags": ["a"], "attributes": {"x": 1}})
    assert first.status_code == 201
    assert first.headers["location"].endswith(first.json()["id"])
    same = client.put(at, json={"title": "One", "language": "en", "tags": ["a"], "attributes": {"x": 1}})
    assert (same.status_code, same.json()) == (200, first.json())
    second = client.put(at, json={"title": "Two", "version": 2, "state": "published", "retraining_from": "2026-02-01"})
    assert second.status_code == 200
    shown = second.json()
    assert (shown["title"], shown["language"], shown["tags"], shown["attributes"]) == ("Two", None, [], {})
    versions = client.get(f"{at}/versions").json()["data"]
    assert [(version["number"], version["retraining_from"]) for version in versions] == [(1, None), (2, "2026-02-01")]
    for path, body, named in (
        (f"{PATH}/{shown['id']}", {"title": "Three"}, {"parameter": "item"}),
        (at, {"title": "Three", "version": 1}, {"pointer": "/version"}),
        (at, {}, {"pointer": "/title"}),
        (at, {"title": "Three", "author": "ref:nobody"}, {"pointer": "/author"}),
        (at, {"title": "Three", "identifiers": {"ref": ["FIRE-101"]}}, {"pointer": ""}),
    ):
        (fault,) = problem(client.put(path, json=body), 422)["errors"]
        assert named.items() <= fault.items()


def test_a_change_keeps_what_it_leaves_out_and_null_clears(client: httpx.Client) -> None:
    before = create(client, title="Ladders", language="en", author="ref:00123", tags=["a"], attributes={"a": 1, "b": 2})
    at = f"{PATH}/{before['id']}"
    after = client.patch(at, json={"language": None, "kind": "course", "attributes": {"a": None, "c": 3}}).json()
    assert after == before | {
        "language": None,
        "kind": "course",
        "attributes": {"b": 2, "c": 3},
        "updated_at": after["updated_at"],
    }
    cleared = client.patch(at, json={"author": None, "tags": None, "skills": ["b"], "attributes": None}).json()
    assert (cleared["author"], cleared["tags"], cleared["skills"], cleared["attributes"]) == (None, [], ["b"], {})
    tag = client.get(at).headers["etag"]
    assert client.patch(at, json={"title": "New"}, headers={"if-match": tag}).json()["title"] == "New"
    problem(client.patch(at, json={"title": "Old"}, headers={"if-match": tag}), 412, "precondition_failed")


def test_versions_are_published_and_an_item_retires_and_returns(client: httpx.Client) -> None:
    made = create(client, title="Ladders", state="draft")
    at = f"{PATH}/{made['id']}"
    assert (made["version"], made["draft"]) == (None, 1)
    first = client.post(f"{at}/versions")
    assert first.status_code == 201
    assert first.json() == client.get(first.headers["location"]).json() == client.get(f"{at}/versions/1").json()
    second = client.post(f"{at}/versions", json={"retraining_from": "2026-03-01"}).json()
    assert (second["number"], second["retraining_from"]) == (2, "2026-03-01")
    part = client.get(f"{at}/versions", params={"limit": 1}).json()
    rest = client.get(f"{at}/versions", params={"limit": 1, "cursor": part["next"]}).json()
    assert [*part["data"], *rest["data"]] == [first.json(), second]
    assert rest["next"] is None
    for wrong in ("3", "0", "x", "-1", "99999999999999999999", "²"):
        problem(client.get(f"{at}/versions/{wrong}"), 404, "not_found")
    (fault,) = problem(client.post(f"{at}/versions", json={"retraining_from": "2026-3-1"}), 422)["errors"]
    assert fault["pointer"] == "/retraining_from"
    retired = client.post(f"{at}/retire").json()
    assert (retired["state"], retired["version"]) == ("retired", 2)
    assert client.post(f"{at}/retire").json() == retired
    assert [item["id"] for item in client.get(PATH, params={"retired": True}).json()["data"]] == [made["id"]]
    back = client.post(f"{at}/restore").json()
    assert (back["state"], back["retired_at"]) == ("published", None)


def test_the_list_is_walked_by_cursors_and_filtered(hub: Hub, client: httpx.Client) -> None:
    items = [to_ulid(id, "item") for id in (hub.item, hub.third_party, hub.draft)]
    part = client.get(PATH, params={"limit": 2}).json()
    rest = client.get(PATH, params={"limit": 1000, "cursor": part["next"]}).json()
    assert [item["id"] for item in [*part["data"], *rest["data"]]] == sorted(items)
    assert rest["next"] is None

    def ids(**filters: Any) -> list[str]:
        return [item["id"] for item in client.get(PATH, params=filters).json()["data"]]

    assert ids(identifier="ref:FIRE-101") == [items[0]]
    assert ids(kind="content") == [items[1]]
    assert ids(updated_after="2999-01-01T00:00:00Z") == []
    assert ids(retired=False) == sorted(items)
    for name, value in (("kind", "book"), ("identifier", "FIRE-101"), ("cursor", "x"), ("state", "draft")):
        (fault,) = problem(client.get(PATH, params={name: value}), 422)["errors"]
        assert fault["parameter"] == name


@pytest.mark.parametrize("text", ["FIRE-101", "ref:nothing", NOTHING, "per_00000000000000000000000000"])
def test_an_item_that_is_not_there_is_404(client: httpx.Client, text: str) -> None:
    for method, path in (
        ("GET", ""),
        ("PATCH", ""),
        ("POST", "/retire"),
        ("POST", "/restore"),
        ("GET", "/versions"),
        ("POST", "/versions"),
        ("GET", "/versions/1"),
    ):
        answer = client.request(method, f"{PATH}/{text}{path}", json={} if method == "PATCH" else None)
        problem(answer, 404, "item_not_found")


def test_an_item_is_found_by_every_spelling_and_not_by_strangers(
    hub: Hub, other_hub: Hub, client: httpx.Client
) -> None:
    assert client.get(f"{PATH}/{to_hex24(hub.item).upper()}").json()["ref"] == "FIRE-101"
    assert client.get(f"{PATH}/ref:LIFT%2F1%20%C3%A4").json()["title"] == "Manual handling"
    problem(other_hub.client("api").get(f"{PATH}/{to_ulid(hub.item, 'item')}"), 404, "item_not_found")


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({}, "/title"),
        ({"title": " "}, "/title"),
        ({"title": "x" * 501}, "/title"),
        ({"title": "a\0"}, "/title"),
        ({"title": "T", "kind": "outside"}, "/kind"),
        ({"title": "T", "duration": "an hour"}, "/duration"),
        ({"title": "T", "author": "ref:nobody"}, "/author"),
        ({"title": "T", "author": "00123"}, "/author"),
        ({"title": "T", "tags": [""]}, "/tags/0"),
        ({"title": "T", "tags": ["x" * 300]}, "/tags/0"),
        ({"title": "T", "identifiers": {"ref": [7]}}, "/identifiers/*/0"),
        ({"title": "T", "state": "retired"}, "/state"),
        ({"title": "T", "colour": "red"}, "/colour"),
        ({"title": "T", "ref": "FIRE-101"}, "/ref"),
    ],
)
def test_a_wrong_body_is_refused_and_its_field_named(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    answer = client.post(PATH, json=body)
    told = problem(answer, 409 if "identifier_taken" in answer.text else 422)
    assert [fault["pointer"] for fault in told["errors"]] == [pointer]
