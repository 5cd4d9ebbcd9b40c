"""Invitations."""

from __future__ import annotations

from testamur.core.errors import InvitationNotFound
from testamur.core.ids import parse, to_ulid
from testamur.core.invitations import Invitation, NewInvitation
from testamur.core.people import Reference
from testamur.dialects.api.translate import id_of
from testamur.dialects.api.wire import invitations as wire
from testamur.http.replies import instant


def by_name(text: str) -> Reference:
    """An invitation by an id in any spelling. Raises InvitationNotFound for other texts."""
    if parse(text, "invitation") is None:
        raise InvitationNotFound(f"No invitation {text!r} in this tenant", field="invitation")
    return Reference(text, (), "invitation", "invitation")


def new_invitation(body: wire.Invite) -> NewInvitation:
    return NewInvitation(
        email=body.email,
        given_name=body.given_name,
        family_name=body.family_name,
        role=body.role,
        groups=tuple(body.groups),
    )


def invitation(stored: Invitation) -> wire.Invitation:
    return wire.Invitation(
        id=to_ulid(stored.id, "invitation"),
        status="accepted" if stored.accepted_at else "withdrawn" if stored.withdrawn_at else "pending",
        email=stored.email,
        given_name=stored.given_name,
        family_name=stored.family_name,
        role=stored.role,
        groups=list(stored.groups),
        invited_at=instant(stored.invited_at) or "",
        accepted_at=instant(stored.accepted_at),
        person=id_of(stored.person, "person"),
        withdrawn_at=instant(stored.withdrawn_at),
    )
