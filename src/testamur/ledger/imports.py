"""Imports: files, rehearsed and committed; of completions also held, mapped and taken back (rules I1 to I20)."""

from __future__ import annotations

import asyncio
import io
import time
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from tempfile import TemporaryFile
from typing import Any, BinaryIO
from zoneinfo import ZoneInfo

import msgspec

from testamur.core.callers import Caller
from testamur.core.errors import Conflict, InvalidInput, TestamurError, Unavailable
from testamur.core.ids import Id, new_id
from testamur.core.imports import (
    REMOVALS_PERCENT_MAX,
    Batch,
    BatchNotFound,
    BatchState,
    NotRehearsed,
    Of,
    Options,
    Outcome,
    RemovalsUnconfirmed,
    RowShown,
    options_of,
    refused,
)
from testamur.core.people import Reference
from testamur.core.uploads import Rehearsal, UploadNotFound, UploadUnfinished
from testamur.ledger.entries import Change, append
from testamur.ledger.erased import forget_rows
from testamur.ledger.import_directory import (
    commit_directory_slice,
    count_removals,
    drop_names,
    list_absent,
    read_directory,
    rehearse_directory,
)
from testamur.ledger.import_effect import effect_kept, effect_of
from testamur.ledger.import_mapping import map_outside
from testamur.ledger.import_matching import Progress
from testamur.ledger.import_progress import noted
from testamur.ledger.import_requests import request_import
from testamur.ledger.import_settling import commit_slice, count_outcomes, release_slice, undo_slice
from testamur.ledger.import_shown import bad_row, batch_of, removals_of, row_shown
from testamur.ledger.import_staging import digest_of, stage
from testamur.ledger.uploads import KEPT, copy_upload
from testamur.storage.database import Database
from testamur.storage.transactions import Row, WriteTx

SLICE_SECONDS = 0.25
"""How long a slice may hold the tenant's counter; its rows follow from how long the last one took."""
SHARED_SLICE_SECONDS = 0.005
"""The same while others write to the tenant, who wait for the end of every slice."""
_RESTS = 4
"""Then an import rests this many times as long as its slice took, so that not every call of others meets one."""
_SHARED_SECONDS = 10.0
"""Others who waited for a slice once are expected again for so long."""
_SLICE_MIN, _SLICE_FIRST, _SLICE_MAX = 100, 256, 20_000
_DECIDED_AT_ONCE = 50_000
_WORTH_STATISTICS = 1_000
_DROPPED_AT_ONCE = 20_000
_ABANDONED = timedelta(minutes=10)
"""A file whose reading made no progress for so long is not read any more."""
_ERRORS_AT_ONCE = 1_000
_ATTEMPTS_MAX = 10
"""How often the reading of an upload is begun: a file that ends its worker each time is refused at last."""


@dataclass(frozen=True, slots=True)
class Pace:
    """How large the next slice of a batch is, and until when others are expected to wait for it."""

    rows: int = _SLICE_FIRST
    shared_until: float = 0.0
    rest_seconds: float = 0.0

    def after(self, now: float, began: float, *, is_awaited: bool) -> Pace:
        """The pace behind a slice that `began` then and is done by `now`."""
        shared_until = now + _SHARED_SECONDS if is_awaited else self.shared_until
        is_shared, took = now < shared_until, max(now - began, 0.001)
        faster = min(4.0, (SHARED_SLICE_SECONDS if is_shared else SLICE_SECONDS) / took)
        rows = max(_SLICE_MIN, min(_SLICE_MAX, int(self.rows * faster)))
        return Pace(rows, shared_until, _RESTS * took if is_shared else 0.0)


def _silent(stage: str, done: int, total: int) -> None:
    pass


