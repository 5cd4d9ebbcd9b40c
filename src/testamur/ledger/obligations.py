"""Obligations: what people have to complete, a page at a time, and what one person is assigned by name."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from uuid import UUID
from zoneinfo import ZoneInfo

from testamur.core.assignments import NewAssignment
from testamur.core.callers import Caller
from testamur.core.enrolments import Completed, MemberSpan, enrolment
from testamur.core.errors import AssignmentNotFound, Conflict, ItemNotFound, PersonNotFound
from testamur.core.ids import Id, new_id
from testamur.core.moments import Precision, When
from testamur.core.obligations import (
    Assigned,
    Credit,
    NewPersonalAssignment,
    Obligation,
    Personal,
    due_at_of,
    obligation,
    period_days,
)
from testamur.core.people import Reference
from testamur.ledger.assignments import find_versions, make_assignment
from testamur.ledger.audiences import resolve_people
from testamur.ledger.enrolments import COMPLETIONS_MAX
from testamur.ledger.entries import Change, append
from testamur.ledger.items import find_item
from testamur.ledger.people import find_absences
from testamur.ledger.standing_lines import restand_assignment
from testamur.storage.database import Database, Row, Tx, WriteTx

_CHUNK = 250
"""Obligations worked out at once while a filter looks for a page."""
_LOOKED_AT_MAX = 2_000
"""Obligations worked out for one page: a fraction of a second. A page may then be short of rows."""
_LEAST = Id(UUID(int=0))


@dataclass(frozen=True, slots=True)
class Place:
    """Where an obligation stands in the order of lists: by assignment, then by person."""

    assignment: Id
    person: Id


@dataclass(frozen=True, slots=True)
class ObligationPage:
    """A page; `next` is the place behind which the next one begins, None on the last."""

    obligations: list[Obligation]
    next: Place | None


class Obligations:
    """Verbs on obligations. They are worked out when asked for; nothing of them is stored."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def page(
        self,
        tenant: Id,
        *,
        after: Place | None = None,
        count: int,
        person: Id | None = None,
        wanted: Callable[[Obligation], bool] | None = None,
    ) -> ObligationPage:
        """Up to `count` obligations in order of assignment and person.

        Args:
            wanted: leaves others out. What it says is known only after working an obligation out, so a page looks at
                some thousand at most and may hold fewer rows than asked for although more follow.
        """
        now, found, looked_at = self._clock(), list[Obligation](), 0
        chunk = count + 1 if wanted is None else max(count + 1, _CHUNK)
        async with self._database.read(tenant, one_plan=True) as tx:
            zone = ZoneInfo(await tx.value("tenant_zone"))
            while looked_at < _LOOKED_AT_MAX:
                places = await _places(tx, after, person, chunk)
                worked_out = await _work_out(tx, places, zone, now)
                for place in places:
                    one = worked_out.get(place)
                    if one is not None and (wanted is None or wanted(one)):
                        if len(found) == count:
                            return ObligationPage(found, after)
                        found.append(one)
                    after = place
                if len(places) < chunk:
                    return ObligationPage(found, None)
                looked_at += len(places)
        return ObligationPage(found, after)

    async def get(self, tenant: Id, place: Place) -> Obligation:
        """The obligation of a person under an assignment. Raises AssignmentNotFound."""
        async with self._database.read(tenant, one_plan=True) as tx:
            zone = ZoneInfo(await tx.value("tenant_zone"))
            found = await _work_out(tx, [place], zone, self._clock())
        if place not in found:
            raise AssignmentNotFound
        return found[place]

    async def assign(self, caller: Caller, new: NewPersonalAssignment) -> Place:
        """Assign something to one person by name. Saying the very same again changes nothing.

        Behind the scenes it is an assignment for an audience of this person alone, which no list shows.

        Raises: PersonNotFound, ItemNotFound naming the reference's field; Conflict when she is assigned this item by
            name already, and otherwise than `new` says.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            whom = (await resolve_people(tx, [new.person])).get(0)
            if whom is None:
                raise PersonNotFound(f"No person {new.person.value!r} in this tenant", field=new.person.field)
            item = await find_item(tx, new.item)
            if item is None:
                raise ItemNotFound(f"No learning object {new.item.value!r} in this tenant", field=new.item.field)
            standing = await tx.row("personal_assignment_standing", person=whom, item=item)
            if standing is not None:
                if standing["digest"] != new.digest():
                    raise Conflict("This person is assigned this learning object already", field=new.item.field)
                return Place(standing["id"], whom)
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
        return Place(id, whom)


async def _audience_of(tx: WriteTx, person: Id, today: date, now: datetime) -> Id:
    """The audience of this person alone, made when there is none yet."""
    found: Id | None = await tx.value("personal_audience", person=person)
    if found is not None:
        return found
    made = new_id()
    await tx.run("personal_audience_add", id=made, name="One person", person=person, joined_on=today, now=now)
    return made


async def _places(tx: Tx, after: Place | None, person: Id | None, count: int) -> list[Place]:
    after = after or Place(_LEAST, _LEAST)
    if person is not None:
        rows = await tx.rows(
            "obligations_page_of_person", person=person, after_assignment=after.assignment, count=count
        )
    else:
        rows = await tx.rows(
            "obligations_page", after_assignment=after.assignment, after_person=after.person, count=count
        )
    return [Place(row["assignment"], row["person"]) for row in rows]


async def _work_out(tx: Tx, places: Sequence[Place], zone: ZoneInfo, now: datetime) -> dict[Place, Obligation]:
    """The obligations at these places; there is none where a person never came under an assignment."""
    if not places:
        return {}
    all_versions = await find_versions(tx, list({place.assignment for place in places}))
    places = [place for place in places if all_versions[place.assignment]]
    people = [place.person for place in places]
    audiences = [all_versions[place.assignment][-1].audience for place in places]
    spans: defaultdict[Place, list[MemberSpan]] = defaultdict(list)
    for row in await tx.rows("obligation_spans", audiences=audiences, people=people):
        spans[places[row["place"] - 1]].append(_span(row))
    pairs = [
        (place, item)
        for place in places
        for item in {i for version in all_versions[place.assignment] for i in (version.primary, *version.alternatives)}
    ]
    of = {"people": [place.person for place, _ in pairs], "items": [item for _, item in pairs]}
    completions: defaultdict[Place, list[Row]] = defaultdict(list)
    for row in await tx.rows("obligation_completions", count=COMPLETIONS_MAX, **of):
        completions[pairs[row["place"] - 1][0]].append(row)
    starts: defaultdict[Place, list[datetime]] = defaultdict(list)
    for row in await tx.rows("obligation_starts", **of):
        starts[pairs[row["place"] - 1][0]].append(row["started_at"])
    away = await find_absences(tx, people)
    items = await _items(tx, {version.primary for versions in all_versions.values() for version in versions})
    personal = {
        row["assignment"]: _personal(row)
        for row in await tx.rows("obligations_personal", assignments=list(all_versions))
    }
    found: dict[Place, Obligation] = {}
    for place in places:
        known = enrolment(
            place.assignment,
            place.person,
            all_versions[place.assignment],
            spans[place],
            [_completed(row) for row in completions[place]],
            away=away[place.person],
            zone=zone,
            now=now,
        )
        if known is not None:
            found[place] = obligation(
                known,
                items[known.primary],
                personal=personal.get(place.assignment),
                started_at=max(starts[place], default=None),
                credit=_credit(completions[place], known.last_completed_at),
                now=now,
            )
    return found


async def _items(tx: Tx, ids: set[Id]) -> dict[Id, Assigned]:
    rows = await tx.rows("obligation_items", ids=list(ids))
    return {row["id"]: Assigned(id=row["id"], kind=row["kind"], reference=row["reference"]) for row in rows}


def _credit(rows: Sequence[Row], completed_at: datetime | None) -> Credit | None:
    for row in rows:
        if row["voided_at"] is None and row["completed_at"] == completed_at:
            return Credit(passed=row["passed"], certificate=row["certificate"])
    return None


def _span(row: Row) -> MemberSpan:
    return MemberSpan(
        audience=row["audience"],
        began_at=row["began_at"],
        began_known_at=row["began_known_at"],
        ended_at=row["ended_at"],
        ended_known_at=row["ended_known_at"],
    )


def _completed(row: Row) -> Completed:
    return Completed(
        record=row["record"],
        item=row["item"],
        completed=When(row["completed_at"], Precision.DAY if row["completed_by_day"] else Precision.INSTANT),
        known_at=row["recorded_at"],
        voided_at=row["voided_at"],
    )


def _personal(row: Row) -> Personal:
    return Personal(
        reference=row["external_reference"],
        assigned_at=row["assigned_at"],
        due_at=row["due_at"],
        is_started=row["is_started"],
        progress_percent=row["progress_percent"],
        extra=row["extra"],
    )
