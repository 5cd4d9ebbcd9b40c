"""Activities."""

from __future__ import annotations

from testamur.core.errors import NotFound
from testamur.core.ids import parse
from testamur.dialects.thrive import wire as shared
from testamur.dialects.thrive.operations.shared import PAGE, paged
from testamur.dialects.thrive.translate import activities as translate
from testamur.dialects.thrive.wire import activities as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply


async def list_activities(call: Call) -> Reply:
    found = await call.ledger.activities.page(
        call.caller.tenant,
        count=call.params["perPage"],
        skip=(call.params["page"] - 1) * call.params["perPage"],
        since=translate.first_moment(call.params["timestampFrom"], "timestampFrom"),
        before=translate.moment_behind(call.params["timestampTo"], "timestampTo"),
        kinds=translate.kinds(call.params["actions"], call.params["omitActions"]),
        items=translate.contents(call.params["contentIds"], "contentIds"),
        forms=translate.content_type(call.params["contentType"], "contentType"),
    )
    return json_reply(200, paged(call, found.total, [translate.activity(known) for known in found.activities]))


async def get_activity(call: Call) -> Reply:
    id = parse(call.path["id"])
    if id is None:
        raise NotFound(f"No activity {call.path['id']!r} in this tenant", field="id")
    return json_reply(200, translate.activity(await call.ledger.activities.get(call.caller.tenant, id)))


_BOUND = "Date, or date and time in UTC, such as 2025-01-31 09:00:00; inclusive"

OPERATIONS = (
    Operation(
        name="listActivities",
        method="GET",
        path="/rest/v1/activities",
        handler=list_activities,
        summary="Activities in the order in which they were recorded, a page at a time",
        params=(
            Param("actions", summary="Comma list of types to show"),
            Param("omitActions", summary="Comma list of types to leave out"),
            Param("contentIds", summary="Comma list of content ids"),
            Param("contentType"),
            Param("timestampFrom", summary=_BOUND),
            Param("timestampTo", summary=_BOUND),
            PAGE,
            Param("perPage", "integer", 20, minimum=1, maximum=1000),
        ),
        answers={200: shared.Page[wire.Activity]},
    ),
    Operation(
        name="getActivity",
        method="GET",
        path="/rest/v1/activity/{id}",
        handler=get_activity,
        summary="One activity",
        answers={200: wire.Activity},
    ),
)
