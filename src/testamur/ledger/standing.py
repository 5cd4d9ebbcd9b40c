"""Standing: where people stand, how many, what an edit would change, and whether what is stored is true."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from testamur.core import compliance
from testamur.core.assignments import AssignmentEdit, NewAssignment
from testamur.core.compliance import NOT_COUNTED, Facts, Status, standing_on
from testamur.core.ids import Id, new_id
from testamur.core.people import Reference
from testamur.core.standing import (
    KNOWN_LINES_MAX,
    PREVIEW_LINES_MAX,
    Counts,
    Listed,
    OnTime,
    Page,
    Place,
    Preview,
    Rebuilt,
    Standing,
    StandingFilter,
    Task,
)
from testamur.ledger import standing_known
from testamur.ledger.assignments import edited_settings, find_assignment, new_settings
from testamur.ledger.people_rows import known_person
from testamur.ledger.standing_facts import About
from testamur.ledger.standing_known import Knowledge, Ranked, Tally, Wanted
from testamur.ledger.standing_preview import Proposal, check_size, preview
from testamur.ledger.standing_rebuild import rebuild
from testamur.ledger.standing_rows import step_of
from testamur.ledger.standing_steps import work_out
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx

_CHUNK = 64
"""Lines that are worked out in one transaction in the background: others wait for it as long."""
_KEPT = timedelta(days=1)
"""How long a finished task is shown."""
_TASKS_MAX = 1_000
_STATUSES = {
    Listed.DUE_SOON: (Status.NOT_STARTED, Status.IN_PROGRESS, Status.RENEWAL_DUE),
    Listed.OVERDUE: (Status.OVERDUE,),
    Listed.EXPIRED: (Status.EXPIRED,),
    Listed.EXPIRING: (Status.COMPLETED, Status.RENEWAL_DUE, Status.IN_PROGRESS, Status.NOT_STARTED),
    Listed.EXEMPT: (Status.EXEMPT,),
}


class Standings:
    """Verbs on standing. Days are those of the deadline zone; without one it is today there."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def get(
        self,
        tenant: Id,
        person: Reference,
        assignment: Reference,
        *,
        on: date | None = None,
        known_at: datetime | None = None,
    ) -> Standing:
        """Where a person stands with an assignment on a day, with all that it rests on. Worked out from the facts.

        Args:
            known_at: as it was known at that moment (principle P6); without `on` the day is that of the moment.

        Raises: PersonNotFound, AssignmentNotFound naming the reference's field.
        """
        now = self._clock()
        async with self._database.read(tenant) as tx:
            whom = await known_person(tx, person)
            about = await About.read(tx, await find_assignment(tx, assignment))
            facts = (await about.facts(tx, [whom], moment=known_at))[whom]
        return _worked_out(about, whom, facts, on, known_at, now)

    async def of_person(
        self, tenant: Id, person: Reference, *, on: date | None = None, known_at: datetime | None = None
    ) -> list[Standing]:
        """Where a person stands with every assignment she ever came under, in order of assignment.

        Raises: PersonNotFound naming the reference's field.
        """
        now = self._clock()
        async with self._database.read(tenant) as tx:
            whom = await known_person(tx, person)
            zone = await _zone(tx)
            day = on or (known_at or now).astimezone(zone).date()
            if known_at is not None:
                rows = await tx.rows("standing_of_people", people=[whom], items=None)
                fresh, found = sorted(row["assignment"] for row in rows), []
            else:
                fresh = [row["assignment"] for row in await tx.rows("standing_waiting_for", person=whom)]
                rows = await tx.rows("standing_of_person", person=whom, day=day)
                found = [_stored(row, day, zone, now) for row in rows if row["assignment"] not in fresh]
            for assignment in fresh:
                about = await About.read(tx, assignment)
                facts = (await about.facts(tx, [whom], moment=known_at))[whom]
                found.append(_worked_out(about, whom, facts, day, known_at, now))
        return sorted((one for one in found if one.step is not None), key=lambda one: one.assignment)

    async def page(
        self,
        tenant: Id,
        listed: Listed,
        *,
        of: StandingFilter | None = None,
        on: date | None = None,
        known_at: datetime | None = None,
        within_days: int | None = None,
        after: Place | None = None,
        count: int,
    ) -> Page:
        """A page of people who are due soon, overdue, expired, exempt, or whose credit ends soon.

        Args:
            known_at: as it was known at that moment, of no more than KNOWN_LINES_MAX lines.
            within_days: for DUE_SOON and EXPIRING: the due day, or the end of credit, is not further away than this.
        Raises: InvalidInput naming `known_at` for more lines.
        """
        of = of or StandingFilter()
        now = self._clock()
        near = listed in (Listed.DUE_SOON, Listed.EXPIRING)
        if known_at is not None:
            zone, day = await self._day(tenant, on, known_at)
            last_day = day + timedelta(days=within_days) if near and within_days is not None else None
            wanted = Wanted(
                listed=listed,
                statuses=frozenset(_STATUSES[listed]),
                day=day,
                first=day if near else None,
                last=last_day,
                after=after,
                count=count + 1,
            )
            knowledge = Knowledge(moment=known_at, of=of, day=day, lines_max=KNOWN_LINES_MAX)
            ranked = await standing_known.page(self._database, tenant, knowledge, wanted)
            return _page_known(ranked, wanted, zone, now, known_at)
        async with self._database.read(tenant) as tx:
            zone = await _zone(tx)
            day = on or now.astimezone(zone).date()
            bounds: dict[str, Any] = {
                "day": day,
                "assignment": of.assignment,
                "audience": of.audience,
                "manager": of.manager,
                "item": of.item,
                "after_person": after and after.person,
                "after_assignment": after and after.assignment,
                "count": count + 1,
            }
            if listed is Listed.EXEMPT:
                rows = await tx.rows("standings_exempt", **bounds)
            else:
                bounds |= {
                    "statuses": [status.value for status in _STATUSES[listed]],
                    "first": day if near else None,
                    "last": day + timedelta(days=within_days) if near and within_days is not None else None,
                    "after_on": after and after.on,
                }
                query = "standings_by_credit_end" if listed is Listed.EXPIRING else "standings_by_due"
                rows = await tx.rows(query, **bounds)
        lines = [_stored(row, day, zone, now) for row in rows[:count]]
        more = None
        if len(rows) > count:
            last = rows[count - 1]
            on_day = {Listed.EXEMPT: None, Listed.EXPIRING: last["credit_ends_on"]}.get(listed, last["due_on"])
            more = Place(on_day, last["assignment"], last["person"])
        return Page(day=day, zone=zone.key, computed_at=now, lines=lines, next=more)

    async def counts(
        self,
        tenant: Id,
        *,
        of: StandingFilter | None = None,
        on: date | None = None,
        known_at: datetime | None = None,
        lines_max: int | None = KNOWN_LINES_MAX,
        processes: int = 1,
        progress: Callable[[int], None] = lambda done: None,
    ) -> list[Counts]:
        """How many stand how on a day: for each assignment that has anybody, in order; see `total`.

        Args:
            known_at: as it was known at that moment. Memory does not grow with the number of lines.
            lines_max: how many lines may be worked out for that; None for any number.
            processes: that compute side by side.
            progress: told how many lines are done.
        Raises: InvalidInput naming `known_at` for more lines.
        """
        of = of or StandingFilter()
        now = self._clock()
        if known_at is not None:
            zone, day = await self._day(tenant, on, known_at)
            knowledge = Knowledge(
                moment=known_at, of=of, day=day, lines_max=lines_max, processes=processes, progress=progress
            )
            tally = await standing_known.count(self._database, tenant, knowledge, day)
            return _counts_known(tally, day, zone, now, known_at)
        statuses: defaultdict[Id, dict[Status, int]] = defaultdict(dict)
        current: Counter[Id] = Counter()
        async with self._database.read(tenant) as tx:
            zone = await _zone(tx)
            day = on or now.astimezone(zone).date()
            rows = await tx.rows("standing_counts", day=day, **_bounds(of))
            waiting = {row["assignment"]: row["total"] - row["done"] for row in await _open_tasks(tx)}
        for row in rows:
            status = Status(row["status"])
            statuses[row["assignment"]][status] = row["lines"]
            current[row["assignment"]] += row["current"] if status not in NOT_COUNTED else 0
        return [
            Counts(
                assignment=id,
                day=day,
                zone=zone.key,
                computed_at=now,
                statuses=statuses[id],
                current=current[id],
                waiting=waiting.get(id, 0),
            )
            for id in statuses
        ]

    async def total(
        self, tenant: Id, *, of: StandingFilter | None = None, on: date | None = None, known_at: datetime | None = None
    ) -> Counts:
        """The counts of several assignments as one: a person counts once for each. Arguments as `counts` takes them."""
        each = await self.counts(tenant, of=of, on=on, known_at=known_at)
        return await self.summed(tenant, each, on=on, known_at=known_at)

    async def summed(
        self, tenant: Id, each: Sequence[Counts], *, on: date | None = None, known_at: datetime | None = None
    ) -> Counts:
        """The sum of what `counts` answered to the same question."""
        now = self._clock()
        zone, day = await self._day(tenant, on, known_at or now)
        statuses: Counter[Status] = Counter()
        for one in each:
            statuses.update(one.statuses)
        return Counts(
            assignment=None,
            day=each[0].day if each else day,
            zone=zone.key,
            computed_at=now,
            known_at=known_at,
            statuses=dict(statuses),
            current=sum(one.current for one in each),
            waiting=sum(one.waiting for one in each),
        )

    async def on_time(
        self,
        tenant: Id,
        from_on: date,
        to_on: date,
        *,
        of: StandingFilter | None = None,
        known_at: datetime | None = None,
    ) -> OnTime:
        """Obligations due from one day to another, both included, and those that were satisfied on time.

        Args:
            known_at: as it was known at that moment, of no more than KNOWN_LINES_MAX lines.
        Raises: InvalidInput naming `known_at` for more lines.
        """
        of = of or StandingFilter()
        async with self._database.read(tenant) as tx:
            zone = await _zone(tx)
            row = await tx.row("standing_on_time", first=from_on, last=to_on, **_bounds(of)) if not known_at else None
        if known_at is not None:
            knowledge = Knowledge(moment=known_at, of=of, day=None, lines_max=KNOWN_LINES_MAX)
            due, met = await standing_known.on_time(self._database, tenant, knowledge, from_on, to_on)
        else:
            assert row is not None
            due, met = row["due"], row["on_time"]
        return OnTime(
            from_on=from_on,
            to_on=to_on,
            zone=zone.key,
            computed_at=self._clock(),
            known_at=known_at,
            due=due,
            on_time=met,
        )

    async def _day(self, tenant: Id, on: date | None, moment: datetime) -> tuple[ZoneInfo, date]:
        async with self._database.read(tenant) as tx:
            zone = await _zone(tx)
        return zone, on or moment.astimezone(zone).date()

    async def preview(
        self,
        tenant: Id,
        assignment: Reference,
        edit: AssignmentEdit,
        *,
        lines_max: int | None = PREVIEW_LINES_MAX,
        processes: int = 1,
        progress: Callable[[int], None] = lambda done: None,
    ) -> Preview:
        """What an edit would change if it were made now. Nothing is written. Memory does not grow with the lines.

        Args:
            lines_max: how many lines may be looked at; None for any number.
            processes: that compute side by side.
            progress: told how many lines are done.
        Raises: as the edit itself would; InvalidInput naming the assignment for more lines.
        """
        now = self._clock()
        async with self._database.read(tenant) as tx:
            id = await find_assignment(tx, assignment)
            before = await About.read(tx, id)
            after = before.edited(await edited_settings(tx, id, edit, before.zone, now))
            if lines_max is not None:
                await check_size(tx, after, lines_max, assignment.field)
        return await preview(
            self._database, tenant, Proposal(before, after), now, processes=processes, progress=progress
        )

    async def preview_new(self, tenant: Id, new: NewAssignment) -> Preview:
        """What a new assignment would ask, and of whom. Nothing is written.

        Raises: as making it would; InvalidInput naming the audience when it is of more than PREVIEW_LINES_MAX.
        """
        now = self._clock()
        async with self._database.read(tenant) as tx:
            zone = await _zone(tx)
            version = await new_settings(tx, new, zone, now)
            before = About(new_id(), zone, ())
            before = replace(before, reentries=before.reentries_of(await tx.value("tenant_reentries")))
            after = before.edited(version)
            await check_size(tx, after, PREVIEW_LINES_MAX, new.audience.field)
        return await preview(self._database, tenant, Proposal(before, after), now)

    async def tasks(self, tenant: Id) -> list[Task]:
        """What is worked out in the background, and what was within the last day; the first _TASKS_MAX by age."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("standing_tasks", count=_TASKS_MAX)
        return [Task(**row) for row in rows]

    async def waiting(self, count: int) -> list[tuple[Id, Id]]:
        """Tenants and ids of tasks that wait, of all tenants, the oldest first."""
        async with self._database.unbound() as connection:
            rows = await connection.fetch("SELECT tenant, id FROM standing_tasks_waiting($1)", count)
        return [(row["tenant"], row["id"]) for row in rows]

    async def work(self, tenant: Id, task: Id) -> bool:
        """Work out the next lines of a task. Whether there is more of it to do; False too when somebody else is on it.

        The lines and how far the task came are one transaction: whatever crashes, the next worker goes on from there.
        """
        async with self._database.write(tenant, alone=True) as tx:
            now = self._clock()
            row = await tx.row("standing_task_take", id=task)
            if row is None:
                return False
            if row["people"] is not None:
                rest = [person for person in row["people"] if row["after"] is None or person > row["after"]]
                people = rest[:_CHUNK]
            else:
                audiences = [
                    one["audience"] for one in await tx.rows("standing_audiences", assignment=row["assignment"])
                ]
                found = await tx.rows(
                    "standing_people", audiences=audiences, after=row["after"], last=None, count=_CHUNK
                )
                people = [one["person"] for one in found]
            if people:
                await work_out(tx, row["assignment"], people, now)
            ends = len(people) < _CHUNK
            await tx.run(
                "standing_task_note",
                id=task,
                after=people[-1] if people else row["after"],
                done=row["total"] if ends else row["done"] + len(people),
                finished_at=now if ends else None,
            )
            if ends:
                await tx.run("standing_tasks_forget", before=now - _KEPT)
        return not ends

    async def settle(self, tenant: Id) -> int:
        """Work off every task of a tenant. Returns how many there were."""
        seen: set[Id] = set()
        while True:
            async with self._database.read(tenant) as tx:
                rows = await tx.rows("standing_tasks_open", count=_TASKS_MAX)
            if not rows:
                return len(seen)
            for task in [row["id"] for row in rows]:
                seen.add(task)
                while await self.work(tenant, task):
                    pass

    async def rebuild(
        self,
        tenant: Id,
        *,
        repairs: bool = False,
        processes: int = 1,
        progress: Callable[[int, int], None] = lambda done, total: None,
    ) -> Rebuilt:
        """Compare every stored line with a fresh computation from the facts (principle P2).

        Tasks that wait are worked off first: what they will change is no difference. Memory does not grow with the
        number of lines.

        Args:
            repairs: make different lines right.
            processes: that compute side by side.
            progress: told how many lines are done, and of how many.
        """
        await self.settle(tenant)
        return await rebuild(
            self._database, tenant, self._clock, repairs=repairs, processes=processes, progress=progress
        )


def _worked_out(
    about: About, person: Id, facts: Facts, on: date | None, known_at: datetime | None, now: datetime
) -> Standing:
    moment = known_at or now
    day = on or about.day(moment)
    timeline = compliance.timeline(facts, horizon=day)
    return Standing(
        person=person,
        assignment=about.assignment,
        day=day,
        zone=about.zone_at(moment).key,
        computed_at=now,
        step=standing_on(timeline, day),
        known_at=known_at,
        timeline=timeline,
        facts=facts,
    )


def _stored(row: Row, day: date, zone: ZoneInfo, now: datetime) -> Standing:
    return Standing(
        person=row["person"], assignment=row["assignment"], day=day, zone=zone.key, computed_at=now, step=step_of(row)
    )


def _page_known(ranked: Sequence[Ranked], wanted: Wanted, zone: ZoneInfo, now: datetime, known_at: datetime) -> Page:
    count = wanted.count - 1
    lines = [
        Standing(
            person=person,
            assignment=assignment,
            day=wanted.day,
            zone=zone.key,
            computed_at=now,
            step=step,
            known_at=known_at,
        )
        for _, person, assignment, step in ranked[:count]
    ]
    more = None
    if len(ranked) > count:
        rank, person, assignment, _ = ranked[count - 1]
        more = Place(None if wanted.listed is Listed.EXEMPT else rank[0], assignment, person)
    return Page(day=wanted.day, zone=zone.key, computed_at=now, known_at=known_at, lines=lines, next=more)


def _counts_known(tally: Tally, day: date, zone: ZoneInfo, now: datetime, known_at: datetime) -> list[Counts]:
    statuses: defaultdict[Id, Counter[Status]] = defaultdict(Counter)
    current: Counter[Id] = Counter()
    for (assignment, status, is_valid), lines in tally.items():
        statuses[assignment][status] += lines
        current[assignment] += lines if is_valid and status not in NOT_COUNTED else 0
    return [
        Counts(
            assignment=id,
            day=day,
            zone=zone.key,
            computed_at=now,
            known_at=known_at,
            statuses=dict(statuses[id]),
            current=current[id],
        )
        for id in sorted(statuses)
    ]


def _bounds(of: StandingFilter) -> dict[str, Any]:
    return {"assignment": of.assignment, "audience": of.audience, "manager": of.manager, "item": of.item}


async def _open_tasks(tx: Tx) -> list[Row]:
    return await tx.rows("standing_waits")


async def _zone(tx: Tx) -> ZoneInfo:
    return ZoneInfo(await tx.value("tenant_zone"))
