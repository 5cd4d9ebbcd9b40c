"""Records, their revisions and reports."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from decimal import Decimal
from typing import Any

import msgspec
from msgspec import UNSET

from testamur.core.callers import Caller
from testamur.core.errors import CompletionNotFound, FieldFault, InvalidInput
from testamur.core.ids import Id, parse, to_ulid
from testamur.core.items import Outside
from testamur.core.moments import Precision, When, is_duration, parse_when
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Record, Revision, SourceKey, Telling
from testamur.dialects.api.translate import id_of, item, moment, person
from testamur.dialects.api.wire import records as wire
from testamur.http.replies import instant

SOURCE = "api"


def id(text: str, field: str) -> Id:
    """A record's id in any spelling. Raises CompletionNotFound."""
    found = parse(text, "record")
    if found is None:
        raise CompletionNotFound(f"No record {text!r} in this tenant", field=field)
    return found


def new_record(body: wire.CreateRecord, caller: Caller) -> NewRecord:
    """A record as its sender tells it. Raises InvalidInput."""
    if body.time_spent is not None and not is_duration(body.time_spent):
        raise InvalidInput(FieldFault("time_spent", "format", "must be an ISO 8601 duration, such as PT45M"))
    return NewRecord(
        source=SOURCE,
        person=person(body.person, "person"),
        item=_item(body),
        completed=_when(body.completed_at),
        started_at=moment(body.started_at, "started_at"),
        expires_at=moment(body.expires_at, "expires_at"),
        passed=body.passed,
        score_percent=None if body.score_percent is None else Decimal(str(body.score_percent)),
        score_text=body.score_text,
        time_spent=body.time_spent,
        certificate=body.certificate,
        is_prior=body.is_prior,
        key=None if body.key is UNSET else _key(body, body.key),
        application=caller.application,
        created_by=caller.person,
    )


def record(stored: Record) -> wire.Record:
    return wire.Record(
        id=to_ulid(stored.id, "record"),
        person=id_of(stored.person, "person"),
        item=id_of(stored.item, "item"),
        title=stored.title,
        provider=stored.provider,
        source=stored.source,
        key=stored.source_id,
        revision=stored.revision,
        created_at=instant(stored.created_at) or "",
        updated_at=instant(stored.updated_at) or "",
        voided_at=instant(stored.voided_at),
        **_content(stored),
    )


def with_history(stored: Record, revisions: Sequence[Revision], tellings: Sequence[Telling]) -> wire.RecordWithHistory:
    shown = record(stored)
    return wire.RecordWithHistory(
        **{name: getattr(shown, name) for name in shown.__struct_fields__},
        revisions=[_revision(revision) for revision in revisions],
        reports=[_telling(telling) for telling in tellings],
        extra=dict(stored.extra),
    )


def _revision(stored: Revision) -> wire.Revision:
    return wire.Revision(
        number=stored.seen.revision,
        recorded_at=instant(stored.seen.recorded_at) or "",
        ended_at=instant(stored.seen.voided_at),
        ended_as=stored.ended_as,  # type: ignore[arg-type]  # the table's constraint has these words
        **_content(stored.seen),
    )


def _telling(stored: Telling) -> wire.Telling:
    return wire.Telling(
        dialect=stored.report.dialect,
        client=to_ulid(stored.report.client, "client"),
        method=stored.report.method,
        path=stored.report.path,
        body=stored.report.body,
        repeats=stored.repeats,
        first_at=instant(stored.first_at) or "",
        last_at=instant(stored.last_at) or "",
    )


def _content(stored: Record) -> dict[str, Any]:
    completed = stored.completed
    day_only = completed is not None and completed.precision is Precision.DAY
    return {
        "item_version": stored.item_version,
        "completed_at": completed.at.date().isoformat() if completed and day_only else instant(_at(completed)),
        "started_at": instant(stored.started_at),
        "expires_at": instant(stored.expires_at),
        "passed": stored.passed,
        "score_percent": None if stored.score_percent is None else float(stored.score_percent),
        "score_text": stored.score_text,
        "time_spent": stored.time_spent,
        "certificate": stored.certificate,
        "is_prior": stored.is_prior,
    }


def _at(completed: When | None) -> Any:
    return completed.at if completed else None


def _when(text: str | None) -> When | None:
    if text is None:
        return None
    try:
        return parse_when(text)
    except ValueError as error:
        raise InvalidInput(FieldFault("completed_at", "format", str(error))) from error


def _item(body: wire.CreateRecord) -> Reference | Outside:
    if (body.item is None) == (body.title is None):
        code = "missing" if body.item is None else "duplicate"
        raise InvalidInput(FieldFault("item", code, "either item or title must say what was learnt"))
    if body.item is not None:
        if body.provider is not None:
            raise InvalidInput(FieldFault("provider", "unknown", "belongs to a title; an item has its own"))
        return item(body.item, "item")
    if not body.title or not body.title.strip():
        raise InvalidInput(FieldFault("title", "range", "may not be blank"))
    return Outside(body.title, body.provider)


def _key(body: wire.CreateRecord, key: str) -> SourceKey:
    content = msgspec.json.encode(body)
    return SourceKey(source=SOURCE, value=key, fingerprint=hashlib.sha256(content).digest())
