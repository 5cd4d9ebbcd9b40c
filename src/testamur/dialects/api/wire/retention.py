"""Retention rules and legal holds."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from testamur.core.retention import DAYS_MAX, YEARS_MAX
from testamur.dialects.api.wire import Moment, Named, Short
from testamur.dialects.api.wire.decisions import Text
from testamur.dialects.api.wire.erasures import Level

Basis = Literal["completion", "leaving"]
Keeps = Literal["facts", "identity", "detail"]
Erases = Literal["detail", "all"]


class RetentionRule(Struct, kw_only=True):
    """For how long completions are kept: of an item, of the items of a category, or, both null, of all others.

    Args:
        basis: whether the time runs from the completion or from the day on which the person left.
        adds_recurrence: the days for which completing gives credit come before years and days.
        keeps: `facts`, the facts with `identity`, or all `detail` of them too.
        erases: what goes by itself once the time is over, null for nothing.
        closed_because: also when another rule for the same took its place.
    """

    id: str
    item: str | None
    category: str | None
    basis: Basis
    years: int
    days: int
    adds_recurrence: bool
    keeps: Keeps
    erases: Erases | None
    reason: str
    set_by: str
    set_by_person: str | None
    opened_at: Moment
    closed_at: Moment | None
    closed_by: str | None
    closed_because: str | None


class SetRetentionRule(Struct, kw_only=True, forbid_unknown_fields=True):
    """A rule that holds from now on, in place of the one for the same item, category or everything else.

    Args:
        category: its name.
    """

    item: Named | None = None
    category: Short | None = None
    basis: Basis
    years: Annotated[int, Meta(ge=0, le=YEARS_MAX)] = 0
    days: Annotated[int, Meta(ge=0, le=DAYS_MAX)] = 0
    adds_recurrence: bool = False
    keeps: Keeps = "facts"
    erases: Erases | None = None
    reason: Text


class LegalHold(Struct, kw_only=True):
    """Nothing of a person, or of anybody's learning of an item, is erased until it is lifted."""

    id: str
    person: str | None
    item: str | None
    reason: str
    placed_by: str
    placed_by_person: str | None
    placed_at: Moment
    lifted_at: Moment | None
    lifted_by: str | None
    lifted_because: str | None


class PlaceLegalHold(Struct, kw_only=True, forbid_unknown_fields=True):
    """A person or an item, and why it is held."""

    person: Named | None = None
    item: Named | None = None
    reason: Text


class EndKeeping(Struct, kw_only=True, forbid_unknown_fields=True):
    """Why a rule or hold ends."""

    reason: Text


class RunRetention(Struct, kw_only=True, forbid_unknown_fields=True):
    """How far a run of retention goes.

    Args:
        rehearse: only say what would be erased.
        limit: of how many people something goes, at most.
        cursor: `next` of the run before, to look at nobody again whom it looked at.
    """

    rehearse: bool = False
    limit: Annotated[int, Meta(ge=1, le=100)] = 100
    cursor: Annotated[str, Meta(max_length=4096)] | None = None


class Ended(Struct, kw_only=True):
    """What a run of retention took of a person, or would take.

    Args:
        erased: counts of what went.
    """

    person: str
    level: Level
    erased: dict[str, int]


class RetentionRun(Struct, kw_only=True):
    """What a run of retention did, or would do.

    Args:
        next: the cursor of the run that goes on; null when there is nobody left of whom something is to go.
    """

    rehearsed: bool
    erased: list[Ended]
    next: str | None
