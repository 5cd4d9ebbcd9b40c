"""People."""

from __future__ import annotations

from msgspec import UNSET, UnsetType

from testamur.core.callers import Scope
from testamur.core.errors import IdentifierTaken
from testamur.core.ids import Id, to_ulid
from testamur.core.people import Person, Reference
from testamur.dialects.api.operations.shared import (
    IDENTIFIER,
    LIST,
    UPDATED_AFTER,
    after_id,
    entity,
    listed,
    named,
    optional,
    updated_after,
)
from testamur.dialects.api.translate import audience, by_id, moment
from testamur.dialects.api.translate import people as translate
from testamur.dialects.api.translate import person as by_name
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import people as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply

PATH = "/v1/people"
ONE = f"{PATH}/{{person}}"


def of(call: Call) -> Reference:
    """The person in the call's path."""
    return by_name(call.path["person"], "person")


async def list_people(call: Call) -> Reply:
    people = await call.ledger.people.page(
        call.caller.tenant,
        named=named(by_name, call),
        active=call.params["active"],
        audience=optional(audience, call, "audience"),
        updated_after=updated_after(call),
        with_deleted=call.params["include_deleted"],
        after=after_id(call),
        count=call.params["limit"] + 1,
    )
    return listed(call, people, lambda person: translate.person(person, call.now), lambda person: [person.id])


async def create_person(call: Call) -> Reply:
    body: wire.CreatePerson = call.body
    new = translate.new_person(body, await _manager(call, body.manager))
    try:
        (id,) = await call.ledger.people.add(call.caller, [new])
    except IdentifierTaken as error:
        if error.field not in ("ref", "email") or getattr(body, error.field) is None:
            error.field = f"identifiers.{error.field}"
        raise
    return _reply(201, call, await call.ledger.people.get(call.caller.tenant, by_id(id, "person")))


async def get_person(call: Call) -> Reply:
    return _reply(200, call, await call.ledger.people.get(call.caller.tenant, of(call)))


async def change_person(call: Call) -> Reply:
    change = translate.change(call.body, await _manager(call, call.body.manager))
    return _reply(200, call, await call.ledger.people.change(call.caller, of(call), change))


async def suspend_person(call: Call) -> Reply:
    body: wire.SuspendPerson | None = call.body
    ends_at = moment(body.ends_at, "ends_at") if body else None
    return _reply(200, call, await call.ledger.people.suspend(call.caller, of(call), ends_at))


async def reinstate_person(call: Call) -> Reply:
    return _reply(200, call, await call.ledger.people.reinstate(call.caller, of(call)))


async def forget_person(call: Call) -> Reply:
    await call.ledger.people.delete(call.caller, of(call))
    return empty_reply(204)


def _reply(status: int, call: Call, person: Person) -> Reply:
    location = f"{call.base_url}{PATH}/{to_ulid(person.id, 'person')}" if status == 201 else None
    return entity(status, translate.person(person, call.now), person.updated_at, location)


async def _manager(call: Call, text: str | UnsetType | None) -> Reference | None:
    """Who is meant. Only a reference can be awaited; whoever is named otherwise must be there: PersonNotFound."""
    if text is None or text is UNSET:
        return None
    reference = by_name(text, "manager")
    if reference.kinds == ("ref",):
        return reference
    id: Id = (await call.ledger.people.get(call.caller.tenant, reference)).id
    return Reference(str(id), ("ref",), "person", "manager")


OPERATIONS = (
    Operation(
        name="listPeople",
        method="GET",
        path=PATH,
        handler=list_people,
        summary="People in order of id",
        params=(
            IDENTIFIER,
            Param("active", "boolean", summary="Whether their status is active, or anything else"),
            Param("audience", summary="Only its members"),
            UPDATED_AFTER,
            Param("include_deleted", "boolean", default=False),
            *LIST,
        ),
        answers={200: List[wire.Person]},
    ),
    Operation(
        name="createPerson",
        method="POST",
        path=PATH,
        handler=create_person,
        summary="Add a person",
        scope=Scope.WRITE,
        body=wire.CreatePerson,
        answers={201: wire.Person},
        idempotent_by_key=True,
    ),
    Operation(
        name="getPerson",
        method="GET",
        path=ONE,
        handler=get_person,
        summary="One person; of a deleted one the id is left",
        answers={200: wire.Person},
    ),
    Operation(
        name="changePerson",
        method="PATCH",
        path=ONE,
        handler=change_person,
        summary="Change a person: what is absent stays, null clears",
        scope=Scope.WRITE,
        body=wire.ChangePerson,
        answers={200: wire.Person},
        conditional_on="getPerson",
    ),
    Operation(
        name="suspendPerson",
        method="POST",
        path=f"{ONE}/suspend",
        handler=suspend_person,
        summary="Make a person inactive; what she did stays",
        scope=Scope.WRITE,
        body=wire.SuspendPerson,
        body_optional=True,
        answers={200: wire.Person},
        idempotent_by_key=True,
        conditional_on="getPerson",
    ),
    Operation(
        name="reinstatePerson",
        method="POST",
        path=f"{ONE}/reinstate",
        handler=reinstate_person,
        summary="End a suspension",
        scope=Scope.WRITE,
        answers={200: wire.Person},
        idempotent_by_key=True,
        conditional_on="getPerson",
    ),
    Operation(
        name="forgetPerson",
        method="DELETE",
        path=ONE,
        handler=forget_person,
        summary="Forget who a person was and keep what she did",
        scope=Scope.WRITE,
        answers={204: None},
        conditional_on="getPerson",
    ),
)
