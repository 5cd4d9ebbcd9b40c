"""Users."""

from __future__ import annotations

from collections.abc import Sequence

from testamur.core.audiences import MANAGER_ROLE, REPORTER_ROLE, Audience
from testamur.core.callers import Scope
from testamur.core.errors import PersonNotFound, RoleMismatch
from testamur.core.ids import to_hex24
from testamur.core.items import ItemKind
from testamur.core.people import Person
from testamur.dialects.rise import translate
from testamur.dialects.rise.operations.shared import DOCS, PAGE, begin_after, paged
from testamur.dialects.rise.translate import Links, courses, filtered, groups, learning_paths
from testamur.dialects.rise.translate import users as translation
from testamur.dialects.rise.wire import groups as groups_wire
from testamur.dialects.rise.wire import users as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply, json_reply

ONE = "/users/{userId}"
SOURCE = f"{DOCS}/4177145"
REPORTERS = f"{DOCS}/4557626"


async def present_user(call: Call) -> Person:
    """The user in the call's path. Raises PersonNotFound, also for one who was deleted."""
    reference = translate.user_reference(call.path["userId"])
    person = await call.ledger.people.get(call.caller.tenant, reference)
    if person.deleted_at is not None:
        raise PersonNotFound(f"The user {reference.value!r} was deleted", field=reference.field)
    return person


async def shown(call: Call, people: Sequence[Person]) -> list[wire.User]:
    """Users as they are shown, in the same order."""
    links = Links(call.base_url)
    managing = await call.ledger.managers.among(call.caller.tenant, [person.id for person in people])
    return [translation.user(person, links, manages=person.id in managing) for person in people]


async def get_user(call: Call) -> Reply:
    (user,) = await shown(call, [await present_user(call)])
    return json_reply(200, user)


async def list_users(call: Call) -> Reply:
    email: str | None = call.params["email"]
    address = filtered("/users", email=email)
    found = await call.ledger.people.page(
        call.caller.tenant,
        named=None if email is None else translate.email_reference(email),
        after=begin_after(call, address),
        count=call.params["limit"] + 1,
    )
    page, next_url = paged(call, address, list(found), lambda person: person.id)
    return json_reply(200, wire.Users(await shown(call, page), next_url))


async def delete_user(call: Call) -> Reply:
    """Whoever was deleted already stays so."""
    person = await call.ledger.people.get(call.caller.tenant, translate.user_reference(call.path["userId"]))
    if person.deleted_at is None:
        await call.ledger.people.delete(call.caller, translate.person_by_id(person.id))
    return empty_reply(204)


async def list_groups(call: Call) -> Reply:
    person = await present_user(call)
    address = f"/users/{to_hex24(person.id)}/groups"
    found = await call.ledger.memberships.audiences(
        call.caller.tenant, person.id, after=begin_after(call, address), count=call.params["limit"] + 1
    )
    page, next_url = _shown_groups(call, address, found)
    return json_reply(200, groups_wire.Groups(page, next_url))


async def list_reporting_groups(call: Call) -> Reply:
    person = await present_user(call)
    if person.role != REPORTER_ROLE:
        raise RoleMismatch("This user is no reporter", field="userId")
    address = f"/users/{to_hex24(person.id)}/reporting-groups"
    found = await call.ledger.reporters.audiences(
        call.caller.tenant, person.id, after=begin_after(call, address), count=call.params["limit"] + 1
    )
    page, next_url = _shown_groups(call, address, found)
    return json_reply(200, groups_wire.GroupsOfUser(Links(call.base_url).user(person.id), page, next_url))


async def list_managing_groups(call: Call) -> Reply:
    person = await present_user(call)
    if person.role != MANAGER_ROLE and not await call.ledger.managers.among(call.caller.tenant, [person.id]):
        raise RoleMismatch("This user is no manager", field="userId")
    address = f"/users/{to_hex24(person.id)}/managing-groups"
    found = await call.ledger.managers.audiences(
        call.caller.tenant, person.id, after=begin_after(call, address), count=call.params["limit"] + 1
    )
    page, next_url = _shown_groups(call, address, found)
    return json_reply(200, groups_wire.GroupsOfUser(Links(call.base_url).user(person.id), page, next_url))


async def list_favorites(call: Call) -> Reply:
    person = await present_user(call)
    address = f"/users/{to_hex24(person.id)}/favorites"
    found = await call.ledger.favorites.list(
        call.caller.tenant, person.id, after=begin_after(call, address), count=call.params["limit"] + 1
    )
    page, next_url = paged(call, address, found, lambda favorite: favorite.item.id)
    links = Links(call.base_url)
    items = [favorite.item for favorite in page]
    body = wire.Favorites(
        [courses.course(item, links) for item in items if item.kind is not ItemKind.COLLECTION],
        [learning_paths.learning_path(item, links) for item in items if item.kind is ItemKind.COLLECTION],
        next_url,
    )
    return json_reply(200, body)


def _shown_groups(call: Call, address: str, found: Sequence[Audience]) -> tuple[list[groups_wire.Group], str | None]:
    page, next_url = paged(call, address, list(found), lambda audience: audience.id)
    return [groups.group(audience, Links(call.base_url)) for audience in page], next_url


OPERATIONS = (
    Operation(
        name="listUsers",
        method="GET",
        path="/users",
        handler=list_users,
        summary="Users, a page at a time",
        params=(Param("email", summary="Exact address, in any letter case"), *PAGE),
        answers={200: wire.Users},
        source=SOURCE,
    ),
    Operation(
        name="getUser",
        method="GET",
        path=ONE,
        handler=get_user,
        summary="One user",
        answers={200: wire.User},
        source=SOURCE,
    ),
    Operation(
        name="deleteUser",
        method="DELETE",
        path=ONE,
        handler=delete_user,
        summary="Remove a user; reports keep what was done",
        scope=Scope.WRITE,
        answers={204: None},
        source=SOURCE,
    ),
    Operation(
        name="listGroupsOfUser",
        method="GET",
        path=f"{ONE}/groups",
        handler=list_groups,
        summary="Groups of a user",
        params=PAGE,
        answers={200: groups_wire.Groups},
        source=SOURCE,
    ),
    Operation(
        name="listFavorites",
        method="GET",
        path=f"{ONE}/favorites",
        handler=list_favorites,
        summary="Favourite courses and learning paths of a user",
        params=PAGE,
        answers={200: wire.Favorites},
        source=SOURCE,
    ),
    Operation(
        name="listReportingGroups",
        method="GET",
        path=f"{ONE}/reporting-groups",
        handler=list_reporting_groups,
        summary="Groups that a reporter reports on",
        params=PAGE,
        answers={200: groups_wire.GroupsOfUser},
        source=REPORTERS,
    ),
    Operation(
        name="listReportingGroupsAsSpelledOnUsers",
        method="GET",
        path=f"{ONE}/reportingGroups",
        handler=list_reporting_groups,
        summary="The same, as the page on users spells it",
        params=PAGE,
        answers={200: groups_wire.GroupsOfUser},
        source=SOURCE,
    ),
    Operation(
        name="listManagingGroups",
        method="GET",
        path=f"{ONE}/managing-groups",
        handler=list_managing_groups,
        summary="Groups that a manager manages",
        params=PAGE,
        answers={200: groups_wire.GroupsOfUser},
    ),
)
