"""Collections: what bodies say of them."""

from __future__ import annotations

from dataclasses import replace

from msgspec import UNSET

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.items import CHILDREN_MAX, ItemKind, ItemTelling
from testamur.core.people import Reference
from testamur.dialects.stackone.translate import content
from testamur.dialects.stackone.wire import collections as wire


def create(body: wire.WriteCollection) -> ItemTelling:
    """A collection to be made. Raises InvalidInput naming the field."""
    return replace(content.upsert(body, ItemKind.COLLECTION), members=_members(body), is_new=True)


def update(body: wire.WriteCollection, target: Id) -> ItemTelling:
    """What a body changes of a collection. Raises InvalidInput naming the field."""
    return replace(content.update(body, ItemKind.COLLECTION, target), members=_members(body))


def _members(body: wire.WriteCollection) -> tuple[Reference, ...] | None:
    """What is in it: the first list, and what only the other names; None when neither is given."""
    if body.learning_object_ids is UNSET and body.remote_learning_object_ids is UNSET:
        return None
    members = []
    for name in ("learning_object_ids", "remote_learning_object_ids"):
        given = getattr(body, name)
        for place, text in enumerate(() if given is UNSET or given is None else given):
            members.append(content.learning_object(text, f"{name}[{place}]"))
    if len(members) > 2 * CHILDREN_MAX:
        raise InvalidInput(FieldFault("learning_object_ids", "range", f"takes {CHILDREN_MAX} members at most"))
    return tuple(members)
