"""Transcripts of the vendor's page "Webhook Events": what arrives, how it is signed, and how it is tried again.

https://help.rise.com/en/articles/4457562
"""

from __future__ import annotations

import hashlib
import hmac
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime
from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24
from testamur.core.items import ItemKind, NewItem
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.core.webhooks import Webhook, event_id
from testamur.dialects.rise.notices import NOTICES, signature, spell
from testamur.http.operations import Notice
from testamur.ledger.entries import Entry
from tests.delivery.deliveries import delivering
from tests.delivery.receiver import Received, Receiver, receiving
from tests.dialects.rise.pages import import_dates
from tests.hub import Hub, moment

SECRET = "the shared secret"
ALL = ["course.completed", "course.submitted", "enrollments.created", "user.created"]
VECTOR = (
    '{"id":"evt-1","createdAt":"2020-07-02T03:39:18.991Z","type":"user.created","webhookId":"wh-1",'
    '"apiVersion":"2023-04-04","data":{"user":{"id":"u-1","email":"foo@example.com","firstName":"Zoë",'
    '"lastName":"Example"}}}'
)


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


@pytest.fixture
def receiver(hub: Hub) -> Iterator[Receiver]:
    with receiving() as receiver, delivering(hub):
        yield receiver


def register(client: httpx.Client, receiver: Receiver, *events: str, **said: Any) -> dict[str, Any]:
    body = {"targetUrl": receiver.url, "events": list(events) or ALL, "sharedSecret": SECRET} | said
    made: dict[str, Any] = client.post("/webhooks", json=body).json()
    return made


def javascript(text: str) -> str:
    """What `JSON.stringify(JSON.parse(text))` makes of a text without numbers that look otherwise in JavaScript."""
    return json.dumps(json.loads(text), separators=(",", ":"), ensure_ascii=False)


def check_envelope(one: Received, webhook: dict[str, Any], type: str) -> dict[str, Any]:
    """The delivery's data, after a look at everything around it."""
    body = one.body
    assert list(body) == ["id", "createdAt", "type", "webhookId", "apiVersion", "data"]
    assert (body["type"], body["webhookId"], body["apiVersion"]) == (type, webhook["id"], webhook["apiVersion"])
    assert len(body["id"]) == 24
    assert datetime.fromisoformat(body["createdAt"]).tzinfo is not None
    assert body["createdAt"].endswith("Z")
    assert one.headers["rise-api-version"] == one.headers["api-version"] == webhook["apiVersion"]
    assert one.headers["content-type"] == "application/json"
    expected = hmac.new(SECRET.encode(), one.raw, hashlib.sha1).hexdigest()
    assert one.headers["x-hook-signature"] == expected
    again = javascript(one.raw.decode()).encode()
    assert hmac.new(SECRET.encode(), again, hashlib.sha1).hexdigest() == expected
    data: dict[str, Any] = body["data"]
    return data


def test_the_signature_is_that_of_the_test_vector() -> None:
    body = VECTOR.encode()
    assert len(body) == 215
    assert signature(SECRET, body) == "6fe6d32204bfde7e1c023b27d2e59576af33fd00"


def test_a_new_user_is_told_of(hub: Hub, client: httpx.Client, receiver: Receiver) -> None:
    webhook = register(client, receiver, apiVersion="2023-05-04")
    new = NewPerson(
        given_name="Zoë 😀", family_name='O"Neil\u2028', identifiers=(Identifier("email", "z@example.com"),)
    )
    (id,) = hub.do(hub.ledger.people.add(hub.caller, [new]))
    (told,) = receiver.wait(1)
    user = client.get(f"/users/{to_hex24(id)}").json()
    assert check_envelope(told, webhook, "user.created") == {"user": user}
    assert client.get(told.body["data"]["user"]["url"]).json() == user


