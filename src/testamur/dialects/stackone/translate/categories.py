"""Categories, both ways."""

from __future__ import annotations

from collections.abc import Sequence

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_hex24, to_opaque
from testamur.core.people import IDENTIFIER_LENGTH_MAX
from testamur.core.skills import Subject, UsedTag, tag_name
from testamur.dialects.stackone.translate import UNMAPPED
from testamur.dialects.stackone.wire import Enum
from testamur.dialects.stackone.wire import categories as wire
from testamur.dialects.stackone.wire.languages import LANGUAGES
from testamur.dialects.stackone.wire.skills import CreateSkill

FIELDS = wire.Category.__struct_fields__
LEVELS = ("primary", "secondary", "tertiary")
LIST_MAX = 100
_WORD_MAX = 255
_LANGUAGE_OF = {name.lower().replace("-", "_"): name for name in LANGUAGES}


def category(used: UsedTag) -> wire.Category:
    """A category as stored. Nothing here switches one off."""
    hierarchy = read(used.hierarchy, LEVELS)
    return wire.Category(
        id=to_opaque(used.tag),
        remote_id=used.ref or to_hex24(used.tag),
        unified_custom_fields=None if used.extra is None else dict(used.extra),
        name=used.name,
        active=True,
        hierarchy=hierarchy,
        level=hierarchy,
        language=language(used.language),
    )


def categories_of(given: Sequence[wire.CreateCategory]) -> tuple[Subject, ...]:
    """What a body says of its categories. Raises InvalidInput naming the field."""
    check_length(given, "categories")
    return tuple(
        subject(one, f"categories[{place}]", extra=one.unified_custom_fields) for place, one in enumerate(given)
    )


def subject(
    one: wire.CreateCategory | CreateSkill,
    field: str,
    *,
    extra: dict[str, object] | None = None,
    proficiency: int | None = None,
) -> Subject:
    """A category or skill inside of a body. Raises InvalidInput."""
    ref = (one.id or "").strip() or None
    if ref is not None and len(ref) > IDENTIFIER_LENGTH_MAX:
        raise InvalidInput(FieldFault(f"{field}.id", "range", f"takes {IDENTIFIER_LENGTH_MAX} characters at most"))
    name = tag_name(one.name, f"{field}.name") if one.name and one.name.strip() else None
    if name is None and ref is None:
        raise InvalidInput(FieldFault(f"{field}.name", "missing", "is required where there is no id"))
    if name is None:
        tag_name(ref or "", f"{field}.id")  # a key that is not known yet becomes the name
    return Subject(
        name=name,
        ref=ref,
        hierarchy=told(one.hierarchy, LEVELS, f"{field}.hierarchy") or told(one.level, LEVELS, f"{field}.level"),
        language=told_language(one.language, f"{field}.language"),
        proficiency=proficiency,
        extra=extra,
    )


def told(given: Enum | None, known: Sequence[str], field: str) -> str | None:
    """The word that an enumeration says: one of `known`, or the source's own where it is unmapped.

    Raises: InvalidInput naming `<field>.value` for any other value.
    """
    if given is None:
        return None
    if given.value is not None and given.value != UNMAPPED:
        for word in known:
            if word.lower() == given.value.lower():
                return word
        shown = ", ".join(known) if len(known) <= 20 else "the listed values, such as en_GB"
        raise InvalidInput(FieldFault(f"{field}.value", "format", f"must be one of {shown}"))
    word = given.source_value.strip() if isinstance(given.source_value, str) else ""
    if len(word) > _WORD_MAX:
        raise InvalidInput(FieldFault(f"{field}.source_value", "range", f"takes {_WORD_MAX} characters at most"))
    return word or None


def told_language(given: Enum | None, field: str) -> str | None:
    """The language that is said, or the source's own word for it. Raises InvalidInput."""
    return told(given, LANGUAGES, field)


def read(word: str | None, known: Sequence[str]) -> Enum | None:
    """A stored word as an enumeration: honestly unmapped where the list has no such value."""
    if word is None:
        return None
    return Enum(word if word in known else UNMAPPED, word)


def language(word: str | None) -> Enum | None:
    """A stored language; other dialects write `en-GB`, which is found in the list too."""
    if word is None:
        return None
    return Enum(_LANGUAGE_OF.get(word.lower().replace("-", "_"), UNMAPPED), word)


def check_length(given: Sequence[object], field: str) -> None:
    """Raises InvalidInput for a list that is too long."""
    if len(given) > LIST_MAX:
        raise InvalidInput(FieldFault(field, "range", f"takes {LIST_MAX} members at most"))
