"""Activities: what somebody did, one for each entry of the ledger that tells of it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from enum import Enum

from testamur.core.ids import Id, from_parts
from testamur.core.items import ItemKind
from testamur.core.moments import When

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ActivityKind(Enum):
    """What the ledger knows people to do."""

    COMPLETED = "completed"
    """A completion was recorded, passed or not; also a correction that gives it another time."""
    STARTED = "started"
    """Learning that began and is not complete."""
    PASSED = "passed"
    """A quiz attempt was passed."""
    PROGRESSED = "progressed"
    """A quiz attempt was not passed, or nobody said so: progress all the same (rules F2 and F3)."""
    REGISTERED = "registered"
    """The person was put among the item's learners."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Activity:
    """One line of what somebody did.

    Args:
        entry: the ledger's entry that tells of it; the order of commits.
        at: when the ledger came to know of it, never before the activity in front of it. Whoever has read up to a
            moment and goes on from that moment misses nothing, whatever the clocks of several writers said.
        recorded_at: when its own writer says it was recorded.
        record: of a completion or a start.
        score_percent: 0 to 100.
    """

    entry: int
    kind: ActivityKind
    at: datetime
    recorded_at: datetime
    record: Id | None
    person: Id
    item: Id
    item_version: int | None
    item_kind: ItemKind
    item_format: str | None
    title: str
    language: str | None
    completed: When | None
    started_at: datetime | None
    attempted_at: datetime | None
    passed: bool | None
    score_percent: Decimal | None
    time_spent: str | None
    source: str | None

    @property
    def id(self) -> Id:
        """The moment of recording and the number of the entry: it names the activity without being stored."""
        return from_parts(_milliseconds(self.recorded_at), self.entry)


def entry_of(id: Id) -> int:
    """The number of the entry that an activity's id speaks of. Another noun's id speaks of nonsense here."""
    bits = id.int
    return ((bits >> 64) & 0xFFF) << 36 | (bits >> 26) & (1 << 36) - 1


@dataclass(frozen=True, slots=True)
class ActivityPage:
    """A page of activities, and how many there are on all pages."""

    total: int
    activities: list[Activity]


def _milliseconds(at: datetime) -> int:
    return (at - _EPOCH) // timedelta(milliseconds=1)
