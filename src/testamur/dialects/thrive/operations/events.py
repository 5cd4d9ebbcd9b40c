"""User events that come in, which the calls of v2 have superseded."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.dialects.thrive.operations.users import spelled
from testamur.dialects.thrive.translate import events as translate
from testamur.dialects.thrive.wire import events as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply


async def take_event(call: Call) -> Reply:
    event: wire.UserEvent = call.body
    with spelled("content.user."):
        await call.ledger.people.take(call.caller, translate.told(event, call.raw), translate.news(event))
    return json_reply(200, wire.EventTaken(success=True))


OPERATIONS = (
    Operation(
        name="takeUserEvent",
        method="POST",
        path="/webhooks",
        handler=take_event,
        summary="Take an event about a user: joined, updated, suspended, deleted",
        scope=Scope.WEBHOOKS,
        body=wire.UserEvent,
        answers={200: wire.EventTaken},
    ),
)
