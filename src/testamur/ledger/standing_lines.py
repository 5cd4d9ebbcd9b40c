"""Lines: what one person's standing under one assignment rests on, and keeping the stored steps true to it.

Every verb that changes a fact calls a `restand_*` function at the end of its transaction, with the tenant's counter
locked: two of them can never work on the same line at once, so the one that comes later sees all that the other wrote.
A handful of lines is worked out right there. More of them become a task, in the same transaction, so none is missed.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
import structlog
from msgspec import Struct

from testamur.core import compliance
from testamur.core.compliance import (
    Anchor,
    Completion,
    CreditState,
    Exemption,
    Extension,
    Facts,
    How,
    ItemVersion,
    Membership,
    Obligation,
    PriorCredit,
    Progress,
    Reason,
    Reentry,
    Retirement,
    SatisfiedBy,
    Settings,
    Span,
    Status,
    Step,
)
from testamur.core.errors import AssignmentNotFound
from testamur.core.ids import Id, new_id
from testamur.core.moments import Precision, When
from testamur.storage.database import Row, Tx, WriteTx

AT_ONCE_MAX = 32
"""Lines that are worked out in the transaction that touched them."""
FACTS_AT_ONCE = 1_000
"""Completions of one person that a line reads as they are; likewise what was closed, and sessions. Of more, those that
differ in nothing but the time of their day are read as one, so that a line holds no more than days have passed."""
_PEOPLE_IN_TASK_MAX = 1_000
"""People that a task names one by one; beyond it the whole assignment is worked out."""

NONE = "none"
"""The stored word for days that have no answer, between others that have."""

log = structlog.get_logger("testamur.standing")

Line = tuple[Id, Id]
"""An assignment and a person."""

Stamp = tuple[int, datetime, int | None]
"""Moves with all that the lines of an assignment share: its last version, the last change of an item it accepts, and
the last version of the tenant's settings."""


# Touching ------------------------------------------------------------------------------------------------------


async def restand(
    tx: WriteTx,
    lines: Collection[Line],
    now: datetime,
    *,
    at_once: int = AT_ONCE_MAX,
    stamps: Mapping[Id, Stamp] = MappingProxyType({}),
) -> None:
    """Make the stored steps of these lines true again, at once or soon.

    Args:
        stamps: of assignments, where they are known: what is remembered under the same stamp is not read again.
    """
    by_assignment: defaultdict[Id, list[Id]] = defaultdict(list)
    for assignment, person in lines:
        by_assignment[assignment].append(person)
    if len(lines) <= at_once:
        abouts = [(await About.remembered(tx, id, stamps.get(id)), people) for id, people in by_assignment.items()]
        await write_difference(tx, await difference(tx, abouts), now)
        return
    for assignment, people in by_assignment.items():
        await _ask(tx, assignment, people, now)


async def restand_assignment(tx: WriteTx, assignment: Id, now: datetime) -> None:
    """After an assignment was made or got a new version."""
    await restand_assignments(tx, [assignment], now)


async def restand_assignments(tx: WriteTx, assignments: Sequence[Id], now: datetime) -> None:
    """After something changed for everybody under these assignments."""
    lines: list[Line] = []
    for assignment in assignments:
        room = AT_ONCE_MAX + 1 - len(lines)
        people = await _people(tx, assignment, room)
        lines += [(assignment, person) for person in people]
        if len(lines) > AT_ONCE_MAX:
            for each in assignments:
                await _ask_whole(tx, each, now)
            return
    await restand(tx, lines, now)


async def restand_audience(tx: WriteTx, audience: Id, people: Sequence[Id] | None, now: datetime) -> None:
    """After people, or None for unknown many, joined or left an audience."""
    if people is not None and not people:
        return
    assignments = [row["assignment"] for row in await tx.rows("standing_of_audience", audience=audience)]
    if not assignments:
        return
    if people is None or len(people) > _PEOPLE_IN_TASK_MAX:
        await restand_assignments(tx, assignments, now)
    else:
        await restand(tx, [(assignment, person) for assignment in assignments for person in set(people)], now)


