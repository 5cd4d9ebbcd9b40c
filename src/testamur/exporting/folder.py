"""The folder of an export: files below a folder for each month, and a manifest that says how far they go.

A file is written under a hidden name and renamed when it is whole; the manifest is replaced last. Whatever stops an
export on its way leaves files that the manifest does not name, and the next one removes them.
"""

from __future__ import annotations

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
from msgspec import Struct

from testamur.core.errors import Conflict, FieldFault, InvalidInput
from testamur.core.ids import Id, to_uuid
from testamur.exporting.choices import Compression, Format
from testamur.exporting.formats import suffix
from testamur.ledger.exports import Exported

MANIFEST = "_manifest.json"
"""Its name begins as those do that Spark leaves alone."""
_LOCK = "_lock"


class FileEntry(Struct, kw_only=True):
    """A file that is whole, by its path below the folder: the entries it covers and how many rows it has."""

    path: str
    after: int
    until: int
    rows: int


class Manifest(Struct, kw_only=True):
    """What a folder holds.

    Args:
        first: the entry behind which it begins.
        last: the entry up to which it holds everything.
    """

    tenant: str
    format: Format
    compression: Compression | None
    first: int
    last: int
    files: list[FileEntry]


class Folder:
    """An export's folder, held by one run at a time."""

    def __init__(self, path: Path, manifest: Manifest) -> None:
        self.path = path
        self.manifest = manifest

    @classmethod
    @contextmanager
    def open(
        cls, path: Path, tenant: Id, format: Format, compression: Compression | None, after: int | None
    ) -> Iterator[Folder]:
        """The folder at `path`, made when it is not there.

        Args:
            after: where it begins, 0 when None. A folder that was begun goes on where it stopped.
        Raises: InvalidInput when it holds an export of another tenant or form, or stopped elsewhere; Conflict while
            another run is at it; OSError.
        """
        path.mkdir(parents=True, exist_ok=True)
        with (path / _LOCK).open("w") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError as error:
                raise Conflict(f"Another export into {path} is on its way") from error
            known = _manifest(path / MANIFEST)
            if known is None:
                known = Manifest(
                    tenant=to_uuid(tenant),
                    format=format,
                    compression=compression,
                    first=after or 0,
                    last=after or 0,
                    files=[],
                )
            elif (known.tenant, known.format, known.compression) != (to_uuid(tenant), format, compression):
                raise InvalidInput(FieldFault("to", "range", f"{path} holds an export of another tenant or form"))
            elif after not in (None, known.last):
                raise InvalidInput(FieldFault("after", "range", f"the export in {path} goes on behind {known.last}"))
            folder = cls(path, known)
            folder._remove_strays()
            yield folder

    def unfinished(self, what: Exported, month: str) -> Path:
        """Where a file is written until it is whole."""
        parent = self.path / what.value / f"recorded_month={month}"
        parent.mkdir(parents=True, exist_ok=True)
        return parent / f".{self.manifest.last + 1}.unfinished"

    def finish(self, written: list[tuple[Path, int]], until: int) -> None:
        """Take whole files with their rows, and let the manifest say that everything up to `until` is there."""
        for unfinished, rows in written:
            name = (
                f"{self.manifest.last + 1:015d}-{until:015d}{suffix(self.manifest.format, self.manifest.compression)}"
            )
            whole = unfinished.with_name(name)
            _sync(unfinished)
            unfinished.replace(whole)
            _sync(whole.parent)
            path = whole.relative_to(self.path).as_posix()
            self.manifest.files.append(FileEntry(path=path, after=self.manifest.last, until=until, rows=rows))
        self.manifest.last = until
        new = self.path / f".{MANIFEST}.unfinished"
        new.write_bytes(msgspec.json.format(msgspec.json.encode(self.manifest), indent=2) + b"\n")
        _sync(new)
        new.replace(self.path / MANIFEST)
        _sync(self.path)

    def _remove_strays(self) -> None:
        kept = {self.path / entry.path for entry in self.manifest.files}
        endings = (suffix(self.manifest.format, self.manifest.compression), ".unfinished")
        for what in Exported:
            for found in (self.path / what.value).glob("recorded_month=*/*"):
                if found not in kept and found.name.endswith(endings):
                    found.unlink()


def _manifest(path: Path) -> Manifest | None:
    try:
        return msgspec.json.decode(path.read_bytes(), type=Manifest)
    except FileNotFoundError:
        return None
    except msgspec.MsgspecError as error:
        raise InvalidInput(FieldFault("to", "format", f"{path} is no manifest of an export")) from error


def _sync(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
