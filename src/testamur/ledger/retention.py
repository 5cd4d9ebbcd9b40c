"""Retention rules and legal holds: what keeps something from being erased (rule G6)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from testamur.core.callers import Caller
from testamur.core.decisions import check_reason
from testamur.core.errors import (
    Conflict,
    FieldFault,
    InvalidInput,
    ItemNotFound,
    LimitReached,
    NotFound,
)
from testamur.core.ids import Id, new_id
from testamur.core.people import Reference
from testamur.core.retention import HOLDS_MAX, RULES_MAX, Hold, NewRule, Rule
from testamur.core.skills import tag_key
from testamur.ledger.entries import Change, append
from testamur.ledger.items import find_item
from testamur.ledger.keeping import hold_of, rule_of, rules_of
from testamur.ledger.people_rows import known_person
from testamur.storage.database import Database
from testamur.storage.transactions import Tx


class Retention:
    """Verbs on retention rules and legal holds. Both are spans: what held is never overwritten."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def set(self, caller: Caller, new: NewRule) -> Rule:
        """Let a rule hold from now on, in place of the one for the same item, category or everything else.

        Raises: InvalidInput; ItemNotFound, NotFound for a category nobody has, each naming the field; LimitReached.
        """
        new.check()
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            item = await _item(tx, new.item) if new.item else None
            category = None
            if new.category is not None:
                category = await tx.value("category_by_key", key=tag_key(new.category))
                if category is None:
                    raise NotFound(f"No category {new.category!r} in this tenant", field="category")
            former: Id | None = await tx.value("retention_rule_of", item=item, category=category)
            changes = []
            if former is not None:
                await tx.value(
                    "retention_rule_close", id=former, client=caller.client, because="another one was set", now=now
                )
                changes.append(Change("retention.closed", former))
            elif await tx.value("retention_rules_open") >= RULES_MAX:
                raise LimitReached(f"{RULES_MAX} retention rules hold already")
            id = new_id()
            said: dict[str, Any] = {
                "item": item,
                "category": category,
                "basis": new.basis.value,
                "years": new.years,
                "days": new.days,
                "adds_recurrence": new.adds_recurrence,
                "keeps": new.keeps.value,
                "erases": new.erases.value if new.erases else None,
            }
            await tx.run(
                "retention_rule_add",
                id=id,
                reason=new.reason,
                set_by=caller.client,
                set_by_person=caller.person,
                now=now,
                **said,
            )
            await append(tx, caller.client, [*changes, Change("retention.set", id, said)], now)
            return await _rule(tx, id)

    async def end(self, caller: Caller, id: Id, because: str) -> Rule:
        """Let a rule hold no more. Raises NotFound; Conflict when it does not anyway; InvalidInput without a reason."""
        check_reason(because, None)
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            await _rule(tx, id)
            if await tx.value("retention_rule_close", id=id, client=caller.client, because=because, now=now) is None:
                raise Conflict("This rule was closed already")
            await append(tx, caller.client, [Change("retention.closed", id)], now)
            return await _rule(tx, id)

    async def rule(self, tenant: Id, id: Id) -> Rule:
        """One rule, a closed one too. Raises NotFound."""
        async with self._database.read(tenant) as tx:
            return await _rule(tx, id)

    async def rules(
        self, tenant: Id, *, with_closed: bool = False, after: Id | None = None, count: int
    ) -> Sequence[Rule]:
        """Up to `count` rules in the order in which they were set, from behind `after`."""
        async with self._database.read(tenant) as tx:
            return await rules_of(tx, only_open=not with_closed, after=after, count=count)

    async def place(self, caller: Caller, reason: str, *, person: Reference | None, item: Reference | None) -> Hold:
        """Keep everything of a person, or of anybody's learning of an item, until the hold is lifted.

        Several may last on the same: each is lifted by itself.
        Raises: InvalidInput without a reason and for other than one of both; PersonNotFound, ItemNotFound naming the
            field; LimitReached.
        """
        check_reason(reason, None)
        if (person is None) == (item is None):
            raise InvalidInput(FieldFault("person", "range", "either a person or an item must be given"))
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            whom = await known_person(tx, person) if person is not None else None
            what = await _item(tx, item) if item is not None else None
            if await tx.value("legal_holds_open") >= HOLDS_MAX:
                raise LimitReached(f"{HOLDS_MAX} legal holds last already")
            id = new_id()
            await tx.run(
                "legal_hold_add",
                id=id,
                person=whom,
                item=what,
                reason=reason,
                placed_by=caller.client,
                placed_by_person=caller.person,
                now=now,
            )
            await append(tx, caller.client, [Change("hold.placed", id, {"person": whom, "item": what})], now)
            return await _hold(tx, id)

    async def lift(self, caller: Caller, id: Id, because: str) -> Hold:
        """End a hold. Raises NotFound; Conflict when it was lifted already; InvalidInput without a reason."""
        check_reason(because, None)
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            await _hold(tx, id)
            if await tx.value("legal_hold_lift", id=id, client=caller.client, because=because, now=now) is None:
                raise Conflict("This hold was lifted already")
            await append(tx, caller.client, [Change("hold.lifted", id)], now)
            return await _hold(tx, id)

    async def hold(self, tenant: Id, id: Id) -> Hold:
        """One hold, a lifted one too. Raises NotFound."""
        async with self._database.read(tenant) as tx:
            return await _hold(tx, id)

    async def holds(
        self,
        tenant: Id,
        *,
        person: Reference | None = None,
        item: Reference | None = None,
        with_lifted: bool = False,
        after: Id | None = None,
        count: int,
    ) -> Sequence[Hold]:
        """Up to `count` holds in the order in which they were placed, from behind `after`.

        Raises: PersonNotFound, ItemNotFound naming the field.
        """
        async with self._database.read(tenant) as tx:
            whom = await known_person(tx, person) if person else None
            what = await _item(tx, item) if item else None
            rows = await tx.rows(
                "legal_holds_page", person=whom, item=what, only_open=not with_lifted, after=after, count=count
            )
        return [hold_of(row) for row in rows]


async def _rule(tx: Tx, id: Id) -> Rule:
    row = await tx.row("retention_rule_get", id=id)
    if row is None:
        raise NotFound("No such retention rule in this tenant")
    return rule_of(row)


async def _hold(tx: Tx, id: Id) -> Hold:
    row = await tx.row("legal_hold_get", id=id)
    if row is None:
        raise NotFound("No such legal hold in this tenant")
    return hold_of(row)


async def _item(tx: Tx, reference: Reference) -> Id:
    item = await find_item(tx, reference)
    if item is None:
        raise ItemNotFound(f"No learning object {reference.value!r} in this tenant", field=reference.field)
    return item
