"""Erasure: who somebody was, what she got and what she did, level by level, as far as nothing keeps it (rule G5).

What goes is looked for first, without a lock, because no index leads to words that others wrote; what it is decided by
and the erasing itself are one transaction in which nobody else writes. docs/decisions has why.
"""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from testamur.core.callers import Caller
from testamur.core.decisions import check_reason
from testamur.core.errors import LimitReached, NotFound
from testamur.core.ids import FIRST_ID, Id, new_id
from testamur.core.people import Reference
from testamur.core.retention import (
    Because,
    Erasure,
    Kept,
    Level,
    Noun,
    Owned,
    Plan,
    Pseudonym,
    Rehearsal,
)
from testamur.ledger.entries import Change, append
from testamur.ledger.erased import remember
from testamur.ledger.keeping import About, about_person, rules_of
from testamur.ledger.people_rows import known_person
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx, WriteTx

OPEN_MAX = 100
"""Erasures of one person that may keep something back at once."""
LOOKED_AT_MAX = 1000
"""People whom a part of a run looks at."""
PART_SECONDS = 10.0
"""After these a part of a run looks at nobody more: whoever waits for it should not give up."""
RETENTION_REASON = "The time for which it is kept is over"
_PEOPLE_AT_ONCE = 200
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Ended:
    """What a run of retention did, or would do, to one person."""

    person: Id
    level: Level
    erased: dict[str, int]


@dataclass(frozen=True, slots=True)
class Place:
    """How far a run has come: first everybody of whom an erasure holds something back, then whom rules may end.

    Args:
        person: looked at last; each half goes by id.
    """

    by_rules: bool
    person: Id


@dataclass(frozen=True, slots=True)
class RunPart:
    """What a part of a run did, or would do.

    Args:
        next: behind which there is somebody who loses something, or who was not looked at; None when there is nobody.
    """

    ended: Sequence[Ended]
    next: Place | None


@dataclass(frozen=True, slots=True)
class _Due:
    """What a run has to do for a person.

    Args:
        id: of the erasure that goes on; None for a new one, for what rules end.
    """

    id: Id | None
    level: Level
    plan: Plan


@dataclass(slots=True)
class _Found:
    """What has no index, as it was up to an entry and a moment.

    Args:
        is_pseudonymous: whether her name was looked for.
        subjects: what entries were looked for about.
        entries: about her, and what they are about.
        told: entries about others that name her.
    """

    is_pseudonymous: bool
    until: int = 0
    seen_at: datetime = _EPOCH
    subjects: set[Id] = field(default_factory=set)
    entries: list[int] = field(default_factory=list)
    told: list[int] = field(default_factory=list)
    rows: set[tuple[Id, int]] = field(default_factory=set)
    row_mentions: list[tuple[Id, int]] = field(default_factory=list)
    report_mentions: list[tuple[Id, bytes]] = field(default_factory=list)
    fact_mentions: list[Id] = field(default_factory=list)


