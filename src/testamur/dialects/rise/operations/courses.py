"""Courses."""

from __future__ import annotations

from testamur.core.errors import ItemNotFound
from testamur.dialects.rise import translate
from testamur.dialects.rise.translate import Links
from testamur.dialects.rise.translate import courses as translation
from testamur.dialects.rise.wire import courses as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply


async def get_course(call: Call) -> Reply:
    reference = translate.course_reference(call.path["courseId"])
    item = await call.ledger.items.get(call.caller.tenant, reference)
    if item.retired_at is not None:
        raise ItemNotFound(f"The course {reference.value!r} was deleted", field=reference.field)
    return json_reply(200, translation.course(item, Links(call.base_url)))


OPERATIONS = (
    Operation(
        name="getCourse",
        method="GET",
        path="/courses/{courseId}",
        handler=get_course,
        summary="One course",
        answers={200: wire.Course},
    ),
)
