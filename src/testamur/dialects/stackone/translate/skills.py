"""Skills, both ways."""

from __future__ import annotations

from collections.abc import Sequence

from testamur.core.ids import to_hex24, to_opaque
from testamur.core.skills import Subject, UsedTag
from testamur.dialects.stackone.translate import word_of
from testamur.dialects.stackone.translate.categories import LEVELS, check_length, language, read, subject
from testamur.dialects.stackone.wire import Enum
from testamur.dialects.stackone.wire import skills as wire

FIELDS = wire.Skill.__struct_fields__
PROFICIENCIES = ("1", "2", "3", "4", "5")


def skill(used: UsedTag) -> wire.Skill:
    """A skill as stored. Nothing here switches one off."""
    hierarchy = read(used.hierarchy, LEVELS)
    proficiency = None if used.proficiency is None else str(used.proficiency)
    return wire.Skill(
        id=to_opaque(used.tag),
        remote_id=used.ref or to_hex24(used.tag),
        name=used.name,
        active=True,
        hierarchy=hierarchy,
        proficiency=None if proficiency is None else Enum(proficiency, proficiency),
        language=language(used.language),
        level=hierarchy,
    )


def skills_of(given: Sequence[wire.CreateSkill]) -> tuple[Subject, ...]:
    """What a body says of the skills it builds. Raises InvalidInput naming the field."""
    check_length(given, "skills")
    subjects = []
    for place, one in enumerate(given):
        word = word_of(one.proficiency, PROFICIENCIES, f"skills[{place}].proficiency")
        subjects.append(subject(one, f"skills[{place}]", proficiency=None if word is None else int(word)))
    return tuple(subjects)
