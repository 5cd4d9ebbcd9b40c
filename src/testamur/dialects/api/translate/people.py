"""People."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from msgspec import UNSET

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_ulid
from testamur.core.people import Login, NewPerson, Person, PersonChange, Reference, check_zone
from testamur.dialects.api.translate import id_of, identifiers, moment, said
from testamur.dialects.api.wire import people as wire
from testamur.http.replies import instant


def new_person(body: wire.CreatePerson, manager: Reference | None) -> NewPerson:
    """A person to be added. Raises InvalidInput."""
    named = identifiers(body.identifiers, ref=body.ref, email=body.email)
    if not named and not (body.given_name.strip() or body.family_name.strip()):
        raise InvalidInput(FieldFault("", "missing", "needs a name or an identifier"))
    starts_at, ends_at = moment(body.starts_at, "starts_at"), moment(body.ends_at, "ends_at")
    if starts_at and ends_at and ends_at < starts_at:
        raise InvalidInput(FieldFault("ends_at", "order", "lies before the start"))
    return NewPerson(
        given_name=body.given_name,
        family_name=body.family_name,
        identifiers=named,
        phone=body.phone,
        role=body.role,
        language=body.language,
        zone=None if body.zone is None else check_zone(body.zone, "zone"),
        attributes={key: value for key, value in body.attributes.items() if value is not None},
        login=Login(body.login),
        single_sign_on=body.single_sign_on,
        domain=body.domain,
        starts_at=starts_at,
        ends_at=ends_at,
        title=body.title,
        manager=manager,
    )


def change(body: wire.ChangePerson, manager: Reference | None) -> PersonChange:
    """What is to be different. Raises InvalidInput."""
    fields: dict[str, Any] = said(body)
    for name in ("starts_at", "ends_at"):
        if name in fields:
            fields[name] = moment(fields[name], name)
    for name in ("ref", "email"):
        if fields.get(name) is not None and not fields[name].strip():
            raise InvalidInput(FieldFault(name, "range", "may not be blank"))
    if fields.get("zone") is not None:
        check_zone(fields["zone"], "zone")
    if body.login is not UNSET:
        fields["login"] = Login(body.login)
    if body.manager is not UNSET:
        fields["manager"] = manager
    return PersonChange(**fields)


def person(stored: Person, now: datetime) -> wire.Person:
    job = stored.employment
    return wire.Person(
        id=to_ulid(stored.id, "person"),
        given_name=stored.given_name,
        family_name=stored.family_name,
        ref=stored.ref,
        email=stored.email,
        identifiers={kind: list(values) for kind, values in sorted(stored.identifiers.items())},
        phone=stored.phone,
        role=stored.role,
        language=stored.language,
        zone=stored.zone,
        status=stored.status(now).value,
        login=stored.login.value,
        single_sign_on=stored.single_sign_on,
        domain=stored.domain,
        starts_at=instant(stored.starts_at),
        ends_at=instant(stored.ends_at),
        title=job.title if job else None,
        manager=id_of(job.manager, "person") if job else None,
        manager_ref=job.manager_ref if job else None,
        attributes=dict(stored.attributes),
        created_at=instant(stored.created_at) or "",
        updated_at=instant(stored.updated_at) or "",
        deleted_at=instant(stored.deleted_at),
    )
