"""Completions, both ways."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import msgspec

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.moments import When, is_duration, parse_when
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Shown
from testamur.dialects.stackone.translate import SOURCE, user, word_of
from testamur.dialects.stackone.wire import Enum
from testamur.dialects.stackone.wire import completions as wire
from testamur.ledger.shapes import Shape

FIELDS = wire.Completion.__struct_fields__
COMPLETION = Shape.read(Path(__file__).with_name("completion.sql"))

_TEXT_MAX = 500
_FIELDS_MAX_BYTES = 64 * 1024


def new_record(user_id: str, body: wire.CreateCompletion, now: datetime) -> NewRecord:
    """A completion to be recorded. Without `completed_at` it is dated by its receipt.

    Raises: InvalidInput naming the field.
    """
    custom = {name: value for name in ("unified_custom_fields", "passthrough") if (value := getattr(body, name))}
    if custom and len(msgspec.json.encode(custom)) > _FIELDS_MAX_BYTES:
        raise InvalidInput(FieldFault(next(iter(custom)), "range", f"takes {_FIELDS_MAX_BYTES} bytes at most"))
    if body.time_spent is not None and not is_duration(body.time_spent):
        raise InvalidInput(FieldFault("time_spent", "format", "must be an ISO 8601 duration, such as PT1H30M"))
    percent, score_text = _score(body.score)
    return NewRecord(
        source=SOURCE,
        person=user(user_id),
        item=_learning_object(body),
        completed=_completed(body.completed_at, now),
        passed=_passed(body.result),
        score_percent=percent,
        score_text=score_text,
        time_spent=body.time_spent,
        extra=custom or None,
    )


def completion(shown: Shown, fields: Sequence[str]) -> Any:
    """A record in the shape `COMPLETION`, or just these members of it."""
    if not fields:
        return msgspec.Raw(shown.json)
    members = msgspec.json.decode(shown.json, type=dict[str, msgspec.Raw])
    return {name: members[name] for name in fields}


def _learning_object(body: wire.CreateCompletion) -> Reference:
    for field in (
        "learning_object_external_reference",
        "learning_object_id",
        "content_external_reference",
        "content_id",
    ):
        text: str | None = getattr(body, field)
        if text:
            if len(text) > _TEXT_MAX:
                raise InvalidInput(FieldFault(field, "range", f"takes {_TEXT_MAX} characters at most"))
            return Reference(text, ("ref", "stackone"), "item", field)
    raise InvalidInput(FieldFault("learning_object_external_reference", "missing", "is required"))


def _completed(text: str | None, now: datetime) -> When:
    if text is None:
        return When.instant(now)
    try:
        return parse_when(text)
    except ValueError as error:
        raise InvalidInput(FieldFault("completed_at", "format", str(error))) from error


def _passed(result: Enum | None) -> bool | None:
    word = word_of(result, ("Pass", "Fail"), "result")
    return None if word is None else word == "Pass"


def _score(score: wire.Score | None) -> tuple[Decimal | None, str | None]:
    if score is None:
        return None, None
    if score.raw_value is not None and len(score.raw_value) > _TEXT_MAX:
        raise InvalidInput(FieldFault("score.raw_value", "range", f"takes {_TEXT_MAX} characters at most"))
    if score.percentage is None:
        return None, score.raw_value
    if not 0 <= score.percentage <= 100:
        raise InvalidInput(FieldFault("score.percentage", "range", "must be 0 to 100"))
    return Decimal(str(score.percentage)), score.raw_value
