"""Imports: /v1/imports."""

from __future__ import annotations

import csv
import gzip
import hashlib
import io
from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24, to_ulid
from tests.dialects.api.imports import CSV, PATH, until
from tests.dialects.api.problems import problem
from tests.hub import Hub

HEAD = "employee_id,learning,completed_on\n"
TEXT = f"{HEAD}00123,FIRE-101,2023-05-04\n999,FIRE-101,2023-05-04\n00124,FIRE-101,=soon\n"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def send(client: httpx.Client, text: str | bytes = TEXT, **params: Any) -> dict[str, Any]:
    answer = client.post(PATH, content=text if isinstance(text, bytes) else text.encode(), headers=CSV, params=params)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"].endswith(f"/api{PATH}/{made['id']}")
    return made


def test_a_file_is_rehearsed_committed_and_taken_back(hub: Hub, client: httpx.Client) -> None:
    made = send(client, name="history.csv", source="lms")
    assert made == {
        "id": made["id"],
        "of": "completions",
        "state": "rehearsed",
        "upload": None,
        "refusal": None,
        "progress": None,
        "name": "history.csv",
        "format": "csv",
        "bytes": len(TEXT),
        "sha256": hashlib.sha256(TEXT.encode()).hexdigest(),
        "columns": {"employee_id": "person:ref", "learning": "learning", "completed_on": "completed_on"},
        "options": made["options"],
        "rows": 3,
        "outcomes": {
            "created": 1,
            "already_present": 0,
            "probable_duplicate": 0,
            "superseded": 0,
            "held": 1,
            "rejected": 1,
        },
        "repeated": 0,
        "done": 0,
        "effect": {"day": made["effect"]["day"], "lines": 0, "examined": 0, "changes": []},
        "removals": None,
        "removed": 0,
        "created_at": made["created_at"],
        "rehearsed_at": made["rehearsed_at"],
        "committed_at": None,
        "undone_at": None,
    }
    assert client.get("/v1/records").json()["data"] == []
    assert client.get(f"{PATH}/{made['id']}").json() == made
    answer = client.post(f"{PATH}/{made['id']}/commit")
    assert (answer.status_code, answer.json()["state"]) == (202, "committing")
    done = until(client, made["id"], "committed")
    assert (done["outcomes"], done["done"]) == (made["outcomes"], 3)
    (record,) = client.get("/v1/records").json()["data"]
    assert (record["person"], record["completed_at"], record["is_prior"], record["source"]) == (
        to_ulid(hub.person, "person"),
        "2023-05-04",
        True,
        "lms",
    )
    assert client.post(f"{PATH}/{made['id']}/commit").json()["state"] == "committed"
    assert client.post(f"{PATH}/{made['id']}/undo").status_code == 202
    assert until(client, made["id"], "undone")["undone_at"] is not None
    assert client.get("/v1/records").json()["data"] == []
    problem(client.post(f"{PATH}/{made['id']}/commit"), 409, "import_state")


def test_rows_are_listed_by_outcome_and_in_parts(hub: Hub, client: httpx.Client) -> None:
    made = send(client)
    rows = client.get(f"{PATH}/{made['id']}/rows").json()
    assert rows["next"] is None
    first, second, third = rows["data"]
    assert first == {
        "number": 1,
        "outcome": "created",
        "cells": {"employee_id": "00123", "learning": "FIRE-101", "completed_on": "2023-05-04"},
        "faults": [],
        "person": to_ulid(hub.person, "person"),
        "item": to_ulid(hub.item, "item"),
        "record": first["record"],
        "audience": None,
    }
    assert second["faults"] == [{"column": "person", "code": "not_found", "detail": "nobody is known by '999'"}]
    assert (third["outcome"], third["record"]) == ("rejected", None)
    some = client.get(f"{PATH}/{made['id']}/rows", params={"outcome": "held,rejected", "limit": 1}).json()
    assert [row["number"] for row in some["data"]] == [2]
    rest = {"outcome": "held,rejected", "limit": 1, "cursor": some["next"]}
    assert [row["number"] for row in client.get(f"{PATH}/{made['id']}/rows", params=rest).json()["data"]] == [3]
    other = {"outcome": "held", "limit": 1, "cursor": some["next"]}
    problem(client.get(f"{PATH}/{made['id']}/rows", params=other), 422, "invalid_cursor")
    problem(client.get(f"{PATH}/{made['id']}/rows", params={"outcome": "lost"}), 422, "invalid")


