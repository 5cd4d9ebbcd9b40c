"""Items and their versions."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from testamur.core.callers import Scope
from testamur.core.errors import FieldFault, IdentifierTaken, InvalidInput, NotFound
from testamur.core.ids import Id, to_ulid
from testamur.core.items import VERSION_MAX, Item, ItemKind, PutOutcome
from testamur.core.people import Reference
from testamur.dialects.api.operations.shared import (
    IDENTIFIER,
    LIST,
    UPDATED_AFTER,
    after,
    after_id,
    entity,
    listed,
    named,
    updated_after,
)
from testamur.dialects.api.translate import by_id, day, identifier, person
from testamur.dialects.api.translate import item as by_name
from testamur.dialects.api.translate import items as translate
from testamur.dialects.api.wire import List
from testamur.dialects.api.wire import items as wire
from testamur.http.operations import Call, Operation, Param, Reply
from testamur.http.replies import json_reply

PATH = "/v1/items"
ONE = f"{PATH}/{{item}}"
VERSIONS = f"{ONE}/versions"


def of(call: Call) -> Reference:
    """The item in the call's path."""
    return by_name(call.path["item"], "item")


async def list_items(call: Call) -> Reply:
    kind: str | None = call.params["kind"]
    items = await call.ledger.items.page(
        call.caller.tenant,
        named=named(by_name, call),
        kind=ItemKind(kind) if kind else None,
        retired=call.params["retired"],
        updated_after=updated_after(call),
        after=after_id(call),
        count=call.params["limit"] + 1,
    )
    return listed(call, items, translate.item, lambda item: [item.id])


async def create_item(call: Call) -> Reply:
    body: wire.CreateItem = call.body
    new = translate.new_item(body, await _author(call, body.author))
    try:
        (id,) = await call.ledger.items.add(call.caller, [new])
    except IdentifierTaken as error:
        error.field = "identifiers" if body.identifiers else "ref"
        raise
    return _reply(201, call, await call.ledger.items.get(call.caller.tenant, by_id(id, "item")))


async def get_item(call: Call) -> Reply:
    return _reply(200, call, await call.ledger.items.get(call.caller.tenant, of(call)))


async def put_item(call: Call) -> Reply:
    named = identifier(call.path["item"])
    if named is None:
        fault = "must be an identifier by its kind, such as ref:FIRE-101; what has an id is changed by PATCH"
        raise InvalidInput(FieldFault("item", "format", fault))
    telling = translate.telling(call.body, named, await _author(call, call.body.author))
    (put,) = await call.ledger.items.put(call.caller, [telling])
    if put.fault is not None or put.item is None:
        raise InvalidInput(put.fault or FieldFault("", "format", "cannot be put"))
    item = await call.ledger.items.get(call.caller.tenant, by_id(put.item, "item"))
    return _reply(201 if put.outcome is PutOutcome.ADDED else 200, call, item)


async def change_item(call: Call) -> Reply:
    body: wire.ChangeItem = call.body
    fields: dict[str, Any] = translate.fields(body)
    if body.author is not UNSET:
        fields["author"] = await _author(call, body.author)
    item = await call.ledger.items.change(
        call.caller,
        of(call),
        fields=fields,
        tags=None if body.tags is UNSET else tuple(body.tags or ()),
        skills=None if body.skills is UNSET else tuple(body.skills or ()),
        replaces_attributes=body.attributes is None,
    )
    return _reply(200, call, item)


async def submit_item(call: Call) -> Reply:
    body: wire.SubmitItem = call.body
    reviewer = None if body.reviewer is None else person(body.reviewer, "reviewer")
    item = await call.ledger.items.submit(
        call.caller, of(call), submitter=person(body.submitter, "submitter"), reviewer=reviewer
    )
    return _reply(200, call, item)


async def retire_item(call: Call) -> Reply:
    return _reply(200, call, await call.ledger.items.change(call.caller, of(call), retired=True))


async def restore_item(call: Call) -> Reply:
    return _reply(200, call, await call.ledger.items.change(call.caller, of(call), retired=False))


async def list_versions(call: Call) -> Reply:
    place = after(call, int)
    versions = await call.ledger.items.versions(
        call.caller.tenant, of(call), after=place[0] if place else 0, count=call.params["limit"] + 1
    )
    return listed(call, versions, translate.version, lambda version: [version.number])


async def get_version(call: Call) -> Reply:
    text = call.path["number"]
    number = int(text) if text.isascii() and text.isdigit() and len(text) <= len(str(VERSION_MAX)) else 0
    versions = await call.ledger.items.versions(
        call.caller.tenant, of(call), after=min(number, VERSION_MAX) - 1, count=1
    )
    if not versions or versions[0].number != number:
        raise NotFound(f"No version {text!r} of this item", field="number")
    return json_reply(200, translate.version(versions[0]))


