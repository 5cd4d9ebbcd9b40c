"""The shapes of our own API, a module for each group of its operations; what they share is here."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from msgspec import UNSET, Meta, Struct, UnsetType

Row = TypeVar("Row")

ID_LENGTH_MAX = 600
"""An identifier of 500 characters, its kind, and room."""

Named = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=ID_LENGTH_MAX,
        description="An id in any spelling, or an identifier by its kind, such as ref:00123 or email:ada@example.com",
    ),
]
Day = Annotated[str, Meta(max_length=10, extra_json_schema={"format": "date"})]
Moment = Annotated[str, Meta(max_length=64, extra_json_schema={"format": "date-time"})]
Short = Annotated[str, Meta(min_length=1, max_length=500)]
Key = Annotated[str, Meta(min_length=1, max_length=100)]
Identifiers = Annotated[dict[Key, Annotated[list[Short], Meta(max_length=20)]], Meta(max_length=20)]
"""The values of each kind, such as {"ref": ["00123"]}."""


class List(Struct, Generic[Row]):
    """A part of a list. `next` is the cursor of the part behind it, null exactly at the end."""

    data: list[Row]
    next: str | None


class Fault(Struct, kw_only=True):
    """One thing wrong with the request.

    Args:
        pointer: where in the body, as a JSON pointer (RFC 6901).
        parameter: or else in which parameter of path or query.
        code: `missing`, `type`, `format`, `range`, `unknown`, `future`, `order`, `not_found`, `duplicate`, or that of
            the problem.
    """

    pointer: str | UnsetType = UNSET
    parameter: str | UnsetType = UNSET
    code: str
    detail: str


class RemovalsRefused(Struct, kw_only=True):
    """What an import would take away, unconfirmed: how many, their share of what there is, and what may go unasked."""

    number: int
    share_percent: float
    limit_percent: int


class Problem(Struct, kw_only=True):
    """Every error: RFC 9457. The type's last part is a code for machines, the same for the same problem for good."""

    type: str
    title: str
    status: int
    detail: str
    instance: str | UnsetType = UNSET
    removals: RemovalsRefused | UnsetType = UNSET
    errors: list[Fault]
