"""Telling webhooks: in order, at least once, to nobody twice without need."""

from __future__ import annotations

import hashlib
import hmac
import threading
import time
from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from testamur.core.errors import Conflict, InvalidInput, WebhookNotFound
from testamur.core.ids import Id, to_hex24
from testamur.core.items import NewItem
from testamur.core.moments import format_instant
from testamur.core.webhooks import NewWebhook, Replay, Webhook, WebhookChange
from testamur.http.operations import Notice
from testamur.ledger import Ledger
from testamur.ledger.entries import Entry
from testamur.storage.database import DatabaseUrls
from tests.delivery.deliveries import QUICK, deliveries, delivering, settled
from tests.delivery.receiver import Received, Receiver, receiving
from tests.hub import Hub, Server, moment
from tests.waiting import PATIENCE_SECONDS, eventually


def hook(hub: Hub, receiver: Receiver, *events: str, secret: str | None = None) -> Webhook:
    new = NewWebhook(
        dialect="thrive",
        name="completion_subscription",
        url=receiver.url,
        events=events or ("content.completed",),
        secret=secret,
    )
    return hub.do(hub.ledger.webhooks.add(hub.tenant.id, new))


def complete(hub: Hub, count: int = 1, **body: Any) -> list[str]:
    """Record completions through Thrive; their statement ids."""
    ids = []
    with hub.client("thrive") as client:
        for _ in range(count):
            told = {"userId": to_hex24(hub.person), "contentId": to_hex24(hub.item)} | body
            told["completedAt"] = format_instant(moment())
            ids.append(client.post("/rest/v1/learning/completions", json=told).json()["statementId"])
    return ids


def import_course(hub: Hub) -> None:
    """A completion through Rise, which passes the required quiz as well."""
    with hub.client("rise") as client:
        path = f"/courses/{to_hex24(hub.item)}/users/{to_hex24(hub.person)}/completions"
        body = {"completedAt": format_instant(moment()), "startedAt": "2020-01-01T00:00:00Z"}
        assert client.post(path, json=body).status_code == 202


def test_a_completion_is_told_as_the_vendor_tells_it(hub: Hub) -> None:
    with receiving() as receiver, delivering(hub):
        webhook = hook(hub, receiver, secret="shh")
        before = datetime.now(UTC)
        complete(hub)
        (told,) = receiver.wait(1)
        body = told.body
        assert set(body) == {"eventType", "tenantId", "createdAt", "dispatchedAt", "user", "content"}
        assert body["eventType"] == "content.completed"
        assert body["tenantId"] == hub.tenant.slug
        assert body["createdAt"] >= format_instant(before)[:19]
        assert body["dispatchedAt"] >= body["createdAt"]
        assert body["user"] == {"id": to_hex24(hub.person), "reference": "00123", "email": "ada@example.com"}
        assert body["content"]["id"] == to_hex24(hub.item)
        assert body["content"]["title"] == "Fire safety"
        assert told.headers["content-type"] == "application/json"
        signature = hmac.new(b"shh", told.raw, hashlib.sha256).hexdigest()
        assert told.headers["x-hmac-signature"] == f"sha256={signature}"
        (ended,) = settled(hub, webhook, 1)
        assert (ended.type, ended.is_delivered, ended.attempts, ended.status) == ("content.completed", True, 1, 200)


def test_without_a_secret_nothing_is_signed_and_other_events_are_left_out(hub: Hub) -> None:
    with receiving() as receiver, delivering(hub):
        hook(hub, receiver)
        import_course(hub)
        told = receiver.wait(1)
        time.sleep(0.6)
        assert [one.body["eventType"] for one in told] == ["content.completed"], "passed, but nobody asked for that"
        assert "x-hmac-signature" not in told[0].headers


def test_contents_and_assignments_are_told_of(hub: Hub) -> None:
    events = [
        "content.created",
        "content.published",
        "assignment.assigned",
        "assignment.updated",
        "assignment.removed",
    ]
    with receiving() as receiver, delivering(hub):
        hook(hub, receiver, *events)
        (item,) = hub.do(
            hub.ledger.items.add(
                hub.caller, [NewItem(title="Ladders", url="https://example.com/l", is_published=False)]
            )
        )
        hub.do(hub.ledger.items.publish(hub.caller, item))
        with hub.client("thrive") as client:
            body = {"audienceId": to_hex24(hub.audience), "contentId": to_hex24(item), "recurrence": 365}
            id = client.post("/rest/v1/assignments", json=body).json()["id"]
            client.patch(f"/rest/v1/assignments/{id}", json={"completionPeriod": 3})
            client.delete(f"/rest/v1/assignments/{id}")
        told = receiver.wait(5)
        assert [one.body["eventType"] for one in told] == events
        content = {"id": to_hex24(item), "title": "Ladders", "type": "mixed", "urls": ["https://example.com/l"]}
        assert told[0].body["content"] | {"type": "mixed"} == content
        assert told[3].body["assignment"] == {
            "id": id,
            "audienceId": to_hex24(hub.audience),
            "primaryContentId": to_hex24(item),
            "completionPeriod": 3,
            "recurring": True,
            "recurrence": "365",
        }


