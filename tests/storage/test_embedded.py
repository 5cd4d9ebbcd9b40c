"""The embedded server: real clusters in folders of their own, stopped, killed and started again."""

from __future__ import annotations

import asyncio
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import asyncpg
import pytest

from testamur.ledger import Ledger
from testamur.storage.database import Database, DatabaseUrls, OwnerNeeded
from testamur.storage.embedded import (
    EmbeddedServer,
    EmbeddedServerError,
    FolderInUse,
    find_binaries,
    memory_of_ours,
    open_cluster,
)
from testamur.storage.migrate import Migration, migrate, migrations
from tests.storage.databases import connected
from tests.waiting import eventually

pytestmark = pytest.mark.slow

OWNER = """
import sys, time
from pathlib import Path
from testamur.storage.embedded import EmbeddedServer
server = EmbeddedServer(Path(sys.argv[1]))
server.start()
print(server.pid, server.owner_url, flush=True)
time.sleep(600)
"""
"""A process that owns a server, to be killed."""


@pytest.fixture
def folder() -> Iterator[Path]:
    """A data folder that others may pass: pytest's own are closed, and then the cluster would be kept elsewhere."""
    with tempfile.TemporaryDirectory(prefix="testamur-cluster-") as name:
        Path(name).chmod(0o755)
        yield Path(name) / "data"


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """A data folder with a cluster in it that is not running: making one takes a second, copying does not."""
    with tempfile.TemporaryDirectory(prefix="testamur-made-") as name:
        Path(name).chmod(0o755)
        with open_cluster(Path(name) / "data"):
            pass
        yield Path(name) / "data"


@pytest.fixture
def cluster(made: Path) -> Path:
    """The made cluster, whole and at rest. Tests leave rows, never a running server."""
    return made


def execute(url: str, *statements: str) -> Any:
    """Run the statements and return the first value of the last one."""

    async def within() -> Any:
        async with connected(url) as connection:
            for statement in statements[:-1]:
                await connection.execute(statement)
            return await connection.fetchval(statements[-1])

    return asyncio.run(within())


