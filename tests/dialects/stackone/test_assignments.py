"""Transcripts of the vendor's pages "List Assignments", "Get Assignment" and those of one user."""

from __future__ import annotations

import itertools
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from testamur.core.assignments import Assignment, NewAssignment
from testamur.core.ids import Id, new_id, to_hex24, to_opaque
from testamur.core.moments import format_instant
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.core.records import NewRecord, Report
from testamur.dialects.stackone.wire import assignments as wire
from tests.hub import Hub

LIST = "/unified/lms/assignments"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("stackone")


def of_user(id: Id) -> str:
    return f"/unified/lms/users/{to_opaque(id)}/assignments"


def assign(hub: Hub, client: httpx.Client, person: Id | None = None, **body: Any) -> httpx.Response:
    whole = {"learning_object_external_reference": "FIRE-101"} | body
    sent = {name: value for name, value in whole.items() if value is not ...}
    return client.post(of_user(person or hub.person), json=sent)


def assigned(hub: Hub, client: httpx.Client, person: Id | None = None, **body: Any) -> dict[str, Any]:
    answer = assign(hub, client, person, **body)
    assert answer.status_code == 201, answer.text
    data: dict[str, Any] = client.get(f"{LIST}/{answer.json()['data']['id']}").json()["data"]
    return data


def for_audience(hub: Hub, item: Id | None = None, **settings: Any) -> Assignment:
    primary = Reference(str(item or hub.item), (), "item")
    new = NewAssignment(audience=Reference(str(hub.audience), (), "audience"), primary=primary, **settings)
    return hub.do(hub.ledger.assignments.add(hub.caller, new))


def complete(hub: Hub, client: httpx.Client, **body: Any) -> str:
    url = f"/unified/lms/users/{to_opaque(hub.person)}/completions"
    made = client.post(url, json={"learning_object_external_reference": "FIRE-101"} | body)
    assert made.status_code == 201, made.text
    id: str = made.json()["data"]["id"]
    return id


