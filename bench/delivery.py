"""Telling webhooks: how fast events leave, and what that takes from requests."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial

import httpcore

from bench import load, servers
from bench.ground import Ground, with_ledger
from bench.load import Traffic
from bench.measures import Line, basic
from bench.servers import Server
from testamur.core.ids import Id, to_hex24
from testamur.core.webhooks import NewWebhook
from testamur.delivery.deliverer import Deliverer
from testamur.delivery.sender import Sender
from testamur.dialects import ALL
from testamur.ledger import Ledger

EVENTS = 10_000
WEBHOOKS = 10
_NOTICES = {dialect.name: dialect.notices for dialect in ALL if dialect.notices is not None}
_WANTED = {"api": "record.created", "rise": "course.completed", "thrive": "content.completed"}
_FINISH_SECONDS_MAX = 600
_APART = 1_000_000  # numbers between the loads, so that no completion is posted twice


@dataclass
class Telling:
    """A run of deliveries of `events` events, and of ingest loads of `seconds`.

    Args:
        worker: one that leaves webhooks to others.
    """

    ground: Ground
    worker: Server
    seconds: int
    rounds: int
    events: int = EVENTS
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    _number: int = _APART

    def everything(self) -> None:
        """Both measures. Webhooks of the first are removed before the second begins."""
        while self._last_entry() - self._first < self.events:
            self._post(self.worker, 1)
        with servers.bare(self.ground, 2) as receiver:
            self.delivery(receiver)
        self.ingest()

    def delivery(self, receiver: Server) -> None:
        """Events of each dialect to one address, then ours to ten, beside a bare client of the same library."""
        alone = self._floor(receiver, 1)
        for dialect in _WANTED:
            rate = self._told(receiver, dialect, 1)
            name = f"{self.events:,} events of {dialect}, one webhook"
            floor = f"bare httpcore, one after another {alone:,.0f}/s"
            self.lines.append(Line(name, f"{rate:,.0f}/s", floor, rate / alone, 0.5))
        together = self._floor(receiver, WEBHOOKS)
        rate = self._told(receiver, "api", WEBHOOKS)
        name = f"{self.events:,} events of api, {WEBHOOKS} webhooks"
        floor = f"bare httpcore, {WEBHOOKS} at once {together:,.0f}/s"
        self.lines.append(Line(name, f"{rate:,.0f}/s", floor, rate / together, 0.5))

    def ingest(self) -> None:
        """Completions posted to a worker that tells ten webhooks of each, beside the same without webhooks."""
        told = {"TESTAMUR_WEBHOOKS_TO_PRIVATE_ADDRESSES": "true"}
        without: list[float] = []
        within: list[float] = []
        with servers.worker(self.ground, told, "telling") as worker, servers.bare(self.ground, 2) as receiver:
            self._post(worker, 1)
            for _ in range(self.rounds):
                without.append(self._post(worker, self.seconds))
                made = with_ledger(
                    self.ground.urls, lambda ledger: _hooks(ledger, self.ground, receiver, "api", WEBHOOKS)
                )
                time.sleep(1)
                within.append(self._post(worker, self.seconds))
                delivered = with_ledger(self.ground.urls, partial(_drop, self.ground, made))
                self.notes.append(f"while ingesting, {delivered:,} events were delivered to {WEBHOOKS} webhooks")
        rate, floor = statistics.median(within), statistics.median(without)
        self.lines.append(
            Line(f"ingest, {WEBHOOKS} webhooks", f"{rate:,.0f}/s", f"without any {floor:,.0f}/s", rate / floor, 0.8)
        )

    @property
    def _first(self) -> int:
        """The last entry of the ground itself: each entry behind it is a completion or a webhook's own."""
        return len(self.ground.people) + len(self.ground.items) + 10

    def _last_entry(self) -> int:
        async def last(ledger: Ledger) -> int:
            return (await ledger.webhooks.waiting(self.ground.tenant.id, 0, (), 1))[1]

        return with_ledger(self.ground.urls, last)

    def _post(self, worker: Server, seconds: int) -> float:
        headers = {
            "Authorization": basic(self.ground.tenant.slug, self.ground.key.secret),
            "Content-Type": "application/json",
        }
        people, items = ([to_hex24(id) for id in ids] for ids in (self.ground.people, self.ground.items))
        url = f"{worker.url}/thrive/rest/v1/learning/completions"
        measured = load.run(Traffic(url, headers, people, items), seconds, first=self._number)
        self._number += measured.requests + 1_000
        return measured.rate

    def _floor(self, receiver: Server, lanes: int) -> float:
        """Posts of a bare client a second, of a body as long as an event's."""
        spent = time.process_time()
        rate = asyncio.run(_bare(receiver.url, self.events, lanes))
        self._note(f"bare posts, {lanes} at once", time.process_time() - spent, self.events)
        return rate

    def _note(self, what: str, cpu_seconds: float, count: int) -> None:
        self.notes.append(f"{what}: {1e6 * cpu_seconds / count:,.0f} µs of CPU each")

    def _told(self, receiver: Server, dialect: str, count: int) -> float:
        """Events a second, from the wish to tell them again until the last was told and noted."""
        return with_ledger(self.ground.urls, lambda ledger: self._tell(ledger, receiver, dialect, count), 10)

    async def _tell(self, ledger: Ledger, receiver: Server, dialect: str, count: int) -> float:
        tenant = self.ground.tenant.id
        made = await _hooks(ledger, self.ground, receiver, dialect, count)
        each = self.events // count
        entries, last = await ledger.webhooks.waiting(tenant, self._first, ("record.created",), each)
        for id in made:
            await ledger.webhooks.replay(tenant, id, first=entries[0].number, last=last)
        sender = Sender(to_private_addresses=True)
        started = time.perf_counter()
        spent = time.process_time()
        running = asyncio.create_task(Deliverer(ledger, _NOTICES, sender).run())
        try:
            async with asyncio.timeout(_FINISH_SECONDS_MAX):
                for id in made:
                    await _told_again(ledger, tenant, id)
            took = time.perf_counter() - started
            self._note(f"events of {dialect}, {count} webhooks", time.process_time() - spent, each * count)
        finally:
            running.cancel()
            await asyncio.gather(running, return_exceptions=True)
            await sender.close()
        for id in made:
            dead = await ledger.webhooks.deliveries(tenant, id, delivered=False, count=1)
            if dead:
                raise load.LoadFailed(f"an event was not delivered: {dead[0].error}")
            await ledger.webhooks.remove(tenant, id)
        return each * count / took


