"""Contents."""

from __future__ import annotations

from testamur.core.errors import ItemNotFound
from testamur.core.moments import When
from testamur.dialects.thrive.operations.shared import PAGE, paged
from testamur.dialects.thrive.translate import content
from testamur.dialects.thrive.translate import contents as translate
from testamur.dialects.thrive.wire import Page
from testamur.dialects.thrive.wire import contents as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply


async def list_contents(call: Call) -> Reply:
    since: When | None = call.params["updatedSince"]
    tenant, count = call.caller.tenant, call.params["perPage"]
    total, items = await call.ledger.items.numbered_page(
        tenant,
        forms=translate.forms(call.params["types"], call.params["omitTypes"]),
        updated_since=since.at if since else None,
        count=count,
        skip=(call.params["page"] - 1) * count,
    )
    history = await call.ledger.items.history(tenant, [item.id for item in items])
    return json_reply(200, paged(call, total, [translate.content(item, history.get(item.id, ())) for item in items]))


async def get_content(call: Call) -> Reply:
    tenant = call.caller.tenant
    item = await call.ledger.items.get(tenant, content(call.path["id"], "id"))
    if not item.is_open:
        raise ItemNotFound("This content was never published", field="id")
    history = await call.ledger.items.history(tenant, [item.id])
    return json_reply(200, translate.content(item, history.get(item.id, ())))


OPERATIONS = (
    Operation(
        name="listContents",
        method="GET",
        path="/rest/v1/contents",
        handler=list_contents,
        summary="Contents, a page at a time",
        params=(
            Param("types", summary="Only these types, separated by commas"),
            Param("omitTypes", summary="Not these types, separated by commas; ignored beside types"),
            Param("updatedSince", "moment", days=True),
            PAGE,
            Param("perPage", "integer", 20, minimum=1, maximum=1000),
        ),
        answers={200: Page[wire.Content]},
    ),
    Operation(
        name="getContent",
        method="GET",
        path="/rest/v1/contents/{id}",
        handler=get_content,
        summary="One content",
        answers={200: wire.Content},
    ),
)
