"""StackOne's own shapes: the union of all editions of its Unified LMS document.

A module for each group of its operations; what they share is here.
Source: the editions 2025-02-21 to 2025-12-03 of the vendor's OpenAPI document.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct


class Enum(Struct):
    """An enumeration: `value` is the unified word, `source_value` what the source said."""

    value: str | None = None
    source_value: Any = None


class RawRequest(Struct):
    """One request behind a fact: who told the ledger, in which words."""

    method: str
    url: str
    body: Any
    response: Any


class Created(Struct):
    """The ids of what was created."""

    id: str
    remote_id: str


class CreateResult(Struct, rename={"status_code": "statusCode"}):
    """The answer to a create. The clients insist on the status 201."""

    status_code: int
    message: str
    timestamp: str
    data: Created


class Upserted(Struct):
    """The ids of what was created or replaced."""

    id: str
    remote_id: str
    external_reference: str | None


class UpsertResult(Struct, rename={"status_code": "statusCode"}):
    """The answer to an upsert, 201 whether or not the thing was there before."""

    status_code: int
    message: str
    timestamp: str
    data: Upserted


class UpdateResult(Struct, rename={"status_code": "statusCode"}):
    """The answer to a change, which comes with the status 201."""

    status_code: int
    message: str
    timestamp: str


class DeleteResult(Struct, rename={"status_code": "statusCode"}):
    """The answer to a deletion, which comes with the status 200."""

    status_code: int
    message: str
    timestamp: str


class BatchResult(Struct, rename={"status_code": "statusCode"}):
    """The answer to a batch, 202: `errors` has what is wrong of each bad row."""

    status_code: int
    message: str
    timestamp: str
    errors: list[list[str]]


class Error(Struct, rename={"status_code": "statusCode"}):
    """Every error: three mandatory members, the message always one string."""

    status_code: int
    message: str
    timestamp: str
