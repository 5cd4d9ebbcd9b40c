"""Users: the people of the tenant, read."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from testamur.core.errors import PersonNotFound
from testamur.core.people import IDENTIFIER_LENGTH_MAX, Identifier, Person
from testamur.dialects.stackone.operations.shared import (
    DOCS,
    GET,
    LIST,
    filter_of,
    filters,
    page_of,
    raw_lookup,
    updated_after,
)
from testamur.dialects.stackone.translate import fields_of, selected, user
from testamur.dialects.stackone.translate import users as translate
from testamur.dialects.stackone.wire import users as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply

_IDENTIFIERS = {"email": "email", "external_reference": "ref"}
"""Which kind of identifier each filter compares."""


async def list_users(call: Call) -> Reply:
    tenant, directory, since = call.caller.tenant, call.ledger.directory, updated_after(call)
    texts = {kind: text.strip() for name, kind in _IDENTIFIERS.items() if (text := filter_of(call, name))}

    async def find(after: list[Any] | None, count: int) -> Sequence[Person]:
        if any(not 1 <= len(text) <= IDENTIFIER_LENGTH_MAX for text in texts.values()):
            return []  # nobody is called that
        if texts:
            # One person at most, and nobody behind her.
            identifiers = [Identifier(kind, text) for kind, text in texts.items()]
            return [] if after else await directory.named(tenant, identifiers, updated_after=since)
        if since is not None:
            behind = (after[0], after[1]) if after else None
            return await directory.changed(tenant, since=since, after=behind, count=count)
        return await directory.page(tenant, after=after[1] if after else None, count=count)

    people, next = await page_of(call, find, lambda one: [one.updated_at, one.id], datetime, UUID)
    return json_reply(200, wire.UsersPaginated(next, [_selected(call, one) for one in people], raw_lookup(call)))


async def get_user(call: Call) -> Reply:
    person = await call.ledger.people.get(call.caller.tenant, user(call.path["id"]))
    if person.deleted_at is not None:
        raise PersonNotFound(f"No person {call.path['id']!r} in this tenant", field="id")
    return json_reply(200, wire.UserResult(_selected(call, person), raw_lookup(call)))


def _selected(call: Call, person: Person) -> Any:
    return selected(translate.lms_user(person), fields_of(call.params["fields"], translate.FIELDS))


OPERATIONS = (
    Operation(
        name="lms_list_users",
        method="GET",
        path="/unified/lms/users",
        handler=list_users,
        summary="Users in the order in which they were made; with updated_after, in that of their last change",
        params=(*LIST, *filters("email", "external_reference")),
        answers={200: wire.UsersPaginated},
        source=f"{DOCS}/users/list-users",
    ),
    Operation(
        name="lms_get_user",
        method="GET",
        path="/unified/lms/users/{id}",
        handler=get_user,
        summary="One user",
        params=GET,
        answers={200: wire.UserResult},
        source=f"{DOCS}/users/get-user",
    ),
)
