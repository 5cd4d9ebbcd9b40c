"""Favourites."""

from __future__ import annotations

from testamur.core.ids import to_ulid
from testamur.dialects.api.wire import favorites as wire
from testamur.http.replies import instant
from testamur.ledger.favorites import Favorite


def favorite(stored: Favorite) -> wire.Favorite:
    return wire.Favorite(
        item=to_ulid(stored.item.id, "item"),
        title=stored.item.title,
        kind=stored.item.kind.value,
        marked_at=instant(stored.marked_at) or "",
    )
