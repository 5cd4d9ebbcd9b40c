"""Facts by the million. Ids are UUIDs."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from testamur.dialects.api.wire import Day, Moment
from testamur.dialects.api.wire.records import Score


class ExportedFact(Struct, kw_only=True):
    """A fact as it was told, whether it stands or not.

    Args:
        completed_by_day: the time was told as a bare day; `completed_at` is its midnight in UTC.
        completed_on: the day in the tenant's zone, or that very day.
        extra: what its source alone says of it.
    """

    fact: str
    record: str
    revision: int
    entry: int
    person: str | None
    item: str | None
    item_version: int | None
    completed_at: Moment | None
    completed_by_day: bool
    completed_on: Day | None
    started_at: Moment | None
    expires_at: Moment | None
    passed: bool | None
    score_percent: Score | None
    score_text: str | None
    time_spent: str | None
    certificate: str | None
    is_prior: bool
    source: str
    source_id: str | None
    application: str | None
    recorded_at: Moment
    extra: dict[str, Any] | None


class ExportedEnding(Struct, kw_only=True):
    """That a fact stands no more."""

    fact: str
    record: str
    entry: int
    ended_as: Literal["superseded", "voided"]
    client: str | None
    recorded_at: Moment