async def _told_again(ledger: Ledger, tenant: Id, id: Id) -> None:
    while (await ledger.webhooks.get(tenant, id)).replay is not None:  # noqa: ASYNC110 - another process could end it
        await asyncio.sleep(0.02)


async def _bare(url: str, posts: int, lanes: int) -> float:
    body = b"x" * 300
    headers = [("Content-Type", "application/json"), ("User-Agent", "bench"), ("webhook-signature", "x" * 50)]
    async with httpcore.AsyncConnectionPool(max_connections=100, max_keepalive_connections=100) as pool:

        async def lane(count: int) -> None:
            for _ in range(count):
                answer = await pool.request("POST", f"{url}/hook", headers=headers, content=body)
                if answer.status != 200:
                    raise load.LoadFailed(f"the receiver answered {answer.status}")

        await lane(100)
        started = time.perf_counter()
        await asyncio.gather(*(lane(posts // lanes) for _ in range(lanes)))
        return posts // lanes * lanes / (time.perf_counter() - started)


async def _hooks(ledger: Ledger, ground: Ground, receiver: Server, dialect: str, count: int) -> list[Id]:
    notices = _NOTICES[dialect]
    made = []
    for number in range(count):
        new = NewWebhook(
            dialect=dialect,
            name="bench",
            url=f"{receiver.url}/hook/{number}",
            events=(_WANTED[dialect],),
            secret=notices.secret(None) or "secret",
            base_url="https://hub.example.com",
        )
        made.append((await ledger.webhooks.add(ground.tenant.id, new)).id)
    return made


async def _drop(ground: Ground, made: Sequence[Id], ledger: Ledger) -> int:
    """Remove webhooks and say how many events were delivered to them."""
    told = 0
    for id in made:
        told += len(await ledger.webhooks.deliveries(ground.tenant.id, id, count=100_000))
        await ledger.webhooks.remove(ground.tenant.id, id)
    return told
