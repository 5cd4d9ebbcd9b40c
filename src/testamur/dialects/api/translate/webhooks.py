"""Webhooks, and the secrets of Standard Webhooks."""

from __future__ import annotations

import base64
import binascii
import secrets
from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any

from msgspec import UNSET

from testamur.core.errors import Conflict, FieldFault, InvalidInput, WebhookNotFound
from testamur.core.ids import Id, parse, to_ulid
from testamur.core.webhooks import Delivery, NewWebhook, Webhook, WebhookChange, event_id
from testamur.dialects.api.translate import moment
from testamur.dialects.api.wire import webhooks as wire
from testamur.http.replies import instant

DIALECT = "api"
SECRET_PREFIX = "whsec_"  # noqa: S105 - the standard's mark, no secret itself
_SECRET_BYTES = 32
_SECRET_BYTES_MIN, _SECRET_BYTES_MAX = 24, 64
"""What the standard allows."""


def id(text: str, field: str) -> Id:
    """A webhook's id in any spelling. Raises WebhookNotFound."""
    found = parse(text, "webhook")
    if found is None:
        raise WebhookNotFound(f"No webhook {text!r} in this tenant", field=field)
    return found


def new_webhook(body: wire.CreateWebhook, known: Collection[str], base_url: str) -> NewWebhook:
    """A webhook to be added. Raises InvalidInput."""
    return NewWebhook(
        dialect=DIALECT,
        name=body.name,
        url=body.url,
        events=_events(body.events, known),
        secret=secret(body.secret),
        base_url=base_url,
    )


def change(body: wire.ChangeWebhook, webhook: Webhook, known: Collection[str]) -> WebhookChange:
    """What is to be different. Raises InvalidInput; Conflict for what only the webhook's own API can change."""
    if webhook.dialect != DIALECT:
        for name in ("url", "events"):
            if getattr(body, name) is not UNSET:
                raise Conflict(f"This webhook is told in the words of {webhook.dialect!r}", field=name)
    return WebhookChange(
        url=None if body.url is UNSET else body.url,
        events=None if body.events is UNSET else _events(body.events, known),
        name=None if body.name is UNSET else body.name,
        is_disabled=None if body.disabled is UNSET else body.disabled,
    )


def check_own(webhook: Webhook) -> None:
    """Raises Conflict for a webhook of another dialect."""
    if webhook.dialect != DIALECT:
        raise Conflict(f"This webhook is told in the words of {webhook.dialect!r}")


def replay(body: wire.Replay) -> dict[str, Any]:
    """The range as the ledger takes it. Raises InvalidInput."""
    if body.from_entry is not None and body.since is not None:
        raise InvalidInput(FieldFault("since", "duplicate", "either from_entry or since says where to begin"))
    if body.from_entry is None and body.since is None and not body.dead_only:
        raise InvalidInput(FieldFault("from_entry", "missing", "from_entry or since must say where to begin"))
    if body.from_entry is not None and body.to_entry is not None and body.to_entry < body.from_entry:
        raise InvalidInput(FieldFault("to_entry", "order", "lies before from_entry"))
    return {
        "first": body.from_entry,
        "since": moment(body.since, "since"),
        "last": body.to_entry,
        "dead_only": body.dead_only,
    }


def secret(text: str | None) -> str:
    """A new secret, or one that somebody else made. Raises InvalidInput."""
    if text is None:
        return SECRET_PREFIX + base64.b64encode(secrets.token_bytes(_SECRET_BYTES)).decode()
    try:
        if not text.startswith(SECRET_PREFIX):
            raise ValueError
        data = base64.b64decode(text.removeprefix(SECRET_PREFIX), validate=True)
    except (ValueError, binascii.Error) as error:
        raise InvalidInput(FieldFault("secret", "format", "must be whsec_ and base64")) from error
    if not _SECRET_BYTES_MIN <= len(data) <= _SECRET_BYTES_MAX:
        fault = f"must have {_SECRET_BYTES_MIN} to {_SECRET_BYTES_MAX} bytes behind its base64"
        raise InvalidInput(FieldFault("secret", "range", fault))
    return text


def webhook(stored: Webhook) -> wire.Webhook:
    return wire.Webhook(**_shown(stored))


def with_secret(stored: Webhook) -> wire.WebhookWithSecret:
    return wire.WebhookWithSecret(**_shown(stored), secret=stored.secret or "")


def delivery(stored: Delivery, tenant: Id) -> wire.Delivery:
    return wire.Delivery(
        entry=stored.entry,
        event=stored.type,
        event_id=event_id(tenant, stored.entry, stored.type),
        outcome="delivered" if stored.is_delivered else "dead",
        attempts=stored.attempts,
        status=stored.status,
        error=stored.error,
        last_at=instant(stored.last_at) or "",
    )


def _events(named: Sequence[str], known: Collection[str]) -> tuple[str, ...]:
    faults = [
        FieldFault(f"events[{place}]", "unknown", f"{event!r} is no event of this API")
        for place, event in enumerate(named)
        if event not in known
    ]
    if faults:
        raise InvalidInput(faults)
    return tuple(dict.fromkeys(named))


def _shown(stored: Webhook) -> dict[str, Any]:
    replay = stored.replay
    waits: datetime | None = stored.attempt_at if stored.attempts and stored.disabled_at is None else None
    return {
        "id": to_ulid(stored.id, "webhook"),
        "dialect": stored.dialect,
        "name": stored.name,
        "url": stored.url,
        "events": list(stored.events),
        "is_signed": stored.secret is not None,
        "old_secret_until": instant(stored.old_secret_until),
        "disabled": stored.disabled_at is not None,
        "disabled_at": instant(stored.disabled_at),
        "disabled_because": stored.disabled_because,
        "after": stored.after,
        "attempts": stored.attempts,
        "next_attempt_at": instant(waits),
        "failing_since": instant(stored.failing_since),
        "replaying": replay and wire.Replaying(replay.after, replay.until, replay.dead_only),
        "created_at": instant(stored.created_at) or "",
    }
