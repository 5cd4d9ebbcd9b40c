"""Invitations, and the door by which they are accepted."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.ids import to_ulid
from testamur.core.people import Reference
from testamur.dialects.api.operations.shared import LIST, after_id, listed
from testamur.dialects.api.translate import invitations as translate
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import invitations as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = "/v1/invitations"
ONE = f"{PATH}/{{invitation}}"


def of(call: Call) -> Reference:
    """The invitation in the call's path. Raises InvitationNotFound."""
    return translate.by_name(call.path["invitation"])


async def list_invitations(call: Call) -> Reply:
    pending = await call.ledger.invitations.pending(
        call.caller.tenant, email=call.params["email"], after=after_id(call), count=call.params["limit"] + 1
    )
    return listed(call, pending, translate.invitation, lambda invitation: [invitation.id])


async def create_invitation(call: Call) -> Reply:
    made = await call.ledger.invitations.invite(call.caller, translate.new_invitation(call.body))
    location = f"{call.base_url}{PATH}/{to_ulid(made.id, 'invitation')}".encode()
    return json_reply(201, translate.invitation(made), (b"location", location))


async def get_invitation(call: Call) -> Reply:
    return json_reply(200, translate.invitation(await call.ledger.invitations.get(call.caller.tenant, of(call))))


async def accept_invitation(call: Call) -> Reply:
    body: wire.Accept = call.body or wire.Accept()
    await call.ledger.invitations.accept(
        call.caller, of(call), given_name=body.given_name, family_name=body.family_name
    )
    return await get_invitation(call)


async def withdraw_invitation(call: Call) -> Reply:
    await call.ledger.invitations.withdraw(call.caller, of(call))
    return empty_reply(204)


OPERATIONS = (
    Operation(
        name="listInvitations",
        method="GET",
        path=PATH,
        handler=list_invitations,
        summary="Pending invitations in order of id",
        params=(Param("email", summary="Only the one to this address, in any letter case"), *LIST),
        answers={200: List[wire.Invitation]},
    ),
    Operation(
        name="createInvitation",
        method="POST",
        path=PATH,
        handler=create_invitation,
        summary="Invite somebody by e-mail",
        scope=Scope.WRITE,
        body=wire.Invite,
        answers={201: wire.Invitation},
        idempotent_by_key=True,
    ),
    Operation(
        name="getInvitation",
        method="GET",
        path=ONE,
        handler=get_invitation,
        summary="One invitation, also after it was accepted or withdrawn",
        answers={200: wire.Invitation},
    ),
    Operation(
        name="acceptInvitation",
        method="POST",
        path=f"{ONE}/accept",
        handler=accept_invitation,
        summary="Make whoever was invited a person, and a member of the audiences named",
        scope=Scope.WRITE,
        body=wire.Accept,
        body_optional=True,
        answers={200: wire.Invitation},
        idempotent_by_key=True,
    ),
    Operation(
        name="withdrawInvitation",
        method="DELETE",
        path=ONE,
        handler=withdraw_invitation,
        summary="Take an invitation back",
        scope=Scope.WRITE,
        answers={204: None},
    ),
)
