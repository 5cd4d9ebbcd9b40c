"""The promise of the product: what is written in one language is read in every other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

import pytest

from testamur.core.ids import Id, parse, to_hex24, to_opaque, to_ulid, to_uuid
from testamur.core.moments import format_instant
from testamur.core.people import Reference
from tests.hub import Hub, moment


def write_thrive(hub: Hub, at: datetime) -> Id:
    with hub.client("thrive") as client:
        answer = client.post(
            "/rest/v1/learning/completions",
            json={"userId": to_hex24(hub.person), "contentId": to_hex24(hub.item), "completedAt": format_instant(at)},
        )
    assert answer.status_code == 201, answer.text
    return _id(answer.json()["statementId"])


def write_stackone(hub: Hub, at: datetime) -> Id:
    with hub.client("stackone") as client:
        answer = client.post(
            f"/unified/lms/users/{to_opaque(hub.person)}/completions",
            json={
                "learning_object_external_reference": "FIRE-101",
                "completed_at": format_instant(at),
                "result": {"value": "Pass"},
            },
        )
    assert answer.status_code == 201, answer.text
    return _id(answer.json()["data"]["id"])


def write_rise(hub: Hub, at: datetime) -> Id:
    with hub.client("rise") as client:
        answer = client.post(
            f"/courses/{to_hex24(hub.item)}/users/{to_hex24(hub.person)}/completions",
            json={"completedAt": format_instant(at), "startedAt": format_instant(at - timedelta(hours=1))},
        )
    assert answer.status_code == 202, answer.text
    # The vendor's answer names no record; the ledger does.
    (record,) = hub.do(
        hub.ledger.records.page(hub.tenant.id, count=10, person=Reference(to_hex24(hub.person), (), "person", ""))
    )
    return record.id


def write_cpod(hub: Hub, at: datetime) -> Id:
    with hub.client("cpod") as client:
        answer = client.post(
            "/api/v1/performance/learning-records",
            json={
                "person_id": to_ulid(hub.person, "person"),
                "title": "Fire safety",
                "completed_at": format_instant(at),
            },
        )
    assert answer.status_code == 201, answer.text
    return _id(answer.json()["id"])


def read_thrive(hub: Hub, id: Id) -> datetime:
    with hub.client("thrive") as client:
        one = client.get(f"/rest/v1/learning/completions/{to_hex24(id)}").json()
        listed = client.get("/rest/v1/learning/completions", params={"userId": to_hex24(hub.person)}).json()
    assert one in listed
    assert one["contentId"] == to_hex24(hub.item)
    return datetime.fromisoformat(one["completedAt"])


def read_stackone(hub: Hub, id: Id) -> datetime:
    with hub.client("stackone") as client:
        one = client.get(f"/unified/lms/completions/{to_opaque(id)}").json()["data"]
        listed = client.get(f"/unified/lms/users/{to_opaque(hub.person)}/completions").json()["data"]
    assert one in listed
    assert one["learning_object_external_reference"] == "FIRE-101"
    return datetime.fromisoformat(one["completed_at"])


def read_rise(hub: Hub, id: Id) -> datetime:
    with hub.client("rise") as client:
        (course,) = client.get(f"/reports/learners/{to_hex24(hub.person)}").json()["courses"]
        (learner,) = client.get(f"/reports/courses/{to_hex24(hub.item)}").json()["learners"]
    assert course["status"] == learner["status"] == "Complete"
    assert course["completedAt"] == learner["completedAt"]
    return datetime.fromisoformat(course["completedAt"])


def read_cpod(hub: Hub, id: Id) -> datetime:
    with hub.client("cpod") as client:
        one = client.get(f"/api/v1/performance/learning-records/{to_ulid(id, 'record')}").json()
        listed = client.get(
            "/api/v1/performance/learning-records", params={"person_id": to_ulid(hub.person, "person")}
        ).json()
    assert one in listed["items"]
    assert one["title"] == "Fire safety"
    return datetime.fromisoformat(one["completed_at"])


def read_xapi(hub: Hub, id: Id) -> datetime:
    with hub.client("xapi") as client:
        statement = client.get("/statements", params={"statementId": to_uuid(id)}).json()
    assert statement["id"] == to_uuid(id)
    assert statement["object"]["id"] == "https://example.com/fire-101"
    return datetime.fromisoformat(statement["timestamp"])


WRITERS = [write_thrive, write_stackone, write_rise, write_cpod]
READERS = [read_thrive, read_stackone, read_rise, read_cpod, read_xapi]


@pytest.mark.parametrize("write", WRITERS)
@pytest.mark.parametrize("read", READERS)
def test_what_is_written_in_one_dialect_is_read_in_another(
    hub: Hub, write: Callable[[Hub, datetime], Id], read: Callable[[Hub, Id], datetime]
) -> None:
    at = moment()
    assert read(hub, write(hub, at)) == at


@pytest.mark.parametrize("first", WRITERS[:3])
@pytest.mark.parametrize("second", WRITERS[:3])
def test_the_same_completion_told_in_two_dialects_is_one_record(
    hub: Hub, first: Callable[[Hub, datetime], Id], second: Callable[[Hub, datetime], Id]
) -> None:
    """Rule C1. cPod is left out: it has no natural key, two posts are two records."""
    at = moment()
    id = first(hub, at)
    if second is write_thrive:
        with hub.client("thrive") as client:
            answer = client.post(
                "/rest/v1/learning/completions",
                json={
                    "userId": to_hex24(hub.person),
                    "contentId": to_hex24(hub.item),
                    "completedAt": format_instant(at),
                },
            )
        assert (answer.status_code, answer.json()["statementId"]) == (200, to_hex24(id))
    else:
        assert second(hub, at) == id
    assert hub.do(hub.ledger.records.count(hub.tenant.id)) == 1


def _id(text: str) -> Id:
    id = parse(text)
    assert id is not None
    return id
