"""What if: who would stand otherwise, were an assignment another or new. Nothing is written."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field, replace
from datetime import date, datetime
from functools import partial
from typing import Any

from testamur.core import compliance
from testamur.core.compliance import Status, Step, Timeline, standing_on
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.standing import CHANGES_MAX, Changed, Preview
from testamur.ledger.standing_facts import About, told_of
from testamur.ledger.standing_spread import spread
from testamur.storage.database import Database
from testamur.storage.transactions import Tx

_LINES_AT_ONCE = 64
"""Lines worked out between two looks at other requests."""


@dataclass(frozen=True, slots=True)
class Proposal:
    """An assignment as it is and as it would be; one that is new has no versions before."""

    before: About
    after: About


@dataclass(slots=True)
class _Effect:
    """What a proposal does to some lines; see `Preview`."""

    lines: int = 0
    changed: int = 0
    opens: int = 0
    moves: int = 0
    withdraws: int = 0
    statuses: Counter[tuple[Status | None, Status | None]] = field(default_factory=Counter)
    changes: list[Changed] = field(default_factory=list)

    def add(self, other: _Effect) -> None:
        self.lines += other.lines
        self.changed += other.changed
        self.opens += other.opens
        self.moves += other.moves
        self.withdraws += other.withdraws
        self.statuses.update(other.statuses)
        self.changes = sorted([*self.changes, *other.changes], key=lambda one: one.person)[:CHANGES_MAX]


async def check_size(tx: Tx, about: About, most: int, name: str) -> None:
    """Raises InvalidInput naming a field when more than `most` people came under an assignment."""
    rows = await tx.rows("standing_people", audiences=about.audiences, after=None, last=None, count=most + 1)
    if len(rows) > most:
        message = (
            f"is of more than {most:,} people, whose lines take too long here; the command line previews any number"
        )
        raise InvalidInput(FieldFault(name, "range", message))


async def preview(
    database: Database,
    tenant: Id,
    proposal: Proposal,
    now: datetime,
    *,
    processes: int = 1,
    progress: Callable[[int], None] = lambda done: None,
) -> Preview:
    """What the proposal would change if it were made now; see `Standings.preview`."""
    day = proposal.after.day(now)
    whole, done = _Effect(), 0
    parts = _parts(database, tenant, proposal.after)
    async with aclosing(spread(database, tenant, parts, partial(_effect, proposal, day), processes=processes)) as found:
        async for people, effect in found:
            whole.add(effect)
            done += len(people)
            progress(done)
    return Preview(
        day=day,
        zone=proposal.after.zone_at(now).key,
        computed_at=now,
        lines=whole.lines,
        changed=whole.changed,
        statuses=dict(whole.statuses),
        opens=whole.opens,
        moves=whole.moves,
        withdraws=whole.withdraws,
        changes=whole.changes,
    )


async def _parts(database: Database, tenant: Id, about: About) -> AsyncIterator[Sequence[Id]]:
    after: Id | None = None
    while True:
        async with database.read(tenant) as tx:
            rows = await tx.rows(
                "standing_people", audiences=about.audiences, after=after, last=None, count=_LINES_AT_ONCE
            )
        people = [row["person"] for row in rows]
        if people:
            yield people
        if len(people) < _LINES_AT_ONCE:
            return
        after = people[-1]


async def _effect(proposal: Proposal, day: date, database: Database, tenant: Id, people: Sequence[Id]) -> _Effect:
    effect, after = _Effect(), proposal.after
    async with database.read(tenant) as tx:
        told = await told_of(tx, [(after, people)])
    for (_, person), one in told.items():
        facts = after.facts_of(one)
        new = compliance.timeline(facts, horizon=date.min)
        old = compliance.timeline(replace(facts, versions=proposal.before.versions), horizon=date.min)
        if not old.steps and not new.steps:
            continue
        effect.lines += 1
        was, will = standing_on(old, day), standing_on(new, day)
        effect.statuses[was.status if was else None, will.status if will else None] += 1
        differing = _first_difference(old, new, day)
        if differing is None:
            continue
        effect.changed += 1
        effect.opens += _is_open(will) and not _is_open(was)
        effect.withdraws += (
            _is_open(was) and not _is_open(will) and will is not None and will.status is Status.WITHDRAWN
        )
        effect.moves += bool(_is_open(was) and _is_open(will) and was and will and was.due_on != will.due_on)
        effect.changes.append(Changed(person, differing, standing_on(old, differing), standing_on(new, differing)))
    return effect


def _first_difference(old: Timeline, new: Timeline, day: date) -> date | None:
    """The first day from `day` on whose answer would be another."""
    days = {step.since for timeline in (old, new) for step in timeline.steps if step.since > day}
    for candidate in (day, *sorted(days)):
        if _answer(standing_on(old, candidate)) != _answer(standing_on(new, candidate)):
            return candidate
    return None


def _answer(step: Step | None) -> tuple[Any, ...] | None:
    if step is None:
        return None
    return step.status, step.line, step.cycle, step.opens_on, step.due_on, step.credit, step.credit_ends_on


def _is_open(step: Step | None) -> bool:
    return step is not None and step.status in (
        Status.NOT_STARTED,
        Status.IN_PROGRESS,
        Status.OVERDUE,
        Status.RENEWAL_DUE,
        Status.EXPIRED,
    )
