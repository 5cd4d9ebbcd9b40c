"""Records: recording, correcting, voiding and finding what people have learnt."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from testamur.core.callers import Caller
from testamur.core.errors import CompletionNotFound, ItemNotFound, PersonNotFound, TestamurError
from testamur.core.ids import Id
from testamur.core.items import Outside
from testamur.core.moments import Precision, When
from testamur.core.people import SEPARATOR, Reference, normalise
from testamur.core.records import NewRecord, Record, Recorded, Report, Statement, Telling
from testamur.ledger.entries import Change, append
from testamur.ledger.items import find_item
from testamur.ledger.people import find_person
from testamur.ledger.recording import FACT_COLUMNS, Batch
from testamur.storage.database import Database, Row, WriteTx, is_fourfold
from testamur.storage.gather import Gatherer

PAGE_MAX = 1_000


class Records:
    """Verbs on records. Concurrent calls of one tenant share a commit, and keyed reads share a query."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._writes = Gatherer(self._record_batch)
        self._reads = Gatherer(self._read_batch)
        self._facts_written: dict[Id, int] = {}

    async def record(self, tenant: Id, new: NewRecord, report: Report) -> Recorded:
        """Write somebody's learning into the ledger, once.

        The same source key is the same record; failing that, the same person, item and completion time to the
        millisecond (rules C1 and C2, docs/decisions/0001). A repeat changes nothing, is kept as a report and
        returns the first record, so callers may retry freely. Returns after the commit is durable.

        Raises: PersonNotFound, ItemNotFound (naming the reference's field), ItemNotPublished, KeyReused; Overloaded,
            DatabaseUnavailable: nothing is known to be written, try again.
        """
        return await self._writes.call(tenant, (new, report))

    async def get(self, tenant: Id, id: Id, *, voided: bool = False) -> Record:
        """The record of this id. Raises CompletionNotFound; a voided one is found only when asked for."""
        record = await self._reads.call(tenant, id)
        if record.voided_at is not None and not voided:
            raise CompletionNotFound
        return record

    async def void(self, caller: Caller, id: Id) -> None:
        """Withdraw a record: it stops counting from now on and stays readable as known before (rule C6).

        Raises: CompletionNotFound when there is no such record, or it is voided already.
        """
        now = self._clock()
        async with self._database.write(caller.tenant) as tx:
            await tx.value("counter_lock")
            standing = await tx.row("fact_standing", record=id)
            if standing is None:
                raise CompletionNotFound
            await tx.run("fact_void", record=id, revision=standing["revision"], closed_by=caller.person, now=now)
            data = {"fact": str(standing["id"])}
            await append(tx, caller.client, [Change("record.voided", id, data)], now)

    async def statement(self, tenant: Id, id: Id) -> Statement:
        """The fact of this id with the record it belongs to, standing or not. Raises CompletionNotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("statement_of", id=id)
            if row is None:
                raise CompletionNotFound
            seen = await tx.row("record_as_of_fact", record=row["record"], revision=row["revision"])
        assert seen is not None
        return Statement(record=record_of(seen), is_standing=row["closed_at"] is None)

    async def tellings(self, tenant: Id, records: Sequence[Id]) -> dict[Id, list[Telling]]:
        """Who told us of these records and in which words, oldest first."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("reports_of", records=list(records))
        told: dict[Id, list[Telling]] = {id: [] for id in records}
        for row in rows:
            report = Report(row["dialect"], row["client"], row["method"], row["path"], row["body"])
            told[row["record"]].append(Telling(report, row["repeats"], row["reported_at"], row["last_reported_at"]))
        return told

    async def page(
        self,
        tenant: Id,
        *,
        after: int = 0,
        count: int,
        person: Reference | None = None,
        updated_after: datetime | None = None,
        completions_only: bool = True,
    ) -> list[Record]:
        """Up to `count` standing records behind entry `after`, in the order of commits.

        A reader who remembers the `entry` of the last row misses nothing and sees no row twice. Raises PersonNotFound.
        """
        async with self._database.read(tenant) as tx:
            bounds: dict[str, Any] = {
                "after": after,
                "count": count,
                "updated_after": updated_after,
                "completions_only": completions_only,
            }
            if person is None:
                return [record_of(row) for row in await tx.rows("records_page", **bounds)]
            whom = await find_person(tx, person)
            if whom is None:
                raise PersonNotFound(f"No person {person.value!r} in this tenant", field=person.field)
            return [record_of(row) for row in await tx.rows("records_page_of_person", person=whom, **bounds)]

    async def numbered_page(
        self,
        tenant: Id,
        *,
        count: int,
        skip: int = 0,
        person: Reference | None = None,
        item: Reference | None = None,
        is_prior: bool | None = None,
        completed_from: datetime | None = None,
        completed_before: datetime | None = None,
    ) -> list[Record]:
        """Standing completions in the order of commits, for clients that count pages.

        Only what has both a person and an item. Raises PersonNotFound, ItemNotFound naming the reference's field.
        """
        async with self._database.read(tenant) as tx:
            whom = await find_person(tx, person) if person else None
            if person and whom is None:
                raise PersonNotFound(f"No person {person.value!r} in this tenant", field=person.field)
            what = await find_item(tx, item) if item else None
            if item and what is None:
                raise ItemNotFound(f"No learning object {item.value!r} in this tenant", field=item.field)
            rows = await tx.rows(
                "records_numbered_page",
                person=whom,
                item=what,
                is_prior=is_prior,
                completed_from=completed_from,
                completed_before=completed_before,
                count=count,
                skip=skip,
            )
        return [record_of(row) for row in rows]

    async def count(self, tenant: Id, *, person: Id | None = None, item: Id | None = None) -> int:
        """How many completions there are, what several sources tell of one day counted once (rule C4)."""
        async with self._database.read(tenant) as tx:
            counted: int = await tx.value("completions_counted", person=person, item=item)
        return counted

    async def probable_duplicates(self, tenant: Id, id: Id) -> list[Id]:
        """Records that other sources tell of the same person, item and local day (rule C4)."""
        async with self._database.read(tenant) as tx:
            return [row["record"] for row in await tx.rows("probable_duplicates", record=id)]

    async def drain(self) -> None:
        """Wait until every batch in flight has been answered."""
        await self._writes.drain()
        await self._reads.drain()

    async def _record_batch(
        self, tenant: Id, tellings: Sequence[tuple[NewRecord, Report]]
    ) -> list[Recorded | TestamurError]:
        async with self._database.write(tenant) as tx:
            # Taken before anything is read: no other worker decides about this tenant's records until the commit,
            # so what is resolved below is still true when it is written.
            last = await tx.value("counter_lock")
            now = self._clock()
            rows = await tx.rows("record_resolve", now=now, **_spread([new for new, _ in tellings]))
            batch = Batch(now)
            answers = [batch.take(new, report, row) for (new, report), row in zip(tellings, rows, strict=True)]
            await _write(tx, batch, last + 1)
            # Entries of people and items say nothing about how many facts there are, and the hot query's plan hangs
            # on those.
            before = self._facts_written.get(tenant, 0)
            self._facts_written[tenant] = before + len(batch.facts)
            tx.has_grown = tx.has_grown or is_fourfold(before, self._facts_written[tenant])
        return answers

    async def _read_batch(self, tenant: Id, ids: Sequence[Id]) -> list[Record | TestamurError]:
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("records_get", ids=list(set(ids)))
        found = {row["id"]: record_of(row) for row in rows}
        return [found.get(id) or CompletionNotFound() for id in ids]