async def restand_people(
    tx: WriteTx, people: Sequence[Id], now: datetime, *, items: Sequence[Id] | None = None
) -> None:
    """After something changed for these people, in all of their lines or in those that accept one of the items."""
    rows = await tx.rows("standing_of_people", people=list(people), items=items)
    await restand(tx, [(row["assignment"], row["person"]) for row in rows], now)


async def restand_items(tx: WriteTx, items: Sequence[Id], now: datetime) -> None:
    """After a version of these items was published that ends the credit of older ones."""
    rows = await tx.rows("standing_of_items", items=list(items))
    await restand_assignments(tx, [row["assignment"] for row in rows], now)


async def restand_records(tx: WriteTx, records: Sequence[Id], now: datetime) -> None:
    """After facts of these records were written or closed."""
    rows = await tx.rows("standing_of_records", records=list(records))
    # Calls that share a commit are each held to the handful, not all of them together.
    at_once = max(AT_ONCE_MAX, 2 * len(records))
    stamps = {row["assignment"]: (row["version"], row["items_updated_at"], row["settings"]) for row in rows}
    await restand(tx, [(row["assignment"], row["person"]) for row in rows], now, at_once=at_once, stamps=stamps)


async def restand_returning(tx: WriteTx, since: date, now: datetime) -> None:
    """After another re-entry time, in every line with a return on or after a day (rule M2)."""
    returning = await tx.rows("standing_returning", since=since, count=_PEOPLE_IN_TASK_MAX + 1)
    if len(returning) > _PEOPLE_IN_TASK_MAX:
        await restand_assignments(tx, [row["id"] for row in await tx.rows("standing_assignments")], now)
        return
    await restand_people(tx, [row["person"] for row in returning], now)
    revised = await tx.rows("standing_revised", since=since)
    await restand_assignments(tx, [row["assignment"] for row in revised], now)


async def restand_import(tx: WriteTx, batch: Id, now: datetime, *, numbers: Sequence[int] | None = None) -> None:
    """After facts of a batch, or of some of its rows, were written or closed: once for all of them (rule I16)."""
    for row in await tx.rows("import_lines", batch=batch, numbers=numbers):
        await _ask(tx, row["assignment"], row["people"], now)


async def _ask(tx: WriteTx, assignment: Id, people: Sequence[Id], now: datetime) -> None:
    if len(people) > _PEOPLE_IN_TASK_MAX:
        await _ask_whole(tx, assignment, now)
        return
    total = len(people)
    await tx.run("standing_task_add", id=new_id(), assignment=assignment, people=sorted(people), total=total, now=now)


async def _ask_whole(tx: WriteTx, assignment: Id, now: datetime) -> None:
    total = await tx.value("standing_people_count", assignment=assignment)
    await tx.run("standing_task_whole", id=new_id(), assignment=assignment, total=total, now=now)


async def _people(tx: Tx, assignment: Id, count: int) -> list[Id]:
    audiences = [row["audience"] for row in await tx.rows("standing_audiences", assignment=assignment)]
    rows = await tx.rows("standing_people", audiences=audiences, after=None, last=None, count=count)
    return [row["person"] for row in rows]


# Working out ---------------------------------------------------------------------------------------------------


async def work_out(tx: WriteTx, assignment: Id, people: Sequence[Id], now: datetime) -> int:
    """Work out lines of one assignment and write what is different; the tenant's counter is locked.

    Returns: how many lines were different.
    """
    return await write_difference(tx, await difference(tx, [(await About.read(tx, assignment), people)]), now)


async def fresh_steps(tx: Tx, lines: Iterable[Line], now: datetime) -> dict[Line, Step | None]:
    """The steps of today from the facts, for lines of which the stored ones wait to be made true."""
    people: defaultdict[Id, list[Id]] = defaultdict(list)
    for assignment, person in lines:
        people[assignment].append(person)
    abouts = {assignment: await About.read(tx, assignment) for assignment in people}
    if not abouts:
        return {}
    told = await told_of(tx, [(abouts[assignment], of) for assignment, of in people.items()])
    found: dict[Line, Step | None] = {}
    for line, one in told.items():
        about = abouts[line[0]]
        day = about.day(now)
        found[line] = compliance.standing_on(compliance.timeline(about.facts_of(one), horizon=day), day)
    return found


