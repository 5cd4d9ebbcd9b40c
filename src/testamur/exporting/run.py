"""One run of an export: what was recorded since the last one, as files."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from pathlib import Path

from testamur.core.ids import Id
from testamur.exporting.choices import Compression, Format
from testamur.exporting.folder import Folder
from testamur.exporting.formats import Reader, Writer, by_month, writer
from testamur.ledger.exports import Exported, Exports, Form, Slice

SLICE_ROWS = 50_000
PART_ROWS = 1_000_000
"""Facts after which what was written is kept for good: an export that is stopped goes on from there."""


@dataclass(slots=True)
class Ran:
    """What a run wrote: rows by kind, of the entries behind `after` up to `last`."""

    after: int
    last: int
    rows: dict[Exported, int] = field(default_factory=lambda: dict.fromkeys(Exported, 0))
    files: int = 0


async def run(
    exports: Exports,
    tenant: Id,
    to: Path,
    format: Format,
    *,
    compression: Compression | None = None,
    after: int | None = None,
    tell: Callable[[Ran], None] = lambda _: None,
) -> Ran:
    """Bring the export in the folder `to` up to the present. Memory does not depend on how much there is.

    Args:
        after: the entry behind which a new export begins; one that was begun goes on where it stopped.
        tell: hears of the progress, after every slice.
    Raises: InvalidInput, Conflict as `Folder.open`; DatabaseUnavailable; OSError.
    """
    with Folder.open(to, tenant, format, compression, after) as folder:
        last = await exports.last(tenant, folder.manifest.last)
        ran = Ran(folder.manifest.last, last)
        while folder.manifest.last < last:
            part = _Part(folder, ran, tell)
            try:
                until = await part.take(exports, tenant, Exported.FACTS, last, PART_ROWS)
                await part.take(exports, tenant, Exported.ENDINGS, until)
                part.finish(until)
            finally:
                part.drop()
    return ran


class _Part:
    """Files that become part of the export together."""

    def __init__(self, folder: Folder, ran: Ran, tell: Callable[[Ran], None]) -> None:
        self._folder = folder
        self._ran = ran
        self._tell = tell
        self._writers: dict[Path, Writer] = {}
        self._rows: dict[Path, int] = {}
        self._readers = {what: Reader(what) for what in Exported}

    async def take(self, exports: Exports, tenant: Id, what: Exported, until: int, enough: int | None = None) -> int:
        """Write what there is up to the entry `until`, or until it is enough; return the entry it came to."""
        manifest, taken = self._folder.manifest, 0
        slices = exports.slices(tenant, what, Form.TABLE, after=manifest.last, until=until, count=SLICE_ROWS)
        async for slice in _ahead(slices):
            rows = await asyncio.to_thread(self._write, what, slice)
            taken += rows
            self._ran.rows[what] += rows
            self._tell(self._ran)
            if enough is not None and taken >= enough:
                return slice.until
        return until

    def finish(self, until: int) -> None:
        for open in self._writers.values():
            open.close()
        self._folder.finish(list(self._rows.items()), until)
        self._ran.files += len(self._rows)
        self._writers, self._rows = {}, {}

    def drop(self) -> None:
        """Leave nothing of what was not finished."""
        for path, open in self._writers.items():
            try:
                open.close()
            except OSError:
                pass  # such as a disk that is full, which is being told already
            path.unlink(missing_ok=True)

    def _write(self, what: Exported, slice: Slice) -> int:
        """Write a slice and return how many rows it has."""
        manifest, table = self._folder.manifest, self._readers[what].read(slice.data)
        for month, rows in by_month(table):
            path = self._folder.unfinished(what, month)
            if path not in self._writers:
                self._writers[path] = writer(manifest.format, what, path, manifest.compression)
                self._rows[path] = 0
            self._writers[path].write(rows)
            self._rows[path] += rows.num_rows
        taken: int = table.num_rows
        return taken


async def _ahead(slices: AsyncIterator[Slice]) -> AsyncIterator[Slice]:
    """The same, each asked for while the one before is worked on: the database and this process go side by side."""
    following = asyncio.ensure_future(anext(slices, None))
    try:
        while (slice := await following) is not None:
            following = asyncio.ensure_future(anext(slices, None))
            yield slice
    finally:
        following.cancel()
        await asyncio.gather(following, return_exceptions=True)
