"""What committing a file would do to standings, worked out by the engine on the facts as they would be (rule I1)."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from datetime import date, datetime
from typing import Any
from uuid import UUID

from testamur.core import compliance
from testamur.core.compliance import Completion, How, Status, standing_on
from testamur.core.ids import Id
from testamur.core.imports import Effect
from testamur.core.moments import Precision, When
from testamur.ledger.import_matching import Progress
from testamur.ledger.standing_facts import About, told_of
from testamur.storage.database import Database
from testamur.storage.transactions import Tx

EXAMINED_MAX = 20_000
"""Lines that a rehearsal works out; each costs about half a millisecond."""
_LINES_AT_ONCE = 200


async def effect_of(database: Database, tenant: Id, batch: Id, now: datetime, progress: Progress) -> Effect:
    """How many lines would stand otherwise today. Nothing is written."""
    statuses: Counter[tuple[Status | None, Status | None]] = Counter()
    async with database.read(tenant) as tx:
        await tx.run("import_patience")
        found = await tx.rows("import_lines", batch=batch, numbers=None)
        lines = sum(row["total"] for row in found)
        examined, day = 0, now.date()
        for row in found:
            about = await About.read(tx, row["assignment"])
            day = about.day(now)
            people: Sequence[Id] = row["people"][: EXAMINED_MAX - examined]
            for start in range(0, len(people), _LINES_AT_ONCE):
                part = people[start : start + _LINES_AT_ONCE]
                statuses.update(await _changes(tx, about, batch, part, day))
                examined += len(part)
                progress("standings", examined, min(lines, EXAMINED_MAX))
                await asyncio.sleep(0)
    return Effect(day=day, lines=lines, examined=examined, statuses=dict(statuses))


async def _changes(
    tx: Tx, about: About, batch: Id, people: Sequence[Id], day: date
) -> Counter[tuple[Status | None, Status | None]]:
    told = await told_of(tx, [(about, people)])
    rows = await tx.rows("import_effect", batch=batch, items=about.items, people=list(people))
    added = {row["person"]: [_completion(one) for one in row["facts"]] for row in rows}
    found: Counter[tuple[Status | None, Status | None]] = Counter()
    for person in people:
        before = about.facts_of(told[about.assignment, person])
        after = replace(before, completions=(*before.completions, *added.get(person, ())))
        old, new = (standing_on(compliance.timeline(facts, horizon=date.min), day) for facts in (before, after))
        was, will = old.status if old else None, new.status if new else None
        if was is not will:
            found[was, will] += 1
    return found


def _completion(told: Sequence[Any]) -> Completion:
    id, item, completed_at, by_day, expires_at, passed, version = told
    return Completion(
        id=Id(UUID(id)),
        item=Id(UUID(item)),
        completed=When(datetime.fromisoformat(completed_at), Precision.DAY if by_day else Precision.INSTANT),
        version=version,
        passed=passed,
        expires=When(datetime.fromisoformat(expires_at)) if expires_at else None,
        how=How.IMPORT,
    )


def effect_kept(effect: Effect) -> dict[str, Any]:
    """As the batch keeps it."""
    return {
        "day": effect.day.isoformat(),
        "lines": effect.lines,
        "examined": effect.examined,
        "statuses": [
            [was.value if was else None, will.value if will else None, count]
            for (was, will), count in effect.statuses.items()
        ],
    }


def effect_read(kept: Any) -> Effect | None:
    """As `effect_kept` wrote it."""
    if kept is None:
        return None
    return Effect(
        day=date.fromisoformat(kept["day"]),
        lines=kept["lines"],
        examined=kept["examined"],
        statuses={
            (Status(was) if was else None, Status(will) if will else None): count
            for was, will, count in kept["statuses"]
        },
    )
