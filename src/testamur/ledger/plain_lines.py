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
        fact = str(record)
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


@dataclass(slots=True)
class _Pause:
    """How many completions of an item are not tried, and how many after the next refusal."""

    left: int = 0
    next: int = 1


class PlainLines:
    """What completions make of plain lines, remembered."""

    def __init__(self) -> None:
        self._found: dict[tuple[Id, int, Id, Id, int | None, date], PlainLine | None] = {}
        self._pauses: dict[tuple[Id, Id], _Pause] = {}

    def note(self, tenant: Id, item: Id, *, is_refused: bool) -> None:
        """Learn from what became of a telling that was tried: a refusal doubles the pause, a success halves it."""
        if is_refused and len(self._pauses) >= _REMEMBERED_MAX:
            self._pauses.clear()
        pause = self._pauses.setdefault((tenant, item), _Pause())
        if is_refused:
            pause.left, pause.next = pause.next, min(2 * pause.next, _PAUSE_MAX)
        elif pause.next == 1:
            del self._pauses[tenant, item]
        else:
            pause.left, pause.next = 0, pause.next // 2

    def of(
        self, tenant: Id, new: NewRecord, item: Id, version: int | None, asking: Sequence[Id], rules: int
    ) -> list[PlainLine] | None:
        """What a telling makes of plain lines under each assignment that asks for its item; None to work them out.

        Args:
            rules: the count of changes to what lines share.
        """
        if new.completed is None or not _is_ordinary(new):
            return None
        pause = self._pauses.get((tenant, item))
        if pause is not None and pause.left:
            pause.left -= 1
            return None
        lines: list[PlainLine] = []
        for assignment in asking:
            about = About.recalled(tenant, assignment, rules)
            if about is None:
                return None
            day = new.completed.local_day(about.versions[0].zone)
            key = tenant, rules, assignment, item, version, day
            if key not in self._found:
                if len(self._found) >= _REMEMBERED_MAX:
                    self._found.clear()
                self._found[key] = _worked_out(about, item, version, new.completed)
            line = self._found[key]
            if line is None:
                return None
            lines.append(line)
        return lines


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
