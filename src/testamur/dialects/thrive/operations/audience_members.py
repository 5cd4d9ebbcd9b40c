"""Members of audiences."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.dialects.thrive import wire as shared_wire
from testamur.dialects.thrive.operations.audiences import ONE, PAGING, bulk_reply, of, span
from testamur.dialects.thrive.operations.shared import paged
from testamur.dialects.thrive.translate import audience_members as translate
from testamur.dialects.thrive.translate.audiences import person
from testamur.dialects.thrive.wire import audience_members as wire
from testamur.dialects.thrive.wire.audiences import BulkResult, Deletion
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply

PATH = f"{ONE}/members"


async def list_members(call: Call) -> Reply:
    count, skip = span(call)
    total, found = await call.ledger.memberships.members(call.caller.tenant, of(call), count=count, skip=skip)
    return json_reply(200, paged(call, total, [translate.member(member) for member in found]))


async def add_members(call: Call) -> Reply:
    return bulk_reply(await call.ledger.memberships.add(call.caller, of(call), translate.people(call.body)))


async def replace_members(call: Call) -> Reply:
    people = translate.people(call.body)
    return bulk_reply(await call.ledger.memberships.add(call.caller, of(call), people, replaces=True))


async def remove_member(call: Call) -> Reply:
    await call.ledger.memberships.remove(call.caller, of(call), person(call.path["userRef"], "userRef"))
    return json_reply(200, Deletion(success=True))


OPERATIONS = (
    Operation(
        name="listAudienceMembers",
        method="GET",
        path=PATH,
        handler=list_members,
        summary="Members of an audience, a page at a time",
        params=PAGING,
        answers={200: shared_wire.Page[wire.Member]},
    ),
    Operation(
        name="addAudienceMembers",
        method="POST",
        path=PATH,
        handler=add_members,
        summary="Add members to an audience",
        scope=Scope.WRITE,
        body=wire.Members,
        answers={200: BulkResult, 207: BulkResult},
        errors=frozenset({400, 401, 403, 409, 422, 500}),
    ),
    Operation(
        name="replaceAudienceMembers",
        method="PATCH",
        path=PATH,
        handler=replace_members,
        summary="Replace all members of an audience",
        scope=Scope.WRITE,
        body=wire.Members,
        answers={200: BulkResult, 207: BulkResult},
        errors=frozenset({400, 401, 403, 404, 409, 422, 500}),
    ),
    Operation(
        name="removeAudienceMember",
        method="DELETE",
        path=f"{PATH}/{{userRef}}",
        handler=remove_member,
        summary="Remove a member, by email, ref or id",
        scope=Scope.WRITE,
        answers={200: Deletion},
    ),
)
