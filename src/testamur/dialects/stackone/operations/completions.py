"""Completions: read, recorded."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET

from testamur.core.callers import Scope
from testamur.core.errors import CompletionNotFound
from testamur.core.ids import Id, parse
from testamur.core.people import Reference
from testamur.core.records import Report, Shown, check_times
from testamur.dialects.stackone.operations.shared import (
    DOCS,
    GET,
    LIST,
    NAME,
    created,
    deleted,
    is_true,
    page_of,
    updated_after,
)
from testamur.dialects.stackone.translate import completions as translate
from testamur.dialects.stackone.translate import fields_of, raw, user
from testamur.dialects.stackone.wire import CreateResult, DeleteResult
from testamur.dialects.stackone.wire import completions as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply


async def get_completion(call: Call) -> Reply:
    return await _one(call, call.path["id"], None)


async def get_user_completion(call: Call) -> Reply:
    person = await call.ledger.people.get(call.caller.tenant, user(call.path["id"]))
    return await _one(call, call.path["subResourceId"], person.id)


async def list_completions(call: Call) -> Reply:
    return await _page(call, None)


async def list_user_completions(call: Call) -> Reply:
    return await _page(call, user(call.path["id"]))


async def create_user_completion(call: Call) -> Reply:
    new = translate.new_record(call.path["id"], call.body, call.now)
    check_times(new, call.now, completed_field="completed_at", started_field="")
    report = Report(NAME, call.caller.client, call.method, call.route, call.raw)
    recorded = await call.ledger.records.record(call.caller.tenant, new, report)
    return created(call, recorded.record)


async def delete_user_completion(call: Call) -> Reply:
    tenant = call.caller.tenant
    person = await call.ledger.people.get(tenant, user(call.path["id"]))
    shown = await _shown(call, call.path["subResourceId"], person.id)
    await call.ledger.records.void(call.caller, shown.id)
    return deleted(call)


async def _one(call: Call, text: str, person: Id | None) -> Reply:
    shown = await _shown(call, text, person)
    return json_reply(200, wire.CompletionResult(_spelled(call, [shown])[0], await _raw(call, [shown])))


async def _shown(call: Call, text: str, person: Id | None) -> Shown:
    id = parse(text, "record")
    if id is None:
        raise CompletionNotFound
    shown = await call.ledger.records.show(call.caller.tenant, id, translate.COMPLETION)
    if not shown.is_completion or person not in (None, shown.person):
        raise CompletionNotFound
    return shown


async def _page(call: Call, person: Reference | None) -> Reply:
    since = updated_after(call)

    async def find(after: list[int] | None, count: int) -> list[Shown]:
        return await call.ledger.records.show_page(
            call.caller.tenant,
            translate.COMPLETION,
            after=after[0] if after else 0,
            count=count,
            person=person,
            updated_after=since,
        )

    shown, next = await page_of(call, find, lambda row: [row.entry], int)
    return json_reply(
        200, wire.CompletionsPaginated(next=next, data=_spelled(call, shown), raw=await _raw(call, shown))
    )


def _spelled(call: Call, shown: list[Shown]) -> list[Any]:
    fields = fields_of(call.params["fields"], translate.FIELDS)
    return [translate.completion(one, fields) for one in shown]


async def _raw(call: Call, records: list[Shown]) -> Any:
    if not is_true(call.params["raw"]):
        return UNSET
    told = await call.ledger.records.tellings(call.caller.tenant, [record.id for record in records])
    return [entry for record in records for entry in raw(told[record.id], call.base_url)]


OPERATIONS = (
    Operation(
        name="lms_list_completions",
        method="GET",
        path="/unified/lms/completions",
        handler=list_completions,
        summary="Completions, in the order in which they were recorded",
        params=LIST,
        answers={200: wire.CompletionsPaginated},
        source=f"{DOCS}/completions/list-completions",
    ),
    Operation(
        name="lms_get_completion",
        method="GET",
        path="/unified/lms/completions/{id}",
        handler=get_completion,
        summary="One completion",
        params=GET,
        answers={200: wire.CompletionResult},
        source=f"{DOCS}/completions/get-completion",
    ),
    Operation(
        name="lms_list_user_completions",
        method="GET",
        path="/unified/lms/users/{id}/completions",
        handler=list_user_completions,
        summary="Completions of one user",
        params=LIST,
        answers={200: wire.CompletionsPaginated},
    ),
    Operation(
        name="lms_create_user_completion",
        method="POST",
        path="/unified/lms/users/{id}/completions",
        handler=create_user_completion,
        summary="Record that a user completed a learning object",
        scope=Scope.WRITE,
        body=wire.CreateCompletion,
        answers={201: CreateResult},
    ),
    Operation(
        name="lms_get_user_completion",
        method="GET",
        path="/unified/lms/users/{id}/completions/{subResourceId}",
        handler=get_user_completion,
        summary="One completion of one user",
        params=GET,
        answers={200: wire.CompletionResult},
    ),
    Operation(
        name="lms_delete_user_completion",
        method="DELETE",
        path="/unified/lms/users/{id}/completions/{subResourceId}",
        handler=delete_user_completion,
        summary="Withdraw a completion; what was known of it stays in the ledger",
        scope=Scope.WRITE,
        answers={200: DeleteResult},
    ),
)
