"""Records."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.ids import to_ulid
from testamur.core.records import Report, check_times
from testamur.dialects.api.operations.shared import LIST, NAME, UPDATED_AFTER, after, listed, optional, updated_after
from testamur.dialects.api.translate import item, person
from testamur.dialects.api.translate import records as translate
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import records as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = "/v1/records"
ONE = f"{PATH}/{{record}}"


async def list_records(call: Call) -> Reply:
    place = after(call, int)
    records = await call.ledger.records.page(
        call.caller.tenant,
        after=place[0] if place else 0,
        count=call.params["limit"] + 1,
        person=optional(person, call, "person"),
        item=optional(item, call, "item"),
        updated_after=updated_after(call),
        completions_only=False,
    )
    return listed(call, records, translate.record, lambda record: [record.entry])


async def create_record(call: Call) -> Reply:
    new = translate.new_record(call.body, call.caller)
    check_times(new, call.now, completed_field="completed_at", started_field="started_at")
    report = Report(NAME, call.caller.client, call.method, call.route, call.raw)
    recorded = await call.ledger.records.record(call.caller.tenant, new, report)
    # A key gives its record back also after it was voided.
    record = await call.ledger.records.get(call.caller.tenant, recorded.record, voided=True)
    location = f"{call.base_url}{PATH}/{to_ulid(record.id, 'record')}"
    status = 201 if recorded.is_new else 200
    return json_reply(status, translate.record(record), (b"location", location.encode()))


async def get_record(call: Call) -> Reply:
    tenant, records = call.caller.tenant, call.ledger.records
    record = await records.get(tenant, translate.id(call.path["record"], "record"), voided=True)
    told = await records.tellings(tenant, [record.id])
    return json_reply(200, translate.with_history(record, await records.revisions(tenant, record.id), told[record.id]))


async def void_record(call: Call) -> Reply:
    await call.ledger.records.void(call.caller, translate.id(call.path["record"], "record"))
    return empty_reply(204)


OPERATIONS = (
    Operation(
        name="listRecords",
        method="GET",
        path=PATH,
        handler=list_records,
        summary="Records that stand, of every source, in the order in which they were last recorded",
        params=(
            Param("person", summary="Only hers"),
            Param("item", summary="Only of it"),
            UPDATED_AFTER,
            *LIST,
        ),
        answers={200: List[wire.Record]},
    ),
    Operation(
        name="createRecord",
        method="POST",
        path=PATH,
        handler=create_record,
        summary="Record somebody's learning, once: told again, it answers 200 with the first record",
        scope=Scope.WRITE,
        body=wire.CreateRecord,
        answers={200: wire.Record, 201: wire.Record},
        idempotent_by_key=True,
    ),
    Operation(
        name="getRecord",
        method="GET",
        path=ONE,
        handler=get_record,
        summary="One record with every fact of it and who told us; voided ones too",
        answers={200: wire.RecordWithHistory},
    ),
    Operation(
        name="voidRecord",
        method="DELETE",
        path=ONE,
        handler=void_record,
        summary="Withdraw a record: it stops counting and stays readable",
        scope=Scope.WRITE,
        answers={204: None},
    ),
)
