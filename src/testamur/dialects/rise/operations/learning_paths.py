"""Learning paths and the courses in them."""

from __future__ import annotations

from testamur.core.errors import CollectionNotFound, ItemNotFound
from testamur.core.ids import to_hex24
from testamur.core.items import Item, ItemKind
from testamur.dialects.rise import translate
from testamur.dialects.rise.operations.shared import PAGE, begin_after, begin_in_order, paged, paged_in_order
from testamur.dialects.rise.translate import Links, courses
from testamur.dialects.rise.translate import learning_paths as translation
from testamur.dialects.rise.wire import courses as courses_wire
from testamur.dialects.rise.wire import learning_paths as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply


async def list_learning_paths(call: Call) -> Reply:
    found = await call.ledger.items.page(
        call.caller.tenant,
        kind=ItemKind.COLLECTION,
        retired=False,
        after=begin_after(call, "/learning-paths"),
        count=call.params["limit"] + 1,
    )
    page, next_url = paged(call, "/learning-paths", found, lambda item: item.id)
    links = Links(call.base_url)
    return json_reply(200, wire.LearningPaths([translation.learning_path(item, links) for item in page], next_url))


async def get_learning_path(call: Call) -> Reply:
    return json_reply(200, translation.learning_path(await _present(call), Links(call.base_url)))


async def list_courses(call: Call) -> Reply:
    path = await _present(call)
    address = f"/learning-paths/{to_hex24(path.id)}/courses"
    found = await call.ledger.learners.parts(
        call.caller.tenant, path.id, after=begin_in_order(call, address), count=call.params["limit"] + 1
    )
    page, next_url = paged_in_order(call, address, found, lambda part: (part[0], part[1].id))
    links = Links(call.base_url)
    return json_reply(200, courses_wire.Courses([courses.course(item, links) for _, item in page], next_url))


async def any_learning_path(call: Call) -> Item:
    """The learning path in the call's path, a deleted one too. Raises CollectionNotFound."""
    reference = translate.learning_path_reference(call.path["learningPathId"])
    missing = CollectionNotFound(f"No learning path {reference.value!r} in this tenant", field=reference.field)
    try:
        item = await call.ledger.items.get(call.caller.tenant, reference)
    except ItemNotFound:
        raise missing from None
    if item.kind is not ItemKind.COLLECTION:
        raise missing
    return item


async def _present(call: Call) -> Item:
    item = await any_learning_path(call)
    if item.retired_at is not None:
        raise CollectionNotFound("This learning path was deleted", field="learningPathId")
    return item


OPERATIONS = (
    Operation(
        name="listLearningPaths",
        method="GET",
        path="/learning-paths",
        handler=list_learning_paths,
        summary="Learning paths, a page at a time",
        params=PAGE,
        answers={200: wire.LearningPaths},
    ),
    Operation(
        name="getLearningPath",
        method="GET",
        path="/learning-paths/{learningPathId}",
        handler=get_learning_path,
        summary="One learning path",
        answers={200: wire.LearningPath},
    ),
    Operation(
        name="listLearningPathCourses",
        method="GET",
        path="/learning-paths/{learningPathId}/courses",
        handler=list_courses,
        summary="The courses of a learning path, in its order",
        params=PAGE,
        answers={200: courses_wire.Courses},
    ),
)
