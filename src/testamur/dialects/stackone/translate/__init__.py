"""StackOne's words and ours, a module for each group of operations. Pure functions."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from testamur.core.people import Reference
from testamur.core.records import Telling
from testamur.dialects.stackone import wire

SOURCE = "stackone"
UNMAPPED = "unmapped_value"


def user(text: str, field: str = "id") -> Reference:
    """A user: by an id or remote id, or by the external reference both sides agreed on."""
    return Reference(text, ("stackone", "ref"), "person", field)


def fields_of(text: str | None, known: Sequence[str]) -> list[str]:
    """The known names of a comma list; unknown ones are ignored, and nothing means everything."""
    asked = {name.strip() for name in text.split(",")} if text else set()
    return [name for name in known if name in asked]


def raw(tellings: Iterable[Telling], base_url: str) -> list[wire.RawRequest]:
    """What was told of a record, as the requests behind it."""
    root = base_url.removesuffix("/stackone")
    return [
        wire.RawRequest(
            method=telling.report.method,
            url=f"{root}/{telling.report.dialect}{telling.report.path}",
            body=_parsed(telling.report.body),
            response=None,
        )
        for telling in tellings
    ]


def _parsed(body: str) -> Any:
    try:
        parsed = msgspec.json.decode(body)
    except msgspec.DecodeError:
        return body
    return parsed if isinstance(parsed, dict) else body