@dataclass(slots=True)
class Difference:
    """Where stored steps and obligations are not what the facts say: keys of rows to remove, and rows to add.

    Args:
        lines: those that are different.
        failed: those that could not be worked out; they stay as they are.
    """

    gone: list[tuple[Line, date]] = field(default_factory=list)
    new: list[StepRow] = field(default_factory=list)
    gone_obligations: list[tuple[Line, int]] = field(default_factory=list)
    new_obligations: list[ObligationRow] = field(default_factory=list)
    lines: list[Line] = field(default_factory=list)
    failed: list[Line] = field(default_factory=list)


async def difference(tx: Tx, abouts: Sequence[tuple[About, Sequence[Id]]]) -> Difference:
    """What the stored steps of some people under some assignments lack."""
    found = Difference()
    by_id = {about.assignment: about for about, _ in abouts}
    for line, told in (await told_of(tx, abouts, stored=True)).items():
        try:
            timeline = compliance.timeline(by_id[line[0]].facts_of(told), horizon=date.min)
        except Exception:  # a fact must be recorded whatever becomes of the copy; a rebuild tells of the line
            log.exception("a line could not be worked out", assignment=str(line[0]), person=str(line[1]))
            found.failed.append(line)
            continue
        steps = _rows(line, timeline.steps)
        kept_steps = {row.from_on: row for row in told.steps or ()}
        owed = {place: _owed(line, place, one) for place, one in enumerate(timeline.obligations, 1)}
        kept_owed = {row.place: row for row in told.obligations or ()}
        if steps == kept_steps and owed == kept_owed:
            continue
        found.lines.append(line)
        found.gone += [(line, day) for day in kept_steps if day not in steps]
        found.new += [row for day, row in steps.items() if kept_steps.get(day) != row]
        found.gone_obligations += [(line, place) for place in kept_owed if place not in owed]
        found.new_obligations += [row for place, row in owed.items() if kept_owed.get(place) != row]
    return found


async def write_difference(tx: WriteTx, found: Difference, now: datetime) -> int:
    """Make the stored steps right, in one trip. Returns how many lines were different."""
    if found.lines:
        await tx.run(
            "standings_write",
            assignments=[assignment for (assignment, _), _ in found.gone],
            people=[person for (_, person), _ in found.gone],
            from_ons=[day for _, day in found.gone],
            owed_under=[assignment for (assignment, _), _ in found.gone_obligations],
            owing=[person for (_, person), _ in found.gone_obligations],
            places=[place for _, place in found.gone_obligations],
            steps=found.new,
            obligations=found.new_obligations,
            now=now,
        )
    return len(found.lines)


class StepRow(Struct, frozen=True):
    """A row of the table `standing`."""

    assignment: Id
    person: Id
    from_on: date
    until_on: date | None
    status: str
    line: int
    cycle: int
    opens_on: date | None
    due_on: date | None
    credit: str
    credit_ends_on: date | None
    last_completed_on: date | None
    started_on: date | None
    satisfied_by: Id | None
    satisfied_how: str | None
    is_on_time: bool | None
    late_days: int
    is_impossible: bool
    because: list[Reason]
    zone: str
    missed_cycles: int = 0
    fixed_days: list[int] = []


def _rows(of: Line, steps: Sequence[Step]) -> dict[date, StepRow]:
    """The rows of a line by their first day, with what fills the days between that have no answer."""
    rows: dict[date, StepRow] = {}
    last: date | None = None
    for step in steps:
        if last is not None and last < step.since:
            rows[last] = _nothing(of, last, step.since, step.zone.key)
        rows[step.since] = _row(of, step)
        last = step.until
    if last is not None:
        rows[last] = _nothing(of, last, None, steps[-1].zone.key)
    return rows


def _nothing(of: Line, since: date, until: date | None, zone: str) -> StepRow:
    never = CreditState.NEVER.value
    return StepRow(
        *of, since, until, NONE, 0, 0, None, None, never, None, None, None, None, None, None, 0, False, [], zone
    )


