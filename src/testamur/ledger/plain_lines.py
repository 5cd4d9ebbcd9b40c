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
from msgspec import Raw, Struct
from msgspec.structs import asdict

from testamur.core.ids import Id
from testamur.core.moments import When
from testamur.core.records import NewRecord
from testamur.ledger.recording import FactRow
from testamur.ledger.standing_facts import About, heard
from testamur.ledger.standing_steps import compared

_FACT = Id(UUID(int=1))
_PERSON = Id(UUID(int=2))
"""What stands in rows for the completion and the person. No id of ours has that little in it."""
_FACT_MARK = str(_FACT)

_REMEMBERED_MAX = 4_096
_PAUSE_MAX = 64
"""Completions of an item that are not tried after so many that were refused: of a second year none is plain."""


@dataclass(frozen=True, slots=True)
class PlainLine:
    """What a completion makes of the plain lines of an assignment.

    Args:
        starts: the first days of the steps that are stored of them.
        gone: of those that go.
        steps, obligations: rows that come, as JSON without the brace that opens it.
    """

    assignment: Id
    audience: Id
    starts: tuple[date, ...]
    gone: tuple[date, ...]
    steps: tuple[str, ...]
    obligations: tuple[str, ...]

    def filled(self, record: Id) -> FilledLine:
        """What the first fact of this record makes of one."""
        fact = str(record)
        steps, obligations = (
            [row.replace(_FACT_MARK, fact) for row in rows] for rows in (self.steps, self.obligations)
        )
        return FilledLine(self, steps, obligations)


class FilledLine(NamedTuple):
    """What a completion makes of a line, with its own id in the rows."""

    line: PlainLine
    steps: Sequence[str]
    obligations: Sequence[str]


class _LineRow(Struct):
    """A line that a telling may touch, as `record_plain` takes it."""

    telling: int
    assignment: Id
    audience: Id
    starts: tuple[date, ...]


class _GoneRow(Struct):
    """A step that goes, `of` the place of its line."""

    of: int
    assignment: Id
    from_on: date


class LineRows:
    """What tellings of one batch make of the lines that they may touch, as `record_plain` takes it."""

    def __init__(self) -> None:
        self._lines: list[_LineRow] = []
        self._gone: list[_GoneRow] = []
        self._steps: list[str] = []
        self._obligations: list[str] = []

    def add(self, telling: int, lines: Iterable[FilledLine]) -> None:
        """Add what a telling, by its place from 1, makes of these lines."""
        for line, *filled in lines:
            self._lines.append(_LineRow(telling, line.assignment, line.audience, line.starts))
            place = len(self._lines)
            self._gone += [_GoneRow(place, line.assignment, day) for day in line.gone]
            for rows, new in zip((self._steps, self._obligations), filled, strict=True):
                rows += [f'{{"of":{place},{row}' for row in new]

    def parameters(self) -> dict[str, Any]:
        """Those of the query."""
        return {
            "lines": self._lines,
            "gone": self._gone,
            "steps": _json(self._steps),
            "obligations": _json(self._obligations),
        }


def _json(rows: Iterable[str]) -> Raw:
    return Raw(f"[{','.join(rows)}]")


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
    return PlainLine(
        about.assignment,
        about.plain.audience,
        tuple(sorted(row.from_on for row in before.new)),
        tuple(day for _, day in after.gone),
        _rows(after.new),
        _rows(after.new_obligations),
    )


def _rows(rows: Iterable[Struct]) -> tuple[str, ...]:
    said = (
        {name: value for name, value in asdict(row).items() if name != "person" and value is not None} for row in rows
    )
    return tuple(msgspec.json.encode(row).decode().removeprefix("{") for row in said)
