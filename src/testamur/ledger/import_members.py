"""Rows of memberships into the ledger: who belongs to what, since when and until when."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from testamur.core.audiences import Audience, Joining
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, parse
from testamur.core.imports import Key, Options, Outcome
from testamur.core.imports.audiences import Closes, Membership, Opens, Span, membership_of
from testamur.core.imports.columns import person_kinds_of
from testamur.core.imports.people import ordered
from testamur.core.imports.rows import PERSON_KINDS
from testamur.ledger.audiences import audience_of
from testamur.ledger.entries import imported
from testamur.ledger.import_matching import Matcher, who
from testamur.ledger.import_told import Boss, Told, caller_of, keep_told, told_rows
from testamur.ledger.membership_spans import close_memberships, open_memberships, tell_memberships
from testamur.storage.transactions import Row, Tx, WriteTx


@dataclass(frozen=True, slots=True)
class _Work:
    audience: Id
    person: Id
    does: Membership


def keys_of(told: Mapping[str, Any], options: Options) -> list[Key]:
    """The keys by which a row names a person, as rows of completions have them (rule I5)."""
    declared = tuple(options.person_kinds)
    keys = []
    if told.get("person"):
        by = person_kinds_of(told["person_by"]) if told.get("person_by") else ()
        others = tuple(kind for kind in (declared or PERSON_KINDS) if kind not in by)
        keys.append(Key(by + others, told["person"], bool(by or declared)))
    for kind in ordered(told["identifiers"], declared):
        others = tuple(one for one in (declared or PERSON_KINDS) if one != kind)
        keys.append(Key((kind, *others), told["identifiers"][kind], True))
    return keys


class ImportedMemberships:
    """See `Kind`."""

    async def plan(
        self, tx: WriteTx, batch: Row, rows: Sequence[Told], above: dict[int, Boss] | None, now: datetime
    ) -> None:
        people = Matcher("import_people", "person")
        keys = {row.number: [Key(tuple(kinds), value, sure) for kinds, value, sure in row.keys] for row in rows}
        await people.look_up(tx, [key for named in keys.values() for key in named])
        audiences = await found_audiences(tx, {row.told["audience"] for row in rows}, by_name=True)
        today: date = await tx.value("audience_today", now=now)
        for row in rows:
            row.work, row.faults = None, []
            row.person, fault = who(people, keys[row.number])
            audience = audiences.get(row.told["audience"])
            row.audience = audience.id if audience else None
            try:
                check_governed(audience, row.told["audience"], "audience")
                if fault is not None and fault.code != "not_found":
                    raise InvalidInput(fault)
            except InvalidInput as error:
                row.reject(error.faults)
            else:
                row.outcome = Outcome.UNCHANGED if fault is None else Outcome.HELD
                row.faults = [fault] if fault is not None else []
        meant = [row for row in rows if row.outcome is Outcome.UNCHANGED]
        spans = await _spans(tx, meant)
        for row in meant:
            assert row.audience is not None
            assert row.person is not None
            try:
                does, note = membership_of(row.told, spans[row.audience, row.person], today)
            except InvalidInput as error:
                row.reject(error.faults)
                continue
            row.faults = [FieldFault("joined_on", "order", note)] if note else []
            row.work = _Work(row.audience, row.person, does)
            match does:
                case Opens() | Span():
                    row.outcome = Outcome.CREATED
                case Closes():
                    row.outcome = Outcome.DEACTIVATED

    async def write(self, tx: WriteTx, batch: Row, rows: Sequence[Told], now: datetime) -> None:
        caller = caller_of(tx, batch)
        by_audience: defaultdict[Id, list[_Work]] = defaultdict(list)
        for row in rows:
            if isinstance(row.work, _Work) and row.work.does is not None:
                by_audience[row.work.audience].append(row.work)
        for audience, works in by_audience.items():
            joining = [Joining(one.person, one.does.joined_on) for one in works if isinstance(one.does, Opens)]
            if joining:
                await open_memberships(tx, caller, audience, joining, now)
            past = [
                (one.person, one.does.joined_on, one.does.left_on)
                for one in works
                if isinstance(one.does, Span) and one.does.left_on is not None
            ]
            await tell_memberships(tx, caller, audience, past, now)
            leaving = [(one.person, one.does.left_on) for one in works if isinstance(one.does, Closes)]
            await close_memberships(tx, caller, audience, leaving, now)
        held = [row.number for row in rows if row.outcome is Outcome.HELD]
        if held:
            await tx.run("import_hold", batch=batch["id"], numbers=held)

    async def remove(self, tx: WriteTx, batch: Row, absent: Sequence[Row], now: datetime) -> None:
        today: date = await tx.value("audience_today", now=now)
        by_audience: defaultdict[Id, list[tuple[Id, date]]] = defaultdict(list)
        for row in absent:
            by_audience[row["within"]].append((row["subject"], today))
        for audience, leaving in by_audience.items():
            await close_memberships(tx, caller_of(tx, batch), audience, leaving, now)


async def release_members(tx: WriteTx, batch: Row, numbers: Sequence[int], now: datetime) -> dict[str, int]:
    """Write held rows whose people came. Returns how many came out how (rule I6)."""
    kind = ImportedMemberships()
    rows = await told_rows(tx, batch["id"], numbers, written=True)
    await kind.plan(tx, batch, rows, None, now)
    with imported(tx, batch["id"]):
        await kind.write(tx, batch, rows, now)
    await keep_told(tx, batch["id"], rows, is_told=True)
    return Counter(row.outcome.value for row in rows)


async def found_audiences(tx: Tx, texts: set[str], *, by_name: bool) -> dict[str, Audience]:
    """The audiences that texts name: by reference, by id or, where that may be, by a name that no other has."""
    ids_of = [parse(text, "audience") for text in texts]
    rows = await tx.rows("import_audiences", texts=list(texts), ids=ids_of, by_name=by_name)
    ids: dict[str, Id] = {row["text"]: row["id"] for row in rows if row["id"] is not None}
    known = {row["id"]: audience_of(row) for row in await tx.rows("audiences_get", ids=list(set(ids.values())))}
    return {text: known[id] for text, id in ids.items() if id in known}


def check_governed(audience: Audience | None, text: str, field: str) -> None:
    """Raises InvalidInput for an audience that is not there, and for one that people change here."""
    if audience is None:
        raise InvalidInput(FieldFault(field, "not_found", f"no audience {text!r} in this tenant"))
    if audience.is_everyone:
        raise InvalidInput(FieldFault(field, "range", "everybody belongs to this audience, whatever else is said"))
    if not audience.is_api_controlled:
        raise InvalidInput(FieldFault(field, "range", "is not API-controlled: people change it here"))


async def _spans(tx: Tx, rows: Sequence[Told]) -> defaultdict[tuple[Id, Id], list[Span]]:
    found: defaultdict[tuple[Id, Id], list[Span]] = defaultdict(list)
    stored = await tx.rows(
        "memberships_of", audiences=[row.audience for row in rows], people=[row.person for row in rows]
    )
    for row in stored:
        found[row["audience"], row["person"]].append(Span(row["joined_on"], row["left_on"]))
    return found
