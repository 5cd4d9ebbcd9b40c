"""Users."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace

from testamur.core.callers import Scope
from testamur.core.errors import InvalidInput
from testamur.core.moments import When
from testamur.core.people import Person, Reference
from testamur.dialects.thrive import wire as shared_wire
from testamur.dialects.thrive.operations.shared import PAGE, paged
from testamur.dialects.thrive.translate import user as user_reference
from testamur.dialects.thrive.translate import users as translate
from testamur.dialects.thrive.wire import users as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply

V1 = "/rest/v1"
V2 = "/rest/v2"
BY_REF = "/users/ref/{ref}"


@contextmanager
def spelled(within: str = "") -> Iterator[None]:
    """Faults by the vendor's names of fields, and by where they stand in the body."""
    try:
        yield
    except InvalidInput as error:
        faults = [
            replace(fault, field=within + translate.FIELDS.get(fault.field, fault.field)) for fault in error.faults
        ]
        raise InvalidInput(faults) from error


async def list_users(call: Call) -> Reply:
    since: When | None = call.params["updatedSince"]
    count = call.params["perPage"]
    total, people = await call.ledger.people.numbered_page(
        call.caller.tenant,
        statuses=translate.statuses(call.params["statuses"], call.params["omitStatuses"], call.params["status"]),
        updated_since=since.at if since else None,
        count=count,
        skip=(call.params["page"] - 1) * count,
    )
    return json_reply(200, paged(call, total, await _users(call, people)))


async def get_user(call: Call) -> Reply:
    person = await call.ledger.people.get(call.caller.tenant, user_reference(call.path["id"], "id"))
    (user,) = await _users(call, [person])
    return json_reply(200, user)


async def get_user_by_ref(call: Call) -> Reply:
    return json_reply(
        200, translate.basic_user(await call.ledger.people.get(call.caller.tenant, _named(call)), call.now)
    )


async def create_user(call: Call) -> Reply:
    body: wire.CreateUser = call.body
    with spelled():
        (id,) = await call.ledger.people.add(call.caller, [translate.new_person(body.ref, body)])
    stored = await call.ledger.people.get(call.caller.tenant, Reference(str(id), (), "person", "id"))
    return json_reply(201, translate.lifecycle(stored))


async def update_user(call: Call) -> Reply:
    body: wire.UpdateUser = call.body
    with spelled():
        stored = await call.ledger.people.change(call.caller, _named(call), translate.changes(body, body.ref))
    return json_reply(200, translate.lifecycle(stored))


async def suspend_user(call: Call) -> Reply:
    body: wire.SuspendUser | None = call.body
    ends_at = translate.end_date(body.end_date if body else None)
    with spelled():
        return json_reply(
            200, translate.lifecycle(await call.ledger.people.suspend(call.caller, _named(call), ends_at))
        )


async def delete_user(call: Call) -> Reply:
    await call.ledger.people.delete(call.caller, _named(call))
    return json_reply(200, wire.UserDeleted(success=True))


async def _users(call: Call, people: Sequence[Person]) -> list[wire.User]:
    ids = [person.id for person in people]
    tags = await call.ledger.skills.of_people(call.caller.tenant, ids)
    audiences = await call.ledger.people.audiences_of(call.caller.tenant, ids)
    return translate.users(people, tags, audiences, call.now)


def _named(call: Call) -> Reference:
    return translate.by_ref(call.path["ref"])


OPERATIONS = (
    Operation(
        name="listUsers",
        method="GET",
        path=f"{V1}/users",
        handler=list_users,
        summary="Users in the order in which they were added, the deleted ones too, a page at a time",
        params=(
            Param("statuses", summary="Comma list of active, inactive, expired, new"),
            Param("omitStatuses", summary="Comma list of statuses to leave out"),
            Param("status", summary="One status"),
            Param("updatedSince", "moment", days=True),
            PAGE,
            Param("perPage", "integer", 100, minimum=1, maximum=1000),
        ),
        answers={200: shared_wire.Page[wire.User]},
    ),
    Operation(
        name="getUser",
        method="GET",
        path=f"{V1}/user/{{id}}",
        handler=get_user,
        summary="One user by id, also a deleted one",
        answers={200: wire.User},
    ),
    Operation(
        name="getUserByRef",
        method="GET",
        path=f"{V1}{BY_REF}",
        handler=get_user_by_ref,
        summary="One user by reference",
        answers={200: wire.BasicUser},
    ),
    Operation(
        name="createUser",
        method="POST",
        path=f"{V2}/users",
        handler=create_user,
        summary="Make a user",
        scope=Scope.WRITE,
        body=wire.CreateUser,
        answers={201: wire.UserLifecycle},
    ),
    Operation(
        name="updateUser",
        method="PATCH",
        path=f"{V2}{BY_REF}",
        handler=update_user,
        summary="Change a user; what is absent stays and null empties",
        scope=Scope.WRITE,
        body=wire.UpdateUser,
        answers={200: wire.UserLifecycle},
    ),
    Operation(
        name="suspendUser",
        method="PATCH",
        path=f"{V2}{BY_REF}/suspend",
        handler=suspend_user,
        summary="Make a user inactive; what the user did stays",
        scope=Scope.WRITE,
        body=wire.SuspendUser,
        body_optional=True,
        answers={200: wire.UserLifecycle},
    ),
    Operation(
        name="deleteUser",
        method="DELETE",
        path=f"{V2}{BY_REF}",
        handler=delete_user,
        summary="Forget who a user was; what the user did stays under the id",
        scope=Scope.WRITE,
        answers={200: wire.UserDeleted},
    ),
)
