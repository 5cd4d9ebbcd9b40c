"""Assignments: making and finding them."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from testamur.core.assignments import Assignment, NewAssignment
from testamur.core.callers import Caller
from testamur.core.errors import AssignmentNotFound, AudienceNotFound, FieldFault, InvalidInput, ItemNotFound
from testamur.core.ids import Id, new_id
from testamur.core.people import Reference
from testamur.ledger.audiences import find_audience
from testamur.ledger.entries import Change, append
from testamur.ledger.items import find_item
from testamur.storage.database import Database, Row, Tx


class Assignments:
    """Verbs on assignments."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add(self, caller: Caller, new: NewAssignment) -> Assignment:
        """Make an assignment; it acts from now on.

        Raises: AudienceNotFound, ItemNotFound; InvalidInput when the primary item is among the alternatives, or one
            alternative occurs twice. Each names the reference's field.
        """
        now = self._clock()
        async with self._database.write(caller.tenant) as tx:
            audience = await find_audience(tx, new.audience)
            if audience is None:
                raise AudienceNotFound(f"No audience {new.audience.value!r} in this tenant", field=new.audience.field)
            primary = await _item(tx, new.primary)
            alternatives: list[Id] = []
            for reference in new.alternatives:
                alternative = await _item(tx, reference)
                if alternative == primary:
                    raise InvalidInput(FieldFault(reference.field, "duplicate", "may not contain the primary content"))
                if alternative in alternatives:
                    raise InvalidInput(FieldFault(reference.field, "duplicate", "names the same content twice"))
                alternatives.append(alternative)
            id = new_id()
            settings = {
                "audience": audience,
                "primary_item": primary,
                "alternatives": alternatives,
                "hide_alternatives": new.hide_alternatives,
                "completion_period_days": new.completion_period_days,
                "recurrence_days": new.recurrence_days,
            }
            await tx.run("assignment_add", id=id, now=now, **settings)
            await append(tx, caller.client, [Change("assignment.added", id, settings)], now)
            row = await tx.row("assignment_get", id=id)
            assert row is not None
            return _assignment(row)

    async def get(self, tenant: Id, reference: Reference) -> Assignment:
        """The assignment that `reference` names by its id. Raises AssignmentNotFound."""
        id = reference.id
        async with self._database.read(tenant) as tx:
            row = await tx.row("assignment_get", id=id) if id else None
        if row is None:
            raise AssignmentNotFound(f"No assignment {reference.value!r} in this tenant", field=reference.field)
        return _assignment(row)

    async def list(
        self,
        tenant: Id,
        *,
        audience: Reference | None = None,
        updated_since: datetime | None = None,
        count: int,
        skip: int = 0,
    ) -> list[Assignment]:
        """A page of assignments in order of creation, deleted ones included.

        Raises: AudienceNotFound naming the reference's field.
        """
        async with self._database.read(tenant) as tx:
            of = await find_audience(tx, audience) if audience else None
            if audience and of is None:
                raise AudienceNotFound(f"No audience {audience.value!r} in this tenant", field=audience.field)
            rows = await tx.rows(
                "assignments_numbered_page", audience=of, updated_since=updated_since, count=count, skip=skip
            )
        return [_assignment(row) for row in rows]


async def _item(tx: Tx, reference: Reference) -> Id:
    item = await find_item(tx, reference)
    if item is None:
        raise ItemNotFound(f"No learning object {reference.value!r} in this tenant", field=reference.field)
    return item


def _assignment(row: Row) -> Assignment:
    return Assignment(
        id=row["id"],
        audience=row["audience"],
        primary=row["primary_item"],
        alternatives=tuple(row["alternatives"]),
        hide_alternatives=row["hide_alternatives"],
        completion_period_days=row["completion_period_days"],
        recurrence_days=row["recurrence_days"],
        is_active=row["is_active"],
        created_at=row["created_at"],
        updated_at=row["updated_at"],
        deleted_at=row["deleted_at"],
    )
