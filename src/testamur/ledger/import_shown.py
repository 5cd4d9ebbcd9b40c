"""Batches of imports and their rows, as they are stored, for those who ask."""

from __future__ import annotations

from typing import Any

import msgspec

from testamur.core.errors import FieldFault
from testamur.core.imports import Batch, BatchState, Of, Outcome, Refusal, Removals, RowShown, Stage
from testamur.ledger.import_effect import effect_read
from testamur.storage.transactions import Row


def batch_of(row: Row) -> Batch:
    """The batch that a row of `import_batch` holds."""
    return Batch(
        id=row["id"],
        of=Of(row["of"]),
        state=BatchState(row["state"]),
        client=row["client"],
        upload=row["upload"],
        refusal=_refusal(row["fault"]),
        stage=_stage(row),
        name=row["name"],
        format=row["format"],
        bytes=row["bytes"],
        digest=row["digest"],
        header=tuple(row["header"]),
        columns=row["columns"],
        options=row["options"],
        rows=row["rows"],
        outcomes={one: row["outcomes"].get(one.value, 0) for one in Of(row["of"]).outcomes},
        repeated=row["repeated"],
        done=row["done"],
        effect=effect_read(row["effect"]),
        removals=removals_of(row),
        removed=row["removed"],
        created_at=row["created_at"],
        rehearsed_at=row["rehearsed_at"],
        committed_at=row["committed_at"],
        undone_at=row["undone_at"],
    )


def removals_of(row: Row) -> Removals | None:
    """What the rehearsal of a batch counted that would go, or None where nothing can."""
    return None if row["removals"] is None else Removals(**row["removals"])


def _refusal(told: Any) -> Refusal | None:
    if told is None:
        return None
    return Refusal(told["code"], told["message"], [FieldFault(*fault) for fault in told["faults"]])


def _stage(row: Row) -> Stage | None:
    state, touched, began = BatchState(row["state"]), row["touched_at"], row["stage_began_at"]
    if state in (BatchState.COMMITTING, BatchState.UNDOING):
        name = "committed" if state is BatchState.COMMITTING else "undone"
        return Stage(name, row["done"], row["rows"], began or touched, touched)
    if state is not BatchState.READING:
        return None
    if row["stage"] is None:
        is_waiting = row["upload"] is not None and row["attempts"] == 0
        return Stage("waiting" if is_waiting else "read", 0, row["bytes"], row["created_at"], touched)
    return Stage(row["stage"], row["stage_done"], row["stage_total"], began, touched)


def row_shown(row: Row) -> RowShown:
    """A row of a file as it came out, from `import_rows`."""
    faults = _faults(row)
    if row["neighbour"] is not None:
        said = f"the same person, object and day as row {row['neighbour']} (rule I20)"
        faults.append(FieldFault("", "duplicate", said))
    outcome = Outcome(row["outcome"])
    is_told = outcome not in (Outcome.HELD, Outcome.REJECTED)
    return RowShown(
        number=row["number"],
        outcome=outcome,
        cells=_cells(row["raw"]),
        faults=faults,
        person=row["person"],
        item=row["item"],
        record=row["record"] if is_told else None,
        audience=row["audience"],
    )


def bad_row(row: Any) -> RowShown:
    """A row to be mended, from `import_errors`."""
    return RowShown(
        number=row["number"],
        outcome=Outcome(row["outcome"]),
        cells=_cells(row["raw"]),
        faults=_faults(row),
        person=None,
        item=None,
        record=None,
    )


def _faults(row: Any) -> list[FieldFault]:
    return [FieldFault(*fault) for fault in row["faults"] or ()]


def _cells(raw: str) -> Any:
    try:
        return msgspec.json.decode(raw)
    except msgspec.DecodeError:
        return raw
