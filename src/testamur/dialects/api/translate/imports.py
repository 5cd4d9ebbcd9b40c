"""Imports of files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from testamur.core.errors import FieldFault, InvalidInput, TestamurError
from testamur.core.ids import Id, parse, to_ulid
from testamur.core.imports import (
    Batch,
    BatchNotFound,
    Effect,
    Options,
    Outcome,
    Refusal,
    Removals,
    RowShown,
    Stage,
    options_of,
)
from testamur.dialects.api.translate import id_of
from testamur.dialects.api.wire import imports as wire
from testamur.http.decode import decode
from testamur.http.replies import instant

_OPTIONS = (
    "of",
    "whole",
    "date_form",
    "zone",
    "source",
    "earliest_year",
    "delimiter",
    "encoding",
    "sheet",
    "all_or_nothing",
)
_JSON = msgspec.json.Encoder()
UNNAMED = "upload"
"""A file that came without a name."""


def id(text: str) -> Id:
    """A batch's id in any spelling. Raises BatchNotFound."""
    found = parse(text, "import")
    if found is None:
        raise BatchNotFound(f"No import {text!r} in this tenant", field="import")
    return found


def options(params: Mapping[str, Any]) -> Options:
    """Options by parameters, over those of the parameter `mapping`, which is a JSON object. Raises InvalidInput."""
    told: dict[str, Any] = {}
    if params["mapping"] is not None:
        try:
            told = decode(params["mapping"].encode(), dict[str, Any])
        except TestamurError as error:
            raise InvalidInput(FieldFault("mapping", "format", f"must be a JSON object: {error.message}")) from error
    told |= {name: params[name] for name in _OPTIONS if params[name] is not None}
    for name, parameter in (("person_kinds", "person_by"), ("learning_kinds", "learning_by")):
        if params[parameter] is not None:
            told[name] = [kind for kind in params[parameter].split(",") if kind]
    return options_of(told)


def outcomes(text: str | None) -> list[Outcome] | None:
    """Outcomes with commas between them. Raises InvalidInput."""
    if text is None:
        return None
    try:
        return [Outcome(word) for word in text.split(",")]
    except ValueError as error:
        known = ", ".join(one.value for one in Outcome)
        raise InvalidInput(FieldFault("outcome", "format", f"must be some of {known}")) from error


def batch(stored: Batch) -> wire.Import:
    return wire.Import(
        id=to_ulid(stored.id, "import"),
        of=stored.of.value,
        state=stored.state.value,
        upload=id_of(stored.upload, "upload"),
        refusal=_refusal(stored.refusal),
        progress=_progress(stored.stage),
        name=stored.name,
        format=stored.format,
        bytes=stored.bytes,
        sha256=stored.digest,
        columns=dict(stored.columns),
        options=dict(stored.options),
        rows=stored.rows,
        outcomes={outcome.value: count for outcome, count in stored.outcomes.items()},
        repeated=stored.repeated,
        done=stored.done,
        effect=_effect(stored.effect),
        removals=removals(stored.removals),
        removed=stored.removed,
        created_at=instant(stored.created_at) or "",
        rehearsed_at=instant(stored.rehearsed_at),
        committed_at=instant(stored.committed_at),
        undone_at=instant(stored.undone_at),
    )


def event(stored: Batch | None) -> tuple[str, bytes]:
    """How far an import is as a server-sent event, with its id: the same as long as there is nothing new.

    Args:
        stored: None for one that was dropped, as a file is that was refused in the call which brought it.
    """
    if stored is None:
        return _spelled("gone", "gone", None)
    state, stage = stored.state, stored.stage
    if stage is None:
        at = max(filter(None, (stored.rehearsed_at, stored.committed_at, stored.undone_at, stored.created_at)))
        return _spelled("end", f"{state.value}.{instant(at)}", batch(stored))
    shown = wire.ImportEvent(
        state=state.value,
        rows=stored.rows,
        outcomes={outcome.value: count for outcome, count in stored.outcomes.items()},
        progress=_progress(stage),
    )
    return _spelled("progress", f"{stage.name}.{stage.done}.{stage.total}.{stored.rows}", shown)


def _spelled(name: str, id: str, data: Any) -> tuple[str, bytes]:
    # JSON has no line ends, so the data is one line.
    return id, b"event: %b\nid: %b\ndata: %b\n\n" % (name.encode(), id.encode(), _JSON.encode(data))


def row(stored: RowShown, header: tuple[str, ...]) -> wire.ImportRow:
    cells: Any = stored.cells
    if isinstance(cells, list) and len(cells) == len(header):
        cells = dict(zip(header, cells, strict=True))
    return wire.ImportRow(
        number=stored.number,
        outcome=stored.outcome.value,
        cells=cells,
        faults=[wire.RowFault(column=one.field, code=one.code, detail=one.message) for one in stored.faults],
        person=id_of(stored.person, "person"),
        item=id_of(stored.item, "item"),
        record=id_of(stored.record, "record"),
        audience=id_of(stored.audience, "audience"),
    )


def removals(counted: Removals | None) -> wire.Removals | None:
    if counted is None:
        return None
    return wire.Removals(
        number=counted.number,
        deactivated=counted.deactivated,
        absent=counted.absent,
        present=counted.present,
        unnamed=counted.unnamed,
        share_percent=counted.share_percent,
    )


def _refusal(refusal: Refusal | None) -> wire.Refusal | None:
    if refusal is None:
        return None
    faults = [wire.RowFault(column=one.field, code=one.code, detail=one.message) for one in refusal.faults]
    return wire.Refusal(code=refusal.code, detail=refusal.message, faults=faults)


def _progress(stage: Stage | None) -> wire.Progress | None:
    if stage is None:
        return None
    rate, remaining = stage.per_second, stage.remaining_seconds
    return wire.Progress(
        stage=stage.name,  # type: ignore[arg-type]  # the ledger has these words
        unit=stage.unit,  # type: ignore[arg-type]
        done=stage.done,
        total=stage.total,
        per_second=None if rate is None else round(rate, 1),
        remaining_seconds=None if remaining is None else round(remaining, 1),
        at=instant(stage.at) or "",
    )


def _effect(effect: Effect | None) -> wire.Effect | None:
    if effect is None:
        return None
    changes = [
        wire.StatusChange(before=was and was.value, after=will and will.value, lines=count)
        for (was, will), count in effect.statuses.items()
    ]
    return wire.Effect(day=effect.day.isoformat(), lines=effect.lines, examined=effect.examined, changes=changes)
