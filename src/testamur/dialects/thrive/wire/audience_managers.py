"""Managers of audiences and their permissions.

Two permissions can be read but not set. `administrator` stands on structures only; sent for an audience it is ignored.
"""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType, field

from testamur.core.audiences import BULK_MAX
from testamur.dialects.thrive.wire import Text


class AudiencePermissionsInput(Struct, rename="camel"):
    """What a manager shall do with the audience."""

    manage_content: bool = False
    assignments: bool = False


class PeoplePermissions(Struct, rename="camel"):
    """What a manager may do with the people in it."""

    can_view_learn_page: bool = False
    insights: bool = False
    manage: bool = False


class AdministratorInput(Struct, rename="camel"):
    """What a manager of a structure shall do in it."""

    can_add_audience_managers: bool = False


class PermissionsInput(Struct, rename="camel"):
    """The permissions a manager shall have."""

    audience_manager: AudiencePermissionsInput = field(default_factory=AudiencePermissionsInput)
    people_manager: PeoplePermissions = field(default_factory=PeoplePermissions)
    administrator: AdministratorInput = field(default_factory=AdministratorInput)


class ManagerInput(Struct, rename="camel"):
    """One entry of the body. Whatever else is sent, such as the members of a manager as read, is ignored."""

    reference: Text
    permissions: PermissionsInput = field(default_factory=PermissionsInput)


Managers = Annotated[list[ManagerInput], Meta(min_length=1, max_length=BULK_MAX)]
"""Body of POST and PATCH /audiences/{audienceId}/managers."""


class AudiencePermissions(Struct, rename="camel"):
    """What a manager may do with the audience."""

    manage_members: bool
    manage_content: bool
    assignments: bool


class AdministratorPermissions(Struct, rename="camel"):
    """What a manager of a structure may do in it."""

    can_manage_audiences: bool
    can_add_audience_managers: bool


class Permissions(Struct, rename="camel"):
    """The permissions a manager has."""

    audience_manager: AudiencePermissions
    people_manager: PeoplePermissions
    administrator: AdministratorPermissions | UnsetType = UNSET


class Manager(Struct, rename="camel"):
    """A manager as read."""

    user_id: str
    reference: str | None
    email: str | None
    permissions: Permissions
