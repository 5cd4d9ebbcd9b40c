"""Courses."""

from __future__ import annotations

from testamur.core.errors import ItemNotFound
from testamur.core.items import Item, ItemKind
from testamur.core.people import Reference
from testamur.dialects.rise import translate
from testamur.dialects.rise.operations.shared import PAGE, begin_after, paged
from testamur.dialects.rise.translate import Links, filtered
from testamur.dialects.rise.translate import courses as translation
from testamur.dialects.rise.wire import courses as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply

CONTENT_TYPE = Param(
    "contentType",
    choices=("rise", "storyline", "microlearning", "imported", "all"),
    summary="Only courses of this type",
)


async def list_courses(call: Call) -> Reply:
    content_type: str | None = call.params["contentType"]
    address = filtered("/courses", contentType=content_type)
    found = await call.ledger.items.page_of_single(
        call.caller.tenant,
        after=begin_after(call, address),
        count=call.params["limit"] + 1,
        **translation.wanted(content_type),
    )
    page, next_url = paged(call, address, found, lambda item: item.id)
    links = Links(call.base_url)
    return json_reply(200, wire.Courses([translation.course(item, links) for item in page], next_url))


async def get_course(call: Call) -> Reply:
    reference = translate.course_reference(call.path["courseId"])
    item = await any_course(call, reference)
    if item.retired_at is not None:
        raise ItemNotFound(f"The course {reference.value!r} was deleted", field=reference.field)
    return json_reply(200, translation.course(item, Links(call.base_url)))


async def any_course(call: Call, reference: Reference) -> Item:
    """The course that a reference names, a deleted one too. Raises ItemNotFound, also for a learning path."""
    item = await call.ledger.items.get(call.caller.tenant, reference)
    if item.kind is ItemKind.COLLECTION:
        raise ItemNotFound(f"{reference.value!r} is a learning path", field=reference.field)
    return item


OPERATIONS = (
    Operation(
        name="listCourses",
        method="GET",
        path="/courses",
        handler=list_courses,
        summary="Courses, a page at a time",
        params=(CONTENT_TYPE, *PAGE),
        answers={200: wire.Courses},
    ),
    Operation(
        name="getCourse",
        method="GET",
        path="/courses/{courseId}",
        handler=get_course,
        summary="One course",
        answers={200: wire.Course},
    ),
)
