"""Load over HTTP/1.1: 64 keep-alive connections, each with one request in flight, from a process of its own.

wrk makes it where it is installed, because it takes the least from a small machine; otherwise the generator below
does (`python -m bench.load`). Both send the same requests, and within one run all servers meet the same one.
"""

from __future__ import annotations

import asyncio
import json
import random
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import cast
from urllib.parse import urlsplit

import uvloop

CONNECTIONS = 64
MARK = "@id@"
"""The place of an id in an address."""

_SCRIPT = Path(__file__).with_name("wrk.lua")
_COMPLETION = '{"userId":"%s","contentId":"%s","completedAt":"%s"}'
_BASE = datetime(2020, 1, 1, tzinfo=UTC).timestamp()
_STRIDE = 104_729  # a prime, so that counting up visits every pair of a person and an item before one comes again


@dataclass(frozen=True, slots=True)
class Traffic:
    """Which requests to send.

    With `people` and `items` they are POSTs of completions, the n-th of them of another person, item and second than
    all before; otherwise GETs of `url`, with a random one of `ids` in the place of `MARK`.
    """

    url: str
    headers: dict[str, str] = field(default_factory=dict)
    people: Sequence[str] = ()
    items: Sequence[str] = ()
    ids: Sequence[str] = ()

    @property
    def kind(self) -> str:
        return "post" if self.people else "get"


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """What came back. `refused` counts statuses from 400, `broken` lost connections and timeouts."""

    requests: int
    seconds: float
    p50_ms: float
    p99_ms: float
    refused: int
    broken: int
    cpu_seconds: float = 0
    """CPU time the generator took."""

    @property
    def rate(self) -> float:
        return self.requests / self.seconds


class LoadFailed(Exception):
    """The load could not be made, or a server refused requests that it should have answered."""


def generator() -> str:
    """Who makes the load here."""
    return "wrk" if shutil.which("wrk") else "python"


def run(traffic: Traffic, seconds: int, *, first: int = 0) -> Measured:
    """Send traffic for so long and say how it went.

    Args:
        first: number of the first completion to post.
    Raises: LoadFailed when any request was not answered as it should be.
    """
    with tempfile.TemporaryDirectory(prefix="testamur-bench-") as folder:
        for name, words in (("people", traffic.people), ("items", traffic.items), ("ids", traffic.ids)):
            Path(folder, name).write_text("".join(f"{word}\n" for word in words))
        headers = [word for name, value in traffic.headers.items() for word in ("-H", f"{name}: {value}")]
        if generator() == "wrk":
            size = [f"-c{CONNECTIONS}", "-t1", f"-d{seconds}s", "--timeout", "10s"]
            words = ["wrk", *size, *headers, "-s", str(_SCRIPT), traffic.url, "--", folder, traffic.kind, str(first)]
        else:
            given = {"url": traffic.url, "headers": traffic.headers, "seconds": seconds, "first": first}
            words = [sys.executable, "-m", "bench.load", folder, traffic.kind, json.dumps(given)]
        before = _children_cpu()
        done = subprocess.run(words, capture_output=True, text=True, timeout=seconds + 60, check=False)
        cpu_seconds = _children_cpu() - before
    if done.returncode != 0 or not done.stdout.strip():
        raise LoadFailed(f"{words[0]} failed: {(done.stderr or done.stdout).strip()[:2000]}")
    measured = Measured(**json.loads(done.stdout.splitlines()[-1]), cpu_seconds=cpu_seconds)
    if measured.refused or measured.broken or not measured.requests:
        raise LoadFailed(
            f"{traffic.url}: {measured.requests} answers, {measured.refused} of them refusals, {measured.broken} broken"
        )
    return measured


def _children_cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime


# The generator of our own ------------------------------------------------------------------------------------------


class _Connection(asyncio.Protocol):
    """One keep-alive connection: the next request leaves when an answer is complete."""

    def __init__(self, next_request: Callable[[], bytes], until: float, milliseconds: list[float]) -> None:
        self._next_request = next_request
        self._until = until
        self._milliseconds = milliseconds
        self._received = b""
        self._sent_at = 0.0
        self.refused = 0
        self.broken = 0
        self.closed = asyncio.Event()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.Transport, transport)  # uvloop's are none by type
        self._send()

    def data_received(self, data: bytes) -> None:
        self._received += data
        head, blank, body = self._received.partition(b"\r\n\r\n")
        if not blank:
            return
        length = int(head.lower().partition(b"content-length:")[2].partition(b"\r\n")[0])
        if len(body) < length:
            return
        self._received = b""
        now = time.perf_counter()
        if now <= self._until:
            self._milliseconds.append((now - self._sent_at) * 1000)
            self.refused += head[9:12] >= b"400"
            self._send()
        else:
            self._sent_at = 0
            self._transport.close()

    def connection_lost(self, exc: Exception | None) -> None:
        self.broken += self._sent_at != 0
        self.closed.set()

    def _send(self) -> None:
        self._sent_at = time.perf_counter()
        self._transport.write(self._next_request())


async def _generate(folder: Path, kind: str, url: str, headers: dict[str, str], seconds: int, first: int) -> Measured:
    place = urlsplit(url)
    host, port = place.hostname or "127.0.0.1", place.port or 80
    target = f"{place.path}?{place.query}" if place.query else place.path
    head = "".join(f"{name}: {value}\r\n" for name, value in {"Host": place.netloc, **headers}.items())
    next_request = _posts(folder, target, head, first) if kind == "post" else _gets(folder, target, head)
    started = time.perf_counter()
    milliseconds: list[float] = []
    loop = asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: _Connection(next_request, started + seconds, milliseconds), host, port)
        for _ in range(CONNECTIONS)
    ]
    connections = [connection for _, connection in made]
    await asyncio.wait_for(asyncio.gather(*(connection.closed.wait() for connection in connections)), seconds + 5)
    milliseconds.sort()
    return Measured(
        requests=len(milliseconds),
        seconds=seconds,
        p50_ms=milliseconds[len(milliseconds) // 2],
        p99_ms=milliseconds[len(milliseconds) * 99 // 100],
        refused=sum(connection.refused for connection in connections),
        broken=sum(connection.broken for connection in connections),
    )


def _posts(folder: Path, target: str, head: str, first: int) -> Callable[[], bytes]:
    people, items = ((folder / name).read_text().split() for name in ("people", "items"))
    length = len(_COMPLETION % (people[0], items[0], "2020-01-01T00:00:00.000Z"))
    start = f"POST {target} HTTP/1.1\r\n{head}Content-Length: {length}\r\n\r\n"
    number = first

    def next_request() -> bytes:
        nonlocal number
        place = number * _STRIDE % (len(people) * len(items))
        at = time.strftime("%Y-%m-%dT%H:%M:%S.000Z", time.gmtime(_BASE + number))
        number += 1
        return (start + _COMPLETION % (people[place % len(people)], items[place // len(people)], at)).encode()

    return next_request


def _gets(folder: Path, target: str, head: str) -> Callable[[], bytes]:
    ids = (folder / "ids").read_text().split() or [""]
    before, _, after = f"GET {target} HTTP/1.1\r\n{head}\r\n".partition(MARK)
    requests = [(before + id + after).encode() for id in ids]
    return lambda: random.choice(requests)


if __name__ == "__main__":
    folder, kind, given = Path(sys.argv[1]), sys.argv[2], json.loads(sys.argv[3])
    measured = uvloop.run(_generate(folder, kind, **given))
    shown = ("requests", "seconds", "p50_ms", "p99_ms", "refused", "broken")
    print(json.dumps({name: getattr(measured, name) for name in shown}))
