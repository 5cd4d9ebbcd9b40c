"""What is assigned to people, a page at a time, read from standing."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime

from testamur.core.assigned import Assigned, AssignedItem, LastCompletion, Place, assigned
from testamur.core.compliance import Status, Step
from testamur.core.errors import AssignmentNotFound
from testamur.core.ids import FIRST_ID, Id
from testamur.core.personal_assignments import Personal
from testamur.ledger.standing_rows import step_of
from testamur.ledger.standing_steps import fresh_steps
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx

_CHUNK = 500
"""Lines looked at in one trip while a filter looks for a page."""
_LOOKED_AT_MAX = 5_000
"""Lines looked at for one page: a fraction of a second. A page may then be short of rows."""


Done = tuple[LastCompletion | None, date | None]
"""The completion that credit rests on, and the due day that was met last."""


@dataclass(frozen=True, slots=True)
class AssignedPage:
    """A page; `next` is the place behind which the next one begins, None on the last."""

    rows: list[Assigned]
    next: Place | None


class AssignedLines:
    """Verbs on what is assigned to people. Lines that wait for the background are worked out when asked for."""

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
        wanted: Callable[[Assigned], bool] | None = None,
    ) -> AssignedPage:
        """Up to `count` rows in order of assignment and person.

        Args:
            wanted: leaves others out. A page looks at some thousand at most and may hold fewer rows than asked for
                although more follow.
        """
        now, found, looked_at = self._clock(), list[Assigned](), 0
        chunk = count + 1 if wanted is None else max(count + 1, _CHUNK)
        async with self._database.read(tenant, one_plan=True) as tx:
            while looked_at < _LOOKED_AT_MAX:
                places = await _places(tx, after, person, chunk)
                known = await _read(tx, places, now)
                for place in places:
                    one = known.get(place)
                    if one is not None and (wanted is None or wanted(one)):
                        if len(found) == count:
                            return AssignedPage(found, after)
                        found.append(one)
                    after = place
                if len(places) < chunk:
                    return AssignedPage(found, None)
                looked_at += len(places)
        return AssignedPage(found, after)

    async def get(self, tenant: Id, place: Place) -> Assigned:
        """What is assigned to a person under an assignment, worked out from the facts. Raises AssignmentNotFound."""
        async with self._database.read(tenant, one_plan=True) as tx:
            found = await _read(tx, [place], self._clock(), is_fresh=True)
        if place not in found:
            raise AssignmentNotFound
        return found[place]


async def _places(tx: Tx, after: Place | None, person: Id | None, count: int) -> list[Place]:
    after = after or Place(FIRST_ID, FIRST_ID)
    if person is not None:
        rows = await tx.rows("assigned_page_of_person", person=person, after_assignment=after.assignment, count=count)
    else:
        rows = await tx.rows("assigned_page", after_assignment=after.assignment, after_person=after.person, count=count)
    return [Place(row["assignment"], row["person"]) for row in rows]


async def _read(tx: Tx, places: Sequence[Place], now: datetime, *, is_fresh: bool = False) -> dict[Place, Assigned]:
    """What stands at these places; nothing where a person and an assignment never came together.

    Args:
        is_fresh: work all of them out, not only those that wait.
    """
    if not places:
        return {}
    rows = await tx.rows(
        "assigned_lines",
        assignments=[place.assignment for place in places],
        people=[place.person for place in places],
        now=now,
    )
    by_place = {places[row["place"] - 1]: row for row in rows}
    steps = {place: step_of(row) if row["status"] else None for place, row in by_place.items()}
    fresh = [(place.assignment, place.person) for place, row in by_place.items() if row["waits"] or is_fresh]
    steps |= {Place(*line): step for line, step in (await fresh_steps(tx, fresh, now)).items()}
    completions = await _completions(tx, steps)
    found = {}
    for place, row in by_place.items():
        step, (completion, due_on) = steps[place], completions.get(place, (None, None))
        if step is not None and step.due_on is None and due_on is not None:
            step = replace(step, due_on=due_on)
        found[place] = assigned(
            place,
            AssignedItem(id=row["item"], kind=row["item_kind"], reference=row["item_reference"]),
            step,
            began_at=row["began_at"],
            known_at=row["known_at"],
            changed_at=row["changed_at"],
            completion=completion,
            personal=_personal(row) if row["is_personal"] else None,
            now=now,
        )
    return found


async def _completions(tx: Tx, steps: Mapping[Place, Step | None]) -> dict[Place, Done]:
    """What completed lines rest on, and the due day that was met last."""
    done = [
        (place, step)
        for place, step in steps.items()
        if step is not None and step.status is Status.COMPLETED and step.last_completed_on is not None
    ]
    if not done:
        return {}
    rows = await tx.rows(
        "assigned_completions",
        assignments=[place.assignment for place, _ in done],
        people=[place.person for place, _ in done],
        days=[step.last_completed_on for _, step in done],
        zones=[step.zone.key for _, step in done],
    )
    return {done[row["place"] - 1][0]: (_completion(row), row["due_on"]) for row in rows}


def _completion(row: Row) -> LastCompletion | None:
    if row["completed_at"] is None:
        return None
    return LastCompletion(completed_at=row["completed_at"], passed=row["passed"], certificate=row["certificate"])


def _personal(row: Row) -> Personal:
    return Personal(
        reference=row["external_reference"],
        assigned_at=row["assigned_at"],
        due_at=row["due_at"],
        is_started=row["is_started"],
        progress_percent=row["progress_percent"],
        extra=row["extra"],
        made_at=row["made_at"],
    )
