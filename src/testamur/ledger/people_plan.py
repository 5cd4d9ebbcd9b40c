"""What becomes of a person by a change: decided here, without touching the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.people import (
    Identifier,
    Keep,
    Login,
    Person,
    PersonChange,
    Reference,
    changed_attributes,
    normalise,
)

COLUMNS = (
    "given_name",
    "family_name",
    "phone",
    "role",
    "language",
    "zone",
    "login",
    "single_sign_on",
    "domain",
    "starts_at",
    "ends_at",
)
"""Fields of a person that a change may set, beside her attributes."""


class Job(NamedTuple):
    """What somebody is employed as: under a manager, or under one who is awaited by her reference."""

    title: str | None
    manager: Id | None
    awaited: str | None


UNEMPLOYED = Job(None, None, None)


@dataclass(frozen=True, slots=True)
class PlannedChange:
    """A change of one person that can be written.

    Args:
        after: her columns and attributes as they will be.
        renamed: which identifier becomes which; None is none.
        job: what she is employed as from now on; None when that stays as it is.
        said: what is new, as her entry tells it; empty when nothing is.
        field: the caller's name for the place where her manager stood.
    """

    person: Person
    after: Mapping[str, Any]
    renamed: tuple[tuple[Identifier | None, Identifier | None], ...]
    job: Job | None
    said: Mapping[str, Any]
    field: str


def plan_change(
    person: Person,
    change: PersonChange,
    *,
    addressed: Reference | None = None,
    manager: tuple[Id | None, str | None] = (None, None),
) -> PlannedChange:
    """What becomes of a person by a change.

    Args:
        addressed: what she was found by: of several references that is the one that `change.ref` takes the place of.
        manager: whom the change's manager means, or under which reference she is awaited.
    Raises: InvalidInput.
    """
    before = {name: getattr(person, name) for name in COLUMNS}
    after = {name: _or(getattr(change, name), before[name]) for name in COLUMNS}
    after["attributes"] = person.attributes
    if not isinstance(change.attributes, Keep):
        after["attributes"] = changed_attributes(person.attributes, change.attributes)
    if (after["starts_at"], after["ends_at"]) != (person.starts_at, person.ends_at):
        check_order(after["starts_at"], after["ends_at"])
    # Who came without an e-mail address may go on so: only a change that speaks of it is held to it.
    speaks = change.email is None or change.login is Login.EMAIL
    if speaks and after["login"] is Login.EMAIL and _or(change.email, person.email) is None:
        raise InvalidInput(FieldFault("email", "missing", "is required to sign in by it"))
    said = {name: value for name, value in after.items() if value != getattr(person, name)}
    if "login" in said:
        said["login"] = after["login"].value
    renamed = _renamed(person, addressed, change)
    news = [new for _, new in renamed if new is not None]
    if renamed:
        said["identifiers"] = [[new.kind, new.value] for new in news]
    job = person.employment
    known = Job(job.title, job.manager, job.manager_ref if job.manager is None else None) if job else UNEMPLOYED
    wanted = known._replace(title=_or(change.title, known.title))
    if not isinstance(change.manager, Keep):
        wanted = Job(wanted.title, *manager)
    field = change.manager.field if isinstance(change.manager, Reference) else ""
    if wanted.awaited is not None and wanted.awaited in [new.value for new in news if new.kind == "ref"]:
        raise above_herself(field or "ref")
    if wanted != known:
        said |= {"title": wanted.title, "manager": wanted.manager, "manager_ref": wanted.awaited}
    return PlannedChange(person, after, renamed, wanted if wanted != known else None, said, field)


def _renamed(
    person: Person, addressed: Reference | None, change: PersonChange
) -> tuple[tuple[Identifier | None, Identifier | None], ...]:
    found: list[tuple[Identifier | None, Identifier | None]] = []
    refs = person.identifiers.get("ref", ())
    ref = normalise("ref", addressed.value) if addressed else None
    for kind, old, new in (
        ("ref", ref if ref in refs else person.ref, change.ref),
        ("email", person.email, change.email),
    ):
        if isinstance(new, Keep) or (new is not None and normalise(kind, new) in person.identifiers.get(kind, ())):
            continue
        if old is not None or new is not None:
            found.append((Identifier(kind, old) if old else None, Identifier(kind, new) if new else None))
    known = person.identifiers
    found.extend(
        (None, one) for one in change.identifiers if normalise(one.kind, one.value) not in known.get(one.kind, ())
    )
    return tuple(found)


def above_herself(field: str) -> InvalidInput:
    """The error of whoever would stand above herself."""
    return InvalidInput(FieldFault(field or "manager", "range", "nobody may stand above herself"))


def check_order(starts_at: datetime | None, ends_at: datetime | None) -> None:
    """Raises InvalidInput for an employment that ends before it starts."""
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise InvalidInput(FieldFault("ends_at", "order", "lies before the start"))


def _or(new: Any, old: Any) -> Any:
    return old if isinstance(new, Keep) else new
