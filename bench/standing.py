"""Standing: what it costs to keep, to count and to prove."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime

from bench import load, pgbench
from bench.ground import Ground, caller_of, with_ledger
from bench.load import Measured, Traffic
from bench.measures import Line, basic
from bench.servers import Server
from testamur.core.assignments import NewAssignment
from testamur.core.audiences import NewAudience
from testamur.core.ids import Id, to_hex24
from testamur.core.items import ItemKind, NewItem
from testamur.core.people import Reference
from testamur.ledger import Ledger

PEOPLE = 100_000
_ASKED = 20
_WARMING_SECONDS = 2
_ITEMS = 100


@dataclass
class _Posts:
    """Completions of these items, from the number `first` on, of which so many were sent."""

    items: list[Id]
    first: int
    sent: int = 0


@dataclass
class Keeping:
    """An audience of `people` gets an assignment; then completions, counts, and a rebuild."""

    ground: Ground
    worker: Server
    people: int
    seconds: int
    rounds: int
    lines: list[Line] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def everything(self) -> None:
        """All measures."""
        self.touching()
        small, large = self.people // 10, self.people
        rates = [self._rebuilt(size) for size in (small, large)]
        floor = f"{small:,} lines {rates[0]:,.0f}/s"
        name = f"standing rebuild, {large:,} lines"
        self.lines.append(Line(name, f"{rates[1]:,.0f}/s", floor, rates[1] / rates[0], 0.8))

    def touching(self) -> None:
        """Completions through Thrive that touch one line each, beside those that touch none, in turns."""
        items = with_ledger(self.ground.urls, self._ask)
        pgbench.query(self.ground, "VACUUM ANALYZE")  # of all these lines at once, which is no cost of these posts
        pairs = len(self.ground.people) * _ITEMS
        none = _Posts(items["none"], 0)
        once, again = _Posts(items["one"], 0), _Posts(items["one"], pairs)  # in the same order, and later
        for kind in (none, once):  # what the service learns of items and lines it learns once
            self._post(kind, _WARMING_SECONDS)
        rate, floor, times = self._beside(none, once, self.rounds)
        self.notes.append(f"standing: times of a touched line by rounds {', '.join(f'{each:.2f}' for each in times)}")
        name, floor_name = "Thrive POST touching one line, time", f"touching none {floor:,.0f}/s"
        self.lines.append(Line(name, f"{rate:,.0f}/s", floor_name, statistics.median(times), 1.5, at_least=False))
        rate, floor, times = self._beside(none, again, -(-self.rounds // 3))
        self.notes.append(
            f"standing: touching one line that was completed before {rate:,.0f}/s, none {floor:,.0f}/s, "
            f"{statistics.median(times):.2f} times"
        )
        if once.sent > pairs or again.sent > once.sent:
            raise load.LoadFailed(f"of {pairs} lines {once.sent} were to be completed, {again.sent} of them again")

    def _beside(self, none: _Posts, other: _Posts, rounds: int) -> tuple[float, float, list[float]]:
        """Rates of the other kind and of none, and by rounds next to each other how many times the time.

        The machine may have fast and slow minutes.
        """
        found = [(self._post(other, self.seconds).rate, self._post(none, self.seconds).rate) for _ in range(rounds)]
        touching, nothing = (statistics.median(rates) for rates in zip(*found, strict=True))
        return touching, nothing, [none / other for other, none in found]

    async def _ask(self, ledger: Ledger) -> dict[str, list[Id]]:
        """Items that nobody completed yet: of some everybody is asked for each, of the others for none."""
        caller, items = caller_of(self.ground), dict[str, list[Id]]()
        for name in ("none", "one"):
            new = [NewItem(title=f"Course {name} {number}", kind=ItemKind.COURSE) for number in range(_ITEMS)]
            items[name] = await ledger.items.add(caller, new)
        audience = await ledger.audiences.add(caller, NewAudience(name="Everyone", reference="everyone"))
        await ledger.memberships.join(caller, audience, self.ground.people, date(2020, 1, 1))
        for item in items["one"]:
            await ledger.assignments.add(
                caller, NewAssignment(audience=Reference("everyone"), primary=Reference(str(item), (), "item"))
            )
        await ledger.standings.settle(self.ground.tenant.id)
        return items

    def _post(self, posts: _Posts, seconds: int) -> Measured:
        authorization = basic(self.ground.tenant.slug, self.ground.key.secret)
        people, contents = ([to_hex24(id) for id in ids] for ids in (self.ground.people, posts.items))
        url = f"{self.worker.url}/thrive/rest/v1/learning/completions"
        headers = {"Authorization": authorization, "Content-Type": "application/json"}
        measured = load.run(Traffic(url, headers, people, contents), seconds, first=posts.first + posts.sent)
        posts.sent += measured.requests + load.CONNECTIONS  # the last of each connection is not counted
        return measured

    def _rebuilt(self, people: int) -> float:
        """Lines a second of a rebuild over an audience of so many, and what its counts cost on the way."""
        ground, reference = self.ground, f"audience-{people}"
        before = int(pgbench.query(ground, "SELECT count(*) FROM obligation"))
        assignment, took = with_ledger(ground.urls, lambda ledger: self._fill(ledger, people, reference))
        self.notes.append(f"standing: {people:,} lines made in the background at {people / took:,.0f}/s")
        if people == self.people:
            self._count(assignment, people)
        started = time.monotonic()
        lines = with_ledger(ground.urls, self._rebuild)
        rate = lines / (time.monotonic() - started)
        self.notes.append(f"standing: {lines:,} lines rebuilt at {rate:,.0f}/s, {before:,} obligations before them")
        return rate

    async def _rebuild(self, ledger: Ledger) -> int:
        rebuilt = await ledger.standings.rebuild(self.ground.tenant.id, processes=2)
        if rebuilt.differences:
            raise load.LoadFailed(f"{rebuilt.differences} stored lines were not what the facts say")
        return rebuilt.lines

    async def _fill(self, ledger: Ledger, people: int, reference: str) -> tuple[Id, float]:
        caller, tenant = caller_of(self.ground), self.ground.tenant.id
        audience = await ledger.audiences.add(caller, NewAudience(name=reference, reference=reference))
        place = int(pgbench.query(self.ground, f"SELECT max(place) FROM person WHERE tenant = '{tenant}'"))
        # Ids in the order of time, as the service makes them.
        made = f"""
            INSERT INTO person (tenant, id, place, given_name, family_name, created_at, updated_at)
            SELECT '{tenant}', (lpad(to_hex({place} + n), 12, '0') || '7' || substr(md5(n::text), 1, 3)
                                || '8' || substr(md5(n::text), 4, 15))::uuid,
                   {place} + n, 'Ada', 'Okafor ' || n, now(), now()
            FROM generate_series(1, {people}) AS n;
            INSERT INTO membership (tenant, audience, person, joined_on, joined_recorded_at)
            SELECT tenant, '{audience}', id, '2024-01-01', '2024-01-01' FROM person
            WHERE tenant = '{tenant}' AND place > {place};
            """
        pgbench.query(self.ground, made)
        pgbench.query(self.ground, "VACUUM ANALYZE")
        started = time.monotonic()
        item = Reference(str(self.ground.items[0]), (), "item")
        new = NewAssignment(audience=Reference(reference), primary=item, recurrence_days=365)
        assignment = await ledger.assignments.add(caller, new)
        await ledger.standings.settle(tenant)
        return assignment.id, time.monotonic() - started

    def _count(self, assignment: Id, people: int) -> None:
        """Counts by status on one day, beside a plain count of the same rows."""
        pgbench.query(self.ground, "VACUUM ANALYZE standing")
        counted, plain = with_ledger(self.ground.urls, lambda ledger: self._timed(ledger, assignment))
        name, floor = f"counts by status, {people:,} people", f"count(*) over the same rows {plain:.1f} ms"
        self.lines.append(Line(name, f"{counted:.1f} ms", floor, counted / plain, 3, at_least=False))

    async def _timed(self, ledger: Ledger, assignment: Id) -> tuple[float, float]:
        today = datetime.now(UTC).date()
        plain = f"""
            SELECT count(*) FROM standing WHERE tenant = '{self.ground.tenant.id}' AND assignment = '{assignment}'
            AND from_on <= '{today}' AND (until_on > '{today}' OR until_on IS NULL)
            """

        async def count() -> None:
            async with ledger.standings._database.read(self.ground.tenant.id) as tx:
                await tx._connection.fetchval(plain)

        async def counts() -> None:
            async with ledger.standings._database.read(self.ground.tenant.id) as tx:
                bounds = {"assignment": assignment, "audience": None, "manager": None, "item": None}
                await tx.rows("standing_counts", day=today, **bounds)

        return await _median(counts), await _median(count)


async def _median(work: Callable[[], Awaitable[None]]) -> float:
    took = []
    for _ in range(_ASKED):
        started = time.perf_counter()
        await work()
        took.append(1000 * (time.perf_counter() - started))
        await asyncio.sleep(0)
    return statistics.median(took)
