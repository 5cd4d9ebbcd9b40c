"""Assignments and their versions."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from testamur.core.assignments import Assignment, AssignmentEdit, AssignmentVersion, Keep, NewAssignment
from testamur.core.ids import Id, to_ulid
from testamur.core.people import Reference
from testamur.dialects.api.translate import audience, item
from testamur.dialects.api.wire import assignments as wire
from testamur.http.replies import instant


def new_assignment(body: wire.CreateAssignment) -> NewAssignment:
    return NewAssignment(
        audience=audience(body.audience, "audience"),
        primary=item(body.item, "item"),
        alternatives=_alternatives(body.alternatives),
        hide_alternatives=body.hide_alternatives,
        completion_period_days=body.completion_period_days,
        recurrence_days=body.recurrence_days,
    )


def edit(body: wire.ChangeAssignment) -> AssignmentEdit:
    alternatives = None
    if body.alternatives is not UNSET:
        alternatives = _alternatives(body.alternatives or ())
    return AssignmentEdit(
        primary=None if body.item is UNSET else item(body.item, "item"),
        alternatives=alternatives,
        hide_alternatives=None if body.hide_alternatives is UNSET else body.hide_alternatives,
        completion_period_days=None if body.completion_period_days is UNSET else body.completion_period_days,
        recurrence_days=Keep.KEEP if body.recurrence_days is UNSET else body.recurrence_days,
    )


def assignment(stored: Assignment) -> wire.Assignment:
    return wire.Assignment(
        id=to_ulid(stored.id, "assignment"),
        audience=to_ulid(stored.audience, "audience"),
        item=to_ulid(stored.primary, "item"),
        alternatives=_ids(stored.alternatives),
        hide_alternatives=stored.hide_alternatives,
        completion_period_days=stored.completion_period_days,
        recurrence_days=stored.recurrence_days,
        is_active=stored.is_active,
        created_at=instant(stored.created_at) or "",
        updated_at=instant(stored.updated_at) or "",
        deleted_at=instant(stored.deleted_at),
    )


def with_versions(stored: Assignment, versions: Sequence[AssignmentVersion]) -> wire.AssignmentWithVersions:
    shown = assignment(stored)
    return wire.AssignmentWithVersions(
        **{name: getattr(shown, name) for name in shown.__struct_fields__},
        versions=[_version(version) for version in versions],
    )


def _version(stored: AssignmentVersion) -> wire.AssignmentVersion:
    return wire.AssignmentVersion(
        number=stored.number,
        effective_on=stored.effective_on.isoformat(),
        recorded_at=instant(stored.recorded_at) or "",
        acts_at=instant(stored.acts_at) or "",
        item=to_ulid(stored.primary, "item"),
        alternatives=_ids(stored.alternatives),
        hide_alternatives=stored.hide_alternatives,
        completion_period_days=stored.completion_period_days,
        recurrence_days=stored.recurrence_days,
        is_active=stored.is_active,
        is_deleted=stored.is_deleted,
    )


def _alternatives(texts: Sequence[str]) -> tuple[Reference, ...]:
    return tuple(item(text, f"alternatives[{place}]") for place, text in enumerate(texts))


def _ids(items: Sequence[Id]) -> list[str]:
    return [to_ulid(id, "item") for id in items]
