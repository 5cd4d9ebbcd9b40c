"""Items and their versions."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, Struct, UnsetType

from testamur.core.items import TITLE_LENGTH_MAX, VERSION_MAX
from testamur.dialects.api.wire import Day, Identifiers, Key, Moment, Named, Short

Kind = Literal["content", "course", "collection", "outside"]
OwnKind = Literal["content", "course", "collection"]
State = Literal["draft", "published", "retired"]
Title = Annotated[str, Meta(min_length=1, max_length=TITLE_LENGTH_MAX)]
Text = Annotated[str, Meta(min_length=1, max_length=20_000)]
Url = Annotated[str, Meta(min_length=1, max_length=2_000)]
Duration = Annotated[str, Meta(max_length=100, description="ISO 8601, such as PT45M")]
Names = Annotated[list[Short], Meta(max_length=100)]
Attributes = Annotated[dict[Key, Any], Meta(max_length=100)]


class Item(Struct, kw_only=True):
    """An item as read.

    Args:
        version: number of the newest published version, null without one.
        draft: number of the version behind it that is not published yet.
    """

    id: str
    kind: Kind
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
    author: str | None
    ref: str | None
    identifiers: dict[str, list[str]]
    tags: list[str]
    skills: list[str]
    attributes: dict[str, Any]
    state: State
    version: int | None
    draft: int | None
    created_at: Moment
    updated_at: Moment
    retired_at: Moment | None


class PutItem(Struct, kw_only=True, forbid_unknown_fields=True):
    """An item as a catalogue wants it, whole: what is absent is empty.

    Args:
        identifiers: further ones, beside that of the address. They are added; none is taken away.
        state: a new item is published when absent, one that is there stays as it is.
        version: number of the version that `state` is about.
        retraining_from: when this publishes a version, credit from older ones ends on this day (rule V4).
    """

    title: Title
    kind: OwnKind = "content"
    format: Short | None = None
    description: Text | None = None
    provider: Short | None = None
    language: Short | None = None
    url: Url | None = None
    cover_url: Url | None = None
    duration: Duration | None = None
    is_authored: bool = False
    requires_quiz: bool = False
    is_official: bool = False
    author: Named | None = None
    identifiers: Identifiers = {}
    tags: Names = []
    skills: Names = []
    attributes: Attributes = {}
    state: State | None = None
    version: Annotated[int, Meta(ge=1, le=VERSION_MAX)] | None = None
    retraining_from: Day | None = None


class CreateItem(Struct, kw_only=True, forbid_unknown_fields=True):
    """An item to be added, with its first version."""

    title: Title
    kind: OwnKind = "content"
    format: Short | None = None
    description: Text | None = None
    provider: Short | None = None
    language: Short | None = None
    url: Url | None = None
    cover_url: Url | None = None
    duration: Duration | None = None
    is_authored: bool = False
    requires_quiz: bool = False
    is_official: bool = False
    author: Named | None = None
    ref: Short | None = None
    identifiers: Identifiers = {}
    tags: Names = []
    skills: Names = []
    attributes: Attributes = {}
    state: Literal["draft", "published"] = "published"


class ChangeItem(Struct, kw_only=True, forbid_unknown_fields=True):
    """What is to be different in an item. Attributes are changed key by key; null takes one away."""

    title: Title | UnsetType = UNSET
    kind: OwnKind | UnsetType = UNSET
    format: Short | UnsetType | None = UNSET
    description: Text | UnsetType | None = UNSET
    provider: Short | UnsetType | None = UNSET
    language: Short | UnsetType | None = UNSET
    url: Url | UnsetType | None = UNSET
    cover_url: Url | UnsetType | None = UNSET
    duration: Duration | UnsetType | None = UNSET
    is_authored: bool | UnsetType = UNSET
    requires_quiz: bool | UnsetType = UNSET
    is_official: bool | UnsetType = UNSET
    author: Named | UnsetType | None = UNSET
    tags: Names | UnsetType | None = UNSET
    skills: Names | UnsetType | None = UNSET
    attributes: Attributes | UnsetType | None = UNSET


class ItemVersion(Struct, kw_only=True):
    """A version of an item. Without `published_at` it is a draft."""

    number: int
    published_at: Moment | None
    retraining_from: Day | None
    created_at: Moment


class PublishVersion(Struct, forbid_unknown_fields=True):
    """The draft is to be published, or a new version without one; see PutItem for `retraining_from`."""

    retraining_from: Day | None = None


class SubmitItem(Struct, forbid_unknown_fields=True):
    """The draft waits for a review. `reviewer` is who was asked for it, where that is known."""

    submitter: Named
    reviewer: Named | None = None
