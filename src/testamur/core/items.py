"""Items: anything that can be completed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from enum import Enum
from typing import Any

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.people import Identifier, Reference, normalise
from testamur.core.skills import Subject, UsedTag, tag_key

TITLE_LENGTH_MAX = 500
CHILDREN_MAX = 1_000
"""Learning objects that one other consists of."""
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
        categories: names of those it is filed under.
        details: what a catalogue says of it beside, by names of our own: `languages`, `localizations` and the like.
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
    categories: tuple[str, ...] = ()
    identifiers: tuple[Identifier, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)
    details: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item as stored.

    Args:
        version: number of the newest published version, None for a draft.
        draft: number of the version behind it that is not published yet, or None.
        tags, skills, categories: names in order.
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
    categories: tuple[str, ...]
    identifiers: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, Any]
    details: Mapping[str, Any]
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


@dataclass(frozen=True, slots=True, kw_only=True)
class LinkedItem:
    """An item among its like.

    Args:
        categories, skills: as they are known, in order of name.
        children: what it consists of, in order.
        parents: what it belongs to, with the kind of each.
        place: where it stands in the first of its courses, from 1; None outside of any.
    """

    item: Item
    categories: tuple[UsedTag, ...] = ()
    skills: tuple[UsedTag, ...] = ()
    children: tuple[Id, ...] = ()
    parents: tuple[tuple[ItemKind, Id], ...] = ()
    place: int | None = None


@dataclass(frozen=True, slots=True)
class ItemVersion:
    """A version of an item.

    Args:
        published_at: None for a draft.
        retraining_from: credit from older versions ends on this day at the latest (rule V4).
    """

    number: int
    published_at: datetime | None
    retraining_from: date | None
    created_at: datetime


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
            `provider`, `language`, `url`, `cover_url`, `duration`, `is_authored`, `requires_quiz`, `is_official`,
            `attributes` and `details`. None clears.
        defaults: values of further fields for an item that is new.
        author: the maker's reference, email address or id; an empty text says that nobody of the tenant made it.
        state: a new item is published unless this says otherwise.
        version: number of the version that `state` is about. Without it the first one is meant, and an item that
            is published stays at its version.
        retraining_from: when this publishes a version, credit from older ones ends on that day (rule V4).
        tags: all of them, by name.
        skills, categories: all of them, by name or with what is to be known of them.
        is_whole: this is all there is to say. Details not told go, a draft is published unless `state` says otherwise,
            and without an identifier the item is new.
        kind: the kind that is meant: an item of another kind is refused, a new one is of this kind.
        is_new: refused where an item of that name is there already.
        target: the item that is meant, whatever the identifiers say: they become its own, and a `ref` among them takes
            the place of those it had.
        parts: what it consists of, in order, told along with it.
        members: what it consists of, in order, all of it known already.
        place: of a part, the caller's name for the place it stood in.
    """

    identifiers: tuple[Identifier, ...]
    fields: Mapping[str, Any] = field(default_factory=dict)
    defaults: Mapping[str, Any] = field(default_factory=dict)
    author: str | None = None
    state: ItemState | None = None
    version: int | None = None
    retraining_from: date | None = None
    tags: tuple[str, ...] | None = None
    skills: tuple[str | Subject, ...] | None = None
    categories: tuple[str | Subject, ...] | None = None
    is_whole: bool = False
    kind: ItemKind | None = None
    is_new: bool = False
    target: Id | None = None
    parts: tuple[ItemTelling, ...] | None = None
    members: tuple[Reference, ...] | None = None
    place: str = ""


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
        former: identifiers to be taken away.
        drafts: number of a version to be made and not published.
        publishes: number of a version to be published; made where it is not there yet.
        retired: whether the item becomes retired (True) or is offered again (False).
    """

    fields: Mapping[str, Any] = field(default_factory=dict)
    identifiers: tuple[Identifier, ...] = ()
    former: tuple[Identifier, ...] = ()
    drafts: int | None = None
    publishes: int | None = None
    retired: bool | None = None
    tags: tuple[str, ...] | None = None
    skills: tuple[str, ...] | None = None
    categories: tuple[str, ...] | None = None

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
    "details",
)
"""The fields of an item that a catalogue may change."""

_NEVER_NONE = frozenset({"title", "kind", "is_authored", "requires_quiz", "is_official", "attributes", "details"})


def change_of(stored: Item, told: ItemTelling, fields: Mapping[str, Any]) -> ItemChange:
    """How `told` changes the item; empty when it says nothing new.

    Args:
        fields: the telling's fields, the author among them as an id.
    Raises: InvalidInput when a field cannot be None, or a published version would go backwards.
    """
    check_fields(fields)
    check_version(told.version)
    known = {(kind, value) for kind, values in stored.identifiers.items() for value in values}
    if "details" in fields:
        kept = {} if told.is_whole else stored.details
        fields = {**fields, "details": with_details(kept, fields["details"])}
    refs = [normalise(i.kind, i.value) for i in told.identifiers if i.kind == "ref"] if told.target is not None else []
    return ItemChange(
        fields={name: value for name, value in fields.items() if getattr(stored, name) != value},
        identifiers=tuple(i for i in told.identifiers if (i.kind, normalise(i.kind, i.value)) not in known),
        former=tuple(Identifier("ref", ref) for ref in stored.identifiers.get("ref", ()) if refs and ref not in refs),
        **_version_change(stored, told),
        tags=_other_names(stored.tags, told.tags),
        skills=_other_names(stored.skills, names_of(told.skills)),
        categories=_other_names(stored.categories, names_of(told.categories)),
    )


def with_details(stored: Mapping[str, Any], told: Mapping[str, Any]) -> dict[str, Any]:
    """Details after being told of some; None takes one away."""
    return {name: value for name, value in {**stored, **told}.items() if value is not None}


def names_of(subjects: Sequence[str | Subject] | None) -> tuple[str, ...] | None:
    """The names of categories or skills, which must all have one."""
    if subjects is None:
        return None
    return tuple(one if isinstance(one, str) else one.name or "" for one in subjects)


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
    publishes = told.state is ItemState.PUBLISHED or told.is_whole
    wanted = told.version or (last if publishes and not newest else 0)
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
