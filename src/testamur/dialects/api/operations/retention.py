"""Retention: /v1/retention-rules, /v1/legal-holds and /v1/retention/runs."""

from __future__ import annotations

from uuid import UUID

from testamur.core.callers import Scope
from testamur.core.ids import Id, to_ulid
from testamur.dialects.api.operations.shared import LIST, after_id, cursor, listed, optional, place
from testamur.dialects.api.translate import decisions, item, person
from testamur.dialects.api.translate import retention as translate
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import retention as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply
from testamur.ledger.erasure import Place

RULES, HOLDS, RUNS = "/v1/retention-rules", "/v1/legal-holds", "/v1/retention/runs"


async def list_rules(call: Call) -> Reply:
    found = await call.ledger.retention.rules(
        call.caller.tenant,
        with_closed=call.params["include_closed"],
        after=after_id(call),
        count=call.params["limit"] + 1,
    )
    return listed(call, found, translate.rule, lambda one: [one.id])


async def set_rule(call: Call) -> Reply:
    made = await call.ledger.retention.set(call.caller, translate.new_rule(call.body))
    return json_reply(201, translate.rule(made), _location(call, RULES, made.id, "retention"))


async def get_rule(call: Call) -> Reply:
    found = await call.ledger.retention.rule(call.caller.tenant, _id(call, "retention"))
    return json_reply(200, translate.rule(found))


async def close_rule(call: Call) -> Reply:
    closed = await call.ledger.retention.end(call.caller, _id(call, "retention"), call.body.reason)
    return json_reply(200, translate.rule(closed))


async def list_holds(call: Call) -> Reply:
    found = await call.ledger.retention.holds(
        call.caller.tenant,
        person=optional(person, call, "person"),
        item=optional(item, call, "item"),
        with_lifted=call.params["include_lifted"],
        after=after_id(call),
        count=call.params["limit"] + 1,
    )
    return listed(call, found, translate.hold, lambda one: [one.id])


async def place_hold(call: Call) -> Reply:
    body: wire.PlaceLegalHold = call.body
    made = await call.ledger.retention.place(
        call.caller,
        body.reason,
        person=None if body.person is None else person(body.person, "person"),
        item=None if body.item is None else item(body.item, "item"),
    )
    return json_reply(201, translate.hold(made), _location(call, HOLDS, made.id, "hold"))


async def get_hold(call: Call) -> Reply:
    return json_reply(200, translate.hold(await call.ledger.retention.hold(call.caller.tenant, _id(call, "hold"))))


async def lift_hold(call: Call) -> Reply:
    lifted = await call.ledger.retention.lift(call.caller, _id(call, "hold"), call.body.reason)
    return json_reply(200, translate.hold(lifted))


async def run(call: Call) -> Reply:
    body: wire.RunRetention = call.body
    last = place(call, body.cursor, bool, UUID)
    after = Place(last[0], Id(last[1])) if last else None
    part = await call.ledger.erasures.run_part(call.caller, rehearse=body.rehearse, after=after, count=body.limit)
    next = None if part.next is None else cursor(call, [part.next.by_rules, part.next.person])
    erased = [translate.ended(one) for one in part.ended]
    return json_reply(200, wire.RetentionRun(rehearsed=body.rehearse, erased=erased, next=next))


def _id(call: Call, noun: str) -> Id:
    return decisions.id(call.path[noun], noun)


def _location(call: Call, path: str, id: Id, noun: str) -> tuple[bytes, bytes]:
    return b"location", f"{call.base_url}{path}/{to_ulid(id, noun)}".encode()


OPERATIONS = (
    Operation(
        name="listRetentionRules",
        method="GET",
        path=RULES,
        handler=list_rules,
        summary="Rules for how long completions are kept, in the order in which they were set",
        params=(Param("include_closed", "boolean", default=False), *LIST),
        answers={200: List[wire.RetentionRule]},
    ),
    Operation(
        name="setRetentionRule",
        method="POST",
        path=RULES,
        handler=set_rule,
        summary="Set for how long completions are kept, in place of the rule for the same",
        scope=Scope.WRITE,
        body=wire.SetRetentionRule,
        answers={201: wire.RetentionRule},
        idempotent_by_key=True,
    ),
    Operation(
        name="getRetentionRule",
        method="GET",
        path=f"{RULES}/{{retention}}",
        handler=get_rule,
        summary="One rule, a closed one too",
        answers={200: wire.RetentionRule},
    ),
    Operation(
        name="closeRetentionRule",
        method="POST",
        path=f"{RULES}/{{retention}}/close",
        handler=close_rule,
        summary="Let a rule hold no more",
        scope=Scope.WRITE,
        body=wire.EndKeeping,
        answers={200: wire.RetentionRule},
        idempotent_by_key=True,
    ),
    Operation(
        name="listLegalHolds",
        method="GET",
        path=HOLDS,
        handler=list_holds,
        summary="Legal holds in the order in which they were placed",
        params=(
            Param("person", summary="Only on her"),
            Param("item", summary="Only on it"),
            Param("include_lifted", "boolean", default=False),
            *LIST,
        ),
        answers={200: List[wire.LegalHold]},
    ),
    Operation(
        name="placeLegalHold",
        method="POST",
        path=HOLDS,
        handler=place_hold,
        summary="Keep everything of a person, or of anybody's learning of an item, from being erased",
        scope=Scope.WRITE,
        body=wire.PlaceLegalHold,
        answers={201: wire.LegalHold},
        idempotent_by_key=True,
    ),
    Operation(
        name="getLegalHold",
        method="GET",
        path=f"{HOLDS}/{{hold}}",
        handler=get_hold,
        summary="One legal hold, a lifted one too",
        answers={200: wire.LegalHold},
    ),
    Operation(
        name="liftLegalHold",
        method="POST",
        path=f"{HOLDS}/{{hold}}/lift",
        handler=lift_hold,
        summary="End a legal hold",
        scope=Scope.WRITE,
        body=wire.EndKeeping,
        answers={200: wire.LegalHold},
        idempotent_by_key=True,
    ),
    Operation(
        name="runRetention",
        method="POST",
        path=RUNS,
        handler=run,
        summary="Erase what is kept no more, or only say what that would be",
        scope=Scope.WRITE,
        body=wire.RunRetention,
        answers={200: wire.RetentionRun},
    ),
)
