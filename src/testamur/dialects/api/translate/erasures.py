"""Erasures of people."""

from __future__ import annotations

from testamur.core.ids import to_ulid
from testamur.core.retention import Because, Erasure, Kept, Rehearsal
from testamur.dialects.api.translate import id_of
from testamur.dialects.api.wire import erasures as wire
from testamur.http.replies import instant

_NOUNS = {Because.RULE: "retention", Because.HOLD: "hold", Because.TOTALS: ""}


def rehearsal(planned: Rehearsal) -> wire.Rehearsal:
    return wire.Rehearsal(
        person=to_ulid(planned.person, "person"),
        level=planned.level.value,
        erased=dict(planned.erased),
        kept=[kept(one) for one in planned.kept],
    )


def erasure(stored: Erasure) -> wire.Erasure:
    return wire.Erasure(
        id=to_ulid(stored.id, "erasure"),
        person=to_ulid(stored.person, "person"),
        level=stored.level.value,
        reason=stored.reason,
        asked_by=to_ulid(stored.asked_by, "client"),
        asked_by_person=id_of(stored.asked_by_person, "person"),
        asked_at=instant(stored.asked_at) or "",
        tried_at=instant(stored.tried_at) or "",
        completed_at=instant(stored.completed_at),
        erased=dict(stored.erased),
        kept=[kept(one) for one in stored.kept],
        tombstone=None if stored.tombstone is None else dict(stored.tombstone),
    )


def kept(stored: Kept) -> wire.Kept:
    return wire.Kept(
        level=stored.level.value,
        because=stored.because.value,
        id=id_of(stored.id, _NOUNS[stored.because]),
        kind=stored.noun.value if stored.noun else None,
        item=id_of(stored.item, "item"),
        until=stored.until.isoformat() if stored.until else None,
        count=stored.count,
    )
