"""Audiences and their members."""

from __future__ import annotations

from typing import Annotated, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from testamur.core.audiences import NAME_MAX_LENGTH, REFERENCE_MAX_LENGTH
from testamur.dialects.api.wire import Day, Moment, Named

Category = Literal["structure", "audience"]
Name = Annotated[str, Meta(min_length=1, max_length=NAME_MAX_LENGTH)]
Ref = Annotated[str, Meta(min_length=1, max_length=REFERENCE_MAX_LENGTH)]


class Audience(Struct, kw_only=True):
    """An audience as read. `parent` is the structure it stands in."""

    id: str
    name: str
    category: Category
    ref: str | None
    parent: str | None
    is_api_controlled: bool
    is_smart: bool
    created_at: Moment
    updated_at: Moment


class CreateAudience(Struct, kw_only=True, forbid_unknown_fields=True):
    """An audience to be added. What is made here is changed only through an API."""

    name: Name
    category: Category = "audience"
    ref: Ref | None = None
    parent: Named | None = None


class ChangeAudience(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be different in an audience."""

    name: Name | UnsetType = UNSET
    ref: Ref | UnsetType | None = UNSET
    parent: Named | UnsetType | None = UNSET


class Membership(Struct, kw_only=True):
    """A span of days in which a person belonged to the audience; `left_on` is the first day outside.

    Args:
        joined_recorded_at, left_recorded_at: when either end became known.
    """

    person: str
    ref: str | None
    email: str | None
    joined_on: Day
    left_on: Day | None
    joined_recorded_at: Moment
    left_recorded_at: Moment | None


class AddMember(Struct, forbid_unknown_fields=True):
    """A membership to be opened; today without a day."""

    joined_on: Day | None = None
