"""The sides that an operator can take where the vendor's pages leave something open."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from testamur.app import Application
from testamur.config import BadSetting, Settings
from testamur.core.ids import Id, new_id, parse, to_ulid, to_uuid
from testamur.core.moments import format_instant
from testamur.storage.database import DatabaseUrls
from tests.dialects.cpod.pages import RECORDS, add, is_problem, session
from tests.hub import Hub, Server, moment


@pytest.fixture(scope="module")
def other_side(urls: DatabaseUrls) -> Iterator[Server]:
    with Server.start(
        urls,
        delivers_webhooks=False,
        cpod_changes=True,
        cpod_envelope="data",
        cpod_ids="uuid",
        cpod_own_records_only=True,
        cpod_strict=True,
    ) as server:
        yield server


@pytest.fixture
def hub(other_side: Server) -> Iterator[Hub]:
    with other_side.new_hub() as hub:
        yield hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("cpod")


def of(hub: Hub, person: Id | None = None, **more: object) -> dict[str, object]:
    return {"person_id": to_ulid(person or hub.person, "person"), "title": "Ladders", **more}


# Envelope and ids --------------------------------------------------------------------------------------------------


def test_a_list_stands_under_data(hub: Hub, client: httpx.Client) -> None:
    records = [add(client, **of(hub)) for _ in range(3)]
    first = client.get(RECORDS, params={"limit": 2}).json()
    assert set(first) == {"data", "nextCursor", "hasMore", "total"}
    assert (first["data"], first["hasMore"], first["total"]) == (records[:0:-1], True, 3)
    last = client.get(RECORDS, params={"limit": 2, "cursor": first["nextCursor"]}).json()
    assert last == {"data": records[:1], "nextCursor": None, "hasMore": False, "total": 3}
    assert client.get(RECORDS, params={"total": "false"}).json()["total"] is None


def test_ids_are_plain_uuids(hub: Hub, client: httpx.Client) -> None:
    cohort, assessment = new_id(), new_id()
    hers = session(hub, hub.other_person)
    answer = hers.post(
        RECORDS,
        json=of(
            hub,
            linked_cohort_id=to_ulid(cohort, "cohort"),
            linked_assessment_id=to_ulid(assessment, "assessment").lower(),
        ),
    )
    record = answer.json()
    assert answer.headers["location"].endswith(f"{RECORDS}/{record['id']}")
    id = parse(record["id"], "record")
    assert id is not None
    assert record["id"] == to_uuid(id)
    assert record["person_id"] == to_uuid(hub.person)
    assert record["created_by"] == record["updated_by"] == to_uuid(hub.other_person)
    assert (record["linked_cohort_id"], record["linked_assessment_id"]) == (to_uuid(cohort), to_uuid(assessment))
    for spelled in (record["id"], to_ulid(id, "record")):
        assert client.get(f"{RECORDS}/{spelled}").json() == record
    hers.delete(f"{RECORDS}/{id}")
    deleted = client.get(f"{RECORDS}/{id}", params={"include_deleted": "true"}).json()
    assert deleted["deleted_by"] == to_uuid(hub.other_person)


def test_the_document_describes_what_is_answered(hub: Hub, client: httpx.Client) -> None:
    document = client.get("/openapi.json").json()
    answer = document["paths"][RECORDS]["get"]["responses"]["200"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/LearningRecordsAsData"}
    assert set(document["paths"][f"{RECORDS}/{{id}}"]) == {"get", "patch", "delete"}


# The strict profile ------------------------------------------------------------------------------------------------


def test_a_record_needs_a_person_and_a_title(hub: Hub, client: httpx.Client) -> None:
    for body, fields in (
        ({}, ["/person_id", "/title"]),
        ({"title": "Ladders", "person_id": None}, ["/person_id"]),
        (of(hub, title=""), ["/title"]),
    ):
        problem = is_problem(client.post(RECORDS, json=body), 400, "validation_error")
        assert [(detail["field"], detail["code"]) for detail in problem["details"]] == [
            (field, "missing") for field in fields
        ]
    record = add(client, **of(hub))
    for field in ("person_id", "title"):
        problem = is_problem(client.patch(f"{RECORDS}/{record['id']}", json={field: None}), 400, "validation_error")
        assert problem["details"][0]["field"] == f"/{field}"
    assert client.patch(f"{RECORDS}/{record['id']}", json={"score": 1}).status_code == 200


# Own records only --------------------------------------------------------------------------------------------------


def test_a_person_sees_what_is_about_her_and_what_she_made(hub: Hub, client: httpx.Client) -> None:
    hers = session(hub, hub.person)
    about = add(client, **of(hub))
    made = add(hers, **of(hub, hub.other_person))
    alien = add(client, **of(hub, hub.other_person))
    page = hers.get(RECORDS).json()
    assert (page["data"], page["total"]) == ([made, about], 2)
    assert hers.get(f"{RECORDS}/{about['id']}").json() == about
    is_problem(hers.get(f"{RECORDS}/{alien['id']}"), 404, "not_found")
    assert hers.get(RECORDS, params={"person_id": str(hub.other_person)}).json()["data"] == [made]
    for answer in (
        hers.patch(f"{RECORDS}/{alien['id']}", json={"score": 1}),
        hers.delete(f"{RECORDS}/{alien['id']}"),
        hers.post(f"{RECORDS}/{alien['id']}/restore"),
    ):
        is_problem(answer, 404, "not_found")
    assert client.get(f"{RECORDS}/{alien['id']}").json() == alien


def test_what_another_dialect_told_about_her_is_hers(hub: Hub) -> None:
    with hub.client("api") as api:
        body = {"person": "ref:00123", "item": "ref:FIRE-101", "completed_at": format_instant(moment())}
        assert api.post("/v1/records", json=body).status_code == 201
    assert session(hub, hub.person).get(RECORDS).json()["total"] == 1
    assert session(hub, hub.other_person).get(RECORDS).json()["total"] == 0


def test_somebody_who_is_not_known_here_sees_what_names_her(hub: Hub, client: httpx.Client) -> None:
    stranger = new_id()
    record = add(client, **of(hub, stranger))
    add(client, **of(hub))
    hers = session(hub, stranger)
    assert hers.get(RECORDS).json()["data"] == [record]
    assert hers.get(f"{RECORDS}/{record['id']}").json() == record


@pytest.mark.parametrize("role", ["manager", "admin"])
def test_managers_and_administrators_see_everything(hub: Hub, client: httpx.Client, role: str) -> None:
    add(client, **of(hub))
    assert session(hub, hub.other_person, "x", role).get(RECORDS).json()["total"] == 1
    assert session(hub, hub.other_person, "x").get(RECORDS).json()["total"] == 0


def test_a_session_for_an_application_is_bound_to_both(hub: Hub, client: httpx.Client) -> None:
    one = session(hub, hub.person, application="one")
    mine, nobodys = add(one, **of(hub)), add(client, **of(hub))
    add(session(hub, hub.person, application="two"), **of(hub))
    add(client, **of(hub, hub.other_person))
    assert one.get(RECORDS).json()["data"] == [nobodys, mine]


def test_a_cursor_is_of_no_use_to_somebody_else(hub: Hub, client: httpx.Client) -> None:
    for _ in range(2):
        add(client, **of(hub))
    cursor = session(hub, hub.person).get(RECORDS, params={"limit": 1}).json()["nextCursor"]
    for other in (session(hub, hub.other_person), client):
        is_problem(other.get(RECORDS, params={"cursor": cursor}), 400, "invalid_cursor")


# Settings ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", [{"cpod_envelope": "rows"}, {"cpod_ids": "ulid"}])
def test_a_side_that_there_is_not_is_refused_at_the_start(urls: DatabaseUrls, setting: dict[str, str]) -> None:
    with pytest.raises(BadSetting, match=next(iter(setting.values()))):
        Application(Settings(**setting), urls)  # type: ignore[arg-type]