async def _write(tx: WriteTx, batch: Batch, first: int) -> None:
    """Write a batch whose first entry gets the number `first`; the tenant's counter is locked."""
    now = batch.now
    if batch.outside:
        new = list(batch.outside.values())
        await tx.run(
            "outside_items_add",
            ids=[id for id, _ in new],
            titles=[outside.title for _, outside in new],
            providers=[outside.provider for _, outside in new],
            now=now,
        )
        batch.entries += [("item.added", id, None, {"title": outside.title, "kind": "outside"}) for id, outside in new]
    if batch.enrolments:
        opened = await tx.rows(
            "enrolments_open",
            items=[item for item, _ in batch.enrolments],
            people=[person for _, person in batch.enrolments],
            sources=[source for source, _ in batch.enrolments.values()],
            now=now,
        )
        for row in opened:
            client = batch.enrolments[row["item"], row["person"]][1]
            batch.entries.append(("enrolment.opened", row["person"], client, {"item": str(row["item"])}))
    if batch.closes:
        await tx.run(
            "facts_close",
            records=[record for record, _ in batch.closes],
            revisions=[revision for _, revision in batch.closes],
            closed_by=list(batch.closes.values()),
            now=now,
        )
    if batch.facts:
        for place, fact in enumerate(batch.facts):
            fact[3] = first + place
        columns = dict(zip(FACT_COLUMNS, map(list, zip(*batch.facts, strict=True)), strict=True))
        await tx.run("facts_add", now=now, **columns)
    if batch.keys:
        await tx.run(
            "source_keys_set",
            sources=[source for source, _ in batch.keys],
            values=[value for _, value in batch.keys],
            records=[record for record, _ in batch.keys.values()],
            fingerprints=[fingerprint for _, fingerprint in batch.keys.values()],
            now=now,
        )
    told, last = batch.told, first + len(batch.entries) - 1
    tx.count_entries(first, last)
    await tx.run(
        "reports_and_entries_add",
        records=[record for record, _ in told],
        digests=[digest for _, digest in told],
        facts=[line.fact for line in told.values()],
        dialects=[line.report.dialect for line in told.values()],
        clients=[line.report.client for line in told.values()],
        methods=[line.report.method for line in told.values()],
        paths=[line.report.path for line in told.values()],
        bodies=[line.report.body for line in told.values()],
        repeats=[line.repeats for line in told.values()],
        last=last,
        numbers=list(range(first, last + 1)),
        kinds=[kind for kind, _, _, _ in batch.entries],
        subjects=[subject for _, subject, _, _ in batch.entries],
        entry_clients=[client for _, _, client, _ in batch.entries],
        data=[data for _, _, _, data in batch.entries],
        now=now,
    )


