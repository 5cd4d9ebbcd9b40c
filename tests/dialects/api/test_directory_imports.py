"""Imports of people, items, audiences and memberships: /v1/imports?of=."""

from __future__ import annotations

from typing import Any

import httpx
import pytest

from testamur.core.ids import parse, to_hex24, to_ulid
from testamur.core.people import Identifier, NewPerson
from tests.dialects.api.imports import CSV, PATH, until
from tests.dialects.api.problems import problem
from tests.hub import Hub

TEXT = "employee_id,given_name,manager,department\nE1,Al,,Sales\n00123,Adah,E1,\n,Nobody,,\n"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def send(client: httpx.Client, text: str = TEXT, **params: Any) -> dict[str, Any]:
    params = {"of": "people", **params}
    answer = client.post(PATH, content=text.encode(), headers=CSV, params=params)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def test_people_are_rehearsed_and_committed(hub: Hub, client: httpx.Client) -> None:
    made = send(client, name="people.csv")
    assert made == {
        "id": made["id"],
        "of": "people",
        "state": "rehearsed",
        "upload": None,
        "refusal": None,
        "progress": None,
        "name": "people.csv",
        "format": "csv",
        "bytes": len(TEXT),
        "sha256": made["sha256"],
        "columns": {
            "employee_id": "person:ref",
            "given_name": "given_name",
            "manager": "manager",
            "department": "custom",
        },
        "options": made["options"],
        "rows": 3,
        "outcomes": {"created": 1, "changed": 1, "unchanged": 0, "deactivated": 0, "held": 0, "rejected": 1},
        "repeated": 0,
        "done": 0,
        "effect": None,
        "removals": {
            "number": 0,
            "deactivated": 0,
            "absent": 0,
            "present": 2,
            "unnamed": 1,
            "share_percent": 0.0,
        },
        "removed": 0,
        "created_at": made["created_at"],
        "rehearsed_at": made["rehearsed_at"],
        "committed_at": None,
        "undone_at": None,
    }
    assert (made["options"]["of"], made["options"]["whole"]) == ("people", False)
    assert client.get("/v1/people/ref:00123").json()["given_name"] == "Ada"
    assert client.post(f"{PATH}/{made['id']}/commit").status_code == 202
    done = until(client, made["id"], "committed")
    assert (done["outcomes"], done["done"]) == (made["outcomes"], 3)
    ada, al = (client.get(f"/v1/people/ref:{ref}").json() for ref in ("00123", "E1"))
    assert (ada["given_name"], ada["manager"], al["attributes"]) == ("Adah", al["id"], {"department": "Sales"})
    first, second, third = client.get(f"{PATH}/{made['id']}/rows").json()["data"]
    assert (first["outcome"], first["person"], first["record"]) == ("created", al["id"], None)
    assert (second["outcome"], second["person"]) == ("changed", to_ulid(hub.person, "person"))
    detail = "none of ref, email, username, id, thrive, stackone, rise, cpod, account says who it is"
    assert third["faults"] == [{"column": "person", "code": "missing", "detail": detail}]
    errors = client.get(f"{PATH}/{made['id']}/errors").text.splitlines()
    assert errors[0] == "employee_id,given_name,manager,department,_row,_outcome,_error"
    assert errors[1] == f',Nobody,,,3,rejected,"person: {detail}"'
    problem(client.post(f"{PATH}/{made['id']}/undo"), 409, "conflict")


def test_a_file_that_takes_much_away_names_the_number_the_share_and_the_limit(hub: Hub, client: httpx.Client) -> None:
    new = [NewPerson(identifiers=(Identifier("ref", f"S{number}"),)) for number in range(8)]
    hub.do(hub.ledger.people.add(hub.caller, new))
    made = send(client, "employee_id\n00123\n00124\n", whole=True)
    assert made["removals"] == {
        "number": 8,
        "deactivated": 0,
        "absent": 8,
        "present": 10,
        "unnamed": 0,
        "share_percent": 80.0,
    }
    for params in ({}, {"confirm_removals": 7}):
        answer = client.post(f"{PATH}/{made['id']}/commit", params=params)
        assert answer.json() == {
            "type": "urn:testamur:problem:removals_unconfirmed",
            "title": "The import would take away more than may go unasked, or not what was confirmed.",
            "status": 409,
            "detail": "8 of 10 would be taken away, 80 %. Up to 10 % go unasked; to go on, confirm the number 8",
            "instance": answer.json()["instance"],
            "removals": {"number": 8, "share_percent": 80.0, "limit_percent": 10},
            "errors": [],
        }
        assert answer.status_code == 409
    assert client.get(f"{PATH}/{made['id']}").json() == made
    problem(client.post(f"{PATH}/{made['id']}/commit", params={"confirm_removals": -1}), 422, "invalid")
    assert client.post(f"{PATH}/{made['id']}/commit", params={"confirm_removals": 8}).status_code == 202
    assert until(client, made["id"], "committed")["removed"] == 8
    assert client.get("/v1/people/ref:S3").json()["status"] == "inactive"


