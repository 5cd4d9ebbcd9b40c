"""The measures: each subject beside its floor, in turns, within one run."""

from __future__ import annotations

import base64
import os
import statistics
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from bench import load, pgbench, processes, servers
from bench.ground import Ground
from bench.load import MARK, Measured, Traffic
from bench.processes import Spent
from bench.servers import Server
from testamur.core.ids import to_hex24, to_opaque

PAGE_SIZE = 100
_IDS = 20_000
_MEMORY_POINTS = 5
_SPARE = 1_000  # numbers left out between two loads: requests in flight at the end were posted, but not counted


@dataclass(frozen=True, slots=True)
class Line:
    """One line of the table. `ratio` is figure by floor, or the figure itself where the target is absolute."""

    figure: str
    value: str
    floor: str
    ratio: float
    target: float
    at_least: bool = True

    @property
    def holds(self) -> bool:
        return self.ratio >= self.target if self.at_least else self.ratio <= self.target


@dataclass
class Run:
    """A run on one worker. `seconds` is the length of each measurement, `rounds` how often each is made."""

    ground: Ground
    worker: Server
    seconds: int
    rounds: int
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    posted: int = 0
    _number: int = 0

    def everything(self, posts: int) -> None:
        """All measures, in the order in which they need one another."""
        self.ingest()
        self.by_id([to_opaque(id) for id in self.ground.records(_IDS)])
        self.page()
        self.memory(posts)
        self.check_ledger()

    def ingest(self) -> None:
        """Completions through Thrive, beside single-row commits of pgbench and the naive twin."""
        pgbench.query(self.ground, "CREATE SCHEMA bench_twin")
        pgbench.prepare(self.ground)
        self.post(2)
        found: list[Measured] = []
        inserts: list[float] = []
        naive: list[Measured] = []
        for _ in range(self.rounds):
            inserts.append(pgbench.durable_inserts(self.ground, self.seconds))
            with self._accounted("Thrive POST") as told:
                told.append(self.post(self.seconds))
            found += told
            naive.append(self._twin())
        rate, floor = _median(found), statistics.median(inserts)
        value = f"{rate:,.0f}/s"
        self.lines += [
            Line("Thrive POST completion", value, f"pgbench durable INSERT {floor:,.0f}/s", rate / floor, 0.7),
            Line(
                "Thrive POST completion",
                value,
                f"FastAPI + SQLAlchemy {_median(naive):,.0f}/s (p99 {_p99(naive):.1f} ms)",
                rate / _median(naive),
                8,
            ),
            Line("Thrive POST p99, ms", f"p50 {_p50(found):.1f}", "-", _p99(found), 20, at_least=False),
        ]

    def by_id(self, ids: list[str]) -> None:
        """One completion by its id through StackOne, beside the HTTP server alone."""
        headers = self._stackone()
        path = "/stackone/unified/lms/completions/"
        size = _size(f"{self.worker.url}{path}{ids[0]}", headers)
        subject = Traffic(f"{self.worker.url}{path}{MARK}", headers, ids=ids)
        load.run(subject, 1)
        found: list[Measured] = []
        alone: list[Measured] = []
        with servers.bare(self.ground, size) as server:
            floor = Traffic(f"{server.url}{path}{MARK}", headers, ids=ids)
            load.run(floor, 1)
            # Turns of a second: the speed of a shared machine is another one some seconds later.
            for _ in range(self.rounds * self.seconds):
                alone.append(load.run(floor, 1))
                with self._accounted("StackOne GET by id") as told:
                    told.append(load.run(subject, 1))
                found += told
        rate, floor_rate = _median(found), _median(alone)
        self.lines.append(
            Line(
                "StackOne GET by id",
                f"{rate:,.0f}/s (p99 {_p99(found):.1f} ms)",
                f"bare uvicorn, {size} bytes {floor_rate:,.0f}/s",
                rate / floor_rate,
                0.35,
            )
        )

    def page(self) -> None:
        """A page of a hundred completions through StackOne, beside the same query from pgbench."""
        headers = self._stackone()
        subject = Traffic(f"{self.worker.url}/stackone/unified/lms/completions?page_size={PAGE_SIZE}", headers)
        size = _size(subject.url, headers)
        load.run(subject, 1)
        found: list[Measured] = []
        queries: list[float] = []
        for _ in range(self.rounds):
            queries.append(pgbench.pages(self.ground, PAGE_SIZE, self.seconds))
            with self._accounted("StackOne list of 100") as told:
                told.append(load.run(subject, self.seconds))
            found += told
        rate, floor = _median(found), statistics.median(queries)
        self.lines.append(
            Line(
                f"StackOne list of {PAGE_SIZE} ({size // 1024} KiB)",
                f"{rate:,.0f}/s (p99 {_p99(found):.1f} ms)",
                f"pgbench, same SELECT {floor:,.0f}/s",
                rate / floor,
                0.4,
            )
        )

    def memory(self, posts: int) -> None:
        """The worker's memory over more completions: whether it comes to rest."""
        if not processes.can_tell():
            self.notes.append("memory: not measured, this system has no /proc")
            return
        points: list[tuple[int, float]] = []
        start, rate = self.posted, 4_000.0
        for point in range(1, _MEMORY_POINTS + 1):
            goal = start + posts * point // _MEMORY_POINTS
            while True:
                rate = self.post(max(1, min(60, round((goal - self.posted) / rate)))).rate
                if self.posted >= goal:
                    break
            points.append((self.posted, processes.rss_mib(self.worker.pid)))
        self.notes.append("memory of the worker: " + ", ".join(f"{mib:.1f} MiB after {n:,}" for n, mib in points))
        self.lines.append(
            Line(
                f"memory after {points[-1][0]:,} posts",
                f"{points[-1][1]:.1f} MiB",
                f"after {points[0][0]:,} {points[0][1]:.1f} MiB",
                points[-1][1] / points[0][1],
                1.1,
                at_least=False,
            )
        )

    def check_ledger(self) -> None:
        """Every acknowledged completion must be in the ledger. Raises LoadFailed."""
        facts = int(pgbench.query(self.ground, "SELECT count(*) FROM fact"))
        if facts < self.posted:
            raise load.LoadFailed(f"{self.posted} completions were acknowledged, {facts} are in the ledger")
        self.notes.append(f"ledger: {facts:,} facts, {self.posted:,} of them acknowledged to the generator")

    def post(self, seconds: int) -> Measured:
        """Post completions that nobody posted before."""
        authorization = basic(self.ground.tenant.slug, self.ground.key.secret)
        people, items = ([to_hex24(id) for id in ids] for ids in (self.ground.people, self.ground.items))
        url = f"{self.worker.url}/thrive/rest/v1/learning/completions"
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        measured = load.run(Traffic(url, headers, people, items), seconds, first=self._number)
        self._number += measured.requests + _SPARE
        self.posted += measured.requests
        return measured

    def _twin(self) -> Measured:
        people, items = ([str(id) for id in ids] for ids in (self.ground.people, self.ground.items))
        with servers.twin(self.ground) as server:
            for table, name in (("person", "family_name"), ("item", "title")):
                known = f"INSERT INTO bench_twin.{table} SELECT id, {name} FROM {table} ON CONFLICT DO NOTHING"
                pgbench.query(self.ground, known)
            traffic = Traffic(f"{server.url}/completions", {"Content-Type": "application/json"}, people, items)
            load.run(traffic, 1)
            return load.run(traffic, self.seconds)

    def _stackone(self) -> dict[str, str]:
        return {"Authorization": basic(self.ground.key.secret, ""), "x-account-id": to_opaque(self.ground.account.id)}

    @contextmanager
    def _accounted(self, name: str) -> Iterator[list[Measured]]:
        """Note where the CPU time of the load in this block went."""
        told: list[Measured] = []
        if not processes.can_tell():
            yield told
            return
        before = processes.spent(self.worker.pid, self.ground.postmaster)
        yield told
        spent: Spent = processes.spent(self.worker.pid, self.ground.postmaster) - before
        (measured,) = told
        shares = {"worker": spent.worker, "PostgreSQL": spent.database, "generator": measured.cpu_seconds}
        each = ", ".join(f"{who} {1e6 * took / measured.requests:,.0f}" for who, took in shares.items())
        idle, busy = spent.idle / measured.seconds, spent.worker / measured.seconds
        others = max(0.0, (os.cpu_count() or 1) - idle - sum(shares.values()) / measured.seconds)
        self.notes.append(
            f"{name}: {measured.rate:,.0f}/s, p99 {measured.p99_ms:.1f} ms; CPU µs a request: {each}; "
            f"the worker was busy {busy:.0%} of its core, {idle:.2f} cores were idle, others took {others:.2f}"
        )


def _median(found: list[Measured]) -> float:
    return statistics.median(measured.rate for measured in found)


def _p50(found: list[Measured]) -> float:
    return statistics.median(measured.p50_ms for measured in found)


def _p99(found: list[Measured]) -> float:
    return statistics.median(measured.p99_ms for measured in found)


def basic(user: str, password: str) -> str:
    """The value of an Authorization header."""
    return "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()


def _size(url: str, headers: dict[str, str]) -> int:
    with urllib.request.urlopen(urllib.request.Request(url, headers=headers), timeout=30) as answer:
        return len(answer.read())
