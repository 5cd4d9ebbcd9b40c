"""Webhooks."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from testamur.core.errors import FieldFault, InvalidInput, WebhookNotFound
from testamur.core.ids import Id, parse, to_hex24
from testamur.core.webhooks import NewWebhook
from testamur.core.webhooks import Webhook as Stored
from testamur.dialects.rise.translate import SOURCE, Links
from testamur.dialects.rise.wire import webhooks as wire

_FIELDS = {"url": "targetUrl", "secret": "sharedSecret"}


def webhook_id(text: str) -> Id:
    """A webhook's id: our own. Raises WebhookNotFound."""
    id = parse(text)
    if id is None:
        raise WebhookNotFound(f"There is no webhook {text!r}", field="webhookId")
    return id


def new_webhook(
    body: wire.CreateWebhook, *, version: str, versions: Collection[str], events: Collection[str], base_url: str
) -> NewWebhook:
    """A webhook to be added.

    Args:
        version: that of the call.
        versions, events: those that there are.
    Raises: InvalidInput naming the vendor's fields.
    """
    wanted = tuple(dict.fromkeys(body.events))
    known = ", ".join(sorted(events))
    faults = [
        FieldFault(f"events[{place}]", "unknown", f"{event!r} is none of {known}")
        for place, event in enumerate(body.events)
        if event not in events
    ]
    if body.api_version is not None and body.api_version not in versions:
        faults.append(FieldFault("apiVersion", "unknown", f"must be one of {', '.join(sorted(versions))}"))
    if faults:
        raise InvalidInput(faults)
    try:
        return NewWebhook(
            dialect=SOURCE,
            name="webhook",
            url=body.target_url,
            events=wanted,
            secret=body.shared_secret,
            api_version=body.api_version or version,
            base_url=base_url,
        )
    except InvalidInput as error:
        raise InvalidInput(
            [replace(fault, field=_FIELDS.get(fault.field, fault.field)) for fault in error.faults]
        ) from error


def webhook(stored: Stored, links: Links) -> wire.Webhook:
    return wire.Webhook(
        id=to_hex24(stored.id),
        target_url=stored.url,
        events=list(stored.events),
        api_version=stored.api_version or "",
        url=links.webhook(stored.id),
    )


def created_webhook(stored: Stored, links: Links) -> wire.CreatedWebhook:
    shown = webhook(stored, links)
    return wire.CreatedWebhook(
        id=shown.id,
        target_url=shown.target_url,
        events=shown.events,
        api_version=shown.api_version,
        url=shown.url,
        shared_secret=stored.secret,
    )
