"""Enrolments: one user under one assignment."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

Status = Literal["unassigned", "open", "scheduled", "complete", "overdue", "archived"]


class HistoryEntry(Struct, rename="camel"):
    """A change of an enrolment. `updated_at` lies behind `created_at` when the change became known late."""

    type: str
    completion_id: str | None
    previous_status: Status
    next_status: Status
    created_at: str
    updated_at: str


class Enrolment(Struct, rename="camel"):
    """An enrolment as read. `available_date` is when it opened or will open, `due_date` the last second in time."""

    id: str
    user_id: str
    assignment_id: str
    audience_id: str
    primary_content_id: str
    status: Status
    available_date: str | None
    due_date: str | None
    last_completed_at: str | None
    history: list[HistoryEntry]
    updated_at: str
