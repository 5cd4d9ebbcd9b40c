"""Outbound webhooks: the vendor's four events, and its signature.

Source: the vendor's pages "Webhooks API" and "Webhook Events".
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

import msgspec

from testamur.core.audiences import Audience
from testamur.core.errors import AudienceNotFound
from testamur.core.ids import Id, to_hex24
from testamur.core.items import Item, ItemKind
from testamur.core.people import Person, Reference
from testamur.core.records import Record
from testamur.core.webhooks import Webhook, event_id
from testamur.dialects.rise.translate import SOURCE, Links
from testamur.dialects.rise.translate.courses import course
from testamur.dialects.rise.translate.groups import group
from testamur.dialects.rise.translate.learning_paths import learning_path
from testamur.dialects.rise.translate.users import user
from testamur.dialects.rise.wire import webhooks as wire
from testamur.http.operations import Notice, Notices
from testamur.http.replies import instant
from testamur.ledger import Ledger
from testamur.ledger.entries import Entry
from testamur.ledger.tenants import Tenant

_COMPLETED = "record.created"
_SUBMITTED = "item.submitted"
_ENROLLED = "enrolment.opened"
_GROUP_ENROLLED = "audience_enrolment.opened"
_ADDED = "person.added"
_EVENTS = {
    "course.completed": frozenset({_COMPLETED}),
    "course.submitted": frozenset({_SUBMITTED}),
    "enrollments.created": frozenset({_ENROLLED, _GROUP_ENROLLED}),
    "user.created": frozenset({_ADDED}),
}
_TYPES = {kind: event for event, kinds in _EVENTS.items() for kind in kinds}
_INITIAL_VERSION = "2023-04-04"
_SECOND, _MINUTE, _HOUR = 1.0, 60.0, 3600.0


@dataclass(slots=True)
class _Named:
    """What the entries of a batch name, each fetched once."""

    records: dict[Id, Record] = field(default_factory=dict)
    people: dict[Id, Person] = field(default_factory=dict)
    items: dict[Id, Item] = field(default_factory=dict)
    audiences: dict[Id, Audience] = field(default_factory=dict)

    def person(self, id: Any) -> Person | None:
        return self.people.get(_id(id)) if id else None


async def build(ledger: Ledger, tenant: Id, entries: Sequence[Entry]) -> list[Notice]:
    """The events behind these entries, of people and courses as they are now."""
    named = await _named(ledger, tenant, entries)
    notices = []
    for entry in entries:
        content = _content(entry, named)
        if content is not None:
            notices.append(Notice(entry.number, _TYPES[entry.kind], entry.recorded_at, content))
    return notices


def spell(webhook: Webhook, notice: Notice, tenant: Tenant, now: datetime) -> tuple[bytes, list[tuple[str, str]]]:
    """Body and headers.

    The vendor's sample receiver verifies what JavaScript makes of the parsed body, others the bytes: the body is in
    the form that JavaScript gives it.
    """
    version = webhook.api_version or _INITIAL_VERSION
    links = Links(webhook.base_url or "")
    event = wire.Event(
        id=event_id(tenant.id, notice.entry, notice.type),
        created_at=instant(notice.happened_at) or "",
        type=notice.type,
        webhook_id=to_hex24(webhook.id),
        api_version=version,
        data={name: _spelled(value, links) for name, value in notice.content.items()},
    )
    body = msgspec.json.encode(event)
    headers = [
        ("Content-Type", "application/json"),
        ("User-Agent", "Testamur"),
        ("Rise-API-Version", version),
        ("API-Version", version),
    ]
    if webhook.secret is not None:
        headers.append(("X-Hook-Signature", signature(webhook.secret, body)))
    return body, headers


def signature(secret: str, body: bytes) -> str:
    """HMAC-SHA1 of the body in lower-case hexadecimal: the vendor's own choice."""
    return hmac.new(secret.encode(), body, hashlib.sha1).hexdigest()


