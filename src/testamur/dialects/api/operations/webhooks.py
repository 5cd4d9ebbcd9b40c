"""Webhooks: those of our own API, and looking after those of every dialect."""

from __future__ import annotations

from datetime import timedelta

from testamur.core.callers import Scope
from testamur.core.ids import Id, to_ulid
from testamur.core.webhooks import Webhook
from testamur.dialects.api.notices import NOTICES, TEST
from testamur.dialects.api.operations.shared import LIST, after, after_id, listed
from testamur.dialects.api.translate import webhooks as translate
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import webhooks as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = "/v1/webhooks"
ONE = f"{PATH}/{{webhook}}"


async def list_webhooks(call: Call) -> Reply:
    found = await call.ledger.webhooks.list(
        call.caller.tenant, call.params["dialect"], after=after_id(call), count=call.params["limit"] + 1
    )
    return listed(call, found, translate.webhook, lambda webhook: [webhook.id])


async def create_webhook(call: Call) -> Reply:
    new = translate.new_webhook(call.body, NOTICES.events, call.base_url)
    made = await call.ledger.webhooks.add(call.caller.tenant, new, client=call.caller.client)
    location = f"{call.base_url}{PATH}/{to_ulid(made.id, 'webhook')}"
    return json_reply(201, translate.with_secret(made), (b"location", location.encode()))


async def get_webhook(call: Call) -> Reply:
    return json_reply(200, translate.webhook(await _existing(call)))


async def change_webhook(call: Call) -> Reply:
    change = translate.change(call.body, await _existing(call), NOTICES.events)
    changed = await call.ledger.webhooks.change(call.caller.tenant, _id(call), change, client=call.caller.client)
    return json_reply(200, translate.webhook(changed))


async def delete_webhook(call: Call) -> Reply:
    await call.ledger.webhooks.remove(call.caller.tenant, _id(call), client=call.caller.client)
    return empty_reply(204)


async def rotate_secret(call: Call) -> Reply:
    translate.check_own(await _existing(call))
    body: wire.RotateSecret = call.body or wire.RotateSecret()
    secret, overlap = translate.secret(body.secret), timedelta(hours=body.overlap_hours)
    rotated = await call.ledger.webhooks.change_secret(
        call.caller.tenant, _id(call), secret, overlap, client=call.caller.client
    )
    return json_reply(200, translate.with_secret(rotated))


async def test_webhook(call: Call) -> Reply:
    translate.check_own(await _existing(call))
    entry = await call.ledger.webhooks.test(call.caller.tenant, _id(call), client=call.caller.client)
    return json_reply(202, wire.Tested(entry, TEST))


async def replay_webhook(call: Call) -> Reply:
    id = (await _existing(call)).id
    wanted = translate.replay(call.body)
    replayed = await call.ledger.webhooks.replay(call.caller.tenant, id, **wanted, client=call.caller.client)
    return json_reply(202, translate.webhook(replayed))


async def list_deliveries(call: Call) -> Reply:
    tenant, id = call.caller.tenant, (await _existing(call)).id
    entry, event = after(call, int, str) or (0, None)
    outcome = call.params["outcome"]
    found = await call.ledger.webhooks.deliveries(
        tenant,
        id,
        after=entry,
        after_type=event,
        delivered=None if outcome is None else outcome == "delivered",
        count=call.params["limit"] + 1,
    )
    return listed(call, found, lambda one: translate.delivery(one, tenant), lambda one: [one.entry, one.type])


def _id(call: Call) -> Id:
    return translate.id(call.path["webhook"], "webhook")


async def _existing(call: Call) -> Webhook:
    return await call.ledger.webhooks.get(call.caller.tenant, _id(call))


OPERATIONS = (
    Operation(
        name="listWebhooks",
        method="GET",
        path=PATH,
        handler=list_webhooks,
        summary="Webhooks of every dialect, in the order in which they were added",
        scope=Scope.WEBHOOKS,
        params=(Param("dialect", summary="Only those told in its words"), *LIST),
        answers={200: List[wire.Webhook]},
    ),
    Operation(
        name="createWebhook",
        method="POST",
        path=PATH,
        handler=create_webhook,
        summary="Add a webhook, told in our own words from now on; the answer alone shows its secret",
        scope=Scope.WEBHOOKS,
        body=wire.CreateWebhook,
        answers={201: wire.WebhookWithSecret},
        idempotent_by_key=True,
    ),
    Operation(
        name="getWebhook",
        method="GET",
        path=ONE,
        handler=get_webhook,
        summary="One webhook and how it fares",
        scope=Scope.WEBHOOKS,
        answers={200: wire.Webhook},
    ),
    Operation(
        name="changeWebhook",
        method="PATCH",
        path=ONE,
        handler=change_webhook,
        summary="Aim a webhook elsewhere, ask for other events, switch it off or on",
        scope=Scope.WEBHOOKS,
        body=wire.ChangeWebhook,
        answers={200: wire.Webhook},
    ),
    Operation(
        name="deleteWebhook",
        method="DELETE",
        path=ONE,
        handler=delete_webhook,
        summary="Remove a webhook",
        scope=Scope.WEBHOOKS,
        answers={204: None},
    ),
    Operation(
        name="rotateWebhookSecret",
        method="POST",
        path=f"{ONE}/rotate",
        handler=rotate_secret,
        summary="Sign with a new secret, and with the old one too for a while",
        scope=Scope.WEBHOOKS,
        body=wire.RotateSecret,
        body_optional=True,
        answers={200: wire.WebhookWithSecret},
        idempotent_by_key=True,
    ),
    Operation(
        name="testWebhook",
        method="POST",
        path=f"{ONE}/test",
        handler=test_webhook,
        summary="Send the event webhook.test, in its place among the others",
        scope=Scope.WEBHOOKS,
        answers={202: wire.Tested},
        idempotent_by_key=True,
    ),
    Operation(
        name="replayWebhook",
        method="POST",
        path=f"{ONE}/replays",
        handler=replay_webhook,
        summary="Tell a range or its dead letters again, in order and before anything new",
        scope=Scope.WEBHOOKS,
        body=wire.Replay,
        answers={202: wire.Webhook},
        idempotent_by_key=True,
    ),
    Operation(
        name="listDeliveries",
        method="GET",
        path=f"{ONE}/deliveries",
        handler=list_deliveries,
        summary="How each event ended, in order of entries, for thirty days",
        scope=Scope.WEBHOOKS,
        params=(Param("outcome", choices=("delivered", "dead"), summary="`dead` for the dead letters alone"), *LIST),
        answers={200: List[wire.Delivery]},
    ),
)
