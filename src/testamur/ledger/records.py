"""Records: recording, correcting, voiding and finding what people have learnt."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Collection, Sequence
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import datetime
from functools import partial
from typing import Any, TypeAlias, TypeVar

from msgspec import Struct

from testamur.core.callers import Caller
from testamur.core.errors import CompletionNotFound, Conflict, ItemNotFound, TestamurError
from testamur.core.ids import Id, new_id
from testamur.core.moments import Precision, When
from testamur.core.people import Reference, normalise
from testamur.core.records import NewRecord, Record, Recorded, Report, Revision, Shown, Statement, Telling
from testamur.ledger.entries import Change, append
from testamur.ledger.items import find_item
from testamur.ledger.people_rows import known_person
from testamur.ledger.plain import PlainTellings
from testamur.ledger.recording import Batch, EntryRow
from testamur.ledger.shapes import Shape
from testamur.ledger.standing_lines import AT_ONCE_MAX, lines_of_records, restand, restand_records, restand_while
from testamur.storage.database import Database
from testamur.storage.gather import Flush, Gatherer, GoesOn
from testamur.storage.named import shaped
from testamur.storage.series import Series
from testamur.storage.transactions import Growth, Row, Tx, WriteTx

PAGE_MAX = 1_000

T = TypeVar("T")
Reading: TypeAlias = Callable[[Id], AbstractAsyncContextManager[Flush[Id, T]]]


class Records:
    """Verbs on records. Concurrent calls of one tenant share a commit, and keyed reads share a query."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._writes = Gatherer(self._record_series)
        self._reads = Gatherer(self._reading(self._read_batch), lingers=True)
        self._shows: dict[Shape, Gatherer[Id, Shown]] = {}
        self._growth = Growth()
        self._plain = PlainTellings(database, clock, self._growth)

    async def record(self, tenant: Id, new: NewRecord, report: Report) -> Recorded:
        """Write somebody's learning into the ledger, once.

        The same source key is the same record; failing that, the same person, item and completion time to the
        millisecond (rules C1 and C2, docs/decisions/0001). A repeat changes nothing, is kept as a report and
        returns the first record, so callers may retry freely. Returns after the commit is durable.

        Raises: PersonNotFound, ItemNotFound (naming the reference's field), ItemNotPublished, KeyReused; Overloaded,
            DatabaseUnavailable: nothing is known to be written, try again.
        """
        joined = self._database.joined(tenant)
        if joined is None:
            recorded = await self._plain.record(tenant, new, report)
            return recorded if recorded is not None else await self._writes.call(tenant, (new, report))
        # The batch of others would be another transaction.
        async with self._database.write(tenant) as tx:
            _, (answer,) = await self._record_within(tx, [(new, report)])
            return _told(answer)

    async def get(self, tenant: Id, id: Id, *, voided: bool = False) -> Record:
        """The record of this id. Raises CompletionNotFound; a voided one is found only when asked for."""
        joined = self._database.joined(tenant)
        record = _told((await self._read_batch(joined, [id]))[0]) if joined else await self._reads.call(tenant, id)
        if record.voided_at is not None and not voided:
            raise CompletionNotFound
        return record

    async def many(self, tenant: Id, ids: Sequence[Id]) -> dict[Id, Record]:
        """The records of these ids, voided ones too; unknown ids are left out."""
        async with self._database.read(tenant, one_plan=True) as tx:
            return {row["id"]: record_of(row) for row in await tx.rows("records_get", ids=list(set(ids)))}

    async def show(self, tenant: Id, id: Id, shape: Shape) -> Shown:
        """The standing record of this id in a shape. Raises CompletionNotFound."""
        joined = self._database.joined(tenant)
        if joined is not None:
            return _told((await self._show_batch(shape, joined, [id]))[0])
        if shape not in self._shows:
            self._shows[shape] = Gatherer(self._reading(partial(self._show_batch, shape)), lingers=True)
        return await self._shows[shape].call(tenant, id)

    async def show_page(
        self,
        tenant: Id,
        shape: Shape,
        *,
        after: int = 0,
        count: int,
        person: Reference | None = None,
        updated_after: datetime | None = None,
    ) -> list[Shown]:
        """Up to `count` standing completions behind entry `after`, as `page` gives them, in a shape.

        Raises: PersonNotFound.
        """
        bounds = {"after": after, "count": count, "updated_after": updated_after, "completions_only": True}
        async with self._database.read(tenant, one_plan=person is None) as tx:
            if person is None:
                rows = await tx.rows(shaped("records_page", shape.sql), **bounds)
            else:
                whom = await known_person(tx, person)
                rows = await tx.rows(shaped("records_page_of_person", shape.sql), person=whom, **bounds)
        return [_shown(row) for row in rows]

    async def correct(self, caller: Caller, id: Id, revise: Callable[[Record], NewRecord], report: Report) -> Recorded:
        """Say anew what is true of a record that stands: a fact that supersedes the last one (rule C6).

        Args:
            revise: the whole of what is true from now on, by the record as it is; it may be asked for within a
                transaction, and must not wait. Who corrects goes into `created_by`.
        Raises: CompletionNotFound when there is no such record, or it is voided; PersonNotFound, ItemNotFound; whatever
            `revise` raises.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            old = _told((await self._read_batch(tx, [id]))[0])
            if old.voided_at is not None:
                raise CompletionNotFound
            new = revise(old)
            (row,) = await tx.rows("record_resolve", tellings=[_looked_up(new)])
            batch = Batch(now, has_days=False)
            recorded = _told(batch.correct(old, new, report, row))
            await self._write(tx, batch, row)
            return recorded

    async def restore(self, caller: Caller, id: Id) -> None:
        """Let a voided record stand again, as it was: a new fact that says the same as the last one.

        That it was withdrawn for a time stays readable. Raises: CompletionNotFound; Conflict when it is not voided.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            old = _told((await self._read_batch(tx, [id]))[0])
            if old.voided_at is None:
                raise Conflict("This record is not deleted")
            fact = new_id()
            data = {"fact": str(fact), "restores": str(old.fact)}
            entry = await append(tx, caller.client, [Change("record.restored", id, data)], now)
            await tx.run(
                "fact_restore", fact=fact, record=id, revision=old.revision, entry=entry, by=caller.person, now=now
            )
            await restand_records(tx, [id], now)

    async def void(self, caller: Caller, id: Id) -> None:
        """Withdraw a record: it stops counting from now on and stays readable as known before (rule C6).

        Raises: CompletionNotFound when there is no such record, or it is voided already.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            standing = await tx.row("fact_standing", record=id)
            if standing is None:
                raise CompletionNotFound
            await tx.run("fact_void", record=id, revision=standing["revision"], closed_by=caller.person, now=now)
            data = {"fact": str(standing["id"])}
            await append(tx, caller.client, [Change("record.voided", id, data)], now)
            await restand_records(tx, [id], now)

    async def statement(self, tenant: Id, id: Id) -> Statement:
        """The fact of this id with the record it belongs to, standing or not. Raises CompletionNotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("statement_of", id=id)
            if row is None:
                raise CompletionNotFound
            seen = await tx.row("record_as_of_fact", record=row["record"], revision=row["revision"])
        assert seen is not None
        return Statement(record=record_of(seen), is_standing=row["closed_at"] is None)

    async def of_facts(self, tenant: Id, facts: Collection[Id]) -> dict[Id, tuple[Id, int]]:
        """The record of each of these facts, and which of its revisions it is; unknown ids are left out."""
        if not facts:
            return {}
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("facts_records", facts=list(set(facts)))
        return {row["id"]: (row["record"], row["revision"]) for row in rows}

    async def revisions(self, tenant: Id, id: Id) -> list[Revision]:
        """Every fact of a record, oldest first. Raises CompletionNotFound."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("record_revisions", record=id)
        if not rows:
            raise CompletionNotFound
        return [Revision(record_of(row), row["closed_as"]) for row in rows]

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
        item: Reference | None = None,
        updated_after: datetime | None = None,
        completions_only: bool = True,
    ) -> list[Record]:
        """Up to `count` standing records behind entry `after`, in the order of commits.

        A reader who remembers the `entry` of the last row misses nothing and sees no row twice. Raises PersonNotFound,
        ItemNotFound.
        """
        async with self._database.read(tenant) as tx:
            bounds: dict[str, Any] = {
                "after": after,
                "count": count,
                "updated_after": updated_after,
                "completions_only": completions_only,
            }
            if item is not None:
                what = await find_item(tx, item)
                if what is None:
                    raise ItemNotFound(f"No learning object {item.value!r} in this tenant", field=item.field)
                of = await known_person(tx, person) if person else None
                rows = await tx.rows("records_page_of_item", item=what, person=of, **bounds)
                return [record_of(row) for row in rows]
            if person is None:
                return [record_of(row) for row in await tx.rows("records_page", **bounds)]
            whom = await known_person(tx, person)
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
            whom = await known_person(tx, person) if person else None
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
        await self._plain.drain()
        await self._writes.drain()
        await self._reads.drain()
        for shows in self._shows.values():
            await shows.drain()

    @asynccontextmanager
    async def _record_series(self, tenant: Id) -> AsyncIterator[Flush[tuple[NewRecord, Report], Recorded]]:
        async with self._database.series(tenant) as series:
            yield partial(self._record_batch, series)

    async def _record_batch(
        self, series: Series, tellings: Sequence[tuple[NewRecord, Report]], goes_on: GoesOn
    ) -> list[Recorded | TestamurError]:
        async with series.write(goes_on) as tx:
            rows, answers = await self._record_within(tx, tellings)
        self._plain.learn(tx.tenant, ((new, row) for (new, _), row in zip(tellings, rows, strict=True)))
        return answers

    async def _record_within(
        self, tx: WriteTx, tellings: Sequence[tuple[NewRecord, Report]]
    ) -> tuple[list[Row], list[Recorded | TestamurError]]:
        """Record a batch of tellings; the tenant's counter is locked. What was found of them, and the answers."""
        now = self._clock()
        rows = await tx.rows("record_resolve", tellings=[_looked_up(new) for new, _ in tellings])
        has_days = any(new.completed and new.completed.precision is Precision.DAY for new, _ in tellings)
        batch = Batch(now, has_days)
        answers = [batch.take(new, report, row) for (new, report), row in zip(tellings, rows, strict=True)]
        await self._write(tx, batch, rows[0])
        return rows, answers

    async def _write(self, tx: WriteTx, batch: Batch, ledger: Row) -> None:
        """Write a batch and what follows from it. Any row of `record_resolve` tells where the ledger is."""
        write = partial(_write, tx, batch, ledger["last_entry"] + 1)
        # Calls that share a commit are each held to the handful, not all of them together.
        bounds = {"at_once": max(AT_ONCE_MAX, 2 * len(batch.facts)), "rules": ledger["rules"]}
        if batch.closes:
            await write()
            lines = batch.lines.union(await lines_of_records(tx, [record for record, _ in batch.closes]))
            await restand(tx, lines, batch.now, **bounds)
        else:
            await restand_while(tx, write, batch.lines, batch.facts, batch.now, **bounds)
        # Entries of people and items say nothing about how many facts there are, and the hot query's plan hangs
        # on those.
        tx.has_grown = self._growth.add(tx.tenant, len(batch.facts)) or tx.has_grown

    def _reading(self, read: Callable[[Tx, Sequence[Id]], Awaitable[list[T | TestamurError]]]) -> Reading[T]:
        @asynccontextmanager
        async def series(tenant: Id) -> AsyncIterator[Flush[Id, T]]:
            async with self._database.read_series(tenant) as reads:

                async def flush(ids: Sequence[Id], _: GoesOn) -> list[T | TestamurError]:
                    async with reads.read() as tx:
                        return await read(tx, ids)

                yield flush

        return series

    async def _read_batch(self, tx: Tx, ids: Sequence[Id]) -> list[Record | TestamurError]:
        found = {row["id"]: record_of(row) for row in await tx.rows("records_get", ids=list(set(ids)))}
        return [found.get(id) or CompletionNotFound() for id in ids]

    async def _show_batch(self, shape: Shape, tx: Tx, ids: Sequence[Id]) -> list[Shown | TestamurError]:
        rows = await tx.rows(shaped("records_get", shape.sql), ids=list(set(ids)))
        found = {row["id"]: _shown(row) for row in rows if not row["is_void"]}
        return [found.get(id) or CompletionNotFound() for id in ids]


