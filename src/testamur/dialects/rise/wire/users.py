"""Users. Source: the vendor's page "Users API"."""

from __future__ import annotations

from msgspec import Struct


class User(Struct, rename="camel"):
    """A user. A link is null while nothing answers at its address."""

    id: str
    email: str | None
    first_name: str
    last_name: str
    role: str
    last_active_at: str | None
    groups_url: str | None
    reporting_groups_url: str | None
    managing_groups_url: str | None
    learner_report_url: str
    favorites_url: str | None
    url: str
    articulate360_user: bool


class Users(Struct, rename="camel"):
    """A page of users."""

    users: list[User]
    next_url: str | None
