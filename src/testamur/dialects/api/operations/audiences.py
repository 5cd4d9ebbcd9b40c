"""Audiences."""

from __future__ import annotations

from testamur.core.audiences import Audience, AudienceCategory
from testamur.core.callers import Scope
from testamur.core.errors import TestamurError
from testamur.core.ids import to_ulid
from testamur.core.people import Reference
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
from testamur.dialects.api.translate import audience as by_name
from testamur.dialects.api.translate import audiences as translate
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import audiences as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply

PATH = "/v1/audiences"
ONE = f"{PATH}/{{audience}}"


def of(call: Call) -> Reference:
    """The audience in the call's path. Raises AudienceNotFound."""
    return by_name(call.path["audience"], "audience")


async def list_audiences(call: Call) -> Reply:
    category: str | None = call.params["category"]
    audiences = await call.ledger.audiences.page(
        call.caller.tenant,
        named=named(by_name, call),
        category=AudienceCategory(category) if category else None,
        parent=optional(by_name, call, "parent"),
        updated_after=updated_after(call),
        after=after_id(call),
        count=call.params["limit"] + 1,
    )
    return listed(call, audiences, translate.audience, lambda audience: [audience.id])


async def create_audience(call: Call) -> Reply:
    try:
        return _reply(201, call, await call.ledger.audiences.create(call.caller, translate.new_audience(call.body)))
    except TestamurError as error:
        raise _renamed(error) from None


async def get_audience(call: Call) -> Reply:
    return _reply(200, call, await call.ledger.audiences.get(call.caller.tenant, of(call)))


async def change_audience(call: Call) -> Reply:
    change, of_call = translate.change(call.body), of(call)
    try:
        return _reply(200, call, await call.ledger.audiences.change(call.caller, of_call, change))
    except TestamurError as error:
        raise _renamed(error) from None


async def delete_audience(call: Call) -> Reply:
    await call.ledger.audiences.remove(call.caller, of(call))
    return empty_reply(204)


def _reply(status: int, call: Call, audience: Audience) -> Reply:
    location = f"{call.base_url}{PATH}/{to_ulid(audience.id, 'audience')}" if status == 201 else None
    return entity(status, translate.audience(audience), audience.updated_at, location)


def _renamed(error: TestamurError) -> TestamurError:
    """With our name of what the ledger calls `reference`."""
    if error.field == "reference":
        error.field = "ref"
    return error


OPERATIONS = (
    Operation(
        name="listAudiences",
        method="GET",
        path=PATH,
        handler=list_audiences,
        summary="Audiences and structures in order of id",
        params=(
            IDENTIFIER,
            Param("category", choices=tuple(category.value for category in AudienceCategory)),
            Param("parent", summary="Only those that stand in it"),
            UPDATED_AFTER,
            *LIST,
        ),
        answers={200: List[wire.Audience]},
    ),
    Operation(
        name="createAudience",
        method="POST",
        path=PATH,
        handler=create_audience,
        summary="Add an audience, or a structure that holds audiences",
        scope=Scope.WRITE,
        body=wire.CreateAudience,
        answers={201: wire.Audience},
        idempotent_by_key=True,
    ),
    Operation(
        name="getAudience",
        method="GET",
        path=ONE,
        handler=get_audience,
        summary="One audience",
        answers={200: wire.Audience},
    ),
    Operation(
        name="changeAudience",
        method="PATCH",
        path=ONE,
        handler=change_audience,
        summary="Change an audience: what is absent stays, null clears",
        scope=Scope.WRITE,
        body=wire.ChangeAudience,
        answers={200: wire.Audience},
        conditional_on="getAudience",
    ),
    Operation(
        name="deleteAudience",
        method="DELETE",
        path=ONE,
        handler=delete_audience,
        summary="Delete an audience; its members leave today",
        scope=Scope.WRITE,
        answers={204: None},
        conditional_on="getAudience",
    ),
)
