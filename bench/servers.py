"""The servers that are measured: each a process of its own on the loopback, stopped by its id."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from bench.ground import Ground, connection_environment

_START_SECONDS_MAX = 30
_STOP_SECONDS_MAX = 15


class ServerFailed(Exception):
    """A server did not start; the message has its last words."""


@dataclass(frozen=True, slots=True)
class Server:
    """A running server. Output goes to `log`."""

    url: str
    pid: int
    log: Path


@contextmanager
def worker(ground: Ground, further: Mapping[str, str] | None = None, name: str = "worker") -> Iterator[Server]:
    """Testamur as an operator starts it: one worker, metrics on, a JSON line for each request into a file.

    Args:
        further: settings besides.
        name: that of its folder and log.
    """
    settings = {
        "TESTAMUR_DATABASE_URL": ground.urls.app,
        "TESTAMUR_OWNER_DATABASE_URL": ground.urls.owner,
        "TESTAMUR_DATA": str(ground.folder / f"served-{name}"),
        "TESTAMUR_WORKERS": "1",
        "TESTAMUR_LOG_FORMAT": "json",
        "TESTAMUR_LOG_LEVEL": "info",
        **(further or {}),
    }
    command = "from testamur.cli import main; main()"
    with _started([sys.executable, "-c", command, "serve"], settings, ground, name, "/readyz") as server:
        yield server


@contextmanager
def twin(ground: Ground) -> Iterator[Server]:
    """The naive twin, on the same database server."""
    settings = connection_environment(ground.urls.owner)
    with _started(_uvicorn("bench.twin:app"), settings, ground, "twin", "/openapi.json") as server:
        yield server


@contextmanager
def bare(ground: Ground, body_bytes: int) -> Iterator[Server]:
    """The HTTP server alone, with answers of a given size."""
    settings = {"BENCH_BODY_BYTES": str(body_bytes)}
    with _started(_uvicorn("bench.bare:app"), settings, ground, "bare", "/") as server:
        yield server


def _uvicorn(app: str) -> list[str]:
    options = [
        "--no-access-log",
        "--no-server-header",
        "--log-level",
        "warning",
        "--loop",
        "uvloop",
        "--http",
        "httptools",
    ]
    return [sys.executable, "-m", "uvicorn", app, *options]


@contextmanager
def _started(words: list[str], settings: dict[str, str], ground: Ground, name: str, probe: str) -> Iterator[Server]:
    port = _free_port()
    log = ground.folder / f"{name}.log"
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(("TESTAMUR_", "PG"))}
    with log.open("ab") as output:
        process = subprocess.Popen(
            [*words, "--port", str(port)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=inherited | settings,
        )
    try:
        url = f"http://127.0.0.1:{port}"
        _await(process, url + probe, log)
        yield Server(url, process.pid, log)
    finally:
        process.terminate()
        try:
            process.wait(_STOP_SECONDS_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _await(process: subprocess.Popen[bytes], url: str, log: Path) -> None:
    until = time.monotonic() + _START_SECONDS_MAX
    while time.monotonic() < until and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5) as answer:
                if answer.status == 200:
                    return
        except OSError:
            time.sleep(0.05)
    raise ServerFailed(f"No answer from {url}: {log.read_text(errors='replace')[-1500:]}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
    return port