def test_an_import_tells_of_the_enrolment_and_the_completion_once(
    hub: Hub, client: httpx.Client, receiver: Receiver
) -> None:
    webhook = register(client, receiver)
    import_dates(hub, hub.item)
    told = receiver.wait(2)
    by_type = {one.body["type"]: one for one in told}
    course = client.get(f"/courses/{to_hex24(hub.item)}").json()
    user = client.get(f"/users/{to_hex24(hub.person)}").json()
    assert check_envelope(by_type["enrollments.created"], webhook, "enrollments.created") == {
        "course": course,
        "learningPath": None,
        "enrolledBy": None,
        "groups": [],
        "users": [user],
    }
    completed = check_envelope(by_type["course.completed"], webhook, "course.completed")
    assert completed == {"course": course | {"quiz": {"passed": True, "score": 100}}, "user": user}
    assert b'"score":100}' in by_type["course.completed"].raw
    # Other dates are no new completion; another course behind them is the next thing heard.
    import_dates(hub, hub.item, completedAt="2022-01-01T00:00:00Z")
    import_dates(hub, hub.third_party)
    told = receiver.wait(4)[2:]
    assert {one.body["type"] for one in told} == {"enrollments.created", "course.completed"}
    (completed,) = [one.body["data"] for one in told if one.body["type"] == "course.completed"]
    assert (completed["course"]["id"], completed["course"]["quiz"]) == (to_hex24(hub.third_party), {})


def test_a_completion_of_another_system_has_the_score_it_was_told_with(
    hub: Hub, client: httpx.Client, receiver: Receiver
) -> None:
    register(client, receiver, "course.completed")
    body = {
        "person": "ref:00123",
        "item": "ref:FIRE-101",
        "completed_at": moment().isoformat(),
        "passed": True,
        "score_percent": 86.5,
    }
    assert hub.client("api").post("/v1/records", json=body).status_code == 201
    (told,) = receiver.wait(1)
    assert told.body["data"]["course"]["quiz"] == {"passed": True, "score": 87}


def test_a_draft_submitted_for_review_is_told_of(hub: Hub, client: httpx.Client, receiver: Receiver) -> None:
    webhook = register(client, receiver)
    said = {"submitter": "ref:00123", "reviewer": "ref:00124"}
    own = hub.client("api")
    assert own.post(f"/v1/items/{to_hex24(hub.draft)}/submit", json=said).status_code == 200
    (told,) = receiver.wait(1)
    assert check_envelope(told, webhook, "course.submitted") == {
        "isInitialSubmission": True,
        "course": client.get(f"/courses/{to_hex24(hub.draft)}").json(),
        "submitter": client.get(f"/users/{to_hex24(hub.person)}").json(),
        "reviewer": client.get(f"/users/{to_hex24(hub.other_person)}").json(),
    }
    assert own.post(f"/v1/items/{to_hex24(hub.draft)}/submit", json={"submitter": "ref:00123"}).status_code == 200
    assert receiver.wait(2)[1].body["data"]["reviewer"] is None


def test_a_group_enrolled_in_a_learning_path_is_told_of_until_it_is_deleted(hub: Hub, client: httpx.Client) -> None:
    (path,) = hub.do(hub.ledger.items.add(hub.caller, [NewItem(title="Induction", kind=ItemKind.COLLECTION)]))
    entry = Entry(1, "audience_enrolment.opened", hub.audience, None, {"item": str(path)}, datetime.now(UTC))

    def told() -> dict[str, Any]:
        built: list[Notice] = hub.do(NOTICES.build(hub.ledger, hub.tenant.id, [entry]))  # type: ignore[arg-type]
        (notice,) = built
        (webhook,) = hub.do(hub.ledger.webhooks.list(hub.tenant.id, "rise"))
        data: dict[str, Any] = json.loads(spell(webhook, notice, hub.tenant, entry.recorded_at)[0])["data"]
        return data

    client.post("/webhooks", json={"targetUrl": "https://example.com/", "events": ALL})
    said = told()
    assert said["learningPath"]["id"] == to_hex24(path)
    assert said["learningPath"]["url"] == f"{hub.server.url}/rise/learning-paths/{to_hex24(path)}"
    assert (said["course"], said["users"]) == (None, [])
    assert said["groups"] == [client.get(f"/groups/{to_hex24(hub.audience)}").json()]
    assert client.delete(f"/groups/{to_hex24(hub.audience)}").status_code == 204
    assert told()["groups"] == []