def _row(of: Line, step: Step) -> StepRow:
    return StepRow(
        *of,
        step.since,
        step.until,
        step.status.value,
        step.line,
        step.cycle,
        step.opens_on,
        step.due_on,
        step.credit.value,
        step.credit_ends_on,
        step.last_completed_on,
        step.started_on,
        step.satisfied_by,
        step.satisfied_how and step.satisfied_how.value,
        step.is_on_time,
        step.late_days,
        step.is_impossible,
        list(step.because),
        step.zone.key,
        step.missed_cycles,
        [month * 100 + day for month, day in step.fixed_days],
    )


class ObligationRow(Struct, frozen=True):
    """A row of the table `obligation`."""

    assignment: Id
    person: Id
    place: int
    line: int
    cycle: int
    opens_on: date
    due_on: date | None
    outcome: str
    ended_on: date | None
    satisfied_by: Id | None
    satisfied_how: str | None
    satisfied_on: date | None
    is_on_time: bool | None
    days_late: int


def _owed(of: Line, place: int, one: Obligation) -> ObligationRow:
    return ObligationRow(
        *of,
        place,
        one.line,
        one.cycle,
        one.opens_on,
        one.due_on,
        one.outcome.value,
        one.ended_on,
        one.satisfied_by,
        one.satisfied_how and one.satisfied_how.value,
        one.satisfied_on,
        one.is_on_time,
        one.days_late,
    )


def step_of(row: Row) -> Step:
    """The step that a row of the table `standing` holds."""
    return Step(
        since=row["from_on"],
        until=row["until_on"],
        status=Status(row["status"]),
        credit=CreditState(row["credit"]),
        credit_ends_on=row["credit_ends_on"],
        line=row["line"],
        cycle=row["cycle"],
        opens_on=row["opens_on"],
        due_on=row["due_on"],
        last_completed_on=row["last_completed_on"],
        started_on=row["started_on"],
        satisfied_by=row["satisfied_by"],
        satisfied_how=None if row["satisfied_how"] is None else SatisfiedBy(row["satisfied_how"]),
        is_on_time=row["is_on_time"],
        late_days=row["late_days"],
        missed_cycles=row["missed_cycles"],
        is_impossible=row["is_impossible"],
        because=tuple((rule, Id(UUID(fact)) if isinstance(fact, str) else fact) for rule, fact in row["because"]),
        zone=ZoneInfo(row["zone"]),
        fixed_days=calendar_pairs(row["fixed_days"]),
    )


