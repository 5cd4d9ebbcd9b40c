"""Favourites."""

from __future__ import annotations

from typing import Literal

from msgspec import Struct

from testamur.dialects.api.wire import Moment


class Favorite(Struct, kw_only=True):
    """An item that a person marked, since when."""

    item: str
    title: str
    kind: Literal["content", "course", "collection", "outside"]
    marked_at: Moment