def _spread(new: Sequence[NewRecord]) -> dict[str, list[Any]]:
    """The tellings as the columns that `record_resolve` takes."""
    people = [record.person for record in new]
    items = [record.item if isinstance(record.item, Reference) else None for record in new]
    outside = [record.item if isinstance(record.item, Outside) else None for record in new]
    return {
        "n": list(range(len(new))),
        "person_kinds": [" ".join(p.kinds) if p else None for p in people],
        "person_values": [_comparable(p) for p in people],
        "person_ids": [p.id if p else None for p in people],
        "item_kinds": [" ".join(i.kinds) if i else None for i in items],
        "item_values": [_comparable(i) for i in items],
        "item_ids": [i.id if i else None for i in items],
        "titles": [o.title if o else None for o in outside],
        "providers": [o.provider if o else None for o in outside],
        "completed": [record.completed.at if record.completed else None for record in new],
        "by_day": [record.completed is not None and record.completed.precision is Precision.DAY for record in new],
        "origins": [record.source for record in new],
        "sources": [record.key.source if record.key else None for record in new],
        "keys": [record.key.value if record.key else None for record in new],
    }


def _comparable(reference: Reference | None) -> str | None:
    """The value as each kind of the reference compares it, parted by a character that no identifier holds."""
    if reference is None or SEPARATOR in reference.value:
        return None
    return SEPARATOR.join(normalise(kind, reference.value) for kind in reference.kinds)


def record_of(row: Row) -> Record:
    """The record that a row of the view `record` or `fact_read` holds."""
    completed_at: datetime | None = row["completed_at"]
    completed = None
    if completed_at is not None:
        completed = When(completed_at, Precision.DAY if row["completed_by_day"] else Precision.INSTANT)
    name = f"{row['given_name'] or ''} {row['family_name'] or ''}".strip()
    return Record(
        id=row["id"],
        fact=row["fact"],
        revision=row["revision"],
        entry=row["entry"],
        person=row["person"],
        person_ref=row["person_ref"],
        person_email=row["person_email"],
        person_name=name or None,
        item=row["item"],
        item_kind=row["item_kind"],
        item_format=row["item_format"],
        item_ref=row["item_ref"],
        item_iri=row["item_iri"],
        item_version=row["item_version"],
        title=row["title"],
        provider=row["provider"],
        completed=completed,
        started_at=row["started_at"],
        expires_at=row["expires_at"],
        passed=row["passed"],
        score_percent=row["score_percent"],
        score_text=row["score_text"],
        time_spent=row["time_spent"],
        certificate=row["certificate"],
        is_prior=row["is_prior"],
        source=row["source"],
        source_id=row["source_id"],
        application=row["application"],
        created_by=row["created_by"],
        updated_by=row["updated_by"],
        created_at=row["created_at"],
        recorded_at=row["recorded_at"],
        updated_at=row["updated_at"],
        voided_at=row["voided_at"],
        voided_by=row["voided_by"],
        extra=row["extra"] or {},
    )