# Gathering -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class About:
    """What all lines of one assignment share.

    Args:
        zone: the tenant's.
    """

    assignment: Id
    zone: ZoneInfo
    versions: tuple[Settings, ...]
    reentries: tuple[Reentry, ...] = ()
    item_versions: tuple[ItemVersion, ...] = ()
    retirements: tuple[Retirement, ...] = ()

    @classmethod
    async def read(cls, tx: Tx, assignment: Id) -> About:
        """Raises AssignmentNotFound."""
        row = await tx.row("standing_about", assignment=assignment)
        if row is None:
            raise AssignmentNotFound
        zone = ZoneInfo(row["zone"])
        versions = tuple(_version(told, zone) for told in _VERSIONS.decode(row["versions"]))
        about = cls(assignment, zone, versions)
        published = _ITEM_VERSIONS.decode(row["item_versions"]) if row["item_versions"] else ()
        retired = _RETIREMENTS.decode(row["retirements"]) if row["retirements"] else ()
        return replace(
            about,
            reentries=about.reentries_of(row["reentries"]),
            item_versions=tuple(about._item_version(one) for one in published),
            retirements=tuple(Retirement(item=item, retired_on=about.day(at), recorded_at=at) for item, at in retired),
        )

    @classmethod
    async def remembered(cls, tx: Tx, assignment: Id, stamp: Stamp | None) -> About:
        """The same as it was read under this stamp before; without a stamp it is read.

        Only for transactions that change none of it: what they read would be remembered though they fail.
        """
        if stamp is None:
            return await cls.read(tx, assignment)
        key = tx.tenant, assignment
        if key not in _remembered or _remembered[key][0] != stamp:
            if len(_remembered) >= _REMEMBERED_MAX:
                _remembered.clear()
            _remembered[key] = stamp, await cls.read(tx, assignment)
        return _remembered[key][1]

    def edited(self, version: Settings) -> About:
        """As it would be with one more version."""
        return replace(self, versions=(*self.versions, version))

    def reentries_of(self, told: str | None) -> tuple[Reentry, ...]:
        """The tenant's re-entry times, in the days of this assignment's zone."""
        return tuple(
            Reentry(number=number, since=self.day(at), days=days, recorded_at=at)
            for number, days, at in (_REENTRIES.decode(told) if told else ())
        )

    def _item_version(self, told: _ItemVersionTold) -> ItemVersion:
        # Published today as asking for retraining from next month on, it ends credit next month.
        published_on = self.day(told.published_at)
        return ItemVersion(
            item=told.item,
            number=told.number,
            published_on=max(published_on, told.retraining_from or published_on),
            requires_retraining=told.retraining_from is not None,
            recorded_at=told.published_at,
        )

    @property
    def audiences(self) -> list[Id]:
        return list({version.audience for version in self.versions})

    @property
    def items(self) -> list[Id]:
        return list({item for version in self.versions for item in version.items})

    @property
    def primaries(self) -> list[Id]:
        return list({version.primary for version in self.versions})

    @property
    def zones(self) -> list[str]:
        return list({self.zone.key, *(version.zone.key for version in self.versions)})

    def zone_at(self, moment: datetime) -> ZoneInfo:
        """The deadline zone at a moment: an edit of it moves no day before (rule D8)."""
        known = [version for version in self.versions if version.recorded_at and version.recorded_at <= moment]
        return (known or self.versions)[-1 if known else 0].zone if self.versions else self.zone

    def day(self, moment: datetime) -> date:
        """The local day of a moment (rule D3)."""
        return moment.astimezone(self.zone_at(moment)).date()

    async def facts(self, tx: Tx, people: Sequence[Id], *, moment: datetime | None = None) -> Mapping[Id, Facts]:
        """What the lines of these people rest on; at a moment, what was known of it then (principle P6)."""
        told = await told_of(tx, [(self, people)], moment=moment)
        return {person: self.facts_of(one, moment) for (_, person), one in told.items()}

    def facts_of(self, told: Told, moment: datetime | None = None) -> Facts:
        """What was read, as the engine takes it."""
        facts = Facts(
            versions=self.versions,
            memberships=tuple(_membership(one) for one in told.memberships or ()),
            completions=tuple(_completion(one) for one in told.facts or () if one.completed_at is not None),
            progress=tuple(_progress(told)),
            exemptions=tuple(self._exemptions(told, moment)),
            extensions=tuple(
                Extension(
                    id=one.id,
                    granted_on=one.granted_on,
                    due_on=one.due_on,
                    recorded_at=one.granted_at,
                    withdrawn_on=self.day(one.withdrawn_at) if one.withdrawn_at else None,
                    withdrawn_recorded_at=one.withdrawn_at,
                )
                for one in told.extensions or ()
            ),
            inactive=tuple(self._inactive(told)),
            item_versions=self.item_versions,
            retirements=self.retirements,
            reentries=self.reentries,
        )
        return facts if moment is None else facts.known_at(moment)

    def _inactive(self, told: Told) -> Iterable[Span]:
        for one in told.suspensions or ():
            yield Span(
                since=self.day(one.began_at),
                until=self.day(one.ended_at) if one.ended_at else None,
                recorded_at=one.known_at,
                end_recorded_at=one.ended_known_at,
            )
        if told.deleted_at is not None:
            yield Span(since=self.day(told.deleted_at), recorded_at=told.deleted_at)

    def _exemptions(self, told: Told, moment: datetime | None) -> Iterable[Exemption]:
        for one in told.exemptions or ():
            until_on = one.until_on
            if one.withdrawn_at is not None and _was_withdrawn(one.withdrawn_at, moment):
                # It covered the days up to its withdrawal (principle P5).
                last = self.day(one.withdrawn_at) - timedelta(days=1)
                until_on = last if until_on is None else min(until_on, last)
            if until_on is None or until_on >= one.from_on:
                yield Exemption(id=one.id, since=one.from_on, until=until_on, recorded_at=one.granted_at)


