"""Audiences and their members."""

from __future__ import annotations

from msgspec import UNSET

from testamur.core.audiences import Audience, AudienceCategory, AudienceChange, Membership, NewAudience
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_ulid
from testamur.dialects.api.translate import audience as by_name
from testamur.dialects.api.translate import id_of
from testamur.dialects.api.wire import audiences as wire
from testamur.http.replies import instant


def new_audience(body: wire.CreateAudience) -> NewAudience:
    """An audience to be added. Raises InvalidInput, AudienceNotFound."""
    _check(body)
    return NewAudience(
        name=body.name,
        category=AudienceCategory(body.category),
        reference=body.ref,
        parent=None if body.parent is None else by_name(body.parent, "parent"),
    )


def change(body: wire.ChangeAudience) -> AudienceChange:
    """What is to be different. Raises InvalidInput, AudienceNotFound."""
    _check(body)
    return AudienceChange(
        name=body.name or None,
        reference=body.ref or None,
        parent=by_name(body.parent, "parent") if body.parent else None,
        clears=frozenset(name for name, said in (("reference", body.ref), ("parent", body.parent)) if said is None),
    )


def audience(stored: Audience) -> wire.Audience:
    return wire.Audience(
        id=to_ulid(stored.id, "audience"),
        name=stored.name,
        category=stored.category.value,
        ref=stored.reference,
        parent=id_of(stored.parent, "audience"),
        is_api_controlled=stored.is_api_controlled,
        is_smart=stored.is_smart,
        created_at=instant(stored.created_at) or "",
        updated_at=instant(stored.updated_at) or "",
    )


def membership(stored: Membership) -> wire.Membership:
    return wire.Membership(
        person=to_ulid(stored.person, "person"),
        ref=stored.reference,
        email=stored.email,
        joined_on=stored.joined_on.isoformat(),
        left_on=stored.left_on.isoformat() if stored.left_on else None,
        joined_recorded_at=instant(stored.joined_recorded_at) or "",
        left_recorded_at=instant(stored.left_recorded_at),
    )


def _check(body: wire.CreateAudience | wire.ChangeAudience) -> None:
    for name, text in (("name", body.name), ("ref", body.ref)):
        # A blank at an end would make two references that look the same.
        if text is not UNSET and text is not None and text != text.strip():
            raise InvalidInput(FieldFault(name, "format", "may not begin or end with a blank"))
