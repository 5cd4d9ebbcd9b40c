"""Invitations."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from testamur.core.audiences import NAME_MAX_LENGTH
from testamur.core.invitations import EMAIL_LENGTH_MAX, GROUPS_MAX
from testamur.dialects.api.wire import Moment, Short

Status = Literal["pending", "accepted", "withdrawn"]
Name = Annotated[str, Meta(max_length=500)]
Group = Annotated[str, Meta(min_length=1, max_length=NAME_MAX_LENGTH)]


class Invitation(Struct, kw_only=True):
    """An invitation as read. Of somebody who was forgotten the names are empty and the address is null.

    Args:
        groups: names of audiences she is to be a member of.
        person: who accepted it.
    """

    id: str
    status: Status
    email: str | None
    given_name: str
    family_name: str
    role: str
    groups: list[str]
    invited_at: Moment
    accepted_at: Moment | None
    person: str | None
    withdrawn_at: Moment | None


class Invite(Struct, kw_only=True, forbid_unknown_fields=True):
    """Somebody to be invited. Audiences in `groups` that are missing are made when she accepts."""

    email: Annotated[str, Meta(min_length=3, max_length=EMAIL_LENGTH_MAX)]
    given_name: Name = ""
    family_name: Name = ""
    role: Short = "learner"
    groups: Annotated[list[Group], Meta(max_length=GROUPS_MAX)] = []


class Accept(Struct, kw_only=True, forbid_unknown_fields=True):
    """What she says of herself, instead of what the invitation says."""

    given_name: Name | None = None
    family_name: Name | None = None