class Imports:
    """Verbs on imports. A batch of another tenant is simply not found."""

    def __init__(
        self,
        database: Database,
        clock: Callable[[], datetime],
        *,
        removals_percent_max: int = REMOVALS_PERCENT_MAX,
    ) -> None:
        self._database = database
        self._clock = clock
        self._removals_percent_max = removals_percent_max
        self._pace: dict[Id, Pace] = {}

    async def rehearse(
        self,
        caller: Caller,
        stream: BinaryIO,
        *,
        name: str,
        options: Options,
        format: str | None = None,
        progress: Progress = _silent,
    ) -> Batch:
        """Read a file and say what would become of every row, and of standings. Changes nothing but the batch.

        Args:
            stream: the file, which is read twice and must be able to seek.
            format: as its sender says; None to go by the content.
        Raises: FileRefused, FileUnreadable: then nothing of it is kept.
        """
        tenant, id = caller.tenant, new_id()
        await self._forget_abandoned(tenant)
        async with self._database.write(tenant) as tx:
            await tx.run(
                "import_start",
                id=id,
                of=options.of.value,
                client=caller.client,
                person=caller.person,
                name=name[:255],
                format=format or "",
                bytes=stream.seek(0, io.SEEK_END),
                digest="",
                options=asdict(options),
                upload=None,
                now=self._clock(),
            )
        try:
            await self._read(tenant, id, caller.client, stream, name, options, format, progress)
        except BaseException:
            await self._drop(tenant, id)
            raise
        return await self.get(tenant, id)

    async def request(self, caller: Caller, upload: Id, told: Rehearsal) -> Batch:
        """Ask for an import of a whole upload; `rehearse_upload` reads it, here or in another process.

        Raises: UploadNotFound; UploadUnfinished.
        """
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            row = await tx.row("upload_take", id=upload, now=now)
            if row is None:
                raise UploadNotFound(field="upload")
            if row["completed_at"] is None:
                raise UploadUnfinished(f"{row['received']} of {row['length']} bytes have come", field="upload")
            await tx.run("upload_keep", id=upload, expires_at=now + KEPT)
            id = await request_import(tx, caller.client, caller.person, upload, row["length"], told, now)
        return await self.get(caller.tenant, id)

    async def rehearsals_waiting(self, count: int) -> Sequence[tuple[Id, Id]]:
        """Tenants and ids of batches that are to be read from uploads, of all tenants."""
        async with self._database.unbound() as connection:
            rows = await connection.fetch("SELECT tenant, id FROM rehearsals_waiting($1)", count)
        return [(row["tenant"], row["id"]) for row in rows]

    async def rehearse_upload(self, tenant: Id, id: Id) -> bool:
        """Read a batch from its upload, unless another process does. Whether this one did.

        A reading that was killed begins anew: what it had staged is not gone on with.
        """
        async with self._database.exclusively(id) as is_mine:
            if not is_mine:
                return False
            async with self._database.write(tenant) as tx:
                row = await tx.row("import_claim", id=id, now=self._clock())
            if row is None:
                return False
            await self._drop_rows(tenant, id)
            try:
                if row["attempts"] > _ATTEMPTS_MAX:
                    raise refused("", "format", f"reading it was given up after {_ATTEMPTS_MAX} attempts")
                await self._rehearse_upload(tenant, row)
            except Unavailable:
                raise
            except TestamurError as error:
                await self._refuse(tenant, row, error)
            return True

    async def _rehearse_upload(self, tenant: Id, row: Row) -> None:
        id, options = row["id"], options_of(row["options"])
        with TemporaryFile() as file:
            async with noted(self._database, tenant, id, self._clock, _silent) as progress:
                await copy_upload(
                    self._database, tenant, row["upload"], file, lambda done: progress("copied", done, row["bytes"])
                )
            await self._read(tenant, id, row["client"], file, row["name"], options, row["format"] or None, _silent)

    async def _refuse(self, tenant: Id, row: Row, error: TestamurError) -> None:
        await self._drop_rows(tenant, row["id"])
        faults = error.faults if isinstance(error, InvalidInput) else ()
        fault = {
            "code": error.code,
            "message": error.message,
            "faults": [[one.field, one.code, one.message] for one in faults],
        }
        async with self._database.write(tenant, alone=True) as tx:
            now = self._clock()
            await tx.run("import_refuse", id=row["id"], fault=fault, now=now)
            data = {"name": row["name"], "code": error.code}
            await append(tx, row["client"], [Change("import.refused", row["id"], data)], now)

    async def _read(
        self,
        tenant: Id,
        id: Id,
        client: Id,
        stream: BinaryIO,
        name: str,
        options: Options,
        format: str | None,
        told: Progress,
    ) -> None:
        digest, size = await asyncio.to_thread(digest_of, stream)
        async with self._database.read(tenant) as read:
            zone = ZoneInfo(await read.value("tenant_zone"))
        async with noted(self._database, tenant, id, self._clock, told) as progress:
            if options.of is not Of.COMPLETIONS:
                await self._rehearse_directory(
                    tenant, id, client, stream, options, zone, format, progress, digest, size
                )
                return
            staged = await stage(
                self._database,
                tenant,
                id,
                stream,
                options,
                zone,
                self._clock,
                format=format,
                progress=progress,
                size=size,
            )
            await self._check_read(stream, digest, staged.rows)
            progress("compared", 0, staged.rows)
            async with self._database.write(tenant) as tx:
                await tx.run("import_unhurried")
                await tx.run("import_patience")
                seen: int = await tx.value("entry_last")
                repeated: int = await tx.value("import_twins", batch=id, numbers=None)
                met = [row["item"] for row in await tx.rows("import_items_met", batch=id)]
            for after in range(0, staged.rows, _DECIDED_AT_ONCE):
                async with self._database.write(tenant) as tx:
                    await tx.run("import_unhurried")
                    await tx.run("import_patience")
                    await tx.run("import_decide", batch=id, after=after, last=after + _DECIDED_AT_ONCE, met=met)
                    await tx.run(
                        "import_touch", id=id, rows=staged.rows, outcomes=dict(staged.outcomes), now=self._clock()
                    )
                progress("decided", min(after + _DECIDED_AT_ONCE, staged.rows), staged.rows)
            now = self._clock()
            effect = await effect_of(self._database, tenant, id, now, progress)
            async with self._database.write(tenant, alone=True) as tx:
                await tx.run("import_patience")
                await forget_rows(tx, id)
                outcomes = await count_outcomes(tx, id)
                # A day and the moment at which it begins need not be of one day, so that they were not compared.
                is_known = not staged.mixes_days and await tx.value("entry_last") == seen
                data = {"name": name[:255], "digest": digest, "rows": staged.rows, "outcomes": outcomes}
                await append(tx, client, [Change("import.rehearsed", id, data)], now)
                await tx.run(
                    "import_finish_reading",
                    id=id,
                    bytes=size,
                    digest=digest,
                    format=staged.format,
                    header=list(staged.header),
                    columns=dict(staged.columns.meanings) if staged.columns else {},
                    rows=staged.rows,
                    outcomes=outcomes,
                    repeated=repeated,
                    has_keys=staged.has_keys,
                    effect=effect_kept(effect),
                    is_known=is_known,
                    now=now,
                )

    async def _check_read(self, stream: BinaryIO, digest: str, rows: int) -> None:
        """Make sure that what was staged is what the file said, and have statistics of it where that is worth while."""
        if (await asyncio.to_thread(digest_of, stream))[0] != digest:
            raise refused("", "changed", "the file changed while it was read; send it again")
        if rows >= _WORTH_STATISTICS:
            await self._database.have_statistics()

    async def _rehearse_directory(
        self,
        tenant: Id,
        id: Id,
        client: Id,
        stream: BinaryIO,
        options: Options,
        zone: ZoneInfo,
        format: str | None,
        progress: Progress,
        digest: str,
        size: int,
    ) -> None:
        read = await read_directory(
            self._database,
            tenant,
            id,
            stream,
            options,
            zone,
            self._clock,
            format=format,
            progress=progress,
            size=size,
        )
        await self._check_read(stream, digest, read.rows)
        repeated = await rehearse_directory(self._database, tenant, id, read, self._clock, progress)
        async with self._database.write(tenant, alone=True) as tx:
            await tx.run("import_patience")
            now, outcomes = self._clock(), await count_outcomes(tx, id)
            batch = await tx.row("import_take", id=id)
            assert batch is not None
            removals = await count_removals(tx, batch, read.unnamed, now)
            await tx.run(
                "import_finish_reading",
                id=id,
                bytes=size,
                digest=digest,
                format=read.format,
                header=list(read.header),
                columns=dict(read.columns),
                rows=read.rows,
                outcomes=outcomes,
                repeated=repeated,
                has_keys=False,
                effect=None,
                is_known=False,
                now=now,
            )
            kept = msgspec.to_builtins(removals)
            await tx.run("import_removals_keep", id=id, removals=kept)
            data = {"name": batch["name"], "digest": digest, "of": options.of.value, "rows": read.rows}
            data |= {"outcomes": outcomes, "removals": kept}
            await append(tx, client, [Change("import.rehearsed", id, data)], now)

    async def commit(
        self, caller: Caller, id: Id, progress: Progress = _silent, *, removals: int | None = None
    ) -> Batch:
        """Write a rehearsed file into the ledger, a slice at a time, and return when all of it is there.

        One that was begun and not finished goes on from where it came to; one that is finished changes nothing.
        Raises: as `begin`, which takes `removals`.
        """
        batch = await self.begin(caller, id, BatchState.COMMITTED, removals=removals)
        return await self._finish(caller.tenant, batch, progress)

    async def undo(self, caller: Caller, id: Id, progress: Progress = _silent) -> Batch:
        """Take back all that a committed file wrote, but for what others wrote over since (rule I12).

        Raises: as `begin`.
        """
        batch = await self.begin(caller, id, BatchState.UNDONE)
        return await self._finish(caller.tenant, batch, progress)

    async def begin(self, caller: Caller, id: Id, towards: BatchState, *, removals: int | None = None) -> Batch:
        """Ask for a batch to be committed or undone; `work` does it, here or in another process.

        Args:
            removals: how many people, items or memberships the file may take away, as the rehearsal counted them.
        Raises: BatchNotFound; NotRehearsed for a batch that is not at that point; Conflict where all or nothing was
            asked for and some rows are held or rejected, and for undoing a file of the directory;
            RemovalsUnconfirmed.
        """
        going, before = {
            BatchState.COMMITTED: (BatchState.COMMITTING, BatchState.REHEARSED),
            BatchState.UNDONE: (BatchState.UNDOING, BatchState.COMMITTED),
        }[towards]
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            row = await _taken(tx, id)
            batch = batch_of(row)
            if batch.state in (going, towards):
                return batch
            if batch.state is not before:
                raise NotRehearsed(f"This import is {batch.state.value}; it can be {towards.value} once {before.value}")
            if towards is BatchState.COMMITTED and batch.options.get("all_or_nothing"):
                bad = sum(batch.outcomes.get(one, 0) for one in (Outcome.HELD, Outcome.REJECTED))
                if bad:
                    raise Conflict(f"All or nothing was asked for, and {bad} rows are held or rejected")
            said: dict[str, Any] | None = None
            if batch.of is not Of.COMPLETIONS:
                if towards is BatchState.UNDONE:
                    raise Conflict(f"An import of {batch.of.value} is not taken back; send the file as it was before")
                said = await self._confirmed(tx, row, removals, now)
            await append(tx, caller.client, [Change(f"import.{going.value}", id, said)], now)
            await tx.run(
                "import_state",
                id=id,
                state=going.value,
                done=0,
                outcomes=row["outcomes"],
                has_news=False,
                is_known=row["is_known"],
                now=now,
            )
        return await self.get(caller.tenant, id)

    async def _confirmed(self, tx: WriteTx, batch: Row, confirmed: int | None, now: datetime) -> dict[str, Any] | None:
        """Count once more what would go, hold it against what was confirmed, and write down what that is."""
        await tx.run("import_patience")
        rehearsed = removals_of(batch)
        found = await count_removals(tx, batch, rehearsed.unnamed if rehearsed else 0, now)
        if found is None or rehearsed is None:
            return None
        must = found.must_be_confirmed(self._removals_percent_max)
        if (must or confirmed is not None) and confirmed != found.number:
            raise RemovalsUnconfirmed.because(found, self._removals_percent_max, rehearsed=rehearsed.number)
        await list_absent(tx, batch, found, now)
        return {"removals": found.number, "confirmed": confirmed}

    async def waiting(self, count: int) -> list[tuple[Id, Id]]:
        """Tenants and ids of batches that are to be worked on, of all tenants."""
        async with self._database.unbound() as connection:
            rows = await connection.fetch("SELECT tenant, id FROM imports_waiting($1)", count)
        return [(row["tenant"], row["id"]) for row in rows]

    async def work(self, tenant: Id, id: Id, count: int | None = None) -> bool:
        """Do the next slice of what was asked for. Whether there is more of it to do.

        The slice and how far the batch came are one transaction: whatever is killed, the next worker goes on.

        Args:
            count: rows of the slice; None for as many as take about SLICE_SECONDS, or SHARED_SLICE_SECONDS while others
                write too.
        """
        pace, more = self._pace.pop(id, None) or Pace(), False
        async with self._database.write(tenant) as tx:
            await tx.run("import_turn")
            began = time.perf_counter()
            row = await _taken(tx, id)
            now = self._clock()
            if row["state"] == BatchState.COMMITTING.value:
                slice_of = commit_slice if row["of"] == Of.COMPLETIONS.value else commit_directory_slice
                await slice_of(tx, row, count or pace.rows, now)
                more = True  # held rows whose people came follow its last slice
            elif row["state"] == BatchState.UNDOING.value:
                more = await undo_slice(tx, row, count or pace.rows, now)
            elif row["has_news"]:
                more = await release_slice(tx, row, now)
            if more:
                is_awaited = await tx.value("import_is_awaited")
                pace = self._pace[id] = pace.after(time.perf_counter(), began, is_awaited=is_awaited)
        if more:
            await asyncio.sleep(pace.rest_seconds)
        return more

    async def get(self, tenant: Id, id: Id) -> Batch:
        """Raises: BatchNotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("import_get", id=id)
        if row is None:
            raise BatchNotFound
        return batch_of(row)

    async def list(self, tenant: Id, *, after: Id | None, count: int) -> list[Batch]:
        """Up to `count` batches, the newest first, from behind `after`."""
        async with self._database.read(tenant) as tx:
            return [batch_of(row) for row in await tx.rows("import_list", after=after, count=count)]

    async def rows(
        self, tenant: Id, id: Id, *, outcomes: Sequence[Outcome] | None = None, after: int = 0, count: int
    ) -> Sequence[RowShown]:
        """Up to `count` rows of a batch in order of the file, from behind row `after`. Raises BatchNotFound."""
        await self.get(tenant, id)
        async with self._database.read(tenant) as tx:
            only = None if outcomes is None else [one.value for one in outcomes]
            rows = await tx.rows("import_rows", batch=id, after=after, outcomes=only, count=count)
        return [row_shown(row) for row in rows]

    async def errors(self, tenant: Id, id: Id, *, after: int = 0) -> AsyncIterator[RowShown]:
        """Every row behind `after` that is held or rejected, in order of the file. Raises BatchNotFound."""
        await self.get(tenant, id)
        while True:
            async with self._database.read(tenant) as tx:
                rows = await tx.rows("import_rows_bad", batch=id, after=after, count=_ERRORS_AT_ONCE)
            for row in rows:
                yield bad_row(row)
            if len(rows) < _ERRORS_AT_ONCE:
                return
            after = rows[-1]["number"]

    async def held(
        self, tenant: Id, *, after: tuple[Id, int] | None = None, count: int
    ) -> Sequence[tuple[Id, str, Sequence[str], RowShown]]:
        """Up to `count` held rows of all committed files: with the batch, the file's name and its header (rule I6)."""
        async with self._database.read(tenant) as tx:
            batch, number = after or (None, 0)
            rows = await tx.rows("import_held_page", after_batch=batch, after=number, count=count)
        return [
            (row["batch"], row["name"], tuple(row["header"]), bad_row({**row, "outcome": Outcome.HELD.value}))
            for row in rows
        ]

    async def map(self, caller: Caller, outside: Reference, item: Reference) -> int:
        """Say which item learning outside stands for, once for all rows of all files (rule I7).

        Its facts are superseded by such of the item, each on its own completion day. Told again it goes on with what
        came since. Returns how many facts moved.

        Args:
            outside: by the key it had in the file, by `title:TITLE`, or by its id.
        Raises: ItemNotFound naming the reference's field; InvalidInput when the first is no learning outside or the
            second is one.
        """
        return await map_outside(self._database, self._clock, caller, outside, item)

    async def _finish(self, tenant: Id, batch: Batch, progress: Progress) -> Batch:
        stage = "undone" if batch.state in (BatchState.UNDOING, BatchState.UNDONE) else "committed"
        while await self.work(tenant, batch.id):
            batch = await self.get(tenant, batch.id)
            progress(stage, batch.done, batch.rows)
        return await self.get(tenant, batch.id)

    async def _forget_abandoned(self, tenant: Id) -> None:
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("import_abandoned", before=self._clock() - _ABANDONED)
        for row in rows:
            await self._drop(tenant, row["id"])

    async def _drop(self, tenant: Id, id: Id) -> None:
        await self._drop_rows(tenant, id)
        async with self._database.write(tenant) as tx:
            await tx.run("import_drop", id=id)

    async def _drop_rows(self, tenant: Id, id: Id) -> None:
        dropped = _DROPPED_AT_ONCE
        while dropped == _DROPPED_AT_ONCE:
            async with self._database.write(tenant) as tx:
                dropped = await tx.value("import_drop_rows", batch=id, count=_DROPPED_AT_ONCE)
        more = True
        while more:
            async with self._database.write(tenant) as tx:
                more = await drop_names(tx, id)
        async with self._database.write(tenant) as tx:
            await tx.run("import_drop_outside", batch=id)


async def _taken(tx: WriteTx, id: Id) -> Row:
    row = await tx.row("import_take", id=id)
    if row is None:
        raise BatchNotFound
    return row
