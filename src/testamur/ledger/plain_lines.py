"""Plain lines: of people about whom nothing decides but that they were there when the assignment began.

What the first completion of a day makes of such a line is the same for all of them, so it is worked out once, by the
engine. Which lines are of this kind is kept with them (`PlainMembership`), and the database looks there before it
writes (`record_plain`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, NamedTuple
from uuid import UUID
from zoneinfo import ZoneInfo

import msgspec
from msgspec import Raw
from msgspec.structs import asdict

from testamur.core.ids import Id
from testamur.core.moments import When
from testamur.core.records import NewRecord
from testamur.ledger.recording import FactRow
from testamur.ledger.standing_facts import About, heard
from testamur.ledger.standing_rows import StepRow
from testamur.ledger.standing_steps import compared

_FACT = Id(UUID(int=1))
_PERSON = Id(UUID(int=2))
"""What stands in rows for the completion and the person. No id of ours has that little in it."""
_FACT_MARK = str(_FACT)

_REMEMBERED_MAX = 4_096
_PAUSE_MAX = 64
"""Completions of an item that are not tried after so many that were refused: of a second year none is plain."""


_RowText = tuple[str, ...]
"""A row as PostgreSQL spells it, without its first column: the texts between which the id of the fact stands."""


@dataclass(frozen=True, slots=True)
class PlainLine:
    """What a completion makes of the plain lines of an assignment.

    Args:
        line: what is told of each to judge it, as JSON without the brace that opens it and the telling.
        steps, obligations: rows that come.
    """

    line: str
    steps: tuple[_RowText, ...]
    obligations: tuple[_RowText, ...]

    def filled(self, record: Id) -> FilledLine:
        """What the first fact of this record makes of one."""
        fact = msgspec.json.encode(record)[1:-1].decode()  # str() takes four times as long
        return FilledLine(
            self.line, [fact.join(row) for row in self.steps], [fact.join(row) for row in self.obligations]
        )


class FilledLine(NamedTuple):
    """What a completion makes of a line, with its own id in the rows."""

    line: str
    steps: Sequence[str]
    obligations: Sequence[str]


class LineRows:
    """What tellings of one batch make of the lines that they may touch, as `record_plain` takes it."""

    def __init__(self) -> None:
        self._lines: list[str] = []
        self._steps: list[str] = []
        self._obligations: list[str] = []

    def add(self, telling: int, lines: Iterable[FilledLine]) -> None:
        """Add what a telling, by its place from 1, makes of these lines."""
        for line, steps, obligations in lines:
            self._lines.append(f'{{"telling":{telling},{line}')
            of = f"({len(self._lines)},"
            self._steps += [of + row for row in steps]
            self._obligations += [of + row for row in obligations]

    def parameters(self) -> dict[str, Any]:
        """Those of the query."""
        return {"lines": Raw(f"[{','.join(self._lines)}]"), "steps": self._steps, "obligations": self._obligations}


@dataclass(slots=True, eq=False)
class Asked:
    """An item that assignments ask for, at a count of changes to what lines share, and how its tellings fare.

    Args:
        assignments: those that ask for it, of anybody; one or more.
        zones: theirs, once they are known.
    """

    tenant: Id
    rules: int
    item: Id
    version: int | None
    assignments: tuple[Id, ...]
    zones: tuple[ZoneInfo, ...] = ()
    _pause: int = 0
    _next_pause: int = 1

    def waits(self) -> bool:
        """Whether the next completion of it is not tried; the pause is one shorter then."""
        if not self._pause:
            return False
        self._pause -= 1
        return True

    def note(self, *, is_refused: bool) -> None:
        """Learn from what became of a telling that was tried: a refusal doubles the pause, a success halves it."""
        if is_refused:
            self._pause, self._next_pause = self._next_pause, min(2 * self._next_pause, _PAUSE_MAX)
        else:
            self._pause, self._next_pause = 0, max(self._next_pause // 2, 1)

    def abouts(self) -> list[About]:
        """The assignments as they were read; nothing where one of them is not remembered."""
        found = [About.recalled(self.tenant, assignment, self.rules) for assignment in self.assignments]
        return [about for about in found if about is not None] if None not in found else []


class PlainLines:
    """What completions make of plain lines, remembered."""

    def __init__(self) -> None:
        self._found: dict[tuple[Asked, tuple[date, ...]], Sequence[PlainLine]] = {}

    def of(self, asked: Asked, new: NewRecord) -> Sequence[PlainLine]:
        """What a telling makes of plain lines under each assignment that asks for its item; none to work them out."""
        completed = new.completed
        if completed is None or not _is_ordinary(new) or asked.waits():
            return ()
        if not asked.zones:
            asked.zones = tuple(about.versions[0].zone for about in asked.abouts())
        days = tuple([completed.local_day(zone) for zone in asked.zones])
        found = self._found.get((asked, days))
        if found is None:
            abouts = asked.abouts()
            if not abouts:
                return ()
            if len(self._found) >= _REMEMBERED_MAX:
                self._found.clear()
            lines = [_worked_out(about, asked.item, asked.version, completed) for about in abouts]
            found = [line for line in lines if line is not None] if None not in lines else ()
            self._found[asked, days] = found
        return found


def _is_ordinary(new: NewRecord) -> bool:
    """Whether a completion says nothing that matters to a line but what was completed on which day."""
    return (
        new.passed is not False
        and new.expires_at is None
        and new.started_at is None
        and not new.is_prior
        and not (new.extra and "how" in new.extra)
    )


def _worked_out(about: About, item: Id, version: int | None, completed: When) -> PlainLine | None:
    if about.plain is None:
        return None
    line, told = (about.assignment, _PERSON), about.plain.told()
    before = compared({about.assignment: about}, {line: told})
    told.steps, told.obligations = before.new, before.new_obligations
    fact = FactRow(_FACT, 1, _FACT, "", completed.at, person=_PERSON)
    fact.item, fact.item_version, fact.completed_at = item, version, completed.at
    heard(told, fact, completed.at)
    after = compared({about.assignment: about}, {line: told})
    if before.failed or after.failed or after.gone_obligations:
        return None
    starts = sorted(row.from_on for row in before.new)
    places = {day: place for place, day in enumerate(starts, 1)}
    asked = {
        "assignment": about.assignment,
        "audience": about.plain.audience,
        "starts": starts,
        "gone": [places[day] for _, day in after.gone],
    }
    return PlainLine(
        msgspec.json.encode(asked).decode().removeprefix("{"),
        tuple(_row_text({"kept": places.get(row.from_on), **_step(row)}) for row in after.new),
        tuple(_row_text(asdict(row)) for row in after.new_obligations),
    )


def _step(row: StepRow) -> dict[str, Any]:
    days = ",".join(map(str, row.fixed_days))
    return asdict(row) | {"because": msgspec.json.encode(row.because).decode(), "fixed_days": f"{{{days}}}"}


def _row_text(row: dict[str, Any]) -> _RowText:
    """A row of a line, of which the assignment and the person are known."""
    text = ",".join(_spelled(value) for name, value in row.items() if name not in ("assignment", "person"))
    return tuple(f"{text})".split(_FACT_MARK))


def _spelled(value: object) -> str:
    if value is None:
        return ""
    text = str(value).replace("\\", "\\\\").replace('"', '\\"')
    return f'"{text}"'
