"""Rows of audiences, and of who belongs to them: columns and what a row says."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from testamur.core.audiences import NAME_MAX_LENGTH, REFERENCE_MAX_LENGTH, AudienceCategory
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.imports.cells import Field, day, lower, one_of, text
from testamur.core.people import IDENTIFIER_LENGTH_MAX

AUDIENCE_FIELDS: Mapping[str, Field] = {
    "ref": Field(text(REFERENCE_MAX_LENGTH), ("reference", "external_reference", "code", "audience")),
    "name": Field(text(NAME_MAX_LENGTH), ("title", "audience_name")),
    "category": Field(one_of(AudienceCategory), ("type",)),
    "parent": Field(text(REFERENCE_MAX_LENGTH), ("parent_ref", "structure"), clears=True),
}
"""What a column of a file of audiences can mean."""

MEMBERSHIP_FIELDS: Mapping[str, Field] = {
    "audience": Field(text(REFERENCE_MAX_LENGTH), ("audience_ref", "group")),
    "person": Field(text(IDENTIFIER_LENGTH_MAX), ("member",)),
    "person_by": Field(lower),
    "joined_on": Field(day, ("from", "start_date", "starts_on", "since")),
    "left_on": Field(day, ("until", "end_date", "ends_on")),
}
"""What a column of a file of memberships can mean, beside those that name people."""


def check_audience(told: Mapping[str, Any]) -> None:
    """Raises InvalidInput for a row that names no audience."""
    if not told.get("ref"):
        raise InvalidInput(FieldFault("ref", "missing", "says no audience"))
    if told.get("parent") == told["ref"]:
        raise InvalidInput(FieldFault("parent", "order", "may not name the audience itself, nor one within it"))


def check_membership(told: Mapping[str, Any]) -> None:
    """Raises InvalidInput for a row without an audience or a person, and for an end before the beginning."""
    if not told.get("audience"):
        raise InvalidInput(FieldFault("audience", "missing", "says no audience"))
    if not told.get("person") and not told["identifiers"]:
        raise InvalidInput(FieldFault("person", "missing", "says nobody"))
    if told.get("joined_on") and told.get("left_on") and told["left_on"] < told["joined_on"]:
        raise InvalidInput(FieldFault("left_on", "order", "lies before the first day"))


@dataclass(frozen=True, slots=True)
class Span:
    """Days in which somebody belonged to an audience; `left_on` is the first day outside, None for none yet."""

    joined_on: date
    left_on: date | None


@dataclass(frozen=True, slots=True)
class Opens:
    """Somebody joins on a day."""

    joined_on: date


@dataclass(frozen=True, slots=True)
class Closes:
    """Somebody leaves; `left_on` is her first day outside."""

    left_on: date


Membership = Opens | Closes | Span | None
"""What becomes of somebody's membership: a span opens, the open one ends, one of the past is told, or nothing."""


def membership_of(told: Mapping[str, Any], spans: list[Span], today: date) -> tuple[Membership, str | None]:
    """What a row makes of somebody's membership, with what there is to know of it.

    Args:
        spans: of her in that audience, in order.
    Raises: InvalidInput.
    """
    joined, left = _day(told.get("joined_on")), _day(told.get("left_on"))
    if left is not None and left > today:
        raise InvalidInput(FieldFault("left_on", "future", f"may not be after today, {today} in this tenant"))
    current = next((span for span in spans if span.left_on is None), None)
    if current is not None:
        return _of_member(current, joined, left)
    if left is None:
        last = max((span.left_on for span in spans if span.left_on and span.left_on > span.joined_on), default=None)
        # A span that ends tomorrow or later is as good as open: the new one follows it.
        day = joined or (max(today, last) if last else today)
        if last is not None and day < last:
            raise InvalidInput(FieldFault("joined_on", "order", f"she was a member until {last}"))
        return Opens(day), None
    if any(span.left_on == left and joined in (None, span.joined_on) for span in spans):
        return None, None
    if joined is None:
        raise InvalidInput(FieldFault("left_on", "order", "she is no member, and nothing says since when she was"))
    for span in spans:
        if span.left_on is not None and joined < span.left_on and span.joined_on < left:
            said = f"she was a member from {span.joined_on} until {span.left_on}"
            raise InvalidInput(FieldFault("joined_on", "order", said))
    return Span(joined, left), None


def _of_member(current: Span, joined: date | None, left: date | None) -> tuple[Membership, str | None]:
    note = (
        f"she is a member since {current.joined_on}, which stays" if joined not in (None, current.joined_on) else None
    )
    if left is None:
        return None, note
    if left < current.joined_on:
        raise InvalidInput(FieldFault("left_on", "order", f"she joined on {current.joined_on} only"))
    return Closes(left), note


def _day(told: str | None) -> date | None:
    return None if told is None else date.fromisoformat(told)
