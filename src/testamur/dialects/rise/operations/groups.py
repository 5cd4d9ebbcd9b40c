"""Groups."""

from __future__ import annotations

from testamur.core.audiences import Audience, AudienceCategory, AudienceChange, NewAudience, is_everyone
from testamur.core.callers import Scope
from testamur.core.errors import AudienceNotFound, Conflict
from testamur.core.people import Reference
from testamur.dialects.rise import translate
from testamur.dialects.rise.operations.shared import DOCS, PAGE, begin_after, paged
from testamur.dialects.rise.translate import Links, filtered
from testamur.dialects.rise.translate import groups as translation
from testamur.dialects.rise.wire import groups as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = "/groups"
ONE = f"{PATH}/{{groupId}}"
SOURCE = f"{DOCS}/4177158"


def of(call: Call) -> Reference:
    """What the call's path calls the group."""
    return translate.group_reference(call.path["groupId"])


async def present_group(call: Call) -> Audience | None:
    """The group in the call's path, None for that of everybody. Raises AudienceNotFound."""
    reference = of(call)
    if is_everyone(reference):
        return None
    audience = await call.ledger.audiences.get(call.caller.tenant, reference)
    if audience.category is AudienceCategory.STRUCTURE:
        raise AudienceNotFound(f"{reference.value!r} holds groups and is none", field=reference.field)
    return None if audience.is_everyone else audience


def check_governed(group: Audience | None) -> Audience:
    """A group that can be changed here. Raises Conflict."""
    if group is None:
        raise Conflict("Everybody belongs to this group; nothing of it can be changed", field="groupId")
    if not group.is_api_controlled:
        raise Conflict("This group is not API-controlled: people change it here", field="groupId")
    return group


async def list_groups(call: Call) -> Reply:
    name: str | None = call.params["name"]
    address = filtered(PATH, name=name)
    found = await call.ledger.audiences.of_people(
        call.caller.tenant, name=name, after=begin_after(call, address), count=call.params["limit"] + 1
    )
    page, next_url = paged(call, address, found, lambda audience: audience.id)
    groups = [translation.group(audience, Links(call.base_url)) for audience in page]
    return json_reply(200, wire.Groups(groups, next_url))


async def create_group(call: Call) -> Reply:
    new = NewAudience(name=translation.name_of(call.body))
    made = await call.ledger.audiences.create(call.caller, new, is_named_apart=True)
    return json_reply(201, translation.group(made, Links(call.base_url)))


async def get_group(call: Call) -> Reply:
    return json_reply(200, translation.group(await present_group(call), Links(call.base_url)))


async def rename_group(call: Call) -> Reply:
    check_governed(await present_group(call))
    change = AudienceChange(name=translation.name_of(call.body))
    changed = await call.ledger.audiences.change(call.caller, of(call), change, is_named_apart=True)
    return json_reply(200, translation.group(changed, Links(call.base_url)))


async def delete_group(call: Call) -> Reply:
    """What was deleted already stays so."""
    try:
        group = await present_group(call)
    except AudienceNotFound:
        if await call.ledger.audiences.was_removed(call.caller.tenant, of(call)):
            return empty_reply(204)
        raise
    check_governed(group)
    await call.ledger.audiences.remove(call.caller, of(call))
    return empty_reply(204)


OPERATIONS = (
    Operation(
        name="listGroups",
        method="GET",
        path=PATH,
        handler=list_groups,
        summary="Groups, a page at a time",
        params=(Param("name", summary="Exact name"), *PAGE),
        answers={200: wire.Groups},
        source=SOURCE,
    ),
    Operation(
        name="createGroup",
        method="POST",
        path=PATH,
        handler=create_group,
        summary="Add a group",
        scope=Scope.WRITE,
        body=wire.NameGroupBody,
        answers={201: wire.Group},
        source=SOURCE,
    ),
    Operation(
        name="getGroup",
        method="GET",
        path=ONE,
        handler=get_group,
        summary="One group",
        answers={200: wire.Group},
        source=SOURCE,
    ),
    Operation(
        name="renameGroup",
        method="PUT",
        path=ONE,
        handler=rename_group,
        summary="Give a group another name",
        scope=Scope.WRITE,
        body=wire.NameGroupBody,
        body_optional=True,
        answers={200: wire.Group},
        source=SOURCE,
    ),
    Operation(
        name="deleteGroup",
        method="DELETE",
        path=ONE,
        handler=delete_group,
        summary="Delete a group; its members stay users",
        scope=Scope.WRITE,
        answers={204: None},
        source=SOURCE,
    ),
)
