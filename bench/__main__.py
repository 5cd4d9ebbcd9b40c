"""`python -m bench`: measure and print figure, floor, ratio and target."""

from __future__ import annotations

import argparse
import os
import platform
import signal
import sys
import time
from pathlib import Path

from bench import lines as line_by_line
from bench import load, pgbench, servers
from bench.delivery import EVENTS, Telling
from bench.depth import ROWS, Depth
from bench.exports import Exporting
from bench.ground import Ground, open_ground
from bench.imports import BESIDE, Imports
from bench.imports import ROWS as IMPORTED
from bench.measures import Line, Run
from bench.profile import profile
from bench.standing import PEOPLE, Keeping
from testamur.memory import calm_garbage_collection

SUITES = ("load", "lines", "standing", "depth", "delivery", "imports", "export")


_TELLS_NOBODY = {"TESTAMUR_DELIVERS_WEBHOOKS": "false"}
"""The suite `delivery` has deliverers of its own."""


def main() -> None:
    """Parse the words, run, print. Exit code 1 when a measurement failed; a missed target is only shown."""
    words = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    words.add_argument("suites", nargs="*", metavar="SUITE", help=f"any of {', '.join(SUITES)}; all of them")
    words.add_argument("--quick", action="store_true", help="under a minute: short, one round, few posts")
    words.add_argument("--seconds", type=int, help="length of each measurement (7, quick: 3)")
    words.add_argument("--rounds", type=int, help="how often each is made; medians are shown (2, quick: 1)")
    words.add_argument("--posts", type=int, help="completions posted while memory is watched (200000, quick: 15000)")
    words.add_argument("--rows", type=int, help="rows that are paged through and exported (1000000, quick: 100000)")
    words.add_argument("--events", type=int, help="events that are delivered to webhooks (10000, quick: 2000)")
    words.add_argument("--people", type=int, help="people whose standing is kept (100000, quick: 10000)")
    words.add_argument(
        "--imported", type=int, nargs="+", metavar="ROWS", help="rows of each file imported (1000000, quick: 100000)"
    )
    words.add_argument("--profile", action="store_true", help="sample the worker with py-spy, if that is installed")
    given = words.parse_args()
    if unknown := set(given.suites) - set(SUITES):
        words.error(f"no such suite: {', '.join(sorted(unknown))}")
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))  # so that servers are stopped and folders removed
    try:
        _measure(given)
    except (load.LoadFailed, servers.ServerFailed, pgbench.PgbenchFailed) as error:
        sys.exit(f"bench: {error}")


def _measure(given: argparse.Namespace) -> None:
    started = time.monotonic()
    suites = given.suites or SUITES
    lines: list[Line] = []
    notes: list[str] = []
    with open_ground() as ground, servers.worker(ground, _TELLS_NOBODY) as worker:
        print("\n".join(_circumstances(ground)), flush=True)
        run = Run(
            ground,
            worker,
            seconds=given.seconds or (3 if given.quick else 7),
            rounds=given.rounds or (1 if given.quick else 2),
        )
        if "load" in suites:
            run.everything(given.posts or (15_000 if given.quick else 200_000))
            lines, notes = run.lines, run.notes
            if given.profile:
                notes.append(profile(run))
        if "lines" in suites:
            lines = [*lines, *line_by_line.measure()]
        if "standing" in suites:
            people = given.people or (10_000 if given.quick else PEOPLE)
            keeping = Keeping(ground, worker, people, run.seconds, run.rounds)
            keeping.everything()
            lines, notes = [*lines, *keeping.lines], [*notes, *keeping.notes]
        if "depth" in suites:
            depth = Depth(ground, worker, given.rows or (100_000 if given.quick else ROWS))
            depth.everything()
            lines, notes = [*lines, *depth.lines], [*notes, *depth.notes]
        if "export" in suites:
            exporting = Exporting(ground, given.rows or (100_000 if given.quick else ROWS))
            exporting.everything()
            lines, notes = [*lines, *exporting.lines], [*notes, *exporting.notes]
        if "delivery" in suites:
            telling = Telling(
                ground,
                worker,
                seconds=run.seconds,
                rounds=run.rounds,
                events=given.events or (2_000 if given.quick else EVENTS),
            )
            telling.everything()
            lines, notes = [*lines, *telling.lines], [*notes, *telling.notes]
        if "imports" in suites:
            sizes = given.imported or [100_000 if given.quick else IMPORTED]
            imports = Imports(run, sizes, BESIDE // 10 if given.quick else BESIDE)
            calm_garbage_collection()  # as the command and the service do
            imports.everything()
            lines, notes = [*lines, *imports.lines], [*notes, *imports.notes]
    print(_table(lines))
    print("\n".join(["", *notes, f"took {time.monotonic() - started:.0f} s"]))


def _circumstances(ground: Ground) -> list[str]:
    durable = [f"{name} {pgbench.query(ground, f'SHOW {name}')}" for name in ("fsync", "synchronous_commit")]
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1024**3
    return [
        f"machine: {os.cpu_count()} cores ({_processor()}), {memory:.0f} GiB, {platform.system()}, "
        f"Python {platform.python_version()}, PostgreSQL {pgbench.query(ground, 'SHOW server_version')}",
        f"load: {load.generator()}, {load.CONNECTIONS} keep-alive connections; one worker; {', '.join(durable)}",
        "",
    ]


def _processor() -> str:
    try:
        lines = Path("/proc/cpuinfo").read_text().splitlines()
    except OSError:
        return platform.machine()
    return next((line.partition(": ")[2] for line in lines if line.startswith("model name")), platform.machine())


def _table(lines: list[Line]) -> str:
    rows = [("figure", "measured", "floor", "ratio", "target", "")]
    for line in lines:
        bound = f"{'>=' if line.at_least else '<='} {line.target:g}"
        rows.append((line.figure, line.value, line.floor, f"{line.ratio:.2f}", bound, "" if line.holds else "missed"))
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return "\n".join(
        "  ".join(word.ljust(width) for word, width in zip(row, widths, strict=True)).rstrip() for row in rows
    )


if __name__ == "__main__":
    main()
