"""Courses. Source: all editions of the vendor's document."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Raw, Struct, UnsetType

from testamur.dialects.stackone.wire import Enum, RawRequest
from testamur.dialects.stackone.wire.categories import Category, CreateCategory
from testamur.dialects.stackone.wire.content import Author, Flag, Localization
from testamur.dialects.stackone.wire.skills import CreateSkill, Skill


class Course(Struct):
    """A course as read: every field of every edition."""

    id: str | None = None
    remote_id: str | None = None
    unified_custom_fields: dict[str, Any] | None = None
    external_reference: str | None = None
    content_ids: list[str] | None = None
    remote_content_ids: list[str] | None = None
    title: str | None = None
    description: str | None = None
    languages: list[Enum] | None = None
    cover_url: str | None = None
    url: str | None = None
    active: bool | None = None
    duration: str | None = None
    categories: list[Category] | None = None
    skills: list[Skill] | None = None
    provider: str | None = None
    updated_at: str | None = None
    created_at: str | None = None
    authors: list[Author] | None = None


class CourseResult(Struct):
    """One course. With `fields` its members are only those asked for."""

    data: Course
    raw: list[RawRequest] | UnsetType = UNSET


class CoursePaginated(Struct):
    """A page of courses; `next` is null on the last."""

    next: str | None
    data: list[Course]
    total: int
    raw: list[RawRequest] | UnsetType = UNSET


class CreateContent(Struct):
    """CreateContentApiModel: a content inside of its course. What it does not mention stays."""

    external_reference: str | None = None
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    content_url: str | UnsetType | None = UNSET
    order: float | UnsetType | None = UNSET
    mobile_launch_content_url: str | UnsetType | None = UNSET


class WriteCourse(Struct):
    """LmsUpsertCourseRequestDto. Without `content` a course keeps what it consists of."""

    external_reference: str | UnsetType | None = UNSET
    unified_custom_fields: dict[str, Any] | UnsetType | None = UNSET
    title: str | UnsetType | None = UNSET
    description: str | UnsetType | None = UNSET
    languages: list[Enum] | UnsetType | None = UNSET
    cover_url: str | UnsetType | None = UNSET
    url: str | UnsetType | None = UNSET
    active: Flag | UnsetType | None = UNSET
    duration: str | UnsetType | None = UNSET
    categories: list[CreateCategory] | UnsetType | None = UNSET
    skills: list[CreateSkill] | UnsetType | None = UNSET
    content: list[CreateContent] | UnsetType | None = UNSET
    localizations: list[Localization] | UnsetType | None = UNSET
    authors: list[Author] | UnsetType | None = UNSET
    passthrough: dict[str, Any] | UnsetType | None = UNSET


class BatchCourses(Struct):
    """LmsBatchUpsertCourseRequestDto. Each item is read by itself, so that a bad one hinders no other."""

    items: list[Raw]
