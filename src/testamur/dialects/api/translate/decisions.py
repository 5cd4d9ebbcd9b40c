"""Exemptions, extensions and equivalencies."""

from __future__ import annotations

from datetime import date
from typing import Any

from testamur.core.decisions import (
    Granted,
    GrantedExemption,
    GrantedExtension,
    NewEquivalency,
    NewExemption,
    NewExtension,
)
from testamur.core.errors import FieldFault, InvalidInput, NotFound
from testamur.core.ids import Id, parse, to_ulid
from testamur.core.moments import When, parse_when
from testamur.dialects.api.translate import assignment, id_of, item, moment, person
from testamur.dialects.api.translate.standings import day
from testamur.dialects.api.wire import decisions as wire
from testamur.http.replies import instant


def id(text: str, noun: str) -> Id:
    """A decision's id in any spelling. Raises NotFound."""
    found = parse(text, noun)
    if found is None:
        raise NotFound(f"No {noun} {text!r} in this tenant", field=noun)
    return found


def new_exemption(body: wire.CreateExemption) -> NewExemption:
    return NewExemption(
        person=person(body.person, "person"),
        assignment=None if body.assignment is None else assignment(body.assignment, "assignment"),
        item=None if body.item is None else item(body.item, "item"),
        from_on=_day(body.from_on, "from_on"),
        until_on=day(body.until_on, "until_on"),
        reason=body.reason,
        evidence=body.evidence,
    )


def new_extension(body: wire.CreateExtension) -> NewExtension:
    return NewExtension(
        person=person(body.person, "person"),
        assignment=assignment(body.assignment, "assignment"),
        due_on=_day(body.due_on, "due_on"),
        reason=body.reason,
        evidence=body.evidence,
    )


def new_equivalency(body: wire.CreateEquivalency) -> NewEquivalency:
    return NewEquivalency(
        person=person(body.person, "person"),
        item=item(body.item, "item"),
        completed=_when(body.completed_at, "completed_at"),
        expires_at=moment(body.expires_at, "expires_at"),
        reason=body.reason,
        evidence=body.evidence,
    )


def exemption(stored: GrantedExemption) -> wire.Exemption:
    return wire.Exemption(
        id=to_ulid(stored.id, "exemption"),
        assignment=id_of(stored.assignment, "assignment"),
        item=id_of(stored.item, "item"),
        from_on=stored.from_on.isoformat(),
        until_on=None if stored.until_on is None else stored.until_on.isoformat(),
        **_granted(stored),
    )


def extension(stored: GrantedExtension) -> wire.Extension:
    return wire.Extension(
        id=to_ulid(stored.id, "extension"),
        assignment=to_ulid(stored.assignment, "assignment"),
        cycle=stored.cycle,
        due_on=stored.due_on.isoformat(),
        granted_on=stored.granted_on.isoformat(),
        **_granted(stored),
    )


def _granted(stored: Granted) -> dict[str, Any]:
    return {
        "person": to_ulid(stored.person, "person"),
        "reason": stored.reason,
        "evidence": stored.evidence,
        "granted_by": to_ulid(stored.granted_by, "client"),
        "granted_by_person": id_of(stored.granted_by_person, "person"),
        "granted_at": instant(stored.granted_at),
        "withdrawn_at": instant(stored.withdrawn_at),
        "withdrawn_by": id_of(stored.withdrawn_by, "client"),
        "withdrawn_because": stored.withdrawn_because,
    }


def _day(text: str, field: str) -> date:
    found = day(text, field)
    assert found is not None
    return found


def _when(text: str, field: str) -> When:
    try:
        return parse_when(text)
    except ValueError as error:
        raise InvalidInput(FieldFault(field, "format", str(error))) from error
