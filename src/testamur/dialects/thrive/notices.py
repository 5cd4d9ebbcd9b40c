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
from testamur.core.items import Item
from testamur.core.people import Person, Reference
from testamur.core.records import Record
from testamur.core.webhooks import Webhook
from testamur.dialects.thrive.translate.contents import type_of
from testamur.dialects.thrive.translate.users import basic_user
from testamur.http.operations import Notice, Notices
from testamur.http.replies import instant
from testamur.ledger import Ledger
from testamur.ledger.entries import Entry
from testamur.ledger.tenants import Tenant

_RECORDED = "record.created"
_ITEMS = {
    "item.added": "content.created",
    "item.updated": "content.updated",
    "item.published": "content.published",
    "item.retired": "content.archived",
    "item.restored": "content.restored",
}
_ASSIGNMENTS = {
    "assignment.added": "assignment.assigned",
    "assignment.edited": "assignment.updated",
    "assignment.deleted": "assignment.removed",
}
_USERS = {
    "person.added": "user.created",
    "person.changed": "user.updated",
    "person.suspended": "user.deactivated",
    "person.reinstated": "user.activated",
    "person.deleted": "user.deactivated",
}
_MINUTE = 60.0


async def build(ledger: Ledger, tenant: Id, entries: Sequence[Entry]) -> list[Notice]:
    """The events behind these entries."""
    items = await ledger.items.many(tenant, [entry.subject for entry in entries if entry.kind in _ITEMS])
    records = await ledger.records.many(tenant, [entry.subject for entry in entries if entry.kind == _RECORDED])
    people = await ledger.people.many(tenant, [entry.subject for entry in entries if entry.kind in _USERS])
    notices: list[Notice] = []
    for entry in entries:
        if entry.kind in _ITEMS:
            told = {"content": _content(items[entry.subject])}
            notices.append(Notice(entry.number, _ITEMS[entry.kind], entry.recorded_at, told))
        elif entry.kind in _ASSIGNMENTS:
            told = await _assignment(ledger, tenant, entry.subject)
            notices.append(Notice(entry.number, _ASSIGNMENTS[entry.kind], entry.recorded_at, told))
        elif entry.kind in _USERS:
            told = {"user": _user(people[entry.subject], ledger.now())}
            notices.append(Notice(entry.number, _USERS[entry.kind], entry.recorded_at, told))
        elif (record := records.get(entry.subject)) is not None and _is_completion(record):
            told = _completion(record)
            notices.append(Notice(entry.number, "content.completed", entry.recorded_at, told))
            if record.passed:
                notices.append(Notice(entry.number, "content.passed", entry.recorded_at, told))
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


def _is_completion(record: Record) -> bool:
    return record.completed is not None and record.person is not None and record.item is not None


def _completion(record: Record) -> dict[str, Any]:
    assert record.person is not None
    assert record.item is not None
    user = {"id": to_hex24(record.person), "reference": record.person_ref, "email": record.person_email}
    content = {
        "id": to_hex24(record.item),
        "title": record.title,
        "type": type_of(record.item_format, record.item_kind or "outside"),
    }
    return {"user": _told(user), "content": _told({**content, "urls": []})}


def _content(item: Item) -> dict[str, Any]:
    content = {"id": to_hex24(item.id), "title": item.title, "type": type_of(item.format, item.kind.value)}
    return _told({**content, "urls": [item.url] if item.url else []})


async def _assignment(ledger: Ledger, tenant: Id, id: Id) -> dict[str, Any]:
    assignment = await ledger.assignments.get(tenant, Reference(str(id), (), "assignment"))
    content = await ledger.items.many(tenant, [assignment.primary])
    return {
        "assignment": {
            "id": to_hex24(id),
            "audienceId": to_hex24(assignment.audience),
            "primaryContentId": to_hex24(assignment.primary),
            "completionPeriod": assignment.completion_period_days,
            "recurring": bool(assignment.recurrence_days),
            "recurrence": str(assignment.recurrence_days or 0),
        },
        "content": _content(content[assignment.primary]),
        "users": [],
    }


def _user(person: Person, now: datetime) -> dict[str, Any]:
    """As she is now; of somebody deleted there is the id and that she is gone."""
    known = basic_user(person, now)
    return _told(
        {
            "id": known.id,
            "reference": known.ref,
            "firstName": known.first_name,
            "lastName": known.last_name,
            "email": known.email,
            "status": known.status,
            "role": known.role,
        }
    )


def _told(members: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in members.items() if value is not None}


def _events() -> dict[str, frozenset[str]]:
    kinds: dict[str, set[str]] = {"content.completed": {_RECORDED}, "content.passed": {_RECORDED}}
    for kind, event in (_ITEMS | _ASSIGNMENTS | _USERS).items():
        kinds.setdefault(event, set()).add(kind)
    return {event: frozenset(of) for event, of in kinds.items()}


NOTICES = Notices(
    events=_events(),
    build=build,
    spell=spell,
    # The vendor retries five times and backs off exponentially; the lengths are ours.
    delays=(10.0, _MINUTE, 5 * _MINUTE, 30 * _MINUTE, 120 * _MINUTE),
)
