"""Assignments."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.dialects.thrive.operations.shared import DOCS, LISTED, PAGE, optional
from testamur.dialects.thrive.translate import assignments as translate
from testamur.dialects.thrive.translate import audience
from testamur.dialects.thrive.wire import assignments as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply


async def create_assignment(call: Call) -> Reply:
    stored = await call.ledger.assignments.add(call.caller, translate.new_assignment(call.body))
    return json_reply(201, translate.assignment(stored))


async def get_assignment(call: Call) -> Reply:
    reference = Reference(call.path["assignmentId"], (), "assignment", "assignmentId")
    return json_reply(200, translate.assignment(await call.ledger.assignments.get(call.caller.tenant, reference)))


async def list_assignments(call: Call) -> Reply:
    count = call.params["perPage"] or call.params["limit"] or 100
    since: When | None = call.params["updatedSince"]
    stored = await call.ledger.assignments.list(
        call.caller.tenant,
        audience=optional(audience, call.params["audienceId"], "audienceId"),
        updated_since=since.at if since else None,
        count=count,
        skip=(call.params["page"] - 1) * count,
    )
    return json_reply(200, [translate.assignment(assignment) for assignment in stored])


OPERATIONS = (
    Operation(
        name="createAssignment",
        method="POST",
        path="/rest/v1/assignments",
        handler=create_assignment,
        summary="Assign a content to an audience",
        scope=Scope.WRITE,
        body=wire.CreateAssignment,
        answers={201: wire.Assignment},
        errors=LISTED,
        source=f"{DOCS}/creates-an-assignment",
    ),
    Operation(
        name="listAssignments",
        method="GET",
        path="/rest/v1/assignments",
        handler=list_assignments,
        summary="Assignments, a page at a time",
        params=(
            Param("audienceId", summary="Id or reference"),
            Param("updatedSince", "moment", days=True),
            PAGE,
            Param("perPage", "integer", minimum=1, maximum=100),
            Param("limit", "integer", minimum=1, maximum=100, summary="perPage wins over it"),
        ),
        answers={200: list[wire.Assignment]},
    ),
    Operation(
        name="getAssignment",
        method="GET",
        path="/rest/v1/assignments/{assignmentId}",
        handler=get_assignment,
        summary="One assignment",
        answers={200: wire.Assignment},
    ),
)
