"""Imported completions."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.errors import InvalidInput, ItemNotFound, ItemNotPublished
from testamur.core.people import Reference
from testamur.core.records import Report, check_times
from testamur.dialects.rise import translate
from testamur.dialects.rise.operations.courses import any_course
from testamur.dialects.rise.operations.shared import DOCS, NAME
from testamur.dialects.rise.operations.users import present_user
from testamur.dialects.rise.translate import completions as translation
from testamur.dialects.rise.wire import completions as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply


async def import_completion(call: Call) -> Reply:
    course = translate.course_reference(call.path["courseId"])
    user = translate.user_reference(call.path["userId"])
    try:
        new = translation.new_record(course, user, call.body)
        check_times(new, call.now, completed_field="completedAt", started_field="startedAt")
    except InvalidInput:
        await _check_path(call, course)
        raise
    report = Report(NAME, call.caller.client, call.method, call.route, call.raw)
    await call.ledger.records.record(call.caller.tenant, new, report)
    return json_reply(202, wire.Accepted())


async def _check_path(call: Call, course: Reference) -> None:
    """What the ledger would refuse before it came to the dates: the vendor lists these errors in this order."""
    item = await any_course(call, course)
    if item.retired_at is not None:
        raise ItemNotFound(f"The course {course.value!r} was deleted", field=course.field)
    if item.version is None:
        raise ItemNotPublished
    await present_user(call)


OPERATIONS = (
    Operation(
        name="importCompletion",
        method="POST",
        path="/courses/{courseId}/users/{userId}/completions",
        handler=import_completion,
        summary="Import one completion; the same course and user again replaces the dates",
        scope=Scope.WRITE,
        body=wire.ImportCompletionBody,
        answers={202: wire.Accepted},
        source=f"{DOCS}/4637216",
    ),
)
