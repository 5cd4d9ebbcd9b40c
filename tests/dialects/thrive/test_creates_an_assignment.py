"""Transcripts of the vendor's page "Creates an assignment": POST /assignments, and reading back."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24
from tests.hub import Hub

PATH = "/rest/v1/assignments"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def body(hub: Hub, **changed: Any) -> dict[str, Any]:
    whole = {"audienceId": to_hex24(hub.audience), "contentId": to_hex24(hub.item)}
    return {name: value for name, value in (whole | changed).items() if value is not ...}


def test_the_defaults_are_the_pages(hub: Hub, client: httpx.Client) -> None:
    answer = client.post(PATH, json=body(hub))
    assert answer.status_code == 201
    made = answer.json()
    id, created, updated = made.pop("id"), made.pop("createdAt"), made.pop("updatedAt")
    assert made == {
        "audienceId": to_hex24(hub.audience),
        "primaryContentId": to_hex24(hub.item),
        "alternativeContentIds": [],
        "hideAlternativeContent": False,
        "completionPeriod": 30,
        "recurrence": None,
        "isActive": True,
        "isDeleted": False,
        "deletedAt": None,
    }
    assert len(id) == 24
    assert created == updated
    assert created.endswith("Z")
    assert created[-5] == "."
    assert client.get(f"{PATH}/{id}").json() == answer.json()
    assert client.get(PATH).json() == [answer.json()]


def test_every_field_is_kept(hub: Hub, client: httpx.Client) -> None:
    sent = body(
        hub,
        alternativeContentIds=[to_hex24(hub.third_party).upper()],
        hideAlternativeContent=True,
        completionPeriod=1,
        recurrence=0,
    )
    made = client.post(PATH, json=sent).json()
    assert made["alternativeContentIds"] == [to_hex24(hub.third_party)]
    assert (made["hideAlternativeContent"], made["completionPeriod"]) == (True, 1)
    assert made["recurrence"] == 0, "rule A1: the value sent is given back unchanged"


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"audienceId": ...}, "audienceId"),
        ({"contentId": ...}, "contentId"),
        ({"audienceId": "site-staff"}, "audienceId"),
        ({"audienceId": "f" * 24}, "audienceId"),
        ({"contentId": "f" * 24}, "contentId"),
        ({"contentId": "f" * 23}, "contentId"),
        ({"completionPeriod": 0}, "completionPeriod"),
        ({"completionPeriod": -1}, "completionPeriod"),
        ({"completionPeriod": 1.5}, "completionPeriod"),
        ({"completionPeriod": "30"}, "completionPeriod"),
        ({"completionPeriod": None}, "completionPeriod"),
        ({"completionPeriod": 10**30}, "completionPeriod"),
        ({"recurrence": -1}, "recurrence"),
        ({"hideAlternativeContent": "no"}, "hideAlternativeContent"),
        ({"alternativeContentIds": "x"}, "alternativeContentIds"),
        ({"alternativeContentIds": ["x"]}, "alternativeContentIds"),
        ({"alternativeContentIds": ["f" * 24]}, "alternativeContentIds[0]"),
    ],
)
def test_a_bad_field_is_422_and_named(hub: Hub, client: httpx.Client, changed: dict[str, Any], field: str) -> None:
    answer = client.post(PATH, json=body(hub, **changed))
    assert answer.status_code == 422, answer.text
    assert field in answer.json()["message"]
    assert client.get(PATH).json() == []


def test_the_primary_is_no_alternative_and_no_alternative_comes_twice(hub: Hub, client: httpx.Client) -> None:
    item, other = to_hex24(hub.item), to_hex24(hub.third_party)
    for alternatives in ([item], [other, other.upper()]):
        answer = client.post(PATH, json=body(hub, alternativeContentIds=alternatives))
        assert answer.status_code == 422
        assert f"alternativeContentIds[{len(alternatives) - 1}]" in answer.json()["message"]


def test_lists_go_by_audience_and_page(hub: Hub, client: httpx.Client) -> None:
    made = [client.post(PATH, json=body(hub, completionPeriod=days)).json() for days in (1, 2, 3)]
    assert client.get(PATH, params={"audienceId": "site-staff"}).json() == made
    assert client.get(PATH, params={"audienceId": to_hex24(hub.audience), "perPage": 2, "page": 2}).json() == made[2:]
    assert client.get(PATH, params={"limit": 1}).json() == made[:1]
    assert client.get(PATH, params={"limit": 1, "perPage": 2}).json() == made[:2], "perPage wins"
    assert client.get(PATH, params={"page": 2}).json() == []
    assert client.get(PATH, params={"updatedSince": "2999-01-01T00:00:00Z"}).json() == []
    assert client.get(PATH, params={"audienceId": "nobody"}).status_code == 404


def test_another_tenants_assignment_is_not_found(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    id = client.post(PATH, json=body(hub)).json()["id"]
    with other_hub.client("thrive") as stranger:
        assert stranger.get(f"{PATH}/{id}").status_code == 404
        assert stranger.get(PATH).json() == []
        assert stranger.post(PATH, json=body(hub)).status_code == 422


def test_a_read_only_key_may_not_assign(hub: Hub) -> None:
    with hub.client("thrive", hub.reader) as reader:
        assert reader.post(PATH, json=body(hub)).status_code == 403
