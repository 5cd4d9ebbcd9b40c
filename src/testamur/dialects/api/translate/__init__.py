"""Our own API's words and the ledger's, a module for each group of operations. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Any

from msgspec import UNSET, Struct

from testamur.core.errors import AssignmentNotFound, AudienceNotFound, FieldFault, InvalidInput
from testamur.core.ids import Id, parse, to_ulid
from testamur.core.moments import parse_when
from testamur.core.people import Identifier, Reference


def person(text: str, field: str) -> Reference:
    """A person by an id in any spelling, or by an identifier: `email:ada@example.com`."""
    return _named(text, "person", field)


def item(text: str, field: str) -> Reference:
    """An item by an id in any spelling, or by an identifier: `ref:FIRE-101`."""
    return _named(text, "item", field)


def audience(text: str, field: str) -> Reference:
    """An audience by an id in any spelling, or `ref:` and its reference. Raises AudienceNotFound for other texts."""
    kind, colon, value = text.partition(":")
    if colon and kind == "ref":
        return Reference(value, ("ref",), "audience", field, may_be_id=False)
    # The ledger takes a bare text for a reference; here that needs its kind, as everywhere in this API.
    if parse(text, "audience") is None:
        raise AudienceNotFound(f"No audience {text!r} in this tenant", field=field)
    return Reference(text, (), "audience", field)


def assignment(text: str, field: str) -> Reference:
    """An assignment by an id in any spelling. Raises AssignmentNotFound for other texts."""
    if parse(text, "assignment") is None:
        raise AssignmentNotFound(f"No assignment {text!r} in this tenant", field=field)
    return Reference(text, (), "assignment", field)


def by_id(id: Id, noun: str, field: str = "") -> Reference:
    """Something by its id, as it was found."""
    return Reference(str(id), (), noun, field)


def identifier(text: str) -> Identifier | None:
    """An identifier by its kind, or None for a text without one."""
    kind, colon, value = text.partition(":")
    return Identifier(kind, value) if colon else None


def identifiers(named: Mapping[str, Sequence[str]], **also: str | None) -> tuple[Identifier, ...]:
    """Identifiers by kind, those of `also` first. Raises InvalidInput for a blank one."""
    found = [(kind, value, kind) for kind, value in also.items() if value is not None]
    found += [
        (kind, value, f"identifiers.{kind}[{place}]")
        for kind, values in named.items()
        for place, value in enumerate(values)
    ]
    for _, value, field in found:
        if not value.strip():
            raise InvalidInput(FieldFault(field, "range", "may not be blank"))
    return tuple(dict.fromkeys(Identifier(kind, value) for kind, value, _ in found))


def day(text: str | None, field: str) -> date | None:
    """A day as YYYY-MM-DD. Raises InvalidInput."""
    if text is None:
        return None
    try:
        # fromisoformat alone would take weeks and days without hyphens too.
        return date.fromisoformat(text) if len(text) == 10 and text[4] == "-" == text[7] else _refuse_day()
    except ValueError as error:
        raise InvalidInput(FieldFault(field, "format", "must be a day, such as 2026-01-15")) from error


def moment(text: str | None, field: str) -> datetime | None:
    """A date-time with its offset. Raises InvalidInput."""
    if text is None:
        return None
    try:
        return parse_when(text, days=False).at
    except ValueError as error:
        raise InvalidInput(FieldFault(field, "format", str(error))) from error


def said(body: Struct, *, but: Sequence[str] = ()) -> dict[str, object]:
    """The fields a body has, by name."""
    values = {name: getattr(body, name) for name in body.__struct_fields__ if name not in but}
    return {name: value for name, value in values.items() if value is not UNSET}


def id_of(id: Id | None, noun: str) -> str | None:
    return None if id is None else to_ulid(id, noun)


def cell(value: Any) -> str:
    """As text; what a spreadsheet would take for a formula gets an apostrophe (rule I19)."""
    if value is None:
        return ""
    text = str(value.value) if hasattr(value, "value") else str(value)
    return f"'{text}" if text.startswith(("=", "+", "-", "@")) else text


def _named(text: str, noun: str, field: str) -> Reference:
    kind, colon, value = text.partition(":")
    if colon:
        return Reference(value, (kind,), noun, field, may_be_id=False)
    return Reference(text, (), noun, field)


def _refuse_day() -> date:
    raise ValueError