def test_what_was_recorded_before_the_webhook_is_not_told(hub: Hub) -> None:
    complete(hub, 3)
    with receiving() as receiver, delivering(hub):
        hook(hub, receiver)
        complete(hub)
        time.sleep(0.8)
        assert len(receiver.wait(1)) == 1


def test_order_is_kept_while_a_receiver_fails_now_and_then(hub: Hub) -> None:
    with receiving() as receiver, delivering(hub):
        calls = iter(range(10_000))
        receiver.answer = lambda _: 503 if next(calls) % 3 == 0 else 200
        webhook = hook(hub, receiver)
        complete(hub, 12)
        ended = settled(hub, webhook, 12)
        assert all(one.is_delivered for one in ended)
        assert max(one.attempts for one in ended) > 1
        moments = [one.body["createdAt"] for one in receiver.received]
        assert moments == sorted(moments)


def test_an_event_that_is_refused_for_good_is_a_dead_letter_and_the_next_one_comes(hub: Hub) -> None:
    with receiving() as receiver, delivering(hub):
        first: list[str] = []

        def answer(one: Received) -> int:
            first.append(one.body["createdAt"])
            return 500 if one.body["createdAt"] == first[0] else 200

        receiver.answer = answer
        webhook = hook(hub, receiver)
        complete(hub, 3)
        ended = settled(hub, webhook, 3)
        assert [one.is_delivered for one in ended] == [False, True, True]
        (dead,) = deliveries(hub, webhook, delivered=False)
        assert (dead.attempts, dead.status, dead.error) == (1 + len(QUICK["thrive"].delays), 500, "answered 500")


def test_a_range_is_told_again_when_asked_for(hub: Hub) -> None:
    with receiving() as receiver, delivering(hub):
        webhook = hook(hub, receiver)
        complete(hub, 4)
        ended = settled(hub, webhook, 4)
        hub.do(hub.ledger.webhooks.resume(hub.tenant.id, webhook.id, after=ended[1].entry))
        told = receiver.wait(6)
        time.sleep(0.7)
        assert len(told) == 6
        assert [one.body["createdAt"] for one in told[4:]] == [one.body["createdAt"] for one in told[2:4]]
        assert [one.attempts for one in settled(hub, webhook, 4)] == [1, 1, 2, 2]


def test_a_range_ends_where_it_was_asked_to_and_comes_before_anything_new(hub: Hub) -> None:
    with receiving() as receiver, delivering(hub):
        webhook = hook(hub, receiver)
        complete(hub, 4)
        ended = settled(hub, webhook, 4)
        replay = hub.ledger.webhooks.replay(hub.tenant.id, webhook.id, first=ended[1].entry, last=ended[2].entry)
        assert hub.do(replay).replay == Replay(ended[1].entry - 1, ended[2].entry, False)
        complete(hub)
        told = receiver.wait(7)
        moments = [one.body["createdAt"] for one in told]
        assert moments[4:6] == moments[1:3]
        assert moments[6] > max(moments[:6])
        assert [one.attempts for one in settled(hub, webhook, 5)] == [1, 2, 2, 1, 1]
        assert hub.do(hub.ledger.webhooks.get(hub.tenant.id, webhook.id)).replay is None


def test_dead_letters_alone_are_told_again_and_each_event_of_a_broken_replay(hub: Hub) -> None:
    with receiving() as receiver, delivering(hub):
        webhook = hook(hub, receiver, "content.completed", "content.passed")
        receiver.answer = lambda one: 500 if one.body["eventType"] == "content.passed" else 200
        complete(hub, 2)
        import_course(hub)
        dead = settled(hub, webhook, 1, delivered=False)
        receiver.answer = lambda _: 200
        before = len(receiver.received)
        hub.do(hub.ledger.webhooks.replay(hub.tenant.id, webhook.id, dead_only=True))
        (told,) = receiver.wait(before + 1)[before:]
        assert told.body["eventType"] == dead[0].type == "content.passed"
        time.sleep(0.7)
        assert len(receiver.received) == before + 1
        assert settled(hub, webhook, 0, delivered=False) == []
        # Both events of one entry, though the second fails once and both were delivered before.
        fails = iter([200, 500])
        receiver.answer = lambda _: next(fails, 200)
        entry = dead[0].entry
        hub.do(hub.ledger.webhooks.replay(hub.tenant.id, webhook.id, first=entry, last=entry))
        told_again = receiver.wait(before + 4)[before + 1 :]
        assert [one.body["eventType"] for one in told_again] == ["content.completed", *["content.passed"] * 2]


def test_a_second_replay_waits_for_the_first_and_an_empty_one_is_refused(hub: Hub) -> None:
    with receiving() as receiver:
        webhook = hook(hub, receiver)
        complete(hub)
        with pytest.raises(InvalidInput):
            hub.do(hub.ledger.webhooks.replay(hub.tenant.id, webhook.id, first=webhook.after + 1))
        hub.do(hub.ledger.webhooks.replay(hub.tenant.id, webhook.id, since=datetime(2000, 1, 1, tzinfo=UTC)))
        with pytest.raises(Conflict):
            hub.do(hub.ledger.webhooks.replay(hub.tenant.id, webhook.id, first=1))


