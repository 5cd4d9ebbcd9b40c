"""Managers of audiences and their permissions."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET

from testamur.core.audiences import Appointment, AudienceCategory, Manager, Permission
from testamur.core.ids import to_hex24
from testamur.dialects.thrive.translate.audiences import person
from testamur.dialects.thrive.wire import audience_managers as wire


def appointments(body: Sequence[wire.ManagerInput], category: AudienceCategory) -> list[Appointment]:
    return [
        Appointment(person(entry.reference, f"[{place}].reference"), _granted(entry.permissions, category))
        for place, entry in enumerate(body)
    ]


def manager(stored: Manager, category: AudienceCategory) -> wire.Manager:
    has = stored.permissions.__contains__
    administrator = wire.AdministratorPermissions(
        can_manage_audiences=has(Permission.MANAGE_AUDIENCES),
        can_add_audience_managers=has(Permission.ADD_MANAGERS),
    )
    permissions = wire.Permissions(
        audience_manager=wire.AudiencePermissions(
            manage_members=has(Permission.MANAGE_MEMBERS),
            manage_content=has(Permission.MANAGE_CONTENT),
            assignments=has(Permission.ASSIGN),
        ),
        people_manager=wire.PeoplePermissions(
            can_view_learn_page=has(Permission.VIEW_LEARN_PAGE),
            insights=has(Permission.SEE_INSIGHTS),
            manage=has(Permission.MANAGE_PEOPLE),
        ),
        administrator=administrator if category is AudienceCategory.STRUCTURE else UNSET,
    )
    return wire.Manager(to_hex24(stored.person), stored.reference, stored.email, permissions)


def _granted(asked: wire.PermissionsInput, category: AudienceCategory) -> frozenset[Permission]:
    may_administer = category is AudienceCategory.STRUCTURE
    granted = {
        Permission.MANAGE_CONTENT: asked.audience_manager.manage_content,
        Permission.ASSIGN: asked.audience_manager.assignments,
        Permission.VIEW_LEARN_PAGE: asked.people_manager.can_view_learn_page,
        Permission.SEE_INSIGHTS: asked.people_manager.insights,
        Permission.MANAGE_PEOPLE: asked.people_manager.manage,
        Permission.ADD_MANAGERS: may_administer and asked.administrator.can_add_audience_managers,
    }
    return frozenset(permission for permission, is_granted in granted.items() if is_granted)
