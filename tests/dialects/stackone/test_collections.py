"""Collections."""

from __future__ import annotations

import httpx
import pytest

from testamur.core.ids import to_hex24, to_opaque
from testamur.core.items import ItemKind
from testamur.core.people import Reference
from tests.hub import Hub

PATH = "/unified/lms/collections"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("stackone")


def test_a_collection_is_made_and_changed(hub: Hub, client: httpx.Client) -> None:
    body = {
        "external_reference": "COL",
        "title": "All",
        "languages": ["en_GB"],
        "learning_object_ids": [to_opaque(hub.third_party), to_opaque(hub.item)],
        "remote_learning_object_ids": [to_hex24(hub.third_party), to_hex24(hub.item)],
    }
    answer = client.post(PATH, json=body)
    assert answer.status_code == 201
    id = answer.json()["data"]["id"]

    def stored() -> tuple[str, tuple[object, ...]]:
        reference = Reference(id, (), "item")
        linked = hub.do(hub.ledger.items.show(hub.tenant.id, reference, ItemKind.COLLECTION))
        return linked.item.title, linked.children

    assert stored() == ("All", (hub.third_party, hub.item))
    assert client.post(PATH, json=body).status_code == 409
    answer = client.patch(f"{PATH}/COL", json={"learning_object_ids": ["FIRE-101"]})
    assert (answer.status_code, stored()) == (201, ("All", (hub.item,)))
    assert client.patch(f"{PATH}/{id}", json={"title": "Some"}).status_code == 201
    assert stored() == ("Some", (hub.item,))


def test_unknown_learning_objects_and_collections_are_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    for text in ("nothing", to_opaque(other_hub.item)):
        answer = client.post(PATH, json={"title": "x", "learning_object_ids": ["FIRE-101", text]})
        assert (answer.status_code, "learning_object_ids[1]" in answer.json()["message"]) == (404, True)
    assert client.patch(f"{PATH}/FIRE-101", json={"title": "x"}).status_code == 404
    assert hub.client("stackone", hub.reader).post(PATH, json={}).status_code == 403