class Erasures:
    """Verbs on erasure."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def plan(self, tenant: Id, reference: Reference, level: Level) -> Rehearsal:
        """What an erasure would take now, and what would be kept by what until when. Writes nothing.

        Raises: PersonNotFound naming the reference's field.
        """
        async with self._database.read(tenant) as tx:
            await tx.run("erasure_patience")
            about = await about_person(tx, await known_person(tx, reference), self._clock())
            plan = about.keeping.plan(level, about.owned)
            return Rehearsal(about.person, level, _counted(plan, await self._find(tx, about, plan)), plan.kept)

    async def erase(self, caller: Caller, reference: Reference, level: Level, reason: str) -> Erasure:
        """Erase as much of a person as nothing keeps, and say what is kept, by what and until when.

        What is kept goes with the next `run` after its time. Entries keep their numbers: what they said of her is gone
        and a mark says so. Asked again, there is nothing left to take.

        Raises: PersonNotFound naming the reference's field; InvalidInput without a reason; LimitReached when OPEN_MAX
            erasures of her keep something back.
        """
        check_reason(reason, None)
        async with self._database.read(caller.tenant) as tx:
            await tx.run("erasure_patience")
            about = await about_person(tx, await known_person(tx, reference), self._clock())
            found = await self._find(tx, about, about.keeping.plan(level, about.owned))
        async with self._database.write(caller.tenant, alone=True) as tx:
            await tx.run("erasure_patience")
            if await tx.value("erasures_open_count", person=about.person) >= OPEN_MAX:
                raise LimitReached(f"{OPEN_MAX} erasures of this person keep something back already")
            now, before = self._clock(), about
            about = await about_person(tx, about.person, self._clock())
            plan = about.keeping.plan(level, about.owned)
            found = await self._find(tx, about, plan, found if about.patterns == before.patterns else None)
            erasure = await _ask(tx, caller, about, level, _said(reason, about, level), now)
            await self._carry_out(tx, caller, erasure, about, plan, found, now)
            return await _get(tx, erasure.id)

    async def run(self, caller: Caller, *, rehearse: bool = False, count: int | None = None) -> AsyncIterator[Ended]:
        """Erase what retention keeps no more: what was held back of erasures, then what rules say is to go by itself.

        Each person is a transaction, so a run that is stopped goes on where it was.

        Args:
            rehearse: write nothing, and tell the same.
            count: people who lose something, at most.
        """
        after, left = None, count
        while left is None or left > 0:
            part = await self.run_part(caller, rehearse=rehearse, after=after, count=left or LOOKED_AT_MAX)
            for ended in part.ended:
                yield ended
            if part.next is None:
                return
            after = part.next
            left = None if left is None else left - len({ended.person for ended in part.ended})

    async def run_part(
        self, caller: Caller, *, rehearse: bool = False, after: Place | None = None, count: int
    ) -> RunPart:
        """A part of a run: it looks at LOOKED_AT_MAX people at most, and at nobody more after PART_SECONDS.

        Args:
            rehearse: write nothing, and tell the same.
            after: where the part before stopped.
            count: people who lose something, at most.
        """
        ended: list[Ended] = []
        looked_at = done = 0
        until = time.monotonic() + PART_SECONDS
        async for place in self._candidates(caller.tenant, after):
            is_long = looked_at == LOOKED_AT_MAX or (looked_at and time.monotonic() >= until)
            if is_long or (done >= count and await self._is_due(caller.tenant, place.person)):
                return RunPart(ended, after)
            if done < count:
                of_person = await self._run_person(caller, place.person, rehearse)
                ended += of_person
                done += bool(of_person)
            looked_at, after = looked_at + 1, place
        return RunPart(ended, None)

    async def get(self, tenant: Id, id: Id) -> Erasure:
        """One erasure. Raises NotFound."""
        async with self._database.read(tenant) as tx:
            return await _get(tx, id)

    async def page(
        self,
        tenant: Id,
        *,
        person: Reference | None = None,
        only_open: bool = False,
        after: Id | None = None,
        count: int,
    ) -> Sequence[Erasure]:
        """Up to `count` erasures in the order in which they were asked for, from behind `after`.

        Args:
            only_open: those that keep something back.
        Raises: PersonNotFound naming the reference's field.
        """
        async with self._database.read(tenant) as tx:
            whom = await known_person(tx, person) if person else None
            rows = await tx.rows("erasures_page", person=whom, only_open=only_open, after=after, count=count)
        return [_erasure(row) for row in rows]

    async def _candidates(self, tenant: Id, after: Place | None) -> AsyncIterator[Place]:
        """Whom a run looks at, from behind a place. Nobody twice, but for whom it has erased between."""
        async with self._database.read(tenant) as tx:
            has_rules = any(rule.erases for rule in await rules_of(tx))
        for by_rules in (False, True) if has_rules else (False,):
            if after is not None and after.by_rules > by_rules:
                continue
            query = "erasure_candidates" if by_rules else "erasure_held_back"
            last = after.person if after is not None and after.by_rules == by_rules else FIRST_ID
            rows: Sequence[Row] | None = None
            while rows is None or len(rows) == _PEOPLE_AT_ONCE:
                async with self._database.read(tenant) as tx:
                    rows = await tx.rows(query, after=last, count=_PEOPLE_AT_ONCE)
                for row in rows:
                    last = row["person"]
                    yield Place(by_rules, last)

    async def _is_due(self, tenant: Id, person: Id) -> bool:
        async with self._database.read(tenant) as tx:
            return bool(await _due(tx, await about_person(tx, person, self._clock())))

    async def _run_person(self, caller: Caller, person: Id, rehearse: bool) -> list[Ended]:
        async with self._database.read(caller.tenant) as tx:
            await tx.run("erasure_patience")
            about = await about_person(tx, person, self._clock())
            due = await _due(tx, about)
            found = {one.id: await self._find(tx, about, one.plan) for one in due}
        if rehearse or not due:
            return [Ended(person, one.level, _counted(one.plan, found[one.id])) for one in due]
        return await self._run_due(caller, due, about, found)

    async def _run_due(
        self,
        caller: Caller,
        due: Sequence[_Due],
        before: About,
        found: dict[Id | None, _Found],
    ) -> list[Ended]:
        ended = []
        async with self._database.write(caller.tenant, alone=True) as tx:
            await tx.run("erasure_patience")
            for one in due:
                now = self._clock()
                about = await about_person(tx, before.person, self._clock())
                keeping = about.keeping
                plan = keeping.expired(about.owned) if one.id is None else keeping.plan(one.level, about.owned)
                if not plan.does_something:
                    continue
                seen = await self._find(tx, about, plan, found[one.id] if about.patterns == before.patterns else None)
                if one.id is None:
                    erasure = await _ask(tx, caller, about, _level_of(plan), RETENTION_REASON, now)
                else:
                    erasure = await _get(tx, one.id)
                    if erasure.completed_at is not None:
                        continue  # everything went with the one before
                await self._carry_out(tx, caller, erasure, about, plan, seen, now)
                ended.append(Ended(about.person, erasure.level, _counted(plan, seen)))
        return ended

    async def _find(self, tx: Tx, about: About, plan: Plan, known: _Found | None = None) -> _Found:
        """What no index leads to: all of it, or what came since `known`."""
        if known is None or known.is_pseudonymous != plan.is_pseudonymous:
            known = _Found(is_pseudonymous=plan.is_pseudonymous)
        if not plan.does_something:
            return known
        found, last = known, await tx.value("entry_last")
        others = about.patterns.others if plan.is_pseudonymous else _NOTHING
        subjects = set(await _subjects(tx, about, plan))
        spans = [(subjects, others, found.until, last)]
        if found.until and not subjects <= found.subjects:
            spans.append((subjects - found.subjects, _NOTHING, 0, found.until))
        for wanted, pattern, after, until in spans:
            said = {"subjects": list(wanted), "others": pattern, "after": after, "until": until}
            for row in await tx.rows("erasure_entries", **said):
                (found.entries if row["is_hers"] else found.told).append(row["number"])
        if plan.is_pseudonymous:
            rows = await tx.rows("erasure_rows", person=about.person, values=about.values, since=found.seen_at)
            found.rows |= {(row["batch"], row["number"]) for row in rows}
            if not found.until:
                await _find_mentions(tx, about, found)
        found.until, found.seen_at, found.subjects = last, self._clock(), subjects
        return found

    async def _carry_out(
        self,
        tx: WriteTx,
        caller: Caller,
        erasure: Erasure,
        about: About,
        plan: Plan,
        found: _Found,
        now: datetime,
    ) -> None:
        """Do what the plan says, and note it."""
        tombstone = None
        if plan.is_whole:
            tombstone = await tx.value("erasure_tombstone", person=about.person, today=about.keeping.today)
        if plan.does_something:
            await tx.run("erasure_answers", id=erasure.id, pattern=about.patterns.answers)
        if plan.stripped or plan.takes_rest:
            stripped = {one.id for one in plan.stripped}
            await tx.run(
                "erasure_detail",
                id=erasure.id,
                records=_ids(plan.stripped, Noun.RECORD),
                sessions=_ids(plan.stripped, Noun.SESSION),
                kept=[one.id for one in about.owned if one.id not in stripped],
                entries=found.entries,
                rest=plan.takes_rest,
            )
        if plan.is_pseudonymous:
            await self._pseudonymise(tx, caller, erasure, about, found, now)
        if plan.gone or plan.is_whole:
            entries = found.entries if plan.is_whole else []
            await tx.run("erasure_facts", id=erasure.id, records=_ids(plan.gone, Noun.RECORD), entries=entries)
        if plan.is_whole:
            await tx.run("erasure_whole", id=erasure.id, now=now)
        counts = _counted(plan, found)
        kept = [_kept_row(one) for one in plan.kept]
        await tx.run(
            "erasure_note",
            id=erasure.id,
            is_complete=not plan.kept,
            has_identity=plan.is_pseudonymous,
            erased={name: erasure.erased.get(name, 0) + count for name, count in counts.items()},
            kept=kept,
            tombstone=tombstone,
            now=now,
        )
        if plan.is_whole:
            await tx.run("erasures_end", person=about.person, now=now)
        data = {"erasure": erasure.id, "level": erasure.level.value, "erased": counts, "kept": kept}
        await append(tx, caller.client, [Change("person.erased", about.person, data)], now)

    async def _pseudonymise(
        self, tx: WriteTx, caller: Caller, erasure: Erasure, about: About, found: _Found, now: datetime
    ) -> None:
        pseudonym = Pseudonym.of(about.person)
        withdrawn = await tx.rows("erasure_invitations_withdraw", identifiers=about.values, now=now)
        if withdrawn:
            await append(tx, caller.client, [Change("invitation.withdrawn", row["id"]) for row in withdrawn], now)
        batches, numbers = _columns(found.rows)
        await tx.run("erasure_imported", id=erasure.id, batches=batches, numbers=numbers)
        await tx.run(
            "erasure_identity",
            id=erasure.id,
            records=_ids(about.owned, Noun.RECORD),
            entries=found.entries,
            told=found.told,
            identifiers=about.values,
            given_name=pseudonym.given_name,
            family_name=pseudonym.family_name,
            alias=pseudonym.ref,
            hers=about.patterns.hers,
            others=about.patterns.others,
            now=now,
        )
        records, digests = _columns(found.report_mentions)
        batches, numbers = _columns(found.row_mentions)
        await tx.run(
            "erasure_mentions",
            id=erasure.id,
            records=records,
            digests=digests,
            facts=found.fact_mentions,
            batches=batches,
            numbers=numbers,
            others=about.patterns.others,
            alias=pseudonym.ref,
        )
        await remember(tx, about.names.keys)


_NOTHING = "(?=a)b"


def _said(reason: str, about: About, level: Level) -> str:
    """The reason, which must not be the place where her name is kept."""
    if level is Level.DETAIL:
        return reason
    alias = Pseudonym.of(about.person).ref
    for text in sorted({*about.names.names, *about.names.identifiers}, key=len, reverse=True):
        reason = re.sub(rf"(?<!\w){re.escape(text)}(?!\w)", alias, reason, flags=re.IGNORECASE)
    return reason


async def _ask(tx: WriteTx, caller: Caller, about: About, level: Level, reason: str, now: datetime) -> Erasure:
    id = new_id()
    await tx.run(
        "erasure_add",
        id=id,
        person=about.person,
        level=level.value,
        reason=reason,
        asked_by=caller.client,
        asked_by_person=caller.person,
        now=now,
    )
    return await _get(tx, id)


async def _subjects(tx: Tx, about: About, plan: Plan) -> list[Id]:
    """What entries are about that are to be redacted."""
    ids = [one.id for one in (about.owned if plan.is_pseudonymous else (*plan.stripped, *plan.gone))]
    if plan.is_pseudonymous or plan.takes_rest:
        rows = await tx.rows("erasure_subjects", person=about.person, values=about.values)
        ids += [row["id"] for row in rows if plan.is_pseudonymous or not row["is_who"]]
    return [about.person, *ids] if plan.is_pseudonymous else ids


async def _find_mentions(tx: Tx, about: About, found: _Found) -> None:
    """What others told that names her."""
    records = _ids(about.owned, Noun.RECORD)
    said: dict[str, Any] = {"others": about.patterns.others, "records": records, "person": about.person}
    found.row_mentions = [(row["batch"], row["number"]) for row in await tx.rows("erasure_mentions_rows", **said)]
    found.report_mentions = [
        (row["record"], row["digest"]) for row in await tx.rows("erasure_mentions_reports", **said)
    ]
    found.fact_mentions = [row["record"] for row in await tx.rows("erasure_mentions_facts", **said)]


async def _due(tx: Tx, about: About) -> list[_Due]:
    """What may go of erasures that hold something back or else, where they have nothing new, what rules end."""
    rows = await tx.rows("erasures_page", person=about.person, only_open=True, after=None, count=OPEN_MAX)
    due = []
    for row in rows:
        level = Level(row["level"])
        plan = about.keeping.plan(level, about.owned)
        if _is_news(row, plan):
            due.append(_Due(row["id"], level, plan))
    if due:
        return due
    plan = about.keeping.expired(about.owned)
    return [_Due(None, _level_of(plan), plan)] if plan.does_something else []


def _level_of(plan: Plan) -> Level:
    return Level.ALL if plan.gone else Level.DETAIL


def _is_news(row: Row, plan: Plan) -> bool:
    """Whether another try would do more than the ones before."""
    if not plan.kept:
        return True
    stripped = any(one.has_detail for one in plan.stripped)
    return stripped or bool(plan.gone) or (plan.is_pseudonymous and not row["has_identity"])


def _counted(plan: Plan, found: _Found) -> dict[str, int]:
    counts = plan.counts
    counts["entries"] = len(found.entries)
    counts["imported_rows"] = len(found.rows)
    counts["mentions"] = (
        len(found.told) + len(found.row_mentions) + len(found.report_mentions) + len(found.fact_mentions)
    )
    return counts


def _ids(owned: Iterable[Owned], noun: Noun) -> list[Id]:
    return [one.id for one in owned if one.noun is noun]


def _columns(rows: Iterable[tuple[Any, Any]]) -> tuple[list[Any], list[Any]]:
    pairs = list(rows)
    return [first for first, _ in pairs], [second for _, second in pairs]


def _kept_row(kept: Kept) -> dict[str, Any]:
    said = asdict(kept) | {"level": kept.level.value, "because": kept.because.value}
    said["noun"] = kept.noun.value if kept.noun else None
    said["until"] = kept.until.isoformat() if kept.until else None
    return said


def _kept(said: dict[str, Any]) -> Kept:
    return Kept(
        level=Level(said["level"]),
        because=Because(said["because"]),
        id=_id(said["id"]),
        noun=Noun(said["noun"]) if said["noun"] else None,
        item=_id(said["item"]),
        until=date.fromisoformat(said["until"]) if said["until"] else None,
        count=said["count"],
    )


def _id(text: str | None) -> Id | None:
    return None if text is None else Id(UUID(text))


async def _get(tx: Tx, id: Id) -> Erasure:
    row = await tx.row("erasure_get", id=id)
    if row is None:
        raise NotFound("No such erasure in this tenant")
    return _erasure(row)


def _erasure(row: Row) -> Erasure:
    return Erasure(
        id=row["id"],
        person=row["person"],
        level=Level(row["level"]),
        reason=row["reason"],
        asked_by=row["asked_by"],
        asked_by_person=row["asked_by_person"],
        asked_at=row["asked_at"],
        tried_at=row["tried_at"],
        completed_at=row["completed_at"],
        erased=row["erased"],
        kept=[_kept(one) for one in row["kept"]],
        tombstone=row["tombstone"],
    )
