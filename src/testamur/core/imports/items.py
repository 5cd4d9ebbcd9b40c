"""Rows of items: columns, and what a row tells of an item."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.imports.cells import Field, boolean, day, duration, json_object, lower, one_of, text, texts, whole
from testamur.core.items import VERSION_MAX, ItemKind, ItemState, ItemTelling
from testamur.core.people import IDENTIFIER_LENGTH_MAX, Identifier
from testamur.core.skills import tag_names

_TEXT_MAX, _DESCRIPTION_MAX = 2_000, 65_536

IDENTIFIERS: Mapping[str, tuple[str, ...]] = {
    "ref": (
        "code",
        "number",
        "reference",
        "external_reference",
        "courseidnumber",
        "courseshortname",
        "courseid",
        "course_number",
        "learning_object_external_reference",
    ),
    "iri": (),
    "thrive": ("content_id",),
    **dict.fromkeys(("rise", "cpod", "stackone"), ()),
}
"""Columns with identifiers of items, with the other names they are known by."""

FIELDS: Mapping[str, Field] = {
    "title": Field(text(_TEXT_MAX), ("name", "course_name")),
    "kind": Field(one_of(ItemKind), ("type",)),
    "format": Field(lower, clears=True),
    "description": Field(text(_DESCRIPTION_MAX), ("summary",), clears=True),
    "provider": Field(text(_TEXT_MAX), ("vendor",), clears=True),
    "language": Field(text(_TEXT_MAX), ("locale", "lang"), clears=True),
    "url": Field(text(_TEXT_MAX), clears=True),
    "cover_url": Field(text(_TEXT_MAX), clears=True),
    "duration": Field(duration, clears=True),
    "is_authored": Field(boolean),
    "requires_quiz": Field(boolean),
    "is_official": Field(boolean),
    "attributes": Field(json_object),
    "author": Field(text(_TEXT_MAX), clears=True),
    "state": Field(one_of(ItemState), ("status",)),
    "version": Field(whole(1, VERSION_MAX), ("revision",)),
    "retraining_from": Field(day),
    "tags": Field(texts("|", _TEXT_MAX), clears=True),
    "skills": Field(texts("|", _TEXT_MAX), clears=True),
}
"""What a column of a file of items can mean."""

identifier = texts(None, IDENTIFIER_LENGTH_MAX)
_PLAIN = tuple(FIELDS)[: tuple(FIELDS).index("attributes") + 1]


def check(told: Mapping[str, Any]) -> None:
    """Raises InvalidInput for a row that cannot be told."""
    item_of(told)


def item_of(told: Mapping[str, Any]) -> ItemTelling:
    """What a row says of an item. Raises InvalidInput naming the column."""
    identifiers = [Identifier(kind, value) for kind, values in told["identifiers"].items() for value in values]
    if not identifiers:
        raise InvalidInput(FieldFault("", "missing", f"one of {', '.join(IDENTIFIERS)} must name the item"))
    fields = {name: told[name] for name in _PLAIN if name in told}
    if "kind" in fields:
        fields["kind"] = ItemKind(fields["kind"])
    return ItemTelling(
        identifiers=tuple(identifiers),
        fields=fields,
        author=(told["author"] or "") if "author" in told else None,
        state=ItemState(told["state"]) if "state" in told else None,
        version=told.get("version"),
        retraining_from=date.fromisoformat(told["retraining_from"]) if "retraining_from" in told else None,
        tags=tag_names(told["tags"] or (), "tags") if "tags" in told else None,
        skills=tag_names(told["skills"] or (), "skills") if "skills" in told else None,
    )
