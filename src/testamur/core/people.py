"""People and the identifiers that name them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, parse

CASELESS_KINDS = frozenset({"email", "thrive", "rise", "cpod"})
"""Identifier kinds compared without regard to letter case. Employee numbers and references keep case and zeros (I5)."""

IDENTIFIER_LENGTH_MAX = 500


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


@dataclass(frozen=True, slots=True)
class Reference:
    """A person, item or audience as a caller named it.

    It is looked up under `kinds` first, in that order, and then as one of our own ids: ids that came along from
    another system keep working here.

    Args:
        value: as the caller spelled it; echoed in errors.
        kinds: identifier kinds of the caller's dialect.
        noun: key of `ids.PREFIXES`; a prefixed id of another noun never matches.
        field: the caller's name for the place it stood in.
    """

    value: str
    kinds: tuple[str, ...] = ()
    noun: str = "person"
    field: str = ""

    @property
    def id(self) -> Id | None:
        return parse(self.value, self.noun)


@dataclass(frozen=True, slots=True, kw_only=True)
class NewPerson:
    """A person to be added. Names may be empty; at least one identifier or name should say who it is."""

    given_name: str = ""
    family_name: str = ""
    identifiers: tuple[Identifier, ...] = ()
    phone: str | None = None
    role: str = "learner"
    language: str | None = None
    zone: str | None = None
    is_active: bool = True
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """A person as stored. `identifiers` maps each kind to its values."""

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
    created_at: Any
    updated_at: Any
    deleted_at: Any

    @property
    def name(self) -> str:
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def email(self) -> str | None:
        return next(iter(self.identifiers.get("email", ())), None)

    @property
    def ref(self) -> str | None:
        return next(iter(self.identifiers.get("ref", ())), None)
