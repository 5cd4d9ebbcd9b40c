"""Courses."""

from __future__ import annotations

from msgspec import Struct


class Course(Struct, rename="camel"):
    """A course. `source` is the Rise brand's word for what Reach 360 calls `content_type`."""

    id: str
    title: str
    author_url: str | None
    cover_image_url: str | None
    course_report_url: str
    url: str
    source: str
    content_type: str


class Courses(Struct, rename="camel"):
    """A page of courses."""

    courses: list[Course]
    next_url: str | None
