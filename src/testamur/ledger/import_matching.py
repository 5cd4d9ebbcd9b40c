"""Whom and what the rows of a file name (rules I5 to I7)."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from testamur.core.errors import FieldFault
from testamur.core.ids import Id, new_id, parse, to_ulid
from testamur.core.imports import Key, Row
from testamur.core.items import Outside
from testamur.core.people import IDENTIFIER_LENGTH_MAX, Identifier, normalise
from testamur.ledger.erased import erased_among, has_erased
from testamur.storage.transactions import Tx

_REMEMBERED_MAX = 200_000
"""Keys whose meaning is remembered while a file is read, so that memory does not grow with it."""
OUTSIDE_MAX = 100_000
"""Learning objects that one file may bring along."""
_PADDED_MAX = 12
ERASED = "erased"
"""Code of the fault of a row that names somebody who was erased. Nobody who is added sets it free."""
TITLE = "title"
"""Kind of the key of learning outside that has nothing but its title and provider."""

Lookup: TypeAlias = tuple[str, str]


@dataclass(frozen=True, slots=True)
class Found:
    """What a key means: nothing, one, or several, which is an error; `near` is what it resembles."""

    ids: tuple[Id, ...] = ()
    near: str | None = None


@dataclass(slots=True)
class Matcher:
    """Finds what keys name, each once.

    Args:
        query: `import_people` or `import_items`.
        noun: of own ids.
    """

    query: str
    noun: str
    _found: dict[Key, Found] = field(default_factory=dict)

    async def look_up(self, tx: Tx, keys: Iterable[Key]) -> None:
        """Learn what these keys mean; ask `of` before the next call."""
        new = {key for key in keys if key not in self._found}
        if len(self._found) + len(new) > _REMEMBERED_MAX:
            self._found.clear()
            new = set(keys)
        if not new:
            return
        # A kind that was declared decides alone where it finds somebody; only then the others are asked.
        first = await self._fetch(tx, (one for key in new for one in self._lookups(key, key.is_declared)))
        rest: list[Key] = []
        for key in new:
            ids = self._ids(first, key, key.is_declared)
            if ids or not key.is_declared:
                self._found[key] = Found(ids)
            else:
                rest.append(key)
        others = await self._fetch(tx, (one for key in rest for one in self._lookups(key)))
        for key in rest:
            self._found[key] = Found(self._ids(others, key))
        await self._look_near(tx, [key for key in new if not self._found[key].ids])

    def of(self, key: Key) -> Found:
        return self._found[key]

    def _lookups(self, key: Key, only_first: bool = False) -> Iterable[Lookup]:
        for kind in key.kinds[:1] if only_first else key.kinds:
            if kind != "id":
                yield kind, normalise(kind, key.value)
            elif (own := parse(key.value, self.noun)) is not None:
                yield kind, str(own)

    def _ids(self, found: dict[Lookup, Id], key: Key, only_first: bool = False) -> tuple[Id, ...]:
        return tuple(dict.fromkeys(found[one] for one in self._lookups(key, only_first) if one in found))

    async def _fetch(self, tx: Tx, lookups: Iterable[Lookup]) -> dict[Lookup, Id]:
        wanted = set(lookups)
        if not wanted:
            return {}
        named = [(kind, value) for kind, value in wanted if kind != "id"]
        rows = await tx.rows(
            self.query,
            kinds=[kind for kind, _ in named],
            values=[value for _, value in named],
            ids=[value for kind, value in wanted if kind == "id"],
        )
        return {(row[0], row[1]): row[2] for row in rows}

    async def _look_near(self, tx: Tx, keys: Sequence[Key]) -> None:
        """What is spelled almost as these: other zeros before it, other case (the example of rule I6)."""
        variants = {key: [(key.kinds[0], value) for value in _variants(key.value)] for key in keys}
        found = await self._fetch(tx, (one for near in variants.values() for one in near))
        for key, near in variants.items():
            seen = [f"{kind} {value}" for kind, value in near if (kind, value) in found]
            if seen:
                self._found[key] = Found(near=", ".join(seen[:3]))


def _variants(value: str) -> Collection[str]:
    if value.isascii() and value.isdigit():
        bare = value.lstrip("0")
        return {bare.zfill(width) for width in range(len(bare), _PADDED_MAX + 1)} - {value, ""}
    return {value.lower(), value.upper(), value.replace(" ", "")} - {value, ""}


@dataclass(slots=True)
class NewOutside:
    """Learning outside that a file brings along, under the key it has there."""

    item: Id
    kind: str
    value: str
    title: str
    provider: str | None


class Matching:
    """Whom and what the rows of one file name."""

    def __init__(self) -> None:
        self.people = Matcher("import_people", "person")
        self._items = Matcher("import_items", "item")
        self._titles: dict[tuple[str, str | None], tuple[Id, ...]] = {}
        self._erased: set[Key] = set()
        self._outside: dict[Lookup, NewOutside] = {}
        self.fresh: list[NewOutside] = []

    async def look_up(self, tx: Tx, rows: Sequence[Row]) -> None:
        """Learn what these rows name."""
        keys = [key for row in rows for key in row.people]
        await self.people.look_up(tx, keys)
        if await has_erased(tx):
            self._erased = await _erased(tx, [key for key in keys if not self.people.of(key).ids])
        await self._items.look_up(tx, [key for row in rows for key in row.learnings])
        titles = {(row.title, row.provider) for row in rows if row.title is not None and not row.learnings}
        new = [named for named in titles if named not in self._titles]
        if len(self._titles) + len(new) > _REMEMBERED_MAX:
            self._titles.clear()
            new = list(titles)
        if new:
            found = await tx.rows(
                "import_titles", titles=[title for title, _ in new], providers=[provider for _, provider in new]
            )
            for named in new:
                self._titles[named] = ()
            for row in found:
                self._titles[new[row["place"] - 1]] += (row["item"],)

    def person(self, keys: Sequence[Key]) -> tuple[Id | None, FieldFault | None]:
        """Who is named: one person; or nobody, perhaps with somebody near; or two, which is an error."""
        person, fault = who(self.people, keys)
        if person is None and not self._erased.isdisjoint(keys):
            # Said in its own words, and not with those of the row.
            fault = FieldFault("person", ERASED, "names somebody who was erased (rule G5)")
        return person, fault

    def item(self, row: Row) -> tuple[Id | None, FieldFault | None]:
        """What is named: an item, or learning outside; two items are an error, as is an unknown key without a title."""
        if len(row.learnings) == 1 and len(found := self._items.of(row.learnings[0]).ids) == 1:
            return found[0], None
        ids: dict[Id, None] = {}
        for key in row.learnings:
            ids |= dict.fromkeys(self._items.of(key).ids)
        if not row.learnings and row.title is not None:
            ids = dict.fromkeys(self._titles[row.title, row.provider])
        if len(ids) > 1:
            named = " and ".join(to_ulid(id, "item") for id in ids)
            return None, FieldFault("learning", "duplicate", f"names more than one learning object: {named}")
        if ids:
            return next(iter(ids)), None
        if row.title is None:
            near = next((f"; near it: {near}" for key in row.learnings if (near := self._items.of(key).near)), "")
            return None, FieldFault("title", "missing", f"the learning object is unknown, and so needs a title{near}")
        return self._outside_item(row, row.title), None

    def _outside_item(self, row: Row, title: str) -> Id:
        if row.learnings:
            kind = next((kind for kind in row.learnings[0].kinds if kind != "id"), "ref")
            lookup = kind, normalise(kind, row.learnings[0].value)
        else:
            lookup = title_lookup(Outside(title, row.provider))
        if lookup not in self._outside:
            made = NewOutside(new_id(), *lookup, title, row.provider)
            self._outside[lookup] = made
            self.fresh.append(made)
        return self._outside[lookup].item

    @property
    def has_too_many_outside(self) -> bool:
        return len(self._outside) > OUTSIDE_MAX


async def _erased(tx: Tx, keys: Sequence[Key]) -> set[Key]:
    """Those that named somebody who was erased."""
    spelled = [(key, key.value.strip()) for key in keys]
    named = {
        Identifier(kind, value): key
        for key, value in spelled
        if 0 < len(value) <= IDENTIFIER_LENGTH_MAX
        for kind in key.kinds
    }
    if not named:
        return set()
    return {named[one] for one in await erased_among(tx, named)}


def who(people: Matcher, keys: Sequence[Key]) -> tuple[Id | None, FieldFault | None]:
    """The person that keys name together, or what there is to say instead (rule I5)."""
    if len(keys) == 1 and len(found := people.of(keys[0]).ids) == 1:
        return found[0], None
    ids: dict[Id, str] = {}
    for key in keys:
        for id in people.of(key).ids:
            ids.setdefault(id, key.value)
    if len(ids) > 1:
        named = " and ".join(f"{value!r} {to_ulid(id, 'person')}" for id, value in ids.items())
        return None, FieldFault("person", "duplicate", f"names more than one person: {named} (rule I5)")
    if ids:
        return next(iter(ids)), None
    near = next((near for key in keys if (near := people.of(key).near)), None)
    values = " and ".join(repr(key.value) for key in keys)
    hint = f"; near it: {near}" if near else ""
    return None, FieldFault("person", "not_found", f"nobody is known by {values}{hint}")


def title_lookup(outside: Outside) -> Lookup:
    """The key of learning outside that has none of its own."""
    said = f"{outside.title.lower()}\0{(outside.provider or '').lower()}"
    return TITLE, hashlib.blake2b(said.encode(), digest_size=16).hexdigest()


Progress: TypeAlias = Callable[[str, int, int], None]
"""Told of a stage how much is done, and of how much."""
