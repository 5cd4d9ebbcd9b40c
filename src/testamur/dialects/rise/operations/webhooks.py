"""Webhooks: registering, reading and removing them. What they are told stands in `notices.py`."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.errors import AddressTaken
from testamur.dialects.rise.notices import NOTICES
from testamur.dialects.rise.operations.keys import VERSIONS, version_of
from testamur.dialects.rise.operations.shared import DOCS, NAME, PAGE, begin_after, paged
from testamur.dialects.rise.translate import Links
from testamur.dialects.rise.translate import webhooks as translation
from testamur.dialects.rise.wire import webhooks as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = "/webhooks"
ONE = f"{PATH}/{{webhookId}}"


async def create_webhook(call: Call) -> Reply:
    new = translation.new_webhook(
        call.body,
        version=version_of(call),
        versions=VERSIONS,
        events=NOTICES.events.keys(),
        base_url=call.base_url,
    )
    try:
        made = await call.ledger.webhooks.add(call.caller.tenant, new, client=call.caller.client, shares_url=False)
    except AddressTaken as error:
        raise AddressTaken(error.message, field="targetUrl") from error
    return json_reply(201, translation.created_webhook(made, Links(call.base_url)))


async def list_webhooks(call: Call) -> Reply:
    found = await call.ledger.webhooks.list(
        call.caller.tenant, NAME, after=begin_after(call, PATH), count=call.params["limit"] + 1
    )
    found, next_url = paged(call, PATH, found, lambda webhook: webhook.id)
    links = Links(call.base_url)
    return json_reply(200, wire.Webhooks([translation.webhook(one, links) for one in found], next_url))


async def get_webhook(call: Call) -> Reply:
    id = translation.webhook_id(call.path["webhookId"])
    found = await call.ledger.webhooks.get(call.caller.tenant, id, NAME)
    return json_reply(200, translation.webhook(found, Links(call.base_url)))


async def delete_webhook(call: Call) -> Reply:
    id = translation.webhook_id(call.path["webhookId"])
    await call.ledger.webhooks.remove(call.caller.tenant, id, client=call.caller.client, dialect=NAME, again=True)
    return empty_reply(204)


OPERATIONS = (
    Operation(
        name="createWebhook",
        method="POST",
        path=PATH,
        handler=create_webhook,
        summary="Register a webhook; the only answer with its secret",
        scope=Scope.WEBHOOKS,
        body=wire.CreateWebhook,
        answers={201: wire.CreatedWebhook},
        source=f"{DOCS}/4231303",
    ),
    Operation(
        name="listWebhooks",
        method="GET",
        path=PATH,
        handler=list_webhooks,
        summary="Webhooks, a page at a time",
        scope=Scope.WEBHOOKS,
        params=PAGE,
        answers={200: wire.Webhooks},
        source=f"{DOCS}/4231303",
    ),
    Operation(
        name="getWebhook",
        method="GET",
        path=ONE,
        handler=get_webhook,
        summary="One webhook",
        scope=Scope.WEBHOOKS,
        answers={200: wire.Webhook},
        source=f"{DOCS}/4231303",
    ),
    Operation(
        name="deleteWebhook",
        method="DELETE",
        path=ONE,
        handler=delete_webhook,
        summary="Remove a webhook",
        scope=Scope.WEBHOOKS,
        answers={204: None},
        source=f"{DOCS}/4231303",
    ),
)
