"""Courses."""

from __future__ import annotations

from testamur.core.ids import to_hex24
from testamur.core.items import Item
from testamur.dialects.rise.translate import Links
from testamur.dialects.rise.wire import courses as wire


def course(item: Item, links: Links) -> wire.Course:
    kind = _content_type(item)
    return wire.Course(
        id=to_hex24(item.id),
        title=item.title,
        author_url=None,
        cover_image_url=item.cover_url,
        course_report_url=links.course_report(item.id),
        url=links.course(item.id),
        source=kind.lower(),
        content_type=kind,
    )


def _content_type(item: Item) -> str:
    if item.format in ("storyline", "microlearning"):
        return item.format.upper()
    return "RISE" if item.is_authored else "IMPORTED"
