"""Users."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TypeVar

from msgspec import UNSET, UnsetType

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, to_hex24
from testamur.core.moments import parse_when
from testamur.core.people import (
    KEEP,
    Identifier,
    Keep,
    Login,
    NewPerson,
    Person,
    PersonChange,
    PersonStatus,
    Reference,
    check_zone,
)
from testamur.core.skills import PersonTags
from testamur.dialects.thrive.wire import users as wire
from testamur.http.replies import instant

T = TypeVar("T")

FIELDS = {"attributes": "additionalFields", "manager": "managerRef", "starts_at": "startDate", "ends_at": "endDate"}
"""How the ledger's fields are spelled here."""
_ROLE = "learner"


def by_ref(text: str, field: str = "ref") -> Reference:
    """A user by the organisation's reference and by nothing else."""
    return Reference(text, ("ref",), "person", field, may_be_id=False)


def statuses(wanted: str | None, omitted: str | None, one: str | None) -> frozenset[PersonStatus] | None:
    """The statuses to list, None for all and the deleted too. Raises InvalidInput naming the parameter."""
    if wanted is None and omitted is None and one is None:
        return None
    found = frozenset(PersonStatus)
    if wanted is not None:
        found &= _statuses(wanted, "statuses")
    if one is not None:
        found &= _statuses(one, "status")
    return found - (_statuses(omitted, "omitStatuses") if omitted is not None else frozenset())


def new_person(ref: str, body: wire.UserFields) -> NewPerson:
    """Raises InvalidInput."""
    change = changes(body)
    if change.given_name is KEEP or change.family_name is KEEP:
        missing = "firstName" if change.given_name is KEEP else "lastName"
        raise InvalidInput(FieldFault(missing, "missing", "is required"))
    login = _else(change.login, Login.EMAIL)
    email = _else(change.email, None)
    if email is None and login is Login.EMAIL:
        raise InvalidInput(FieldFault("email", "missing", "is required unless loginMethod is ref"))
    starts_at, ends_at = _else(change.starts_at, None), _else(change.ends_at, None)
    if starts_at is not None and ends_at is not None and ends_at < starts_at:
        raise InvalidInput(FieldFault("endDate", "order", "lies before startDate"))
    attributes = _else(change.attributes, None) or {}
    return NewPerson(
        given_name=_else(change.given_name, ""),
        family_name=_else(change.family_name, ""),
        identifiers=(Identifier("ref", ref), *((Identifier("email", email),) if email is not None else ())),
        role=_else(change.role, _ROLE),
        language=_else(change.language, None),
        zone=_else(change.zone, None),
        attributes={name: value for name, value in attributes.items() if value is not None},
        login=login,
        single_sign_on=_else(change.single_sign_on, False),
        domain=_else(change.domain, None),
        starts_at=starts_at,
        ends_at=ends_at,
        title=_else(change.title, None),
        manager=_else(change.manager, None),
    )


def changes(body: wire.UserFields, ref: str | UnsetType = UNSET) -> PersonChange:
    """What is absent stays, null empties or gives the default back. Raises InvalidInput."""
    zone, manager = _kept(body.time_zone), _text(body.manager_ref)
    login = _kept(body.login_method)
    return PersonChange(
        given_name=KEEP if isinstance(body.first_name, UnsetType) else body.first_name,
        family_name=KEEP if isinstance(body.last_name, UnsetType) else body.last_name,
        ref=KEEP if isinstance(ref, UnsetType) else ref,
        email=_kept(body.email),
        role=KEEP if isinstance(body.role, UnsetType) else body.role or _ROLE,
        language=_kept(body.language_code),
        zone=check_zone(zone, "timeZone") if isinstance(zone, str) else zone,
        login=login if isinstance(login, Keep) else Login(login or "email"),
        single_sign_on=KEEP if isinstance(body.sso, UnsetType) else bool(body.sso),
        domain=_text(body.domain),
        starts_at=_moment(body.start_date, "startDate"),
        ends_at=_moment(body.end_date, "endDate"),
        title=_text(body.job_title),
        manager=by_ref(manager, "managerRef") if isinstance(manager, str) else manager,
        attributes=_kept(body.additional_fields),
    )


def end_date(text: str | UnsetType | None) -> datetime | None:
    """Raises InvalidInput."""
    found = _moment(text, "endDate")
    return None if isinstance(found, Keep) else found


