"""Activities."""

from __future__ import annotations

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from msgspec import UNSET, UnsetType

from testamur.core.activities import Activity, ActivityKind
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_hex24
from testamur.core.items import ItemForms
from testamur.core.moments import Precision, When, format_instant, parse_when, to_utc
from testamur.core.people import Reference
from testamur.dialects.thrive.translate import content
from testamur.dialects.thrive.translate.contents import TYPE_OF_FORM, forms
from testamur.dialects.thrive.translate.contents import TYPES as CONTENT_TYPES
from testamur.dialects.thrive.wire import activities as wire

TYPES = frozenset({
    "viewed", "completed", "passed", "pinned", "unpinned", "liked", "unliked", "commented", "commentdeleted", "shared",
    "progressed", "registered", "followed", "unfollowed", "started", "resumed", "searched", "found", "loggedin",
    "loggedout",
})  # fmt: skip
"""The vendor's words. A ledger of learning knows only some of these things; no activity has one of the others."""
LISTED_MAX = 1_000
"""Ids or words in one comma list."""
_NAME_MAX = 250
_LANGUAGE = "en-GB"
"""Of a content whose language nobody gave: the vendor's own default."""
_UTC = ZoneInfo("UTC")


def words(text: str | None, field: str) -> list[str] | None:
    """A comma list; blanks around a word and empty words do not count. Raises InvalidInput for too many."""
    if text is None:
        return None
    found = [word.strip() for word in text.split(",") if word.strip()]
    if len(found) > LISTED_MAX:
        raise InvalidInput(FieldFault(field, "range", f"may name up to {LISTED_MAX}"))
    return found


def kinds(actions: str | None, omitted: str | None) -> frozenset[ActivityKind] | None:
    """The kinds that the two parameters leave, None for all. Raises InvalidInput for what is no type."""
    asked, left_out = _types(actions, "actions"), _types(omitted, "omitActions")
    if asked is None and left_out is None:
        return None
    return frozenset(
        kind for kind in ActivityKind if (asked is None or kind.value in asked) and kind.value not in (left_out or ())
    )


def contents(text: str | None, field: str) -> list[Reference] | None:
    """The contents that a comma list names."""
    named = words(text, field)
    return None if named is None else [content(word, field) for word in named]


def content_type(text: str | None, field: str) -> ItemForms | None:
    """The forms of item that one of the vendor's types of content stands for. Raises InvalidInput for no such type."""
    word = (text or "").strip().lower()
    if text is not None and word not in CONTENT_TYPES:
        raise InvalidInput(FieldFault(field, "unknown", f"must be one of {', '.join(CONTENT_TYPES)}"))
    return forms(word, None)


def first_moment(text: str | None, field: str) -> datetime | None:
    """A lower bound: its second from the start, because the clients that resume from it cut it to the second.

    Raises: InvalidInput.
    """
    when = _moment(text, field)
    return when.at.replace(microsecond=0) if when else None


def moment_behind(text: str | None, field: str) -> datetime | None:
    """What comes behind an inclusive upper bound: its day or its second belongs to it whole. Raises InvalidInput."""
    when = _moment(text, field)
    if when is None:
        return None
    length = timedelta(days=1) if when.precision is Precision.DAY else timedelta(seconds=1)
    return when.at.replace(microsecond=0) + length


def activity(known: Activity) -> wire.Activity:
    score = UNSET if known.score_percent is None else float(known.score_percent)
    has_score = known.score_percent is not None
    return wire.Activity(
        id=to_hex24(known.id),
        type=known.kind.value,
        name=known.title[:_NAME_MAX],
        user=to_hex24(known.person),
        date=format_instant(known.at),
        context_id=to_hex24(known.item),
        context_type="content",
        content_type=_content_type(known),
        data=wire.ActivityData(
            name={known.language or _LANGUAGE: known.title[:_NAME_MAX]},
            completed_date=_instant(known.completed.at if known.completed else None),
            started_date=_instant(known.started_at),
            attempted_date=_instant(known.attempted_at),
            version=UNSET if known.item_version is None else known.item_version,
            completion=True if known.kind is ActivityKind.COMPLETED else UNSET,
            success=UNSET if known.passed is None else known.passed,
            score=score,
            scaled=UNSET if known.score_percent is None else float(known.score_percent / 100),
            min_score=0 if has_score else UNSET,
            max_score=100 if has_score else UNSET,
            duration=UNSET if known.time_spent is None else known.time_spent,
            registration=UNSET if known.record is None else to_hex24(known.record),
            source=UNSET if known.source is None else known.source,
        ),
    )


def _content_type(known: Activity) -> str:
    """As the content itself says it."""
    format = (known.item_format or "").lower()
    return TYPE_OF_FORM[format if format in TYPE_OF_FORM else known.item_kind.value]


def _types(text: str | None, field: str) -> list[str] | None:
    found = words(text, field)
    if found is None:
        return None
    found = [word.lower() for word in found]
    unknown = [word for word in found if word not in TYPES]
    if unknown:
        raise InvalidInput(FieldFault(field, "unknown", f"{unknown[0][:100]!r} is no type of activity"))
    return found


def _moment(text: str | None, field: str) -> When | None:
    """A date, or a date-time with a blank or a `T`; one without an offset is UTC."""
    if text is None:
        return None
    try:
        when = parse_when(text.strip(), naive_zone=_UTC)
        to_utc(when.at)  # a bare day at either end of the calendar has no moment behind it
        return when
    except ValueError as error:
        raise InvalidInput(FieldFault(field, "format", str(error))) from error


def _instant(at: datetime | None) -> str | UnsetType:
    return UNSET if at is None else format_instant(at)
