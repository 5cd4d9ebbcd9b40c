"""Content as the vendor's pages have it: transcripts of upserts, changes and reads."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import new_id, to_hex24, to_opaque
from tests.hub import Hub

PATH = "/unified/lms/content"
WHOLE: dict[str, Any] = {
    "external_reference": "SKU/7 ä",
    "title": "Ladders",
    "description": "Up and down",
    "short_description": "Up",
    "additional_data": [{"id": "learning_outcomes", "remote_id": "lo", "value": ["one", "two"]}],
    "languages": [{"value": "en_GB"}, {"value": "unmapped_value", "source_value": "tlh"}],
    "content_url": "https://example.com/l",
    "mobile_launch_content_url": "https://example.com/m",
    "content_type": {"value": "book"},
    "cover_url": "https://example.com/c.png",
    "active": "true",
    "duration": "PT1H30M",
    "categories": [
        {"id": "c1", "name": "Safety", "hierarchy": {"value": "primary"}, "language": {"value": "en_GB"}},
    ],
    "skills": [{"id": "s1", "name": "Climbing", "level": {"value": "tertiary"}, "proficiency": {"value": "3"}}],
    "order": 2,
    "localizations": [
        {"title": "Leitern", "description": None, "language": {"value": "de_DE"}, "tags": ["hoch"]},
    ],
    "tags": ["tall"],
    "created_at": "2021-07-21T14:00:00.000Z",
    "updated_at": "2021-07-22T14:00:00Z",
    "authors": [{"id": "a1", "name": "Ada"}],
    "unified_custom_fields": {"cost": 3},
    "passthrough": {"x": [1]},
}


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("stackone")


def put(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.put(PATH, json=body)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def read(client: httpx.Client, id: str) -> dict[str, Any]:
    answer = client.get(f"{PATH}/{id}")
    assert answer.status_code == 200, answer.text
    data: dict[str, Any] = answer.json()["data"]
    return data


def test_what_is_put_is_read_with_every_member(client: httpx.Client) -> None:
    ids = put(client, **WHOLE)
    assert ids["external_reference"] == "SKU/7 ä"
    data = read(client, "SKU%2F7%20%C3%A4")
    assert data.pop("updated_at") > "2024"
    (category,), (skill,) = data.pop("categories"), data.pop("skills")
    assert data == {
        "id": ids["id"],
        "remote_id": ids["remote_id"],
        "unified_custom_fields": {"cost": 3},
        "external_reference": "SKU/7 ä",
        "course_ids": [],
        "remote_course_ids": [],
        "title": "Ladders",
        "description": "Up and down",
        "additional_data": WHOLE["additional_data"],
        "languages": [
            {"value": "en_GB", "source_value": "en_GB"},
            {"value": "unmapped_value", "source_value": "tlh"},
        ],
        "content_url": "https://example.com/l",
        "mobile_launch_content_url": "https://example.com/m",
        "content_type": {"value": "unmapped_value", "source_value": "book"},
        "cover_url": "https://example.com/c.png",
        "active": True,
        "duration": "PT1H30M",
        "order": 2,
        "provider": None,
        "short_description": "Up",
        "localizations": [
            {
                "title": "Leitern",
                "description": None,
                "language": {"value": "de_DE", "source_value": "de_DE"},
                "tags": ["hoch"],
            }
        ],
        "tags": ["tall"],
        "created_at": "2021-07-21T14:00:00.000Z",
        "authors": [{"id": "a1", "name": "Ada"}],
    }
    assert (category["name"], category["remote_id"], category["hierarchy"]["value"]) == ("Safety", "c1", "primary")
    assert (skill["name"], skill["remote_id"], skill["proficiency"]["value"]) == ("Climbing", "s1", "3")
    assert read(client, ids["id"].upper()) == read(client, ids["remote_id"])


def test_the_same_again_changes_nothing_and_another_replaces_everything(client: httpx.Client) -> None:
    ids = put(client, **WHOLE)
    before = read(client, ids["id"])
    assert put(client, **WHOLE) == ids
    assert read(client, ids["id"]) == before
    assert put(client, external_reference="SKU/7 ä", title="Steps") == ids
    after = read(client, ids["id"])
    kept = {"id", "remote_id", "external_reference", "title", "active", "created_at", "updated_at"}
    assert after["title"] == "Steps"
    assert all(after[name] in (None, []) for name in after.keys() - kept)


def test_a_patch_changes_what_it_mentions(client: httpx.Client) -> None:
    ids = put(client, **WHOLE)
    before = read(client, ids["id"])
    body = {"external_reference": "new", "order": None, "languages": [{"value": "fr_FR"}]}
    answer = client.patch(f"{PATH}/{ids['id']}", json=body)
    assert (answer.status_code, answer.json()["statusCode"], "data" in answer.json()) == (201, 200, False)
    after = read(client, "new")
    assert {name for name in after if after[name] != before[name]} == {
        "external_reference",
        "order",
        "languages",
        "updated_at",
    }
    assert client.get(f"{PATH}/SKU%2F7%20%C3%A4").status_code == 404


def test_a_category_and_a_skill_are_tags_in_thrive(hub: Hub, client: httpx.Client) -> None:
    ids = put(client, **WHOLE)
    content = hub.client("thrive").get(f"/rest/v1/contents/{ids['remote_id']}").json()
    assert content["tags"] == ["Climbing", "Safety", "tall"]


def test_what_is_not_active_is_retired_and_left_out_of_the_active(client: httpx.Client) -> None:
    ids = put(client, external_reference="a", title="A", active=False)
    assert read(client, ids["id"])["active"] is False
    assert ids["id"] not in [row["id"] for row in client.get(PATH, params={"filter[active]": "true"}).json()["data"]]
    put(client, external_reference="a", title="A")
    assert read(client, ids["id"])["active"] is False
    put(client, external_reference="a", title="A", active=True)
    assert read(client, ids["id"])["active"] is True


def test_lists_walk_to_a_null_and_count(hub: Hub, client: httpx.Client) -> None:
    for n in range(4):
        put(client, external_reference=f"c{n}")
    for query in ({}, {"updated_after": "2020-01-01T00:00:00Z"}):
        params: dict[str, str] = {"page_size": "2", **query}
        seen: list[str] = []
        for _ in range(3):
            page = client.get(PATH, params=params).json()
            assert page["total"] == 5
            seen += [row["external_reference"] for row in page["data"]]
            params["next"] = page["next"]
        assert (sorted(seen), page["next"]) == (["LIFT/1 ä", "c0", "c1", "c2", "c3"], None)
    assert client.get(PATH, params={"next": "eyJ"}).status_code == 400
    assert client.get(PATH, params={"fields": "title", "page_size": "1"}).json()["data"] == [
        {"title": "Manual handling"}
    ]


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"title": "x"}, "external_reference"),
        ({"external_reference": " "}, "external_reference"),
        ({"external_reference": "x" * 501}, "external_reference"),
        ({"external_reference": 5}, "external_reference"),
        ({"external_reference": "x", "title": "t" * 501}, "title"),
        ({"external_reference": "x", "active": "yes"}, "active"),
        ({"external_reference": "x", "content_type": {"value": "film"}}, "content_type.value"),
        ({"external_reference": "x", "languages": [{"value": "xx_XX"}]}, "languages[0].value"),
        ({"external_reference": "x", "languages": ["en_GB"]}, "languages[0]"),
        ({"external_reference": "x", "duration": "an hour"}, "duration"),
        ({"external_reference": "x", "created_at": "yesterday"}, "created_at"),
        ({"external_reference": "x", "categories": [{}]}, "categories[0].name"),
        ({"external_reference": "x", "skills": [{"name": "s" * 256}]}, "skills[0].name"),
        ({"external_reference": "x", "skills": [{"id": "s", "proficiency": {"value": "6"}}]}, "skills[0].proficiency"),
        ({"external_reference": "x", "tags": ["a"] * 101}, "tags"),
        ({"external_reference": "x", "title": "a\0b"}, "title"),
        ({"external_reference": "x", "passthrough": {"x": "y" * 70000}}, ""),
    ],
)
def test_bad_bodies_are_422_and_name_the_field(client: httpx.Client, body: dict[str, Any], field: str) -> None:
    answer = client.put(PATH, json=body)
    assert (answer.status_code in (400, 422), field in answer.json()["message"]) == (True, True), answer.text


def test_bad_requests_are_refused(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    json = {"content-type": "application/json"}
    assert client.put(PATH, content=b"{", headers=json).status_code == 400
    assert client.put(PATH, content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    reader = hub.client("stackone", hub.reader)
    assert reader.put(PATH, json=WHOLE).status_code == 403
    for text in ("nothing", to_opaque(new_id()), to_opaque(hub.item), to_opaque(other_hub.third_party), "a%00b"):
        assert client.get(f"{PATH}/{text}").status_code == 404
        assert client.patch(f"{PATH}/{text}", json={"title": "x"}).status_code == 404
    assert client.put(PATH, json={"external_reference": "FIRE-101"}).status_code == 409
    ids = put(client, external_reference="mine")
    taken = client.patch(f"{PATH}/{ids['id']}", json={"external_reference": "LIFT/1 ä"})
    assert taken.status_code == 409
    assert client.get(f"{PATH}/{to_hex24(hub.third_party)}").status_code == 200
