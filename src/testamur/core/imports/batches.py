"""A batch: one file on its way into the ledger, and what became of its rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from enum import Enum
from typing import Any

from testamur.core.compliance import Status
from testamur.core.errors import Conflict, FieldFault, InvalidInput, NotFound
from testamur.core.ids import Id
from testamur.core.imports.directories import Of, Outcome, Removals


class BatchState(Enum):
    """How far a batch is. What is not finished is taken up again from where it was."""

    READING = "reading"
    REFUSED = "refused"
    """The upload it was to be read from could not be taken."""
    REHEARSED = "rehearsed"
    COMMITTING = "committing"
    COMMITTED = "committed"
    UNDOING = "undoing"
    UNDONE = "undone"


class BatchNotFound(NotFound):
    """No such import in this tenant."""

    code = "import_not_found"


class NotRehearsed(Conflict):
    """This import is not at the point where that can be done."""

    code = "import_state"


class FileRefused(InvalidInput):
    """The file as a whole cannot be taken; nothing of it was kept."""

    code = "file_refused"


def refused(field: str, code: str, message: str) -> FileRefused:
    """The error that says one thing about a file."""
    return FileRefused(FieldFault(field, code, message))


@dataclass(frozen=True, slots=True, kw_only=True)
class Effect:
    """What a commit would do to standings, as of today.

    Args:
        lines: people under assignments that rows of the file matter to.
        examined: how many of them were worked out; the rest are left out of `statuses`.
        statuses: how many lines go from one status to another; only those that do.
    """

    day: date
    lines: int
    examined: int
    statuses: Mapping[tuple[Status | None, Status | None], int]


@dataclass(frozen=True, slots=True)
class Stage:
    """What is being done with a batch, and how far that is.

    Args:
        name: `waiting` until somebody reads it; reading it is `copied`, `read`, `compared`, `decided` and `standings`,
            writing it `committed`, taking it back `undone`.
        at: when this was so.
    """

    name: str
    done: int
    total: int
    began_at: datetime
    at: datetime

    @property
    def unit(self) -> str:
        """What is counted."""
        return {"waiting": "bytes", "copied": "bytes", "read": "bytes", "standings": "lines"}.get(self.name, "rows")

    @property
    def per_second(self) -> float | None:
        """Since the stage began; None while that cannot be told."""
        seconds = (self.at - self.began_at).total_seconds()
        return self.done / seconds if seconds > 0 and self.done > 0 else None

    @property
    def remaining_seconds(self) -> float | None:
        """Of this stage, at that rate."""
        rate = self.per_second
        return None if rate is None else max(self.total - self.done, 0) / rate


@dataclass(frozen=True, slots=True)
class Refusal:
    """Why a file was refused: a code, a sentence, and what is wrong where."""

    code: str
    message: str
    faults: Sequence[FieldFault] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Batch:
    """A batch as stored. Until it was read, `rows` and `outcomes` are those of the rows so far, as it seems by then.

    Args:
        upload: what it was read from, where that was no file that came with the request.
        refusal: of one that was refused.
        stage: None while nothing is done with it.
        name: of the file, as its sender calls it.
        digest: SHA-256 of the bytes that were read.
        header: the file's columns in order; those of NDJSON in order of first appearance.
        columns: what each of them was taken for.
        outcomes: counts by outcome; they add up to `rows`.
        repeated: rows of a person, object and day that an earlier row of the file had already (rule I20).
        done: rows that the commit, or undoing it, is through with.
        effect: None until the file was rehearsed, and of all that are not completions.
        removals: what a file of the directory would take away, as of the rehearsal or, later, of the commit.
        removed: how many of the absent the commit is through with.
    """

    id: Id
    of: Of
    state: BatchState
    client: Id
    upload: Id | None
    refusal: Refusal | None
    stage: Stage | None
    name: str
    format: str
    bytes: int
    digest: str
    header: Sequence[str]
    columns: Mapping[str, str]
    options: Mapping[str, Any]
    rows: int
    outcomes: Mapping[Outcome, int]
    repeated: int
    done: int
    effect: Effect | None
    removals: Removals | None
    removed: int
    created_at: datetime
    rehearsed_at: datetime | None
    committed_at: datetime | None
    undone_at: datetime | None


@dataclass(frozen=True, slots=True, kw_only=True)
class RowShown:
    """A row of a batch and what became of it.

    Args:
        number: from 1, without the header.
        cells: the row as it came: cells in order of the header, or the members of a JSON object.
        faults: what is wrong with it, or what there is to know.
        record: the record it told of, once there is one.
        audience: of an audience or a membership.
    """

    number: int
    outcome: Outcome
    cells: Sequence[Any] | Mapping[str, Any] | str
    faults: Sequence[FieldFault]
    person: Id | None
    item: Id | None
    record: Id | None
    audience: Id | None = None
