"""Retention rules and legal holds."""

from __future__ import annotations

from typing import cast

from testamur.core.ids import to_ulid
from testamur.core.retention import Basis, Hold, Keeps, Level, NewRule, Rule
from testamur.dialects.api.translate import id_of, item
from testamur.dialects.api.wire import retention as wire
from testamur.http.replies import instant
from testamur.ledger.erasure import Ended


def new_rule(body: wire.SetRetentionRule) -> NewRule:
    return NewRule(
        basis=Basis(body.basis),
        years=body.years,
        days=body.days,
        item=None if body.item is None else item(body.item, "item"),
        category=body.category,
        adds_recurrence=body.adds_recurrence,
        keeps=Keeps(body.keeps),
        erases=None if body.erases is None else Level(body.erases),
        reason=body.reason,
    )


def rule(stored: Rule) -> wire.RetentionRule:
    return wire.RetentionRule(
        id=to_ulid(stored.id, "retention"),
        item=id_of(stored.item, "item"),
        category=stored.category_name,
        basis=stored.basis.value,
        years=stored.years,
        days=stored.days,
        adds_recurrence=stored.adds_recurrence,
        keeps=stored.keeps.value,
        erases=None if stored.erases is None else cast("wire.Erases", stored.erases.value),
        reason=stored.reason,
        set_by=to_ulid(stored.set_by, "client"),
        set_by_person=id_of(stored.set_by_person, "person"),
        opened_at=instant(stored.opened_at) or "",
        closed_at=instant(stored.closed_at),
        closed_by=id_of(stored.closed_by, "client"),
        closed_because=stored.closed_because,
    )


def hold(stored: Hold) -> wire.LegalHold:
    return wire.LegalHold(
        id=to_ulid(stored.id, "hold"),
        person=id_of(stored.person, "person"),
        item=id_of(stored.item, "item"),
        reason=stored.reason,
        placed_by=to_ulid(stored.placed_by, "client"),
        placed_by_person=id_of(stored.placed_by_person, "person"),
        placed_at=instant(stored.placed_at) or "",
        lifted_at=instant(stored.lifted_at),
        lifted_by=id_of(stored.lifted_by, "client"),
        lifted_because=stored.lifted_because,
    )


def ended(one: Ended) -> wire.Ended:
    return wire.Ended(person=to_ulid(one.person, "person"), level=one.level.value, erased=one.erased)
