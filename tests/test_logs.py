"""Log lines: all of them, in order, whenever the process may end."""

from __future__ import annotations

import json
import subprocess
import sys

PROGRAM = """
import asyncio, sys, threading
import structlog
from testamur.logs import configure

configure("json", "info")
log = structlog.get_logger("test")
log.info("before")

async def main():
    for number in range(200):
        log.info("within", number=number)
        if number % 7 == 0:
            await asyncio.sleep(0)
    other = threading.Thread(target=lambda: log.info("beside"))
    other.start()
    await asyncio.to_thread(other.join)
    log.info("last of the loop")
    {end}

asyncio.run(main())
log.info("after")
"""


def lines(end: str) -> list[str]:
    done = subprocess.run([sys.executable, "-c", PROGRAM.format(end=end)], capture_output=True, text=True, check=False)
    return [json.loads(line)["event"] for line in done.stderr.splitlines() if line.startswith("{")]


def test_no_line_is_lost_and_all_keep_their_order() -> None:
    told = lines("pass")
    assert told == ["before", *["within"] * 200, "beside", "last of the loop", "after"]


def test_what_is_written_last_is_there_when_the_process_ends_by_an_error() -> None:
    assert lines("raise SystemExit(3)")[-1] == "last of the loop"
