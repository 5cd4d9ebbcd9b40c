"""cPod's words and ours. Pure functions."""

from __future__ import annotations

from testamur.core.ids import PREFIXES, Id, parse
from testamur.core.people import Reference


def person(text: str, field: str) -> Reference:
    """A person id: one that came along from cPod, or our own."""
    return Reference(text, ("cpod",), "person", field)


def reference_id(text: str, noun: str) -> Id:
    """The value of an id in any of its spellings. Raises ValueError: unreadable, or with another noun's prefix."""
    id = parse(text, noun)
    if id is None:
        raise ValueError(f"must be a UUID, or a ULID such as {PREFIXES[noun]}_01ARZ3NDEKTSV4RRFFQ69G5FAV")
    return id