def ids(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 200, answer.text
    return [row["id"] for row in answer.json()["data"]]


def test_an_assignment_of_an_audience_is_one_of_each_member(hub: Hub, client: httpx.Client) -> None:
    made = for_audience(hub)
    (row,) = client.get(LIST).json()["data"]
    assert tuple(row) == wire.Assignment.__struct_fields__
    assert client.get(f"{LIST}/{row['id']}").json() == {"data": row}
    assert client.get(f"{of_user(hub.person)}/{row['remote_id'].upper()}").json() == {"data": row}
    due = row.pop("due_date")
    assert datetime.fromisoformat(due) - datetime.now(UTC) > timedelta(29)
    times = {row.pop(name) for name in ("created_at", "updated_at", "assigned_at")}
    assert times == {format_instant(made.created_at)}
    assert row == {
        "id": to_opaque(made.id) + to_opaque(hub.person),
        "remote_id": to_hex24(made.id) + to_hex24(hub.person),
        "unified_custom_fields": None,
        "external_reference": None,
        "learning_object_id": to_opaque(hub.item),
        "remote_learning_object_id": to_hex24(hub.item),
        "learning_object_external_reference": "FIRE-101",
        "progress": None,
        "status": {"value": "pending", "source_value": "not_started"},
        "learning_object_type": {"value": "course", "source_value": "course"},
        "user_id": to_opaque(hub.person),
        "remote_user_id": to_hex24(hub.person),
        "course_id": to_opaque(hub.item),
        "remote_course_id": to_hex24(hub.item),
        "certificate_url": None,
        "result": None,
        "completed_at": None,
    }


def test_creating_one_keeps_what_was_said(hub: Hub, client: httpx.Client) -> None:
    due = format_instant(datetime.now(UTC) + timedelta(days=10))
    answer = assign(
        hub,
        client,
        external_reference="A-1",
        progress=40,
        assigned_at="2021-07-21T14:00:00.000Z",
        due_date=due,
        status={"value": "in-progress"},
        passthrough={"anything": [1, 2]},
        nonsense=True,
    )
    assert answer.status_code == 201
    assert set(answer.json()) == {"statusCode", "message", "timestamp", "data"}
    ids = answer.json()["data"]
    data = client.get(f"{of_user(hub.person)}/{ids['id']}").json()["data"]
    assert client.get(f"{LIST}/{ids['remote_id']}").json()["data"] == data
    assert (data["id"], data["remote_id"]) == (ids["id"], ids["remote_id"])
    assert (data["external_reference"], data["progress"], data["due_date"]) == ("A-1", 40.0, due)
    assert data["assigned_at"] == "2021-07-21T14:00:00.000Z"
    assert data["status"] == {"value": "in_progress", "source_value": "in_progress"}
    assert data["user_id"] == to_opaque(hub.person)


def test_without_a_deadline_there_is_none(hub: Hub, client: httpx.Client) -> None:
    data = assigned(hub, client, learning_object_external_reference=..., learning_object_id=to_opaque(hub.third_party))
    assert data["due_date"] is None
    assert data["learning_object_type"] == {"value": "content", "source_value": "content"}
    assert (data["course_id"], data["learning_object_external_reference"]) == (None, "LIFT/1 ä")
    assert data["status"] == {"value": "pending", "source_value": "not_started"}


def test_the_older_name_of_assigned_at_and_a_bare_day_are_read(hub: Hub, client: httpx.Client) -> None:
    day = (datetime.now(UTC) + timedelta(days=3)).date()
    data = assigned(hub, client, created_at="2021-07-21T14:00:00.000Z", due_date=day.isoformat())
    assert data["assigned_at"] == "2021-07-21T14:00:00.000Z"
    assert data["due_date"].startswith(day.isoformat()), "in the tenant's zone, 23:59:59 (rule D5)"
    assert datetime.fromisoformat(data["due_date"]).minute == 59


def test_a_repeat_is_the_same_assignment_and_another_one_a_conflict(hub: Hub, client: httpx.Client) -> None:
    first, again = assign(hub, client, progress=40), assign(hub, client, progress=40)
    assert (first.status_code, again.status_code) == (201, 201)
    assert first.json()["data"] == again.json()["data"]
    assert assign(hub, client, progress=41).status_code == 409
    assert assign(hub, client, hub.other_person, progress=41).status_code == 201
    assert len(ids(client.get(LIST))) == 2


def test_statuses_follow_what_happens(hub: Hub, client: httpx.Client) -> None:
    past = format_instant(datetime.now(UTC) - timedelta(hours=1))
    created = assigned(hub, client, due_date=past, assigned_at="2021-01-01T00:00:00Z")
    assert created["status"] == {"value": "pending", "source_value": "overdue"}
    completion = complete(hub, client, result={"value": "Pass"}, completed_at=past)
    url = f"{LIST}/{created['id']}"
    done = client.get(url).json()["data"]
    assert done["status"] == {"value": "completed", "source_value": "completed"}
    assert (done["progress"], done["completed_at"]) == (100.0, past)
    assert done["result"] == {"value": "Pass", "source_value": "Pass"}
    assert done["updated_at"] > created["updated_at"]
    client.delete(f"/unified/lms/users/{to_opaque(hub.person)}/completions/{completion}")
    assert client.get(url).json()["data"]["status"] == {"value": "pending", "source_value": "overdue"}


def test_a_renewal_that_is_planned_is_completed(hub: Hub, client: httpx.Client) -> None:
    """Section 16: it is not pending before it opens; then it is, with the true status beside it."""
    for_audience(hub, recurrence_days=365)
    completion = complete(hub, client)
    (row,) = client.get(LIST).json()["data"]
    assert row["status"] == {"value": "completed", "source_value": "completed"}
    assert (datetime.fromisoformat(row["due_date"]) - datetime.now(UTC)).days > 365
    client.delete(f"/unified/lms/users/{to_opaque(hub.person)}/completions/{completion}")
    complete(hub, client, completed_at="2021-01-01T00:00:00Z")
    (row,) = client.get(LIST).json()["data"]
    assert row["status"] == {"value": "pending", "source_value": "renewal_due"}
    assert row["completed_at"] is None


def test_who_left_is_unmapped(hub: Hub, client: httpx.Client) -> None:
    for_audience(hub)
    today = datetime.now(UTC).date()
    hub.do(hub.ledger.memberships.leave(hub.caller, hub.audience, hub.person, today))
    (row,) = client.get(LIST).json()["data"]
    assert row["status"] == {"value": "unmapped_value", "source_value": "withdrawn"}
    assert len(ids(client.get(LIST, params={"status": "unmapped_value"}))) == 1


def test_lists_walk_by_cursor_to_a_null(hub: Hub, client: httpx.Client) -> None:
    new = [NewPerson(given_name=f"P{n}", identifiers=(Identifier("ref", f"p{n}"),)) for n in range(4)]
    people = hub.do(hub.ledger.people.add(hub.caller, new))
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, people, datetime(2025, 1, 1).date()))  # noqa: DTZ001
    made = [for_audience(hub), for_audience(hub, hub.third_party)]
    named = [assigned(hub, client, person)["id"] for person in (hub.person, hub.other_person)]
    pairs = itertools.product(made, sorted([hub.person, *people]))
    expected = [to_opaque(assignment.id) + to_opaque(person) for assignment, person in pairs] + named
    for size, query in itertools.product((1, 4, 5, 100), ({}, {"status": "pending"}, {"filter[status]": "pending"})):
        seen: list[str] = []
        params: dict[str, str] = {"page_size": str(size), **query}
        while params.get("next", "") is not None:
            page = client.get(LIST, params=params).json()
            seen += [row["id"] for row in page["data"]]
            params["next"] = page["next"]
        assert seen == expected
    assert ids(client.get(LIST, params={"page_size": "5", "page": "2"})) == expected[5:10]
    assert ids(client.get(LIST, params={"page_size": "5", "page": "4"})) == []
    mine = [id for id in expected if id.endswith(to_opaque(hub.person))]
    assert len(mine) == 3
    for answer in (
        client.get(of_user(hub.person)),
        client.get(LIST, params={"user_id": to_opaque(hub.person)}),
        client.get(LIST, params={"remote_user_id": to_hex24(hub.person)}),
        client.get(of_user(hub.person), params={"user_id": "00123", "remote_user_id": to_hex24(hub.person)}),
    ):
        assert ids(answer) == mine
    first = client.get(of_user(hub.person), params={"page_size": "2"}).json()
    assert ids(client.get(of_user(hub.person), params={"page_size": "2", "next": first["next"]})) == mine[2:]
    assert client.get(LIST, params={"next": first["next"]}).status_code == 400
    for user in ("nobody", to_opaque(hub.other_person)):
        assert ids(client.get(of_user(hub.person), params={"user_id": user})) == []


