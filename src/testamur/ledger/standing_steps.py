"""Working lines out, and writing what is different."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import structlog
from msgspec.structs import replace

from testamur.core import compliance
from testamur.core.compliance import (
    Step,
)
from testamur.core.ids import Id
from testamur.ledger.standing_facts import About, Told, told_of
from testamur.ledger.standing_rows import Line, ObligationRow, StepRow, owed_row, rows_of
from testamur.storage.transactions import Tx, WriteTx

log = structlog.get_logger("testamur.standing")


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
    told = await told_of(tx, abouts, stored=True)
    return compared({about.assignment: about for about, _ in abouts}, told)


def compared(abouts: Mapping[Id, About], lines: Mapping[Line, Told]) -> Difference:
    """What the stored steps of lines lack, which were read with what they rest on."""
    found = Difference()
    for line, told in lines.items():
        try:
            timeline = compliance.timeline(abouts[line[0]].facts_of(told), horizon=date.min)
        except Exception:  # a fact must be recorded whatever becomes of the copy; a rebuild tells of the line
            log.exception("a line could not be worked out", assignment=str(line[0]), person=str(line[1]))
            found.failed.append(line)
            continue
        membership = abouts[line[0]].plain
        steps = rows_of(line, timeline.steps, is_plain=membership is not None and membership.is_all_of(told))
        kept_steps = {row.from_on: row if row.until_on else _marked(row, steps) for row in told.steps or ()}
        owed = {place: owed_row(line, place, one) for place, one in enumerate(timeline.obligations, 1)}
        kept_owed = {row.place: row for row in told.obligations or ()}
        if steps == kept_steps and owed == kept_owed:
            continue
        found.lines.append(line)
        found.gone += [(line, day) for day in kept_steps if day not in steps]
        found.new += [row for day, row in steps.items() if kept_steps.get(day) != row]
        found.gone_obligations += [(line, place) for place in kept_owed if place not in owed]
        found.new_obligations += [row for place, row in owed.items() if kept_owed.get(place) != row]
    return found


def _marked(last: StepRow, steps: Mapping[date, StepRow]) -> StepRow:
    """The last row that is stored of a line; one from before marks were kept is as right as any."""
    if last.is_plain is not None or last.from_on not in steps:
        return last
    return replace(last, is_plain=steps[last.from_on].is_plain)


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
