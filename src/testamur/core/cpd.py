"""Continuing professional development: minutes that people log, and minutes that their audiences ask of them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.moments import When, format_instant
from testamur.core.people import Reference

NAME_MAX = 250
TEXT_MAX = 10_000
MINUTES_MAX = 1_000_000
"""Nearly two years in one entry, or asked of an audience: beyond it a unit was mistaken."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewCpdEntry:
    """One thing that somebody did for their development.

    Args:
        category: by its name; one that is not there yet is made.
        activity_type: what it was, such as `course` or `conference`; `activity_name` says which.
        is_verified: a system observed it, nobody wrote it down.
        reference: the source's own id of the entry. Without one, two entries with equal content are the same entry.
    """

    person: Reference
    category: str
    activity_type: str
    activity_name: str
    done: When
    duration_minutes: int
    description: str | None = None
    is_verified: bool = False
    reference: str | None = None

    def __post_init__(self) -> None:
        for name, text, longest in (
            ("category", self.category, NAME_MAX),
            ("activity_type", self.activity_type, NAME_MAX),
            ("activity_name", self.activity_name, NAME_MAX),
            ("reference", self.reference, NAME_MAX),
            ("description", self.description, TEXT_MAX),
        ):
            if text is not None and not 1 <= len(text) <= longest:
                raise InvalidInput(FieldFault(name, "range", f"must have 1 to {longest:,} characters"))
        check_minutes(self.duration_minutes)

    def digests(self, person: Id) -> tuple[bytes, bytes]:
        """What makes it the same entry as another, and all of its content; SHA-256 both."""
        content = (
            str(person),
            self.category,
            self.activity_type,
            self.activity_name,
            format_instant(self.done.at),
            str(self.duration_minutes),
            self.description or "",
            str(self.is_verified),
        )
        whole = _digest("content", *content)
        return whole if self.reference is None else _digest("reference", self.reference), whole


@dataclass(frozen=True, slots=True)
class CpdCategory:
    """What development is sorted by."""

    id: Id
    name: str


@dataclass(frozen=True, slots=True, kw_only=True)
class CpdEntry:
    """An entry as stored."""

    id: Id
    person: Id
    category: CpdCategory
    activity_type: str
    activity_name: str
    done_at: datetime
    duration_minutes: int
    description: str | None
    is_verified: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class CpdRequirement:
    """How many minutes an audience is asked for. `updated_at` is None until it is changed."""

    id: Id
    audience: Id
    required_minutes: int
    created_at: datetime
    updated_at: datetime | None


@dataclass(frozen=True, slots=True)
class CpdMinutes:
    """What one person logged in a period."""

    person: Id
    minutes: int


def check_minutes(minutes: int, field: str = "duration_minutes") -> None:
    """Refuse minutes that cannot be. Raises InvalidInput."""
    if not 0 <= minutes <= MINUTES_MAX:
        raise InvalidInput(FieldFault(field, "range", f"must be 0 to {MINUTES_MAX:,} minutes"))


def check_name(name: str, field: str = "category") -> None:
    """Refuse a category's name that is empty or too long. Raises InvalidInput."""
    if not 1 <= len(name) <= NAME_MAX:
        raise InvalidInput(FieldFault(field, "range", f"must have 1 to {NAME_MAX} characters"))


def _digest(*parts: str) -> bytes:
    # Lengths keep the parts apart: no two different entries read the same.
    return hashlib.sha256("".join(f"{len(part)}:{part}" for part in parts).encode()).digest()
