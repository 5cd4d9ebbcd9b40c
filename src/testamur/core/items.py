"""Items: anything that can be completed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.people import Identifier, normalise
from testamur.core.skills import tag_key

TITLE_LENGTH_MAX = 500
VERSION_MAX = 2**31 - 1


class ItemKind(Enum):
    """The size of a learning object."""

    CONTENT = "content"
    """The smallest unit that can be tracked."""
    COURSE = "course"
    """Content grouped for one purpose."""
    COLLECTION = "collection"
    """A grouping of learning objects, such as a learning path."""
    OUTSIDE = "outside"
    """Learning outside of the connected systems, known by title and provider only (rule I7)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewItem:
    """An item to be added.

    Args:
        format: the vendor's finer word, such as `video`, `scorm`, `quiz`, `event`.
        is_authored: made in the authoring tool the tenant uses, as against third-party content: an imported
            completion then shows a full quiz score where a quiz is required.
        requires_quiz: passing a quiz is part of completing it.
        is_published: whether version 1 is published at once.
        is_official: the organisation stands behind it.
        author: the person who made it.
        tags: names of what it is about.
        skills: names of the skills that completing it builds.
    """

    title: str
    kind: ItemKind = ItemKind.CONTENT
    format: str | None = None
    description: str | None = None
    provider: str | None = None
    language: str | None = None
    url: str | None = None
    cover_url: str | None = None
    duration: str | None = None
    is_authored: bool = False
    requires_quiz: bool = False
    is_published: bool = True
    is_official: bool = False
    author: Id | None = None
    tags: tuple[str, ...] = ()
    skills: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item as stored.

    Args:
        version: number of the newest published version, None for a draft.
        draft: number of the version behind it that is not published yet, or None.
        tags, skills: names in order.
    """

    id: Id
    kind: ItemKind
    format: str | None
    title: str
    description: str | None
    provider: str | None
    language: str | None
    url: str | None
    cover_url: str | None
    duration: str | None
    is_authored: bool
    requires_quiz: bool
    is_official: bool
    author: Id | None
    version: int | None
    draft: int | None
    tags: tuple[str, ...]
    skills: tuple[str, ...]
    identifiers: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    retired_at: datetime | None

    @property
    def ref(self) -> str | None:
        return next(iter(self.identifiers.get("ref", ())), None)

    @property
    def is_open(self) -> bool:
        """Whether learners have seen it: published at some time, or learning outside."""
        return self.version is not None or self.kind is ItemKind.OUTSIDE


class ItemEventKind(Enum):
    """What happens to an item, as the ledger's entries call it."""

    ADDED = "item.added"
    UPDATED = "item.updated"
    PUBLISHED = "item.published"
    RETIRED = "item.retired"
    RESTORED = "item.restored"


@dataclass(frozen=True, slots=True)
class ItemEvent:
    """Something that happened to an item. `client` is who did it, None for the ledger itself."""

    kind: ItemEventKind
    at: datetime
    client: Id | None


@dataclass(frozen=True, slots=True)
class ItemForms:
    """A choice of items by form: the format where it is one of `formats`, else the word of the kind."""

    formats: frozenset[str]
    wanted: frozenset[str]


@dataclass(frozen=True, slots=True)
class Outside:
    """Learning named only by its title and provider, as free text."""

    title: str
    provider: str | None = None


