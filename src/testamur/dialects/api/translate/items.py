"""Items and their versions."""

from __future__ import annotations

from typing import Any

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, to_ulid
from testamur.core.items import Item, ItemKind, ItemState, ItemTelling, ItemVersion, NewItem
from testamur.core.moments import is_duration
from testamur.core.people import Identifier
from testamur.dialects.api.translate import day, id_of, identifiers, said
from testamur.dialects.api.wire import items as wire
from testamur.http.replies import instant

_NOT_FIELDS = ("author", "identifiers", "ref", "tags", "skills", "state", "version", "retraining_from")


def new_item(body: wire.CreateItem, author: Id | None) -> NewItem:
    """An item to be added. Raises InvalidInput."""
    return NewItem(
        **fields(body),
        author=author,
        is_published=body.state == "published",
        identifiers=identifiers(body.identifiers, ref=body.ref),
        tags=tuple(body.tags),
        skills=tuple(body.skills),
    )


def telling(body: wire.PutItem, named: Identifier, author: Id | None) -> ItemTelling:
    """An item as a catalogue wants it, whole. Raises InvalidInput."""
    return ItemTelling(
        identifiers=(named, *identifiers(body.identifiers)),
        fields=fields(body),
        author="" if author is None else str(author),
        state=ItemState(body.state) if body.state else None,
        version=body.version,
        retraining_from=day(body.retraining_from, "retraining_from"),
        tags=tuple(body.tags),
        skills=tuple(body.skills),
    )


def fields(body: wire.CreateItem | wire.PutItem | wire.ChangeItem) -> dict[str, Any]:
    """The fields a body has, as the core has them; the author apart. Raises InvalidInput."""
    found: dict[str, Any] = said(body, but=_NOT_FIELDS)
    if found.get("title") is not None and not found["title"].strip():
        raise InvalidInput(FieldFault("title", "range", "may not be blank"))
    if found.get("duration") is not None and not is_duration(found["duration"]):
        raise InvalidInput(FieldFault("duration", "format", "must be an ISO 8601 duration, such as PT45M"))
    if "kind" in found:
        found["kind"] = ItemKind(found["kind"])
    if "attributes" in found:
        # A null says that there is none; in a change the ledger has to see it.
        given = found["attributes"] or {}
        is_change = isinstance(body, wire.ChangeItem)
        found["attributes"] = {key: value for key, value in given.items() if is_change or value is not None}
    return found


def item(stored: Item) -> wire.Item:
    state = ItemState.PUBLISHED if stored.is_open else ItemState.DRAFT
    return wire.Item(
        id=to_ulid(stored.id, "item"),
        kind=stored.kind.value,
        format=stored.format,
        title=stored.title,
        description=stored.description,
        provider=stored.provider,
        language=stored.language,
        url=stored.url,
        cover_url=stored.cover_url,
        duration=stored.duration,
        is_authored=stored.is_authored,
        requires_quiz=stored.requires_quiz,
        is_official=stored.is_official,
        author=id_of(stored.author, "person"),
        ref=stored.ref,
        identifiers={kind: list(values) for kind, values in sorted(stored.identifiers.items())},
        tags=list(stored.tags),
        skills=list(stored.skills),
        attributes=dict(stored.attributes),
        state=(ItemState.RETIRED if stored.retired_at else state).value,
        version=stored.version,
        draft=stored.draft,
        created_at=instant(stored.created_at) or "",
        updated_at=instant(stored.updated_at) or "",
        retired_at=instant(stored.retired_at),
    )


def version(stored: ItemVersion) -> wire.ItemVersion:
    return wire.ItemVersion(
        number=stored.number,
        published_at=instant(stored.published_at),
        retraining_from=stored.retraining_from.isoformat() if stored.retraining_from else None,
        created_at=instant(stored.created_at) or "",
    )
