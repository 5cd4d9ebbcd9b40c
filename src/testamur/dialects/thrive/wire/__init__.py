"""Thrive's own shapes, a module for each group of its operations; what they share is here."""

from __future__ import annotations

from typing import Annotated, Generic, TypeVar

from msgspec import Meta, Struct

Item = TypeVar("Item")

Hex24 = Annotated[str, Meta(pattern="^[0-9a-fA-F]{24}$")]
Text = Annotated[str, Meta(min_length=1, max_length=500)]
Moment = Annotated[str, Meta(max_length=64, extra_json_schema={"format": "date-time"})]
"""ISO 8601 with an offset."""


class Error(Struct):
    """Every error of this API. `message` is always a string: a known client shows no other form."""

    status: int
    error: str
    message: str


class Pagination(Struct, rename="camel"):
    """Which page of how many; no results make no pages."""

    total_results: int
    total_pages: int
    page: int
    per_page: int


class Page(Struct, Generic[Item], rename="camel"):
    """The envelope of those lists that have one."""

    pagination: Pagination
    results: list[Item]