def test_i17_the_error_file_has_the_columns_as_they_came_and_can_be_sent_back(client: httpx.Client) -> None:
    made = send(client)
    answer = client.get(f"{PATH}/{made['id']}/errors")
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    rows = list(csv.reader(io.StringIO(answer.text)))
    assert rows[0] == ["employee_id", "learning", "completed_on", "_row", "_outcome", "_error"]
    assert rows[1][:5] == ["999", "FIRE-101", "2023-05-04", "2", "held"]
    assert rows[2][:5] == ["00124", "FIRE-101", "'=soon", "3", "rejected"]
    assert rows[2][5].startswith("completed_on: ")
    again = send(client, answer.text.replace("999", "00123").replace("'=soon", "2022-01-01"))
    assert (again["rows"], again["outcomes"]["created"]) == (2, 2)
    assert again["columns"]["_error"] == "ignored"
    spoilt = send(client, answer.text)
    assert client.get(f"{PATH}/{spoilt['id']}/errors").text.splitlines()[0] == answer.text.splitlines()[0]


def test_i17_the_errors_of_ndjson_are_ndjson(client: httpx.Client) -> None:
    text = '{"completed_on":"soon","employee_id":"00123","learning":"FIRE-101"}\nnope\n'
    answer = client.post(PATH, content=text, headers={"content-type": "application/x-ndjson"})
    made = answer.json()
    assert made["outcomes"]["rejected"] == 2
    lines = client.get(f"{PATH}/{made['id']}/errors").text.splitlines()
    assert lines[0].startswith('{"completed_on":"soon","employee_id":"00123","learning":"FIRE-101","_row":1,')
    assert lines[1].startswith('{"_raw":"nope","_row":2,"_outcome":"rejected"')


def test_i7_outside_learning_is_mapped_once_for_all(client: httpx.Client) -> None:
    made = send(client, "employee_id,learning,title,completed_on\n00123,OLD-101,Old fire,2023-05-04\n")
    client.post(f"{PATH}/{made['id']}/commit")
    until(client, made["id"], "committed")
    body = {"outside": "ref:OLD-101", "item": "ref:FIRE-101"}
    answer = client.post(f"{PATH}/{made['id']}/map", json=body)
    assert (answer.status_code, answer.json()) == (200, {"moved": 1})
    assert client.get("/v1/records").json()["data"][0]["title"] == "Fire safety"
    told = problem(client.post(f"{PATH}/{made['id']}/map", json=body | {"outside": "ref:OLD-9"}), 422, "item_not_found")
    assert told["errors"][0]["pointer"] == "/outside"
    problem(client.post(f"{PATH}/{made['id']}/map", json={"outside": "ref:OLD-101"}), 422, "invalid")
    problem(client.post(f"{PATH}/{made['id']}/map", content=b"{"), 415)


@pytest.mark.parametrize(
    ("params", "parameter"),
    [
        ({"date_form": "DD/MM/YY"}, "date_form"),
        ({"zone": "Mars"}, "zone"),
        ({"encoding": "klingon"}, "encoding"),
        ({"delimiter": "#"}, "delimiter"),
        ({"earliest_year": "1"}, "earliest_year"),
        ({"all_or_nothing": "perhaps"}, "all_or_nothing"),
        ({"mapping": "{"}, "mapping"),
        ({"colour": "red"}, "colour"),
    ],
)
def test_a_parameter_that_is_wrong_is_named(client: httpx.Client, params: dict[str, str], parameter: str) -> None:
    answer = client.post(PATH, content=TEXT, headers=CSV, params=params)
    assert [fault.get("parameter") for fault in problem(answer, 422, "invalid")["errors"]] == [parameter]