def is_alive(pid: int) -> bool:
    """Whether a process runs; one that ended and was not asked for its exit code does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def start_owner(data: Path) -> tuple[subprocess.Popen[str], int, str]:
    """A process that owns a server, the server's pid, and the owner's URL."""
    process = subprocess.Popen([sys.executable, "-c", OWNER, str(data)], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    pid, url = process.stdout.readline().split()
    return process, int(pid), url


def end(process: subprocess.Popen[str]) -> None:
    process.kill()
    process.wait()
    assert process.stdout is not None
    process.stdout.close()


def test_a_restart_keeps_data_and_passwords(folder: Path) -> None:
    with open_cluster(folder) as server:
        pid, url = server.pid, server.owner_url
        execute(url, "CREATE TABLE kept (x int)", "INSERT INTO kept VALUES (7) RETURNING x")
    assert not is_alive(pid)
    with open_cluster(folder) as server:
        assert server.owner_url == url
        assert execute(server.owner_url, "SELECT x FROM kept") == 7


def test_a_copy_of_a_folder_has_a_database_of_its_own(folder: Path) -> None:
    with open_cluster(folder) as server:
        execute(server.owner_url, "CREATE TABLE kept (x int)", "INSERT INTO kept VALUES (7) RETURNING x")
    copy = folder.with_name("copy")
    shutil.copytree(folder, copy, symlinks=True)
    if os.geteuid() == 0:  # copytree keeps no owners, as a backup would
        user = (folder / "postgres").stat()
        for each in [copy / "postgres", *(copy / "postgres").rglob("*")]:
            os.chown(each, user.st_uid, user.st_gid)
    with open_cluster(copy) as server:
        assert execute(server.owner_url, "UPDATE kept SET x = 8 RETURNING x") == 8
    with open_cluster(folder) as server:
        assert execute(server.owner_url, "SELECT x FROM kept") == 7


def test_the_embedded_server_takes_migrations_and_its_app_role_can_make_no_tables(cluster: Path) -> None:
    with open_cluster(cluster) as server:
        urls = DatabaseUrls(owner=server.owner_url, app=server.app_url)
        asyncio.run(migrate(urls))
        assert asyncio.run(migrate(urls)) == []
        assert execute(server.app_url, "SELECT current_user::text") == "testamur_app"
        assert execute(server.app_url, "SELECT count(*) FROM person") == 0
        for statement in ("CREATE TABLE mine (x int)", "CREATE TEMPORARY TABLE mine (x int)", "DROP TABLE person"):
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                execute(server.app_url, statement)


def test_a_service_without_the_owners_rights_starts_when_nothing_is_to_be_applied(
    cluster: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with open_cluster(cluster) as server:
        asyncio.run(migrate(DatabaseUrls(owner=server.owner_url, app=server.app_url)))
        app_only = DatabaseUrls(owner=server.app_url, app=server.app_url)
        assert asyncio.run(migrate(app_only)) == []
        with pytest.raises(OwnerNeeded, match="TESTAMUR_OWNER_DATABASE_URL"):
            asyncio.run(Ledger.on(Database(app_only)).tenants.list())
        known = migrations()
        one_more = Migration(len(known) + 1, "of_the_next_release", "SELECT 1")
        monkeypatch.setattr("testamur.storage.migrate.migrations", lambda: [*known, one_more])
        with pytest.raises(OwnerNeeded):
            asyncio.run(migrate(app_only))


def test_a_password_is_asked_for_and_others_cannot_read_it(cluster: Path) -> None:
    with open_cluster(cluster) as server:
        for role in ("postgres", "testamur_owner", "testamur_app"):
            wrong = server.owner_url.split("@")[1]
            with pytest.raises(asyncpg.InvalidPasswordError):
                execute(f"postgresql://{role}:wrong@{wrong}", "SELECT 1")
        for private in (cluster / "postgres.json", server._sockets, server._home):
            assert private.stat().st_mode & 0o077 == 0, private
        assert execute(server.superuser_url, "SHOW listen_addresses") == ""
        assert execute(server.superuser_url, "SHOW fsync") == "on"
        assert execute(server.superuser_url, "SHOW synchronous_commit") == "on"
        assert execute(server.superuser_url, "SHOW data_checksums") == "on"


def test_a_second_server_on_the_folder_is_refused_and_the_first_goes_on(cluster: Path) -> None:
    with open_cluster(cluster) as server:
        second = EmbeddedServer(cluster)
        with pytest.raises(FolderInUse, match="Another testamur serves"):
            second.start(wait_seconds=0.2)
        second.stop()
        assert server.is_running()
        assert execute(server.owner_url, "SELECT 1") == 1


def test_a_command_uses_the_server_that_runs_already_and_leaves_it_running(cluster: Path) -> None:
    with open_cluster(cluster) as server:
        with open_cluster(cluster) as attached:
            assert attached.pid == server.pid
            assert execute(attached.owner_url, "SELECT 1") == 1
        assert execute(server.owner_url, "SELECT 1") == 1


def test_stopping_is_safe_to_repeat_and_frees_the_folder(cluster: Path) -> None:
    server = EmbeddedServer(cluster)
    server.stop()
    server.start()
    server.stop()
    server.stop()
    assert not server.is_running()
    with pytest.raises(EmbeddedServerError, match="does not run"):
        server.pid  # noqa: B018 - reading it is what raises
    with open_cluster(cluster) as again:
        assert again.is_running()


def test_a_client_that_hangs_on_does_not_hold_up_the_end(cluster: Path) -> None:
    async def hang_on(server: EmbeddedServer) -> float:
        async with connected(server.owner_url) as connection:
            await connection.execute("BEGIN; SELECT 1")
            began = time.monotonic()
            await asyncio.to_thread(server.stop)
            return time.monotonic() - began

    server = EmbeddedServer(cluster)
    server.start()
    try:
        assert asyncio.run(hang_on(server)) < 5
    finally:
        server.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has ended")
def test_the_server_ends_with_its_owner_also_by_kill_9_and_the_next_one_finds_every_commit(cluster: Path) -> None:
    owner, pid, url = start_owner(cluster)
    try:
        execute(url, "DROP TABLE IF EXISTS survived", "CREATE TABLE survived (x int)", "SELECT 1")
        execute(url, "INSERT INTO survived SELECT generate_series(1, 1000) RETURNING x")
        assert is_alive(pid)
    finally:
        end(owner)
    eventually(lambda: not is_alive(pid))
    with open_cluster(cluster) as server:
        assert server.pid != pid
        assert execute(server.owner_url, "SELECT count(*) FROM survived") == 1000


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent has ended")
def test_a_start_right_after_the_owner_was_killed_waits_for_its_server_to_end(cluster: Path) -> None:
    """A supervisor restarts at once. Two servers on one cluster would destroy it."""
    owner, pid, _ = start_owner(cluster)
    end(owner)
    with open_cluster(cluster) as server:
        assert not is_alive(pid)
        assert execute(server.owner_url, "SELECT 1") == 1


def test_a_postmaster_killed_by_kill_9_is_started_again_and_recovers(cluster: Path) -> None:
    """With clients connected: their backends outlive it for a moment, and the next one must not trip over them."""
    with open_cluster(cluster) as server:
        assert server.restart_if_dead() is False

        async def kill() -> None:
            async with connected(server.owner_url) as one, connected(server.owner_url) as busy:
                await one.execute("DROP TABLE IF EXISTS survived; CREATE TABLE survived (x int)")
                await one.execute("INSERT INTO survived SELECT generate_series(1, 1000)")
                await busy.execute("BEGIN; INSERT INTO survived VALUES (0)")
                working = asyncio.create_task(busy.execute("SELECT count(*) FROM generate_series(1, 3000000)"))
                await asyncio.sleep(0.2)
                os.kill(server.pid, signal.SIGKILL)
                eventually(server.restart_if_dead)  # in this thread: the server ends with the one that starts it
                await asyncio.gather(working, return_exceptions=True)

        asyncio.run(kill())
        assert execute(server.owner_url, "SELECT count(*) FROM survived") == 1000
        assert execute(server.owner_url, "SELECT count(*) FROM survived WHERE x = 0") == 0
        assert server.restart_if_dead() is False


def test_a_cluster_whose_making_was_killed_is_made_again(folder: Path) -> None:
    owner = subprocess.Popen([sys.executable, "-c", OWNER, str(folder)], stdout=subprocess.PIPE, text=True)
    eventually(lambda: any(folder.glob("postgres.unfinished*/base")))
    end(owner)
    assert not (folder / "postgres" / "PG_VERSION").exists()
    with open_cluster(folder) as server:
        assert execute(server.owner_url, "SELECT 1") == 1
        assert not (folder / "postgres.password").exists()


def test_a_folder_with_a_long_path_works(cluster: Path) -> None:
    """The kernel takes 107 bytes for a socket's path."""
    with tempfile.TemporaryDirectory(prefix="testamur-long-") as name:
        Path(name).chmod(0o755)
        long = Path(name) / ("ä" * 60) / ("deep " * 20)
        long.mkdir(parents=True)
        with open_cluster(long / "data") as server:
            assert len(os.fsencode(server._sockets)) < 107
            assert server._home == long / "data" / "postgres"
            assert execute(server.owner_url, "SELECT 1") == 1


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as somebody else")
def test_as_root_a_folder_below_a_closed_one_works_and_is_found_again() -> None:
    """/root is closed to the user that the server runs as, and PostgreSQL refuses to run as root."""
    with tempfile.TemporaryDirectory(prefix="testamur-closed-") as name:
        assert Path(name).stat().st_mode & 0o777 == 0o700
        data = Path(name) / "data"
        moved: Path | None = None
        try:
            with open_cluster(data) as server:
                moved = server._home.parent
                assert not server._home.is_relative_to(name)
                assert Path(f"/proc/{server.pid}").stat().st_uid != 0
                assert execute(server.owner_url, "CREATE TABLE kept ()", "SELECT 1") == 1
            with open_cluster(data) as server:
                assert server._home.parent == moved
                assert execute(server.owner_url, "SELECT count(*) FROM kept") == 0
            copy = data.with_name("copy")
            shutil.copytree(data, copy, ignore=shutil.ignore_patterns("run"))
            with pytest.raises(EmbeddedServerError, match=f"copy of {data}"):
                EmbeddedServer(copy).start()
            with open_cluster(data.rename(data.with_name("renamed"))) as server:
                assert execute(server.owner_url, "SELECT count(*) FROM kept") == 0
        finally:
            if moved is not None:
                shutil.rmtree(moved)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root starts the server as somebody else")
