"""Reports."""

from __future__ import annotations

from testamur.core.ids import to_hex24
from testamur.dialects.rise import translate
from testamur.dialects.rise.operations.shared import DOCS, REPORT_PAGE, begin_after, paged
from testamur.dialects.rise.translate import SOURCE, Links
from testamur.dialects.rise.translate import reports as translation
from testamur.dialects.rise.wire import reports as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply


async def report_course(call: Call) -> Reply:
    """A deleted course still has its report."""
    tenant, links = call.caller.tenant, Links(call.base_url)
    item = await call.ledger.items.get(tenant, translate.course_reference(call.path["courseId"]))
    address = f"/reports/courses/{to_hex24(item.id)}"
    found = await call.ledger.learners.of_item(
        tenant, item.id, source=SOURCE, after=begin_after(call, address), count=call.params["limit"] + 1
    )
    found, next_url = paged(call, address, found, lambda learner: learner.person)
    learners = [translation.course_learner(learner, item, links) for learner in found]
    return json_reply(200, wire.CourseReport(links.course(item.id), item.retired_at is not None, learners, next_url))


async def report_learner(call: Call) -> Reply:
    """A deleted user still has a report."""
    tenant, links = call.caller.tenant, Links(call.base_url)
    person = await call.ledger.people.get(tenant, translate.user_reference(call.path["userId"]))
    address = f"/reports/learners/{to_hex24(person.id)}"
    found = await call.ledger.learners.items(
        tenant, person.id, source=SOURCE, after=begin_after(call, address), count=call.params["limit"] + 1
    )
    found, next_url = paged(call, address, found, lambda course: course.item)
    courses = [translation.learner_course(course, links) for course in found]
    return json_reply(200, wire.LearnerReport(links.user(person.id), person.deleted_at is not None, courses, next_url))


OPERATIONS = (
    Operation(
        name="getCourseReport",
        method="GET",
        path="/reports/courses/{courseId}",
        handler=report_course,
        summary="How far the learners of a course are",
        params=REPORT_PAGE,
        answers={200: wire.CourseReport},
        source=f"{DOCS}/4177175",
    ),
    Operation(
        name="getLearnerReport",
        method="GET",
        path="/reports/learners/{userId}",
        handler=report_learner,
        summary="How far a learner is with each course",
        params=REPORT_PAGE,
        answers={200: wire.LearnerReport},
        source=f"{DOCS}/4177175",
    ),
)
