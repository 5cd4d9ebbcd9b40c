"""Courses, both ways."""

from __future__ import annotations

import hashlib
from dataclasses import replace
from typing import Any

from msgspec import UNSET

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_hex24, to_opaque
from testamur.core.items import CHILDREN_MAX, ItemKind, ItemTelling, LinkedItem
from testamur.core.people import Identifier
from testamur.dialects.stackone.translate import content
from testamur.dialects.stackone.wire import courses as wire

FIELDS = wire.Course.__struct_fields__


def upsert(body: wire.WriteCourse) -> ItemTelling:
    """What a body says of a course and the contents in it. Raises InvalidInput naming the field."""
    telling = content.upsert(body, ItemKind.COURSE)
    if body.content is UNSET or body.content is None:
        return telling
    if len(body.content) > CHILDREN_MAX:
        raise InvalidInput(FieldFault("content", "range", f"takes {CHILDREN_MAX} members at most"))
    reference = next((identifier.value for identifier in telling.identifiers), None)
    parts = [(_place(one, n), _part(one, reference, f"content[{n}]")) for n, one in enumerate(body.content)]
    return replace(telling, parts=tuple(part for _, part in sorted(parts, key=lambda part: part[0])))


def course(linked: LinkedItem) -> wire.Course:
    """A stored course."""
    return wire.Course(
        **content.shared(linked),
        content_ids=[to_opaque(id) for id in linked.children],
        remote_content_ids=[to_hex24(id) for id in linked.children],
        url=linked.item.url,
    )


def _place(one: wire.CreateContent, place: int) -> tuple[float, int]:
    return (one.order if isinstance(one.order, int | float) else float(place), place)


def _part(one: wire.CreateContent, course: str | None, field: str) -> ItemTelling:
    try:
        telling = content.update(one, ItemKind.CONTENT, None)
    except InvalidInput as error:
        fault = error.faults[0]
        raise InvalidInput(replace(fault, field=f"{field}.{fault.field}")) from error
    fields = dict(telling.fields)
    title: Any = fields.pop("title", None)
    if telling.identifiers:
        defaults = {"title": one.external_reference}
    else:
        if not title:
            raise InvalidInput(FieldFault(f"{field}.title", "missing", "is required where there is no reference"))
        # Known by its title within its course, so that the same course again does not make it anew.
        key = hashlib.sha256(f"{course}\0{title}".encode()).hexdigest() if course else ""
        telling = replace(telling, identifiers=(Identifier("part", key),) if key else (), is_whole=not key)
        defaults = {}
    return replace(telling, fields=fields | ({"title": title} if title else {}), defaults=defaults, place=field)
