"""Historic import where something is short: room on the disk, or memory for a file that is mostly wrong."""

from __future__ import annotations

import asyncio
import io
import random
import resource
import tempfile
import tracemalloc
from collections.abc import AsyncIterator, Iterator
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from pathlib import Path

import asyncpg
import pytest

from testamur.core.callers import ALL_SCOPES, Caller
from testamur.core.imports import Batch, BatchState, Options, Outcome
from testamur.core.items import ItemKind, NewItem
from testamur.core.people import Identifier, NewPerson
from testamur.ledger import Ledger, import_staging
from testamur.storage.database import Database, DatabaseUrls
from testamur.storage.embedded import open_cluster
from testamur.storage.migrate import migrate
from testamur.storage.trouble import AWAY
from tests.hub import Hub
from tests.storage.databases import connected

ROOM_BYTES = 20 << 20
"""No file of the database can be larger; a segment of its log has 16 MiB."""
ROWS = 2_500


@dataclass
class Narrow:
    """A database of its own, whose disk can be made full: its server is started under a limit of the size of files."""

    folder: Path

    @contextmanager
    def database(self, room: int = resource.RLIM_INFINITY) -> Iterator[DatabaseUrls]:
        """The running database, with so much room for each of its files."""
        limits = resource.getrlimit(resource.RLIMIT_FSIZE)
        with ExitStack() as stack:
            resource.setrlimit(resource.RLIMIT_FSIZE, (room, limits[1]))
            try:
                server = stack.enter_context(open_cluster(self.folder))
            finally:
                resource.setrlimit(resource.RLIMIT_FSIZE, limits)
            yield DatabaseUrls(owner=server.owner_url, app=server.app_url)


@pytest.fixture
def narrow() -> Iterator[Narrow]:
    with tempfile.TemporaryDirectory(prefix="testamur-narrow-") as folder:
        Path(folder).chmod(0o755)
        yield Narrow(Path(folder) / "data")


@asynccontextmanager
async def opened(urls: DatabaseUrls) -> AsyncIterator[Ledger]:
    database = Database(urls, connections_max=2)
    await database.open()
    try:
        yield Ledger.on(database)
    finally:
        await database.close()


async def count(urls: DatabaseUrls, table: str) -> int:
    async with connected(urls.owner) as connection:
        found: int = await connection.fetchval(f"SELECT count(*) FROM {table}")
        return found


async def tenant(urls: DatabaseUrls) -> Caller:
    """A tenant with one person and one item."""
    await migrate(urls)
    async with opened(urls) as ledger:
        id = (await ledger.tenants.create("narrow", "Narrow", "UTC")).id
        caller = Caller(tenant=id, client=(await ledger.clients.create(id, "test")).client, scopes=ALL_SCOPES)
        await ledger.people.add(caller, [NewPerson(identifiers=(Identifier("ref", "1"),))])
        fire = NewItem(title="Fire", kind=ItemKind.COURSE, identifiers=(Identifier("ref", "F"),))
        await ledger.items.add(caller, [fire])
        return caller


def wide_rows() -> io.BytesIO:
    """Rows that cannot be packed: of 9,000 characters each."""
    of = random.Random(1)
    return io.BytesIO(
        b"".join(
            b'{"employee_id":"1","course_number":"F","completed_on":"%04d-%02d-%02d","note":"%s"}\n'
            % (1990 + number // 336, number // 28 % 12 + 1, number % 28 + 1, of.randbytes(4_500).hex().encode())
            for number in range(ROWS)
        )
    )


async def rehearsed(urls: DatabaseUrls, caller: Caller) -> Batch:
    async with opened(urls) as ledger:
        return await ledger.imports.rehearse(caller, wide_rows(), name="wide.ndjson", options=Options())


@pytest.mark.slow
def test_a_file_that_finds_no_room_is_refused_whole_and_leaves_nothing(narrow: Narrow) -> None:
    with narrow.database() as urls:
        caller = asyncio.run(tenant(urls))
    with narrow.database(ROOM_BYTES) as urls:
        with pytest.raises(asyncpg.PostgresError, match="File too large"):
            asyncio.run(rehearsed(urls, caller))
        assert [asyncio.run(count(urls, table)) for table in ("import_batch", "import_row")] == [0, 0]
    with narrow.database() as urls:
        assert asyncio.run(rehearsed(urls, caller)).outcomes[Outcome.CREATED] == ROWS


@pytest.mark.slow
def test_a_commit_that_finds_no_room_goes_on_once_there_is_some(narrow: Narrow) -> None:
    async def committed(urls: DatabaseUrls) -> Batch:
        async with opened(urls) as ledger:
            return await ledger.imports.commit(caller, batch.id)

    async def seen(urls: DatabaseUrls) -> Batch:
        async with opened(urls) as ledger:
            return await ledger.imports.get(caller.tenant, batch.id)

    with narrow.database() as urls:
        caller = asyncio.run(tenant(urls))
        batch = asyncio.run(rehearsed(urls, caller))
    with narrow.database(ROOM_BYTES) as urls:
        with pytest.raises(asyncpg.PostgresError, match="File too large"):
            asyncio.run(committed(urls))
        stopped = asyncio.run(seen(urls))
        assert stopped.state is BatchState.COMMITTING
        assert 0 < stopped.done < ROWS
        assert asyncio.run(count(urls, "fact")) == stopped.done
    with narrow.database() as urls:
        done = asyncio.run(committed(urls))
        assert (done.state, done.outcomes[Outcome.CREATED]) == (BatchState.COMMITTED, ROWS)
        assert [asyncio.run(count(urls, table)) for table in ("fact", "report")] == [ROWS, ROWS]
        assert asyncio.run(count(urls, "ledger_entry WHERE kind = 'record.created'")) == ROWS


@pytest.mark.parametrize("error", [asyncpg.DiskFullError, asyncpg.OutOfMemoryError])
def test_what_is_short_at_the_moment_is_no_fault_of_the_caller(error: type[Exception]) -> None:
    assert issubclass(error, AWAY)


@pytest.mark.slow
def test_a_file_of_half_bad_rows_takes_no_more_memory_when_it_is_longer(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(import_staging, "_ROWS_AT_ONCE", 1_000)
    bad = (
        '{"employee_id":"00123","learning":"FIRE-101","completed_on":"not a day"}',
        '{"employee_id":"nobody","learning":"FIRE-101","completed_on":"2020-01-01"}',
        '{"employee_id":"00123","learning":"UNKNOWN","completed_on":"2020-01-01"}',
        '{"employee_id":"00123","learning":"FIRE-101","completed_on":"2020-01-01","score":"much"}',
        '{"employee_id":"00123"',
        "no JSON at all",
    )

    def rehearse(rows: int) -> tuple[Batch, int]:
        file = io.BytesIO()
        for number in range(rows // 2):
            good = f'{{"employee_id":"00123","learning":"FIRE-101","completed_on":"{1990 + number % 30}-01-01"}}'
            file.write(f"{good}\n{bad[number % len(bad)]}\n".encode())
        file.seek(0)
        tracemalloc.start()
        try:
            work = hub.ledger.imports.rehearse(hub.caller, file, name="half.ndjson", options=Options())
            return hub.do(work), tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()

    # On a busy machine a file of few parts is over before as many of them are under way as can be.
    _, small = rehearse(15_000)
    batch, large = rehearse(60_000)
    wrong = batch.outcomes[Outcome.REJECTED] + batch.outcomes[Outcome.HELD]
    assert (batch.rows, wrong) == (60_000, 30_000)
    assert large < 1.25 * small
