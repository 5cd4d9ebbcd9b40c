"""Records, their revisions and reports."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from testamur.core.items import TITLE_LENGTH_MAX
from testamur.dialects.api.wire import Moment, Named, Short

DayOrMoment = Annotated[str, Meta(max_length=64, description="A bare day stays that day in every zone (rule D7)")]
Title = Annotated[str, Meta(min_length=1, max_length=TITLE_LENGTH_MAX)]
Score = Annotated[float, Meta(ge=0, le=100)]
Duration = Annotated[str, Meta(max_length=100, description="ISO 8601, such as PT45M")]


class Record(Struct, kw_only=True):
    """Somebody's learning as it stands.

    Args:
        completed_at: a moment, or a bare day where no more is known; null for a plan or for progress.
        key: the source's own key.
        revision: how many facts there have been.
    """

    id: str
    person: str | None
    item: str | None
    item_version: int | None
    title: str | None
    provider: str | None
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
    revision: int
    created_at: Moment
    updated_at: Moment
    voided_at: Moment | None


class Revision(Struct, kw_only=True):
    """One fact of a record, never changed once written. It stands while `ended_at` is null.

    Args:
        ended_as: `superseded` by the next one, or `voided`.
    """

    number: int
    item_version: int | None
    completed_at: DayOrMoment | None
    started_at: Moment | None
    expires_at: Moment | None
    passed: bool | None
    score_percent: Score | None
    score_text: str | None
    time_spent: str | None
    certificate: str | None
    is_prior: bool
    recorded_at: Moment
    ended_at: Moment | None
    ended_as: Literal["superseded", "voided"] | None


class Telling(Struct, kw_only=True):
    """Who told us, through which dialect, and what exactly they said.

    Args:
        repeats: how often the same client said the very same.
    """

    dialect: str
    client: str
    method: str
    path: str
    body: str
    repeats: int
    first_at: Moment
    last_at: Moment


class RecordWithHistory(Record, kw_only=True):
    """A record with all of its facts and the evidence for them, oldest first."""

    revisions: list[Revision]
    reports: list[Telling]
    extra: dict[str, Any]


class CreateRecord(Struct, kw_only=True, forbid_unknown_fields=True):
    """Somebody's learning to be recorded.

    Args:
        item: or else `title`, with `provider` where known, for learning outside of the catalogue.
        completed_at: absent for a plan or for progress.
        key: the sender's own id of it. The same key with the same content is the same record.
        is_prior: learning from before, or from elsewhere.
    """

    person: Named
    item: Named | None = None
    title: Title | None = None
    provider: Short | None = None
    completed_at: DayOrMoment | None = None
    started_at: Moment | None = None
    expires_at: Moment | None = None
    passed: bool | None = None
    score_percent: Score | None = None
    score_text: Short | None = None
    time_spent: Duration | None = None
    certificate: Annotated[str, Meta(min_length=1, max_length=2_000)] | None = None
    is_prior: bool = False
    key: Annotated[str, Meta(min_length=1, max_length=255)] | UnsetType = UNSET
