"""Batches: each row for itself, and what became of it."""

from __future__ import annotations

from typing import Any

from tests.hub import Hub

PATH = "/unified/lms/content/batch"


def test_a_batch_names_its_bad_rows_and_stays_readable(hub: Hub, other_hub: Hub) -> None:
    client = hub.client("stackone")
    items: list[Any] = [
        {"external_reference": "a", "title": "A"},
        {"title": "no reference"},
        {"external_reference": "b", "title": 5},
        {"external_reference": "a", "title": "Again"},
        {"external_reference": "FIRE-101"},
        {"external_reference": "c", "title": "C"},
    ]
    answer = client.post(PATH, json={"items": items})
    assert answer.status_code == 202
    body = answer.json()
    assert set(body) == {"statusCode", "message", "timestamp", "errors"}
    assert [len(errors) for errors in body["errors"]] == [0, 1, 1, 1, 1, 0]
    assert body["errors"][1] == ["external_reference: is required"]
    assert "title" in body["errors"][2][0]
    assert body["errors"][3] == ["external_reference: this item was told of before"]
    assert client.get("/unified/lms/content/a").json()["data"]["title"] == "A"
    batch = client.get(answer.headers["location"]).json()["data"]
    assert [row["errors"] for row in batch["items"]] == body["errors"]
    assert [row["outcome"] for row in batch["items"]] == ["added", *["refused"] * 4, "added"]
    assert (batch["rows"], batch["kind"], batch["ended_at"] is None) == (6, "content", False)
    assert other_hub.client("stackone").get(f"/unified/lms/batches/{batch['id']}").status_code == 404


def test_ten_thousand_rows_are_taken_and_no_more(hub: Hub) -> None:
    client = hub.client("stackone")
    client.timeout = 120
    items = [{"external_reference": f"r{n}", "title": f"Row {n}", "tags": ["many"]} for n in range(10_000)]
    assert client.post(PATH, json={"items": items}).json()["errors"] == [[]] * 10_000
    assert client.get("/unified/lms/content", params={"page_size": "1"}).json()["total"] == 10_001
    answer = client.post(PATH, json={"items": [*items, items[0]]})
    assert (answer.status_code, "items" in answer.json()["message"]) == (422, True)


def test_bad_batches_are_refused(hub: Hub) -> None:
    client = hub.client("stackone")
    assert client.post(PATH, json={"items": []}).json()["errors"] == []
    bodies: tuple[object, ...] = ({}, {"items": None}, {"items": {}}, [])
    for body in bodies:
        assert client.post(PATH, json=body).status_code in (400, 422)
    assert client.post(PATH, json={"items": [5, None]}).status_code == 202
    assert hub.client("stackone", hub.reader).post(PATH, json={"items": []}).status_code == 403


def test_courses_of_one_batch_may_share_a_content(hub: Hub) -> None:
    client = hub.client("stackone")
    part = {"external_reference": "p", "title": "Part"}
    items = [
        {"external_reference": "c1", "content": [part]},
        {"external_reference": "c2", "content": [part]},
        {"external_reference": "c3", "content": [part | {"title": "Other"}]},
    ]
    answer = client.post("/unified/lms/courses/batch", json={"items": items})
    assert [len(errors) for errors in answer.json()["errors"]] == [0, 0, 1]
    assert len(client.get("/unified/lms/content/p").json()["data"]["course_ids"]) == 2
