"""Reports."""

from __future__ import annotations

from email.utils import format_datetime
from typing import Any

from msgspec import Struct

from testamur.core.ids import to_hex24
from testamur.dialects.rise import translate
from testamur.dialects.rise.operations.courses import any_course
from testamur.dialects.rise.operations.learning_paths import any_learning_path
from testamur.dialects.rise.operations.shared import (
    DOCS,
    REPORT_PAGE,
    begin_after,
    begin_in_order,
    paged,
    paged_in_order,
)
from testamur.dialects.rise.translate import EVERYONE, SOURCE, Links
from testamur.dialects.rise.translate import reports as translation
from testamur.dialects.rise.wire import reports as wire
from testamur.http.operations import Call, Handler, Operation, Reply
from testamur.http.replies import json_reply
from testamur.ledger.learners import MeasuredItem


async def report_activity(call: Call) -> Reply:
    address = "/reports/activity"
    found = await call.ledger.sessions.page(
        call.caller.tenant, after=begin_after(call, address), count=call.params["limit"] + 1
    )
    page, next_url = paged(call, address, found, lambda session: session.id)
    links = Links(call.base_url)
    return _computed(call, wire.ActivityReport([translation.session(one, links) for one in page], next_url))


async def report_course(call: Call) -> Reply:
    """A deleted course still has its report."""
    tenant, links = call.caller.tenant, Links(call.base_url)
    item = await any_course(call, translate.course_reference(call.path["courseId"]))
    address = f"/reports/courses/{to_hex24(item.id)}"
    found = await call.ledger.learners.of_item(
        tenant, item.id, source=SOURCE, after=begin_after(call, address), count=call.params["limit"] + 1
    )
    found, next_url = paged(call, address, found, lambda learner: learner.person)
    learners = [translation.course_learner(learner, item, links) for learner in found]
    return _computed(call, wire.CourseReport(links.course(item.id), item.retired_at is not None, learners, next_url))


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
    is_deleted = person.deleted_at is not None
    return _computed(call, wire.LearnerReport(links.user(person.id), is_deleted, courses, next_url))


async def report_learning_path_courses(call: Call) -> Reply:
    path, links = await any_learning_path(call), Links(call.base_url)
    address = f"/reports/learning-paths/{to_hex24(path.id)}/courses"
    found = await call.ledger.learners.measured_parts(
        call.caller.tenant,
        path.id,
        source=SOURCE,
        after=begin_in_order(call, address),
        count=call.params["limit"] + 1,
    )
    page, next_url = paged_in_order(call, address, found, lambda course: (course.place, course.item.id))
    body = wire.LearningPathCoursesReport(
        learning_path_url=links.learning_path(path.id),
        learning_path_deleted=path.retired_at is not None,
        learners_report_url=f"{links.learning_path_report(path.id)}/learners",
        courses=[translation.measured_course(course, links) for course in page],
        next_url=next_url,
    )
    return _computed(call, body)


async def report_learning_path_learners(call: Call) -> Reply:
    path, links = await any_learning_path(call), Links(call.base_url)
    address = f"/reports/learning-paths/{to_hex24(path.id)}/learners"
    found = await call.ledger.learners.of_collection(
        call.caller.tenant,
        path.id,
        source=SOURCE,
        after=begin_after(call, address),
        count=call.params["limit"] + 1,
    )
    page, next_url = paged(call, address, found, lambda learner: learner.person)
    body = wire.LearningPathLearnersReport(
        learning_path_url=links.learning_path(path.id),
        learning_path_deleted=path.retired_at is not None,
        courses_report_url=f"{links.learning_path_report(path.id)}/courses",
        learners=[translation.learning_path_learner(learner, links) for learner in page],
        next_url=next_url,
    )
    return _computed(call, body)


async def report_group_courses(call: Call) -> Reply:
    """A deleted group still has its report. That of everybody has nothing in it before something was set to it."""
    tenant, links = call.caller.tenant, Links(call.base_url)
    group = await call.ledger.learners.audience(tenant, translate.group_reference(call.path["groupId"]))
    id = EVERYONE if group is None or group.is_everyone else to_hex24(group.id)
    address = f"/reports/groups/{id}/courses"
    after = begin_after(call, address)
    found: list[MeasuredItem] = []
    if group is not None:
        found = await call.ledger.learners.measured_items(
            tenant, group.id, source=SOURCE, after=after, count=call.params["limit"] + 1
        )
    page, next_url = paged(call, address, found, lambda course: course.item.id)
    courses = [translation.measured_course(course, links) for course in page]
    is_deleted = group is not None and group.is_deleted
    return _computed(call, wire.GroupCoursesReport(links.group(id), is_deleted, courses, next_url))


def _computed(call: Call, report: Any) -> Reply:
    """A report says how new it is: as new as the request, because it is worked out for it."""
    return json_reply(200, report, (b"last-modified", format_datetime(call.now, usegmt=True).encode()))


def _operation(name: str, path: str, handler: Handler, summary: str, answer: type[Struct]) -> Operation:
    return Operation(
        name=name,
        method="GET",
        path=path,
        handler=handler,
        summary=summary,
        params=REPORT_PAGE,
        answers={200: answer},
        source=f"{DOCS}/4177175",
    )


OPERATIONS = (
    _operation(
        "getActivityReport", "/reports/activity", report_activity, "Every session of every user", wire.ActivityReport
    ),
    _operation(
        "getCourseReport",
        "/reports/courses/{courseId}",
        report_course,
        "How far the learners of a course are",
        wire.CourseReport,
    ),
    _operation(
        "getLearnerReport",
        "/reports/learners/{userId}",
        report_learner,
        "How far a learner is with each course",
        wire.LearnerReport,
    ),
    _operation(
        "getLearningPathCoursesReport",
        "/reports/learning-paths/{learningPathId}/courses",
        report_learning_path_courses,
        "How long the courses of a learning path take",
        wire.LearningPathCoursesReport,
    ),
    _operation(
        "getLearningPathLearnersReport",
        "/reports/learning-paths/{learningPathId}/learners",
        report_learning_path_learners,
        "How far the learners of a learning path are",
        wire.LearningPathLearnersReport,
    ),
    _operation(
        "getGroupCoursesReport",
        "/reports/groups/{groupId}/courses",
        report_group_courses,
        "How long the courses of a group take",
        wire.GroupCoursesReport,
    ),
)
