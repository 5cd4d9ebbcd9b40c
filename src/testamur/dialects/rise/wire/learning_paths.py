"""Learning paths."""

from __future__ import annotations

from msgspec import Struct


class LearningPath(Struct, rename="camel"):
    """A learning path: courses in an order."""

    id: str
    title: str
    description: str | None
    courses_url: str
    courses_report_url: str
    learners_report_url: str
    url: str


class LearningPaths(Struct, rename="camel"):
    """A page of learning paths."""

    learning_paths: list[LearningPath]
    next_url: str | None
