"""Transcripts."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import Meta, Struct

from testamur.dialects.api.wire import Day, Moment
from testamur.dialects.api.wire.records import DayOrMoment, Score

CheckValue = Annotated[str, Meta(max_length=200, description="What `/v1/transcripts/check` takes")]
CHECK_LENGTH_MAX = 200


class TranscriptPerson(Struct, kw_only=True):
    """Whose transcript it is. Somebody who was forgotten has no name."""

    id: str
    ref: str | None
    given_name: str
    family_name: str


class TranscriptLine(Struct, kw_only=True):
    """One record as it stands.

    Args:
        is_outside: whether it was learnt outside of the catalogue.
        key: the source's own key.
    """

    record: str
    revision: int
    item: str | None
    item_ref: str | None
    item_version: int | None
    title: str | None
    provider: str | None
    is_outside: bool
    completed_at: DayOrMoment | None
    started_at: Moment | None
    expires_at: Moment | None
    passed: bool | None
    score_percent: Score | None
    score_text: str | None
    time_spent: str | None
    certificate: str | None
    is_prior: bool
    source: str
    key: str | None
    recorded_at: Moment


class Transcript(Struct, kw_only=True):
    """All that stands of what somebody has learnt: what was completed by its time, then plans and progress.

    Args:
        produced_on: the day of `produced_at` in `zone`.
        entry: the number of the last change that it knows of.
        count: how many records it has, `completions` of them with a time of completion.
    """

    organisation: str
    person: TranscriptPerson
    produced_on: Day
    produced_at: Moment
    zone: str
    entry: int
    count: int
    completions: int
    check: CheckValue
    records: list[TranscriptLine]


class EndedFact(Struct, kw_only=True):
    """A fact of a transcript that stands no more."""

    record: str
    revision: int
    ended_at: Moment
    ended_as: Literal["superseded", "voided"]


class TranscriptCheck(Struct, kw_only=True):
    """Whether a transcript still says what the ledger says.

    Args:
        stands: every fact of it stands, and the check value was given out with just these.
        because: `changed` when facts of it were voided or corrected, `unknown` when such a check value was never given
            out. Null while it stands.
        count: records of that time which stand still.
        ended: the first hundred facts that were voided or corrected since.
    """

    stands: bool
    because: Literal["changed", "unknown"] | None
    person: str
    produced_at: Moment
    count: int
    ended: list[EndedFact]
