"""Webhooks of our own API: looking after them, and what they are told, verified by the standard's own library."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest
from standardwebhooks.webhooks import Webhook as Standard
from standardwebhooks.webhooks import WebhookVerificationError

from testamur.core.callers import Scope
from testamur.core.ids import to_hex24, to_ulid
from testamur.core.people import NewPerson
from testamur.core.webhooks import NewWebhook
from testamur.dialects.api.notices import EVENTS
from tests.delivery.deliveries import delivering
from tests.delivery.receiver import Received, Receiver, receiving
from tests.dialects.api.problems import problem
from tests.dialects.rise.pages import import_dates
from tests.hub import Hub, moment
from tests.waiting import eventually

PATH = "/v1/webhooks"
URL = "https://example.com/hook"
NOTHING = "whk_00000000000000000000000000"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


@pytest.fixture
def receiver(hub: Hub) -> Iterator[Receiver]:
    with receiving() as receiver, delivering(hub):
        yield receiver


def create(client: httpx.Client, **said: Any) -> dict[str, Any]:
    answer = client.post(PATH, json={"url": URL, "events": ["person.added"]} | said)
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    assert answer.headers["location"].endswith(f"/api{PATH}/{made['id']}")
    return made


def add_person(hub: Hub, name: str = "New") -> str:
    (id,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name=name)]))
    return to_ulid(id, "person")


def verified(one: Received, secret: str) -> Any:
    return Standard(secret).verify(one.raw, one.headers)


def settled(client: httpx.Client, made: dict[str, Any], count: int, **params: str) -> list[dict[str, Any]]:
    def listed() -> list[dict[str, Any]]:
        told: list[dict[str, Any]] = client.get(f"{PATH}/{made['id']}/deliveries", params=params).json()["data"]
        return told

    found = eventually(listed, lambda told: len(told) >= count)
    assert len(found) == count
    return found


def test_a_webhook_is_added_read_changed_and_removed(hub: Hub, client: httpx.Client) -> None:
    made = create(client, events=["person.added", "record.created", "person.added"], name="Payroll")
    secret = made.pop("secret")
    assert secret.startswith("whsec_")
    assert len(base64.b64decode(secret.removeprefix("whsec_"))) == 32
    assert made["id"].startswith("whk_")
    assert made == {
        "id": made["id"],
        "dialect": "api",
        "name": "Payroll",
        "url": URL,
        "events": ["person.added", "record.created"],
        "is_signed": True,
        "old_secret_until": None,
        "disabled": False,
        "disabled_at": None,
        "disabled_because": None,
        "after": made["after"],
        "attempts": 0,
        "next_attempt_at": None,
        "failing_since": None,
        "replaying": None,
        "created_at": made["created_at"],
    }
    one = f"{PATH}/{made['id']}"
    assert client.get(one).json() == client.get(one.upper().replace("/V1/WEBHOOKS", PATH)).json() == made
    assert client.get(PATH).json() == {"data": [made], "next": None}
    changed = client.patch(one, json={"url": URL + "/2", "events": ["item.added"], "name": ""}).json()
    assert changed == made | {"url": URL + "/2", "events": ["item.added"], "name": ""}
    off = client.patch(one, json={"disabled": True}).json()
    assert (off["disabled"], off["disabled_because"]) == (True, "switched off")
    assert client.patch(one, json={"disabled": True}).json() == off
    assert client.patch(one, json={"disabled": False}).json() == changed
    assert client.patch(one, json={}).json() == changed
    assert client.delete(one).status_code == 204
    for answer in (
        client.get(one),
        client.delete(one),
        client.patch(one, json={}),
        client.post(f"{one}/rotate"),
        client.post(f"{one}/test"),
        client.post(f"{one}/replays", json={"from_entry": 1}),
        client.get(f"{one}/deliveries"),
    ):
        problem(answer, 404, "webhook_not_found")


def test_an_event_is_thin_and_the_standards_library_verifies_it(
    hub: Hub, client: httpx.Client, receiver: Receiver
) -> None:
    made = create(client, url=receiver.url)
    person = add_person(hub)
    (told,) = receiver.wait(1)
    assert verified(told, made["secret"]) == {
        "type": "person.added",
        "timestamp": client.get(f"/v1/people/{person}").json()["created_at"],
        "data": {
            "entry": made["after"] + 2,  # the entry before is the webhook's own
            "id": person,
            "url": f"{hub.server.url}/api/v1/people/{person}",
            "client": to_ulid(hub.key.client, "client"),
        },
    } | {"data": told.body["data"]}
    assert told.body["data"]["id"] == person
    assert told.headers["webhook-id"].startswith("evt_")
    with pytest.raises(WebhookVerificationError):
        Standard(base64.b64encode(b"another secret of some length").decode()).verify(told.raw, told.headers)
    with pytest.raises(WebhookVerificationError):
        Standard(made["secret"]).verify(told.raw + b" ", told.headers)
    (ended,) = settled(client, made, 1)
    assert ended == {
        "entry": told.body["data"]["entry"],
        "event": "person.added",
        "event_id": told.headers["webhook-id"].removeprefix("evt_"),
        "outcome": "delivered",
        "attempts": 1,
        "status": 200,
        "error": None,
        "last_at": ended["last_at"],
    }


def test_every_kind_of_change_is_told_in_order_with_an_address_that_answers(
    hub: Hub, client: httpx.Client, receiver: Receiver
) -> None:
    create(client, url=receiver.url, events=list(EVENTS))
    person = add_person(hub)
    client.patch(f"/v1/people/{person}", json={"family_name": "Kovač"})
    client.post(f"/v1/people/{person}/suspend", json={})
    client.post(f"/v1/people/{person}/reinstate", json={})
    item = client.post("/v1/items", json={"title": "Ladders", "state": "draft"}).json()["id"]
    client.patch(f"/v1/items/{item}", json={"title": "Ladders and scaffolds"})
    client.post(f"/v1/items/{item}/submit", json={"submitter": person})
    client.post(f"/v1/items/{item}/versions", json={})
    audience = client.post("/v1/audiences", json={"name": "Climbers"}).json()["id"]
    client.put(f"/v1/audiences/{audience}/members/{person}", json={"joined_on": "2025-01-01"})
    client.patch(f"/v1/audiences/{audience}", json={"name": "Roofers"})
    assignment = client.post("/v1/assignments", json={"audience": audience, "item": item}).json()["id"]
    client.patch(f"/v1/assignments/{assignment}", json={"completion_period_days": 10})
    client.post(f"/v1/assignments/{assignment}/pause", json={})
    client.post(f"/v1/assignments/{assignment}/resume", json={})
    said = {"person": person, "from_on": "2099-01-01", "reason": "Away"}
    exemption = client.post("/v1/exemptions", json=said).json()["id"]
    client.post(f"/v1/exemptions/{exemption}/withdraw", json={"reason": "Back"})
    body = {"person": person, "item": item, "completed_at": moment().isoformat()}
    record = client.post("/v1/records", json=body).json()["id"]
    client.delete(f"/v1/records/{record}")
    client.delete(f"/v1/audiences/{audience}/members/{person}")
    client.delete(f"/v1/assignments/{assignment}")
    client.post(f"/v1/items/{item}/retire")
    client.post(f"/v1/items/{item}/restore")
    expected = [
        ("person.added", person), ("person.changed", person), ("person.suspended", person),
        ("person.reinstated", person), ("item.added", item), ("item.updated", item), ("item.submitted", item),
        ("item.published", item), ("audience.added", audience), ("membership.opened", person),
        ("audience.changed", audience), ("assignment.added", assignment), ("assignment.edited", assignment),
        ("assignment.paused", assignment), ("assignment.resumed", assignment), ("exemption.granted", exemption),
        ("exemption.withdrawn", exemption), ("record.created", record), ("record.voided", record),
        ("membership.closed", person), ("assignment.deleted", assignment), ("item.retired", item),
        ("item.restored", item),
    ]  # fmt: skip
    told = receiver.wait(len(expected))
    assert [(one.body["type"], one.body["data"]["id"]) for one in told] == expected
    for one in told:
        assert client.get(one.body["data"]["url"]).status_code == 200, one.body
    (joined,) = [one.body["data"] for one in told if one.body["type"] == "membership.opened"]
    assert joined["audience"] == audience


def test_a_record_with_new_facts_is_told_of(hub: Hub, client: httpx.Client, receiver: Receiver) -> None:
    create(client, url=receiver.url, events=["record.created", "record.superseded"])
    import_dates(hub, hub.item)
    import_dates(hub, hub.item, completedAt="2022-01-01T00:00:00Z")
    first, second = (one.body for one in receiver.wait(2))
    assert (first["type"], second["type"]) == ("record.created", "record.superseded")
    assert first["data"]["id"] == second["data"]["id"]


def test_both_secrets_sign_until_the_overlap_ends(hub: Hub, client: httpx.Client, receiver: Receiver) -> None:
    made = create(client, url=receiver.url)
    one = f"{PATH}/{made['id']}"
    rotated = client.post(f"{one}/rotate", json={"overlap_hours": 1}).json()
    assert rotated["secret"] != made["secret"]
    until = datetime.fromisoformat(rotated["old_secret_until"])
    assert timedelta(minutes=59) < until - datetime.now(UTC) <= timedelta(hours=1)
    assert "secret" not in client.get(one).json()
    add_person(hub)
    (told,) = receiver.wait(1)
    assert len(told.headers["webhook-signature"].split(" ")) == 2
    for secret in (made["secret"], rotated["secret"]):
        verified(told, secret)
    given = "whsec_" + base64.b64encode(b"x" * 24).decode()
    last = client.post(f"{one}/rotate", json={"overlap_hours": 0, "secret": given}).json()
    assert (last["secret"], last["old_secret_until"]) == (given, None)
    add_person(hub)
    told = receiver.wait(2)[1]
    verified(told, given)
    with pytest.raises(WebhookVerificationError):
        verified(told, rotated["secret"])


def test_a_test_event_comes_in_its_place_and_to_this_webhook_alone(
    hub: Hub, client: httpx.Client, receiver: Receiver
) -> None:
    with receiving() as other:
        made = create(client, url=receiver.url)
        create(client, url=other.url)
        add_person(hub, "First")
        tested = client.post(f"{PATH}/{made['id']}/test")
        assert tested.status_code == 202
        add_person(hub, "Last")
        told = receiver.wait(3)
        assert [one.body["type"] for one in told] == ["person.added", "webhook.test", "person.added"]
        assert verified(told[1], made["secret"])["data"]["id"] == made["id"]
        assert tested.json() == {"entry": told[1].body["data"]["entry"], "event": "webhook.test"}
        assert [one.body["type"] for one in other.wait(2)] == ["person.added"] * 2


def test_dead_letters_are_listed_and_told_again(hub: Hub, client: httpx.Client, receiver: Receiver) -> None:
    made = create(client, url=receiver.url)
    one = f"{PATH}/{made['id']}"
    receiver.answer = lambda told: 500 if told.body["data"]["id"] == bad else 200
    bad = ""
    add_person(hub)
    settled(client, made, 1)
    bad = to_ulid(hub.other_person, "person")
    receiver.answer = lambda _: 500
    bad = add_person(hub)
    settled(client, made, 2)
    receiver.answer = lambda _: 200
    add_person(hub)
    ended = settled(client, made, 3)
    assert [letter["outcome"] for letter in ended] == ["delivered", "dead", "delivered"]
    (dead,) = settled(client, made, 1, outcome="dead")
    assert (dead["status"], dead["error"], dead["attempts"]) == (500, "answered 500", 4)
    assert settled(client, made, 2, outcome="delivered") == [ended[0], ended[2]]
    part = client.get(f"{one}/deliveries", params={"limit": 2}).json()
    rest = client.get(f"{one}/deliveries", params={"limit": 2, "cursor": part["next"]}).json()
    assert (part["data"] + rest["data"], rest["next"]) == (ended, None)
    before = len(receiver.received)
    body = {"from_entry": dead["entry"], "to_entry": dead["entry"], "dead_only": True}
    replayed = client.post(f"{one}/replays", json=body)
    assert replayed.status_code == 202
    assert replayed.json()["replaying"] == {"after": dead["entry"] - 1, "until": dead["entry"], "dead_only": True}
    told = receiver.wait(before + 1)[before]
    assert (told.body["data"]["id"], told.headers["webhook-id"]) == (bad, f"evt_{dead['event_id']}")
    settled(client, made, 3, outcome="delivered")
    assert client.get(one).json()["replaying"] is None


def test_a_range_since_a_moment_is_told_again(hub: Hub, client: httpx.Client, receiver: Receiver) -> None:
    made = create(client, url=receiver.url)
    people = [add_person(hub) for _ in range(3)]
    receiver.wait(3)
    settled(client, made, 3)
    body = {"since": "2020-01-01T00:00:00Z", "to_entry": receiver.received[1].body["data"]["entry"]}
    assert client.post(f"{PATH}/{made['id']}/replays", json=body).status_code == 202
    again = [one.body["data"]["id"] for one in receiver.wait(7)[3:]]
    # The hub's own two people were added before the webhook was: a replay may reach behind its beginning.
    assert again == [to_ulid(hub.person, "person"), to_ulid(hub.other_person, "person"), *people[:2]]


def test_a_receiver_that_is_gone_disables_its_webhook_until_it_is_switched_on(
    hub: Hub, client: httpx.Client, receiver: Receiver
) -> None:
    receiver.answer = lambda _: 410
    made = create(client, url=receiver.url)
    one = f"{PATH}/{made['id']}"
    add_person(hub)
    shown = eventually(lambda: client.get(one).json(), lambda told: told["disabled"])
    assert "410" in shown["disabled_because"]
    receiver.answer = lambda _: 200
    client.patch(one, json={"disabled": False})
    assert len(receiver.wait(2)) == 2


def test_webhooks_of_other_dialects_are_looked_after_but_keep_their_words(hub: Hub, client: httpx.Client) -> None:
    new = NewWebhook(dialect="rise", name="x", url=URL, events=("user.created",), secret="not of the standard")
    rise = to_ulid(hub.do(hub.ledger.webhooks.add(hub.tenant.id, new)).id, "webhook")
    own = create(client)["id"]
    assert [one["id"] for one in client.get(PATH).json()["data"]] == [rise, own]
    assert [one["id"] for one in client.get(PATH, params={"dialect": "rise"}).json()["data"]] == [rise]
    one = f"{PATH}/{rise}"
    assert client.get(one).json()["dialect"] == "rise"
    assert client.patch(one, json={"disabled": True}).json()["disabled"] is True
    assert client.get(f"{one}/deliveries").json()["data"] == []
    for answer, pointer in (
        (client.patch(one, json={"url": URL + "/2"}), ["/url"]),
        (client.patch(one, json={"events": ["person.added"]}), ["/events"]),
        (client.post(f"{one}/rotate"), []),
        (client.post(f"{one}/test"), []),
    ):
        assert [fault["pointer"] for fault in problem(answer, 409, "conflict")["errors"]] == pointer
    assert client.delete(one).status_code == 204


@pytest.mark.parametrize(
    ("said", "pointer"),
    [
        ({"url": ...}, "/url"),
        ({"url": None}, "/url"),
        ({"url": ""}, "/url"),
        ({"url": "example.com"}, "/url"),
        ({"url": "file:///etc/passwd"}, "/url"),
        ({"url": "https://example.com:99999/"}, "/url"),
        ({"url": "https://example.com/\t"}, "/url"),
        ({"url": "https://example.com/" + "a" * 2000}, "/url"),
        ({"url": "https://example.com/\0"}, "/url"),
        ({"events": ...}, "/events"),
        ({"events": []}, "/events"),
        ({"events": {}}, "/events"),
        ({"events": ["person.added", "user.created"]}, "/events/1"),
        ({"events": ["webhook.test"]}, "/events/0"),
        ({"events": ["person.added"] * 101}, "/events"),
        ({"name": "x" * 201}, "/name"),
        ({"secret": "shh"}, "/secret"),
        ({"secret": "whsec_"}, "/secret"),
        ({"secret": "whsec_%%%"}, "/secret"),
        ({"secret": "whsec_" + "é" * 32}, "/secret"),
        ({"secret": "whsec_" + base64.b64encode(b"x" * 23).decode()}, "/secret"),
        ({"secret": "whsec_" + base64.b64encode(b"x" * 65).decode()}, "/secret"),
        ({"secret": 1}, "/secret"),
        ({"dialect": "rise"}, "/dialect"),
    ],
)
def test_what_is_wrong_with_a_webhook_is_named(client: httpx.Client, said: dict[str, Any], pointer: str) -> None:
    body: dict[str, Any] = {"url": URL, "events": ["person.added"]} | said
    answer = client.post(PATH, json={name: value for name, value in body.items() if value is not ...})
    assert problem(answer, 422)["errors"][0]["pointer"] == pointer
    assert client.get(PATH).json()["data"] == []


@pytest.mark.parametrize(
    ("path", "body", "pointer"),
    [
        ("replays", {}, "/from_entry"),
        ("replays", {"from_entry": 0}, "/from_entry"),
        ("replays", {"from_entry": 2**63}, "/from_entry"),
        ("replays", {"from_entry": "1"}, "/from_entry"),
        ("replays", {"from_entry": 2, "to_entry": 1}, "/to_entry"),
        ("replays", {"from_entry": 2**53 - 1}, "/from_entry"),
        ("replays", {"from_entry": 1, "since": "2020-01-01T00:00:00Z"}, "/since"),
        ("replays", {"since": "yesterday"}, "/since"),
        ("replays", {"since": "2020-01-01"}, "/since"),
        ("replays", {"since": "2099-01-01T00:00:00Z"}, "/from_entry"),
        ("replays", {"from_entry": 1, "dead_only": 1}, "/dead_only"),
        ("rotate", {"overlap_hours": -1}, "/overlap_hours"),
        ("rotate", {"overlap_hours": 721}, "/overlap_hours"),
        ("rotate", {"secret": "x"}, "/secret"),
    ],
)
def test_what_is_wrong_with_a_wish_is_named(client: httpx.Client, path: str, body: Any, pointer: str) -> None:
    answer = client.post(f"{PATH}/{create(client)['id']}/{path}", json=body)
    assert problem(answer, 422)["errors"][0]["pointer"] == pointer


def test_only_one_replay_at_a_time(client: httpx.Client) -> None:
    one = f"{PATH}/{create(client)['id']}/replays"
    assert client.post(one, json={"dead_only": True}).status_code == 202
    problem(client.post(one, json={"from_entry": 1}), 409, "conflict")


@pytest.mark.parametrize("query", ["limit=0", "limit=1001", "cursor=x", "outcome=lost", "on=1", "dialect=x&x=1"])
def test_a_list_that_cannot_be_is_422(client: httpx.Client, query: str) -> None:
    one = f"{PATH}/{create(client)['id']}"
    problem(client.get(f"{one}/deliveries?{query}"), 422)


def test_malformed_bodies_are_refused_as_everywhere(client: httpx.Client) -> None:
    assert client.post(PATH, content=b"{", headers={"content-type": "application/json"}).status_code == 400
    assert client.post(PATH, content=b"{}", headers={"content-type": "text/plain"}).status_code == 415


@pytest.mark.parametrize("id", ["x", NOTHING, "%E2%82%AC", "a%2Fb", "ref:1"])
def test_an_unknown_webhook_is_404(client: httpx.Client, id: str) -> None:
    problem(client.get(f"{PATH}/{id}"), 404, "webhook_not_found")


def test_another_tenant_finds_nothing(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    made = create(client)
    stranger = other_hub.client("api")
    assert stranger.get(PATH).json()["data"] == []
    for method, path, body in (
        ("GET", "", None),
        ("PATCH", "", {"disabled": True}),
        ("DELETE", "", None),
        ("POST", "/rotate", {}),
        ("POST", "/test", None),
        ("POST", "/replays", {"from_entry": 1}),
        ("GET", "/deliveries", None),
    ):
        problem(stranger.request(method, f"{PATH}/{made['id']}{path}", json=body), 404, "webhook_not_found")
    assert client.get(f"{PATH}/{made['id']}").json()["disabled"] is False


def test_webhooks_need_their_own_scope(hub: Hub, client: httpx.Client) -> None:
    made = create(client)
    key = hub.do(hub.ledger.clients.create(hub.tenant.id, "writer", scopes=frozenset({Scope.READ, Scope.WRITE})))
    with hub.client("api", key) as writer:
        problem(writer.get(PATH), 403)
        problem(writer.post(PATH, json={"url": URL, "events": ["person.added"]}), 403)
        problem(writer.post(f"{PATH}/{made['id']}/rotate"), 403)
    with hub.client("api", hub.reader) as reader:
        problem(reader.post(f"/v1/items/{to_hex24(hub.draft)}/submit", json={"submitter": "ref:00123"}), 403)


def test_a_draft_is_submitted_by_somebody_who_is_there(hub: Hub, client: httpx.Client) -> None:
    path = f"/v1/items/{to_hex24(hub.draft)}/submit"
    assert client.post(path, json={"submitter": "ref:00123"}).json()["state"] == "draft"
    for body, pointer in (
        ({}, "/submitter"),
        ({"submitter": "ref:nobody"}, "/submitter"),
        ({"submitter": "ref:00123", "reviewer": "ref:nobody"}, "/reviewer"),
        ({"submitter": "ref:00123", "at": 1}, "/at"),
    ):
        assert problem(client.post(path, json=body), 422)["errors"][0]["pointer"] == pointer
    problem(client.post("/v1/items/ref:FIRE-101/submit", json={"submitter": "ref:00123"}), 409, "conflict")
    problem(client.post("/v1/items/ref:nothing/submit", json={"submitter": "ref:00123"}), 404, "item_not_found")


def test_creating_again_with_the_same_key_makes_no_second_webhook_and_shows_the_same_secret(
    client: httpx.Client,
) -> None:
    first, again = (
        client.post(PATH, json={"url": URL, "events": ["person.added"]}, headers={"idempotency-key": "one"})
        for _ in range(2)
    )
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.json() == first.json()
    assert [one["id"] for one in client.get(PATH).json()["data"]] == [first.json()["id"]]
