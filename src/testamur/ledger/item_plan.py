"""What becomes of tellings of items: decided here, one after the other, without touching the database."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date
from typing import Any

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, new_id
from testamur.core.items import (
    CHILDREN_MAX,
    Item,
    ItemChange,
    ItemPut,
    ItemState,
    ItemTelling,
    NewItem,
    PutOutcome,
    change_of,
    check_fields,
    check_version,
    names_of,
    with_details,
)
from testamur.core.people import normalise
from testamur.core.skills import tag_names


@dataclass(frozen=True, slots=True)
class Added:
    """An item to be written, with its first version."""

    id: Id
    item: NewItem
    version: int = 1
    is_retired: bool = False


@dataclass(frozen=True, slots=True)
class Changed:
    """An item to be changed."""

    stored: Item
    change: ItemChange
    retraining_from: date | None


@dataclass(slots=True)
class Plan:
    """Decides what becomes of tellings, one after the other.

    Args:
        known: the item of each identifier, by (kind, value), that a telling names.
        authors: people by the texts that name authors; None for nobody.
        seen: items told of already.
        parts: what was told of parts, by item.
        members: items by the texts that name them.
        links: what each stored item consists of.
        linked: what items shall consist of.
        taken: tellings that were not refused, with the item of each.
    """

    known: dict[tuple[str, str], Id]
    authors: Mapping[str, Id | None]
    seen: set[Id]
    parts: dict[Id, ItemTelling]
    members: Mapping[str, Id]
    links: Mapping[Id, tuple[Id, ...]] = field(default_factory=dict)
    linked: dict[Id, tuple[Id, ...]] = field(default_factory=dict)
    taken: list[tuple[Id, ItemTelling]] = field(default_factory=list)
    stored: dict[Id, Item] = field(default_factory=dict)
    added: list[Added] = field(default_factory=list)
    changed: list[Changed] = field(default_factory=list)

    def take(self, told: ItemTelling) -> ItemPut:
        """Plan one telling and answer it. Of one that is refused nothing is planned, its parts included."""
        before = len(self.added), len(self.changed), len(self.taken), dict(self.parts) if told.parts else self.parts
        known = dict(self.known) if told.parts else self.known
        try:
            children = self._children(told)
            id, outcome = self._take(told)
            if children is not None and self._link(id, children) and outcome is PutOutcome.UNCHANGED:
                outcome = PutOutcome.UPDATED
        except InvalidInput as error:
            added, changed, taken, parts = before
            del self.added[added:], self.changed[changed:], self.taken[taken:]
            if told.parts:
                self.parts.clear()
                self.parts.update(parts)
                self.known = known
            return ItemPut(PutOutcome.REFUSED, fault=error.faults[0])
        self.seen.add(id)
        return ItemPut(outcome, id)

    def _take(self, told: ItemTelling) -> tuple[Id, PutOutcome]:
        keys = [(i.kind, normalise(i.kind, i.value)) for i in told.identifiers]
        if not keys and not told.is_whole and told.target is None:
            raise InvalidInput(FieldFault("", "missing", "names no identifier"))
        blank = next((kind for kind, value in keys if not value), None)
        if blank is not None:
            raise InvalidInput(FieldFault(blank, "range", "may not be blank"))
        told = cleaned(told)
        named = {self.known[key]: key for key in reversed(keys) if key in self.known}
        if told.target is not None:
            named.setdefault(told.target, ("", ""))
        if len(named) > 1:
            kinds = " and ".join(sorted(kind for kind, _ in named.values() if kind))
            names = f"{kinds} name two different items" if told.target is None else f"{kinds} names another item"
            raise InvalidInput(FieldFault("", "duplicate", names))
        id = next(iter(named), None)
        if id is not None and (id in self.seen or id in self.parts):
            raise InvalidInput(FieldFault(named[id][0], "duplicate", "this item was told of before"))
        fields = self._fields(told)
        stored = self.stored.get(id) if id is not None else None
        if stored is not None and told.kind not in (None, stored.kind):
            raise InvalidInput(FieldFault(named[stored.id][0], "duplicate", f"names a {stored.kind.value}"))
        if stored is not None and told.is_new:
            raise InvalidInput(FieldFault(named[stored.id][0], "duplicate", "is there already"))
        if stored is None:
            id, outcome = self._add(told, fields), PutOutcome.ADDED
        else:
            id, outcome = stored.id, self._change(stored, told, fields)
        self.known |= dict.fromkeys(keys, id)
        self.taken.append((id, told))
        return id, outcome

    def _children(self, told: ItemTelling) -> tuple[Id, ...] | None:
        """What the item shall consist of, each once, in order; None when the telling does not say."""
        if told.parts is None and told.members is None:
            return None
        children = [self._part(part) for part in told.parts or ()]
        for member in told.members or ():
            if member.value not in self.members:
                raise InvalidInput(FieldFault(member.field, "not_found", f"no learning object {member.value!r} here"))
            children.append(self.members[member.value])
        if len(children) > CHILDREN_MAX:
            raise InvalidInput(FieldFault("", "range", f"consists of {CHILDREN_MAX} learning objects at most"))
        return tuple(dict.fromkeys(children))

    def _part(self, part: ItemTelling) -> Id:
        keys = [(i.kind, normalise(i.kind, i.value)) for i in part.identifiers]
        id = next((self.known[key] for key in keys if key in self.known), None)
        place, part = part.place, replace(part, place="")
        try:
            if id in self.parts and id is not None:
                if self.parts[id] != part:
                    raise InvalidInput(FieldFault("", "duplicate", "was told of before, in other words"))
                return id
            id, _ = self._take(part)
        except InvalidInput as error:
            fault = error.faults[0]
            name = f"{place}.{fault.field}" if fault.field else place
            raise InvalidInput(replace(fault, field=name)) from error
        self.parts[id] = part
        return id

    def _link(self, parent: Id, children: tuple[Id, ...]) -> bool:
        """Plan what an item consists of. Returns whether that is new."""
        if parent in children:
            raise InvalidInput(FieldFault("", "order", "cannot consist of itself"))
        if self.links.get(parent, ()) == children:
            return False
        self.linked[parent] = children
        return True

    def _fields(self, told: ItemTelling) -> dict[str, Any]:
        fields = dict(told.fields)
        if told.author is not None:
            fields["author"] = self.authors[told.author] if told.author else None
            if told.author and fields["author"] is None:
                raise InvalidInput(FieldFault("author", "not_found", f"no person {told.author!r} in this tenant"))
        return fields

    def _add(self, told: ItemTelling, fields: dict[str, Any]) -> Id:
        fields = {**told.defaults, **fields} | ({} if told.kind is None else {"kind": told.kind})
        if "details" in fields:
            fields["details"] = with_details({}, fields["details"])
        check_fields({"title": None} | fields)
        check_version(told.version)
        id = new_id()
        new = NewItem(
            **fields,
            is_published=told.state is not ItemState.DRAFT,
            identifiers=told.identifiers,
            tags=told.tags or (),
            skills=names_of(told.skills) or (),
            categories=names_of(told.categories) or (),
        )
        self.added.append(Added(id, new, told.version or 1, told.state is ItemState.RETIRED))
        return id

    def _change(self, stored: Item, told: ItemTelling, fields: dict[str, Any]) -> PutOutcome:
        change = change_of(stored, told, fields)
        if change.is_empty:
            return PutOutcome.UNCHANGED
        self.changed.append(Changed(stored, change, told.retraining_from))
        return PutOutcome.UPDATED


def cleaned(told: ItemTelling) -> ItemTelling:
    """With names of tags as they are kept. Raises InvalidInput for one that cannot be."""
    tags = None if told.tags is None else tag_names(told.tags, "tags")
    tag_names(names_of(told.skills) or (), "skills")
    tag_names(names_of(told.categories) or (), "categories")
    return replace(told, tags=tags)