def test_filters_come_in_two_spellings(hub: Hub, client: httpx.Client) -> None:
    for_audience(hub)
    past, future = "2020-01-01T00:00:00Z", "2999-01-01T00:00:00Z"
    for list_ in (LIST, of_user(hub.person)):
        for query, found in (
            (f"filter[updated_after]={past}", 1),
            (f"filter%5Bupdated_after%5D={future}", 0),
            (f"updated_after={past}", 1),
            (f"updated_after={future}", 0),
            (f"filter[updated_after]={past}&updated_after={future}", 1),
            ("filter[status]=pending", 1),
            ("status=completed", 0),
            ("status=in-progress", 0),
            ("filter[status]=pending&status=completed", 1),
            ("filter=updated_after&a=b&proxy[c]=d", 1),
            ("user_id=&status=", 1),
        ):
            assert len(ids(client.get(f"{list_}?{query}"))) == found, query
        for query in ("status=done", "filter[updated_after]=yesterday", "page_size=many", "next=eyJ"):
            assert client.get(f"{list_}?{query}").status_code == 400, query


def test_fields_and_raw(hub: Hub, client: httpx.Client) -> None:
    id = assigned(hub, client)["id"]
    answer = client.get(f"{LIST}/{id}", params={"fields": "status,id,nonsense", "raw": "true", "proxy[a]": "1"})
    assert answer.json() == {
        "data": {"id": id, "status": {"value": "pending", "source_value": "not_started"}},
        "raw": [
            {
                "method": "GET",
                "url": f"{hub.server.url}/stackone{LIST}/{id}?fields=status%2Cid%2Cnonsense&proxy%5Ba%5D=1",
                "body": None,
                "response": None,
            }
        ],
    }
    assert client.get(of_user(hub.person), params={"fields": "progress"}).json() == {
        "next": None,
        "data": [{"progress": None}],
    }


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"learning_object_external_reference": ...}, "learning_object_external_reference"),
        ({"learning_object_external_reference": 5}, "learning_object_external_reference"),
        ({"learning_object_external_reference": "x" * 501}, "learning_object_external_reference"),
        ({"learning_object_external_reference": "a\u0000b"}, "learning_object_external_reference"),
        ({"external_reference": "x" * 501}, "external_reference"),
        ({"progress": 101}, "progress"),
        ({"progress": -0.5}, "progress"),
        ({"progress": "40"}, "progress"),
        ({"status": "pending"}, "status"),
        ({"status": {"value": "completed"}}, "status.value"),
        ({"status": {"value": "unmapped_value", "source_value": "parked"}}, "status.value"),
        ({"due_date": "soon"}, "due_date"),
        ({"due_date": "2021-01-01T00:00:00"}, "due_date"),
        ({"due_date": "9998-12-31T23:00:00Z"}, "due_date"),
        ({"due_date": "0002-01-01T00:00:00Z"}, "due_date"),
        ({"due_date": "2025-01-01T00:00:00Z", "assigned_at": "2025-01-02T00:00:00Z"}, "due_date"),
        ({"assigned_at": 5}, "assigned_at"),
        ({"created_at": "2021-02-30T00:00:00Z"}, "created_at"),
        ({"passthrough": []}, "passthrough"),
        ({"passthrough": {"x": "y" * 70_000}}, "passthrough"),
    ],
)
def test_a_bad_field_is_named_and_nothing_is_written(
    hub: Hub, client: httpx.Client, body: dict[str, Any], field: str
) -> None:
    answer = assign(hub, client, **body)
    assert (answer.status_code, answer.json()["statusCode"]) == (422, 422), answer.text
    assert field in answer.json()["message"]
    assert ids(client.get(LIST)) == []


