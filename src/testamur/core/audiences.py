"""Audiences: sets of people, who belonged to them when, and who may manage them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum

from testamur.core.ids import Id
from testamur.core.people import Reference

NAME_MAX_LENGTH = 100
REFERENCE_MAX_LENGTH = 100
BULK_MAX = 100
"""People in one call that adds or replaces members or managers."""
MANAGERS_MAX = 1000
"""Managers of one audience: their list is never paged."""
_EVERYONE = "everyone"
REPORTER_ROLE = "reporter"
"""The role of people who may see reports of audiences; which ones is set for each."""
MANAGER_ROLE = "manager"
"""The role of people who may manage audiences. Whoever does is a manager without it too."""
EVERYONE_NAME = "Everyone"
"""How the audience of everybody in a tenant is shown."""


class AudienceCategory(Enum):
    """A structure holds audiences; an audience holds people."""

    STRUCTURE = "structure"
    AUDIENCE = "audience"


class Permission(Enum):
    """What a manager may do in an audience."""

    MANAGE_MEMBERS = "manage_members"
    MANAGE_CONTENT = "manage_content"
    ASSIGN = "assign"
    VIEW_LEARN_PAGE = "view_learn_page"
    SEE_INSIGHTS = "see_insights"
    MANAGE_PEOPLE = "manage_people"
    MANAGE_AUDIENCES = "manage_audiences"
    """Of a structure: of the audiences in it."""
    ADD_MANAGERS = "add_managers"
    """Of a structure: to the audiences in it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewAudience:
    """An audience to be added.

    Args:
        parent: the structure it stands in.
        is_api_controlled: whether it is changed only through an API; otherwise only by people here.
        is_smart: whether its members follow from rules, which no API-controlled audience has.
    """

    name: str
    category: AudienceCategory = AudienceCategory.AUDIENCE
    reference: str | None = None
    parent: Id | Reference | None = None
    is_api_controlled: bool = True
    is_smart: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class AudienceChange:
    """What is to be different in an audience; None leaves it as it is.

    Args:
        clears: those of `reference` and `parent` that it is to have no more.
    """

    name: str | None = None
    reference: str | None = None
    parent: Reference | None = None
    clears: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True, kw_only=True)
class Audience:
    """An audience as stored. `parent_name` and `parent_reference` tell what `parent` names."""

    id: Id
    name: str
    category: AudienceCategory
    reference: str | None
    parent: Id | None
    parent_name: str | None
    parent_reference: str | None
    is_api_controlled: bool
    is_smart: bool
    is_everyone: bool
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None


def everyone(field: str) -> Reference:
    """Everybody of the tenant, as an audience; `field` as in Reference."""
    return Reference(EVERYONE_NAME, (_EVERYONE,), "audience", field, may_be_id=False)


def is_everyone(reference: Reference) -> bool:
    """Whether a reference of an audience means everybody."""
    return reference.kinds == (_EVERYONE,)


@dataclass(frozen=True, slots=True)
class Joining:
    """A membership to be opened; `on` is its first day."""

    person: Id
    on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Member:
    """A person who belongs to an audience, with what names her elsewhere."""

    person: Id
    reference: str | None
    email: str | None
    joined_on: date


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership:
    """A span in which a person belonged to an audience; `left_on` is the first day outside.

    Args:
        joined_recorded_at, left_recorded_at: the second clock of either end: when it became known.
    """

    person: Id
    reference: str | None
    email: str | None
    joined_on: date
    left_on: date | None
    joined_recorded_at: datetime
    left_recorded_at: datetime | None


@dataclass(frozen=True, slots=True)
class Appointment:
    """A manager to be: who, and with which permissions."""

    person: Reference
    permissions: frozenset[Permission]


@dataclass(frozen=True, slots=True, kw_only=True)
class Manager:
    """A manager as stored, with what names her elsewhere; `opened_at` is since when with just these permissions."""

    person: Id
    reference: str | None
    email: str | None
    permissions: frozenset[Permission]
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one entry of a list; `reason` says why it failed, None that it did not."""

    reference: str
    reason: str | None = None


@dataclass(frozen=True, slots=True)
class Reappointment:
    """Spans of managers to close and to open. Other permissions are both: a span never changes."""

    closing: frozenset[Id]
    opening: Mapping[Id, frozenset[Permission]]


def reappoint(
    present: Mapping[Id, frozenset[Permission]], wanted: Mapping[Id, frozenset[Permission]], *, replaces: bool
) -> Reappointment:
    """The spans to close and to open, so that those `wanted` are managers as wanted.

    Args:
        present: the managers there are.
        replaces: whether those present who are not wanted cease to be managers.
    """
    opening = {person: permissions for person, permissions in wanted.items() if present.get(person) != permissions}
    closing = present.keys() & opening.keys()
    return Reappointment(frozenset(closing | (present.keys() - wanted.keys()) if replaces else closing), opening)
