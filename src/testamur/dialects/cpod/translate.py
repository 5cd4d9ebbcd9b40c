"""cPod's words and ours. Pure functions."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar

from msgspec import UNSET

from testamur.core.callers import Caller
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import PREFIXES, Id, parse, to_ulid
from testamur.core.items import Outside
from testamur.core.moments import Precision, When, parse_when
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Record
from testamur.dialects.cpod import wire
from testamur.http.replies import instant

SOURCE_DEFAULT = "edm"
SOURCE_TYPE_DEFAULT = "api"
SCHEMA_VERSION = 1
_LINKS = ("linked_cohort_id", "linked_assessment_id")
_REFERENCES = {"person_id": "person", "linked_cohort_id": "cohort", "linked_assessment_id": "assessment"}

T = TypeVar("T")


def person(text: str, field: str) -> Reference:
    """A person id: one that came along from cPod, or our own."""
    return Reference(text, ("cpod",), "person", field)


def reference_id(text: str, noun: str) -> Id:
    """The value of an id in any of its spellings. Raises ValueError: unreadable, or with another noun's prefix."""
    id = parse(text, noun)
    if id is None:
        raise ValueError(f"must be a UUID, or a ULID such as {PREFIXES[noun]}_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    return id


def new_record(body: wire.CreateLearningRecord, caller: Caller) -> NewRecord:
    """A record as its sender tells it: title, provider and references are kept as written.

    `extra` holds, besides what is written as it is, `ids`: the references by value, which filters compare.

    Raises: InvalidInput naming every field that is wrong.
    """
    faults: list[FieldFault] = []
    completed = _read(faults, "completed_at", body.completed_at, _moment)
    expires_at = _read(faults, "expires_at", body.expires_at, _end)
    ids = {
        field: _read(faults, field, getattr(body, field), partial(reference_id, noun=noun))
        for field, noun in _REFERENCES.items()
    }
    if faults:
        raise InvalidInput(faults)
    extra: dict[str, Any] = {
        "title": body.title,
        "provider": body.provider,
        "source_type": body.source_type or SOURCE_TYPE_DEFAULT,
        "ids": {field: str(id) for field, id in ids.items() if id is not None},
        **{field: value for field in _LINKS if (value := getattr(body, field)) is not None},
    }
    if body.person_id is not None:
        extra["person_ref"] = body.person_id
    return NewRecord(
        source=body.source or SOURCE_DEFAULT,
        person=None if body.person_id is None else person(body.person_id, "person_id"),
        # A title of blanks names nothing that could be shown elsewhere.
        item=Outside(body.title, body.provider) if body.title and body.title.strip() else None,
        completed=completed,
        expires_at=expires_at,
        passed=body.passed,
        score_percent=None if body.score is None else Decimal(str(body.score)),
        certificate=body.certification_ref,
        is_loose=True,
        is_repeatable=True,
        application=caller.application,
        created_by=caller.person,
        extra=extra,
    )


def learning_record(record: Record, tenant: Id) -> wire.LearningRecord:
    """A record of any source. The tenant's id is spelled as in the token's claim."""
    extra = record.extra
    return wire.LearningRecord(
        id=to_ulid(record.id, "record"),
        tenant_id=str(tenant),
        app_id=record.application or UNSET,
        created_at=instant(record.created_at) or "",
        updated_at=instant(record.updated_at) or "",
        created_by=_person_id(record.created_by),
        updated_by=_person_id(record.voided_by or record.updated_by),
        source=record.source,
        source_type=extra.get("source_type", SOURCE_TYPE_DEFAULT),
        is_deleted=record.voided_at is not None,
        deleted_at=instant(record.voided_at),
        deleted_by=_person_id(record.voided_by),
        schema_version=SCHEMA_VERSION,
        # Only what came through this door has `ids`; another source's spelling of a person is no id here.
        person_id=extra.get("person_ref") if "ids" in extra else _person_id(record.person),
        title=record.title,
        provider=record.provider,
        completed_at=instant(record.completed.at) if record.completed else None,
        expires_at=instant(record.expires_at),
        score=_number(record.score_percent),
        passed=record.passed,
        certification_ref=record.certificate,
        linked_cohort_id=extra.get("linked_cohort_id"),
        linked_assessment_id=extra.get("linked_assessment_id"),
    )


def _read(faults: list[FieldFault], field: str, text: str | None, read: Callable[[str], T]) -> T | None:
    if text is None:
        return None
    try:
        return read(text)
    except ValueError as error:
        faults.append(FieldFault(field, "format", str(error)))
        return None


def _moment(text: str) -> When:
    return parse_when(text, days=False)


def _end(text: str) -> datetime:
    """A bare day lasts to its end in UTC."""
    end = parse_when(text)
    return end.at + timedelta(days=1, milliseconds=-1) if end.precision is Precision.DAY else end.at


def _person_id(id: Id | None) -> str | None:
    return None if id is None else to_ulid(id, "person")


def _number(score: Decimal | None) -> float | None:
    """Whole scores without decimals, as JavaScript writes them."""
    if score is None:
        return None
    return int(score) if score == int(score) else float(score)
