"""Serving: the embedded database, migrations, demo data, workers, and the moment when all of it is ready."""

from __future__ import annotations

import contextlib
import json
import os
import resource
import signal
import socket
import tempfile
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import structlog
import uvicorn
from uvicorn.supervisors import Multiprocess

from testamur.app import Application
from testamur.config import Settings
from testamur.dialects import ALL
from testamur.http import metrics
from testamur.http.protocol import HttpProtocol
from testamur.logs import configure
from testamur.storage.database import DatabaseUrls
from testamur.storage.embedded import EmbeddedServer, FolderInUse, die_with_parent, open_cluster

_WORKER_SETTINGS = "TESTAMUR_INTERNAL_WORKER"
_READY_SECONDS = 60
_SUPERVISION_SECONDS = 0.5
FILES_BESIDE = 128
"""That a worker may have open besides its clients' connections."""

log = structlog.get_logger("testamur.serving")


@contextmanager
def database(settings: Settings) -> Iterator[DatabaseUrls]:
    """The database these settings name: a server of the operator's, or the embedded one for as long as the block.

    Raises: EmbeddedServerError.
    """
    if settings.database_url:
        yield DatabaseUrls(owner=settings.owner_database_url or settings.database_url, app=settings.database_url)
        return
    with open_cluster(settings.data) as server:
        yield DatabaseUrls(owner=server.owner_url, app=server.app_url)


@contextmanager
def supervised_database(settings: Settings) -> Iterator[DatabaseUrls]:
    """As `database`, but this process owns the embedded server and starts it again when it dies."""
    if settings.database_url:
        with database(settings) as urls:
            yield urls
        return
    server = EmbeddedServer(settings.data, binaries=settings.postgres_binaries)
    try:
        server.start(wait_seconds=0)
    except FolderInUse:
        log.warning("another testamur serves from this folder: waiting for it to stop", folder=str(settings.data))
        server.start()
    stopping = threading.Event()
    # The postmaster dies with the thread that started it. This one lives until the process ends.
    watcher = threading.Thread(target=_supervise, args=(server, stopping), name="postgres", daemon=True)
    watcher.start()
    try:
        yield DatabaseUrls(owner=server.owner_url, app=server.app_url)
    finally:
        stopping.set()
        watcher.join(5)
        server.stop()


def bind(host: str, port: int) -> socket.socket:
    """A listening socket that workers share. Raises OSError."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    listener.bind((host, port))
    listener.set_inheritable(True)
    return listener


def url_of(listener: socket.socket) -> str:
    """The address a client on this machine reaches the listener at."""
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - recognised, not bound
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


def run(settings: Settings, urls: DatabaseUrls, listener: socket.socket, when_ready: Callable[[], None]) -> None:
    """Serve until a signal says stop; requests in flight finish first.

    Args:
        when_ready: called once, after every dialect has answered.
    """
    # uvicorn raises the signal again when it has finished; without this the process would end before its database.
    signal.signal(signal.SIGTERM, _exit)
    announcer = threading.Thread(target=_announce, args=(url_of(listener), when_ready), daemon=True)
    options: dict[str, Any] = {
        "http": HttpProtocol,
        "log_config": None,
        "access_log": False,
        "server_header": False,
        "date_header": True,
        "lifespan": "on",
        "timeout_graceful_shutdown": settings.shutdown_seconds,
        "timeout_keep_alive": 75,
        "backlog": 2048,
        "limit_concurrency": room_for(settings.http_connections),
    }
    with contextlib.suppress(KeyboardInterrupt):
        if settings.workers == 1:
            server = uvicorn.Server(uvicorn.Config(Application(settings, urls), **options))
            announcer.start()
            server.run(sockets=[listener])
        else:
            os.environ[_WORKER_SETTINGS] = json.dumps({"settings": asdict(settings), "urls": asdict(urls)}, default=str)
            config = uvicorn.Config("testamur.serving:worker", factory=True, workers=settings.workers, **options)
            with tempfile.TemporaryDirectory(prefix="testamur-metrics-") as counts:
                os.environ[metrics.SHARED] = counts
                announcer.start()
                Multiprocess(config, sockets=[listener]).run()


def room_for(connections: int) -> int:
    """Let this process and its workers open the files that so many connections take, as far as the system lets them.

    Returns: how many connections there is room for.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = connections + FILES_BESIDE
    most = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    if soft != resource.RLIM_INFINITY and soft < most:
        with contextlib.suppress(ValueError, OSError):  # some systems know a limit below the one they tell
            resource.setrlimit(resource.RLIMIT_NOFILE, (most, hard))
            soft = most
    return connections if soft == resource.RLIM_INFINITY else max(1, min(connections, soft - FILES_BESIDE))


def worker() -> Application:
    """The application of one worker process, by the settings its parent left in the environment."""
    die_with_parent(os.getppid(), signal.SIGTERM)
    given = json.loads(os.environ[_WORKER_SETTINGS])
    settings = Settings(**given["settings"])
    settings = replace(settings, data=Path(settings.data))
    configure(settings.log_format, settings.log_level)
    return Application(settings, DatabaseUrls(**given["urls"]))


def write_atomically(path: Path, document: Any) -> None:
    """Write JSON so that a reader sees the whole of it or nothing, readable by its owner only."""
    unfinished = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(document, file, indent=2, ensure_ascii=False)
        file.write("\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.replace(path)


def _announce(url: str, when_ready: Callable[[], None]) -> None:
    paths = ["/readyz", *(f"/{dialect.name}/openapi.json" for dialect in ALL)]
    until = time.monotonic() + _READY_SECONDS
    while time.monotonic() < until:
        if all(_answers(url + path) for path in paths):
            when_ready()
            return
        time.sleep(0.05)
    log.error("not ready", seconds=_READY_SECONDS)


def _answers(url: str) -> bool:
    try:
        with urllib.request.urlopen(url, timeout=5) as answer:  # noqa: S310 - our own address
            return bool(answer.status == 200)
    except (OSError, urllib.error.URLError):
        return False


def _supervise(server: EmbeddedServer, stopping: threading.Event) -> None:
    while not stopping.wait(_SUPERVISION_SECONDS):
        try:
            if server.restart_if_dead():
                log.warning("the embedded PostgreSQL had died and was started again")
        except Exception:
            log.exception("the embedded PostgreSQL could not be started again")


def _exit(signum: int, frame: object) -> None:
    raise SystemExit(0)
