"""Enrolments."""

from __future__ import annotations

from datetime import timedelta

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.moments import Precision, When
from testamur.core.people import Reference
from testamur.core.vocabularies import EnrolmentStatus
from testamur.dialects.thrive.operations.shared import PAGE
from testamur.dialects.thrive.translate import enrolments as translate
from testamur.dialects.thrive.wire import enrolments as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply
from testamur.ledger.enrolments import EnrolmentFilter


async def list_enrolments(call: Call) -> Reply:
    count = call.params["perPage"]
    found = await call.ledger.enrolments.list(
        call.caller.tenant,
        _assignment(call),
        wanted=_filter(call.params["status"], call.params["updatedAtFrom"], call.params["updatedAtTo"]),
        count=count,
        skip=(call.params["page"] - 1) * count,
    )
    return json_reply(200, [translate.enrolment(enrolment) for enrolment in found])


async def get_enrolment(call: Call) -> Reply:
    enrolment = Reference(call.path["enrolmentId"], (), "assignment", "enrolmentId")
    found = await call.ledger.enrolments.get(call.caller.tenant, _assignment(call), enrolment)
    return json_reply(200, translate.enrolment(found))


def _assignment(call: Call) -> Reference:
    return Reference(call.path["assignmentId"], (), "assignment", "assignmentId")


def _filter(status: str | None, updated_from: When | None, updated_to: When | None) -> EnrolmentFilter:
    if updated_to is not None and updated_from is None:
        raise InvalidInput(FieldFault("updatedAtTo", "missing", "needs updatedAtFrom beside it"))
    before = None
    if updated_to is not None:
        # The range's end is inclusive; a bare date means the whole day.
        behind = timedelta(days=1) if updated_to.precision is Precision.DAY else timedelta(milliseconds=1)
        before = updated_to.at + behind
    return EnrolmentFilter(
        status=EnrolmentStatus(status) if status else None,
        updated_from=updated_from.at if updated_from else None,
        updated_before=before,
    )


OPERATIONS = (
    Operation(
        name="listEnrolments",
        method="GET",
        path="/rest/v1/assignments/{assignmentId}/enrolments",
        handler=list_enrolments,
        summary="Everybody who came under an assignment, a page at a time",
        params=(
            Param("updatedAtFrom", "moment", days=True, summary="Date or date-time, inclusive"),
            Param("updatedAtTo", "moment", days=True, summary="Date or date-time, inclusive; needs updatedAtFrom"),
            Param("status", choices=tuple(status.value for status in EnrolmentStatus)),
            PAGE,
            Param("perPage", "integer", 100, minimum=1, maximum=100),
        ),
        answers={200: list[wire.Enrolment]},
    ),
    Operation(
        name="getEnrolment",
        method="GET",
        path="/rest/v1/assignments/{assignmentId}/enrolments/{enrolmentId}",
        handler=get_enrolment,
        summary="One enrolment",
        answers={200: wire.Enrolment},
    ),
)
