"""Enrolling users and groups in courses and learning paths."""

from __future__ import annotations

from collections.abc import Iterator

from testamur.core.callers import Scope
from testamur.core.errors import InvalidInput
from testamur.dialects.rise import translate
from testamur.dialects.rise.operations.shared import DOCS, NAME
from testamur.dialects.rise.translate import enrolments as translation
from testamur.dialects.rise.wire import enrolments as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import empty_reply
from testamur.ledger.enrolling import Due, Offer


async def enrol_user(call: Call) -> Reply:
    offer, user = _offer(call), translate.user_reference(call.path["userId"])
    due = await _due(call, offer)
    await call.ledger.enrolling.enrol_person(call.caller, offer, user, source=NAME, due=due, field=translation.DUE)
    return empty_reply(204)


async def enrol_group(call: Call) -> Reply:
    offer, group = _offer(call), translate.group_reference(call.path["groupId"])
    due = await _due(call, offer)
    await call.ledger.enrolling.enrol_audience(call.caller, offer, group, due=due, field=translation.DUE)
    return empty_reply(204)


async def unenrol_user(call: Call) -> Reply:
    user = translate.user_reference(call.path["userId"])
    await call.ledger.enrolling.unenrol_person(call.caller, _offer(call), user)
    return empty_reply(204)


async def unenrol_group(call: Call) -> Reply:
    group = translate.group_reference(call.path["groupId"])
    await call.ledger.enrolling.unenrol_audience(call.caller, _offer(call), group)
    return empty_reply(204)


def _offer(call: Call) -> Offer:
    path = call.path.get("learningPathId")
    if path is None:
        return Offer(translate.course_reference(call.path["courseId"]))
    return Offer(translate.learning_path_reference(path), is_collection=True)


async def _due(call: Call, offer: Offer) -> Due:
    """The body's due date. What the path names comes first: a wrong date of nobody is nobody's."""
    try:
        return translation.due(call.body)
    except InvalidInput:
        user, group = call.path.get("userId"), call.path.get("groupId")
        await call.ledger.enrolling.check(
            call.caller.tenant,
            offer,
            person=None if user is None else translate.user_reference(user),
            audience=None if group is None else translate.group_reference(group),
        )
        raise


def _operations() -> Iterator[Operation]:
    for noun, offer, what in (("Course", "/courses/{courseId}", "a course"),
                              ("LearningPath", "/learning-paths/{learningPathId}", "a learning path")):  # fmt: skip
        for who, path, enrol, unenrol in (("User", "/users/{userId}", enrol_user, unenrol_user),
                                          ("Group", "/groups/{groupId}", enrol_group, unenrol_group)):  # fmt: skip
            yield Operation(
                name=f"enrol{who}In{noun}",
                method="PUT",
                path=offer + path,
                handler=enrol,
                summary=f"Enrol a {who.lower()} in {what}, with a due date if there is one; again changes nothing",
                scope=Scope.WRITE,
                body=wire.Enrol,
                body_optional=True,
                body_of_any_type=True,
                answers={204: None},
                source=f"{DOCS}/4177158" if who == "Group" else f"{DOCS}/4177145",
            )
            yield Operation(
                name=f"unenrol{who}From{noun}",
                method="DELETE",
                path=offer + path,
                handler=unenrol,
                summary=f"Take a {who.lower()} out of {what}; who was not enrolled stays so",
                scope=Scope.WRITE,
                answers={204: None},
                source=f"{DOCS}/4177158" if who == "Group" else f"{DOCS}/4177145",
            )


OPERATIONS = tuple(_operations())
