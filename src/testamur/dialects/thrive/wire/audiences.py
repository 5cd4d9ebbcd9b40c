"""Audiences and structures, and the results of calls that take many people at once."""

from __future__ import annotations

from typing import Annotated

from msgspec import UNSET, Meta, Struct, UnsetType

from testamur.core.audiences import NAME_MAX_LENGTH, REFERENCE_MAX_LENGTH, AudienceCategory

Name = Annotated[str, Meta(min_length=1, max_length=NAME_MAX_LENGTH, pattern=r"\S")]
OwnReference = Annotated[str, Meta(min_length=1, max_length=REFERENCE_MAX_LENGTH, pattern=r"\S")]
AnyReference = Annotated[str, Meta(max_length=REFERENCE_MAX_LENGTH)]


class CreateAudience(Struct, rename="camel"):
    """Body of POST /audiences. `parent_id` is an id or a reference, empty or absent for a structure.

    Without a category, what has a parent is an audience; without a name, the reference is one.
    """

    reference: OwnReference
    name: Name | UnsetType = UNSET
    parent_id: AnyReference | None = None
    category: AudienceCategory | UnsetType = UNSET


class UpdateAudience(Struct, rename="camel"):
    """Body of PATCH /audiences/{audienceId}: what is absent stays."""

    name: Name | UnsetType = UNSET
    reference: OwnReference | UnsetType = UNSET
    parent_id: AnyReference | UnsetType | None = UNSET


class AudienceParent(Struct):
    """The structure that an audience stands in."""

    name: str
    reference: str | None
    id: str


class Audience(Struct, rename="camel"):
    """An audience as read."""

    id: str
    name: str
    reference: str | None
    api_controlled: bool
    category: AudienceCategory
    type: str
    parent: AudienceParent | None
    created_at: str | None
    updated_at: str | None


class Entity(Struct):
    """Somebody, as the caller named her."""

    reference: str


class FailedEntity(Struct):
    """Somebody with whom it did not work, and why."""

    reason: str
    reference: str


class Succeeded(Struct):
    """Those with whom it worked."""

    count: int
    entities: list[Entity]


class Failed(Struct):
    """Those with whom it did not work."""

    count: int
    entities: list[FailedEntity]


class BulkResult(Struct):
    """What became of a list. `failure` is there only when something failed."""

    success: Succeeded
    failure: Failed | UnsetType = UNSET


class ChangedAudience(Audience, rename="camel"):
    """An audience after a change.

    `member_operations` is null unless it moved to another structure. Then it counts the members who moved along, as all
    do, and names the first hundred of them.
    """

    member_operations: BulkResult | None


class Deletion(Struct):
    """The answer to a deletion."""

    success: bool