async def told_of(
    tx: Tx, abouts: Sequence[tuple[About, Sequence[Id]]], *, stored: bool = False, moment: datetime | None = None
) -> dict[Line, Told]:
    """What the lines of people under assignments rest on, as it was read; on demand with what is stored of them.

    Args:
        moment: what became known later may be missing.
    """
    rows = await tx.rows(
        "standing_facts",
        abouts=[
            {
                "assignment": about.assignment,
                "people": people,
                "audiences": about.audiences,
                "items": about.items,
                "primaries": about.primaries,
            }
            for about, people in abouts
        ],
        most=FACTS_AT_ONCE,
        stored=stored,
    )
    found: dict[Line, Told] = {(row["assignment"], row["person"]): _TOLD.decode(row["told"]) for row in rows}
    cut = [line for line, told in found.items() if _is_cut(told)]
    if cut:
        by_id = {about.assignment: about for about, _ in abouts}
        for line in cut:
            await _read_by_day(tx, by_id[line[0]], line[1], found[line], moment)
    return found


def _is_cut(told: Told) -> bool:
    facts = told.facts or ()
    if len(facts) >= FACTS_AT_ONCE:
        standing = sum(one.completed_at is not None and one.closed_at is None for one in facts)
        if max(standing, len(facts) - standing) >= FACTS_AT_ONCE:
            return True
    return len(told.sessions or ()) >= FACTS_AT_ONCE


async def _read_by_day(tx: Tx, about: About, person: Id, told: Told, moment: datetime | None) -> None:
    bounds = {"person": person, "items": about.items, "zones": about.zones, "at": moment}
    facts = await tx.value("standing_facts_by_day", **bounds)
    sessions = await tx.value("standing_sessions_by_day", **bounds)
    told.facts = _FACTS.decode(facts) if facts else None
    told.sessions = _SESSIONS.decode(sessions) if sessions else None


def _membership(one: _MembershipTold) -> Membership:
    return Membership(
        audience=one.audience,
        since=one.joined_on,
        until=one.left_on,
        recorded_at=one.known_at,
        end_recorded_at=one.left_known_at,
    )


def _completion(one: _FactTold) -> Completion:
    assert one.completed_at is not None
    return Completion(
        id=one.id,
        item=one.item,
        completed=When(one.completed_at, Precision.DAY if one.completed_by_day else Precision.INSTANT),
        recorded_at=one.recorded_at,
        version=one.item_version,
        passed=one.passed,
        expires=None if one.expires_at is None else When(one.expires_at),
        voided_at=one.closed_at,
        how=_how(one),
    )


def _progress(told: Told) -> Iterable[Progress]:
    """Starts, records without a completion, and sessions with their attempts (rules F3 and F4)."""
    for one in told.facts or ():
        if one.started_at is not None or one.completed_at is None:
            yield Progress(
                item=one.item,
                made=When(one.started_at or one.recorded_at),
                id=one.id,
                recorded_at=one.recorded_at,
                # A correction does not undo that somebody was on her way; a withdrawal does.
                voided_at=one.closed_at if one.closed_as == "voided" else None,
            )
    for session in told.sessions or ():
        yield Progress(
            item=session.item,
            made=When(session.started_at),
            id=session.id,
            recorded_at=session.recorded_at,
            voided_at=session.voided_at,
        )


def _how(one: _FactTold) -> How:
    if one.how == How.EQUIVALENCY.value:
        return How.EQUIVALENCY
    if one.how == How.IMPORT.value:
        return How.IMPORT
    return How.PRIOR if one.is_prior else How.ORDINARY


_remembered: dict[tuple[Id, Id], tuple[Stamp, About]] = {}
_REMEMBERED_MAX = 1_000


def _was_withdrawn(at: datetime | None, moment: datetime | None) -> bool:
    return at is not None and (moment is None or at <= moment)


