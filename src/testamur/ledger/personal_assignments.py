"""What one person is assigned by name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import date, datetime
from zoneinfo import ZoneInfo

from testamur.core.assigned import Place
from testamur.core.assignments import NewAssignment
from testamur.core.callers import Caller
from testamur.core.errors import Conflict, ItemNotFound
from testamur.core.ids import Id, new_id
from testamur.core.people import Reference
from testamur.core.personal_assignments import NewPersonalAssignment, due_at_of, period_days
from testamur.ledger.assignments import make_assignment
from testamur.ledger.entries import Change, append
from testamur.ledger.items import find_item
from testamur.ledger.people_rows import present_person
from testamur.ledger.standing_lines import restand_assignment
from testamur.storage.database import Database
from testamur.storage.transactions import WriteTx


class PersonalAssignments:
    """Verbs on assignments to one person."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def assign(self, caller: Caller, new: NewPersonalAssignment) -> Place:
        """Assign something to one person by name. Saying the very same again changes nothing.

        Behind the scenes it is an assignment for an audience of this person alone, which no list shows.

        Raises: PersonNotFound, ItemNotFound naming the reference's field; Conflict when she is assigned this item by
            name already, and otherwise than `new` says.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            whom = await present_person(tx, new.person)
            item = await find_item(tx, new.item)
            if item is None:
                raise ItemNotFound(f"No learning object {new.item.value!r} in this tenant", field=new.item.field)
            standing = await tx.row("personal_assignment_standing", person=whom, item=item)
            if standing is not None:
                if standing["digest"] != new.digest():
                    raise Conflict("This person is assigned this learning object already", field=new.item.field)
                return Place(standing["id"], whom)
            return Place(await assign_by_name(tx, caller, whom, item, new, now), whom)


async def assign_by_name(
    tx: WriteTx, caller: Caller, whom: Id, item: Id, new: NewPersonalAssignment, now: datetime
) -> Id:
    """Assign an item to a person to whom it is not assigned by name yet. The writer must be alone."""
    today: date = await tx.value("audience_today", now=now)
    zone = ZoneInfo(await tx.value("tenant_zone"))
    due_at = due_at_of(new, zone, now)
    audience = await _audience_of(tx, whom, today, now)
    id = new_id()
    made = NewAssignment(
        audience=Reference(str(audience), (), "audience"),
        primary=Reference(str(item), (), "item"),
        completion_period_days=period_days(due_at, zone, now),
    )
    await make_assignment(tx, id, made, now, of_person=whom)
    said = {
        "external_reference": new.reference,
        "assigned_at": new.assigned_at or now,
        "due_at": due_at,
        "is_started": new.is_started,
        "progress_percent": new.progress_percent,
        "extra": new.extra,
    }
    await tx.run("personal_assignment_add", id=id, digest=new.digest(), **said)
    data = {"person": whom, "audience": audience, "primary_item": item, **said}
    # A kind of its own: those who are told of assignments of audiences hear nothing of it.
    await append(tx, caller.client, [Change("personal_assignment.added", id, data)], now)
    await restand_assignment(tx, id, now)
    return id


async def _audience_of(tx: WriteTx, person: Id, today: date, now: datetime) -> Id:
    """The audience of this person alone, made when there is none yet."""
    found: Id | None = await tx.value("personal_audience", person=person)
    if found is not None:
        return found
    made = new_id()
    await tx.run("personal_audience_add", id=made, name="One person", person=person, joined_on=today, now=now)
    return made