def test_a_change_of_address_holds_for_what_waits_and_keeps_the_order(hub: Hub) -> None:
    with receiving() as old, receiving() as new, delivering(hub):
        old.answer = lambda _: 503
        webhook = hook(hub, old)
        complete(hub, 3)
        old.wait(1)
        hub.do(hub.ledger.webhooks.change(hub.tenant.id, webhook.id, WebhookChange(url=new.url)))
        moments = [one.body["createdAt"] for one in new.wait(1)]
        settled(hub, webhook, 3)
        moments = [one.body["createdAt"] for one in new.received]
        assert moments == sorted(moments)
        assert hub.do(hub.ledger.webhooks.get(hub.tenant.id, webhook.id)).url == new.url


def test_a_webhook_that_could_not_be_served_is_taken_up_again_by_the_same_worker(hub: Hub) -> None:
    broken: list[int] = []

    async def fails_once(ledger: Ledger, tenant: Id, entries: Sequence[Entry]) -> list[Notice]:
        if not broken:
            broken.append(1)
            raise RuntimeError("not this time")
        return await QUICK["thrive"].build(ledger, tenant, entries)

    with receiving() as receiver, delivering(hub, notices={"thrive": replace(QUICK["thrive"], build=fails_once)}):
        webhook = hook(hub, receiver)
        complete(hub)
        receiver.wait(1)
        assert broken
        assert settled(hub, webhook, 1)[0].is_delivered


def test_a_receiver_that_is_gone_is_left_alone_until_somebody_resumes_it(hub: Hub) -> None:
    with receiving() as receiver, delivering(hub):
        receiver.answer = lambda _: 410
        webhook = hook(hub, receiver)
        complete(hub, 2)
        receiver.wait(1)
        stopped = eventually(
            lambda: hub.do(hub.ledger.webhooks.get(hub.tenant.id, webhook.id)), lambda webhook: webhook.disabled_at
        )
        assert "410" in (stopped.disabled_because or "")
        time.sleep(0.7)
        assert len(receiver.received) == 1
        receiver.answer = lambda _: 200
        hub.do(hub.ledger.webhooks.resume(hub.tenant.id, webhook.id))
        assert len(receiver.wait(3)) == 3
        assert all(one.is_delivered for one in settled(hub, webhook, 2))


def test_two_workers_tell_each_event_once(hub: Hub) -> None:
    with receiving() as receiver, delivering(hub, workers=3):
        webhook = hook(hub, receiver)
        complete(hub, 30)
        assert [one.attempts for one in settled(hub, webhook, 30)] == [1] * 30
        assert len(receiver.received) == 30


def test_one_receiver_that_is_slow_holds_up_no_other(hub: Hub) -> None:
    with receiving() as slow, receiving() as quick, delivering(hub):
        is_served = threading.Event()
        slow.answer = lambda _: 200 if is_served.wait(PATIENCE_SECONDS) else 500
        hook(hub, slow)
        hook(hub, quick)
        complete(hub, 5)
        quick.wait(5)
        assert slow.received == []
        is_served.set()


def test_a_removed_webhook_hears_nothing_more_and_is_not_found(hub: Hub, other_hub: Hub) -> None:
    with receiving() as receiver, delivering(hub):
        webhook = hook(hub, receiver)
        for stranger in (hub, other_hub):
            if stranger is other_hub:
                with pytest.raises(WebhookNotFound):
                    stranger.do(stranger.ledger.webhooks.remove(stranger.tenant.id, webhook.id))
        hub.do(hub.ledger.webhooks.remove(hub.tenant.id, webhook.id))
        complete(hub)
        time.sleep(0.8)
        assert receiver.received == []
        with pytest.raises(WebhookNotFound):
            hub.do(hub.ledger.webhooks.get(hub.tenant.id, webhook.id))


@pytest.mark.parametrize(
    "url", ["", "ftp://example.com/", "http://", "http://user:pw@example.com/", "http://example.com:99999/", "/hook"]
)
def test_an_address_that_cannot_be_is_refused(url: str) -> None:
    with pytest.raises(InvalidInput) as raised:
        NewWebhook(dialect="thrive", name="x", url=url, events=("content.completed",))
    assert raised.value.faults[0].field == "url"


def test_the_server_itself_delivers_but_not_to_this_machine(urls: DatabaseUrls, hub: Hub) -> None:
    """Without leave an address of this machine is refused, and the event waits for its next attempt."""
    with receiving() as receiver, Server.start(urls):
        webhook = hook(hub, receiver)
        complete(hub)
        eventually(lambda: hub.do(hub.ledger.webhooks.get(hub.tenant.id, webhook.id)).attempts)
        assert receiver.received == []
    with receiving() as receiver, Server.start(urls, webhooks_to_private_addresses=True):
        hook(hub, receiver)
        complete(hub)
        receiver.wait(1)
