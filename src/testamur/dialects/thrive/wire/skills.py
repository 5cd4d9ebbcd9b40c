"""Tags and skills. Source: the vendor's pages on tags, learner tags and learner skills."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType, field

TagName = Annotated[str, Meta(min_length=1, max_length=255)]
TagNames = Annotated[list[TagName], Meta(min_length=1, max_length=100)]
Level = Annotated[int, Meta(ge=-1, le=2**31 - 1)]


class Tag(Struct):
    """A tag: contents about it, users interested in it, users skilled in it. There are no campaigns here."""

    id: str
    tag: str
    contents: list[str]
    campaigns: list[str]
    interests: list[str]
    skills: list[str]


class AddTags(Struct):
    """Body of POST /users/{userId}/tags: names of existing tags."""

    tags: TagNames


class RemoveTags(Struct):
    """Body of PATCH /users/{userId}/tags."""

    op: Literal["remove"]
    path: Literal["tags"]
    value: TagNames


class SkillUpdate(Struct, rename="camel"):
    """A skill's level and target; what is absent stays, -1 takes it away."""

    tag_name: TagName
    level: Level | UnsetType = UNSET
    target_level: Level | UnsetType = UNSET


class UpdateSkills(Struct):
    """Body of PATCH /users/{userId}/skills."""

    op: Literal["update"]
    path: Literal["skills"]
    value: Annotated[list[SkillUpdate], Meta(min_length=1, max_length=100)]


class Done(Struct):
    """What a change of tags or skills is answered with."""

    message: str
    status: int = 200


class SkillLevel(Struct, rename="camel"):
    """A level of skill that the tenant speaks of."""

    name: str
    value: int
    is_enabled: bool = field(name="isEnabled")
