"""Transcripts of the vendor's page "LearningRecord": create and get."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
import pytest

from testamur.core.ids import new_id, parse, to_hex24, to_ulid, to_uuid
from testamur.core.moments import format_instant
from testamur.core.people import Identifier, NewPerson, Reference
from tests.dialects.cpod.pages import RECORDS, SERVER_MANAGED, add, app_client, caller, is_problem, listed
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("cpod")


def test_create_answers_the_whole_record(hub: Hub, client: httpx.Client) -> None:
    cohort, assessment = to_ulid(new_id(), "cohort"), to_uuid(new_id())
    answer = client.post(
        RECORDS,
        json={
            "person_id": to_ulid(hub.person, "person"),
            "title": "Certified Cloud Practitioner",
            "provider": "AWS",
            "completed_at": "2025-03-04T10:00:00+02:00",
            "expires_at": "2028-03-04",
            "score": 87.5,
            "passed": True,
            "certification_ref": "https://example.com/badges/1",
            "linked_cohort_id": cohort,
            "linked_assessment_id": assessment,
            "source": "hr-export",
            "source_type": "backend",
        },
    )
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    record = answer.json()
    id, created, updated = record.pop("id"), record.pop("created_at"), record.pop("updated_at")
    assert record == {
        "tenant_id": str(hub.tenant.id),
        "created_by": None,
        "updated_by": None,
        "source": "hr-export",
        "source_type": "backend",
        "is_deleted": False,
        "deleted_at": None,
        "deleted_by": None,
        "schema_version": 1,
        "person_id": to_ulid(hub.person, "person"),
        "title": "Certified Cloud Practitioner",
        "provider": "AWS",
        "completed_at": "2025-03-04T08:00:00.000Z",
        "expires_at": "2028-03-04T23:59:59.999Z",
        "score": 87.5,
        "passed": True,
        "certification_ref": "https://example.com/badges/1",
        "linked_cohort_id": cohort,
        "linked_assessment_id": assessment,
    }
    assert id.startswith("rec_")
    assert len(id) == 30
    assert id[4:] == id[4:].upper()
    assert created == updated == format_instant(datetime.fromisoformat(created))
    assert answer.headers["location"] == f"{client.base_url!s}".rstrip("/") + f"{RECORDS}/{id}"
    got = client.get(answer.headers["location"])
    assert (got.status_code, got.json(), got.headers["etag"]) == (200, answer.json(), answer.headers["etag"])
    assert listed(client) == [answer.json()]


def test_nothing_is_required(hub: Hub, client: httpx.Client) -> None:
    record = add(client)
    settable = {
        name: record[name]
        for name in ("person_id", "title", "provider", "completed_at", "expires_at", "score", "passed")
    }
    assert set(settable.values()) == {None}
    assert (record["source"], record["source_type"], record["schema_version"]) == ("edm", "api", 1)
    nulls = dict.fromkeys([*settable, "certification_ref", "linked_cohort_id", "source", "source_type"])
    assert add(client, **nulls)["source"] == "edm"


def test_the_vendors_sample_is_taken_and_the_servers_values_win(hub: Hub, client: httpx.Client) -> None:
    record = add(client, **SERVER_MANAGED, title="Sample")
    assert parse(record["id"], "record") is not None
    assert record["tenant_id"] == str(hub.tenant.id)
    assert "app_id" not in record
    assert record["created_at"] == record["updated_at"] > "2020"
    assert (record["created_by"], record["is_deleted"], record["deleted_at"]) == (None, False, None)
    assert record["schema_version"] == 1


def test_app_id_is_there_for_an_applications_token_and_missing_otherwise(hub: Hub, client: httpx.Client) -> None:
    assert "app_id" not in add(client)
    assert add(app_client(hub, "lms-sync"))["app_id"] == "lms-sync"


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("person_id", 1, "type"),
        ("person_id", "", "format"),
        ("person_id", "nobody", "format"),
        ("person_id", "rec_01ARZ3NDEKTSV4RRFFQ69G5FAV", "format"),
        ("person_id", "per_8ZZZZZZZZZZZZZZZZZZZZZZZZZ", "format"),
        ("person_id", "per_01ARZ3NDEKTSV4RRFFQ69G5FA", "format"),
        ("linked_cohort_id", "per_01ARZ3NDEKTSV4RRFFQ69G5FAV", "format"),
        ("linked_assessment_id", "x" * 65, "range"),
        ("title", 5, "type"),
        ("title", "x" * 1001, "range"),
        ("title", "a\0b", "format"),
        ("provider", ["AWS"], "type"),
        ("completed_at", "2021-02-30T09:00:00Z", "format"),
        ("completed_at", "2021-01-01", "format"),
        ("completed_at", "2021-01-01T09:00:00", "format"),
        ("completed_at", "yesterday", "format"),
        ("completed_at", 1609491600, "type"),
        ("completed_at", "0001-01-01T00:00:00+14:00", "format"),
        ("expires_at", "2021-02-30", "format"),
        ("expires_at", "2021-01-01T09:00:00", "format"),
        ("score", "90", "type"),
        ("score", -0.01, "range"),
        ("score", 100.01, "range"),
        ("score", True, "type"),
        ("passed", "true", "type"),
        ("passed", 1, "type"),
        ("certification_ref", {}, "type"),
        ("source", "", "range"),
        ("source", "x" * 101, "range"),
        ("source_type", "cron", "format"),
        ("started_at", "2021-01-01T09:00:00Z", "unknown"),
        ("metadata", {}, "unknown"),
        ("a/b~c", 1, "unknown"),
    ],
)
def test_a_bad_field_is_400_and_pointed_at(client: httpx.Client, field: str, value: Any, code: str) -> None:
    problem = is_problem(client.post(RECORDS, json={field: value}), 400, "validation_error")
    pointer = "/" + field.replace("~", "~0").replace("/", "~1")
    assert [(detail["field"], detail["code"]) for detail in problem["details"]] == [(pointer, code)]
    assert field in problem["message"]
    assert listed(client) == []


def test_every_bad_date_and_reference_is_named_at_once(client: httpx.Client) -> None:
    bad = {"person_id": "x", "completed_at": "x", "expires_at": "x", "linked_cohort_id": "x"}
    problem = is_problem(client.post(RECORDS, json=bad), 400, "validation_error")
    assert {detail["field"] for detail in problem["details"]} == {f"/{field}" for field in bad}


@pytest.mark.parametrize("score", [0, 100, 99.999, 0.1, 1e-7, None])
def test_scores_from_0_to_100_are_kept_exactly(client: httpx.Client, score: float | None) -> None:
    record = add(client, score=score)
    assert record["score"] == score
    assert isinstance(record["score"], type(score))
    assert record["passed"] is None, "never derived from the score"


def test_a_completion_in_the_future_is_refused(client: httpx.Client) -> None:
    near, far = (format_instant(datetime.now(UTC) + timedelta(hours=hours)) for hours in (23, 25))
    assert add(client, completed_at=near)["completed_at"] == near
    problem = is_problem(client.post(RECORDS, json={"completed_at": far}), 400, "validation_error")
    assert problem["details"][0]["field"] == "/completed_at"
    assert "D6" in problem["message"]


def test_an_imported_certificate_may_be_long_expired(client: httpx.Client) -> None:
    record = add(client, completed_at="2021-01-01T09:00:00Z", expires_at="2020-01-01T00:00:00-01:00")
    assert record["expires_at"] == "2020-01-01T01:00:00.000Z"


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "bad_request"),
        (b"{", "bad_request"),
        (b"[]", "bad_request"),
        (b'[{"title": "bulk"}]', "bad_request"),
        (b"null", "bad_request"),
        (b'"text"', "bad_request"),
        (b"\xff\xfe", "bad_request"),
        (b'{"score": NaN}', "bad_request"),
        (b'{"title": "\\ud800"}', "bad_request"),
        (b"[" * 100_000, "bad_request"),
        (b'{"title": "a", "title": "b"}', "validation_error"),
        (b'{"score": 1e999}', "validation_error"),
    ],
)
def test_a_body_that_is_no_such_object_is_400(client: httpx.Client, content: bytes, code: str) -> None:
    is_problem(client.post(RECORDS, content=content, headers={"content-type": "application/json"}), 400, code)


def test_a_body_over_the_limit_is_413_and_one_of_another_type_415(client: httpx.Client) -> None:
    json_type = {"content-type": "application/json"}
    is_problem(client.post(RECORDS, content=b" " * (1024 * 1024 + 1), headers=json_type), 413, "payload_too_large")
    is_problem(client.post(RECORDS, data={"title": "form"}), 415, "unsupported_media_type")
    is_problem(client.post(RECORDS, content=b"{}"), 415, "unsupported_media_type")


def test_one_record_is_found_by_every_spelling_of_its_id(client: httpx.Client) -> None:
    record = add(client, title="Spelled")
    ulid = record["id"].removeprefix("rec_")
    uuid = str(UUID(int=parse(record["id"], "record").int))  # type: ignore[union-attr]
    spellings = [
        record["id"],
        record["id"].lower(),
        f"REC-{ulid}",
        ulid,
        uuid,
        uuid.upper(),
        f"rec_{uuid}",
        ulid.replace("0", "O").replace("1", "l"),
    ]
    for spelling in spellings:
        assert client.get(f"{RECORDS}/{spelling}").json() == record, spelling
        assert listed(client, id=spelling) == [record], spelling


def test_an_id_that_names_no_record_is_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    record = add(client, title="Mine")
    strange = [
        to_ulid(new_id(), "record"),
        record["id"].replace("rec_", "per_"),
        record["id"][:-1],
        "rec_",
        "nothing",
        "%00",
        "a%2Fb",
        to_ulid(hub.person, "record"),
    ]
    for id in strange:
        is_problem(client.get(f"{RECORDS}/{id}"), 404, "not_found")
    stranger = other_hub.client("cpod")
    is_problem(stranger.get(f"{RECORDS}/{record['id']}"), 404, "not_found")
    assert stranger.get(RECORDS).json() == {"items": [], "nextCursor": None, "total": 0}


def test_references_come_back_as_written_and_are_found_by_value(hub: Hub, client: httpx.Client) -> None:
    uuid = to_uuid(hub.person)
    ulid = to_ulid(hub.person, "person")
    for spelling in (uuid.upper(), ulid.lower(), f"per-{uuid}", ulid[4:], to_hex24(hub.person)):
        record = add(client, person_id=spelling, title=spelling)
        assert record["person_id"] == spelling
    assert len(listed(client, person_id=ulid)) == len(listed(client, person_id=uuid)) == 5
    cohort = new_id()
    record = add(client, linked_cohort_id=f"COH-{to_uuid(cohort)}")
    assert record["linked_cohort_id"] == f"COH-{to_uuid(cohort)}"
    assert listed(client, linked_cohort_id=to_ulid(cohort, "cohort")) == [record]


def test_a_person_who_is_not_known_here_is_kept_as_written(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    foreign = "7B0A7C5E-6D0C-4E6B-9F57-0F1B1C6D2E3F"
    record = add(client, person_id=foreign, title="Elsewhere", completed_at="2025-01-01T00:00:00Z")
    assert record["person_id"] == foreign
    assert listed(client, person_id=f"per_{foreign.lower()}") == [record]
    theirs = add(client, person_id=to_ulid(other_hub.person, "person"))
    assert listed(client, person_id=to_uuid(other_hub.person)) == [theirs]
    (person,) = hub.do(
        hub.ledger.people.add(hub.caller, [NewPerson(given_name="Late", identifiers=(Identifier("cpod", foreign),))])
    )
    known = add(client, person_id=foreign, title="Known by now")
    assert [found["title"] for found in listed(client, person_id=foreign)] == ["Known by now", "Elsewhere"]
    assert listed(client, person_id=to_ulid(person, "person")) == [known]


def test_a_title_that_names_an_item_is_a_completion_of_it(hub: Hub, client: httpx.Client) -> None:
    record = add(
        client,
        person_id=to_ulid(hub.person, "person"),
        title="fire SAFETY",
        provider="testamur academy",
        completed_at="2025-01-01T00:00:00Z",
    )
    assert (record["title"], record["provider"]) == ("fire SAFETY", "testamur academy"), "as written"
    with hub.client("thrive") as thrive:
        (completion,) = thrive.get("/rest/v1/learning/completions", params={"contentId": to_hex24(hub.item)}).json()
    assert parse(completion["id"]) == parse(record["id"], "record")
    assert completion["userId"] == to_hex24(hub.person)


def test_equal_bodies_are_two_records(hub: Hub, client: httpx.Client) -> None:
    body = {
        "person_id": to_ulid(hub.person, "person"),
        "title": "Fire safety",
        "completed_at": "2025-01-01T00:00:00Z",
    }
    assert add(client, **body)["id"] != add(client, **body)["id"]
    assert len(listed(client)) == 2


def test_an_idempotency_key_gives_the_first_record_back(hub: Hub, client: httpx.Client) -> None:
    headers = {"idempotency-key": "5f1c"}
    first = client.post(RECORDS, json={"title": "Once", "score": 90}, headers=headers)
    again = client.post(RECORDS, json={"score": 90.0, "title": "Once", "updated_at": "ignored"}, headers=headers)
    assert (again.status_code, again.json()) == (201, first.json())
    assert (again.headers["location"], again.headers["etag"]) == (first.headers["location"], first.headers["etag"])
    assert len(listed(client)) == 1
    is_problem(client.post(RECORDS, json={"title": "Twice"}, headers=headers), 409, "idempotency_conflict")


def test_an_idempotency_key_used_by_many_at_once_makes_one_record(client: httpx.Client) -> None:
    def create(_: int) -> str:
        answer = client.post(RECORDS, json={"title": "Rushed"}, headers={"idempotency-key": "rush"})
        assert answer.status_code == 201
        id: str = answer.json()["id"]
        return id

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(create, range(40)))) == 1


def test_an_idempotency_key_belongs_to_one_tenant_and_application(
    hub: Hub, other_hub: Hub, client: httpx.Client
) -> None:
    headers = {"idempotency-key": "shared"}
    clients = [client, app_client(hub, "one"), app_client(hub, "two"), other_hub.client("cpod")]
    ids = [each.post(RECORDS, json={"title": str(n)}, headers=headers).json()["id"] for n, each in enumerate(clients)]
    assert len(set(ids)) == 4


def test_a_repeated_key_gives_the_first_answer_also_after_its_record_was_deleted(
    hub: Hub, client: httpx.Client
) -> None:
    headers = {"idempotency-key": "gone"}
    first = client.post(RECORDS, json={}, headers=headers)
    void(hub, first.json()["id"])
    again = client.post(RECORDS, json={}, headers=headers)
    assert (again.status_code, again.content) == (201, first.content)
    assert listed(client) == []


@pytest.mark.parametrize("key", ["", "x" * 256, "\xe9"])
def test_an_idempotency_key_that_cannot_be_kept_is_400(client: httpx.Client, key: str) -> None:
    answer = client.post(RECORDS, json={}, headers=[(b"idempotency-key", key.encode("latin-1"))])
    assert "Idempotency-Key" in is_problem(answer, 400, "bad_request")["message"]


def test_a_known_etag_is_304(hub: Hub, client: httpx.Client) -> None:
    record = add(client, title="Cached")
    address = f"{RECORDS}/{record['id']}"
    etag = client.get(address).headers["etag"]
    for sent in (etag, f'"other", W/{etag}', "*"):
        answer = client.get(address, headers={"if-none-match": sent})
        assert (answer.status_code, answer.content, answer.headers["etag"]) == (304, b"", etag)
    assert client.get(address, headers={"if-none-match": '"other"'}).status_code == 200
    void(hub, record["id"])
    deleted = client.get(address, params={"include_deleted": "true"}, headers={"if-none-match": etag})
    assert deleted.status_code == 200
    assert deleted.headers["etag"] != etag


def test_a_deleted_record_is_found_only_when_asked_for(hub: Hub, client: httpx.Client) -> None:
    record = add(client, title="Withdrawn")
    address = f"{RECORDS}/{record['id']}"
    void(hub, record["id"])
    is_problem(client.get(address), 404, "not_found")
    for name in ("include_deleted", "includeDeleted"):
        found = client.get(address, params={name: "true"}).json()
        assert found["is_deleted"] is True
        assert found["deleted_at"] == found["updated_at"] >= record["created_at"]
        assert found["deleted_by"] == found["updated_by"] == to_ulid(hub.other_person, "person")
    is_problem(client.get(address, params={"include_deleted": "maybe"}), 400, "invalid_query")


def test_head_answers_without_a_body(client: httpx.Client) -> None:
    record = add(client)
    answer = client.head(f"{RECORDS}/{record['id']}")
    assert (answer.status_code, answer.content) == (200, b"")
    assert "etag" in answer.headers


def test_what_was_sent_is_kept_as_evidence(hub: Hub, client: httpx.Client) -> None:
    body = {"title": "Zoë's “evidence” 🎓", "score": 12.5}
    content = json.dumps(body)
    id = parse(
        client.post(RECORDS, content=content, headers={"content-type": "application/json"}).json()["id"], "record"
    )
    assert id is not None
    (telling,) = hub.do(hub.ledger.records.tellings(hub.tenant.id, [id]))[id]
    assert (telling.report.dialect, telling.report.body) == ("cpod", content)


def test_a_record_without_a_completion_is_a_plan_and_no_completion_elsewhere(hub: Hub, client: httpx.Client) -> None:
    planned = add(client, person_id=to_ulid(hub.person, "person"), title="Fire safety")
    assert planned["completed_at"] is None
    assert listed(client, person_id=to_uuid(hub.person)) == [planned]
    person = Reference(to_hex24(hub.person), (), "person", "")
    assert hub.do(hub.ledger.records.page(hub.tenant.id, count=10, person=person)) == []


def test_a_completion_of_another_dialect_is_a_learning_record(hub: Hub, client: httpx.Client) -> None:
    with hub.client("thrive") as thrive:
        statement = thrive.post(
            "/rest/v1/learning/completions",
            json={
                "userId": to_hex24(hub.person),
                "contentId": to_hex24(hub.item),
                "completedAt": "2025-01-01T00:00:00Z",
            },
        ).json()["statementId"]
    (record,) = listed(client)
    assert parse(record["id"], "record") == parse(statement)
    assert (record["title"], record["provider"]) == ("Fire safety", "Testamur Academy")
    assert (record["source"], record["source_type"]) == ("thrive", "api")
    assert record["person_id"] == to_ulid(hub.person, "person")
    assert record["completed_at"] == "2025-01-01T00:00:00.000Z"
    assert "app_id" not in record
    assert client.get(f"{RECORDS}/{record['id']}").json() == record


def test_a_replaced_import_is_still_one_record(hub: Hub, client: httpx.Client) -> None:
    with hub.client("rise") as rise:
        for day in ("01", "02"):
            answer = rise.post(
                f"/courses/{to_hex24(hub.item)}/users/{to_hex24(hub.person)}/completions",
                json={"completedAt": f"2025-01-{day}T09:00:00Z", "startedAt": "2025-01-01T08:00:00Z"},
            )
            assert answer.status_code == 202
    (record,) = listed(client, include_deleted="true")
    assert (record["source"], record["score"], record["passed"]) == ("rise", 100, True)
    assert record["completed_at"] == "2025-01-02T09:00:00.000Z"
    assert record["updated_at"] > record["created_at"]
    assert listed(client, person_id=to_uuid(hub.person)) == [record]


def test_applications_see_their_own_records_and_those_of_none(hub: Hub, client: httpx.Client) -> None:
    one, two = app_client(hub, "one"), app_client(hub, "two")
    mine, theirs, nobodys = add(one, title="one"), add(two, title="two"), add(client, title="none")
    assert listed(one) == [nobodys, mine]
    assert listed(two) == [nobodys, theirs]
    assert listed(client) == [nobodys, theirs, mine], "a session without an application sees the tenant"
    assert one.get(RECORDS).json()["total"] == 2
    assert client.get(RECORDS).json()["total"] == 3
    is_problem(one.get(f"{RECORDS}/{theirs['id']}"), 404, "not_found")
    assert one.get(f"{RECORDS}/{nobodys['id']}").json() == nobodys
    # As a filter the application only narrows.
    assert listed(one, app_id="two") == []
    assert listed(one, app_id="one") == [mine]
    assert listed(one, app_id="null") == [nobodys]
    assert listed(client, app_id="one,two") == [theirs, mine]


def void(hub: Hub, id: str) -> None:
    record = parse(id, "record")
    assert record is not None
    hub.do(hub.ledger.records.void(caller(hub), record))
