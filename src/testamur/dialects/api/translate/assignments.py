"""Assignments and their versions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

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
        renewal_window_days=body.renewal_window_days,
        renewal_grace_days=body.renewal_grace_days,
        anchor=body.anchor,
        calendar_days=_pairs(body.calendar_days),
        minimum_credit_days=body.minimum_credit_days,
        prior_credit=body.prior_credit,
        has_notice_floor=body.has_notice_floor,
        zone=body.zone,
    )


def edit(body: wire.ChangeAssignment) -> AssignmentEdit:
    alternatives = None
    if body.alternatives is not UNSET:
        alternatives = _alternatives(body.alternatives or ())
    calendar_days = None if body.calendar_days is UNSET else _pairs(body.calendar_days or ())
    return AssignmentEdit(
        primary=None if body.item is UNSET else item(body.item, "item"),
        alternatives=alternatives,
        hide_alternatives=None if body.hide_alternatives is UNSET else body.hide_alternatives,
        completion_period_days=None if body.completion_period_days is UNSET else body.completion_period_days,
        recurrence_days=Keep.KEEP if body.recurrence_days is UNSET else body.recurrence_days,
        renewal_window_days=None if body.renewal_window_days is UNSET else body.renewal_window_days,
        renewal_grace_days=Keep.KEEP if body.renewal_grace_days is UNSET else body.renewal_grace_days,
        anchor=None if body.anchor is UNSET else body.anchor,
        calendar_days=calendar_days,
        minimum_credit_days=Keep.KEEP if body.minimum_credit_days is UNSET else body.minimum_credit_days,
        prior_credit=None if body.prior_credit is UNSET else body.prior_credit,
        has_notice_floor=None if body.has_notice_floor is UNSET else body.has_notice_floor,
        zone=Keep.KEEP if body.zone is UNSET else body.zone,
        applies_to_open=body.applies_to_open,
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
        **_renewal(stored),
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
        applies_to_open=stored.applies_to_open,
        **_renewal(stored),
    )


def _renewal(stored: Assignment | AssignmentVersion) -> dict[str, Any]:
    return {
        "renewal_window_days": stored.renewal_window_days,
        "renewal_grace_days": stored.renewal_grace_days,
        "anchor": stored.anchor,
        "calendar_days": [f"{month:02}-{day:02}" for month, day in stored.calendar_days],
        "minimum_credit_days": stored.minimum_credit_days,
        "prior_credit": stored.prior_credit,
        "has_notice_floor": stored.has_notice_floor,
        "zone": stored.zone,
    }


def _pairs(days: Sequence[str]) -> tuple[tuple[int, int], ...]:
    return tuple((int(text[:2]), int(text[3:])) for text in days)


def _alternatives(texts: Sequence[str]) -> tuple[Reference, ...]:
    return tuple(item(text, f"alternatives[{place}]") for place, text in enumerate(texts))


def _ids(items: Sequence[Id]) -> list[str]:
    return [to_ulid(id, "item") for id in items]
