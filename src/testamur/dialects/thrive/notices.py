"""Outbound webhooks: what Thrive calls event notifications.

Source: the vendor's pages on event notifications. It sets them up itself, so there is no call for it; operators do with
`testamur webhook`.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from datetime import datetime
from typing import Any

import msgspec

from testamur.core.ids import Id, to_hex24
from testamur.core.records import Record
from testamur.core.webhooks import Webhook
from testamur.http.operations import Notice, Notices
from testamur.http.replies import instant
from testamur.ledger import Ledger
from testamur.ledger.tenants import Tenant
from testamur.ledger.webhooks import Entry

_RECORDED = "record.created"
_MINUTE = 60.0


async def build(ledger: Ledger, tenant: Id, entries: Sequence[Entry]) -> list[Notice]:
    """The events behind these entries."""
    records = await ledger.records.many(tenant, [entry.subject for entry in entries if entry.kind == _RECORDED])
    notices: list[Notice] = []
    for entry in entries:
        record = records.get(entry.subject)
        if record is None or record.completed is None or record.person is None or record.item is None:
            continue
        content = _completion(record)
        notices.append(Notice(entry.number, "content.completed", entry.recorded_at, content))
        if record.passed:
            notices.append(Notice(entry.number, "content.passed", entry.recorded_at, content))
    return notices


def spell(webhook: Webhook, notice: Notice, tenant: Tenant, now: datetime) -> tuple[bytes, list[tuple[str, str]]]:
    """Body and headers. The signature is over the very bytes that are sent."""
    body = msgspec.json.encode(
        {
            "eventType": notice.type,
            "tenantId": tenant.slug,
            "createdAt": instant(notice.happened_at),
            "dispatchedAt": instant(now),
            **notice.content,
        }
    )
    headers = [("Content-Type", "application/json"), ("User-Agent", "Testamur")]
    if webhook.secret is not None:
        signature = hmac.new(webhook.secret.encode(), body, hashlib.sha256).hexdigest()
        headers.append(("x-hmac-signature", f"sha256={signature}"))
    return body, headers


def _completion(record: Record) -> dict[str, Any]:
    assert record.person is not None
    assert record.item is not None
    user = {"id": to_hex24(record.person), "reference": record.person_ref, "email": record.person_email}
    content: dict[str, Any] = {
        "id": to_hex24(record.item),
        "title": record.title,
        "type": record.item_format,
        "urls": [],
    }
    return {"user": _told(user), "content": _told(content)}


def _told(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


NOTICES = Notices(
    events=frozenset({"content.completed", "content.passed"}),
    kinds=frozenset({_RECORDED}),
    build=build,
    spell=spell,
    # The vendor retries five times and backs off exponentially; the lengths are ours.
    delays=(10.0, _MINUTE, 5 * _MINUTE, 30 * _MINUTE, 120 * _MINUTE),
)
