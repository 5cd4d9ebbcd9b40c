"""Uploads: files that come in parts, from whatever worker they reach, until imports are made of them."""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, BinaryIO, Protocol

import msgspec

from testamur.core.callers import Caller
from testamur.core.errors import FieldFault, InvalidInput, LimitReached, TestamurError, Unavailable
from testamur.core.ids import Id, new_id
from testamur.core.uploads import (
    Checksum,
    ChecksumMismatch,
    Rehearsal,
    Upload,
    UploadElsewhere,
    UploadInUse,
    UploadNotFound,
    UploadOverrun,
    UploadTakenOver,
)
from testamur.ledger.entries import Change, append
from testamur.ledger.import_requests import request_import
from testamur.storage.database import Database
from testamur.storage.transactions import Row, WriteTx

KEPT = timedelta(days=3)
"""How long an upload is kept behind the last byte that came, or the last import that was made of it."""
FILE_BYTES_MAX = 8 << 30
TENANT_BYTES_MAX = 20 << 30
"""Bytes that the uploads of a tenant may have together; what is said to come counts."""
UPLOADS_MAX = 100
"""Uploads that a tenant may have at once."""
METADATA_LENGTH_MAX = 8_192
IDLE_SECONDS = 60.0
"""How long a sender may pause within a request."""
_PART_BYTES = 1 << 20
_SMALL_BYTES = 1 << 16
_SLOW_SECONDS = 5.0
"""What came is kept after so long, however little it is."""
_LOOK_SECONDS = 0.5
_PARTS_AT_ONCE = 8
_FORGOTTEN_AT_ONCE = 64
_OVER_AT_ONCE = 16


class Source(Protocol):
    """Where the bytes of a part come from."""

    is_whole: bool
    is_broken: bool

    async def read(self, seconds: float) -> bytes:
        """What came next; nothing at the end, and when nothing came for so long."""
        ...


@dataclass(frozen=True, slots=True)
class Limits:
    """How much may be uploaded: bytes of one file, and of all files of a tenant together."""

    file_bytes: int = FILE_BYTES_MAX
    tenant_bytes: int = TENANT_BYTES_MAX


