"""Who reports on a group, and who manages it."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.dialects.rise.operations.groups import ONE, of, present_group
from testamur.dialects.rise.operations.shared import PAGE, begin_after, paged
from testamur.dialects.rise.operations.users import REPORTERS as SOURCE
from testamur.dialects.rise.operations.users import present_user, shown
from testamur.dialects.rise.translate import Links, group_id, person_by_id
from testamur.dialects.rise.wire import groups as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import empty_reply, json_reply

PATH = f"{ONE}/reporters"


async def list_reporters(call: Call) -> Reply:
    group = await present_group(call)
    address = f"/groups/{group_id(group)}/reporters"
    found = await call.ledger.reporters.page(
        call.caller.tenant,
        None if group is None else group.id,
        after=begin_after(call, address),
        count=call.params["limit"] + 1,
    )
    page, next_url = paged(call, address, found, lambda person: person.id)
    group_url = Links(call.base_url).group(group_id(group))
    return json_reply(200, wire.Reporters(group_url, await shown(call, page), next_url))


async def add_reporter(call: Call) -> Reply:
    await present_group(call)
    person = person_by_id((await present_user(call)).id)
    await call.ledger.reporters.appoint(call.caller, of(call), person)
    return empty_reply(204)


async def remove_reporter(call: Call) -> Reply:
    """Whoever does not report on the group goes on not to."""
    await present_group(call)
    person = person_by_id((await present_user(call)).id)
    await call.ledger.reporters.dismiss(call.caller, of(call), person)
    return empty_reply(204)


async def list_managers(call: Call) -> Reply:
    group = await present_group(call)
    address = f"/groups/{group_id(group)}/managers"
    after = begin_after(call, address)
    found = []
    if group is not None:
        found = list(
            await call.ledger.managers.page(call.caller.tenant, group.id, after=after, count=call.params["limit"] + 1)
        )
    page, next_url = paged(call, address, found, lambda person: person.id)
    group_url = Links(call.base_url).group(group_id(group))
    return json_reply(200, wire.Managers(group_url, await shown(call, page), next_url))


OPERATIONS = (
    Operation(
        name="listReporters",
        method="GET",
        path=PATH,
        handler=list_reporters,
        summary="Who reports on a group, those of everybody among them",
        params=PAGE,
        answers={200: wire.Reporters},
        source=SOURCE,
    ),
    Operation(
        name="addReporter",
        method="PUT",
        path=f"{PATH}/{{userId}}",
        handler=add_reporter,
        summary="Let a reporter report on a group",
        scope=Scope.WRITE,
        answers={204: None},
        source=SOURCE,
    ),
    Operation(
        name="removeReporter",
        method="DELETE",
        path=f"{PATH}/{{userId}}",
        handler=remove_reporter,
        summary="Let a reporter report on a group no more",
        scope=Scope.WRITE,
        answers={204: None},
        source=SOURCE,
    ),
    Operation(
        name="listManagers",
        method="GET",
        path=f"{ONE}/managers",
        handler=list_managers,
        summary="Who manages a group",
        params=PAGE,
        answers={200: wire.Managers},
    ),
)