async def _named(ledger: Ledger, tenant: Id, entries: Sequence[Entry]) -> _Named:
    named = _Named()
    of: dict[str, list[Entry]] = {kind: [] for kind in _TYPES}
    for entry in entries:
        if not _is_erased(entry):
            of[entry.kind].append(entry)
    if of[_COMPLETED]:
        named.records = await ledger.records.many(tenant, [entry.subject for entry in of[_COMPLETED]])
    completions = [one for one in named.records.values() if _is_completion(one)]
    people = [one.person for one in completions] + [entry.subject for entry in (*of[_ADDED], *of[_ENROLLED])]
    items = [one.item for one in completions] + [entry.subject for entry in of[_SUBMITTED]]
    items += [_id((entry.data or {})["item"]) for entry in (*of[_ENROLLED], *of[_GROUP_ENROLLED])]
    for entry in of[_SUBMITTED]:
        people += [_id(id) for id in ((entry.data or {}).get(name) for name in ("submitter", "reviewer")) if id]
    if people:
        named.people = await ledger.people.many(tenant, [id for id in people if id is not None])
    if items:
        named.items = await ledger.items.many(tenant, [id for id in items if id is not None])
    for id in {entry.subject for entry in of[_GROUP_ENROLLED]}:
        try:
            named.audiences[id] = await ledger.audiences.get(tenant, Reference(str(id), (), "audience"))
        except AudienceNotFound:
            pass  # deleted since: there is no group to tell of any more
    return named


def _is_erased(entry: Entry) -> bool:
    """Whether it does not say any more who was enrolled in what: everything about her is gone."""
    return (entry.data or {}).get("erased") == "all"


def _content(entry: Entry, named: _Named) -> dict[str, Any] | None:
    """What the event says, in nouns of the core; None when the entry is no event."""
    data = entry.data or {}
    if _is_erased(entry):
        return None
    if entry.kind == _ADDED:
        return {"user": named.people.get(entry.subject)}
    if entry.kind == _SUBMITTED:
        return {
            "isInitialSubmission": data["initial"],
            "course": named.items.get(entry.subject),
            "submitter": named.person(data["submitter"]),
            "reviewer": named.person(data["reviewer"]),
        }
    if entry.kind in (_ENROLLED, _GROUP_ENROLLED):
        item = named.items[_id(data["item"])]
        is_path = item.kind is ItemKind.COLLECTION
        return {
            "course": None if is_path else item,
            "learningPath": item if is_path else None,
            "enrolledBy": None,
            "groups": [named.audiences[id] for id in (entry.subject,) if id in named.audiences],
            "users": [named.people[entry.subject]] if entry.kind == _ENROLLED else [],
        }
    record = named.records.get(entry.subject)
    if record is None or not _is_completion(record):
        return None
    assert record.item is not None
    assert record.person is not None
    item = named.items[record.item]
    return {"course": _Completed(item, quiz(record, item)), "user": named.people[record.person]}


@dataclass(frozen=True, slots=True)
class _Completed:
    item: Item
    quiz: wire.Quiz


def quiz(record: Record, item: Item) -> wire.Quiz:
    """How the quiz went. An import passes the required quiz of an authored course in full, and says of no other."""
    if record.source == SOURCE:
        return wire.Quiz(passed=True, score=100) if item.is_authored and item.requires_quiz else wire.Quiz()
    score = record.score_percent
    rounded = None if score is None else int(Decimal(score).quantize(Decimal(1), ROUND_HALF_UP))
    return wire.Quiz(passed=record.passed, score=rounded)


def _spelled(value: Any, links: Links) -> Any:
    if isinstance(value, Person):
        return user(value, links)
    if isinstance(value, Item):
        return learning_path(value, links) if value.kind is ItemKind.COLLECTION else course(value, links)
    if isinstance(value, Audience):
        return group(value, links)
    if isinstance(value, _Completed):
        shown = course(value.item, links)
        return wire.CompletedCourse(**{name: getattr(shown, name) for name in shown.__struct_fields__}, quiz=value.quiz)
    if isinstance(value, list):
        return [_spelled(one, links) for one in value]
    return value


def _is_completion(record: Record) -> bool:
    return record.completed is not None and record.person is not None and record.item is not None


def _id(value: Any) -> Id:
    return Id(value if isinstance(value, UUID) else UUID(str(value)))


NOTICES = Notices(
    events=_EVENTS,
    build=build,
    spell=spell,
    # No page of the vendor has them.
    delays=(10 * _SECOND, _MINUTE, 5 * _MINUTE, 30 * _MINUTE, 2 * _HOUR, 5 * _HOUR),
    timeout_seconds=10,
)
