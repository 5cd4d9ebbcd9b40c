"""People and the identifiers that name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from functools import cache
from typing import Any, NamedTuple
from zoneinfo import available_timezones

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, parse

CASELESS_KINDS = frozenset({"email", "thrive", "rise", "cpod"})
"""Identifier kinds compared without regard to letter case. Employee numbers and references keep case and zeros (I5)."""

IDENTIFIER_LENGTH_MAX = 500
ATTRIBUTES_MAX = 100
"""Fields of its own that an organisation keeps of a person."""


class Login(Enum):
    """By which identifier a person signs in."""

    EMAIL = "email"
    REF = "ref"


class PersonStatus(Enum):
    """Where a person's account stands at a moment. Worked out from what is stored, never stored."""

    NEW = "new"
    """Employed from a later moment on."""
    ACTIVE = "active"
    INACTIVE = "inactive"
    """Suspended or deleted."""
    EXPIRED = "expired"
    """The employment is over and nobody suspended the account."""


@dataclass(frozen=True, slots=True)
class Identifier:
    """A (kind, value) pair that names a person or an item in some system.

    Kinds in use: `ref` (the organisation's own reference, such as an employee or course number), `email`,
    `username`, `account` (xAPI: home page, a blank, the name), `iri` (xAPI activity), and one kind for each system
    that ids were migrated from: `thrive`, `stackone`, `rise`, `cpod`.
    """

    kind: str
    value: str

    def __post_init__(self) -> None:
        if not self.value or len(self.value) > IDENTIFIER_LENGTH_MAX:
            raise InvalidInput(FieldFault(self.kind, "range", f"must have 1 to {IDENTIFIER_LENGTH_MAX} characters"))


def normalise(kind: str, value: str) -> str:
    """The form under which an identifier is compared and stored."""
    return value.strip().lower() if kind in CASELESS_KINDS else value.strip()


class Reference(NamedTuple):
    """A person, item or audience as a caller named it.

    It is looked up under `kinds` first, in that order, and then as one of our own ids: ids that came along from
    another system keep working here.

    Args:
        value: as the caller spelled it; echoed in errors.
        kinds: identifier kinds of the caller's dialect.
        noun: key of `ids.PREFIXES`; a prefixed id of another noun never matches.
        field: the caller's name for the place it stood in.
        may_be_id: whether our own ids are looked up at all.
    """

    value: str
    kinds: tuple[str, ...] = ()
    noun: str = "person"
    field: str = ""
    may_be_id: bool = True

    @property
    def id(self) -> Id | None:
        return parse(self.value, self.noun) if self.may_be_id else None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """A person to be added. Names may be empty; at least one identifier or name should say who it is.

    Args:
        starts_at, ends_at: first moment of the employment and first moment after it.
        manager: who she reports to; somebody not known yet is awaited.
    """

    given_name: str = ""
    family_name: str = ""
    identifiers: tuple[Identifier, ...] = ()
    phone: str | None = None
    role: str = "learner"
    language: str | None = None
    zone: str | None = None
    is_active: bool = True
    attributes: Mapping[str, Any] = field(default_factory=dict)
    login: Login = Login.EMAIL
    single_sign_on: bool = False
    domain: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    title: str | None = None
    manager: Reference | None = None


class Keep(Enum):
    """What is not to be changed, as against None, which empties."""

    KEEP = "keep"


