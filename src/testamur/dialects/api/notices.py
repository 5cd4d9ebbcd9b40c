"""Outbound webhooks of our own API: Standard Webhooks with thin events.

An event says what changed and where it can be read; docs/decisions has why. Signature, headers and delays follow
https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

import msgspec
from msgspec import UNSET

from testamur.core.ids import Id, to_ulid
from testamur.core.webhooks import Webhook, event_id
from testamur.dialects.api.translate import id_of
from testamur.dialects.api.translate.feed import PLACES
from testamur.dialects.api.translate.webhooks import SECRET_PREFIX, secret
from testamur.dialects.api.wire import webhooks as wire
from testamur.http.operations import Notice, Notices
from testamur.http.replies import instant
from testamur.ledger import Ledger
from testamur.ledger.entries import Entry
from testamur.ledger.tenants import Tenant
from testamur.ledger.webhooks import TESTED

TEST = "webhook.test"
EVENTS: Mapping[str, str] = {
    "record.created": "somebody's learning was recorded",
    "record.superseded": "a record has new facts in place of the former",
    "record.voided": "a record was withdrawn",
    "person.added": "a person was added",
    "person.changed": "something of a person changed, her status among it",
    "person.suspended": "a person was suspended",
    "person.reinstated": "a person was reinstated",
    "person.deleted": "a person was forgotten",
    "person.erased": "something of a person was erased, and what is kept is named",
    "item.added": "an item was added",
    "item.updated": "something of an item changed",
    "item.submitted": "an item's draft was submitted for review",
    "item.published": "a version of an item was published",
    "item.retired": "an item was retired",
    "item.restored": "a retired item was restored",
    "audience.added": "an audience was added",
    "audience.changed": "something of an audience changed",
    "audience.deleted": "an audience was deleted",
    "membership.opened": "a person joined an audience",
    "membership.closed": "a person left an audience",
    "assignment.added": "an assignment was made",
    "assignment.edited": "an assignment has a new version",
    "assignment.paused": "an assignment was paused",
    "assignment.resumed": "an assignment goes on",
    "assignment.deleted": "an assignment was deleted",
    "exemption.granted": "somebody was exempted",
    "exemption.withdrawn": "an exemption was taken back",
    "extension.granted": "somebody has a later due day",
    "extension.withdrawn": "an extension was taken back",
}
"""What a webhook may ask for: kinds of the ledger's entries, and when they are written."""
_MINUTE, _HOUR = 60.0, 3600.0


async def build(ledger: Ledger, tenant: Id, entries: Sequence[Entry]) -> list[Notice]:
    """The events behind these entries. Everything they say stands in the entries."""
    return [_notice(entry) for entry in entries]


def spell(webhook: Webhook, notice: Notice, tenant: Tenant, now: datetime) -> tuple[bytes, list[tuple[str, str]]]:
    """Body and headers. The body is the same at every attempt, the signed moment is that of sending."""
    subject, audience = notice.content["subject"], notice.content["audience"]
    noun = notice.type.partition(".")[0]
    base = webhook.base_url or ""
    if audience is None:
        id = to_ulid(subject, noun)
        url = f"{base}{PLACES[noun]}{id}"
    else:
        id = to_ulid(subject, "person")
        url = f"{base}{PLACES['audience']}{to_ulid(audience, 'audience')}/members"
    data = wire.EventData(
        entry=notice.entry,
        id=id,
        url=url,
        client=id_of(notice.content["client"], "client"),
        audience=UNSET if audience is None else to_ulid(audience, "audience"),
    )
    body = msgspec.json.encode(wire.Event(type=notice.type, timestamp=instant(notice.happened_at) or "", data=data))
    message = f"evt_{event_id(tenant.id, notice.entry, notice.type)}"
    sent = str(int(now.timestamp()))
    signatures = [signature(secret, message, sent, body) for secret in webhook.secrets(now)]
    headers = [
        ("Content-Type", "application/json"),
        ("User-Agent", "Testamur"),
        ("webhook-id", message),
        ("webhook-timestamp", sent),
        ("webhook-signature", " ".join(signatures)),
    ]
    return body, headers


def signature(secret: str, message: str, sent: str, body: bytes) -> str:
    """The symmetric signature of Standard Webhooks, version 1."""
    key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
    signed = hmac.digest(key, f"{message}.{sent}.".encode() + body, hashlib.sha256)
    return f"v1,{base64.b64encode(signed).decode()}"


def _notice(entry: Entry) -> Notice:
    of_audience = entry.kind.startswith("membership.")
    content = {
        "subject": entry.subject,
        "audience": Id(UUID((entry.data or {})["audience"])) if of_audience else None,
        "client": entry.client,
    }
    if entry.kind == TESTED:
        return Notice(entry.number, TEST, entry.recorded_at, content, only=entry.subject)
    return Notice(entry.number, entry.kind, entry.recorded_at, content)


NOTICES = Notices(
    events={event: frozenset({event}) for event in EVENTS},
    always=frozenset({TESTED}),
    build=build,
    spell=spell,
    secret=secret,
    # The example of the standard, up to the day after.
    delays=(5.0, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR, 10 * _HOUR, 10 * _HOUR),
    timeout_seconds=15,
)