class Uploads:
    """Verbs on uploads. An upload of another tenant, and one whose time is over, is simply not found."""

    def __init__(self, database: Database, clock: Callable[[], datetime], limits: Limits) -> None:
        self._database = database
        self._clock = clock
        self.limits = limits

    async def create(
        self, caller: Caller, length: int, *, metadata: str = "", rehearsal: Rehearsal | None = None
    ) -> Upload:
        """Make room for a file of `length` bytes.

        Args:
            rehearsal: begin an import with the last byte, which is told this.
        Raises: InvalidInput naming `length`, also when the file is larger than may be; LimitReached when the tenant
            has as much as it may.
        """
        tenant, id = caller.tenant, new_id()
        if not 0 <= length <= self.limits.file_bytes:
            raise InvalidInput(FieldFault("length", "range", f"must be 0 to {self.limits.file_bytes} bytes"))
        await self._sweep(tenant)
        async with self._database.write(tenant, alone=True) as tx:
            now = self._clock()
            used = await tx.row("upload_usage")
            assert used is not None
            if used["uploads"] >= UPLOADS_MAX:
                raise LimitReached(f"There are {UPLOADS_MAX} uploads already; remove some")
            left = self.limits.tenant_bytes - used["bytes"]
            if length > left:
                raise LimitReached(f"{length} bytes are asked for and {max(left, 0)} are left; remove uploads")
            await tx.run(
                "upload_add",
                id=id,
                client=caller.client,
                person=caller.person,
                length=length,
                metadata=metadata,
                rehearsal=None if rehearsal is None else asdict(rehearsal),
                now=now,
                expires_at=now + KEPT,
            )
            await append(tx, caller.client, [Change("upload.created", id, {"length": length})], now)
            if length == 0:
                row = await tx.row("upload_take", id=id, now=now)
                assert row is not None
                await self._advance(tx, row, 0, now)
        return await self.get(tenant, id)

    async def get(self, tenant: Id, id: Id) -> Upload:
        """Raises: UploadNotFound."""
        async with self._database.read(tenant) as tx:
            row = await tx.row("upload_get", id=id, now=self._clock())
        if row is None:
            raise UploadNotFound(field="upload")
        return _upload(row)

    async def list(self, tenant: Id, *, after: Id | None, count: int) -> list[Upload]:
        """Up to `count` uploads, the newest first, from behind `after`."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("upload_list", after=after, count=count, now=self._clock())
        return [_upload(row) for row in rows]

    async def append(
        self,
        caller: Caller,
        id: Id,
        offset: int,
        source: Source,
        *,
        checksum: Checksum | None = None,
        leaving: asyncio.Event | None = None,
    ) -> Upload:
        """Take bytes from an offset on, as they come. What came is kept, however the rest fails.

        Whoever calls this takes the upload over from a call that is still on its way, which then keeps nothing more: a
        sender who lost its connection need not wait until we notice.

        Args:
            checksum: of all that comes; nothing of it is kept unless all of it came and is right.
            leaving: set when there is no point in waiting any more.
        Raises: UploadNotFound; UploadElsewhere when the upload is not at `offset`; UploadTakenOver; UploadOverrun;
            ChecksumMismatch; Unavailable when the source paused for too long or this server stops.
        """
        writer = new_id()
        async with self._database.write(caller.tenant) as tx:
            row = await self._taken(tx, id)
            if row["received"] != offset:
                raise UploadElsewhere(f"The upload is at offset {row['received']}, not at {offset}")
            await tx.run("upload_writer", id=id, writer=writer)
        # Of an earlier part whose checksum was never compared.
        await self._forget_parts(caller.tenant, id, offset, writer)
        writing = _Writing(self, caller, id, writer, offset, row["length"], checksum)
        await writing.take_all(source, leaving)
        return await self.get(caller.tenant, id)

    async def remove(self, caller: Caller, id: Id) -> None:
        """Forget an upload. Raises: UploadNotFound; UploadInUse."""
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            await self._taken(tx, id)
            if await tx.value("upload_is_read", id=id):
                raise UploadInUse
            await tx.run("upload_remove", id=id, now=now)
            await append(tx, caller.client, [Change("upload.removed", id)], now)
        await self._forget(caller.tenant, id)

    async def prune(self) -> int:
        """Forget uploads of all tenants whose time is over, some at a time. Returns how many they were."""
        async with self._database.unbound() as connection:
            rows = await connection.fetch("SELECT tenant, id FROM uploads_over($1, $2)", self._clock(), _OVER_AT_ONCE)
        for row in rows:
            await self._expire(row["tenant"], row["id"])
        return len(rows)

    async def _sweep(self, tenant: Id) -> None:
        """Forget the tenant's own uploads whose time is over, so that they take no room from a new one."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("uploads_over_own", now=self._clock(), count=UPLOADS_MAX)
        for row in rows:
            await self._expire(tenant, row["id"])

    async def _expire(self, tenant: Id, id: Id) -> None:
        async with self._database.write(tenant, alone=True) as tx:
            now = self._clock()
            row = await tx.row("upload_over", id=id, now=now)
            if row is None:
                return
            if row["removed_at"] is None:
                await tx.run("upload_remove", id=id, now=now)
                await append(tx, None, [Change("upload.expired", id)], now)
        await self._forget(tenant, id)

    async def _forget(self, tenant: Id, id: Id) -> None:
        await self._forget_parts(tenant, id, 0)
        async with self._database.write(tenant) as tx:
            await tx.run("upload_forget", id=id)

    async def _forget_parts(self, tenant: Id, id: Id, after: int, writer: Id | None = None) -> None:
        gone = _FORGOTTEN_AT_ONCE
        while gone == _FORGOTTEN_AT_ONCE:
            async with self._database.write(tenant) as tx:
                if writer is not None:
                    await self._held(tx, id, writer)
                gone = await tx.value("upload_parts_forget", id=id, after=after, count=_FORGOTTEN_AT_ONCE)

    async def _taken(self, tx: WriteTx, id: Id) -> Row:
        row = await tx.row("upload_take", id=id, now=self._clock())
        if row is None:
            raise UploadNotFound(field="upload")
        return row

    async def _held(self, tx: WriteTx, id: Id, writer: Id) -> Row:
        row = await self._taken(tx, id)
        if row["writer"] != writer:
            raise UploadTakenOver
        return row

    async def keep(
        self, tenant: Id, id: Id, writer: Id, start: int, data: bytes, *, received: int, is_end: bool
    ) -> None:
        """Write bytes that begin at `start`; `received` are counted from then on.

        Args:
            is_end: all of the upload is counted then: what is written with that needs the tenant's counter, which is
                locked before the upload, as whoever removes one does.
        Raises: UploadNotFound; UploadTakenOver.
        """
        async with self._database.write(tenant, alone=is_end) as tx:
            row = await self._held(tx, id, writer)
            if data:
                extended = None
                # What was not compared yet is not mixed with what was.
                if received == start + len(data):
                    extended = await tx.value("upload_extend", id=id, bytes=data, small=_SMALL_BYTES)
                if extended is None:
                    await tx.run("upload_part_add", id=id, start=start, bytes=data)
            if received != row["received"]:
                await self._advance(tx, row, received, self._clock())

    async def _advance(self, tx: WriteTx, row: Row, received: int, now: datetime) -> None:
        batch: Id | None = None
        if received == row["length"]:
            changes = [Change("upload.completed", row["id"], {"length": row["length"]})]
            await append(tx, row["client"], changes, now)
            if row["rehearsal"] is not None:
                told = msgspec.convert(row["rehearsal"], Rehearsal)
                batch = await request_import(tx, row["client"], row["person"], row["id"], row["length"], told, now)
        await tx.run("upload_advance", id=row["id"], received=received, expires_at=now + KEPT, batch=batch, now=now)


