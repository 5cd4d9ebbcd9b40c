"""Invitations. Source: the vendor's page "Invitations API"."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from testamur.core.audiences import NAME_MAX_LENGTH
from testamur.core.invitations import EMAIL_LENGTH_MAX, GROUPS_MAX

Name = Annotated[str, Meta(max_length=500)]
Group = Annotated[str, Meta(min_length=1, max_length=NAME_MAX_LENGTH)]


class Invite(Struct, rename="camel"):
    """Body of POST /invitations. `groups` are names."""

    email: Annotated[str, Meta(min_length=3, max_length=EMAIL_LENGTH_MAX)]
    first_name: Name | None = None
    last_name: Name | None = None
    groups: Annotated[list[Group], Meta(max_length=GROUPS_MAX)] | None = None
    role: Literal["learner", "author", "reporter", "manager", "admin"] | None = None


class Invitation(Struct, rename="camel"):
    """A pending invitation. `groups` are names."""

    id: str
    email: str
    first_name: str
    last_name: str
    role: str
    groups: list[str]
    url: str


class Invited(Struct):
    """The answer to POST /invitations, which wraps what it made."""

    invitation: Invitation


class Invitations(Struct, rename="camel"):
    """A page of pending invitations."""

    invitations: list[Invitation]
    next_url: str | None