class ItemState(Enum):
    """How far an item is."""

    DRAFT = "draft"
    PUBLISHED = "published"
    RETIRED = "retired"
    """Not offered any more; what was completed stays completed."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemTelling:
    """What a catalogue says of one item. What it says nothing about stays as it is.

    Args:
        identifiers: at least one; an item with any of them is the one that is meant.
        fields: values by field of NewItem, of those the catalogue has: `title`, `kind`, `format`, `description`,
            `provider`, `language`, `url`, `cover_url`, `duration`, `is_authored`, `requires_quiz`, `is_official` and
            `attributes`. None clears.
        author: the maker's reference, email address or id; an empty text says that nobody of the tenant made it.
        state: a new item is published unless this says otherwise.
        version: number of the version that `state` is about. Without it the first one is meant, and an item that
            is published stays at its version.
        retraining_from: when this publishes a version, credit from older ones ends on that day (rule V4).
        tags, skills: all of them, by name.
    """

    identifiers: tuple[Identifier, ...]
    fields: Mapping[str, Any] = field(default_factory=dict)
    author: str | None = None
    state: ItemState | None = None
    version: int | None = None
    retraining_from: date | None = None
    tags: tuple[str, ...] | None = None
    skills: tuple[str, ...] | None = None


class PutOutcome(Enum):
    """What came of a telling."""

    ADDED = "added"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    REFUSED = "refused"


@dataclass(frozen=True, slots=True)
class ItemPut:
    """What came of a telling: the item's id, or why it was refused."""

    outcome: PutOutcome
    item: Id | None = None
    fault: FieldFault | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class ItemChange:
    """How a telling changes one stored item. What is None or empty stays.

    Args:
        fields: new values by name.
        identifiers: to be added.
        drafts: number of a version to be made and not published.
        publishes: number of a version to be published; made where it is not there yet.
        retired: whether the item becomes retired (True) or is offered again (False).
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    identifiers: tuple[Identifier, ...] = ()
    drafts: int | None = None
    publishes: int | None = None
    retired: bool | None = None
    tags: tuple[str, ...] | None = None
    skills: tuple[str, ...] | None = None

    @property
    def is_empty(self) -> bool:
        return self == ItemChange()


FIELDS = (
    "title",
    "kind",
    "format",
    "description",
    "provider",
    "language",
    "url",
    "cover_url",
    "duration",
    "is_authored",
    "requires_quiz",
    "is_official",
    "author",
    "attributes",
)
"""The fields of an item that a catalogue may change."""

_NEVER_NONE = frozenset({"title", "kind", "is_authored", "requires_quiz", "is_official", "attributes"})


def change_of(stored: Item, told: ItemTelling, fields: Mapping[str, Any]) -> ItemChange:
    """How `told` changes the item; empty when it says nothing new.

    Args:
        fields: the telling's fields, the author among them as an id.
    Raises: InvalidInput when a field cannot be None, or a published version would go backwards.
    """
    check_fields(fields)
    check_version(told.version)
    known = {(kind, value) for kind, values in stored.identifiers.items() for value in values}
    return ItemChange(
        fields={name: value for name, value in fields.items() if getattr(stored, name) != value},
        identifiers=tuple(i for i in told.identifiers if (i.kind, normalise(i.kind, i.value)) not in known),
        **_version_change(stored, told),
        tags=_other_names(stored.tags, told.tags),
        skills=_other_names(stored.skills, told.skills),
    )


def check_fields(fields: Mapping[str, Any]) -> None:
    """Raises InvalidInput for a field that cannot be empty, and for a title that is too long."""
    faults = [
        FieldFault(name, "missing", "may not be empty")
        for name, value in fields.items()
        if name in _NEVER_NONE and value in (None, "")
    ]
    if len(fields.get("title") or "") > TITLE_LENGTH_MAX:
        faults.append(FieldFault("title", "range", f"must have at most {TITLE_LENGTH_MAX} characters"))
    if faults:
        raise InvalidInput(faults)


def check_version(version: int | None) -> None:
    """Raises InvalidInput for a number that no version can have."""
    if version is not None and not 1 <= version <= VERSION_MAX:
        raise InvalidInput(FieldFault("version", "range", f"must be from 1 to {VERSION_MAX}"))


def _version_change(stored: Item, told: ItemTelling) -> dict[str, Any]:
    newest, last = stored.version or 0, stored.draft or stored.version or 0
    if told.version is not None and told.version < newest:
        raise InvalidInput(FieldFault("version", "order", f"version {newest} is published already"))
    if told.state is ItemState.DRAFT:
        if newest and told.version in (None, newest):
            raise InvalidInput(FieldFault("state", "order", "is published already; a draft needs a higher version"))
        return {"drafts": told.version} if told.version is not None and told.version > last else {}
    change: dict[str, Any] = {}
    # Nobody's draft is published by a catalogue that only says, once more, that the item is.
    wanted = told.version or (last if told.state is ItemState.PUBLISHED and not newest else 0)
    if wanted > newest:
        change["publishes"] = wanted
    if told.state is ItemState.RETIRED and stored.retired_at is None:
        change["retired"] = True
    if told.state is ItemState.PUBLISHED and stored.retired_at is not None:
        change["retired"] = False
    return change


def _other_names(stored: tuple[str, ...], told: tuple[str, ...] | None) -> tuple[str, ...] | None:
    """What was told, when it means other tags than are stored."""
    if told is None or {tag_key(name) for name in stored} == {tag_key(name) for name in told}:
        return None
    return told
