"""Content, both ways, and what courses and collections share with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import msgspec
from msgspec import UNSET

from testamur.core.errors import FieldFault, IdentifierTaken, InvalidInput, ItemNotFound
from testamur.core.ids import Id, to_hex24, to_opaque
from testamur.core.items import ItemKind, ItemPut, ItemState, ItemTelling, LinkedItem
from testamur.core.moments import format_instant, is_duration, parse_when
from testamur.core.people import IDENTIFIER_LENGTH_MAX, Identifier, Reference
from testamur.dialects.stackone.translate.categories import (
    categories_of,
    category,
    check_length,
    language,
    read,
    told,
    told_language,
)
from testamur.dialects.stackone.translate.skills import skill, skills_of
from testamur.dialects.stackone.wire import Enum
from testamur.dialects.stackone.wire import content as wire
from testamur.dialects.stackone.wire.languages import LANGUAGES

FIELDS = wire.Content.__struct_fields__
READ_TYPES = ("video", "quiz", "document", "audio", "article")
WRITE_TYPES = (*READ_TYPES, "book", "event", "course", "collection", "interactive")
_TEXT_MAX, _DESCRIPTION_MAX, _DETAILS_MAX_BYTES = 2_000, 65_536, 64 * 1024

# The body's word for each field of an item, and for each detail.
_FIELDS = {
    "title": "title",
    "description": "description",
    "content_url": "url",
    "url": "url",
    "cover_url": "cover_url",
    "duration": "duration",
    "content_type": "format",
}
_DETAILS = {
    "languages": "languages",
    "mobile_launch_content_url": "mobile_url",
    "short_description": "short_description",
    "order": "order",
    "localizations": "localizations",
    "authors": "creators",
    "additional_data": "additional_data",
    "unified_custom_fields": "custom_fields",
    "passthrough": "passthrough",
    "created_at": "told_created_at",
    "updated_at": "told_updated_at",
}


def learning_object(text: str, field: str = "id") -> Reference:
    """A learning object by an id or remote id, or by its external reference."""
    return Reference(text, ("stackone", "ref"), "item", field)


def upsert(body: Any, kind: ItemKind) -> ItemTelling:
    """What a body says of a learning object that it replaces or makes. Raises InvalidInput naming the field."""
    given = {name: None if value is UNSET else value for name, value in _members(body)}
    telling = _telling(given, kind)
    reference = _reference(given.get("external_reference"))
    if not telling.fields.get("title"):
        # A title cannot be taken away; what has never had one is called by its key.
        name = (reference or "").strip()[:500] or kind.value.capitalize()
        fields = {name: value for name, value in telling.fields.items() if name != "title"}
        telling = replace(telling, fields=fields, defaults={"title": name})
    return replace(telling, identifiers=_identifiers(reference), is_whole=True)


def update(body: Any, kind: ItemKind, target: Id | None) -> ItemTelling:
    """What a body changes of a learning object; what it does not mention stays. Raises InvalidInput."""
    given = {name: value for name, value in _members(body) if value is not UNSET}
    return replace(
        _telling(given, kind), identifiers=_identifiers(_reference(given.get("external_reference"))), target=target
    )


def put_of(answer: ItemPut) -> Id:
    """The item that was put. Raises what refused it, named as bodies name it."""
    if answer.fault is not None:
        fault = fault_told(answer.fault)
        if fault.code == "not_found":
            raise ItemNotFound(fault.message, field=fault.field)
        if fault.code == "duplicate":
            raise IdentifierTaken(fault.message, field=fault.field or None)
        raise InvalidInput(fault)
    assert answer.item is not None
    return answer.item


def fault_told(fault: FieldFault) -> FieldFault:
    """With the body's word for the field."""
    head, dot, tail = fault.field.rpartition(".")
    return replace(fault, field=f"{head}{dot}{ {'ref': 'external_reference'}.get(tail, tail) }")


def content(linked: LinkedItem) -> wire.Content:
    """A stored content."""
    item, details = linked.item, linked.item.details
    courses = [id for kind, id in linked.parents if kind is ItemKind.COURSE]
    order = details.get("order")
    return wire.Content(
        **shared(linked),
        course_ids=[to_opaque(id) for id in courses],
        remote_course_ids=[to_hex24(id) for id in courses],
        additional_data=details.get("additional_data"),
        content_url=item.url,
        mobile_launch_content_url=details.get("mobile_url"),
        content_type=read(item.format, READ_TYPES),
        order=linked.place if order is None else order,
        short_description=details.get("short_description"),
        localizations=[
            wire.Localization(one.get("title"), one.get("description"), language(one.get("language")), one.get("tags"))
            for one in details.get("localizations") or ()
        ],
        tags=list(item.tags),
    )


