"""Assignments."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.errors import FieldFault, InvalidInput, ItemNotFound
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
    return json_reply(200, translate.assignment(await call.ledger.assignments.get(call.caller.tenant, _named(call))))


async def update_assignment(call: Call) -> Reply:
    try:
        stored = await call.ledger.assignments.edit(call.caller, _named(call), translate.edit(call.body))
    except ItemNotFound as error:
        # 404 is for what the path names.
        raise InvalidInput(FieldFault(error.field or "", "not_found", error.message)) from error
    return json_reply(200, translate.assignment(stored))


async def delete_assignment(call: Call) -> Reply:
    body: wire.DeleteAssignment | None = call.body
    of = None if body is None else audience(body.audience_id, "audienceId")
    await call.ledger.assignments.delete(call.caller, _named(call), of)
    return json_reply(200, wire.AssignmentDeleted(success=True))


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


def _named(call: Call) -> Reference:
    return Reference(call.path["assignmentId"], (), "assignment", "assignmentId")


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
    Operation(
        name="updateAssignment",
        method="PATCH",
        path="/rest/v1/assignments/{assignmentId}",
        handler=update_assignment,
        summary="Change an assignment from now on; what is absent stays",
        scope=Scope.WRITE,
        body=wire.UpdateAssignment,
        answers={200: wire.Assignment},
    ),
    Operation(
        name="deleteAssignment",
        method="DELETE",
        path="/rest/v1/assignments/{assignmentId}",
        handler=delete_assignment,
        summary="End an assignment; it stays readable as deleted",
        scope=Scope.WRITE,
        body=wire.DeleteAssignment,
        body_optional=True,
        answers={200: wire.AssignmentDeleted},
    ),
)
