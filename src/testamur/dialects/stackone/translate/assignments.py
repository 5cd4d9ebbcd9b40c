"""Assignments, both ways: what is assigned to people, as StackOne says it.

An id is made of two, the assignment's and the person's, one spelled after the other.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import msgspec

from testamur.core.assigned import Assigned, Place
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import parse, to_hex24, to_opaque
from testamur.core.moments import When, parse_when
from testamur.core.people import Reference
from testamur.core.personal_assignments import NewPersonalAssignment
from testamur.core.vocabularies import UnifiedStatus, source_status, unified_status
from testamur.dialects.stackone.translate import UNMAPPED, enum, user, word_of
from testamur.dialects.stackone.wire import Enum
from testamur.dialects.stackone.wire import assignments as wire
from testamur.http.replies import instant

FIELDS = wire.Assignment.__struct_fields__
STATUSES = tuple(status.value for status in UnifiedStatus)

_TYPES = frozenset({"content", "course", "collection"})
_TEXT_MAX = 500
_EXTRA_MAX_BYTES = 64 * 1024
_SPELLED = 24


def place_of(text: str) -> Place | None:
    """The assignment and person that an id names, in either spelling; None when it is no such id."""
    if len(text) != 2 * _SPELLED:
        return None
    assignment, person = parse(text[:_SPELLED], "assignment"), parse(text[_SPELLED:], "person")
    return Place(assignment, person) if assignment and person else None


def assignment(assigned: Assigned) -> wire.Assignment:
    person, item = assigned.place.person, assigned.item
    ids = (assigned.place.assignment, person)
    item_id, item_remote_id = to_opaque(item.id), to_hex24(item.id)
    is_course = item.kind == "course"
    completion, progress = assigned.completion, assigned.progress_percent
    certificate = completion.certificate if completion else None
    passed = completion.passed if completion else None
    return wire.Assignment(
        id="".join(map(to_opaque, ids)),
        remote_id="".join(map(to_hex24, ids)),
        external_reference=assigned.reference,
        learning_object_id=item_id,
        remote_learning_object_id=item_remote_id,
        learning_object_external_reference=item.reference,
        progress=None if progress is None else float(progress),
        updated_at=instant(assigned.updated_at),
        created_at=instant(assigned.created_at),
        due_date=instant(assigned.due_at),
        status=Enum(unified_status(assigned.step).value, source_status(assigned.step).value),
        learning_object_type=enum(item.kind) if item.kind in _TYPES else enum(UNMAPPED, item.kind),
        user_id=to_opaque(person),
        remote_user_id=to_hex24(person),
        course_id=item_id if is_course else None,
        remote_course_id=item_remote_id if is_course else None,
        certificate_url=certificate if certificate and certificate.startswith(("https://", "http://")) else None,
        result=None if passed is None else enum("Pass" if passed else "Fail"),
        completed_at=instant(completion.completed_at) if completion else None,
        assigned_at=instant(assigned.assigned_at),
    )


def new_assignment(user_id: str, body: wire.CreateAssignment) -> NewPersonalAssignment:
    """Something to be assigned to a user. Raises: InvalidInput naming the field."""
    if body.passthrough and len(msgspec.json.encode(body.passthrough)) > _EXTRA_MAX_BYTES:
        raise InvalidInput(FieldFault("passthrough", "range", f"takes {_EXTRA_MAX_BYTES} bytes at most"))
    given = body.status
    if given is not None and given.value is not None:
        # An example of the vendor's first edition writes a hyphen.
        given = Enum(given.value.replace("-", "_"), given.source_value)
    status = word_of(given, ("pending", "in_progress"), "status")
    assigned = _when(body.assigned_at, "assigned_at") or _when(body.created_at, "created_at")
    extra: dict[str, Any] = {"passthrough": body.passthrough} if body.passthrough else {}
    return NewPersonalAssignment(
        person=user(user_id),
        item=_learning_object(body),
        reference=body.external_reference or None,
        assigned_at=None if assigned is None else assigned.at,
        due=_when(body.due_date, "due_date"),
        is_started=status == "in_progress",
        progress_percent=None if body.progress is None else Decimal(str(body.progress)),
        extra=extra or None,
    )


def _learning_object(body: wire.CreateAssignment) -> Reference:
    for field in ("learning_object_external_reference", "learning_object_id"):
        text: str | None = getattr(body, field)
        if text:
            if len(text) > _TEXT_MAX:
                raise InvalidInput(FieldFault(field, "range", f"takes {_TEXT_MAX} characters at most"))
            return Reference(text, ("ref", "stackone"), "item", field)
    raise InvalidInput(FieldFault("learning_object_external_reference", "missing", "is required"))


def _when(text: str | None, field: str) -> When | None:
    if not text:
        return None
    try:
        return parse_when(text)
    except ValueError as error:
        raise InvalidInput(FieldFault(field, "format", str(error))) from error
