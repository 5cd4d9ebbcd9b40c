"""Members of audiences."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated
from uuid import UUID

from msgspec import Meta

from testamur.core.callers import Scope
from testamur.core.ids import Id
from testamur.dialects.api.operations.audiences import ONE, of
from testamur.dialects.api.operations.shared import LIST, after, listed, optional
from testamur.dialects.api.translate import audiences as translate
from testamur.dialects.api.translate import by_id, day, person
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import audiences as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = f"{ONE}/members"


async def list_members(call: Call) -> Reply:
    place = after(call, UUID, date, Annotated[datetime, Meta(tz=True)])
    members = await call.ledger.memberships.page(
        call.caller.tenant,
        of(call),
        person=optional(person, call, "person"),
        with_ended=call.params["include_ended"],
        after=(Id(place[0]), place[1], place[2]) if place else None,
        count=call.params["limit"] + 1,
    )
    return listed(
        call,
        members,
        translate.membership,
        lambda member: [member.person, member.joined_on.isoformat(), member.joined_recorded_at],
    )


async def add_member(call: Call) -> Reply:
    body: wire.AddMember | None = call.body
    joined_on = day(body.joined_on, "joined_on") if body else None
    memberships = call.ledger.memberships
    whom, joined = await memberships.admit(call.caller, of(call), person(call.path["person"], "person"), joined_on)
    (span,) = await memberships.page(call.caller.tenant, of(call), person=by_id(whom, "person"), count=1)
    return json_reply(201 if joined else 200, translate.membership(span))


async def remove_member(call: Call) -> Reply:
    left_on = day(call.params["left_on"], "left_on")
    await call.ledger.memberships.dismiss(call.caller, of(call), person(call.path["person"], "person"), left_on)
    return empty_reply(204)


OPERATIONS = (
    Operation(
        name="listMembers",
        method="GET",
        path=PATH,
        handler=list_members,
        summary="Memberships of an audience in order of person and first day",
        params=(
            Param("person", summary="Hers alone"),
            Param("include_ended", "boolean", default=False, summary="Also spans of those who left"),
            *LIST,
        ),
        answers={200: List[wire.Membership]},
    ),
    Operation(
        name="addMember",
        method="PUT",
        path=f"{PATH}/{{person}}",
        handler=add_member,
        summary="Make a person a member; who is one already stays one since her first day",
        scope=Scope.WRITE,
        body=wire.AddMember,
        body_optional=True,
        answers={200: wire.Membership, 201: wire.Membership},
    ),
    Operation(
        name="removeMember",
        method="DELETE",
        path=f"{PATH}/{{person}}",
        handler=remove_member,
        summary="End a membership",
        scope=Scope.WRITE,
        params=(Param("left_on", summary="The first day outside, not after today; today when absent"),),
        answers={204: None},
    ),
)
