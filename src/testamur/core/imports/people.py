"""Rows of people: columns, and what a row says of somebody who is new or known."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.imports.cells import Field, beginning, boolean, ending, iana_zone, lower, text
from testamur.core.people import IDENTIFIER_LENGTH_MAX, KEEP, Identifier, NewPerson, PersonChange, Reference

KINDS = ("ref", "email", "username", "id", "thrive", "stackone", "rise", "cpod", "account")
"""Identifiers, in the order in which they are looked up where none is declared."""
IDENTIFIERS: Mapping[str, tuple[str, ...]] = {
    "ref": (
        "employee_id",
        "employee_number",
        "employee_no",
        "personnel_number",
        "staff_id",
        "userid",
        "user_ref",
        "reference",
        "external_reference",
        "client_user_identifier",
    ),
    "email": ("mail", "e_mail", "email_address"),
    "username": ("user_name",),
    "id": ("person_id",),
    **dict.fromkeys(("thrive", "stackone", "rise", "cpod", "account"), ()),
}
"""Columns with identifiers of people, with the other names they are known by."""
_SINGLE = ("ref", "email")
"""Of these a person has one: another takes its place. Of the others she may have many."""

FIELDS: Mapping[str, Field] = {
    "given_name": Field(text(), ("first_name", "forename")),
    "family_name": Field(text(), ("last_name", "surname")),
    "phone": Field(text(), ("telephone", "mobile"), clears=True),
    "role": Field(lower),
    "language": Field(text(), ("locale", "lang"), clears=True),
    "zone": Field(iana_zone, ("time_zone",), clears=True),
    "title": Field(text(), ("job_title", "position"), clears=True),
    "manager": Field(
        text(IDENTIFIER_LENGTH_MAX), ("manager_ref", "manager_id", "supervisor", "reports_to"), clears=True
    ),
    "manager_by": Field(lower),
    "manager_email": Field(text(IDENTIFIER_LENGTH_MAX)),
    "starts_on": Field(beginning, ("starts_at", "start_date", "hire_date"), clears=True),
    "ends_on": Field(ending, ("ends_at", "end_date", "leaving_date", "termination_date"), clears=True),
    "active": Field(boolean, ("is_active", "enabled", "status", "employment_status")),
}
"""What a column of a file of people can mean. Any other is an attribute of hers."""

_PLAIN = ("given_name", "family_name", "phone", "role", "language", "zone", "title")


@dataclass(frozen=True, slots=True)
class ManagerKey:
    """Whom a row names as manager: a value, looked up as these kinds in this order.

    `is_awaited` says that somebody who is not known yet is awaited by her reference.
    """

    value: str
    kinds: tuple[str, ...]

    @property
    def is_awaited(self) -> bool:
        return "ref" in self.kinds


def check(told: Mapping[str, Any]) -> None:
    """Raises InvalidInput for a row that says nobody, and for an employment that ends before it starts."""
    if not told.get("identifiers"):
        raise InvalidInput(FieldFault("person", "missing", f"none of {', '.join(KINDS)} says who it is"))
    starts, ends = told.get("starts_on"), told.get("ends_on")
    if starts and ends and moment(ends) < moment(starts):
        raise InvalidInput(FieldFault("ends_on", "order", "lies before the start"))


def ordered(kinds: Iterable[str], first: Sequence[str] = ()) -> list[str]:
    """Kinds in the order in which they are looked up: declared ones, ours, and others."""
    known = list(kinds)
    return [kind for kind in dict.fromkeys((*first, *KINDS, *known)) if kind in known]


def manager_of(told: Mapping[str, Any], first: Sequence[str] = ()) -> ManagerKey | None:
    """Whom a row names as manager, if it does."""
    if told.get("manager_email"):
        return ManagerKey(told["manager_email"], ("email",))
    if not told.get("manager"):
        return None
    if told.get("manager_by"):
        return ManagerKey(told["manager"], (told["manager_by"],))
    return ManagerKey(told["manager"], tuple(ordered(dict.fromkeys((*KINDS, *first)), first)))


def has_manager(told: Mapping[str, Any]) -> bool:
    """Whether a row speaks of a manager, be it that there is none."""
    return "manager" in told or bool(told.get("manager_email"))


def new_person(told: Mapping[str, Any], now: datetime) -> NewPerson:
    """Somebody nobody knew."""
    ends = _moment(told.get("ends_on"))
    return NewPerson(
        identifiers=tuple(_named(told)),
        starts_at=_moment(told.get("starts_on")),
        ends_at=ends,
        is_active=told.get("active") is not False and not (ends is not None and ends <= now),
        attributes={key: value for key, value in told.get("attributes", {}).items() if value is not None},
        **{name: told[name] for name in _PLAIN if told.get(name) is not None},
    )


def change_of(told: Mapping[str, Any], *, manager: Reference) -> PersonChange:
    """What is to be different in somebody who is known, but for whether she is here.

    Args:
        manager: stands for the one that the row names, if it does.
    """
    fields: dict[str, Any] = {name: told[name] for name in _PLAIN if name in told}
    for name, field in (("starts_on", "starts_at"), ("ends_on", "ends_at")):
        if name in told:
            fields[field] = _moment(told[name])
    named = _named(told)
    fields |= {one.kind: one.value for one in named if one.kind in _SINGLE}
    others = tuple(one for one in named if one.kind not in _SINGLE)
    if has_manager(told):
        fields["manager"] = manager
    return PersonChange(**fields, attributes=told.get("attributes", KEEP), identifiers=others)


def is_leaving(told: Mapping[str, Any], now: datetime) -> bool:
    """Whether a row says that somebody is not here any more."""
    ends = _moment(told.get("ends_on"))
    return told.get("active") is False or (ends is not None and ends <= now)


def moment(told: str) -> datetime:
    return datetime.fromisoformat(told)


def _moment(told: str | None) -> datetime | None:
    return None if told is None else moment(told)


def _named(told: Mapping[str, Any]) -> list[Identifier]:
    return [Identifier(kind, value) for kind, value in told["identifiers"].items() if kind != "id"]