def lifecycle(person: Person) -> wire.UserLifecycle:
    """As v2 says it."""
    job = person.employment
    return wire.UserLifecycle(
        id=to_hex24(person.id),
        login_method=person.login.value,
        ref=person.ref,
        email=person.email,
        first_name=person.given_name,
        last_name=person.family_name,
        role=person.role,
        job_title=job.title if job else None,
        manager_ref=job.manager_ref if job else None,
        start_date=instant(person.starts_at),
        end_date=instant(person.ends_at),
        time_zone=person.zone or person.tenant_zone,
        language_code=person.language,
        active=person.is_active,
        created_at=instant(person.created_at),
        updated_at=instant(person.updated_at),
        sso=person.single_sign_on,
        domain=person.domain,
        additional_fields=dict(person.attributes),
    )


def basic_user(person: Person, now: datetime) -> wire.BasicUser:
    """As found by reference."""
    is_there = person.deleted_at is None
    return wire.BasicUser(
        id=to_hex24(person.id),
        ref=person.ref,
        first_name=person.given_name if is_there else None,
        last_name=person.family_name if is_there else None,
        email=person.email,
        role=person.role if is_there else None,
        status=person.status(now).value,
        language_code=person.language,
        positions=_positions(person, now),
        additional_fields=dict(person.attributes) if is_there else None,
    )


def user(person: Person, tags: PersonTags, audiences: Sequence[Id], now: datetime) -> wire.User:
    """As listed. The wire form of `audiences` is that of a live tenant; the vendor's page shows plain ids."""
    basic = basic_user(person, now)
    return wire.User(
        id=basic.id,
        ref=basic.ref,
        first_name=basic.first_name,
        last_name=basic.last_name,
        email=basic.email,
        role=basic.role,
        status=basic.status,
        language_code=basic.language_code,
        positions=basic.positions,
        additional_fields=basic.additional_fields,
        deleted=person.deleted_at is not None,
        compliance=None,
        level=None,
        relevancy=None,
        first_login=None,
        last_login=None,
        created_at=instant(person.created_at),
        updated_at=instant(person.updated_at),
        tags=wire.UserTags([skill.name for skill in tags.skills if skill.level is not None]),
        users_following=[],
        tags_following=list(tags.interests),
        has_picture=False,
        single_sign_on=person.single_sign_on,
        onboarded=None,
        time_zone=person.zone or person.tenant_zone if person.deleted_at is None else None,
        summary=None,
        rank=None,
        agreed_terms=None,
        audiences=[wire.AudienceId(to_hex24(audience)) for audience in audiences],
    )


def users(
    people: Sequence[Person], tags: Mapping[Id, PersonTags], audiences: Mapping[Id, Sequence[Id]], now: datetime
) -> list[wire.User]:
    return [user(person, tags[person.id], audiences[person.id], now) for person in people]


def _positions(person: Person, now: datetime) -> list[wire.Position]:
    """One, where anything is known that belongs in it."""
    job = person.employment
    if person.deleted_at is not None or (job is None and person.starts_at is None and person.ends_at is None):
        return []
    manager = None
    if job is not None and (job.manager is not None or job.manager_ref is not None):
        id = to_hex24(job.manager) if job.manager is not None else None
        manager = wire.PositionManager(id, job.manager_name, job.manager_ref)
    return [
        wire.Position(
            id=to_hex24(job.id if job else person.id),
            manager=manager,
            title=job.title if job else None,
            is_active=person.status(now) is PersonStatus.ACTIVE,
            start_date=instant(person.starts_at),
            end_date=instant(person.ends_at),
            created_at=instant(job.opened_at if job else person.created_at),
            updated_at=instant(person.updated_at),
        )
    ]


def _statuses(text: str, field: str) -> frozenset[PersonStatus]:
    words = [word.strip() for word in text.split(",")] if field != "status" else [text.strip()]
    try:
        return frozenset(PersonStatus(word) for word in words if word)
    except ValueError as error:
        known = ", ".join(status.value for status in PersonStatus)
        raise InvalidInput(FieldFault(field, "format", f"must be of {known}")) from error


def _moment(text: str | UnsetType | None, field: str) -> datetime | Keep | None:
    if isinstance(text, UnsetType):
        return KEEP
    if not text:
        return None
    try:
        return parse_when(text).at
    except ValueError as error:
        raise InvalidInput(FieldFault(field, "format", str(error))) from error


def _text(value: str | UnsetType | None) -> str | Keep | None:
    """A blank is how spreadsheets say nothing."""
    return KEEP if isinstance(value, UnsetType) else (value or "").strip() or None


def _kept(value: T | UnsetType | None) -> T | Keep | None:
    return KEEP if isinstance(value, UnsetType) else value


def _else(value: T | Keep, default: T) -> T:
    return default if isinstance(value, Keep) else value