def test_a_mapping_and_parameters_say_what_the_file_means(client: httpx.Client) -> None:
    made = send(
        client,
        "Wer;Was;Wann;Ergebnis\n00123;FIRE-101;04.05.2023;Bestanden\n",
        mapping='{"columns":{"Wer":"person:ref","Was":"learning:ref","Wann":"completed_on","Ergebnis":"result"},'
        '"results":{"bestanden":"pass"},"date_form":"YYYY-MM-DD"}',
        date_form="DD.MM.YYYY",
    )
    assert made["outcomes"]["created"] == 1


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file_unreadable"),
        (b"a,b\n1,2\n", "file_refused"),
        (b"employee_id,learning,completed_on\n00123,FIRE-101,03/04/2024\n", "file_refused"),
        (b"employee_id,learning,completed_on\n00123,FIRE-101,\xff\n", "file_unreadable"),
        (gzip.compress(b'{"a":1}', mtime=0), "file_unreadable"),
        (b"PAR1 no", "file_unreadable"),
        (b"PK\x03\x04 no", "file_unreadable"),
    ],
)
def test_a_file_that_cannot_be_taken_is_refused_whole(client: httpx.Client, content: bytes, code: str) -> None:
    problem(client.post(PATH, content=content, headers=CSV), 422, code)
    assert client.get(PATH).json() == {"data": [], "next": None}


def test_what_may_not_be_sent_here(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    problem(client.post(PATH, content=TEXT, headers={"content-type": "application/json"}), 415)
    problem(client.post(PATH, content=TEXT, headers={"content-type": ""}), 415)
    problem(hub.client("api", hub.reader).post(PATH, content=TEXT, headers=CSV), 403)
    made = send(client)
    reader, stranger = hub.client("api", hub.reader), other_hub.client("api")
    assert reader.get(f"{PATH}/{made['id']}").status_code == 200
    for verb in ("commit", "undo"):
        problem(reader.post(f"{PATH}/{made['id']}/{verb}"), 403)
        problem(stranger.post(f"{PATH}/{made['id']}/{verb}"), 404, "import_not_found")
    problem(client.post(f"{PATH}/{made['id']}/undo"), 409, "import_state")
    for place in ("", "/rows", "/errors"):
        problem(stranger.get(f"{PATH}/{made['id']}{place}"), 404, "import_not_found")
        problem(client.get(f"{PATH}/nonsense{place}"), 404, "import_not_found")
        problem(client.get(f"{PATH}/{to_hex24(hub.person)}{place}"), 404, "import_not_found")
        assert client.get(f"{PATH}/{made['id'].upper()}{place}").status_code == 200
    assert stranger.get(PATH).json()["data"] == []
    problem(client.get(f"{PATH}/{made['id']}/errors", params={"after": -1}), 422, "invalid")


def test_imports_are_listed_newest_first_and_in_parts(client: httpx.Client) -> None:
    made = [send(client)["id"] for _ in range(3)]
    page = client.get(PATH, params={"limit": 2}).json()
    assert [one["id"] for one in page["data"]] == [made[2], made[1]]
    page = client.get(PATH, params={"limit": 2, "cursor": page["next"]}).json()
    assert ([one["id"] for one in page["data"]], page["next"]) == ([made[0]], None)


def test_a_body_comes_in_pieces(client: httpx.Client) -> None:
    pieces = (part.encode() for part in (HEAD, *(f"00123,FIRE-101,2020-01-{day:02}\n" for day in range(1, 32))))
    answer = client.post(PATH, content=pieces, headers=CSV)
    assert (answer.status_code, answer.json()["outcomes"]["created"]) == (201, 31)