def _version(told: _VersionTold, zone: ZoneInfo) -> Settings:
    return Settings(
        number=told.number,
        since=told.effective_on,
        recorded_at=told.recorded_at,
        audience=told.audience,
        primary=told.primary,
        alternatives=tuple(told.alternatives),
        completion_period_days=told.completion_period_days,
        recurrence_days=told.recurrence_days,
        renewal_window_days=told.renewal_window_days,
        renewal_grace_days=told.renewal_grace_days,
        anchor=Anchor(told.anchor),
        calendar_days=calendar_pairs(told.calendar_days),
        minimum_credit_days=told.minimum_credit_days,
        prior_credit=PriorCredit(told.prior_credit),
        notice_floor=told.has_notice_floor,
        is_active=told.is_active,
        is_deleted=told.is_deleted,
        applies_to_open=told.applies_to_open,
        zone=ZoneInfo(told.zone) if told.zone else zone,
    )


def calendar_pairs(days: Iterable[int]) -> tuple[tuple[int, int], ...]:
    """Days of the year as they are stored, as pairs of month and day."""
    return tuple((day // 100, day % 100) for day in days)


class _VersionTold(Struct, array_like=True):
    number: int
    effective_on: date
    recorded_at: datetime
    audience: Id
    primary: Id
    alternatives: list[Id]
    completion_period_days: int
    recurrence_days: int | None
    renewal_window_days: int
    renewal_grace_days: int | None
    anchor: str
    calendar_days: list[int]
    minimum_credit_days: int | None
    prior_credit: str
    has_notice_floor: bool
    is_active: bool
    is_deleted: bool
    applies_to_open: bool
    zone: str | None


class _ItemVersionTold(Struct, array_like=True):
    item: Id
    number: int
    published_at: datetime
    retraining_from: date | None


class _MembershipTold(Struct, array_like=True):
    audience: Id
    joined_on: date
    left_on: date | None
    known_at: datetime
    left_known_at: datetime | None


class _SuspensionTold(Struct, array_like=True):
    began_at: datetime
    known_at: datetime
    ended_at: datetime | None
    ended_known_at: datetime | None


class _FactTold(Struct, array_like=True):
    id: Id
    item: Id
    item_version: int | None
    completed_at: datetime | None
    completed_by_day: bool
    started_at: datetime | None
    expires_at: datetime | None
    passed: bool | None
    is_prior: bool
    how: str | None
    recorded_at: datetime
    closed_at: datetime | None
    closed_as: str | None
    record: Id


class _SessionTold(Struct, array_like=True):
    id: Id
    item: Id
    started_at: datetime
    recorded_at: datetime
    voided_at: datetime | None


class _ExemptionTold(Struct, array_like=True):
    id: Id
    from_on: date
    until_on: date | None
    granted_at: datetime
    withdrawn_at: datetime | None


class _ExtensionTold(Struct, array_like=True):
    id: Id
    cycle: int
    due_on: date
    granted_on: date
    granted_at: datetime
    withdrawn_at: datetime | None


class Told(Struct, array_like=True):
    """What one line rests on, as it was read, and what is stored of it."""

    memberships: list[_MembershipTold] | None
    suspensions: list[_SuspensionTold] | None
    deleted_at: datetime | None
    facts: list[_FactTold] | None
    sessions: list[_SessionTold] | None
    exemptions: list[_ExemptionTold] | None
    extensions: list[_ExtensionTold] | None
    steps: list[StepRow] | None
    obligations: list[ObligationRow] | None

    def records(self) -> dict[Id, Id]:
        """The record of each fact."""
        return {one.id: one.record for one in self.facts or ()}


_VERSIONS: Any = msgspec.json.Decoder(list[_VersionTold])
_ITEM_VERSIONS: Any = msgspec.json.Decoder(list[_ItemVersionTold])
_REENTRIES: Any = msgspec.json.Decoder(list[tuple[int, int, datetime]])
_RETIREMENTS: Any = msgspec.json.Decoder(list[tuple[Id, datetime]])
_FACTS: Any = msgspec.json.Decoder(list[_FactTold])
_SESSIONS: Any = msgspec.json.Decoder(list[_SessionTold])
_TOLD: Any = msgspec.json.Decoder(Told)
