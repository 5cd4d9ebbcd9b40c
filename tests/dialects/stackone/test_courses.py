"""Courses with their contents."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import to_opaque
from tests.hub import Hub

PATH = "/unified/lms/courses"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("stackone")


def put(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.put(PATH, json=body)
    assert answer.status_code == 201, answer.text
    id = answer.json()["data"]["id"]
    data: dict[str, Any] = client.get(f"{PATH}/{id}").json()["data"]
    return data


def content(client: httpx.Client, id: str) -> dict[str, Any]:
    data: dict[str, Any] = client.get(f"/unified/lms/content/{id}").json()["data"]
    return data


PARTS = [
    {"external_reference": "p2", "title": "Second", "order": 2, "content_url": "https://example.com/2"},
    {"external_reference": "p1", "title": "First", "order": 1},
]


def test_a_course_has_its_contents_in_order(client: httpx.Client) -> None:
    course = put(client, external_reference="C", title="Course", url="https://example.com/c", content=PARTS)
    titles = [content(client, id)["title"] for id in course["content_ids"]]
    assert titles == ["First", "Second"]
    second = content(client, course["content_ids"][1])
    assert (second["course_ids"], second["remote_course_ids"]) == ([course["id"]], [course["remote_id"]])
    assert (second["order"], second["content_url"]) == (2, "https://example.com/2")
    assert put(client, external_reference="C", title="Course", url="https://example.com/c", content=PARTS) == course


def test_contents_that_are_not_named_any_more_leave_the_course(client: httpx.Client) -> None:
    course = put(client, external_reference="C", content=PARTS)
    gone = course["content_ids"][0]
    after = put(client, external_reference="C", content=PARTS[:1])
    assert after["content_ids"] == course["content_ids"][1:]
    assert content(client, gone)["course_ids"] == []
    assert put(client, external_reference="C", title="Other")["content_ids"] == after["content_ids"]
    assert put(client, external_reference="C", content=[])["content_ids"] == []


def test_contents_without_a_reference_are_known_by_their_title(client: httpx.Client) -> None:
    body = {"external_reference": "C", "content": [{"title": "Loose"}]}
    assert put(client, **body) == put(client, **body)


def test_a_bad_content_refuses_its_course_whole(client: httpx.Client) -> None:
    for bad in ({"external_reference": "FIRE-101"}, {}, {"external_reference": "x", "title": "t" * 501}):
        answer = client.put(PATH, json={"external_reference": "C", "content": [PARTS[0], bad]})
        assert answer.status_code in (409, 422)
        assert "content[1]" in answer.json()["message"]
        assert client.get(f"{PATH}/C").status_code == 404
        assert client.get("/unified/lms/content/p2").status_code == 404


def test_filters_find_courses(hub: Hub, client: httpx.Client) -> None:
    for params, found in (
        ({"filter[external_reference]": "FIRE-101"}, 1),
        ({"external_reference": "fire-101"}, 0),
        ({"filter[external_reference]": "FIRE-101", "filter[updated_after]": "2999-01-01T00:00:00Z"}, 0),
        ({"filter[active]": "true"}, 1),
        ({}, 1),
    ):
        page = client.get(PATH, params=params).json()
        assert (len(page["data"]), page["total"], page["next"]) == (found, found, None)
    assert client.get(f"{PATH}/{to_opaque(hub.draft)}").status_code == 404


def test_a_course_without_a_reference_is_always_new(client: httpx.Client) -> None:
    assert put(client, title="Nameless")["id"] != put(client, title="Nameless")["id"]