class _Writing:
    """One request's bytes on their way into an upload."""

    def __init__(
        self, uploads: Uploads, caller: Caller, id: Id, writer: Id, offset: int, length: int, checksum: Checksum | None
    ) -> None:
        self._uploads = uploads
        self._tenant, self._id, self._writer = caller.tenant, id, writer
        self._offset, self._length = offset, length
        self._checksum = checksum
        self._hash: Any = None if checksum is None else hashlib.new(checksum.algorithm)
        self._held = bytearray()
        self._start = offset

    async def take_all(self, source: Source, leaving: asyncio.Event | None) -> None:
        """Until the end, and what came until then where there is none."""
        clock = asyncio.get_running_loop().time
        heard = kept = clock()
        trouble: TestamurError | None = None
        while not (source.is_whole or source.is_broken):
            part = await source.read(_LOOK_SECONDS)
            now = clock()
            if part:
                heard = now
                self._take(part)
            elif leaving is not None and leaving.is_set() and not (source.is_whole or source.is_broken):
                trouble = Unavailable("The server stops; what came is kept")
                break
            elif now - heard > IDLE_SECONDS and not (source.is_whole or source.is_broken):
                trouble = Unavailable(f"Nothing came for {IDLE_SECONDS:.0f} seconds; what came is kept")
                break
            is_slow = self._checksum is None and now - kept > _SLOW_SECONDS
            if len(self._held) >= _PART_BYTES or (self._held and is_slow):
                await self._keep(is_last=False)
                kept = now
        if self._checksum is None or source.is_whole:
            self._compare()
            await self._keep(is_last=True)
        if trouble is not None:
            raise trouble

    def _take(self, part: bytes) -> None:
        if self._start + len(self._held) + len(part) > self._length:
            raise UploadOverrun(f"The upload has {self._length} bytes")
        self._held += part
        if self._hash is not None:
            self._hash.update(part)

    def _compare(self) -> None:
        if self._checksum is not None and self._hash.digest() != self._checksum.digest:
            raise ChecksumMismatch

    async def _keep(self, *, is_last: bool) -> None:
        data, self._held = bytes(self._held), bytearray()
        end = self._start + len(data)
        received = end if is_last or self._checksum is None else self._offset
        await self._uploads.keep(
            self._tenant, self._id, self._writer, self._start, data, received=received, is_end=received == self._length
        )
        self._start = end


async def copy_upload(
    database: Database, tenant: Id, id: Id, file: BinaryIO, progress: Callable[[int], None] = lambda done: None
) -> None:
    """Write a whole upload into a file, a few parts at a time. Raises UploadNotFound when it is not there any more."""
    after = 0
    while True:
        async with database.read(tenant) as tx:
            rows = await tx.rows("upload_parts", id=id, after=after, count=_PARTS_AT_ONCE)
        for row in rows:
            if row["start"] != after:
                raise UploadNotFound
            await asyncio.to_thread(file.write, row["bytes"])
            after += len(row["bytes"])
        progress(after)
        if len(rows) < _PARTS_AT_ONCE:
            return


def _upload(row: Row) -> Upload:
    return Upload(
        id=row["id"],
        client=row["client"],
        length=row["length"],
        received=row["received"],
        metadata=row["metadata"],
        import_=row["import"],
        created_at=row["created_at"],
        expires_at=row["expires_at"],
        completed_at=row["completed_at"],
    )
