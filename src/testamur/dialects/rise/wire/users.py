"""Users. Source: the vendor's page "Users API"."""

from __future__ import annotations

from msgspec import Struct

from testamur.dialects.rise.wire.courses import Course
from testamur.dialects.rise.wire.learning_paths import LearningPath


class User(Struct, rename="camel"):
    """A user. `reporting_groups_url` is null for who is no reporter, `managing_groups_url` for who is no manager."""

    id: str
    email: str | None
    first_name: str
    last_name: str
    role: str
    last_active_at: str | None
    groups_url: str
    reporting_groups_url: str | None
    managing_groups_url: str | None
    learner_report_url: str
    favorites_url: str
    url: str
    articulate360_user: bool


class Users(Struct, rename="camel"):
    """A page of users."""

    users: list[User]
    next_url: str | None


class Favorites(Struct, rename="camel"):
    """A page of a user's favourites: `limit` counts both kinds together."""

    courses: list[Course]
    learning_paths: list[LearningPath]
    next_url: str | None
