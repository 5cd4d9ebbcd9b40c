"""Content: read, replaced, changed, in batches."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from msgspec import UNSET

from testamur.core.callers import Scope
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.items import ItemKind, ItemTelling, LinkedItem
from testamur.core.people import IDENTIFIER_LENGTH_MAX, Reference
from testamur.dialects.stackone.operations.batches import BODY_MAX_BYTES, put_batch
from testamur.dialects.stackone.operations.shared import (
    DOCS,
    GET,
    LIST,
    filter_of,
    filters,
    is_true,
    page_of,
    raw_lookup,
    updated,
    updated_after,
    upserted,
)
from testamur.dialects.stackone.translate import content as translate
from testamur.dialects.stackone.translate import fields_of, selected
from testamur.dialects.stackone.wire import BatchResult, UpdateResult, UpsertResult
from testamur.dialects.stackone.wire import content as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply


async def list_content(call: Call) -> Reply:
    return await list_kind(call, ItemKind.CONTENT, translate.content, translate.FIELDS, wire.ContentPaginated)


async def get_content(call: Call) -> Reply:
    found = await call.ledger.items.show(
        call.caller.tenant, translate.learning_object(call.path["id"]), ItemKind.CONTENT
    )
    data = selected(translate.content(found), fields_of(call.params["fields"], translate.FIELDS))
    return json_reply(200, wire.ContentResult(data, raw_lookup(call)))


async def upsert_content(call: Call) -> Reply:
    id = await put(call, _upsert(call.body))
    return upserted(call, id, call.body.external_reference)


async def batch_upsert_content(call: Call) -> Reply:
    return await put_batch(call, "content", wire.WriteContent, call.body.items, _upsert)


async def update_content(call: Call) -> Reply:
    found = await call.ledger.items.show(
        call.caller.tenant, translate.learning_object(call.path["id"]), ItemKind.CONTENT
    )
    await put(call, translate.update(call.body, ItemKind.CONTENT, found.item.id))
    return updated(call)


async def put(call: Call, told: ItemTelling) -> Id:
    """Put one learning object. Raises what refused it."""
    (answer,) = await call.ledger.items.put(call.caller, [told])
    return translate.put_of(answer)


async def list_kind(
    call: Call, kind: ItemKind, spell: Callable[[LinkedItem], Any], fields: tuple[str, ...], answer: Any
) -> Reply:
    """A page of learning objects of one kind."""
    tenant, items, since = call.caller.tenant, call.ledger.items, updated_after(call)
    is_active = is_true(filter_of(call, "active"))
    reference = filter_of(call, "external_reference") if "external_reference" in call.params else None
    if reference:
        named = await _named(call, reference, kind, since, is_active)

    async def find(after: list[Any] | None, count: int) -> list[LinkedItem]:
        if reference:
            return [] if after else named
        behind = (after[0], after[1]) if after else None
        return await items.page_of_kind(
            tenant, kind, after=behind, count=count, updated_after=since, is_active=is_active
        )

    found, next = await page_of(call, find, lambda one: [one.item.updated_at, one.item.id], datetime, UUID)
    total = (
        len(named) if reference else await items.count_of_kind(tenant, kind, updated_after=since, is_active=is_active)
    )
    names = fields_of(call.params["fields"], fields)
    data = [selected(spell(one), names) for one in found]
    return json_reply(200, answer(next=next, data=data, total=total, raw=raw_lookup(call)))


async def _named(
    call: Call, reference: str, kind: ItemKind, since: datetime | None, is_active: bool
) -> list[LinkedItem]:
    if len(reference) > IDENTIFIER_LENGTH_MAX:
        return []
    found = await call.ledger.items.named(call.caller.tenant, Reference(reference, ("ref",), "item"), kind)
    return [
        one
        for one in found
        if reference.strip() in one.item.identifiers.get("ref", ())
        and (since is None or one.item.updated_at > since)
        and not (is_active and one.item.retired_at)
    ]


def _upsert(body: wire.WriteContent) -> ItemTelling:
    if body.external_reference is UNSET or body.external_reference is None:
        raise InvalidInput(FieldFault("external_reference", "missing", "is required"))
    return translate.upsert(body, ItemKind.CONTENT)


OPERATIONS = (
    Operation(
        name="lms_list_content",
        method="GET",
        path="/unified/lms/content",
        handler=list_content,
        summary="Content in the order in which it was made; with updated_after, in that of its last change",
        params=(*LIST, *filters("active")),
        answers={200: wire.ContentPaginated},
        source=f"{DOCS}/content/list-content",
    ),
    Operation(
        name="lms_upsert_content",
        method="PUT",
        path="/unified/lms/content",
        handler=upsert_content,
        summary="Add a content, or replace the one with this external reference",
        scope=Scope.WRITE,
        body=wire.WriteContent,
        answers={201: UpsertResult},
    ),
    Operation(
        name="lms_batch_upsert_content",
        method="POST",
        path="/unified/lms/content/batch",
        handler=batch_upsert_content,
        summary="The same for many, each for itself",
        scope=Scope.WRITE,
        body=wire.BatchContent,
        body_max_bytes=BODY_MAX_BYTES,
        answers={202: BatchResult},
    ),
    Operation(
        name="lms_get_content",
        method="GET",
        path="/unified/lms/content/{id}",
        handler=get_content,
        summary="One content",
        params=GET,
        answers={200: wire.ContentResult},
    ),
    Operation(
        name="lms_update_content",
        method="PATCH",
        path="/unified/lms/content/{id}",
        handler=update_content,
        summary="Change a content; what is not mentioned stays",
        scope=Scope.WRITE,
        body=wire.WriteContent,
        answers={201: UpdateResult},
    ),
)