KEEP = Keep.KEEP


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonChange:
    """What is to be different in a person; KEEP leaves it as it is and None empties it.

    Args:
        ref: instead of the reference by which she was found.
        email: instead of the one that is shown.
        attributes: by key; None as a value takes the key away, None as a whole all of them.
        identifiers: to be hers as well.
    """

    given_name: str | Keep = KEEP
    family_name: str | Keep = KEEP
    phone: str | Keep | None = KEEP
    ref: str | Keep = KEEP
    email: str | Keep | None = KEEP
    role: str | Keep = KEEP
    language: str | Keep | None = KEEP
    zone: str | Keep | None = KEEP
    login: Login | Keep = KEEP
    single_sign_on: bool | Keep = KEEP
    domain: str | Keep | None = KEEP
    starts_at: datetime | Keep | None = KEEP
    ends_at: datetime | Keep | None = KEEP
    title: str | Keep | None = KEEP
    manager: Reference | Keep | None = KEEP
    attributes: Mapping[str, Any] | Keep | None = KEEP
    identifiers: tuple[Identifier, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Employment:
    """What a person is employed as, and under whom, since a moment.

    Args:
        manager_ref: the manager's reference; of somebody awaited it is all there is.
    """

    id: Id
    title: str | None
    manager: Id | None
    manager_name: str | None
    manager_ref: str | None
    opened_at: datetime


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as stored. `identifiers` maps each kind to its values.

    Of a deleted person who she was is gone: names are empty, and there are no identifiers.
    """

    id: Id
    given_name: str
    family_name: str
    phone: str | None
    role: str
    language: str | None
    zone: str | None
    is_active: bool
    identifiers: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    deleted_at: datetime | None
    login: Login
    single_sign_on: bool
    domain: str | None
    starts_at: datetime | None
    ends_at: datetime | None
    employment: Employment | None
    tenant_zone: str

    def status(self, now: datetime) -> PersonStatus:
        """Where the account stands at a moment."""
        if self.deleted_at is not None or not self.is_active:
            return PersonStatus.INACTIVE
        if self.ends_at is not None and self.ends_at <= now:
            return PersonStatus.EXPIRED
        if self.starts_at is not None and self.starts_at > now:
            return PersonStatus.NEW
        return PersonStatus.ACTIVE

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def email(self) -> str | None:
        return next(iter(self.identifiers.get("email", ())), None)

    @property
    def ref(self) -> str | None:
        return next(iter(self.identifiers.get("ref", ())), None)


@dataclass(frozen=True, slots=True)
class Told:
    """An event of another system, which may tell it more than once.

    Args:
        source: who counts its events.
        id: the event's own.
        fingerprint: SHA-256 of what it says.
    """

    source: str
    id: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class Joined:
    """Somebody came, or came back: `new` when nobody has her first identifier, else `change`."""

    new: NewPerson
    change: PersonChange


@dataclass(frozen=True, slots=True, kw_only=True)
class Absence:
    """A time in which somebody was suspended or, without an end, deleted, by both clocks."""

    began_at: datetime
    began_known_at: datetime
    ended_at: datetime | None = None
    ended_known_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Changed:
    """Something about somebody is different."""

    person: Reference
    change: PersonChange


@dataclass(frozen=True, slots=True)
class Suspended:
    """Somebody left; `ends_at` as in `People.suspend`."""

    person: Reference
    ends_at: datetime | None


@dataclass(frozen=True, slots=True)
class Deleted:
    """Somebody is to be forgotten."""

    person: Reference


News = Joined | Changed | Suspended | Deleted


def changed_attributes(before: Mapping[str, Any], change: Mapping[str, Any] | None) -> dict[str, Any]:
    """The attributes after a change, key by key. Raises InvalidInput for more than ATTRIBUTES_MAX."""
    after = {} if change is None else {**before, **change}
    after = {key: value for key, value in after.items() if value is not None}
    # What was there may be more: whoever brought it along had no such limit.
    if len(after) > max(ATTRIBUTES_MAX, len(before)):
        raise InvalidInput(FieldFault("attributes", "range", f"a person has {ATTRIBUTES_MAX} at most"))
    return after


def check_zone(name: str, field: str) -> str:
    """An IANA zone as it is written there. Raises InvalidInput."""
    if name not in _zones():
        raise InvalidInput(FieldFault(field, "format", f"is no IANA time zone: {name!r}"))
    return name


@cache
def _zones() -> frozenset[str]:
    return frozenset(available_timezones())
