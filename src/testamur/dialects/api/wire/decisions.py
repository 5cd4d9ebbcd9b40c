"""Exemptions, extensions and equivalencies."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from testamur.core.standing import REASON_MAX
from testamur.dialects.api.wire import Day, Moment, Named
from testamur.dialects.api.wire.records import DayOrMoment

Text = Annotated[str, Meta(min_length=1, max_length=REASON_MAX)]


class Decision(Struct, kw_only=True):
    """Who decided, why and when, and whether it was taken back.

    Args:
        granted_by: the client that told of it.
        granted_by_person: the person behind it, where one is known.
    """

    id: str
    person: str
    reason: str
    evidence: str | None
    granted_by: str
    granted_by_person: str | None
    granted_at: Moment
    withdrawn_at: Moment | None
    withdrawn_by: str | None
    withdrawn_because: str | None


class Exemption(Decision, kw_only=True):
    """Somebody need not comply; assignment and item both null for everything.

    Args:
        until_on: the last day covered, null for good.
    """

    assignment: str | None
    item: str | None
    from_on: Day
    until_on: Day | None


class Extension(Decision, kw_only=True):
    """A later due day for the obligation of one cycle."""

    assignment: str
    cycle: int
    due_on: Day
    granted_on: Day


class CreateExemption(Struct, kw_only=True, forbid_unknown_fields=True):
    """Somebody need not comply with an assignment, with those that ask for an item, or, without either, with any.

    Args:
        until_on: the last day covered, null for good.
    """

    person: Named
    assignment: Named | None = None
    item: Named | None = None
    from_on: Day
    until_on: Day | None = None
    reason: Text
    evidence: Text | None = None


class CreateExtension(Struct, kw_only=True, forbid_unknown_fields=True):
    """A later due day for the obligation that is open now, or planned next."""

    person: Named
    assignment: Named
    due_on: Day
    reason: Text
    evidence: Text | None = None


class CreateEquivalency(Struct, kw_only=True, forbid_unknown_fields=True):
    """Something else that was judged equal to completing an item; it becomes a record.

    Args:
        expires_at: when the credit it gives ends by itself.
    """

    person: Named
    item: Named
    completed_at: DayOrMoment
    expires_at: Moment | None = None
    reason: Text
    evidence: Text | None = None


class Withdraw(Struct, kw_only=True, forbid_unknown_fields=True):
    """Why a decision is taken back."""

    reason: Text
