"""Categories, and how a page of categories or skills is read."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Any
from uuid import UUID

from testamur.core.people import Reference
from testamur.core.skills import TagUse, UsedTag
from testamur.dialects.stackone.operations.shared import DOCS, GET, LIST, page_of, raw_lookup, updated_after
from testamur.dialects.stackone.translate import categories as translate
from testamur.dialects.stackone.translate import fields_of, selected
from testamur.dialects.stackone.wire import categories as wire
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply


async def list_categories(call: Call) -> Reply:
    return await list_used(call, TagUse.CATEGORY, translate.category, translate.FIELDS, wire.CategoriesPaginated)


async def get_category(call: Call) -> Reply:
    return await get_used(call, TagUse.CATEGORY, translate.category, translate.FIELDS, wire.CategoryResult)


async def list_used(
    call: Call, use: TagUse, spell: Callable[[UsedTag], Any], fields: tuple[str, ...], answer: Any
) -> Reply:
    """A page of tags of one use."""
    since = updated_after(call)

    async def find(after: list[Any] | None, count: int) -> list[UsedTag]:
        behind = (after[0], after[1]) if after else None
        return await call.ledger.skills.used_page(
            call.caller.tenant, use, after=behind, count=count, updated_after=since
        )

    found, next = await page_of(call, find, lambda one: [one.updated_at, one.tag], datetime, UUID)
    names = fields_of(call.params["fields"], fields)
    return json_reply(200, answer(next=next, data=[selected(spell(one), names) for one in found], raw=raw_lookup(call)))


async def get_used(
    call: Call, use: TagUse, spell: Callable[[UsedTag], Any], fields: tuple[str, ...], answer: Any
) -> Reply:
    """One tag of one use."""
    found = await call.ledger.skills.used(call.caller.tenant, use, Reference(call.path["id"], field="id"))
    return json_reply(200, answer(selected(spell(found), fields_of(call.params["fields"], fields)), raw_lookup(call)))


OPERATIONS = (
    Operation(
        name="lms_list_categories",
        method="GET",
        path="/unified/lms/categories",
        handler=list_categories,
        summary="Categories; they are made by the learning objects that name them",
        params=LIST,
        answers={200: wire.CategoriesPaginated},
        source=f"{DOCS}/categories/list-categories",
    ),
    Operation(
        name="lms_get_category",
        method="GET",
        path="/unified/lms/categories/{id}",
        handler=get_category,
        summary="One category",
        params=GET,
        answers={200: wire.CategoryResult},
    ),
)