def test_as_root_the_server_runs_as_an_unprivileged_user(cluster: Path) -> None:
    with open_cluster(cluster) as server:
        assert Path(f"/proc/{server.pid}").stat().st_uid != 0
        assert (server._home / "PG_VERSION").stat().st_uid == Path(f"/proc/{server.pid}").stat().st_uid


def test_a_server_that_cannot_start_says_why_and_frees_the_folder(folder: Path, made: Path) -> None:
    with open_cluster(folder):
        pass
    (folder / "postgres" / "postgresql.conf").write_text("no_such_setting = 1\n")
    with pytest.raises(EmbeddedServerError, match="no_such_setting"):
        EmbeddedServer(folder).start()
    (folder / "postgres" / "postgresql.conf").write_text("")
    with open_cluster(folder) as server:
        assert execute(server.owner_url, "SELECT 1") == 1


def test_a_stale_pid_file_that_names_another_process_does_not_stop_the_start(cluster: Path) -> None:
    """After a reboot the number may belong to anybody."""
    with open_cluster(cluster) as server:
        home = server._home
        user = home.stat()
    stale = home / "postmaster.pid"
    stale.write_text(f"{os.getpid()}\n{home}\n{int(time.time())}\n5432\n/nowhere\n\n\nready\n")
    os.chown(stale, user.st_uid, user.st_gid)
    with open_cluster(cluster) as server:
        assert execute(server.owner_url, "SELECT 1") == 1


