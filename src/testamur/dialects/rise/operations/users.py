"""Users."""

from __future__ import annotations

from testamur.core.errors import PersonNotFound
from testamur.core.people import Person, normalise
from testamur.dialects.rise import translate
from testamur.dialects.rise.operations.shared import DOCS, PAGE, begin_after, paged
from testamur.dialects.rise.translate import Links
from testamur.dialects.rise.translate import users as translation
from testamur.dialects.rise.wire import users as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply


async def get_user(call: Call) -> Reply:
    reference = translate.user_reference(call.path["userId"])
    person = await call.ledger.people.get(call.caller.tenant, reference)
    if person.deleted_at is not None:
        raise PersonNotFound(f"The user {reference.value!r} was deleted", field=reference.field)
    return json_reply(200, translation.user(person, Links(call.base_url)))


async def list_users(call: Call) -> Reply:
    email: str | None = call.params["email"]
    address = "/users" if email is None else f"/users?email={email}"
    after = begin_after(call, address)
    next_url = None
    if email is not None:
        found = await _people_of_email(call, email)
    else:
        found = await call.ledger.people.list(call.caller.tenant, after=after, count=call.params["limit"] + 1)
        found, next_url = paged(call, address, found, lambda person: person.id)
    links = Links(call.base_url)
    users = [translation.user(person, links) for person in found if person.deleted_at is None]
    return json_reply(200, wire.Users(users, next_url))


async def _people_of_email(call: Call, email: str) -> list[Person]:
    try:
        person = await call.ledger.people.get(call.caller.tenant, translate.email_reference(email))
    except PersonNotFound:
        return []
    # A reference also finds by id, which is no address.
    return [person] if normalise("email", email) in person.identifiers.get("email", ()) else []


OPERATIONS = (
    Operation(
        name="listUsers",
        method="GET",
        path="/users",
        handler=list_users,
        summary="Users, a page at a time",
        params=(Param("email", summary="Exact address, in any letter case"), *PAGE),
        answers={200: wire.Users},
        source=f"{DOCS}/4177145",
    ),
    Operation(
        name="getUser",
        method="GET",
        path="/users/{userId}",
        handler=get_user,
        summary="One user",
        answers={200: wire.User},
        source=f"{DOCS}/4177145",
    ),
)
