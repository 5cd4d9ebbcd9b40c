"""What the engine is told: everything known about one person under one assignment.

Every fact carries the day it happened and the instant it was recorded (principle P6). `Facts.known_at` leaves what had
been recorded by then, so that "as known at" is the same computation on fewer facts.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, datetime
from enum import Enum
from typing import TypeVar

from testamur.core.compliance.settings import Settings
from testamur.core.ids import Id
from testamur.core.moments import When

REENTRY_DEFAULT_DAYS = 30
"""Back within this time the same line goes on, unless the tenant says otherwise (rule M2)."""


class How(Enum):
    """How a completion came about (rules O8 and X6)."""

    ORDINARY = "ordinary"
    PRIOR = "prior"
    EQUIVALENCY = "equivalency"
    IMPORT = "import"


@dataclass(frozen=True, slots=True, kw_only=True)
class Span:
    """Days from `since` up to, not including, `until`; None for open-ended.

    Args:
        recorded_at, end_recorded_at: when its beginning and its end became known; None for always.
    """

    since: date
    until: date | None = None
    recorded_at: datetime | None = None
    end_recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Membership(Span):
    """The person in an audience (section 9)."""

    audience: Id
    id: Id | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Completion:
    """A finished learning object.

    Args:
        version: of the item; None for the one that was current on its day (rule V3).
        passed: False is a fail: progress, never more (rule F2).
        expires: its own expiry (rule V6).
        voided_at: from that day on it does not count (rule C6).
    """

    id: Id
    item: Id
    completed: When
    recorded_at: datetime | None = None
    version: int | None = None
    passed: bool | None = None
    expires: When | None = None
    voided_at: datetime | None = None
    how: How = How.ORDINARY


@dataclass(frozen=True, slots=True, kw_only=True)
class Progress:
    """Something done on the way (rule F3)."""

    item: Id
    made: When
    id: Id | None = None
    recorded_at: datetime | None = None
    voided_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Exemption:
    """The person need not comply from `since` through `until`, the last day; None for good (rule X3)."""

    id: Id
    since: date
    until: date | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Extension:
    """A later due day for the obligation that is open or next on the day it is granted (rule X1).

    Args:
        withdrawn_on: from that day on it does not act; None when it was never taken back.
        withdrawn_recorded_at: when that became known; None for always.
    """

    id: Id
    granted_on: date
    due_on: date
    recorded_at: datetime | None = None
    withdrawn_on: date | None = None
    withdrawn_recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemVersion:
    """A published version of an item (rules V3 to V5)."""

    item: Id
    number: int
    published_on: date
    requires_retraining: bool = False
    id: Id | None = None
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Retirement:
    """An item that is no longer offered (rule V7)."""

    item: Id
    retired_on: date
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Reentry:
    """From `since` on, whoever is back within `days` goes on with the same line (rule M2); the tenant's setting.

    Args:
        number: of several that begin on one day the highest counts.
    """

    number: int
    since: date
    days: int
    recorded_at: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Facts:
    """Everything about one person under one assignment; each tuple in any order (principle P3).

    Args:
        inactive: spans in which the person was suspended or deleted.
        reentries: re-entry times; REENTRY_DEFAULT_DAYS before the first.
    """

    versions: tuple[Settings, ...]
    memberships: tuple[Membership, ...]
    completions: tuple[Completion, ...] = ()
    progress: tuple[Progress, ...] = ()
    exemptions: tuple[Exemption, ...] = ()
    extensions: tuple[Extension, ...] = ()
    inactive: tuple[Span, ...] = ()
    item_versions: tuple[ItemVersion, ...] = ()
    retirements: tuple[Retirement, ...] = ()
    reentries: tuple[Reentry, ...] = ()

    def known_at(self, moment: datetime) -> Facts:
        """What of this had been recorded by `moment` (principle P6)."""
        return replace(
            self,
            versions=_recorded(self.versions, moment),
            memberships=tuple(_with_known_end(one, moment) for one in _recorded(self.memberships, moment)),
            completions=tuple(_with_known_void(one, moment) for one in _recorded(self.completions, moment)),
            progress=tuple(_with_known_void(one, moment) for one in _recorded(self.progress, moment)),
            exemptions=_recorded(self.exemptions, moment),
            extensions=tuple(_with_known_withdrawal(one, moment) for one in _recorded(self.extensions, moment)),
            inactive=tuple(_with_known_end(one, moment) for one in _recorded(self.inactive, moment)),
            item_versions=_recorded(self.item_versions, moment),
            retirements=_recorded(self.retirements, moment),
            reentries=_recorded(self.reentries, moment),
        )

    def edited(self, version: Settings) -> Facts:
        """What if the assignment had one more version."""
        return replace(self, versions=(*self.versions, version))


_Recorded = TypeVar(
    "_Recorded",
    Settings,
    Membership,
    Span,
    Completion,
    Progress,
    Exemption,
    Extension,
    ItemVersion,
    Retirement,
    Reentry,
)
_Spanning = TypeVar("_Spanning", Membership, Span)
_Voidable = TypeVar("_Voidable", Completion, Progress)


def _recorded(facts: tuple[_Recorded, ...], moment: datetime) -> tuple[_Recorded, ...]:
    return tuple(fact for fact in facts if fact.recorded_at is None or fact.recorded_at <= moment)


def _with_known_end(span: _Spanning, moment: datetime) -> _Spanning:
    if span.until is None or span.end_recorded_at is None or span.end_recorded_at <= moment:
        return span
    return replace(span, until=None, end_recorded_at=None)


def _with_known_withdrawal(extension: Extension, moment: datetime) -> Extension:
    if extension.withdrawn_recorded_at is None or extension.withdrawn_recorded_at <= moment:
        return extension
    return replace(extension, withdrawn_on=None, withdrawn_recorded_at=None)


def _with_known_void(fact: _Voidable, moment: datetime) -> _Voidable:
    return fact if fact.voided_at is None or fact.voided_at <= moment else replace(fact, voided_at=None)