def test_a_container_is_held_to_its_own_memory(tmp_path: Path) -> None:
    limit = tmp_path / "memory.max"
    machine = memory_of_ours(limit)
    assert machine == os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"), "there is no such file"
    for said, expected in (("max\n", machine), ("536870912\n", 536_870_912), (f"{2 * machine}\n", machine)):
        limit.write_text(said)
        assert memory_of_ours(limit) == expected


def test_binaries_that_are_not_there_are_asked_for_by_name(tmp_path: Path) -> None:
    with pytest.raises(EmbeddedServerError, match=r"No PostgreSQL 15 or later found in .*TESTAMUR_DATABASE_URL"):
        find_binaries(tmp_path)


def test_binaries_of_an_old_release_are_refused(tmp_path: Path) -> None:
    for name in ("initdb", "postgres"):
        (tmp_path / name).write_text("#!/bin/sh\necho 'postgres (PostgreSQL) 14.11'\n")
        (tmp_path / name).chmod(0o755)
    with pytest.raises(EmbeddedServerError, match="15 or later"):
        find_binaries(tmp_path)


def test_several_databases_of_a_new_cluster_are_migrated_at_once(folder: Path) -> None:
    """The first migration makes the role testamur_app, which all databases of a server share."""

    async def within(server: EmbeddedServer) -> None:
        async with connected(server.superuser_url) as admin:
            await admin.execute("REVOKE ALL ON DATABASE testamur FROM testamur_app")
            await admin.execute("DROP ROLE testamur_app")
            for name in "abcd":
                await admin.execute(f"CREATE DATABASE {name}")
        urls = [server.superuser_url.replace("/postgres?", f"/{name}?") for name in "abcd"]
        done = await asyncio.gather(*[migrate(DatabaseUrls(owner=url, app=url)) for url in urls])
        assert all(done)

    with open_cluster(folder) as server:
        asyncio.run(within(server))
