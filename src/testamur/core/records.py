"""Records: facts about somebody's learning, and how the ledger decides what a new telling of one changes.

A *record* is one piece of somebody's learning and keeps its id for good. What the ledger holds about it is a chain
of *facts*, each never changed once written: a correction supersedes the last fact, a deletion voids it, a restoration
says it again. A record with a completion time is a completion; without one it is a plan or progress (rule F4).

Deciding is pure and lives here; writing the decision lives in the ledger. docs/decisions/0001 has the reasons.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from enum import Enum
from typing import Any, NamedTuple

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.items import Outside
from testamur.core.moments import FUTURE_TOLERANCE, Precision, When
from testamur.core.people import Reference


class SameKey(Enum):
    """What it means when a source names one of its own records again."""

    REPEAT = "repeat"
    """The same fact: kept as a report. With another fingerprint it is refused (rule C2)."""
    REPLACE = "replace"
    """One record for each key, the last call wins: supersede the source's own earlier fact (rule C5)."""


@dataclass(frozen=True, slots=True)
class SourceKey:
    """A source's own key for a record: stronger than any comparison of content (rule C2).

    Args:
        source: namespace of the key, such as `rise`.
        value: the key itself; None stands for the pair of person and item, whichever way they were spelled.
        fingerprint: digest of the content, where a key with other content is to be refused.
    """

    source: str
    value: str | None
    same_key: SameKey = SameKey.REPEAT
    fingerprint: bytes | None = None


class Report(NamedTuple):
    """Who told us, through which dialect, and what exactly they said: the evidence behind a fact."""

    dialect: str
    client: Id
    method: str
    path: str
    body: str


class NewRecord(NamedTuple):
    """Somebody's learning as a caller tells it.

    Args:
        person: required unless `is_loose`.
        item: a reference, or outside learning by its title.
        completed: None for a plan or for progress (rule F4).
        score_percent: 0 to 100.
        score_text: the score as given, such as "87 / 100".
        time_spent: ISO 8601 duration as given.
        certificate: credential URL, badge id or number.
        is_prior: learning from before, or from elsewhere.
        is_loose: references that name nobody are kept as written instead of being refused.
        is_repeatable: two tellings with equal content are two records (cPod has no natural key).
        enrols: the person is put into the item's learners when not there yet.
        needs_published: the item must be offered, with a published version, to which the record is bound.
        quiz_score: whether a required quiz of an authored item is set to 100 % (Rise).
        extra: members that only the source's own vocabulary knows, kept as they came.
    """

    source: str
    person: Reference | None = None
    item: Reference | Outside | None = None
    completed: When | None = None
    started_at: datetime | None = None
    expires_at: datetime | None = None
    passed: bool | None = None
    score_percent: Decimal | None = None
    score_text: str | None = None
    time_spent: str | None = None
    certificate: str | None = None
    is_prior: bool = False
    key: SourceKey | None = None
    is_loose: bool = False
    is_repeatable: bool = False
    enrols: bool = False
    needs_published: bool = False
    quiz_score: bool = False
    application: str | None = None
    created_by: Id | None = None
    extra: Mapping[str, Any] | None = None


class Recorded(NamedTuple):
    """The ledger's answer to a telling.

    Args:
        record: the record's lasting id.
        fact: the fact that now stands for it.
        is_new: whether the record was made by this call.
        is_changed: whether this call wrote a fact: true for a new record and for a replacement.
    """

    record: Id
    fact: Id
    is_new: bool
    is_changed: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Record:
    """A record as it stands, with what a reader needs to know of its person and item.

    `fact` names the standing fact; `revision` counts facts from 1. `created_at` is when the record was first
    recorded, `recorded_at` when this fact was, `updated_at` when it was recorded or voided.
    """

    id: Id
    fact: Id
    revision: int
    entry: int
    person: Id | None
    person_ref: str | None
    person_email: str | None
    person_name: str | None
    item: Id | None
    item_kind: str | None
    item_format: str | None
    item_ref: str | None
    item_iri: str | None
    item_version: int | None
    title: str | None
    provider: str | None
    completed: When | None
    started_at: datetime | None
    expires_at: datetime | None
    passed: bool | None
    score_percent: Decimal | None
    score_text: str | None
    time_spent: str | None
    certificate: str | None
    is_prior: bool
    source: str
    source_id: str | None
    application: str | None
    created_by: Id | None
    updated_by: Id | None
    created_at: datetime
    recorded_at: datetime
    updated_at: datetime
    voided_at: datetime | None
    voided_by: Id | None
    extra: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Statement:
    """One fact of a record, as a reader of immutable statements sees it."""

    record: Record
    is_standing: bool


@dataclass(frozen=True, slots=True)
class Revision:
    """One fact of a record's chain.

    Args:
        seen: the record as this fact has it. `seen.voided_at` is when the fact ceased to stand, `seen.voided_by` who
            ended it.
        ended_as: `superseded` or `voided`, None while it stands.
    """

    seen: Record
    ended_as: str | None


class Shown(NamedTuple):
    """A record in a shape that its reader asked for.

    Args:
        json: the record in that shape, as JSON text.
    """

    id: Id
    entry: int
    person: Id | None
    is_completion: bool
    json: str


@dataclass(frozen=True, slots=True)
class Telling:
    """A report as kept: `repeats` counts how often the same client said the very same."""

    report: Report
    repeats: int
    first_at: datetime
    last_at: datetime


_DAY_ENDS_EVERYWHERE = timedelta(hours=36)
"""From midnight UTC of a bare day to its end in the last zone, UTC-12: a start on that day is not after it (D7)."""


def check_times(new: NewRecord, now: datetime, *, completed_field: str, started_field: str) -> None:
    """Refuse times that cannot be.

    Raises: InvalidInput naming the caller's field: a completion over 24 hours ahead (rule D6), a start after the
        completion (rule F7).
    """
    if new.completed is None:
        return
    if new.completed.at > now + FUTURE_TOLERANCE:
        raise InvalidInput(FieldFault(completed_field, "future", "lies more than 24 hours in the future (rule D6)"))
    ended_at = new.completed.at
    if new.completed.precision is Precision.DAY:
        ended_at += _DAY_ENDS_EVERYWHERE
    if new.started_at is not None and new.started_at > ended_at:
        raise InvalidInput(FieldFault(started_field, "order", "may not be after the completion (rule F7)"))