def test_an_event_that_was_not_asked_for_is_not_told(hub: Hub, client: httpx.Client, receiver: Receiver) -> None:
    register(client, receiver, "user.created")
    import_dates(hub, hub.item)
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, [hub.other_person], date(2025, 1, 1)))
    hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="Last")]))
    assert [one.body["type"] for one in receiver.wait(1)] == ["user.created"]


def test_without_a_secret_there_is_no_signature(hub: Hub, client: httpx.Client, receiver: Receiver) -> None:
    register(client, receiver, sharedSecret=None)
    hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="New")]))
    assert "x-hook-signature" not in receiver.wait(1)[0].headers


def test_what_is_tried_again_is_the_same_event_byte_for_byte(
    hub: Hub, client: httpx.Client, receiver: Receiver
) -> None:
    answers = iter([500, 302, 200])
    receiver.answer = lambda _: next(answers)
    register(client, receiver)
    (id,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="New")]))
    first, *again = receiver.wait(3)
    assert [one.raw for one in again] == [first.raw] * 2
    assert first.body["data"]["user"]["id"] == to_hex24(id)


def test_somebody_who_was_forgotten_meanwhile_is_told_of_without_her_name(
    hub: Hub, client: httpx.Client, receiver: Receiver
) -> None:
    webhook = register(client, receiver)
    receiver.answer = lambda _: 500 if len(receiver.received) == 0 else 200
    (id,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="Gone", family_name="Soon")]))
    hub.do(hub.ledger.people.delete(hub.caller, Reference(to_hex24(id), ())))
    last = receiver.wait(2)[-1]
    assert check_envelope(last, webhook, "user.created")["user"]["id"] == to_hex24(id)


def test_two_webhooks_hear_of_one_event_by_one_id_and_tenants_hear_only_their_own(
    hub: Hub, other_hub: Hub, client: httpx.Client, receiver: Receiver
) -> None:
    with receiving() as second, receiving() as stranger:
        register(client, receiver)
        register(client, second)
        register(other_hub.client("rise"), stranger)
        hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="New")]))
        assert receiver.wait(1)[0].body["id"] == second.wait(1)[0].body["id"]
        assert receiver.received[0].body["webhookId"] != second.received[0].body["webhookId"]
        other_hub.do(other_hub.ledger.people.add(other_hub.caller, [NewPerson(given_name="Other")]))
        (told,) = stranger.wait(1)
        assert told.body["data"]["user"]["firstName"] == "Other"


def test_the_delays_are_the_references_and_ten_seconds_are_enough() -> None:
    assert NOTICES.delays == (10, 60, 300, 1800, 7200, 18000)
    assert NOTICES.timeout_seconds == 10


def test_an_odd_secret_signs_as_any_other(hub: Hub) -> None:
    now = datetime.now(UTC)
    notice = Notice(7, "user.created", now, {"user": None})
    for secret in ("x", "ü" * 500, " \t", "a" * 50):
        webhook = Webhook(
            id=hub.item,
            dialect="rise",
            name="",
            url="https://example.com/",
            events=("user.created",),
            secret=secret,
            old_secret=None,
            old_secret_until=None,
            api_version=None,
            base_url=None,
            created_at=now,
            after=0,
            replay=None,
            told=(),
            attempts=0,
            attempt_at=now,
            failing_since=None,
            disabled_at=None,
            disabled_because=None,
            generation=0,
        )
        body, headers = spell(webhook, notice, hub.tenant, now)
        expected = hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()
        assert dict(headers)["X-Hook-Signature"] == expected
        assert json.loads(body)["id"] == event_id(hub.tenant.id, 7, "user.created")
