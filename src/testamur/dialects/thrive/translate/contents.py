"""Contents."""

from __future__ import annotations

import re
from collections.abc import Sequence

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_hex24
from testamur.core.items import Item, ItemEvent, ItemEventKind, ItemForms, ItemKind
from testamur.dialects.thrive.wire import contents as wire
from testamur.http.replies import instant

TYPES = (
    "article",
    "assessment",
    "broadcast",
    "cmi5",
    "elearning",
    "event",
    "file",
    "pathway",
    "question",
    "quiz",
    "scorm",
    "url",
    "video",
    "mixed",
)
"""The vendor's types of content."""

TYPE_OF_FORM = {
    **{type: type for type in TYPES},
    # What other systems call the same.
    "audio": "file",
    "document": "file",
    "pdf": "file",
    "link": "url",
    "rise": "elearning",
    "storyline": "elearning",
    "aicc": "elearning",
    "xapi": "elearning",
    "tincan": "elearning",
    "classroom": "event",
    "webinar": "event",
    "survey": "assessment",
    "playlist": "pathway",
    # An item whose format is none of these goes by its kind.
    ItemKind.CONTENT.value: "mixed",
    ItemKind.COURSE.value: "elearning",
    ItemKind.COLLECTION.value: "pathway",
    ItemKind.OUTSIDE.value: "mixed",
}
"""The vendor's type for each form of ours: the format of an item, or the word of its kind."""

_FORMATS = frozenset(TYPE_OF_FORM) - {kind.value for kind in ItemKind}

_ACTIONS = {
    ItemEventKind.ADDED: "created",
    ItemEventKind.UPDATED: "updated",
    ItemEventKind.PUBLISHED: "published",
    ItemEventKind.RETIRED: "archived",
    ItemEventKind.RESTORED: "restored",
}

_TITLE_MAX, _DESCRIPTION_MAX, _TAG_MAX = 255, 65_536, 255

_DURATION = re.compile(
    r"P(?:(?P<weeks>\d+(?:[.,]\d+)?)W)?(?:(?P<years>\d+(?:[.,]\d+)?)Y)?(?:(?P<months>\d+(?:[.,]\d+)?)M)?(?:(?P<days>\d+(?:[.,]\d+)?)D)?"
    r"(?:T(?:(?P<hours>\d+(?:[.,]\d+)?)H)?(?:(?P<minutes>\d+(?:[.,]\d+)?)M)?(?:(?P<seconds>\d+(?:[.,]\d+)?)S)?)?\Z",
    re.ASCII,
)
_MINUTES = {"days": 1440.0, "hours": 60.0, "minutes": 1.0, "seconds": 1 / 60}


def forms(types: str | None, omitted: str | None) -> ItemForms | None:
    """The choice that `types` or, without it, `omitTypes` makes; None for everything.

    Raises: InvalidInput for a word that is no type.
    """
    wanted, unwanted = _types(types, "types"), _types(omitted, "omitTypes")
    if not wanted and not unwanted:
        return None
    wanted = wanted or frozenset(TYPES) - unwanted
    return ItemForms(_FORMATS, frozenset(form for form, type in TYPE_OF_FORM.items() if type in wanted))


def content(item: Item, history: Sequence[ItemEvent]) -> wire.Content:
    """An item that is open to learners, or was."""
    return wire.Content(
        id=to_hex24(item.id),
        title=item.title[:_TITLE_MAX],
        description=(item.description or "")[:_DESCRIPTION_MAX],
        tags=sorted({name[:_TAG_MAX] for name in (*item.tags, *item.categories, *item.skills)}),
        type=type_of(item.format, item.kind.value),
        author=to_hex24(item.author) if item.author else None,
        is_official=item.is_official,
        duration=_duration(item.duration),
        content_history=[
            wire.ContentEvent(_ACTIONS[event.kind], instant(event.at) or "", _performer(event)) for event in history
        ],
        created_at=instant(item.created_at) or "",
        updated_at=instant(item.updated_at) or "",
    )


def _types(text: str | None, field: str) -> frozenset[str]:
    words = [word.strip().lower() for word in (text or "").split(",") if word.strip()]
    for word in words:
        if word not in TYPES:
            raise InvalidInput(FieldFault(field, "format", f"{word!r} is none of {', '.join(TYPES)}"))
    return frozenset(words)


def type_of(format: str | None, kind: str) -> str:
    """What the vendor calls an item's form."""
    form = (format or "").lower()
    return TYPE_OF_FORM[form if form in _FORMATS else kind]


def _duration(text: str | None) -> wire.Duration | None:
    """Minutes; of what has no fixed length, such as a month, no value."""
    match = _DURATION.match(text) if text else None
    if match is None:
        return None
    parts = {name: float(part.replace(",", ".")) for name, part in match.groupdict().items() if part}
    if not parts.keys() <= _MINUTES.keys() | {"weeks"}:
        return wire.Duration(None)
    minutes = sum(_MINUTES.get(name, 7 * 1440.0) * part for name, part in parts.items())
    return wire.Duration(round(minutes, 3))


def _performer(event: ItemEvent) -> wire.Performer:
    return (
        wire.Performer("system", "testamur")
        if event.client is None
        else wire.Performer("client", to_hex24(event.client))
    )
