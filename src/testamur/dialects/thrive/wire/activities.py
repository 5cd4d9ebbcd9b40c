"""Activities. Source: sections "Activities" of the vendor's API pages, and what its live answers hold."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType, field


class ActivityData(Struct, rename="camel"):
    """What an activity holds by its type; what is not known is left out.

    `registration` is the record that a completion belongs to: a correction has the same. `score` is a percentage.
    """

    name: dict[str, str]
    completed_date: str | UnsetType = UNSET
    started_date: str | UnsetType = UNSET
    attempted_date: str | UnsetType = UNSET
    version: int | UnsetType = UNSET
    completion: bool | UnsetType = UNSET
    success: bool | UnsetType = UNSET
    score: float | UnsetType = UNSET
    scaled: float | UnsetType = UNSET
    min_score: float | UnsetType = UNSET
    max_score: float | UnsetType = UNSET
    duration: str | UnsetType = UNSET
    registration: str | UnsetType = UNSET
    source: str | UnsetType = UNSET


class Activity(Struct, rename="camel"):
    """One thing that somebody did. `date` is when it was recorded and never falls from one activity to the next."""

    id: str
    type: str
    name: str
    user: str
    date: str
    context_id: str
    context_type: str
    content_type: str | None
    data: ActivityData
    with_: dict[str, Any] | None = field(name="with", default=None)
