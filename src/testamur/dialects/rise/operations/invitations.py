"""Invitations. Whoever accepts one does it through our own API: the vendor's has no call for it."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.errors import InvitationNotFound
from testamur.dialects.rise import translate
from testamur.dialects.rise.operations.shared import PAGE, begin_after, paged
from testamur.dialects.rise.translate import Links, filtered
from testamur.dialects.rise.translate import invitations as translation
from testamur.dialects.rise.wire import invitations as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = "/invitations"
ONE = f"{PATH}/{{invitationId}}"
SOURCE = "https://access.articulate.com/support"


async def create_invitation(call: Call) -> Reply:
    made = await call.ledger.invitations.invite(call.caller, translation.new_invitation(call.body))
    return json_reply(201, wire.Invited(translation.invitation(made, Links(call.base_url))))


async def list_invitations(call: Call) -> Reply:
    email: str | None = call.params["email"]
    address = filtered(PATH, email=email)
    found = await call.ledger.invitations.pending(
        call.caller.tenant, email=email, after=begin_after(call, address), count=call.params["limit"] + 1
    )
    page, next_url = paged(call, address, list(found), lambda invitation: invitation.id)
    links = Links(call.base_url)
    return json_reply(200, wire.Invitations([translation.invitation(one, links) for one in page], next_url))


async def get_invitation(call: Call) -> Reply:
    reference = translate.invitation_reference(call.path["invitationId"])
    invitation = await call.ledger.invitations.get(call.caller.tenant, reference)
    if not invitation.is_pending:
        raise InvitationNotFound(f"The invitation {reference.value!r} is not pending any more", field=reference.field)
    return json_reply(200, translation.invitation(invitation, Links(call.base_url)))


async def withdraw_invitation(call: Call) -> Reply:
    reference = translate.invitation_reference(call.path["invitationId"])
    await call.ledger.invitations.withdraw(call.caller, reference)
    return empty_reply(204)


OPERATIONS = (
    Operation(
        name="createInvitation",
        method="POST",
        path=PATH,
        handler=create_invitation,
        summary="Invite somebody; she is a user when she accepts",
        scope=Scope.WRITE,
        body=wire.Invite,
        answers={201: wire.Invited},
        source=SOURCE,
    ),
    Operation(
        name="listInvitations",
        method="GET",
        path=PATH,
        handler=list_invitations,
        summary="Pending invitations, a page at a time",
        params=(Param("email", summary="Exact address, in any letter case"), *PAGE),
        answers={200: wire.Invitations},
        source=SOURCE,
    ),
    Operation(
        name="getInvitation",
        method="GET",
        path=ONE,
        handler=get_invitation,
        summary="One pending invitation",
        answers={200: wire.Invitation},
        source=SOURCE,
    ),
    Operation(
        name="withdrawInvitation",
        method="DELETE",
        path=ONE,
        handler=withdraw_invitation,
        summary="Take an invitation back",
        scope=Scope.WRITE,
        answers={204: None},
        source=SOURCE,
    ),
)
