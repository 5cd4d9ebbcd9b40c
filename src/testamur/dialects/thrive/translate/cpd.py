"""Continuing professional development."""

from __future__ import annotations

from testamur.core.cpd import CpdCategory, CpdEntry, CpdMinutes, CpdRequirement
from testamur.core.ids import to_hex24
from testamur.core.moments import format_instant
from testamur.core.people import Reference
from testamur.dialects.thrive.translate import user
from testamur.dialects.thrive.translate.activities import words
from testamur.dialects.thrive.wire import cpd as wire
from testamur.http.replies import instant


def users(text: str | None, field: str) -> list[Reference] | None:
    """The users that a comma list names. Raises InvalidInput for too many."""
    named = words(text, field)
    return None if named is None else [user(word, field) for word in named]


def category(stored: CpdCategory) -> wire.Category:
    return wire.Category(to_hex24(stored.id), stored.name)


def entry(stored: CpdEntry) -> wire.Entry:
    return wire.Entry(
        log_entry_id=to_hex24(stored.id),
        user_id=to_hex24(stored.person),
        activity=wire.LoggedActivity(stored.activity_type, stored.activity_name),
        category=category(stored.category),
        entry_date=format_instant(stored.done_at),
        duration_minutes=stored.duration_minutes,
        description=stored.description,
        is_verified=stored.is_verified,
    )


def requirement(stored: CpdRequirement) -> wire.Requirement:
    return wire.Requirement(
        audience_requirement_id=to_hex24(stored.id),
        audience_id=to_hex24(stored.audience),
        required_minutes=stored.required_minutes,
        created_at=format_instant(stored.created_at),
        updated_at=instant(stored.updated_at),
    )


def summary(logged: CpdMinutes) -> wire.UserSummary:
    return wire.UserSummary(to_hex24(logged.person), logged.minutes)
