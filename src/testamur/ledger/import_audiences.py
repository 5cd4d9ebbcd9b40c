"""Rows of audiences into the ledger: each under its structure, whichever of both the file has first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from testamur.core.audiences import Audience, AudienceCategory, NewAudience
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.imports import Outcome
from testamur.ledger.audiences import add_audience, move_audience
from testamur.ledger.import_members import check_governed, found_audiences
from testamur.ledger.import_told import Boss, Told, caller_of, settle_above, told_rows
from testamur.storage.transactions import Row, WriteTx


@dataclass(frozen=True, slots=True)
class _Work:
    """What an audience shall be; `stored` is None of one that is new."""

    stored: Audience | None
    name: str
    reference: str | None
    category: AudienceCategory
    parent: Id | None


def names_of(told: Mapping[str, Any]) -> list[tuple[str, str]]:
    """The reference of a row."""
    return [("ref", told["ref"])]


class ImportedAudiences:
    """See `Kind`."""

    async def plan(
        self, tx: WriteTx, batch: Row, rows: Sequence[Told], above: dict[int, Boss] | None, now: datetime
    ) -> None:
        texts = {row.told[name] for row in rows for name in ("ref", "parent") if row.told.get(name)}
        known = await found_audiences(tx, texts, by_name=False)
        if above is None:
            await _find_above(tx, batch, rows, known)
        for row in rows:
            try:
                self._plan(row, known, above)
            except InvalidInput as error:
                row.reject(error.faults)
            settle_above(row, above)

    @staticmethod
    def _plan(row: Told, known: Mapping[str, Audience], above: Mapping[int, Boss] | None) -> None:
        told, stored = row.told, known.get(row.told["ref"])
        parent = stored.parent if stored else None
        if "parent" in told:
            parent = _parent(row, known, above) if told["parent"] else None
        if stored is None:
            if not told.get("name"):
                raise InvalidInput(FieldFault("name", "missing", "a new audience needs a name"))
            category = AudienceCategory(told.get("category", "audience"))
            row.work, row.outcome = _Work(None, told["name"], told["ref"], category, parent), Outcome.CREATED
            return
        check_governed(stored, told["ref"], "ref")
        row.audience = stored.id
        if told.get("category") not in (None, stored.category.value):
            raise InvalidInput(FieldFault("category", "duplicate", f"names a {stored.category.value}"))
        name = told.get("name") or stored.name
        row.work = _Work(stored, name, stored.reference, stored.category, parent)
        same = (name, parent) == (stored.name, stored.parent)
        row.outcome = Outcome.UNCHANGED if same else Outcome.CHANGED

    async def write(self, tx: WriteTx, batch: Row, rows: Sequence[Told], now: datetime) -> None:
        caller = caller_of(tx, batch)
        for row in rows:
            work: _Work | None = row.work
            if work is None:
                continue
            if work.stored is None:
                new = NewAudience(name=work.name, category=work.category, reference=work.reference, parent=work.parent)
                row.audience = await add_audience(tx, caller, new, now, id=row.id)
            elif row.outcome is Outcome.CHANGED:
                await move_audience(
                    tx, caller, work.stored, now, name=work.name, reference=work.reference, parent=work.parent
                )

    async def remove(self, tx: WriteTx, batch: Row, absent: Sequence[Row], now: datetime) -> None:
        raise AssertionError("no file of audiences is the whole")


async def _find_above(tx: WriteTx, batch: Row, rows: Sequence[Told], known: Mapping[str, Audience]) -> None:
    """Find the rows of structures. A row that would stand in an audience of people stands in none."""
    parents = list({row.told["parent"] for row in rows if row.told.get("parent")})
    found = await tx.rows("import_named", batch=batch["id"], kinds=["ref"] * len(parents), values=parents)
    told = await told_rows(tx, batch["id"], [row["number"] for row in found])
    structures = {
        one.told["ref"]: one.number
        for one in told
        if one.told.get("category") == AudienceCategory.STRUCTURE.value
        or ("category" not in one.told and one.told["ref"] in known)
    }
    for row in rows:
        parent = row.told.get("parent")
        row.above = structures.get(parent) if parent else None
        stored = known.get(parent) if parent and row.above is None else None
        row.under = stored.id if stored else None


def _parent(row: Told, known: Mapping[str, Audience], above: Mapping[int, Boss] | None) -> Id:
    text = row.told["parent"]
    boss = above.get(row.above) if above and row.above is not None else None
    if boss is not None and not boss.is_rejected:
        return boss.subject
    stored = known.get(text)
    if stored is not None:
        if stored.category is not AudienceCategory.STRUCTURE:
            raise InvalidInput(FieldFault("parent", "range", "must name a structure"))
        check_governed(stored, text, "parent")
        return stored.id
    if row.above is not None and above is None:
        return row.id  # at the rehearsal: it comes with the file
    raise InvalidInput(FieldFault("parent", "not_found", f"no structure {text!r} in this tenant"))
