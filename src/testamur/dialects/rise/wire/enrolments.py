"""Enrolments in courses and learning paths. Source: the vendor's page "Course Enrollments API"."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct


class Enrol(Struct, rename="camel"):
    """Body of PUT /courses/… and /learning-paths/…, if there is one.

    Args:
        due_at: a date or date-time; null for no due date, absent for the one there is.
    """

    # Decoding lets any value in, because the ids in the path are answered for before the date is.
    due_at: Annotated[Any, Meta(extra_json_schema={"type": ["string", "null"], "format": "date-time"})] = UNSET
