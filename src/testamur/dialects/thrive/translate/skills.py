"""Tags and skills."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import UNSET, UnsetType

from testamur.core.ids import to_hex24
from testamur.core.skills import SkillLevel, SkillSetting, Tag, TagNamed, tag_key
from testamur.dialects.thrive.wire import skills as wire


def tag(stored: Tag) -> wire.Tag:
    return wire.Tag(
        id=to_hex24(stored.id),
        tag=stored.name,
        contents=[to_hex24(item) for item in stored.items],
        campaigns=[],
        interests=[to_hex24(person) for person in stored.interested],
        skills=[to_hex24(person) for person in stored.skilled],
    )


def tags(names: Sequence[str], field: str) -> list[TagNamed]:
    """Each tag once, with the place where it stood first."""
    by_key: dict[str, TagNamed] = {}
    for place, name in enumerate(names):
        by_key.setdefault(tag_key(name), TagNamed(name, f"{field}[{place}]"))
    return list(by_key.values())


def skills(updates: Sequence[wire.SkillUpdate]) -> list[SkillSetting]:
    return [
        SkillSetting(
            TagNamed(update.tag_name, f"value[{place}].tagName"), _said(update.level), _said(update.target_level)
        )
        for place, update in enumerate(updates)
    ]


def level(stored: SkillLevel) -> wire.SkillLevel:
    return wire.SkillLevel(stored.name, stored.value, stored.is_enabled)


def _said(level: int | UnsetType) -> int | None:
    return None if level is UNSET or isinstance(level, UnsetType) else level
