"""Continuing professional development. Source: the vendor's pages on CPD."""

from __future__ import annotations

from msgspec import Struct


class Category(Struct, rename="camel"):
    category_id: str
    name: str


class LoggedActivity(Struct):
    """What was done, as it was logged."""

    type: str
    name: str


class Entry(Struct, rename="camel"):
    """One log entry. `is_verified`: a system observed it."""

    log_entry_id: str
    user_id: str
    activity: LoggedActivity
    category: Category
    entry_date: str
    duration_minutes: int
    description: str | None
    is_verified: bool


class Requirement(Struct, rename="camel"):
    """Minutes asked of an audience. `updated_at` is null until it is changed."""

    audience_requirement_id: str
    audience_id: str
    required_minutes: int
    created_at: str
    updated_at: str | None


class UserSummary(Struct, rename="camel"):
    """Minutes that a user logged in the period asked for."""

    user_id: str
    duration_minutes: int
