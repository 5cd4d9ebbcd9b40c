"""Patch, delete and restore, which the vendor's page does not list: a correction, a withdrawal, and its end."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from testamur.core.assignments import NewAssignment
from testamur.core.ids import Id, new_id, parse, to_hex24, to_opaque, to_ulid, to_uuid
from testamur.core.moments import format_instant
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.storage.database import DatabaseUrls
from tests.dialects.cpod.pages import RECORDS, SERVER_MANAGED, add, app_client, is_problem, listed
from tests.hub import Hub, Server, moment


@pytest.fixture(scope="module")
def changing(urls: DatabaseUrls) -> Iterator[Server]:
    """A server that offers what the vendor does not."""
    with Server.start(urls, delivers_webhooks=False, cpod_changes=True) as server:
        yield server


@pytest.fixture
def hub(changing: Server) -> Iterator[Hub]:
    with changing.new_hub() as hub:
        yield hub


@pytest.fixture
def other_hub(changing: Server) -> Iterator[Hub]:
    with changing.new_hub() as hub:
        yield hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("cpod")


def of(record: dict[str, Any]) -> str:
    return f"{RECORDS}/{record['id']}"


def whole(hub: Hub) -> dict[str, Any]:
    return {
        "person_id": to_ulid(hub.person, "person"),
        "title": "Fire safety",
        "completed_at": format_instant(moment()),
        "expires_at": "2030-01-01T00:00:00.000Z",
        "score": 90,
        "passed": True,
        "certification_ref": "C-1",
        "linked_cohort_id": to_ulid(new_id(), "cohort"),
        "linked_assessment_id": to_uuid(new_id()),
        "source": "hr",
        "source_type": "backend",
    }


def patch(client: httpx.Client, record: dict[str, Any], **fields: Any) -> dict[str, Any]:
    answer = client.patch(of(record), json=fields)
    assert answer.status_code == 200, answer.text
    patched: dict[str, Any] = answer.json()
    return patched


def facts(hub: Hub, record: dict[str, Any]) -> list[str | None]:
    id = parse(record["id"], "record")
    assert id is not None
    return [revision.ended_as for revision in hub.do(hub.ledger.records.revisions(hub.tenant.id, id))]


# Patch -------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("title", "Ladders"),
        ("provider", "AWS"),
        ("completed_at", "2024-05-06T07:08:09.000Z"),
        ("expires_at", "2029-12-31T23:59:59.999Z"),
        ("score", 12.5),
        ("passed", False),
        ("certification_ref", "C-2"),
        ("linked_cohort_id", "coh_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("linked_assessment_id", "01563e3a-b5d3-d676-4c61-efb99302bd5b"),
        ("person_id", "per_01ARZ3NDEKTSV4RRFFQ69G5FAV"),
        ("source", "other"),
        ("source_type", "system"),
    ],
)
def test_a_patch_changes_what_it_says_and_nothing_else(
    hub: Hub, client: httpx.Client, field: str, value: object
) -> None:
    record = add(client, **whole(hub))
    patched = patch(client, record, **{field: value})
    assert patched == {**record, field: value, "updated_at": patched["updated_at"]}
    assert patched["updated_at"] >= record["updated_at"]
    assert client.get(of(record)).json() == patched
    assert listed(client) == [patched]
    assert facts(hub, record) == ["superseded", None]


@pytest.mark.parametrize(
    "field",
    ["title", "provider", "completed_at", "expires_at", "score", "passed", "certification_ref", "linked_cohort_id",
     "linked_assessment_id", "person_id"],
)  # fmt: skip
def test_null_clears_a_field(hub: Hub, client: httpx.Client, field: str) -> None:
    record = add(client, **whole(hub), provider="AWS")
    patched = patch(client, record, **{field: None})
    assert patched == {**record, field: None, "updated_at": patched["updated_at"]}
    if field in ("person_id", "linked_cohort_id", "linked_assessment_id"):
        assert listed(client, **{field: "null"}) == [patched]
        assert listed(client, **{field: record[field]}) == []


def test_null_gives_a_source_its_default(hub: Hub, client: httpx.Client) -> None:
    patched = patch(client, add(client, **whole(hub)), source=None, source_type=None)
    assert (patched["source"], patched["source_type"]) == ("edm", "api")


def test_a_patch_that_changes_nothing_is_a_patch(hub: Hub, client: httpx.Client) -> None:
    record = add(client, **whole(hub))
    patched = patch(client, record)
    assert patched["updated_at"] > record["updated_at"]
    assert {**patched, "updated_at": ""} == {**record, "updated_at": ""}


def test_what_was_read_can_be_sent_back(hub: Hub, client: httpx.Client) -> None:
    record = add(client, **whole(hub))
    patched = patch(client, record, **{**record, **SERVER_MANAGED, "score": 50})
    assert patched == {**record, "score": 50, "updated_at": patched["updated_at"]}


def test_a_merge_patch_has_a_type_of_its_own(client: httpx.Client) -> None:
    record = add(client)
    headers = {"content-type": "application/merge-patch+json"}
    answer = client.patch(of(record), content='{"title": "Ladders"}', headers=headers)
    assert (answer.status_code, answer.json()["title"]) == (200, "Ladders")


@pytest.mark.parametrize(
    ("body", "code", "field"),
    [
        ({"score": -0.01}, "validation_error", "/score"),
        ({"score": "90"}, "validation_error", "/score"),
        ({"passed": 1}, "validation_error", "/passed"),
        ({"title": 7}, "validation_error", "/title"),
        ({"title": "a\0b"}, "validation_error", "/title"),
        ({"completed_at": "2024-05-06"}, "validation_error", "/completed_at"),
        ({"completed_at": "2024-05-06T07:08:09"}, "validation_error", "/completed_at"),
        ({"completed_at": "2999-01-01T00:00:00Z"}, "validation_error", "/completed_at"),
        ({"person_id": "rec_01ARZ3NDEKTSV4RRFFQ69G5FAV"}, "validation_error", "/person_id"),
        ({"linked_cohort_id": "nonsense"}, "validation_error", "/linked_cohort_id"),
        ({"source": ""}, "validation_error", "/source"),
        ({"source_type": "dream"}, "validation_error", "/source_type"),
        ({"surprise": 1}, "validation_error", "/surprise"),
        ([], "bad_request", ""),
    ],
)
def test_a_bad_patch_is_400_names_its_field_and_changes_nothing(
    hub: Hub, client: httpx.Client, body: object, code: str, field: str
) -> None:
    record = add(client, **whole(hub))
    problem = is_problem(client.patch(of(record), json=body), 400, code)
    assert field in [detail["field"] for detail in problem["details"]]
    assert client.get(of(record)).json() == record


def test_a_patch_that_is_no_json_is_refused(client: httpx.Client) -> None:
    record = add(client)
    is_problem(client.patch(of(record), content="{", headers={"content-type": "application/json"}), 400, "bad_request")
    is_problem(client.patch(of(record), content="{}"), 415, "unsupported_media_type")


def test_every_spelling_of_an_id_can_be_patched(client: httpx.Client) -> None:
    record = add(client)
    id = parse(record["id"], "record")
    assert id is not None
    for score, spelled in enumerate((record["id"].upper(), to_uuid(id).upper(), record["id"].replace("_", "-"))):
        assert client.patch(f"{RECORDS}/{spelled}", json={"score": score}).json()["score"] == score


def test_somebody_unknown_is_known_by_the_next_patch(hub: Hub, client: httpx.Client) -> None:
    foreign = "0188bac7-4afa-78aa-bc3b-bd1eef28d881"
    record = add(client, person_id=foreign, title="Fire safety", completed_at=format_instant(moment()))
    (person,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("cpod", foreign),))]))
    assert completions(hub, person) == []
    assert patch(client, record, score=1)["person_id"] == foreign
    assert len(completions(hub, person)) == 1


def test_what_somebody_did_stays_hers_after_she_was_deleted(hub: Hub, client: httpx.Client) -> None:
    record = add(client, **whole(hub))
    hub.do(hub.ledger.people.delete(hub.caller, Reference("00123", ("ref",))))
    assert listed(client) == [record]
    assert patch(client, record, score=1)["person_id"] == to_ulid(hub.person, "person")
    id = parse(record["id"], "record")
    assert id is not None
    assert hub.do(hub.ledger.records.get(hub.tenant.id, id)).person == hub.person


def test_the_item_stays_when_the_title_does(hub: Hub, client: httpx.Client) -> None:
    with hub.client("thrive") as thrive:
        body = {"userId": to_hex24(hub.person), "contentId": to_hex24(hub.third_party)}
        thrive.post("/rest/v1/learning/completions", json={**body, "completedAt": format_instant(moment())})
    (record,) = listed(client)
    patched = patch(client, record, provider="AWS", linked_cohort_id=to_ulid(new_id(), "cohort"))
    assert (patched["title"], patched["provider"]) == ("Manual handling", "AWS")
    assert patched["person_id"] == record["person_id"] == to_ulid(hub.person, "person")
    (kept,) = completions(hub, hub.person)
    assert (kept.item, kept.source, kept.item_version) == (hub.third_party, "thrive", 1)


def test_another_title_names_another_item(hub: Hub, client: httpx.Client) -> None:
    def about() -> tuple[Id | None, str | None]:
        (one,) = completions(hub, hub.person)
        return one.item, one.item_kind

    record = add(client, **whole(hub))
    assert about() == (hub.item, "course")
    patch(client, record, title="manual handling")
    assert about() == (hub.third_party, "content")
    patch(client, record, title="Unheard of")
    assert about()[1] == "outside"
    patch(client, record, title="Fire safety", provider="Somebody else")
    assert about()[1] == "outside", "ours has another provider"
    patch(client, record, provider=None)
    assert about() == (hub.item, "course")


def test_a_patch_after_a_start_may_not_complete_before_it(hub: Hub, client: httpx.Client) -> None:
    with hub.client("rise") as rise:
        answer = rise.post(
            f"/courses/{to_hex24(hub.item)}/users/{to_hex24(hub.person)}/completions",
            json={"completedAt": "2025-01-02T09:00:00Z", "startedAt": "2025-01-02T08:00:00Z"},
        )
        assert answer.status_code == 202
    (record,) = listed(client)
    problem = is_problem(
        client.patch(of(record), json={"completed_at": "2025-01-01T00:00:00Z"}), 400, "validation_error"
    )
    assert [detail["field"] for detail in problem["details"]] == ["/completed_at"]


def test_what_was_said_is_kept_as_evidence(hub: Hub, client: httpx.Client) -> None:
    record = add(client, title="Once")
    client.patch(of(record), content='{"title":"Twice"}', headers={"content-type": "application/json"})
    id = parse(record["id"], "record")
    assert id is not None
    told = hub.do(hub.ledger.records.tellings(hub.tenant.id, [id]))[id]
    assert [(one.report.method, one.report.body) for one in told][1:] == [("PATCH", '{"title":"Twice"}')]


# Delete and restore ------------------------------------------------------------------------------------------------


def test_a_deleted_record_is_gone_and_comes_back_as_it_was(hub: Hub, client: httpx.Client) -> None:
    record = add(client, **whole(hub))
    answer = client.delete(of(record))
    assert (answer.status_code, answer.content) == (204, b"")
    is_problem(client.get(of(record)), 404, "not_found")
    deleted = client.get(of(record), params={"include_deleted": "true"}).json()
    assert deleted == {
        **record,
        "is_deleted": True,
        "deleted_at": deleted["deleted_at"],
        "updated_at": deleted["deleted_at"],
    }
    assert (listed(client), client.get(RECORDS).json()["total"]) == ([], 0)
    assert listed(client, include_deleted="true") == [deleted]

    restored = client.post(f"{of(record)}/restore")
    assert restored.status_code == 200
    assert restored.json() == {**record, "updated_at": restored.json()["updated_at"]}
    assert restored.json()["updated_at"] >= deleted["deleted_at"]
    assert client.get(of(record)).json() == restored.json()
    assert listed(client) == listed(client, include_deleted="true") == [restored.json()], "once, not once for each fact"
    assert client.get(RECORDS, params={"include_deleted": "true"}).json()["total"] == 1
    assert facts(hub, record) == ["voided", None], "that it was deleted for a time stays"


def test_it_can_be_deleted_and_restored_again(hub: Hub, client: httpx.Client) -> None:
    record = add(client, **whole(hub))
    for _ in range(3):
        assert client.delete(of(record)).status_code == 204
        assert len(listed(client, include_deleted="true")) == 1
        assert client.post(f"{of(record)}/restore").status_code == 200
    patch(client, record, score=5)
    assert facts(hub, record) == ["voided", "voided", "voided", "superseded", None]
    assert len(listed(client, include_deleted="true")) == 1


def test_what_is_deleted_cannot_be_patched_or_deleted_again(client: httpx.Client) -> None:
    record = add(client)
    client.delete(of(record))
    is_problem(client.delete(of(record)), 404, "not_found")
    is_problem(client.patch(of(record), json={}), 404, "not_found")


def test_what_is_not_deleted_cannot_be_restored(client: httpx.Client) -> None:
    record = add(client)
    is_problem(client.post(f"{of(record)}/restore"), 409, "conflict")


def test_what_was_told_again_meanwhile_does_not_hinder_a_restoration(hub: Hub, client: httpx.Client) -> None:
    body = whole(hub)
    record = add(client, **body)
    client.delete(of(record))
    again = add(client, **body)
    assert client.post(f"{of(record)}/restore").status_code == 200
    assert {one["id"] for one in listed(client)} == {record["id"], again["id"]}


def test_a_restoration_by_key_is_done_once(client: httpx.Client) -> None:
    record = add(client)
    client.delete(of(record))
    answers = [client.post(f"{of(record)}/restore", headers={"idempotency-key": "k"}) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    assert answers[0].content == answers[1].content


# Who may -----------------------------------------------------------------------------------------------------------


def attempts(client: httpx.Client, id: str) -> list[httpx.Response]:
    at = f"{RECORDS}/{id}"
    return [client.patch(at, json={}), client.delete(at), client.post(f"{at}/restore")]


@pytest.mark.parametrize("id", ["rec_01ARZ3NDEKTSV4RRFFQ69G5FAV", "per_01ARZ3NDEKTSV4RRFFQ69G5FAV", "nonsense", "%20"])
def test_an_unknown_id_is_404(client: httpx.Client, id: str) -> None:
    for answer in attempts(client, id):
        is_problem(answer, 404, "not_found")


def test_another_tenants_and_another_applications_records_are_404(
    hub: Hub, other_hub: Hub, client: httpx.Client
) -> None:
    record = add(app_client(hub, "one"), title="Mine")
    for stranger in (other_hub.client("cpod"), app_client(hub, "two")):
        for answer in attempts(stranger, record["id"]):
            is_problem(answer, 404, "not_found")
    assert client.get(of(record)).json() == record


def test_a_key_that_may_only_read_changes_nothing(hub: Hub, client: httpx.Client) -> None:
    record = add(client)
    for answer in attempts(hub.client("cpod", hub.reader), record["id"]):
        is_problem(answer, 403, "forbidden")
    assert client.get(of(record)).json() == record


def test_the_application_of_a_record_stays_whoever_patches_it(hub: Hub, client: httpx.Client) -> None:
    one = app_client(hub, "one")
    record = add(one, title="Mine")
    assert patch(client, record, score=1)["app_id"] == "one"
    nobodys = add(client, title="Nobody's")
    assert "app_id" not in patch(one, nobodys, score=1)


# Conditions --------------------------------------------------------------------------------------------------------


def test_an_etag_is_of_one_state(client: httpx.Client) -> None:
    record = add(client)
    tags = [client.get(of(record)).headers["etag"]]
    tags.append(client.patch(of(record), json={}).headers["etag"])
    assert client.get(of(record)).headers["etag"] == tags[-1]
    client.delete(of(record))
    tags.append(client.get(of(record), params={"include_deleted": "true"}).headers["etag"])
    tags.append(client.post(f"{of(record)}/restore").headers["etag"])
    assert len(set(tags)) == 4


def test_a_change_of_what_was_not_seen_is_412(client: httpx.Client) -> None:
    record = add(client)
    seen = client.get(of(record)).headers["etag"]
    assert client.patch(of(record), json={"score": 1}, headers={"if-match": seen}).status_code == 200
    stale = {"if-match": seen}
    is_problem(client.patch(of(record), json={"score": 2}, headers=stale), 412, "precondition_failed")
    is_problem(client.delete(of(record), headers=stale), 412, "precondition_failed")
    assert client.get(of(record)).json()["score"] == 1
    assert client.delete(of(record), headers={"if-match": "*"}).status_code == 204


def test_of_many_patches_of_one_state_one_is_taken(client: httpx.Client) -> None:
    record = add(client)
    headers = {"if-match": client.get(of(record)).headers["etag"]}

    def change(score: int) -> int:
        return client.patch(of(record), json={"score": score}, headers=headers).status_code

    with ThreadPoolExecutor(8) as pool:
        assert sorted(pool.map(change, range(8))) == [200] + [412] * 7


def test_patches_at_once_without_a_condition_are_all_taken(hub: Hub, client: httpx.Client) -> None:
    record = add(client)
    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(lambda n: client.patch(of(record), json={"score": n}).status_code, range(8))) == {200}
    assert facts(hub, record) == ["superseded"] * 8 + [None]


# In the other dialects ---------------------------------------------------------------------------------------------


def completions(hub: Hub, person: Id) -> list[Any]:
    return hub.do(hub.ledger.records.page(hub.tenant.id, count=10, person=Reference(to_hex24(person), (), "person")))


def in_thrive(hub: Hub, id: Id) -> str | None:
    with hub.client("thrive") as thrive:
        one = thrive.get(f"/rest/v1/learning/completions/{to_hex24(id)}")
        rows = thrive.get("/rest/v1/learning/completions", params={"userId": to_hex24(hub.person)}).json()
    assert len(rows) == (one.status_code == 200)
    return rows[0]["completedAt"] if rows else None


def in_stackone(hub: Hub, id: Id) -> str | None:
    with hub.client("stackone") as stackone:
        one = stackone.get(f"/unified/lms/completions/{to_opaque(id)}")
        rows = stackone.get(f"/unified/lms/users/{to_opaque(hub.person)}/completions").json()["data"]
    assert len(rows) == (one.status_code == 200)
    return rows[0]["completed_at"] if rows else None


def in_rise(hub: Hub, id: Id) -> str | None:
    with hub.client("rise") as rise:
        courses = rise.get(f"/reports/learners/{to_hex24(hub.person)}").json()["courses"]
    return next((course.get("completedAt") for course in courses if course["status"] == "Complete"), None)


def in_xapi(hub: Hub, id: Id) -> str | None:
    """A statement never changes, so what stands now is the statement of the last fact."""
    revision = hub.do(hub.ledger.records.revisions(hub.tenant.id, id))[-1]
    with hub.client("xapi") as xapi:
        answer = xapi.get("/statements", params={"statementId": to_uuid(revision.seen.fact)})
    return answer.json()["timestamp"] if answer.status_code == 200 else None


def in_our_api(hub: Hub, id: Id) -> str | None:
    with hub.client("api") as api:
        rows = api.get("/v1/records", params={"person": to_ulid(hub.person, "person")}).json()["data"]
    return rows[0]["completed_at"] if rows else None


@pytest.mark.parametrize("read", [in_thrive, in_stackone, in_rise, in_xapi, in_our_api])
def test_what_is_patched_deleted_and_restored_is_so_in_every_dialect(
    hub: Hub, client: httpx.Client, read: Callable[[Hub, Id], str | None]
) -> None:
    record = add(client, **whole(hub))
    id = parse(record["id"], "record")
    assert id is not None
    assert read(hub, id) == record["completed_at"]
    moved = patch(client, record, completed_at=format_instant(moment()))
    assert read(hub, id) == moved["completed_at"]
    client.delete(of(record))
    assert read(hub, id) is None
    client.post(f"{of(record)}/restore")
    assert read(hub, id) == moved["completed_at"]


# In compliance -----------------------------------------------------------------------------------------------------


def standing(hub: Hub) -> tuple[str, str | None]:
    with hub.client("api") as api:
        (one,) = api.get("/v1/people/ref:00123/standings").json()["data"]
    return one["status"], one["credit_ends_on"]


def test_standing_follows_a_record_through_its_changes(hub: Hub, client: httpx.Client) -> None:
    new = NewAssignment(
        audience=Reference("site-staff", (), "audience"),
        primary=Reference(to_hex24(hub.item), (), "item"),
        completion_period_days=36_500,
    )
    hub.do(hub.ledger.assignments.add(hub.caller, new))
    nothing = standing(hub)
    assert nothing == ("not_started", None)
    now = datetime.now(UTC)
    record = add(
        client,
        person_id=to_ulid(hub.person, "person"),
        title="Fire safety",
        completed_at=format_instant(now - timedelta(days=10)),
    )
    assert standing(hub) == ("completed", None)
    # Its own expiry ends the credit (rule V6).
    ends = (now + timedelta(days=90)).date()
    patch(client, record, expires_at=f"{ends}T12:00:00Z")
    assert standing(hub) == ("completed", ends.isoformat())
    patch(client, record, expires_at=format_instant(now - timedelta(days=3)))
    assert standing(hub)[0] != "completed", "it has expired"
    patch(client, record, expires_at=None)
    assert standing(hub) == ("completed", None)
    # A fail is no completion (rule F2); what has no date says that she is on her way (rule F4).
    patch(client, record, passed=False)
    assert standing(hub) == nothing
    patch(client, record, passed=True)
    patch(client, record, completed_at=None)
    assert standing(hub) == ("in_progress", None)
    patch(client, record, completed_at=record["completed_at"])
    assert standing(hub) == ("completed", None)
    patch(client, record, person_id=to_ulid(hub.other_person, "person"))
    assert standing(hub) == ("in_progress", None), "it was somebody else's"
    patch(client, record, person_id=to_ulid(hub.person, "person"))
    assert standing(hub) == ("completed", None)
    client.delete(of(record))
    assert standing(hub) == ("in_progress", None)
    client.post(f"{of(record)}/restore")
    assert standing(hub) == ("completed", None)
    assert hub.do(hub.ledger.standings.rebuild(hub.tenant.id)).differences == 0
