"""Skills. Source: all editions of the vendor's document."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType

from testamur.dialects.stackone.wire import Enum, RawRequest


class Skill(Struct):
    """A skill as read: every field of every edition."""

    id: str | None = None
    remote_id: str | None = None
    name: str | None = None
    active: bool | None = None
    hierarchy: Enum | None = None
    proficiency: Enum | None = None
    language: Enum | None = None
    level: Enum | None = None


class SkillResult(Struct):
    """One skill. With `fields` its members are only those asked for."""

    data: Skill
    raw: list[RawRequest] | UnsetType = UNSET


class SkillsPaginated(Struct):
    """A page of skills; `next` is null on the last."""

    next: str | None
    data: list[Skill]
    raw: list[RawRequest] | UnsetType = UNSET


class CreateSkill(Struct):
    """CreateSkillsApiModel: a skill that a learning object builds. One of `name` and `id` says which."""

    id: str | None = None
    name: str | None = None
    hierarchy: Enum | None = None
    level: Enum | None = None
    language: Enum | None = None
    proficiency: Enum | None = None
