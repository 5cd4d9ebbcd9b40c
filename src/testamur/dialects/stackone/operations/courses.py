"""Courses: read, replaced, in batches."""

from __future__ import annotations

from msgspec import UNSET

from testamur.core.callers import Scope
from testamur.core.items import ItemKind
from testamur.dialects.stackone.operations.batches import BODY_MAX_BYTES, put_batch
from testamur.dialects.stackone.operations.content import list_kind, put
from testamur.dialects.stackone.operations.shared import DOCS, GET, LIST, filters, raw_lookup, upserted
from testamur.dialects.stackone.translate import courses as translate
from testamur.dialects.stackone.translate import fields_of, selected
from testamur.dialects.stackone.translate.content import learning_object
from testamur.dialects.stackone.wire import BatchResult, UpsertResult
from testamur.dialects.stackone.wire import courses as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply


async def list_courses(call: Call) -> Reply:
    return await list_kind(call, ItemKind.COURSE, translate.course, translate.FIELDS, wire.CoursePaginated)


async def get_course(call: Call) -> Reply:
    found = await call.ledger.items.show(call.caller.tenant, learning_object(call.path["id"]), ItemKind.COURSE)
    data = selected(translate.course(found), fields_of(call.params["fields"], translate.FIELDS))
    return json_reply(200, wire.CourseResult(data, raw_lookup(call)))


async def upsert_course(call: Call) -> Reply:
    id = await put(call, translate.upsert(call.body))
    reference = call.body.external_reference
    return upserted(call, id, None if reference is UNSET else reference)


async def batch_upsert_courses(call: Call) -> Reply:
    return await put_batch(call, "course", wire.WriteCourse, call.body.items, translate.upsert)


OPERATIONS = (
    Operation(
        name="lms_list_courses",
        method="GET",
        path="/unified/lms/courses",
        handler=list_courses,
        summary="Courses in the order in which they were made; with updated_after, in that of their last change",
        params=(*LIST, *filters("external_reference", "active")),
        answers={200: wire.CoursePaginated},
        source=f"{DOCS}/courses/list-courses",
    ),
    Operation(
        name="lms_upsert_course",
        method="PUT",
        path="/unified/lms/courses",
        handler=upsert_course,
        summary="Add a course with its content, or replace the one with this external reference",
        scope=Scope.WRITE,
        body=wire.WriteCourse,
        answers={201: UpsertResult},
    ),
    Operation(
        name="lms_batch_upsert_course",
        method="POST",
        path="/unified/lms/courses/batch",
        handler=batch_upsert_courses,
        summary="The same for many, each for itself",
        scope=Scope.WRITE,
        body=wire.BatchCourses,
        body_max_bytes=BODY_MAX_BYTES,
        answers={202: BatchResult},
    ),
    Operation(
        name="lms_get_course",
        method="GET",
        path="/unified/lms/courses/{id}",
        handler=get_course,
        summary="One course",
        params=GET,
        answers={200: wire.CourseResult},
    ),
)
