"""Courses."""

from __future__ import annotations

from typing import TypedDict

from testamur.core.ids import to_hex24
from testamur.core.items import Item
from testamur.dialects.rise.translate import Links
from testamur.dialects.rise.wire import courses as wire

_OWN_WORDS = ("storyline", "microlearning")
"""Formats that have a word of their own; for all others it matters whether they were authored here."""


class Wanted(TypedDict, total=False):
    """Which courses a list is about, as the ledger takes it."""

    formats: tuple[str, ...]
    others: bool
    is_authored: bool


def wanted(content_type: str | None) -> Wanted:
    """The courses of a content type in lower case; None and `all` for every one."""
    if content_type in _OWN_WORDS:
        return Wanted(formats=(content_type,))
    if content_type in ("rise", "imported"):
        return Wanted(formats=_OWN_WORDS, others=True, is_authored=content_type == "rise")
    return Wanted()


def course(item: Item, links: Links) -> wire.Course:
    kind = _content_type(item)
    return wire.Course(
        id=to_hex24(item.id),
        title=item.title,
        author_url=None if item.author is None else links.user(item.author),
        cover_image_url=item.cover_url,
        course_report_url=links.course_report(item.id),
        url=links.course(item.id),
        source=kind.lower(),
        content_type=kind,
    )


def _content_type(item: Item) -> str:
    if item.format in _OWN_WORDS:
        return item.format.upper()
    return "RISE" if item.is_authored else "IMPORTED"
