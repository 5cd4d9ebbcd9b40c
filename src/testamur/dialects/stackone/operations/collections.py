"""Collections: made and changed."""

from __future__ import annotations

from testamur.core.callers import Scope
from testamur.core.items import ItemKind
from testamur.dialects.stackone.operations.content import put
from testamur.dialects.stackone.operations.shared import created, updated
from testamur.dialects.stackone.translate import collections as translate
from testamur.dialects.stackone.translate.content import learning_object
from testamur.dialects.stackone.wire import CreateResult, UpdateResult
from testamur.dialects.stackone.wire import collections as wire
from testamur.http.operations import Call, Operation, Reply


async def create_collection(call: Call) -> Reply:
    return created(call, await put(call, translate.create(call.body)))


async def update_collection(call: Call) -> Reply:
    found = await call.ledger.items.show(call.caller.tenant, learning_object(call.path["id"]), ItemKind.COLLECTION)
    await put(call, translate.update(call.body, found.item.id))
    return updated(call)


OPERATIONS = (
    Operation(
        name="lms_create_collection",
        method="POST",
        path="/unified/lms/collections",
        handler=create_collection,
        summary="Add a collection of learning objects",
        scope=Scope.WRITE,
        body=wire.WriteCollection,
        answers={201: CreateResult},
    ),
    Operation(
        name="lms_update_collection",
        method="PATCH",
        path="/unified/lms/collections/{id}",
        handler=update_collection,
        summary="Change a collection; what is not mentioned stays",
        scope=Scope.WRITE,
        body=wire.WriteCollection,
        answers={201: UpdateResult},
    ),
)
