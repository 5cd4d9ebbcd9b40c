"""StackOne's words and ours, a module for each group of operations. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import Any

import msgspec

from testamur.core.errors import FieldFault, InvalidInput
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
    if not text:
        return []
    asked = {name.strip() for name in text.split(",")}
    return [name for name in known if name in asked]


def selected(record: msgspec.Struct, names: Sequence[str]) -> Any:
    """A record, or just these members of it."""
    return {name: getattr(record, name) for name in names} if names else record


def enum(value: str | None, source: Any = None) -> wire.Enum | None:
    """An enumeration that is read; None has none. Without a `source` the word is the source's too."""
    return None if value is None else wire.Enum(value, value if source is None else source)


def word_of(given: wire.Enum | None, known: Collection[str], field: str) -> str | None:
    """The word of `known` that an enumeration in a body says, in any letter case; None when it says nothing.

    `source_value` speaks where `value` is missing or unmapped.

    Raises: InvalidInput naming `<field>.value`.
    """
    if given is None:
        return None
    word = given.value
    if word is None or word == UNMAPPED:
        word = given.source_value if isinstance(given.source_value, str) else None
    if word is None:
        return None
    for name in known:
        if name.lower() == word.lower():
            return name
    raise InvalidInput(FieldFault(f"{field}.value", "format", f"must be one of {', '.join(known)}"))


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
