"""Categories. Source: all editions of the vendor's document."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType

from testamur.dialects.stackone.wire import Enum, RawRequest


class Category(Struct):
    """A category as read: every field of every edition."""

    id: str | None = None
    remote_id: str | None = None
    unified_custom_fields: dict[str, Any] | None = None
    name: str | None = None
    active: bool | None = None
    hierarchy: Enum | None = None
    level: Enum | None = None
    language: Enum | None = None


class CategoryResult(Struct):
    """One category. With `fields` its members are only those asked for."""

    data: Category
    raw: list[RawRequest] | UnsetType = UNSET


class CategoriesPaginated(Struct):
    """A page of categories; `next` is null on the last."""

    next: str | None
    data: list[Category]
    raw: list[RawRequest] | UnsetType = UNSET


class CreateCategory(Struct):
    """CreateCategoriesApiModel: a category inside of a learning object. One of `name` and `id` says which."""

    id: str | None = None
    name: str | None = None
    unified_custom_fields: dict[str, Any] | None = None
    hierarchy: Enum | None = None
    level: Enum | None = None
    language: Enum | None = None
