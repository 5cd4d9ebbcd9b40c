"""Favourites: /v1/people/{person}/favorites."""

from __future__ import annotations

import httpx
import pytest

from testamur.core.ids import to_ulid
from testamur.core.people import Reference
from testamur.ledger import favorites
from tests.dialects.api.problems import problem
from tests.hub import Hub

ADA = "/v1/people/ref:00123/favorites"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def test_an_item_is_marked_listed_and_unmarked(hub: Hub, client: httpx.Client) -> None:
    marked = client.put(f"{ADA}/ref:FIRE-101")
    shown = marked.json()
    assert (marked.status_code, shown) == (
        201,
        {
            "item": to_ulid(hub.item, "item"),
            "title": "Fire safety",
            "kind": "course",
            "marked_at": shown["marked_at"],
        },
    )
    again = client.put(f"/v1/people/{to_ulid(hub.person, 'person').lower()}/favorites/{shown['item'].upper()}")
    assert (again.status_code, again.json()) == (200, shown)
    assert client.get(ADA).json() == {"data": [shown], "next": None}
    assert client.get("/v1/people/ref:00124/favorites").json() == {"data": [], "next": None}
    assert client.delete(f"{ADA}/{shown['item']}").status_code == 204
    assert client.get(ADA).json() == {"data": [], "next": None}
    problem(client.delete(f"{ADA}/{shown['item']}"), 404, "item_not_found")
    assert client.put(f"{ADA}/{shown['item']}").status_code == 201


def test_favorites_come_in_parts(hub: Hub, client: httpx.Client) -> None:
    for item in (hub.draft, hub.item, hub.third_party):
        client.put(f"{ADA}/{to_ulid(item, 'item')}")
    first = client.get(ADA, params={"limit": 2}).json()
    second = client.get(ADA, params={"limit": 2, "cursor": first["next"]}).json()
    items = [favorite["item"] for favorite in first["data"] + second["data"]]
    assert items == [to_ulid(item, "item") for item in (hub.item, hub.third_party, hub.draft)]
    assert second["next"] is None
    other = "/v1/people/ref:00124/favorites"
    problem(client.get(other, params={"cursor": first["next"]}), 422, "invalid_cursor")
    problem(client.get(ADA, params={"limit": 1001}), 422)
    problem(client.get(ADA, params={"sort": "title"}), 422)


def test_unknown_people_and_items_are_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    theirs = to_ulid(other_hub.person, "person"), to_ulid(other_hub.item, "item")
    for method in ("PUT", "DELETE"):
        for person in ("ref:nobody", theirs[0], "%00"):
            answer = client.request(method, f"/v1/people/{person}/favorites/ref:FIRE-101")
            problem(answer, 404)
        for item in ("ref:nothing", theirs[1]):
            problem(client.request(method, f"{ADA}/{item}"), 404, "item_not_found")
    problem(client.get("/v1/people/ref:nobody/favorites"), 404, "person_not_found")


def test_what_is_retired_is_no_favorite(hub: Hub, client: httpx.Client) -> None:
    client.put(f"{ADA}/ref:FIRE-101")
    client.post("/v1/items/ref:FIRE-101/retire")
    assert client.get(ADA).json()["data"] == []
    problem(client.put(f"{ADA}/ref:FIRE-101"), 404, "item_not_found")
    client.post("/v1/items/ref:FIRE-101/restore")
    assert len(client.get(ADA).json()["data"]) == 1


def test_who_is_deleted_has_no_favorites_any_more(hub: Hub, client: httpx.Client) -> None:
    client.put(f"{ADA}/ref:FIRE-101")
    client.delete("/v1/people/ref:00123")
    assert client.get(f"/v1/people/{to_ulid(hub.person, 'person')}/favorites").json()["data"] == []
    problem(client.put(f"/v1/people/{to_ulid(hub.person, 'person')}/favorites/ref:FIRE-101"), 404, "person_not_found")


def test_a_person_has_so_many_favorites(hub: Hub, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(favorites, "FAVORITES_MAX", 1)
    assert client.put(f"{ADA}/ref:FIRE-101").status_code == 201
    told = problem(client.put(f"{ADA}/{to_ulid(hub.draft, 'item')}"), 422, "invalid")
    assert told["errors"][0]["parameter"] == "item"
    assert client.put(f"{ADA}/ref:FIRE-101").status_code == 200


def test_marking_and_unmarking_are_entries(hub: Hub) -> None:
    ada, fire = Reference("00123", ("ref",)), Reference("FIRE-101", ("ref",), "item")
    for _ in range(2):
        hub.do(hub.ledger.favorites.mark(hub.caller, ada, fire))
    for _ in range(2):
        hub.do(hub.ledger.favorites.unmark(hub.caller, ada, fire))

    async def found() -> list[tuple[str, object]]:
        async with hub.ledger.database.read(hub.tenant.id) as tx:
            rows = await tx.rows("entries_page", after=0, count=1000, size_max=10**9)
        return [(row["kind"], row["data"]) for row in rows if row["kind"].startswith("favorite.")]

    data = {"item": str(hub.item)}
    assert hub.do(found()) == [("favorite.opened", data), ("favorite.closed", data)]


def test_a_key_that_may_only_read_marks_nothing(hub: Hub) -> None:
    with hub.client("api", hub.reader) as reader:
        for method in ("PUT", "DELETE"):
            problem(reader.request(method, f"{ADA}/ref:FIRE-101"), 403, "forbidden")
        assert reader.get(ADA).status_code == 200