@pytest.mark.parametrize(
    ("of", "text", "outcomes"),
    [
        ("items", "ref,title\nNEW-1,New\nFIRE-101,Fire safety\n", {"created": 1, "unchanged": 1}),
        ("audiences", "ref,name,category\nland,Land,structure\nsite-staff,Renamed,\n", {"created": 1, "changed": 1}),
        (
            "memberships",
            "audience,employee_id\nsite-staff,00124\nsite-staff,00123\nsite-staff,999\n",
            {"created": 1, "unchanged": 1, "held": 1},
        ),
    ],
)
def test_the_rest_of_the_directory_comes_the_same_way(
    client: httpx.Client, of: str, text: str, outcomes: dict[str, int]
) -> None:
    made = send(client, text, of=of)
    assert {outcome: count for outcome, count in made["outcomes"].items() if count} == outcomes
    client.post(f"{PATH}/{made['id']}/commit")
    assert until(client, made["id"], "committed")["outcomes"] == made["outcomes"]
    rows = client.get(f"{PATH}/{made['id']}/rows", params={"outcome": "created"}).json()["data"]
    assert [row["item"] is not None or row["audience"] is not None for row in rows] == [True]


def test_the_same_as_ndjson(client: httpx.Client) -> None:
    lines = '{"ref":"N1","given_name":"Nu","skills":["a"],"level":3}\n{"ref":"00123","phone":null}\n{"ref":7}\n[]\n'
    headers = {"content-type": "application/x-ndjson"}
    made = client.post(PATH, content=lines.encode(), headers=headers, params={"of": "people"}).json()
    assert made["outcomes"] == {
        "created": 2,
        "changed": 0,
        "unchanged": 1,
        "deactivated": 0,
        "held": 0,
        "rejected": 1,
    }
    client.post(f"{PATH}/{made['id']}/commit")
    until(client, made["id"], "committed")
    assert client.get("/v1/people/ref:N1").json()["attributes"] == {"skills": ["a"], "level": 3}


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"of": "unicorns"}, "of"),
        ({"of": "audiences", "whole": "true"}, "whole"),
        ({"of": "completions", "whole": "true"}, "whole"),
        ({"of": "people", "whole": "perhaps"}, "whole"),
        ({"of": "people", "mapping": '{"of":1}'}, None),
    ],
)
def test_options_that_cannot_be_are_named(client: httpx.Client, params: dict[str, str], field: str | None) -> None:
    answer = client.post(PATH, content=TEXT.encode(), headers=CSV, params=params)
    if field is None:
        assert answer.status_code == 201  # the parameter wins over the mapping
        return
    body = problem(answer, 422, "invalid")
    assert body["errors"][0]["parameter"] == field


def test_readers_and_other_tenants_import_nobody(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    reader = hub.client("api", hub.reader)
    answer = reader.post(PATH, content=TEXT.encode(), headers=CSV, params={"of": "people"})
    assert answer.status_code == 403
    made = send(client)
    other = other_hub.client("api")
    for answer in (
        other.get(f"{PATH}/{made['id']}"),
        other.get(f"{PATH}/{made['id']}/rows"),
        other.post(f"{PATH}/{made['id']}/commit", params={"confirm_removals": 0}),
    ):
        assert answer.status_code == 404
    assert (
        client.post(f"{PATH}/{to_hex24(parse(made['id'], 'import') or hub.person).upper()}/commit").status_code == 202
    )
