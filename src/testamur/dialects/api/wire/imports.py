"""Imports of files, their rows, and mapping of outside learning."""

from __future__ import annotations

from typing import Any, Literal

from msgspec import Struct

from testamur.dialects.api.wire import Day, Moment, Named

Outcome = Literal[
    "created",
    "already_present",
    "probable_duplicate",
    "superseded",
    "changed",
    "unchanged",
    "deactivated",
    "held",
    "rejected",
]
Of = Literal["completions", "people", "items", "audiences", "memberships"]


class StatusChange(Struct, kw_only=True):
    """How many lines go from one status to another. Null is none."""

    before: str | None
    after: str | None
    lines: int


class Effect(Struct, kw_only=True):
    """What committing would do to standings, as of a day.

    Args:
        lines: people under assignments that the file matters to.
        examined: how many of them were worked out for `changes`.
    """

    day: Day
    lines: int
    examined: int
    changes: list[StatusChange]


class Removals(Struct, kw_only=True):
    """What a file would take away: people suspended, items retired, memberships ended.

    Args:
        number: all of them, which a commit may have to confirm.
        deactivated: by rows that say so.
        absent: for not being in a file that is the whole.
        present: how many there are now.
        unnamed: rows of which nobody can say whom they name.
        share_percent: of `present`, rounded up to a tenth.
    """

    number: int
    deactivated: int
    absent: int
    present: int
    unnamed: int
    share_percent: float


class RowFault(Struct, kw_only=True):
    """What is wrong with a row or an option, or what there is to know of it."""

    column: str
    code: str
    detail: str


class Refusal(Struct, kw_only=True):
    """Why a file was refused that was to be read from an upload."""

    code: str
    detail: str
    faults: list[RowFault]


class Progress(Struct, kw_only=True):
    """What is being done with an import, and how far that is.

    Args:
        stage: `waiting`; reading is `copied`, `read`, `compared`, `decided`, `standings`; then `committed`, `undone`.
        unit: of `done` and `total`.
        per_second: since the stage began; null while that cannot be told, as `remaining_seconds`, at that rate.
        at: when this was so.
    """

    stage: Literal["waiting", "copied", "read", "compared", "decided", "standings", "committed", "undone"]
    unit: Literal["bytes", "rows", "lines"]
    done: int
    total: int
    per_second: float | None
    remaining_seconds: float | None
    at: Moment


class Import(Struct, kw_only=True):
    """A file on its way into the ledger. While it is read, `rows` and `outcomes` are of the rows so far.

    Args:
        of: what its rows tell of.
        upload: what it is read from, in the background.
        refusal: of one that was refused; nothing of it was kept.
        progress: null while nothing is done with it.
        sha256: of the file as it came; empty until it was read.
        columns: what each column was taken for.
        outcomes: how many rows came out, or would come out, how; they add up to `rows`.
        repeated: rows with the person, object and day of an earlier row.
        done: rows that the commit, or undoing it, is through with.
        effect: null of a file that is not of completions.
        removals: of people, items and memberships; as of the rehearsal, then as of the commit.
        removed: how many of the absent the commit is through with.
    """

    id: str
    of: Of
    state: Literal["reading", "refused", "rehearsed", "committing", "committed", "undoing", "undone"]
    upload: str | None
    refusal: Refusal | None
    progress: Progress | None
    name: str
    format: str
    bytes: int
    sha256: str
    columns: dict[str, str]
    options: dict[str, Any]
    rows: int
    outcomes: dict[Outcome, int]
    repeated: int
    done: int
    effect: Effect | None
    removals: Removals | None
    removed: int
    created_at: Moment
    rehearsed_at: Moment | None
    committed_at: Moment | None
    undone_at: Moment | None


class ImportEvent(Struct, kw_only=True):
    """How far an import is, as an event `progress` says it. The event `end` has the whole import."""

    state: str
    rows: int
    outcomes: dict[Outcome, int]
    progress: Progress | None


class ImportRow(Struct, kw_only=True):
    """A row of a file and what became of it. `cells` are as they came, by column where that can be told."""

    number: int
    outcome: Outcome
    cells: dict[str, Any] | list[Any] | str
    faults: list[RowFault]
    person: str | None
    item: str | None
    record: str | None
    audience: str | None


class MapOutside(Struct, kw_only=True, forbid_unknown_fields=True):
    """What outside learning stands for, once for all rows of all files.

    Args:
        outside: its key in the file, such as ref:OLD-101, `title:` and its title, or its id.
    """

    outside: Named
    item: Named


class Mapped(Struct, kw_only=True):
    """How many records moved to the item."""

    moved: int
