"""Audiences and structures, and the results of calls that take many people at once."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from testamur.core.audiences import Audience, AudienceCategory, AudienceChange, Member, NewAudience, Outcome
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_hex24
from testamur.core.people import Reference
from testamur.dialects.thrive.translate import audience as reference_of
from testamur.dialects.thrive.wire import audiences as wire
from testamur.http.replies import instant

_PERSON_KINDS = ("email", "ref", "thrive")


def person(text: str, field: str) -> Reference:
    """A user by email, ref or id."""
    return Reference(text, _PERSON_KINDS, "person", field)


def new_audience(body: wire.CreateAudience) -> NewAudience:
    """Raises InvalidInput for a structure with a parent and for an audience without one."""
    category = body.category or (AudienceCategory.AUDIENCE if body.parent_id else AudienceCategory.STRUCTURE)
    parent = _parent(body.parent_id, category)
    if parent is None and category is AudienceCategory.AUDIENCE:
        raise InvalidInput(FieldFault("parentId", "missing", "is required: an audience stands in a structure"))
    return NewAudience(
        name=body.name or body.reference,
        category=category,
        reference=body.reference,
        parent=parent,
    )


def change(body: wire.UpdateAudience, stored: Audience) -> AudienceChange:
    """Raises InvalidInput for a parent of a structure and for an empty one of an audience."""
    parent = None
    if body.parent_id is not UNSET:
        parent = _parent(body.parent_id, stored.category)
        if parent is None and stored.category is AudienceCategory.AUDIENCE:
            raise InvalidInput(FieldFault("parentId", "missing", "may not be empty: an audience stands in a structure"))
    return AudienceChange(name=body.name or None, reference=body.reference or None, parent=parent)


def audience(stored: Audience) -> wire.Audience:
    return wire.Audience(
        id=to_hex24(stored.id),
        name=stored.name,
        reference=stored.reference,
        api_controlled=stored.is_api_controlled,
        category=stored.category,
        type="smart" if stored.is_smart else "manual",
        parent=_stored_parent(stored),
        created_at=instant(stored.created_at),
        updated_at=instant(stored.updated_at),
    )


def changed_audience(stored: Audience, moved: wire.BulkResult | None) -> wire.ChangedAudience:
    read = audience(stored)
    return wire.ChangedAudience(
        id=read.id,
        name=read.name,
        reference=read.reference,
        api_controlled=read.api_controlled,
        category=read.category,
        type=read.type,
        parent=read.parent,
        created_at=read.created_at,
        updated_at=read.updated_at,
        member_operations=moved,
    )


def moved(total: int, members: Sequence[Member]) -> wire.BulkResult:
    """Those who moved along with their audience: how many, and the first of them."""
    named = [wire.Entity(member.reference or member.email or to_hex24(member.person)) for member in members]
    return wire.BulkResult(wire.Succeeded(total, named))


def bulk_result(outcomes: Sequence[Outcome]) -> wire.BulkResult:
    worked = [wire.Entity(outcome.reference) for outcome in outcomes if outcome.reason is None]
    failed = [wire.FailedEntity(outcome.reason, outcome.reference) for outcome in outcomes if outcome.reason]
    return wire.BulkResult(
        success=wire.Succeeded(len(worked), worked),
        failure=wire.Failed(len(failed), failed) if failed else UNSET,
    )


def _parent(text: str | None, category: AudienceCategory) -> Reference | None:
    if not text:
        return None
    if category is AudienceCategory.STRUCTURE:
        raise InvalidInput(FieldFault("parentId", "range", "must be empty: a structure stands in nothing"))
    return reference_of(text, "parentId")


def _stored_parent(stored: Audience) -> wire.AudienceParent | None:
    if stored.parent is None:
        return None
    assert stored.parent_name is not None
    return wire.AudienceParent(stored.parent_name, stored.parent_reference, to_hex24(stored.parent))
