"""Invitations."""

from __future__ import annotations

from testamur.core.ids import to_hex24
from testamur.core.invitations import Invitation, NewInvitation
from testamur.dialects.rise.translate import Links
from testamur.dialects.rise.wire import invitations as wire


def new_invitation(body: wire.Invite) -> NewInvitation:
    return NewInvitation(
        email=body.email,
        given_name=body.first_name or "",
        family_name=body.last_name or "",
        role=body.role or "learner",
        groups=tuple(body.groups or ()),
    )


def invitation(stored: Invitation, links: Links) -> wire.Invitation:
    return wire.Invitation(
        id=to_hex24(stored.id),
        email=stored.email or "",
        first_name=stored.given_name,
        last_name=stored.family_name,
        role=stored.role,
        groups=list(stored.groups),
        url=links.invitation(stored.id),
    )
