"""Tags: names for subjects that items are about, and that people care for or are skilled in."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from testamur.core.errors import FieldFault, InvalidInput, NotFound
from testamur.core.ids import Id

TAG_LENGTH_MAX = 255
LEVEL_MAX = 2**31 - 1
NO_LEVEL = -1
"""Said of a level, it takes the level away."""


class TagNotFound(NotFound):
    """No such tag or skill in this tenant."""

    code = "tag_not_found"


@dataclass(frozen=True, slots=True, kw_only=True)
class Tag:
    """A tag as stored.

    Args:
        items: those that are about it or build it.
        interested, skilled: the people who care for it, and those who have it as a skill at some level.
    """

    id: Id
    name: str
    items: tuple[Id, ...]
    interested: tuple[Id, ...]
    skilled: tuple[Id, ...]
    created_at: datetime
    updated_at: datetime


class TagUse(Enum):
    """What a tag is beside a name."""

    CATEGORY = "category"
    """Items are filed under it."""
    SKILL = "skill"
    """Items build it, and people have it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Subject:
    """A category or skill as a catalogue tells of it. What is None is not said and stays as it is.

    Args:
        name: which tag it is; without it `ref` says so.
        ref: the catalogue's own key, or an id of ours. It means whatever tag it was last told with.
        hierarchy: `primary`, `secondary`, `tertiary`, or the source's own word.
        language: of its name.
        proficiency: the level of a skill, 1 to 5.
        extra: what else is to be kept with it.
    """

    name: str | None = None
    ref: str | None = None
    hierarchy: str | None = None
    language: str | None = None
    proficiency: int | None = None
    extra: Mapping[str, Any] | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class UsedTag:
    """A tag as a category or skill, as stored. `ref` is the first of the keys that catalogues know it by."""

    tag: Id
    use: TagUse
    name: str
    ref: str | None
    hierarchy: str | None
    language: str | None
    proficiency: int | None
    extra: Mapping[str, Any] | None
    created_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class TagNamed:
    """A tag as a caller named it. `field` is the caller's name for the place it stood in."""

    name: str
    field: str = ""


@dataclass(frozen=True, slots=True)
class SkillSetting:
    """What is to become of one skill of a person: a level not said stays as it is; NO_LEVEL takes it away."""

    tag: TagNamed
    level: int | None = None
    target: int | None = None


@dataclass(frozen=True, slots=True)
class PersonSkill:
    """A skill of a person. `level` is None while the person only aims at `target`."""

    tag: Id
    name: str
    level: int | None
    target: int | None

    def after(self, setting: SkillSetting) -> PersonSkill:
        return PersonSkill(self.tag, self.name, _level(self.level, setting.level), _level(self.target, setting.target))

    @property
    def is_empty(self) -> bool:
        return self.level is None and self.target is None


@dataclass(frozen=True, slots=True)
class PersonTags:
    """The open ties of one person: names of interests, and skills, both in order of name."""

    interests: tuple[str, ...] = ()
    skills: tuple[PersonSkill, ...] = ()


@dataclass(frozen=True, slots=True)
class SkillLevel:
    """A tenant's word for how well a skill is had. What is not enabled is not offered any more."""

    value: int
    name: str
    is_enabled: bool = True


def tag_key(name: str) -> str:
    """The form in which names of tags are compared."""
    return " ".join(name.split()).lower()


def tag_name(name: str, field: str) -> str:
    """The name without blanks around it and runs of them inside. Raises InvalidInput naming `field`."""
    cleaned = " ".join(name.split())
    if not 1 <= len(cleaned) <= TAG_LENGTH_MAX:
        raise InvalidInput(FieldFault(field, "range", f"must have 1 to {TAG_LENGTH_MAX} characters"))
    if "\0" in cleaned:
        raise InvalidInput(FieldFault(field, "format", "may not contain U+0000"))
    return cleaned


def tag_names(names: Iterable[str], field: str) -> tuple[str, ...]:
    """Each name once, in the order given. Raises InvalidInput naming the place, such as `tags[2]`."""
    by_key: dict[str, str] = {}
    for place, name in enumerate(names):
        cleaned = tag_name(name, f"{field}[{place}]")
        by_key.setdefault(tag_key(cleaned), cleaned)
    return tuple(by_key.values())


def check_level(level: SkillLevel) -> None:
    """Raises InvalidInput for a value or name that no level can have."""
    if not 0 <= level.value <= LEVEL_MAX:
        raise InvalidInput(FieldFault("value", "range", f"must be from 0 to {LEVEL_MAX}"))
    tag_name(level.name, "level")


def _level(before: int | None, said: int | None) -> int | None:
    if said is None:
        return before
    return None if said == NO_LEVEL else said
