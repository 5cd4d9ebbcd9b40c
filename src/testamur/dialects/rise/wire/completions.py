"""Imported completions. Source: the vendor's page "Import Course Completion API"."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct

_Moment = Annotated[Any, Meta(extra_json_schema={"type": "string", "format": "date-time"})]


class ImportCompletion(Struct, rename="camel"):
    """Body of POST /courses/{courseId}/users/{userId}/completions. Both are required and ISO 8601."""

    # Decoding lets any value in, because the ids in the path are answered for before the dates are.
    completed_at: _Moment = UNSET
    started_at: _Moment = UNSET


ImportCompletionBody = Annotated[ImportCompletion, Meta(extra_json_schema={"required": ["completedAt", "startedAt"]})]
"""The body as documented."""


class Accepted(Struct):
    """The answer to an import: an empty object, for clients that always read JSON."""
