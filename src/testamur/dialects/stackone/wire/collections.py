"""Collections: written only. Source: the first editions of the vendor's document."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from testamur.dialects.stackone.wire import Enum
from testamur.dialects.stackone.wire.categories import CreateCategory
from testamur.dialects.stackone.wire.skills import CreateSkill


class WriteCollection(Struct):
    """LmsCreateCollectionRequestDto. The two lists of learning objects are one: each names what is in it."""

    external_reference: str | UnsetType | None = UNSET
    unified_custom_fields: dict[str, Any] | UnsetType | None = UNSET
    learning_object_ids: list[str] | UnsetType | None = UNSET
    remote_learning_object_ids: list[str] | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    languages: list[str | Enum] | UnsetType | None = UNSET
    cover_url: str | UnsetType | None = UNSET
    categories: list[CreateCategory] | UnsetType | None = UNSET
    skills: list[CreateSkill] | UnsetType | None = UNSET
    passthrough: dict[str, Any] | UnsetType | None = UNSET
