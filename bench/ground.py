"""What a run stands on: an embedded server in a temporary folder, and a tenant with people and items in it."""

from __future__ import annotations

import asyncio
import json
import shutil
import tempfile
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import parse_qsl, unquote, urlsplit

from testamur.core.callers import ALL_SCOPES, Caller
from testamur.core.ids import Id
from testamur.core.items import ItemKind, NewItem
from testamur.core.people import Identifier, NewPerson
from testamur.ledger import Ledger
from testamur.ledger.clients import NewKey
from testamur.ledger.tenants import Account, Tenant
from testamur.storage.database import Database, DatabaseUrls
from testamur.storage.embedded import EmbeddedServer
from testamur.storage.migrate import migrate

PEOPLE = 2_000
ITEMS = 200
_PAGE = 1_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Ground:
    """A running database with one tenant. `key` may do everything; `folder` is removed at the end."""

    folder: Path
    binaries: Path
    postmaster: int
    urls: DatabaseUrls
    tenant: Tenant
    key: NewKey
    account: Account
    people: list[Id]
    items: list[Id]

    def records(self, count: int) -> list[Id]:
        """Ids of the first `count` records."""

        async def collect(ledger: Ledger) -> list[Id]:
            ids: list[Id] = []
            after = 0
            while len(ids) < count:
                page = await ledger.records.page(self.tenant.id, after=after, count=_PAGE)
                if not page:
                    break
                ids += [record.id for record in page]
                after = page[-1].entry
            return ids

        return with_ledger(self.urls, collect)


@contextmanager
def open_ground() -> Iterator[Ground]:
    """Start the server, migrate, make the tenant; afterwards leave nothing behind."""
    folder = Path(tempfile.mkdtemp(prefix="testamur-bench-"))
    folder.chmod(0o755)  # when we are root, the database runs as somebody else, who must be able to pass
    server = EmbeddedServer(folder / "data")
    try:
        server.start()
        urls = DatabaseUrls(owner=server.owner_url, app=server.app_url)
        asyncio.run(migrate(urls))
        tenant, key, account, people, items = with_ledger(urls, _populate)
        yield Ground(folder, server.binaries, server.pid, urls, tenant, key, account, people, items)
    finally:
        server.stop()
        _remove(folder)


def connection_environment(url: str) -> dict[str, str]:
    """A connection URL as the PG* variables of libpq's programs: a password is on no command line."""
    parts = urlsplit(url)
    place = dict(parse_qsl(parts.query))
    return {
        "PGHOST": place["host"],
        "PGPORT": place["port"],
        "PGUSER": unquote(parts.username or ""),
        "PGPASSWORD": unquote(parts.password or ""),
        "PGDATABASE": parts.path.lstrip("/"),
    }


async def _populate(ledger: Ledger) -> tuple[Tenant, NewKey, Account, list[Id], list[Id]]:
    tenant = await ledger.tenants.create("bench", "Benchmark", "Europe/London")
    key = await ledger.clients.create(tenant.id, "bench")
    (account,) = await ledger.tenants.accounts(tenant.id)
    caller = Caller(tenant=tenant.id, client=key.client, scopes=ALL_SCOPES)
    people = await ledger.people.add(
        caller,
        [
            NewPerson(
                given_name="Ada",
                family_name=f"Okafor {number}",
                identifiers=(Identifier("ref", f"{number:05}"), Identifier("email", f"ada.{number}@example.com")),
            )
            for number in range(PEOPLE)
        ],
    )
    items = await ledger.items.add(
        caller,
        [
            NewItem(
                title=f"Course {number}",
                kind=ItemKind.COURSE,
                provider="Testamur Academy",
                identifiers=(Identifier("ref", f"C-{number:04}"),),
            )
            for number in range(ITEMS)
        ],
    )
    return tenant, key, account, people, items


def caller_of(ground: Ground) -> Caller:
    """Who may do everything."""
    return Caller(tenant=ground.tenant.id, client=ground.key.client, scopes=ALL_SCOPES)


def with_ledger(urls: DatabaseUrls, work: Callable[[Ledger], Awaitable[T]], connections_max: int = 2) -> T:
    """Do something with the ledger, in a process that has no event loop yet."""

    async def run() -> T:
        database = Database(urls, connections_max=connections_max)
        await database.open()
        try:
            return await work(Ledger.on(database))
        finally:
            await database.close()

    return asyncio.run(run())


def _remove(folder: Path) -> None:
    # The cluster may stand elsewhere: where its user could not reach this folder.
    settled = folder / "data" / "postgres.json"
    if settled.exists():
        home = Path(json.loads(settled.read_text())["home"])
        if not home.is_relative_to(folder):
            shutil.rmtree(home.parent, ignore_errors=True)
    shutil.rmtree(folder, ignore_errors=True)