def shared(linked: LinkedItem) -> dict[str, Any]:
    """The members that contents and courses have in common."""
    item, details = linked.item, linked.item.details
    words = details.get("languages") or ([item.language] if item.language else [])
    levels = details.get("proficiencies") or {}
    skills = [replace(one, proficiency=levels.get(one.name.lower(), one.proficiency)) for one in linked.skills]
    return {
        "id": to_opaque(item.id),
        "remote_id": to_hex24(item.id),
        "unified_custom_fields": details.get("custom_fields"),
        "external_reference": item.ref,
        "title": item.title,
        "description": item.description,
        "languages": [language(word) for word in words],
        "cover_url": item.cover_url,
        "active": item.version is not None and item.retired_at is None,
        "duration": item.duration,
        "categories": [category(one) for one in linked.categories],
        "skills": [skill(one) for one in skills],
        "provider": item.provider,
        "updated_at": format_instant(item.updated_at),
        "created_at": details.get("told_created_at") or format_instant(item.created_at),
        "authors": [wire.Author(one.get("id"), one.get("name")) for one in details.get("creators") or ()],
    }


def _members(body: Any) -> list[tuple[str, Any]]:
    return [(name, getattr(body, name)) for name in body.__struct_fields__]


def _reference(text: str | None) -> str | None:
    if text is None:
        return None
    if not text.strip() or len(text) > IDENTIFIER_LENGTH_MAX:
        raise InvalidInput(
            FieldFault("external_reference", "range", f"must have 1 to {IDENTIFIER_LENGTH_MAX} characters")
        )
    return text


def _identifiers(reference: str | None) -> tuple[Identifier, ...]:
    return () if reference is None else (Identifier("ref", reference),)


def _telling(given: Mapping[str, Any], kind: ItemKind) -> ItemTelling:
    fields: dict[str, Any] = {_FIELDS[name]: _read(name, given[name]) for name in _FIELDS if name in given}
    details: dict[str, Any] = {_DETAILS[name]: _read(name, given[name]) for name in _DETAILS if name in given}
    if fields.get("duration") is not None and not is_duration(fields["duration"]):
        raise InvalidInput(FieldFault("duration", "format", "must be an ISO 8601 duration, such as PT1H30M"))
    if "languages" in details:
        first = next(iter(details["languages"] or ()), None)
        fields["language"] = first.replace("_", "-") if first in LANGUAGES else first
    skills = None
    if "skills" in given:
        skills = skills_of(given["skills"] or ())
        # The level that this one builds: another may build the same skill to another level.
        details["proficiencies"] = {
            one.name.lower(): one.proficiency for one in skills if one.name and one.proficiency
        } or None
    if len(msgspec.json.encode(details)) > _DETAILS_MAX_BYTES:
        raise InvalidInput(FieldFault("", "range", f"says more than {_DETAILS_MAX_BYTES} bytes of further details"))
    tags = None
    if "tags" in given:
        tags = tuple(given["tags"] or ())
        check_length(tags, "tags")
    active = given.get("active")
    return ItemTelling(
        identifiers=(),
        fields=fields | ({"details": details} if details else {}),
        state=None if active is None else ItemState.PUBLISHED if active in (True, "true") else ItemState.RETIRED,
        tags=tags,
        skills=skills,
        categories=categories_of(given["categories"] or ()) if "categories" in given else None,
        kind=kind,
    )


def _read(name: str, value: Any) -> Any:
    if value is None:
        return None
    reader = _READERS.get(name)
    if reader is not None:
        return reader(name, value)
    if isinstance(value, str):
        most = _DESCRIPTION_MAX if "description" in name else _TEXT_MAX
        if len(value) > most:
            raise InvalidInput(FieldFault(name, "range", f"takes {most} characters at most"))
    return value


def _languages(name: str, given: list[Enum | str]) -> list[str] | None:
    check_length(given, name)
    words = [
        told_language(one if isinstance(one, Enum) else Enum(one), f"{name}[{place}]")
        for place, one in enumerate(given)
    ]
    return [word for word in words if word] or None


def _localizations(name: str, given: list[wire.Localization]) -> list[dict[str, Any]] | None:
    check_length(given, name)
    return [
        {
            "title": one.title,
            "description": one.description,
            "language": told_language(one.language, f"{name}[{place}].language"),
            "tags": one.tags,
        }
        for place, one in enumerate(given)
    ] or None


def _structs(name: str, given: list[Any]) -> list[Any] | None:
    check_length(given, name)
    return [msgspec.to_builtins(one) for one in given] or None


def _moment(name: str, given: str) -> str:
    try:
        return format_instant(parse_when(given).at)
    except ValueError as error:
        raise InvalidInput(FieldFault(name, "format", str(error))) from error


_READERS: dict[str, Callable[[str, Any], Any]] = {
    "content_type": lambda name, given: told(given, WRITE_TYPES, name),
    "languages": _languages,
    "localizations": _localizations,
    "authors": _structs,
    "additional_data": _structs,
    "created_at": _moment,
    "updated_at": _moment,
}
