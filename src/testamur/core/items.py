"""Items: anything that can be completed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from enum import Enum
from typing import Any

from testamur.core.ids import Id
from testamur.core.people import Identifier


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
    identifiers: tuple[Identifier, ...] = ()
    attributes: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True, kw_only=True)
class Item:
    """An item as stored. `version` is the number of the newest published version, None for a draft."""

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
    version: int | None
    identifiers: Mapping[str, tuple[str, ...]]
    attributes: Mapping[str, Any]
    created_at: datetime
    updated_at: datetime
    retired_at: datetime | None

    @property
    def ref(self) -> str | None:
        return next(iter(self.identifiers.get("ref", ())), None)


@dataclass(frozen=True, slots=True)
class Outside:
    """Learning named only by its title and provider, as free text."""

    title: str
    provider: str | None = None
