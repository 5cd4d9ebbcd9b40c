"""What processes take: memory and CPU time, as Linux tells it."""

from __future__ import annotations

import os
import resource
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE_BYTES = os.sysconf("SC_PAGE_SIZE")


@dataclass(slots=True)
class Spent:
    """CPU seconds since a moment: of the worker, of PostgreSQL with all its processes, and what nobody used."""

    worker: float
    database: float
    idle: float

    def __sub__(self, earlier: Spent) -> Spent:
        return Spent(self.worker - earlier.worker, self.database - earlier.database, self.idle - earlier.idle)

    def __add__(self, other: Spent) -> Spent:
        return Spent(self.worker + other.worker, self.database + other.database, self.idle + other.idle)


def can_tell() -> bool:
    """Whether this system has /proc."""
    return Path("/proc/self/stat").exists()


def rss_mib(pid: int) -> float:
    """Memory of a process that is resident, in MiB."""
    return int(Path(f"/proc/{pid}/statm").read_text().split()[1]) * _PAGE_BYTES / 1024 / 1024


def forget_peak() -> None:
    """Let the peak of this process's memory be measured from now on."""
    with suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")


def peak_mib() -> float:
    """The most memory this process had since `forget_peak`, in MiB; where there is no /proc, since it began."""
    with suppress(OSError):
        return int(Path("/proc/self/status").read_text().partition("VmHWM:")[2].split()[0]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def spent(worker: int, postmaster: int) -> Spent:
    """CPU seconds until now. A child that ended counts in its parent."""
    times = Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:]
    database = sum(_ticks(pid) for pid in [postmaster, *_children(postmaster)])
    return Spent(_ticks(worker) / _TICKS, database / _TICKS, (int(times[3]) + int(times[4])) / _TICKS)


def _ticks(pid: int) -> int:
    with suppress(OSError):
        return sum(int(word) for word in _stat(pid)[11:15])
    return 0


def _children(parent: int) -> Iterator[int]:
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            with suppress(OSError):
                if int(_stat(int(entry.name))[1]) == parent:
                    yield int(entry.name)


def _stat(pid: int) -> list[str]:
    # The name may hold blanks and parentheses; what follows its last one is state, parent, and so on.
    return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
