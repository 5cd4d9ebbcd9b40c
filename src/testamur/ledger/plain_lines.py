"""Plain lines: of people about whom nothing decides but that they were there when the assignment began.

What the first completion of a day makes of such a line is the same for all of them, so it is worked out once, by the
engine, and the database sees for itself which lines are of this kind (`record_plain`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

import msgspec
from msgspec import Struct

from testamur.core.compliance.days import start_of
from testamur.core.ids import Id
from testamur.core.moments import When
from testamur.core.records import NewRecord
from testamur.ledger.recording import FactRow
from testamur.ledger.standing_facts import About, heard, of_member
from testamur.ledger.standing_steps import compared

FACT = Id(UUID(int=1))
PERSON = Id(UUID(int=2))
"""What stands in rows for the completion and the person. No id of ours has that little in it."""

_REMEMBERED_MAX = 4_096
_PAUSE_MAX = 64
"""Completions of an item that are not tried after so many that were refused: of a second year none is plain."""


class Kind(Struct, frozen=True):
    """Which lines are plain.

    Args:
        joined_by: the last day on which they joined.
        known_before: and the moment before which that was known.
        items: whatever satisfies the assignment: of none there is a fact yet.
        starts: the first days of the steps that are stored of them.
    """

    assignment: Id
    audience: Id
    joined_by: date
    known_before: datetime
    items: tuple[Id, ...]
    starts: tuple[date, ...]


@dataclass(frozen=True, slots=True, eq=False)
class PlainLine:
    """What a completion makes of the lines of a kind.

    Args:
        gone: first days of the steps that go, as PostgreSQL reads an array.
        steps, obligations: JSON of rows that come, with commas between them; None for none.
    """

    kind: Kind
    gone: str
    steps: str | None
    obligations: str | None


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
    if len(about.audiences) > 1 or len({version.zone for version in about.versions}) > 1:
        return None
    zone = about.versions[0].zone
    known = [
        version.recorded_at.astimezone(zone).date() for version in about.versions if version.recorded_at is not None
    ]
    joined_by = min([*known, *(version.since for version in about.versions)])
    line = about.assignment, PERSON
    told = of_member(about.audiences[0], joined_by, start_of(joined_by, zone))
    before = compared({about.assignment: about}, {line: told})
    told.steps, told.obligations = before.new, before.new_obligations
    fact = FactRow(FACT, 1, FACT, "", completed.at, person=PERSON)
    fact.item, fact.item_version, fact.completed_at = item, version, completed.at
    heard(told, fact, completed.at)
    after = compared({about.assignment: about}, {line: told})
    if before.failed or after.failed or after.gone_obligations:
        return None
    kind = Kind(
        about.assignment,
        about.audiences[0],
        joined_by,
        start_of(joined_by + timedelta(days=1), zone),
        tuple(about.items),
        tuple(sorted(row.from_on for row in before.new)),
    )
    gone = f"{{{','.join(day.isoformat() for _, day in after.gone)}}}"
    return PlainLine(kind, gone, _rows(after.new), _rows(after.new_obligations))


def _rows(rows: Iterable[Struct]) -> str | None:
    return ",".join(msgspec.json.encode(row).decode() for row in rows) or None