def _told(answer: T | TestamurError) -> T:
    if isinstance(answer, TestamurError):
        raise answer
    return answer


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
        batch.entries += [
            EntryRow("item.added", id, None, {"title": outside.title, "kind": "outside"}) for id, outside in new
        ]
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
            batch.entries.append(EntryRow("enrolment.opened", row["person"], client, {"item": str(row["item"])}))
    if batch.closes:
        await tx.run(
            "facts_close",
            records=[record for record, _ in batch.closes],
            revisions=[revision for _, revision in batch.closes],
            closed_by=list(batch.closes.values()),
            now=now,
        )
    for number, entry in enumerate(batch.entries, first):
        entry.number = number
    for number, fact in enumerate(batch.facts, first):
        fact.entry = number
    last = first + len(batch.entries) - 1
    tx.count_entries(first, last)
    await tx.run(
        "batch_write",
        facts=batch.facts,
        keys=list(batch.keys.values()),
        reports=list(batch.reports.values()),
        entries=batch.entries,
        last=last,
        now=now,
    )


class _LookedUp(Struct, omit_defaults=True):
    """What `record_resolve` takes of a telling."""

    origin: str
    person_kinds: tuple[str, ...] = ()
    person_values: tuple[str, ...] = ()
    person_id: Id | None = None
    item_kinds: tuple[str, ...] = ()
    item_values: tuple[str, ...] = ()
    item_id: Id | None = None
    title: str | None = None
    provider: str | None = None
    completed_at: datetime | None = None
    by_day: bool = False
    source: str | None = None
    key: str | None = None


def _looked_up(new: NewRecord) -> _LookedUp:
    wanted = _LookedUp(new.source)
    if (person := new.person) is not None:
        wanted.person_kinds, wanted.person_id = person.kinds, person.id
        wanted.person_values = tuple(normalise(kind, person.value) for kind in person.kinds)
    if isinstance(item := new.item, Reference):
        wanted.item_kinds, wanted.item_id = item.kinds, item.id
        wanted.item_values = tuple(normalise(kind, item.value) for kind in item.kinds)
    elif item is not None:
        wanted.title, wanted.provider = item.title, item.provider
    if new.completed is not None:
        wanted.completed_at, wanted.by_day = new.completed.at, new.completed.precision is Precision.DAY
    if new.key is not None:
        wanted.source, wanted.key = new.key.source, new.key.value
    return wanted


def _shown(row: Row) -> Shown:
    return Shown(row["id"], row["entry"], row["person"], row["is_completion"], row["shown"])


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
