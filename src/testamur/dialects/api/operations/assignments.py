"""Assignments."""

from __future__ import annotations

from testamur.core.assignments import Assignment
from testamur.core.callers import Scope
from testamur.core.ids import to_ulid
from testamur.core.people import Reference
from testamur.dialects.api.operations.shared import (
    LIST,
    UPDATED_AFTER,
    after_id,
    entity,
    listed,
    optional,
    updated_after,
)
from testamur.dialects.api.translate import assignment as by_name
from testamur.dialects.api.translate import assignments as translate
from testamur.dialects.api.translate import audience, by_id, item
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import assignments as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply

PATH = "/v1/assignments"
ONE = f"{PATH}/{{assignment}}"


def of(call: Call) -> Reference:
    """The assignment in the call's path. Raises AssignmentNotFound."""
    return by_name(call.path["assignment"], "assignment")


async def list_assignments(call: Call) -> Reply:
    assignments = await call.ledger.assignments.page(
        call.caller.tenant,
        audience=optional(audience, call, "audience"),
        item=optional(item, call, "item"),
        updated_after=updated_after(call),
        with_deleted=call.params["include_deleted"],
        after=after_id(call),
        count=call.params["limit"] + 1,
    )
    return listed(call, assignments, translate.assignment, lambda assignment: [assignment.id])


async def create_assignment(call: Call) -> Reply:
    return await _reply(201, call, await call.ledger.assignments.add(call.caller, translate.new_assignment(call.body)))


async def get_assignment(call: Call) -> Reply:
    return await _reply(200, call, await call.ledger.assignments.get(call.caller.tenant, of(call)))


async def change_assignment(call: Call) -> Reply:
    edit = translate.edit(call.body)
    return await _reply(200, call, await call.ledger.assignments.edit(call.caller, of(call), edit))


async def pause_assignment(call: Call) -> Reply:
    return await _reply(200, call, await call.ledger.assignments.pause(call.caller, of(call)))


async def resume_assignment(call: Call) -> Reply:
    return await _reply(200, call, await call.ledger.assignments.resume(call.caller, of(call)))


async def delete_assignment(call: Call) -> Reply:
    await call.ledger.assignments.delete(call.caller, of(call), None)
    return empty_reply(204)


async def _reply(status: int, call: Call, assignment: Assignment) -> Reply:
    versions = await call.ledger.assignments.versions(call.caller.tenant, by_id(assignment.id, "assignment"))
    location = f"{call.base_url}{PATH}/{to_ulid(assignment.id, 'assignment')}" if status == 201 else None
    return entity(status, translate.with_versions(assignment, versions), assignment.updated_at, location)


OPERATIONS = (
    Operation(
        name="listAssignments",
        method="GET",
        path=PATH,
        handler=list_assignments,
        summary="Assignments in order of id",
        params=(
            Param("audience", summary="Only those for it"),
            Param("item", summary="Only those that completing it satisfies"),
            UPDATED_AFTER,
            Param("include_deleted", "boolean", default=False),
            *LIST,
        ),
        answers={200: List[wire.Assignment]},
    ),
    Operation(
        name="createAssignment",
        method="POST",
        path=PATH,
        handler=create_assignment,
        summary="Ask everyone in an audience to complete an item, from now on",
        scope=Scope.WRITE,
        body=wire.CreateAssignment,
        answers={201: wire.AssignmentWithVersions},
        idempotent_by_key=True,
    ),
    Operation(
        name="getAssignment",
        method="GET",
        path=ONE,
        handler=get_assignment,
        summary="One assignment with all that it ever said; deleted ones too",
        answers={200: wire.AssignmentWithVersions},
    ),
    Operation(
        name="changeAssignment",
        method="PATCH",
        path=ONE,
        handler=change_assignment,
        summary="Give an assignment a new version: what is absent stays, null clears",
        scope=Scope.WRITE,
        body=wire.ChangeAssignment,
        answers={200: wire.AssignmentWithVersions},
        conditional_on="getAssignment",
    ),
    Operation(
        name="pauseAssignment",
        method="POST",
        path=f"{ONE}/pause",
        handler=pause_assignment,
        summary="Let an assignment rest: open obligations are withdrawn until it is resumed",
        scope=Scope.WRITE,
        answers={200: wire.AssignmentWithVersions},
        idempotent_by_key=True,
        conditional_on="getAssignment",
    ),
    Operation(
        name="resumeAssignment",
        method="POST",
        path=f"{ONE}/resume",
        handler=resume_assignment,
        summary="End a pause",
        scope=Scope.WRITE,
        answers={200: wire.AssignmentWithVersions},
        idempotent_by_key=True,
        conditional_on="getAssignment",
    ),
    Operation(
        name="deleteAssignment",
        method="DELETE",
        path=ONE,
        handler=delete_assignment,
        summary="Ask no more, from now on; the assignment stays readable",
        scope=Scope.WRITE,
        answers={204: None},
        conditional_on="getAssignment",
    ),
)
