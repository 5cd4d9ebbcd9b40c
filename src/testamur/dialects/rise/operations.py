"""The operations of the Rise API."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TypeVar
from uuid import UUID

from testamur.core.callers import Scope
from testamur.core.errors import InvalidInput, ItemNotFound, ItemNotPublished, PersonNotFound, Unauthenticated
from testamur.core.ids import Id, to_hex24
from testamur.core.people import Person, Reference, normalise
from testamur.core.records import Report, check_times
from testamur.dialects.rise import translate, wire
from testamur.dialects.rise.errors import answer_error
from testamur.dialects.rise.translate import SOURCE, Links
from testamur.http.credentials import Bearer, authorization
from testamur.http.cursors import decode_cursor, encode_cursor
from testamur.http.errors import UnsupportedVersion
from testamur.http.operations import Call, Dialect, Operation, Param, Reply
from testamur.http.replies import json_reply
from testamur.ledger.clients import Credential

NAME = "rise"

VERSIONS = frozenset({"2020-07-16", "2023-04-04", "2023-05-04"})
"""Every dated version either brand has announced. They differ in nothing that is served here."""

INITIAL_VERSIONS = {"rise-api-version": "2020-07-16", "api-version": "2023-04-04"}
"""Each brand's header, and the version it assumes when the header is absent."""

T = TypeVar("T")


async def import_completion(call: Call) -> Reply:
    course = translate.course_reference(call.path["courseId"])
    user = translate.user_reference(call.path["userId"])
    try:
        new = translate.new_record(course, user, call.body)
        check_times(new, call.now, completed_field="completedAt", started_field="startedAt")
    except InvalidInput:
        await _check_path(call, course, user)
        raise
    report = Report(NAME, call.caller.client, call.method, call.route, call.raw)
    await call.ledger.records.record(call.caller.tenant, new, report)
    return json_reply(202, wire.Accepted())


async def get_course(call: Call) -> Reply:
    reference = translate.course_reference(call.path["courseId"])
    item = await call.ledger.items.get(call.caller.tenant, reference)
    if item.retired_at is not None:
        raise ItemNotFound(f"The course {reference.value!r} was deleted", field=reference.field)
    return json_reply(200, translate.course(item, Links(call.base_url)))


async def get_user(call: Call) -> Reply:
    reference = translate.user_reference(call.path["userId"])
    person = await call.ledger.people.get(call.caller.tenant, reference)
    if person.deleted_at is not None:
        raise PersonNotFound(f"The user {reference.value!r} was deleted", field=reference.field)
    return json_reply(200, translate.user(person, Links(call.base_url)))


async def list_users(call: Call) -> Reply:
    email: str | None = call.params["email"]
    address = "/users" if email is None else f"/users?email={email}"
    after = _after(call, address)
    next_url = None
    if email is not None:
        found = await _people_of_email(call, email)
    else:
        found = await call.ledger.people.list(call.caller.tenant, after=after, count=call.params["limit"] + 1)
        found, next_url = _page(call, address, found, lambda person: person.id)
    links = Links(call.base_url)
    users = [translate.user(person, links) for person in found if person.deleted_at is None]
    return json_reply(200, wire.Users(users, next_url))


async def report_course(call: Call) -> Reply:
    """A deleted course still has its report."""
    tenant, links = call.caller.tenant, Links(call.base_url)
    item = await call.ledger.items.get(tenant, translate.course_reference(call.path["courseId"]))
    address = f"/reports/courses/{to_hex24(item.id)}"
    found = await call.ledger.learners.of_item(
        tenant, item.id, source=SOURCE, after=_after(call, address), count=call.params["limit"] + 1
    )
    found, next_url = _page(call, address, found, lambda learner: learner.person)
    learners = [translate.course_learner(learner, item, links) for learner in found]
    return json_reply(200, wire.CourseReport(links.course(item.id), item.retired_at is not None, learners, next_url))


async def report_learner(call: Call) -> Reply:
    """A deleted user still has a report."""
    tenant, links = call.caller.tenant, Links(call.base_url)
    person = await call.ledger.people.get(tenant, translate.user_reference(call.path["userId"]))
    address = f"/reports/learners/{to_hex24(person.id)}"
    found = await call.ledger.learners.items(
        tenant, person.id, source=SOURCE, after=_after(call, address), count=call.params["limit"] + 1
    )
    found, next_url = _page(call, address, found, lambda course: course.item)
    courses = [translate.learner_course(course, links) for course in found]
    return json_reply(200, wire.LearnerReport(links.user(person.id), person.deleted_at is not None, courses, next_url))


