"""Learning records.

A record's `extra` holds what only cPod has words for: title, provider and references as they were written, the type of
its source, and under `ids` the references by value, which filters compare.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from msgspec import UNSET

from testamur.core.callers import Caller
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, to_ulid, to_uuid
from testamur.core.items import Outside
from testamur.core.moments import Precision, When, parse_when
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Record
from testamur.dialects.cpod.translate import person, reference_id
from testamur.dialects.cpod.wire import records as wire
from testamur.http.replies import instant

SOURCE_DEFAULT = "edm"
SOURCE_TYPE_DEFAULT = "api"
SCHEMA_VERSION = 1
_REFERENCES = {"person_id": "person", "linked_cohort_id": "cohort", "linked_assessment_id": "assessment"}
_WRITTEN = {**{field: field for field in _REFERENCES}, "person_id": "person_ref"}
"""Where `extra` keeps a reference as it was written."""
_STRICT = ("person_id", "title")

T = TypeVar("T")


def new_record(body: wire.CreateLearningRecord, caller: Caller, *, strict: bool) -> NewRecord:
    """A record as its sender tells it: title, provider and references are kept as written.

    Args:
        strict: whether it needs a person and a title.
    Raises: InvalidInput naming every field that is wrong.
    """
    faults = [FieldFault(field, "missing", "is required") for field in _STRICT if strict and not getattr(body, field)]
    completed = _read(faults, "completed_at", body.completed_at, _moment)
    expires_at = _read(faults, "expires_at", body.expires_at, _end)
    extra: dict[str, Any] = {
        "title": body.title,
        "provider": body.provider,
        "source_type": body.source_type or SOURCE_TYPE_DEFAULT,
        "ids": {},
    }
    for field in _REFERENCES:
        _refer(faults, extra, field, getattr(body, field))
    if faults:
        raise InvalidInput(faults)
    return NewRecord(
        source=body.source or SOURCE_DEFAULT,
        person=None if body.person_id is None else person(body.person_id, "person_id"),
        item=_item(body.title, body.provider),
        completed=completed,
        expires_at=expires_at,
        passed=body.passed,
        score_percent=_score(body.score),
        certificate=body.certification_ref,
        is_loose=True,
        is_repeatable=True,
        application=caller.application,
        created_by=caller.person,
        extra=extra,
    )


def revised(record: Record, body: wire.ChangeLearningRecord, caller: Caller, *, strict: bool) -> NewRecord:
    """A record as it is after a patch (RFC 7396), whichever dialect told it.

    A new title names an item as that of a new record does; what the record is about stays otherwise.

    Raises: InvalidInput naming every field that is wrong.
    """
    faults = [
        FieldFault(field, "missing", "is required")
        for field in _STRICT
        if strict and getattr(body, field) is not UNSET and not getattr(body, field)
    ]
    completed, expires_at = record.completed, record.expires_at
    if body.completed_at is not UNSET:
        completed = _read(faults, "completed_at", body.completed_at, _moment)
    if body.expires_at is not UNSET:
        expires_at = _read(faults, "expires_at", body.expires_at, _end)
    extra = {**record.extra, "ids": dict(record.extra.get("ids", {}))}
    for field in _REFERENCES:
        if (written := getattr(body, field)) is not UNSET:
            _refer(faults, extra, field, written)
    if faults:
        raise InvalidInput(faults)
    if body.source_type is not UNSET:
        extra["source_type"] = body.source_type or SOURCE_TYPE_DEFAULT
    title = record.title if body.title is UNSET else body.title
    provider = record.provider if body.provider is UNSET else body.provider
    if body.title is not UNSET or body.provider is not UNSET:
        extra["title"], extra["provider"] = title, provider
    # What is outside of the catalogue is known by title and provider together.
    is_other_item = title != record.title or (record.item_kind in (None, "outside") and provider != record.provider)
    return NewRecord(
        source=record.source if body.source is UNSET else body.source or SOURCE_DEFAULT,
        person=_person(record, body),
        item=_item(title, provider) if is_other_item else _own(record.item, "item"),
        completed=completed,
        started_at=record.started_at,
        expires_at=expires_at,
        passed=record.passed if body.passed is UNSET else body.passed,
        score_percent=record.score_percent if body.score is UNSET else _score(body.score),
        # As the source wrote the score that is no more.
        score_text=record.score_text if body.score is UNSET else None,
        time_spent=record.time_spent,
        certificate=record.certificate if body.certification_ref is UNSET else body.certification_ref,
        is_prior=record.is_prior,
        is_loose=True,
        is_repeatable=True,
        created_by=caller.person,
        extra=extra,
    )


def learning_record(record: Record, tenant: Id, ids: str) -> wire.LearningRecord:
    """A record of any source. The tenant's id is spelled as in the token's claim.

    Args:
        ids: how ids are printed, as `Manners.ids` has it.
    """
    extra = record.extra

    def spell(id: Id | None, noun: str) -> str | None:
        return None if id is None else to_uuid(id) if ids == "uuid" else to_ulid(id, noun)

    def reference(field: str, known: Id | None = None) -> str | None:
        value: str | None = extra.get("ids", {}).get(field)
        written: str | None = extra.get(_WRITTEN[field])
        # Only what came through this door has its value; another source's spelling of a person is no id here. How
        # somebody was written is forgotten together with her.
        if value is None or written is None:
            return spell(known, _REFERENCES[field])
        return value if ids == "uuid" else written

    return wire.LearningRecord(
        id=spell(record.id, "record") or "",
        tenant_id=str(tenant),
        app_id=record.application or UNSET,
        created_at=instant(record.created_at) or "",
        updated_at=instant(record.updated_at) or "",
        created_by=spell(record.created_by, "person"),
        updated_by=spell(record.voided_by or record.updated_by, "person"),
        source=record.source,
        source_type=extra.get("source_type", SOURCE_TYPE_DEFAULT),
        is_deleted=record.voided_at is not None,
        deleted_at=instant(record.voided_at),
        deleted_by=spell(record.voided_by, "person"),
        schema_version=SCHEMA_VERSION,
        person_id=reference("person_id", record.person),
        title=record.title,
        provider=record.provider,
        completed_at=instant(record.completed.at) if record.completed else None,
        expires_at=instant(record.expires_at),
        score=_number(record.score_percent),
        passed=record.passed,
        certification_ref=record.certificate,
        linked_cohort_id=reference("linked_cohort_id"),
        linked_assessment_id=reference("linked_assessment_id"),
    )


def _read(faults: list[FieldFault], field: str, text: str | None, read: Callable[[str], T]) -> T | None:
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        faults.append(FieldFault(field, "format", str(error)))
        return None


def _refer(faults: list[FieldFault], extra: dict[str, Any], field: str, written: str | None) -> None:
    """Keep a reference in `extra`, as written and by value; None leaves none."""
    extra["ids"].pop(field, None)
    extra.pop(_WRITTEN[field], None)
    id = _read(faults, field, written, partial(reference_id, noun=_REFERENCES[field]))
    if id is not None:
        extra["ids"][field], extra[_WRITTEN[field]] = str(id), written


def _person(record: Record, body: wire.ChangeLearningRecord) -> Reference | None:
    """Whom a patched record is about. Somebody who was not known when it was written may be by now."""
    written = body.person_id
    if written is UNSET:
        if record.person is not None:
            return _own(record.person, "person")
        written = record.extra.get("person_ref") if "person_id" in record.extra.get("ids", {}) else None
    return None if written is None else person(written, "person_id")


def _own(id: Id | None, noun: str) -> Reference | None:
    return None if id is None else Reference(str(id), (), noun)


def _item(title: str | None, provider: str | None) -> Outside | None:
    # A title of blanks names nothing that could be shown elsewhere.
    return Outside(title, provider) if title and title.strip() else None


def _score(score: float | None) -> Decimal | None:
    return None if score is None else Decimal(str(score))


def _moment(text: str) -> When:
    return parse_when(text, days=False)


def _end(text: str) -> datetime:
    """A bare day lasts to its end in UTC."""
    end = parse_when(text)
    return end.at + timedelta(days=1, milliseconds=-1) if end.precision is Precision.DAY else end.at


def _number(score: Decimal | None) -> float | None:
    """Whole scores without decimals, as JavaScript writes them."""
    if score is None:
        return None
    return int(score) if score == int(score) else float(score)
