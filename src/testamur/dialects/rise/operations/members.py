"""Who belongs to a group."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.errors import PersonNotFound
from testamur.core.people import Reference
from testamur.dialects.rise.operations.groups import ONE, check_governed, of, present_group
from testamur.dialects.rise.operations.shared import DOCS, PAGE, begin_after, paged
from testamur.dialects.rise.operations.users import present_user, shown
from testamur.dialects.rise.translate import group_id, person_by_id
from testamur.dialects.rise.wire import users as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = f"{ONE}/users"
SOURCE = f"{DOCS}/4177158"


async def list_members(call: Call) -> Reply:
    group = await present_group(call)
    address = f"/groups/{group_id(group)}/users"
    found = await call.ledger.people.page(
        call.caller.tenant,
        audience=None if group is None else of(call),
        after=begin_after(call, address),
        count=call.params["limit"] + 1,
    )
    page, next_url = paged(call, address, list(found), lambda person: person.id)
    return json_reply(200, wire.Users(await shown(call, page), next_url))


async def add_member(call: Call) -> Reply:
    group = await present_group(call)
    person = person_by_id((await present_user(call)).id)
    if group is not None:
        check_governed(group)
        await call.ledger.memberships.add(call.caller, of(call), [person])
    return empty_reply(204)


async def remove_member(call: Call) -> Reply:
    """Whoever is no member stays none."""
    group = await present_group(call)
    person: Reference = person_by_id((await present_user(call)).id)
    check_governed(group)
    try:
        await call.ledger.memberships.remove(call.caller, of(call), person)
    except PersonNotFound:
        return empty_reply(204)
    return empty_reply(204)


OPERATIONS = (
    Operation(
        name="listMembers",
        method="GET",
        path=PATH,
        handler=list_members,
        summary="Members of a group",
        params=PAGE,
        answers={200: wire.Users},
        source=SOURCE,
    ),
    Operation(
        name="addMember",
        method="PUT",
        path=f"{PATH}/{{userId}}",
        handler=add_member,
        summary="Make a user a member of a group",
        scope=Scope.WRITE,
        answers={204: None},
        source=SOURCE,
    ),
    Operation(
        name="removeMember",
        method="DELETE",
        path=f"{PATH}/{{userId}}",
        handler=remove_member,
        summary="End a membership",
        scope=Scope.WRITE,
        answers={204: None},
        source=SOURCE,
    ),
)
