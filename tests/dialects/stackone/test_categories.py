"""Categories and skills: made by the learning objects that name them."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import new_id, to_opaque
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("stackone")


def put(client: httpx.Client, **body: Any) -> None:
    answer = client.put("/unified/lms/content", json={"external_reference": "x"} | body)
    assert answer.status_code == 201, answer.text


@pytest.mark.parametrize("noun", ["categories", "skills"])
def test_each_is_listed_and_found_by_id_and_key(hub: Hub, other_hub: Hub, client: httpx.Client, noun: str) -> None:
    words = {"hierarchy": {"value": "secondary"}, "language": {"value": "fr_FR"}}
    put(client, **{noun: [{"id": "k/1", "name": "First aid", **words}, {"name": "Rescue"}]})
    path = f"/unified/lms/{noun}"
    page = client.get(path).json()
    assert page["next"] is None
    first = next(row for row in page["data"] if row["name"] == "First aid")
    assert [row["name"] for row in page["data"] if row != first] == ["Rescue"]
    assert first["remote_id"] == "k/1"
    assert first["active"] is True
    assert first["hierarchy"] == first["level"] == {"value": "secondary", "source_value": "secondary"}
    assert first["language"]["value"] == "fr_FR"
    for text in (first["id"], first["id"].upper(), "k%2F1"):
        assert client.get(f"{path}/{text}").json()["data"] == first
    for text in ("nothing", to_opaque(new_id()), to_opaque(hub.item)):
        assert client.get(f"{path}/{text}").status_code == 404
    assert other_hub.client("stackone").get(f"{path}/{first['id']}").status_code == 404
    assert client.get(path, params={"updated_after": "2999-01-01T00:00:00Z"}).json()["data"] == []
    assert len(client.get(path, params={"updated_after": "2020-01-01T00:00:00Z", "page_size": "1"}).json()["data"]) == 1
    other = "skills" if noun == "categories" else "categories"
    assert client.get(f"/unified/lms/{other}").json()["data"] == []


def test_a_key_alone_means_what_it_was_told_with(client: httpx.Client) -> None:
    put(client, categories=[{"id": "k1", "name": "First aid"}])
    put(client, external_reference="y", categories=[{"id": "k1"}, {"id": "k2"}])
    data = client.get("/unified/lms/content/y").json()["data"]
    assert [row["name"] for row in data["categories"]] == ["First aid", "k2"]


def test_the_skills_of_people_are_skills_here(hub: Hub, client: httpx.Client) -> None:
    put(client, tags=["Rescue"])
    assert client.get("/unified/lms/skills").json()["data"] == []
    put(client, tags=["Rescue"], skills=[{"name": "rescue"}], categories=[{"name": "Rescue"}])
    (skill,) = client.get("/unified/lms/skills").json()["data"]
    (category,) = client.get("/unified/lms/categories").json()["data"]
    assert skill["name"] == category["name"] == "Rescue"
