"""Lists over a million rows: what a page costs deep down, beside the first page and beside psql."""

from __future__ import annotations

import http.client
import statistics
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import urlencode, urlsplit

import msgspec

from bench import pgbench
from bench.ground import Ground
from bench.measures import PAGE_SIZE, Line, basic
from bench.servers import Server
from testamur.core.ids import to_opaque

ROWS = 1_000_000
_DEEP = 1_000
_THRIVE_PAGE = 20
_ASKED = 60


@dataclass
class Depth:
    """Pages of the lists that clients walk to the end."""

    ground: Ground
    worker: Server
    rows: int = ROWS
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def everything(self) -> None:
        """Fill the tenant, then measure each list."""
        started = time.monotonic()
        fill(self.ground, self.rows)
        self.notes.append(
            f"depth: {self.rows:,} more people and completions, made in {time.monotonic() - started:.0f} s"
        )
        deep = min(_DEEP, self.rows // _THRIVE_PAGE)
        for name in ("activities", "users"):
            self._numbered(name, deep)
        self._by_cursor()

    def _numbered(self, name: str, deep: int) -> None:
        """Page 1 and a deep page of one of Thrive's lists, in turns."""
        address = f"/thrive/rest/v1/{name}?perPage={_THRIVE_PAGE}&page="
        authorization = basic(self.ground.tenant.slug, self.ground.key.secret)
        with _asking(self.worker, {"Authorization": authorization}) as ask:
            first, last = _in_turns(ask, address + "1", address + str(deep))
        self._line(f"Thrive {name}, page {deep:,}", first, last)

    def _by_cursor(self) -> None:
        """The first and the last page of StackOne's completions, and the first beside psql's way to the same rows."""
        address = "/stackone/unified/lms/completions?"
        headers = {
            "Authorization": basic(self.ground.key.secret, ""),
            "x-account-id": to_opaque(self.ground.account.id),
        }
        with _asking(self.worker, headers) as ask:
            start, walked = time.monotonic(), 0
            at, last = "", ""
            while True:
                page = msgspec.json.decode(ask(address + urlencode({"page_size": PAGE_SIZE, "next": at})), type=_Page)
                walked += 1
                if not page.next:
                    break
                last, at = at, page.next
            self.notes.append(f"depth: {walked:,} pages of completions walked in {time.monotonic() - start:.0f} s")
            ends = [address + urlencode({"page_size": PAGE_SIZE, "next": place}) for place in ("", last)]
            first, final = _in_turns(ask, *ends)
        self._line("StackOne completions, last page", first, final)
        same = 1000 / pgbench.pages(self.ground, PAGE_SIZE, 5, clients=1)
        value, floor = f"{first:.2f} ms", f"pgbench, one client, same rows as JSON {same:.2f} ms"
        self.lines.append(Line("StackOne completions, one page", value, floor, first / same, 3, at_least=False))

    def _line(self, name: str, first: float, deep: float) -> None:
        floor = f"the first page {first:.2f} ms"
        self.lines.append(Line(name, f"{deep:.2f} ms", floor, deep / first, 2, at_least=False))


class _Page(msgspec.Struct):
    next: str | None


class _Ask:
    """GET over one kept connection."""

    def __init__(self, connection: http.client.HTTPConnection, headers: dict[str, str]) -> None:
        self._connection = connection
        self._headers = headers

    def __call__(self, address: str) -> bytes:
        self._connection.request("GET", address, headers=self._headers)
        answer = self._connection.getresponse()
        body = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{address}: {answer.status} {body[:300]!r}")
        return body


@contextmanager
def _asking(server: Server, headers: dict[str, str]) -> Iterator[_Ask]:
    connection = http.client.HTTPConnection(urlsplit(server.url).netloc, timeout=60)
    try:
        yield _Ask(connection, headers)
    finally:
        connection.close()


def _in_turns(ask: _Ask, *addresses: str) -> list[float]:
    """The median time of each address in milliseconds."""
    took: dict[str, list[float]] = {address: [] for address in addresses}
    for _ in range(_ASKED):
        for address in addresses:
            started = time.perf_counter()
            ask(address)
            took[address].append(1000 * (time.perf_counter() - started))
    return [statistics.median(times) for times in took.values()]


def fill(ground: Ground, rows: int) -> None:
    """People with a reference each, and completions of those who were there before, half a second apart."""
    tenant = ground.tenant.id
    entry = int(pgbench.query(ground, f"SELECT entry FROM tenant_counter WHERE tenant = '{tenant}'"))
    place = int(pgbench.query(ground, f"SELECT max(place) FROM person WHERE tenant = '{tenant}'"))
    people = f"""
        INSERT INTO person (tenant, id, place, given_name, family_name, created_at, updated_at)
        SELECT '{tenant}', gen_random_uuid(), {place} + n, 'Ada', 'Okafor ' || n, moment, moment
        FROM (SELECT n, now() - ({rows} - n) * interval '500 ms' AS moment FROM generate_series(1, {rows}) AS n) made;
        INSERT INTO person_identifier (tenant, kind, value, person)
        SELECT tenant, 'ref', 'R-' || place, id FROM person WHERE tenant = '{tenant}' AND place > {place};
        """
    # The two id lists are read once, not once a row.
    known = f"""
        CREATE TEMP TABLE known AS SELECT
            (SELECT array_agg(id) FROM person WHERE tenant = '{tenant}' AND place <= {place}) AS people,
            (SELECT array_agg(id) FROM item WHERE tenant = '{tenant}') AS items;
        """
    facts = f"""
        INSERT INTO fact (tenant, record, revision, id, entry, person, item, item_version, completed_at, source,
                          created_at, recorded_at)
        SELECT '{tenant}', id, 1, id, {entry} + n, people[1 + n % cardinality(people)],
               items[1 + n / 7 % cardinality(items)], 1, moment, 'thrive', moment, moment
        FROM (SELECT n, gen_random_uuid() AS id, now() - ({rows} - n) * interval '500 ms' AS moment
              FROM generate_series(1, {rows}) AS n) made, known;
        INSERT INTO ledger_entry (tenant, number, kind, subject, client, recorded_at)
        SELECT tenant, entry, 'record.created', record, NULL, recorded_at
        FROM fact WHERE tenant = '{tenant}' AND entry > {entry};
        UPDATE tenant_counter SET entry = {entry} + {rows} WHERE tenant = '{tenant}';
        """
    pgbench.query(ground, people + known + facts)
    pgbench.query(ground, "VACUUM ANALYZE")