async def publish_version(call: Call) -> Reply:
    body: wire.PublishVersion | None = call.body
    retraining_from = day(body.retraining_from, "retraining_from") if body else None
    tenant, items = call.caller.tenant, call.ledger.items
    id = (await items.get(tenant, of(call))).id
    number = await items.publish(call.caller, id, retraining_from=retraining_from)
    (version,) = await items.versions(tenant, by_id(id, "item"), after=number - 1, count=1)
    location = f"{call.base_url}{PATH}/{to_ulid(id, 'item')}/versions/{number}"
    return json_reply(201, translate.version(version), (b"location", location.encode()))


def _reply(status: int, call: Call, item: Item) -> Reply:
    location = f"{call.base_url}{PATH}/{to_ulid(item.id, 'item')}" if status == 201 else None
    return entity(status, translate.item(item), item.updated_at, location)


async def _author(call: Call, text: str | UnsetType | None) -> Id | None:
    """Who made it. Raises PersonNotFound."""
    if text is None or text is UNSET:
        return None
    return (await call.ledger.people.get(call.caller.tenant, person(text, "author"))).id


OPERATIONS = (
    Operation(
        name="listItems",
        method="GET",
        path=PATH,
        handler=list_items,
        summary="Items in order of id; drafts, retired ones and outside learning too",
        params=(
            IDENTIFIER,
            Param("kind", choices=tuple(kind.value for kind in ItemKind)),
            Param("retired", "boolean"),
            UPDATED_AFTER,
            *LIST,
        ),
        answers={200: List[wire.Item]},
    ),
    Operation(
        name="createItem",
        method="POST",
        path=PATH,
        handler=create_item,
        summary="Add an item with its first version",
        scope=Scope.WRITE,
        body=wire.CreateItem,
        answers={201: wire.Item},
        idempotent_by_key=True,
    ),
    Operation(
        name="getItem",
        method="GET",
        path=ONE,
        handler=get_item,
        summary="One item",
        answers={200: wire.Item},
    ),
    Operation(
        name="putItem",
        method="PUT",
        path=ONE,
        handler=put_item,
        summary="Make the item of an identifier what is said here, or add it",
        scope=Scope.WRITE,
        body=wire.PutItem,
        answers={200: wire.Item, 201: wire.Item},
        conditional_on="getItem",
    ),
    Operation(
        name="changeItem",
        method="PATCH",
        path=ONE,
        handler=change_item,
        summary="Change an item: what is absent stays, null clears",
        scope=Scope.WRITE,
        body=wire.ChangeItem,
        answers={200: wire.Item},
        conditional_on="getItem",
    ),
    Operation(
        name="submitItem",
        method="POST",
        path=f"{ONE}/submit",
        handler=submit_item,
        summary="Say that the draft waits to be reviewed; it is told to webhooks and changes nothing",
        scope=Scope.WRITE,
        body=wire.SubmitItem,
        answers={200: wire.Item},
        idempotent_by_key=True,
    ),
    Operation(
        name="retireItem",
        method="POST",
        path=f"{ONE}/retire",
        handler=retire_item,
        summary="Offer an item no more; what was completed stays completed",
        scope=Scope.WRITE,
        answers={200: wire.Item},
        idempotent_by_key=True,
        conditional_on="getItem",
    ),
    Operation(
        name="restoreItem",
        method="POST",
        path=f"{ONE}/restore",
        handler=restore_item,
        summary="Offer a retired item again",
        scope=Scope.WRITE,
        answers={200: wire.Item},
        idempotent_by_key=True,
        conditional_on="getItem",
    ),
    Operation(
        name="listVersions",
        method="GET",
        path=VERSIONS,
        handler=list_versions,
        summary="Versions of an item in their order",
        params=LIST,
        answers={200: List[wire.ItemVersion]},
    ),
    Operation(
        name="publishVersion",
        method="POST",
        path=VERSIONS,
        handler=publish_version,
        summary="Publish the draft, or a new version",
        scope=Scope.WRITE,
        body=wire.PublishVersion,
        body_optional=True,
        answers={201: wire.ItemVersion},
        idempotent_by_key=True,
        conditional_on="getItem",
    ),
    Operation(
        name="getVersion",
        method="GET",
        path=f"{VERSIONS}/{{number}}",
        handler=get_version,
        summary="One version of an item",
        answers={200: wire.ItemVersion},
    ),
)
