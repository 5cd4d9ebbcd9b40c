"""Content. Source: all editions of the vendor's document."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, Raw, Struct, UnsetType

from testamur.dialects.stackone.wire import Enum, RawRequest
from testamur.dialects.stackone.wire.categories import Category, CreateCategory
from testamur.dialects.stackone.wire.skills import CreateSkill, Skill

Flag = bool | Literal["true", "false"]


class Author(Struct):
    """Who made a learning object."""

    id: str | None = None
    name: str | None = None


class Localization(Struct):
    """A learning object's words in one language."""

    title: str | None = None
    description: str | None = None
    language: Enum | None = None
    tags: list[str] | None = None


class AdditionalData(Struct):
    """A further value; `id` is its name."""

    id: str | None = None
    remote_id: str | None = None
    value: str | list[str] | None = None


class Content(Struct):
    """A content as read: every field of every edition."""

    id: str | None = None
    remote_id: str | None = None
    unified_custom_fields: dict[str, Any] | None = None
    external_reference: str | None = None
    course_ids: list[str] | None = None
    remote_course_ids: list[str] | None = None
    title: str | None = None
    description: str | None = None
    additional_data: list[AdditionalData] | None = None
    languages: list[Enum] | None = None
    content_url: str | None = None
    mobile_launch_content_url: str | None = None
    content_type: Enum | None = None
    cover_url: str | None = None
    active: bool | None = None
    duration: str | None = None
    categories: list[Category] | None = None
    skills: list[Skill] | None = None
    order: float | None = None
    provider: str | None = None
    short_description: str | None = None
    localizations: list[Localization] | None = None
    tags: list[str] | None = None
    updated_at: str | None = None
    created_at: str | None = None
    authors: list[Author] | None = None


class ContentResult(Struct):
    """One content. With `fields` its members are only those asked for."""

    data: Content
    raw: list[RawRequest] | UnsetType = UNSET


class ContentPaginated(Struct):
    """A page of content; `next` is null on the last."""

    next: str | None
    data: list[Content]
    total: int
    raw: list[RawRequest] | UnsetType = UNSET


class WriteContent(Struct):
    """LmsUpsertContentRequestDto and LmsCreateContentRequestDto. An upsert needs `external_reference`."""

    external_reference: str | UnsetType | None = UNSET
    unified_custom_fields: dict[str, Any] | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    additional_data: list[AdditionalData] | UnsetType | None = UNSET
    languages: list[Enum] | UnsetType | None = UNSET
    content_url: str | UnsetType | None = UNSET
    mobile_launch_content_url: str | UnsetType | None = UNSET
    content_type: Enum | UnsetType | None = UNSET
    cover_url: str | UnsetType | None = UNSET
    active: Flag | UnsetType | None = UNSET
    duration: str | UnsetType | None = UNSET
    skills: list[CreateSkill] | UnsetType | None = UNSET
    order: float | UnsetType | None = UNSET
    short_description: str | UnsetType | None = UNSET
    categories: list[CreateCategory] | UnsetType | None = UNSET
    localizations: list[Localization] | UnsetType | None = UNSET
    tags: list[str] | UnsetType | None = UNSET
    updated_at: str | UnsetType | None = UNSET
    created_at: str | UnsetType | None = UNSET
    authors: list[Author] | UnsetType | None = UNSET
    passthrough: dict[str, Any] | UnsetType | None = UNSET


class BatchContent(Struct):
    """LmsBatchUpsertContentRequestDto. Each item is read by itself, so that a bad one hinders no other."""

    items: list[Raw]
