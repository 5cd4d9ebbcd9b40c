"""Sessions."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.dialects.api.operations.shared import LIST, after_id, listed, optional
from testamur.dialects.api.translate import person
from testamur.dialects.api.translate import sessions as translate
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import sessions as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = "/v1/sessions"
ONE = f"{PATH}/{{session}}"


async def list_sessions(call: Call) -> Reply:
    found = await call.ledger.sessions.page(
        call.caller.tenant,
        person=optional(person, call, "person"),
        after=after_id(call),
        count=call.params["limit"] + 1,
    )
    return listed(call, found, translate.session, lambda session: [session.id])


async def create_session(call: Call) -> Reply:
    recorded = await call.ledger.sessions.record(call.caller, translate.new_session(call.body))
    shown = translate.session(recorded.session)
    location = f"{call.base_url}{PATH}/{shown.id}"
    return json_reply(201 if recorded.is_new else 200, shown, (b"location", location.encode()))


async def get_session(call: Call) -> Reply:
    found = await call.ledger.sessions.get(call.caller.tenant, translate.id(call.path["session"]))
    return json_reply(200, translate.session(found))


async def void_session(call: Call) -> Reply:
    await call.ledger.sessions.void(call.caller, translate.id(call.path["session"]))
    return empty_reply(204)


OPERATIONS = (
    Operation(
        name="listSessions",
        method="GET",
        path=PATH,
        handler=list_sessions,
        summary="Sessions that stand, in the order in which they were recorded",
        params=(Param("person", summary="Only hers"), *LIST),
        answers={200: List[wire.Session]},
    ),
    Operation(
        name="createSession",
        method="POST",
        path=PATH,
        handler=create_session,
        summary="Record time in an item, with a quiz attempt if there was one, once: told again, it answers 200",
        scope=Scope.WRITE,
        body=wire.CreateSession,
        answers={200: wire.Session, 201: wire.Session},
    ),
    Operation(
        name="getSession",
        method="GET",
        path=ONE,
        handler=get_session,
        summary="One session, a voided one too",
        answers={200: wire.Session},
    ),
    Operation(
        name="voidSession",
        method="DELETE",
        path=ONE,
        handler=void_session,
        summary="Withdraw a session with its attempt: it stops counting and stays readable",
        scope=Scope.WRITE,
        answers={204: None},
    ),
)
