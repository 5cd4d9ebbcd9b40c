"""Audiences and structures."""

from __future__ import annotations

from collections.abc import Sequence

from testamur.core.audiences import BULK_MAX, Outcome
from testamur.core.callers import Scope
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.dialects.thrive import wire as shared_wire
from testamur.dialects.thrive.operations.shared import PAGE, paged
from testamur.dialects.thrive.translate import audience as audience_reference
from testamur.dialects.thrive.translate import audiences as translate
from testamur.dialects.thrive.wire import audiences as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply

PATH = "/rest/v1/audiences"
ONE = f"{PATH}/{{audienceId}}"

PAGING = (
    PAGE,
    Param("perPage", "integer", minimum=1, maximum=1000, summary="100 when absent"),
    Param("limit", "integer", minimum=1, maximum=100, summary="perPage wins over it"),
)


def of(call: Call) -> Reference:
    """The audience in the call's path, by id or reference."""
    return audience_reference(call.path["audienceId"], "audienceId")


def span(call: Call) -> tuple[int, int]:
    """How many rows the page has and how many stand before it. `perPage` is settled for the envelope."""
    size: int = call.params["perPage"] or call.params["limit"] or 100
    call.params["perPage"] = size
    return size, (call.params["page"] - 1) * size


def bulk_reply(outcomes: Sequence[Outcome]) -> Reply:
    """200 when everything worked, 207 when something failed."""
    result = translate.bulk_result(outcomes)
    return json_reply(207 if result.failure else 200, result)


async def list_audiences(call: Call) -> Reply:
    since: When | None = call.params["updatedSince"]
    count, skip = span(call)
    total, found = await call.ledger.audiences.numbered_page(
        call.caller.tenant,
        is_api_controlled=call.params["apiControlled"],
        updated_since=since.at if since else None,
        count=count,
        skip=skip,
    )
    return json_reply(200, paged(call, total, [translate.audience(audience) for audience in found]))


async def create_audience(call: Call) -> Reply:
    stored = await call.ledger.audiences.create(call.caller, translate.new_audience(call.body))
    return json_reply(201, translate.audience(stored))


async def get_audience(call: Call) -> Reply:
    return json_reply(200, translate.audience(await call.ledger.audiences.get(call.caller.tenant, of(call))))


async def update_audience(call: Call) -> Reply:
    audiences, tenant = call.ledger.audiences, call.caller.tenant
    before = await audiences.get(tenant, of(call))
    after = await audiences.change(call.caller, of(call), translate.change(call.body, before))
    moved = None
    if after.parent != before.parent:
        # By its id: the reference may be another one now.
        itself = audience_reference(str(after.id), "audienceId")
        moved = translate.moved(*await call.ledger.memberships.members(tenant, itself, count=BULK_MAX))
    return json_reply(200, translate.changed_audience(after, moved))


async def delete_audience(call: Call) -> Reply:
    await call.ledger.audiences.remove(call.caller, of(call))
    return json_reply(200, wire.Deletion(success=True))


OPERATIONS = (
    Operation(
        name="listAudiences",
        method="GET",
        path=PATH,
        handler=list_audiences,
        summary="Audiences and structures, a page at a time",
        params=(
            Param("apiControlled", "boolean"),
            Param("updatedSince", "moment", days=True),
            *PAGING,
        ),
        answers={200: shared_wire.Page[wire.Audience]},
    ),
    Operation(
        name="createAudience",
        method="POST",
        path=PATH,
        handler=create_audience,
        summary="Make a structure, or an audience in one",
        scope=Scope.WRITE,
        body=wire.CreateAudience,
        answers={201: wire.Audience},
    ),
    Operation(
        name="getAudience",
        method="GET",
        path=ONE,
        handler=get_audience,
        summary="One audience by id or reference",
        answers={200: wire.Audience},
    ),
    Operation(
        name="updateAudience",
        method="PATCH",
        path=ONE,
        handler=update_audience,
        summary="Rename an audience, give it another reference, or move it to another structure",
        scope=Scope.WRITE,
        body=wire.UpdateAudience,
        answers={200: wire.ChangedAudience},
    ),
    Operation(
        name="deleteAudience",
        method="DELETE",
        path=ONE,
        handler=delete_audience,
        summary="Delete an audience, or a structure that holds none",
        scope=Scope.WRITE,
        answers={200: wire.Deletion},
    ),
)
