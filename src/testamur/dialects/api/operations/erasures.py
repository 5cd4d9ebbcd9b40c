"""Erasures: /v1/people/{person}/erasures and /v1/erasures."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.ids import to_ulid
from testamur.core.people import Reference
from testamur.core.retention import Level
from testamur.dialects.api.operations import people
from testamur.dialects.api.operations.shared import LIST, after_id, listed
from testamur.dialects.api.translate import decisions
from testamur.dialects.api.translate import erasures as translate
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import erasures as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply

PATH = "/v1/erasures"
OF_PERSON = f"{people.ONE}/erasures"
OPEN = Param("open", "boolean", default=False, summary="Only those that keep something back")


async def create_erasure(call: Call) -> Reply:
    body: wire.CreateErasure = call.body
    whom, level = people.of(call), Level(body.level)
    if body.rehearse:
        planned = await call.ledger.erasures.plan(call.caller.tenant, whom, level)
        return json_reply(200, translate.rehearsal(planned))
    done = await call.ledger.erasures.erase(call.caller, whom, level, body.reason)
    location = f"{call.base_url}{PATH}/{to_ulid(done.id, 'erasure')}"
    return json_reply(201, translate.erasure(done), (b"location", location.encode()))


async def list_erasures(call: Call) -> Reply:
    return await _listed(call, None)


async def list_erasures_of_person(call: Call) -> Reply:
    return await _listed(call, people.of(call))


async def get_erasure(call: Call) -> Reply:
    id = decisions.id(call.path["erasure"], "erasure")
    return json_reply(200, translate.erasure(await call.ledger.erasures.get(call.caller.tenant, id)))


async def _listed(call: Call, person: Reference | None) -> Reply:
    found = await call.ledger.erasures.page(
        call.caller.tenant,
        person=person,
        only_open=call.params["open"],
        after=after_id(call),
        count=call.params["limit"] + 1,
    )
    return listed(call, found, translate.erasure, lambda one: [one.id])


OPERATIONS = (
    Operation(
        name="createErasure",
        method="POST",
        path=OF_PERSON,
        handler=create_erasure,
        summary="Erase as much of a person as nothing keeps, or only say what that would be",
        scope=Scope.WRITE,
        body=wire.CreateErasure,
        answers={200: wire.Rehearsal, 201: wire.Erasure},
        idempotent_by_key=True,
    ),
    Operation(
        name="listErasuresOfPerson",
        method="GET",
        path=OF_PERSON,
        handler=list_erasures_of_person,
        summary="What was asked to be erased of a person, in the order in which it was asked",
        params=(OPEN, *LIST),
        answers={200: List[wire.Erasure]},
    ),
    Operation(
        name="listErasures",
        method="GET",
        path=PATH,
        handler=list_erasures,
        summary="Erasures of everybody in the order in which they were asked for",
        params=(OPEN, *LIST),
        answers={200: List[wire.Erasure]},
    ),
    Operation(
        name="getErasure",
        method="GET",
        path=f"{PATH}/{{erasure}}",
        handler=get_erasure,
        summary="One erasure: what went, and what is kept by what until when",
        answers={200: wire.Erasure},
    ),
)
