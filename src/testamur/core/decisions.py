"""Decisions that bend what an assignment asks: exemptions, extensions and equivalencies (section 11)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.core.standing import REASON_MAX


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExemption:
    """Somebody need not comply (rule X3): with one assignment, with those that ask for an item, or with any.

    Args:
        until_on: the last day covered, None for good.
        reason: required.
    """

    person: Reference
    from_on: date
    reason: str
    assignment: Reference | None = None
    item: Reference | None = None
    until_on: date | None = None
    evidence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewExtension:
    """A later due day for the obligation that is open now, or planned next (rule X1)."""

    person: Reference
    assignment: Reference
    due_on: date
    reason: str
    evidence: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewEquivalency:
    """Something else that was judged equal to completing an item (rule X6). It is a completion.

    Args:
        expires_at: when the credit it gives ends by itself (rule V6).
    """

    person: Reference
    item: Reference
    completed: When
    reason: str
    evidence: str | None = None
    expires_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Granted:
    """Who decided, why and when, and whether it was taken back.

    Args:
        granted_by: the client that told of it.
        granted_by_person: the person behind it, where one is known.
    """

    id: Id
    person: Id
    reason: str
    evidence: str | None
    granted_by: Id
    granted_by_person: Id | None
    granted_at: datetime
    withdrawn_at: datetime | None
    withdrawn_by: Id | None
    withdrawn_because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedExemption(Granted):
    """An exemption as it was granted; assignment and item both None for everything."""

    assignment: Id | None
    item: Id | None
    from_on: date
    until_on: date | None


@dataclass(frozen=True, slots=True, kw_only=True)
class GrantedExtension(Granted):
    """An extension as it was granted."""

    assignment: Id
    cycle: int
    due_on: date
    granted_on: date


def check_reason(reason: str, evidence: str | None) -> None:
    """Raises InvalidInput for a reason that says nothing, and for texts without end."""
    if not reason.strip():
        raise InvalidInput(FieldFault("reason", "missing", "is required"))
    for field, text in (("reason", reason), ("evidence", evidence)):
        if text is not None and len(text) > REASON_MAX:
            raise InvalidInput(FieldFault(field, "range", f"must have {REASON_MAX} characters at most"))
        if text is not None and "\0" in text:
            raise InvalidInput(FieldFault(field, "format", "may not contain U+0000"))