async def identify(call: Call) -> Credential:
    """A key as Bearer, then a version that is known. Raises Unauthenticated, UnsupportedVersion."""
    given = authorization(call)
    if not isinstance(given, Bearer):
        raise Unauthenticated("The Authorization header must be Bearer with an API key")
    credential = await call.ledger.clients.by_secret(given.token)
    for name in INITIAL_VERSIONS:
        version = call.header(name)
        if version is not None and version not in VERSIONS:
            raise UnsupportedVersion(f"Known versions: {', '.join(sorted(VERSIONS))}")
    return credential


def name_version(call: Call | None, headers: Mapping[bytes, bytes], reply: Reply) -> None:
    """Success names the version that was used, in the header the client sent.

    Without either header both brands' are sent: one call does not tell whose client it is.
    """
    if call is None or call.credential is None or reply.status >= 400:
        return
    sent = {name: version for name in INITIAL_VERSIONS if (version := call.header(name)) is not None}
    for name, version in (sent or INITIAL_VERSIONS).items():
        reply.headers.append((name.encode(), version.encode()))


async def _check_path(call: Call, course: Reference, user: Reference) -> None:
    """What the ledger would refuse before it came to the dates: the vendor lists these errors in this order."""
    item = await call.ledger.items.get(call.caller.tenant, course)
    if item.version is None:
        raise ItemNotPublished
    await call.ledger.people.get(call.caller.tenant, user)


async def _people_of_email(call: Call, email: str) -> list[Person]:
    try:
        person = await call.ledger.people.get(call.caller.tenant, translate.email_reference(email))
    except PersonNotFound:
        return []
    # A reference also finds by id, which is no address.
    return [person] if normalise("email", email) in person.identifiers.get("email", ()) else []


def _after(call: Call, address: str) -> Id | None:
    """Where the page begins: behind this id. Raises InvalidCursor for the cursor of another list."""
    cursor: str | None = call.params["cursor"]
    if cursor is None:
        return None
    (after,) = decode_cursor(cursor, address, UUID)
    return Id(after)


def _page(call: Call, address: str, found: list[T], id_of: Callable[[T], Id]) -> tuple[list[T], str | None]:
    """The page and the address of the next. `found` reaches one behind the page when there is more."""
    limit: int = call.params["limit"]
    if len(found) <= limit:
        return found, None
    page = found[:limit]
    return page, Links(call.base_url).page(address, limit, encode_cursor([id_of(page[-1])], address))


_CURSOR = Param("cursor", summary="Part of nextUrl, never built by hand")
_PAGE = (Param("limit", "integer", 50, minimum=1, maximum=100), _CURSOR)
_REPORT_PAGE = (Param("limit", "integer", 50, minimum=1, maximum=2000), _CURSOR)

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
        source="https://help.rise.com/en/articles/4637216",
    ),
    Operation(
        name="getCourse",
        method="GET",
        path="/courses/{courseId}",
        handler=get_course,
        summary="One course",
        answers={200: wire.Course},
    ),
    Operation(
        name="listUsers",
        method="GET",
        path="/users",
        handler=list_users,
        summary="Users, a page at a time",
        params=(Param("email", summary="Exact address, in any letter case"), *_PAGE),
        answers={200: wire.Users},
        source="https://help.rise.com/en/articles/4177145",
    ),
    Operation(
        name="getUser",
        method="GET",
        path="/users/{userId}",
        handler=get_user,
        summary="One user",
        answers={200: wire.User},
        source="https://help.rise.com/en/articles/4177145",
    ),
    Operation(
        name="getCourseReport",
        method="GET",
        path="/reports/courses/{courseId}",
        handler=report_course,
        summary="How far the learners of a course are",
        params=_REPORT_PAGE,
        answers={200: wire.CourseReport},
        source="https://help.rise.com/en/articles/4177175",
    ),
    Operation(
        name="getLearnerReport",
        method="GET",
        path="/reports/learners/{userId}",
        handler=report_learner,
        summary="How far a learner is with each course",
        params=_REPORT_PAGE,
        answers={200: wire.LearnerReport},
        source="https://help.rise.com/en/articles/4177175",
    ),
)

DIALECT = Dialect(
    name=NAME,
    title="Rise and Reach 360 API",
    operations=OPERATIONS,
    identify=identify,
    answer_error=answer_error,
    after=name_version,
    error=wire.Errors,
    security={"bearer": {"type": "http", "scheme": "bearer", "description": "API key"}},
)
