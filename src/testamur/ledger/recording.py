"""What a batch of tellings changes: decided here, one by one, without touching the database.

`Batch` collects the rows to write and remembers what earlier tellings of the same batch decided, so that ten
thousand equal calls at once make one record.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

from msgspec import Struct

from testamur.core.errors import ItemNotFound, ItemNotPublished, KeyReused, PersonNotFound, TestamurError
from testamur.core.ids import Id, new_id
from testamur.core.items import Outside
from testamur.core.moments import Precision
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Record, Recorded, Report, SameKey
from testamur.storage.transactions import Row


class Learning(Struct, omit_defaults=True, kw_only=True):
    """What is told of the learning itself, in columns of the table `fact`."""

    item: Id | None = None
    item_version: int | None = None
    completed_at: datetime | None = None
    started_at: datetime | None = None
    expires_at: datetime | None = None
    passed: bool | None = None
    score_percent: Decimal | None = None
    score_text: str | None = None
    time_spent: str | None = None
    certificate: str | None = None
    is_prior: bool = False
    application: str | None = None
    created_by: Id | None = None
    extra: Mapping[str, Any] | None = None

    def take(self, new: NewRecord) -> None:
        """Take over what needs no looking up."""
        self.completed_at = new.completed.at if new.completed is not None else None
        self.started_at, self.expires_at = new.started_at, new.expires_at
        self.passed, self.score_percent, self.score_text = new.passed, new.score_percent, new.score_text
        self.time_spent, self.certificate = new.time_spent, new.certificate
        self.is_prior, self.application, self.extra = new.is_prior, new.application, new.extra


class FactRow(Learning, omit_defaults=True):
    """A row of the table `fact`."""

    record: Id
    revision: int
    id: Id
    source: str
    created_at: datetime
    entry: int = 0
    person: Id | None = None
    completed_by_day: bool = False
    occurrence: int = 0
    source_id: str | None = None
    updated_by: Id | None = None
    closed_at: datetime | None = None
    closed_as: str | None = None
    closed_by: Id | None = None


class EntryRow(Struct, omit_defaults=True):
    """A row of the table `ledger_entry`, numbered when it is written."""

    kind: str
    subject: Id
    client: Id | None = None
    data: dict[str, Any] | None = None
    number: int = 0


class ReportRow(Struct, omit_defaults=True):
    """A row of the table `report`. `repeats` counts how often this batch tells the same words."""

    record: Id
    digest: bytes
    fact: Id
    dialect: str
    client: Id
    method: str
    path: str
    body: str
    repeats: int = 0


class KeyRow(Struct, omit_defaults=True):
    """A row of the table `source_key`."""

    source: str
    value: str
    record: Id
    fingerprint: bytes | None = None


@dataclass(slots=True)
class _Standing:
    """The fact that stands for a record: in the database, or since an earlier telling of this batch."""

    record: Id
    fact: Id
    revision: int
    source: str
    completed_at: datetime | None
    started_at: datetime | None
    created_at: datetime
    created_by: Id | None
    version: int | None = None
    fresh: FactRow | None = None


@dataclass(slots=True)
class Batch:
    """The rows that a batch of tellings writes; the fact at place *n* belongs to the entry at place *n*.

    Args:
        has_days: a telling of the batch gives a bare day, so that what the others tell is also compared by day.
        lines: assignments and people whose standing the new facts may change.
    """

    now: datetime
    has_days: bool
    facts: list[FactRow] = field(default_factory=list)
    entries: list[EntryRow] = field(default_factory=list)
    closes: dict[tuple[Id, int], Id | None] = field(default_factory=dict)
    reports: dict[tuple[Id, bytes], ReportRow] = field(default_factory=dict)
    keys: dict[tuple[str, str], KeyRow] = field(default_factory=dict)
    outside: dict[tuple[str, str | None], tuple[Id, Outside]] = field(default_factory=dict)
    enrolments: dict[tuple[Id, Id], tuple[str, Id]] = field(default_factory=dict)
    lines: set[tuple[Id, Id]] = field(default_factory=set)
    _standing: dict[Id, _Standing] = field(default_factory=dict)
    _moments: dict[tuple[Id, Id, datetime], list[tuple[Id, Id]]] = field(default_factory=dict)
    _days: dict[tuple[Id, Id, str, date], list[tuple[Id, Id, bool]]] = field(default_factory=dict)
    _occurrences: dict[tuple[Id, Id, datetime], int] = field(default_factory=dict)

    def take(self, new: NewRecord, report: Report, row: Row) -> Recorded | TestamurError:
        """Decide about one telling; `row` is its line of the query `record_resolve`. An error changes nothing."""
        known = len(self.outside)
        named = self._named(new, row)
        if isinstance(named, TestamurError):
            return named
        person, item = named
        recorded = self._settle(new, row, person, item, report.client)
        if isinstance(recorded, TestamurError):
            if len(self.outside) > known:
                self.outside.popitem()  # the refused telling was the first to name it
            return recorded
        self._tell(report, recorded)
        if new.enrols and person is not None and item is not None:
            self.enrolments.setdefault((item, person), (new.source, report.client))
        return recorded

    def correct(self, old: Record, new: NewRecord, report: Report, row: Row) -> Recorded | TestamurError:
        """Decide about a correction of a record that stands: `new` is all that is true of it from now on.

        Whose application it is and by which key its source knows it stay, and so does the version of an item that is
        still the same.
        """
        named = self._named(new, row)
        if isinstance(named, TestamurError):
            return named
        person, item = named
        if person is None and new.person is not None and new.person.id == old.person:
            person = old.person  # somebody who was deleted since: what she did stays hers
        standing = _Standing(
            old.id,
            old.fact,
            old.revision,
            old.source,
            old.completed.at if old.completed else None,
            old.started_at,
            old.created_at,
            old.created_by,
        )
        recorded = self._supersede(new, row, person, item, report.client, standing)
        fact = self.facts[-1]
        fact.application, fact.source_id = old.application, old.source_id
        if fact.item == old.item:
            fact.item_version = old.item_version
        self._tell(report, recorded)
        return recorded

    def _named(self, new: NewRecord, row: Row) -> tuple[Id | None, Id | None] | TestamurError:
        """The person and the item that a telling is about."""
        item: Id | None = row["item"]
        if item is None and new.item is not None and not isinstance(new.item, Outside):
            return ItemNotFound(f"No learning object {new.item.value!r} in this tenant", field=new.item.field)
        if new.needs_published and isinstance(new.item, Reference) and not row["is_offered"]:
            return ItemNotFound(
                f"No learning object {new.item.value!r} is offered in this tenant", field=new.item.field
            )
        if new.needs_published and row["version"] is None:
            return ItemNotPublished()
        person: Id | None = row["person"]
        if person is None and new.person is not None and not new.is_loose:
            return PersonNotFound(f"No person {new.person.value!r} in this tenant", field=new.person.field)
        if item is None and isinstance(new.item, Outside):
            item = self._outside_item(new.item)
        return person, item

    def _settle(
        self, new: NewRecord, row: Row, person: Id | None, item: Id | None, client: Id
    ) -> Recorded | TestamurError:
        """A source's own key decides first, then equality of content; what is left is new."""
        key = _spelled(new, person, item)
        held = self._holder(new, row, key)
        if held is not None and new.key is not None:
            record, fingerprint = held
            if new.key.same_key is SameKey.REPEAT:
                if fingerprint != new.key.fingerprint:
                    return KeyReused()
                standing = self._standing_of(record, row)
                return Recorded(record, standing.fact if standing else record, is_new=False, is_changed=False)
            standing = self._standing_of(record, row)
            if standing is not None and _same_times(standing, new) and not _is_republished(standing, new, row):
                return Recorded(record, standing.fact, is_new=False, is_changed=False)
            # A key that was bound to another source's fact leaves that fact alone (rule C5).
            if standing is not None and standing.source == new.source:
                return self._supersede(new, row, person, item, client, standing)
        same = None if new.is_repeatable else self._same(new, row, person, item)
        if same is not None:
            if key is not None and new.key is not None:
                self.keys[key] = KeyRow(*key, same[0], new.key.fingerprint)
            return Recorded(same[0], same[1], is_new=False, is_changed=False)
        return self._create(new, row, person, item, client, key)

    def _holder(self, new: NewRecord, row: Row, key: tuple[str, str] | None) -> tuple[Id, bytes | None] | None:
        if key is None or new.key is None:
            return None
        if key in self.keys:
            return self.keys[key].record, self.keys[key].fingerprint
        if row["keyed_record"] is None:
            return None
        return row["keyed_record"], row["fingerprint"]

    def _standing_of(self, record: Id, row: Row) -> _Standing | None:
        if record in self._standing:
            return self._standing[record]
        if record != row["keyed_record"] or row["standing_fact"] is None:
            return None
        return _Standing(
            record,
            row["standing_fact"],
            row["standing_revision"],
            row["standing_source"],
            row["standing_completed_at"],
            row["standing_started_at"],
            row["standing_created_at"],
            row["standing_created_by"],
            row["standing_version"],
        )

    def _same(self, new: NewRecord, row: Row, person: Id | None, item: Id | None) -> tuple[Id, Id] | None:
        """The record that tells the same completion already (rule C1)."""
        if new.completed is None or person is None or item is None:
            return None
        for record, fact in self._moments.get((person, item, new.completed.at), ()):
            if self._stands(record, fact):
                return record, fact
        if self.has_days:
            by_day = new.completed.precision is Precision.DAY
            day = new.completed.local_day(ZoneInfo(row["zone"]))
            for record, fact, is_day in self._days.get((person, item, new.source, day), ()):
                if (by_day or is_day) and self._stands(record, fact):
                    return record, fact
        for record, fact in zip(row["same_records"] or (), row["same_facts"] or (), strict=True):
            if record not in self._standing:  # else moved away by an earlier telling of this batch
                return record, fact
        return None

    def _stands(self, record: Id, fact: Id) -> bool:
        """Whether a fact of this batch still stands for its record, or a later telling superseded it."""
        return self._standing[record].fact == fact

    def _create(
        self,
        new: NewRecord,
        row: Row,
        person: Id | None,
        item: Id | None,
        client: Id,
        key: tuple[str, str] | None,
    ) -> Recorded:
        id = new_id()
        standing = _Standing(
            id, id, 1, new.source, new.completed.at if new.completed else None, new.started_at, self.now, new.created_by
        )
        self._write(new, row, person, item, standing)
        self.entries.append(EntryRow("record.created", id, client))
        if key is not None and new.key is not None:
            self.keys[key] = KeyRow(*key, id, new.key.fingerprint)
        return Recorded(id, id, is_new=True, is_changed=True)

    def _supersede(
        self, new: NewRecord, row: Row, person: Id | None, item: Id | None, client: Id, old: _Standing
    ) -> Recorded:
        if old.fresh is not None:
            old.fresh.closed_at, old.fresh.closed_as, old.fresh.closed_by = self.now, "superseded", new.created_by
        else:
            self.closes[old.record, old.revision] = new.created_by
        standing = _Standing(
            old.record,
            new_id(),
            old.revision + 1,
            new.source,
            new.completed.at if new.completed else None,
            new.started_at,
            old.created_at,
            old.created_by,
        )
        self._write(new, row, person, item, standing)
        data = {"fact": str(standing.fact), "supersedes": str(old.fact)}
        self.entries.append(EntryRow("record.superseded", old.record, client, data))
        return Recorded(old.record, standing.fact, is_new=False, is_changed=True)

    def _write(self, new: NewRecord, row: Row, person: Id | None, item: Id | None, standing: _Standing) -> None:
        fact = FactRow(standing.record, standing.revision, standing.fact, new.source, standing.created_at)
        fact.take(new)
        fact.person, fact.item, fact.item_version = person, item, row["version"]
        if new.completed is not None:
            at = new.completed.at
            fact.completed_by_day = new.completed.precision is Precision.DAY
            if person is not None and item is not None:
                told = (standing.record, standing.fact)
                fact.occurrence = self._occurrences.get((person, item, at), row["occurrences"] or 0)
                self._occurrences[person, item, at] = fact.occurrence + 1
                self._moments.setdefault((person, item, at), []).append(told)
                if self.has_days:
                    day = new.completed.local_day(ZoneInfo(row["zone"]))
                    days = self._days.setdefault((person, item, new.source, day), [])
                    days.append((*told, fact.completed_by_day))
        if person is not None and item == row["item"]:
            self.lines.update((assignment, person) for assignment in row["asked_by"])
        if new.quiz_score and row["is_authored"] and row["requires_quiz"]:
            fact.passed, fact.score_percent = True, _FULL_SCORE
        fact.source_id = new.key.value if new.key else None
        fact.created_by, fact.updated_by = standing.created_by, new.created_by
        standing.fresh, standing.version = fact, fact.item_version
        self._standing[standing.record] = standing
        self.facts.append(fact)

    def _outside_item(self, outside: Outside) -> Id:
        provider = outside.provider.lower() if outside.provider is not None else None
        id, _ = self.outside.setdefault((outside.title.lower(), provider), (new_id(), outside))
        return id

    def _tell(self, report: Report, recorded: Recorded) -> None:
        digest = digest_of(report)
        row = self.reports.get((recorded.record, digest))
        if row is None:
            row = self.reports[recorded.record, digest] = ReportRow(
                recorded.record,
                digest,
                recorded.fact,
                report.dialect,
                report.client,
                report.method,
                report.path,
                report.body,
            )
        row.repeats += 1


_FULL_SCORE = Decimal(100)


def digest_of(report: Report) -> bytes:
    """What tells words apart: who said them, where, and which they are."""
    said = f"{report.client}\0{report.dialect}\0{report.method}\0{report.path}\0{report.body}"
    return hashlib.blake2b(said.encode(), digest_size=16).digest()


def _spelled(new: NewRecord, person: Id | None, item: Id | None) -> tuple[str, str] | None:
    if new.key is None:
        return None
    if new.key.value is not None:
        return new.key.source, new.key.value
    return (new.key.source, f"{item}:{person}") if person is not None and item is not None else None


def _is_republished(standing: _Standing, new: NewRecord, row: Row) -> bool:
    """Whether a fact that follows the published version is to move on to a newer one."""
    return new.needs_published and standing.version != row["version"]


def _same_times(standing: _Standing, new: NewRecord) -> bool:
    return (
        standing.completed_at == (new.completed.at if new.completed else None) and standing.started_at == new.started_at
    )