@pytest.mark.parametrize("content", [b"", b"{", b"\xff", b'{"status": null, "status": null}'])
def test_a_malformed_body_is_refused(hub: Hub, client: httpx.Client, content: bytes) -> None:
    headers = {"content-type": "application/json"}
    assert client.post(of_user(hub.person), content=content, headers=headers).status_code in (400, 422)
    assert client.post(of_user(hub.person), content=b"{}", headers={"content-type": "text/plain"}).status_code == 415
    assert ids(client.get(LIST)) == []


def test_unknown_ids_are_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    theirs = assigned(other_hub, other_hub.client("stackone"))["id"]
    mine = assigned(hub, client)["id"]
    half = to_opaque(new_id())
    for id in ("nothing", half, half + half, mine[:24] + half, mine[:24], theirs, "a%2Fb"):
        for answer in (client.get(f"{LIST}/{id}"), client.get(f"{of_user(hub.person)}/{id}")):
            assert (answer.status_code, set(answer.json())) == (404, {"statusCode", "message", "timestamp"})
    assert client.get(f"{of_user(hub.other_person)}/{mine}").status_code == 404
    assert assign(hub, client, learning_object_external_reference="NOPE").status_code == 404
    for person in (other_hub.person, new_id()):
        assert assign(hub, client, person).status_code == 404
        assert client.get(of_user(person)).status_code == 404
    assert ids(client.get(LIST)) == [mine]


def test_a_read_only_key_may_not_assign(hub: Hub) -> None:
    reader = hub.client("stackone", hub.reader)
    assert assign(hub, reader).status_code == 403
    assert ids(reader.get(LIST)) == []


def test_an_audience_of_one_surprises_nobody(hub: Hub, client: httpx.Client) -> None:
    """Thrive's lists are what they were, and its webhooks hear nothing; who has the id reads it there too."""
    thrive = hub.client("thrive")
    before = {path: thrive.get(path).json() for path in ("/rest/v1/audiences", "/rest/v1/assignments")}
    id = assigned(hub, client)["id"]
    assert {path: thrive.get(path).json() for path in before} == before
    assert thrive.get(f"/rest/v1/assignments/{to_hex24(Reference(id[:24]).id or hub.item)}").status_code == 200
    entries, _ = hub.do(hub.ledger.webhooks.waiting(hub.tenant.id, 0, ["personal_assignment.added"], 10))
    (entry,) = entries
    assert entry.client == hub.key.client
    assert entry.data is not None
    assert entry.data["person"] == str(hub.person)
    told = ["assignment.added", "audience.added"]
    assert [e.subject for e in hub.do(hub.ledger.webhooks.waiting(hub.tenant.id, 0, told, 10))[0]] == [hub.audience]


def test_nobody_changes_who_is_in_an_audience_of_one(hub: Hub, client: httpx.Client) -> None:
    id = assigned(hub, client)["id"]
    assignment = Reference(id[:24], (), "assignment")
    audience = hub.do(hub.ledger.assignments.get(hub.tenant.id, assignment)).audience
    answer = hub.client("thrive").delete(f"/rest/v1/audiences/{to_hex24(audience)}")
    assert answer.status_code >= 400
    again = assigned(hub, client, learning_object_external_reference="LIFT/1 ä")["id"]
    other = hub.do(hub.ledger.assignments.get(hub.tenant.id, Reference(again[:24], (), "assignment")))
    assert other.audience == audience, "one audience for each person"


def test_what_was_deleted_can_be_assigned_anew(hub: Hub, client: httpx.Client) -> None:
    id = assigned(hub, client, progress=1)["id"]
    hub.do(hub.ledger.assignments.delete(hub.caller, Reference(id[:24], (), "assignment"), None))
    assert client.get(f"{LIST}/{id}").json()["data"]["status"]["source_value"] == "withdrawn"
    assert assigned(hub, client, progress=2)["id"] != id


def test_what_was_begun_is_in_progress(hub: Hub, client: httpx.Client) -> None:
    for_audience(hub)
    new = NewRecord(
        source="tests",
        person=Reference(str(hub.person)),
        item=Reference(str(hub.item), (), "item"),
        started_at=datetime.now(UTC),  # the day on which it was asked for, at whatever hour this runs
    )
    report = Report("stackone", hub.key.client, "POST", "/", "{}")
    hub.do(hub.ledger.records.record(hub.tenant.id, new, report))
    (row,) = client.get(LIST).json()["data"]
    assert row["status"] == {"value": "in_progress", "source_value": "in_progress"}
    assert len(ids(client.get(LIST, params={"filter[status]": "in_progress"}))) == 1
    complete(hub, client)
    (row,) = client.get(LIST).json()["data"]
    assert row["status"]["value"] == "completed"
