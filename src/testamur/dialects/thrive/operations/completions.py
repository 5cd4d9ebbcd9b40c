"""Completions."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from testamur.core.callers import Scope
from testamur.core.errors import CompletionNotFound
from testamur.core.ids import parse, to_hex24
from testamur.core.moments import Precision, When
from testamur.core.records import Record, Report, check_times
from testamur.dialects.thrive.operations.shared import DOCS, LISTED, NAME, PAGE, optional
from testamur.dialects.thrive.translate import completions as translate
from testamur.dialects.thrive.translate import content, user
from testamur.dialects.thrive.wire import completions as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply


async def create_completion(call: Call) -> Reply:
    new = translate.new_record(call.body)
    check_times(new, call.now, completed_field="completedAt", started_field="")
    report = Report(NAME, call.caller.client, call.method, call.route, call.raw)
    recorded = await call.ledger.records.record(call.caller.tenant, new, report)
    return json_reply(201 if recorded.is_new else 200, wire.CompletionStub(to_hex24(recorded.record)))


async def list_completions(call: Call) -> Reply:
    end: When | None = call.params["completedDateRangeEnd"]
    start: When | None = call.params["completedDateRangeStart"]
    found = await call.ledger.records.numbered_page(
        call.caller.tenant,
        person=optional(user, call.params["userId"], "userId"),
        item=optional(content, call.params["contentId"], "contentId"),
        is_prior=call.params["isRPL"],
        completed_from=start.at if start else None,
        completed_before=_behind(end) if end else None,
        count=call.params["perPage"],
        skip=(call.params["page"] - 1) * call.params["perPage"],
    )
    return json_reply(200, await _told(call, found))


async def get_completion(call: Call) -> Reply:
    id = parse(call.path["id"], "record")
    if id is None:
        raise CompletionNotFound
    record = await call.ledger.records.get(call.caller.tenant, id)
    if record.completed is None or record.person is None or record.item is None:
        raise CompletionNotFound
    (told,) = await _told(call, [record])
    return json_reply(200, told)


async def _told(call: Call, records: Sequence[Record]) -> list[wire.Completion]:
    covered = await call.ledger.enrolments.coverage(call.caller.tenant, records)
    items = [record.item for record in records if record.item is not None]
    skills = await call.ledger.skills.of_items(call.caller.tenant, items)
    return [
        translate.completion(record, covered[record.id], skills[record.item])
        for record in records
        if record.item is not None
    ]


def _behind(end: When) -> datetime:
    """The first moment that is too late. A bare date means the whole day; the range's end is inclusive."""
    return end.at + (timedelta(days=1) if end.precision is Precision.DAY else timedelta(milliseconds=1))


OPERATIONS = (
    Operation(
        name="createCompletion",
        method="POST",
        path="/rest/v1/learning/completions",
        handler=create_completion,
        summary="Record that a user completed a content; the same completion again is answered with 200",
        scope=Scope.WRITE,
        body=wire.CreateCompletion,
        answers={201: wire.CompletionStub, 200: wire.CompletionStub},
        errors=LISTED,
        source=f"{DOCS}/creates-a-completion-record",
    ),
    Operation(
        name="listCompletions",
        method="GET",
        path="/rest/v1/learning/completions",
        handler=list_completions,
        summary="Completions, a page at a time",
        params=(
            Param("userId"),
            Param("contentId"),
            Param("isRPL", "boolean"),
            Param("completedDateRangeStart", "moment", days=True, summary="Date or date-time, inclusive"),
            Param("completedDateRangeEnd", "moment", days=True, summary="Date or date-time, inclusive"),
            PAGE,
            Param("perPage", "integer", 1000, minimum=1, maximum=1000),
        ),
        answers={200: list[wire.Completion]},
    ),
    Operation(
        name="getCompletion",
        method="GET",
        path="/rest/v1/learning/completions/{id}",
        handler=get_completion,
        summary="One completion by its statement id",
        answers={200: wire.Completion},
    ),
)
