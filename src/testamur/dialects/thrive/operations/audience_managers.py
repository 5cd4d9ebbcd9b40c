"""Managers of audiences."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.dialects.thrive.operations.audiences import ONE, bulk_reply, of
from testamur.dialects.thrive.translate import audience_managers as translate
from testamur.dialects.thrive.translate.audiences import person
from testamur.dialects.thrive.wire import audience_managers as wire
from testamur.dialects.thrive.wire.audiences import BulkResult, Deletion
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply

PATH = f"{ONE}/managers"


async def list_managers(call: Call) -> Reply:
    tenant, reference = call.caller.tenant, of(call)
    category = (await call.ledger.audiences.get(tenant, reference)).category
    found = await call.ledger.managers.list(tenant, reference)
    return json_reply(200, [translate.manager(manager, category) for manager in found])


async def add_managers(call: Call) -> Reply:
    return await _appoint(call, replaces=False)


async def replace_managers(call: Call) -> Reply:
    return await _appoint(call, replaces=True)


async def remove_manager(call: Call) -> Reply:
    await call.ledger.managers.dismiss(call.caller, of(call), person(call.path["userId"], "userId"))
    return json_reply(200, Deletion(success=True))


async def _appoint(call: Call, *, replaces: bool) -> Reply:
    category = (await call.ledger.audiences.get(call.caller.tenant, of(call))).category
    appointments = translate.appointments(call.body, category)
    return bulk_reply(await call.ledger.managers.appoint(call.caller, of(call), appointments, replaces=replaces))


OPERATIONS = (
    Operation(
        name="listAudienceManagers",
        method="GET",
        path=PATH,
        handler=list_managers,
        summary="All managers of an audience",
        answers={200: list[wire.Manager]},
    ),
    Operation(
        name="addAudienceManagers",
        method="POST",
        path=PATH,
        handler=add_managers,
        summary="Add managers to an audience, or give those there other permissions",
        scope=Scope.WRITE,
        body=wire.Managers,
        answers={200: BulkResult, 207: BulkResult},
    ),
    Operation(
        name="replaceAudienceManagers",
        method="PATCH",
        path=PATH,
        handler=replace_managers,
        summary="Replace all managers of an audience",
        scope=Scope.WRITE,
        body=wire.Managers,
        answers={200: BulkResult, 207: BulkResult},
    ),
    Operation(
        name="removeAudienceManager",
        method="DELETE",
        path=f"{PATH}/{{userId}}",
        handler=remove_manager,
        summary="Remove a manager, by email, ref or id",
        scope=Scope.WRITE,
        answers={200: Deletion},
    ),
)
