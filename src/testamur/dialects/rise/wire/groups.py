"""Groups, who belongs to them, reports on them and manages them. Source: the vendor's pages "Groups API", "Group
Memberships API" and "Reporters and Reporting Groups API".
"""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct

from testamur.core.audiences import NAME_MAX_LENGTH
from testamur.dialects.rise.wire.users import User


class Group(Struct, rename="camel"):
    """A group. `is_managed_by_identity_provider` says that nothing of it can be changed here."""

    id: str
    name: str
    members_url: str
    reporters_url: str
    managers_url: str
    url: str
    is_managed_by_identity_provider: bool


class Groups(Struct, rename="camel"):
    """A page of groups."""

    groups: list[Group]
    next_url: str | None


class NameGroup(Struct):
    """Body of POST /groups and PUT /groups/{groupId}."""

    # Decoding lets any value in, because the id in the path is answered for before the name is.
    name: Annotated[Any, Meta(extra_json_schema={"type": "string", "minLength": 1, "maxLength": NAME_MAX_LENGTH})] = (
        UNSET
    )


NameGroupBody = Annotated[NameGroup, Meta(extra_json_schema={"required": ["name"]})]
"""The body as documented."""


class Reporters(Struct, rename="camel"):
    """A page of those who report on a group."""

    group_url: str
    reporters: list[User]
    next_url: str | None


class Managers(Struct, rename="camel"):
    """A page of those who manage a group."""

    group_url: str
    managers: list[User]
    next_url: str | None


class GroupsOfUser(Struct, rename="camel"):
    """A page of the groups that a user reports on or manages."""

    user_url: str
    groups: list[Group]
    next_url: str | None
