"""Assignments: what users have to complete, read; and given to one user."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

from testamur.core.assigned import Assigned, Place
from testamur.core.callers import Scope
from testamur.core.errors import AssignmentNotFound, FieldFault, InvalidInput, PersonNotFound
from testamur.core.ids import Id
from testamur.core.vocabularies import unified_status
from testamur.dialects.stackone.operations.shared import (
    DOCS,
    GET,
    LIST,
    created,
    cursor,
    filter_of,
    filters,
    place_after,
    raw_lookup,
    skipped,
    updated_after,
)
from testamur.dialects.stackone.translate import assignments as translate
from testamur.dialects.stackone.translate import fields_of, selected, user
from testamur.dialects.stackone.wire import CreateResult
from testamur.dialects.stackone.wire import assignments as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply
from testamur.ledger.assigned import AssignedPage

_LIST = (
    *LIST,
    *filters("status"),
    Param("user_id", summary="Only what this user has to complete"),
    Param("remote_user_id", summary="The same by the other id"),
)


async def list_assignments(call: Call) -> Reply:
    return await _page(call, None)


async def list_user_assignments(call: Call) -> Reply:
    # The user in the path must exist; the one of a filter need not.
    return await _page(call, await _person(call, call.path["id"], "id"))


async def get_assignment(call: Call) -> Reply:
    return await _one(call, call.path["id"], None)


async def get_user_assignment(call: Call) -> Reply:
    person = await _person(call, call.path["id"], "id")
    return await _one(call, call.path["subResourceId"], person)


async def create_user_assignment(call: Call) -> Reply:
    new = translate.new_assignment(call.path["id"], call.body)
    place = await call.ledger.personal_assignments.assign(call.caller, new)
    return created(call, place.assignment, place.person)


async def _one(call: Call, text: str, person: Id | None) -> Reply:
    place = translate.place_of(text)
    if place is None or person not in (None, place.person):
        raise AssignmentNotFound
    found = await call.ledger.assigned.get(call.caller.tenant, place)
    return json_reply(200, wire.AssignmentResult(_selected(call, found), raw_lookup(call)))


async def _page(call: Call, person: Id | None) -> Reply:
    wanted, count = _wanted(call), call.params["page_size"]
    try:
        for field in ("user_id", "remote_user_id"):
            if call.params[field]:
                named = await _person(call, call.params[field], field)
                if person not in (None, named):
                    return _paginated(call, AssignedPage([], None))
                person = named
    except PersonNotFound:
        return _paginated(call, AssignedPage([], None))

    async def find(after: Place | None, count: int) -> AssignedPage:
        return await call.ledger.assigned.page(
            call.caller.tenant,
            after=after,
            count=count,
            person=person,
            wanted=wanted,
        )

    ids = place_after(call, UUID, UUID)
    after = Place(ids[0], ids[1]) if ids else None
    missing = skipped(call)
    while missing > 0:
        passed_over = await find(after, missing)
        missing -= len(passed_over.rows)
        if passed_over.next is None:
            return _paginated(call, AssignedPage([], None))
        after = passed_over.next
    return _paginated(call, await find(after, count))


def _wanted(call: Call) -> Callable[[Assigned], bool] | None:
    since, status = updated_after(call), filter_of(call, "status")
    if status is not None:
        status = status.replace("-", "_").lower()
        if status not in translate.STATUSES:
            message = f"must be one of {', '.join(translate.STATUSES)}"
            raise InvalidInput(FieldFault("filter[status]", "format", message))
    if since is None and status is None:
        return None
    return lambda one: (
        (status is None or unified_status(one.step).value == status) and (since is None or one.updated_at > since)
    )


async def _person(call: Call, text: str, field: str) -> Id:
    person = await call.ledger.people.get(call.caller.tenant, user(text, field))
    if person.deleted_at is not None:
        raise PersonNotFound(f"No person {text!r} in this tenant", field=field)
    return person.id


def _paginated(call: Call, page: AssignedPage) -> Reply:
    next = cursor(call, [page.next.assignment, page.next.person]) if page.next else None
    return json_reply(
        200, wire.AssignmentsPaginated(next, [_selected(call, one) for one in page.rows], raw_lookup(call))
    )


def _selected(call: Call, assigned: Assigned) -> Any:
    return selected(translate.assignment(assigned), fields_of(call.params["fields"], translate.FIELDS))


OPERATIONS = (
    Operation(
        name="lms_list_assignments",
        method="GET",
        path="/unified/lms/assignments",
        handler=list_assignments,
        summary="What users have to complete",
        params=_LIST,
        answers={200: wire.AssignmentsPaginated},
        source=f"{DOCS}/assignments/list-assignments",
    ),
    Operation(
        name="lms_get_assignment",
        method="GET",
        path="/unified/lms/assignments/{id}",
        handler=get_assignment,
        summary="One assignment of one user",
        params=GET,
        answers={200: wire.AssignmentResult},
        source=f"{DOCS}/assignments/get-assignment",
    ),
    Operation(
        name="lms_list_user_assignments",
        method="GET",
        path="/unified/lms/users/{id}/assignments",
        handler=list_user_assignments,
        summary="What one user has to complete",
        params=_LIST,
        answers={200: wire.AssignmentsPaginated},
    ),
    Operation(
        name="lms_create_user_assignment",
        method="POST",
        path="/unified/lms/users/{id}/assignments",
        handler=create_user_assignment,
        summary="Assign a learning object to one user",
        scope=Scope.WRITE,
        body=wire.CreateAssignment,
        answers={201: CreateResult},
    ),
    Operation(
        name="lms_get_user_assignment",
        method="GET",
        path="/unified/lms/users/{id}/assignments/{subResourceId}",
        handler=get_user_assignment,
        summary="One assignment of one user",
        params=GET,
        answers={200: wire.AssignmentResult},
    ),
)
