"""Learning records."""

from __future__ import annotations

import hashlib
from datetime import datetime
from functools import partial
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta

from testamur.core.callers import Scope
from testamur.core.errors import CompletionNotFound
from testamur.core.ids import Id, parse, to_ulid
from testamur.core.records import NewRecord, Record, Report, check_times
from testamur.dialects.cpod.manners import Manners
from testamur.dialects.cpod.operations.shared import NAME
from testamur.dialects.cpod.translate import listing
from testamur.dialects.cpod.translate import records as translate
from testamur.dialects.cpod.wire import records as wire
from testamur.http.cursors import decode_cursor, encode_cursor
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply, json_reply
from testamur.ledger.record_search import Position

DOCS = "https://docs.cyberpod.app/portal/performance/LearningRecord"
PATH = "/api/v1/performance/learning-records"
ONE = f"{PATH}/{{id}}"


async def list_records(manners: Manners, call: Call) -> Reply:
    wanted = listing.wanted(call.query, call.params)
    sort = listing.sort(call.params["sort"])
    binding = listing.binding(call.caller, wanted, sort)
    found = await call.ledger.record_search.find(
        call.caller,
        wanted,
        sort=sort,
        after=_position(call.params["cursor"], binding),
        count=call.params["limit"],
        counts=call.params["total"],
    )
    rows = [translate.learning_record(record, call.caller.tenant, manners.ids) for record in found.records]
    next = _cursor(found.after, binding)
    if manners.envelope == "data":
        return json_reply(200, wire.LearningRecordsAsData(rows, next, next is not None, found.total))
    return json_reply(200, wire.LearningRecords(rows, next, found.total))


async def create_record(manners: Manners, call: Call) -> Reply:
    new = translate.new_record(call.body, call.caller, strict=manners.strict)
    check_times(new, call.now, completed_field="completed_at", started_field="")
    recorded = await call.ledger.records.record(call.caller.tenant, new, _report(call))
    reply = _entity(201, call, await call.ledger.records.get(call.caller.tenant, recorded.record), manners)
    spelled = str(recorded.record) if manners.ids == "uuid" else to_ulid(recorded.record, "record")
    reply.headers.append((b"location", f"{call.base_url}{PATH}/{spelled}".encode()))
    return reply


async def get_record(manners: Manners, call: Call) -> Reply:
    return _entity(200, call, await _seen(call, voided=call.params["include_deleted"]), manners)


async def change_record(manners: Manners, call: Call) -> Reply:
    body: wire.ChangeLearningRecord = call.body
    id = (await _seen(call)).id

    def revise(record: Record) -> NewRecord:
        new = translate.revised(record, body, call.caller, strict=manners.strict)
        if body.completed_at is not UNSET:
            check_times(new, call.now, completed_field="completed_at", started_field="completed_at")
        return new

    await call.ledger.records.correct(call.caller, id, revise, _report(call))
    return _entity(200, call, await call.ledger.records.get(call.caller.tenant, id), manners)


async def delete_record(call: Call) -> Reply:
    await call.ledger.records.void(call.caller, (await _seen(call)).id)
    return empty_reply(204)


async def restore_record(manners: Manners, call: Call) -> Reply:
    id = (await _seen(call, voided=True)).id
    await call.ledger.records.restore(call.caller, id)
    return _entity(200, call, await call.ledger.records.get(call.caller.tenant, id), manners)


async def _seen(call: Call, *, voided: bool = False) -> Record:
    """The record in the call's path, within the caller's scope. Raises CompletionNotFound."""
    id = parse(call.path["id"], "record")
    if id is None:
        raise CompletionNotFound
    return await call.ledger.record_search.get(call.caller, id, voided=voided)


def _entity(status: int, call: Call, record: Record, manners: Manners) -> Reply:
    """A record with its ETag: a digest of what is shown and of the fact behind it, which no two states share."""
    reply = json_reply(status, translate.learning_record(record, call.caller.tenant, manners.ids))
    assert reply.body is not None
    digest = hashlib.blake2b(record.fact.bytes + reply.body, digest_size=12).hexdigest()
    reply.headers.append((b"etag", f'"{digest}"'.encode()))
    return reply


def _report(call: Call) -> Report:
    return Report(NAME, call.caller.client, call.method, call.route, call.raw)


def _position(cursor: str | None, binding: str) -> Position | None:
    """Where the page begins. Raises InvalidCursor for the cursor of another list."""
    if cursor is None:
        return None
    at, id, number, key = decode_cursor(
        cursor, binding, Annotated[datetime, Meta(tz=True)], UUID, int | None, str | None
    )
    return Position(at, Id(id), number, key)


def _cursor(after: Position | None, binding: str) -> str | None:
    return None if after is None else encode_cursor([after.created_at, after.id, after.number, after.key], binding)


def operations(manners: Manners) -> tuple[Operation, ...]:
    """The three operations of the vendor's page, and what is ours where it was asked for."""
    page = wire.LearningRecordsAsData if manners.envelope == "data" else wire.LearningRecords
    faithful = (
        Operation(
            name="listLearningRecords",
            method="GET",
            path=PATH,
            handler=partial(list_records, manners),
            summary="Learning records of every source, a page at a time",
            params=listing.PARAMS,
            answers={200: page},
            source=DOCS,
        ),
        Operation(
            name="createLearningRecord",
            method="POST",
            path=PATH,
            handler=partial(create_record, manners),
            summary="Record somebody's learning",
            scope=Scope.WRITE,
            body=wire.CreateLearningRecord,
            answers={201: wire.LearningRecord},
            idempotent_by_key=True,
            source=DOCS,
        ),
        Operation(
            name="getLearningRecord",
            method="GET",
            path=ONE,
            handler=partial(get_record, manners),
            summary="One learning record, by any spelling of its id",
            params=(Param("include_deleted", "boolean", default=False, aliases=("includeDeleted",)),),
            answers={200: wire.LearningRecord},
            source=DOCS,
        ),
    )
    if not manners.changes:
        return faithful
    return (
        *faithful,
        Operation(
            name="changeLearningRecord",
            method="PATCH",
            path=ONE,
            handler=partial(change_record, manners),
            summary="Correct a learning record: what is absent stays, null clears",
            scope=Scope.WRITE,
            body=wire.ChangeLearningRecord,
            answers={200: wire.LearningRecord},
            conditional_on="getLearningRecord",
        ),
        Operation(
            name="deleteLearningRecord",
            method="DELETE",
            path=ONE,
            handler=delete_record,
            summary="Delete a learning record: it counts no more, and can be restored",
            scope=Scope.WRITE,
            answers={204: None},
            conditional_on="getLearningRecord",
        ),
        Operation(
            name="restoreLearningRecord",
            method="POST",
            path=f"{ONE}/restore",
            handler=partial(restore_record, manners),
            summary="Let a deleted learning record stand again as it was",
            scope=Scope.WRITE,
            answers={200: wire.LearningRecord},
            idempotent_by_key=True,
        ),
    )
