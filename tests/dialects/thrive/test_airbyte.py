"""Airbyte's source-thrive-learning, replayed: its exact requests, its way of paging and of resuming.

It asks for 200 rows a page, stops at the first page that is shorter, looks at nothing but `results`, and moves a cursor
over the activities' `date`, which it reads in one form only and keeps to the second.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlencode

import httpx
import pytest

from testamur.core.ids import to_hex24
from testamur.core.items import NewItem
from testamur.core.people import Identifier, NewPerson
from tests import plain
from tests.hub import Hub, moment
from tests.ledger.tellings import completion, tell_at_once

PER_PAGE = 200
START = "2025-01-01 00:00:00"
HEADERS = {
    "accept": "*/*",
    "accept-encoding": "gzip, deflate",
    "user-agent": "python-requests/2.32.3",
    "connection": "keep-alive",
}

Rows = list[dict[str, Any]]


def nothing_else() -> None:
    """What happens between two pages when nothing does."""


class Airbyte:
    """One connection of the connector. `state` is what it keeps from one run to the next."""

    def __init__(self, hub: Hub) -> None:
        self.client = plain.Client(
            base_url=f"{hub.server.url}/thrive", auth=(hub.tenant.slug, hub.key.secret), headers=HEADERS
        )
        hub.clients.append(self.client)
        self.state = START
        self.requests = 0

    def check(self) -> bool:
        return self.client.get("/rest/v1/contents?page=1&perPage=200").status_code == 200

    def read(self, stream: str, between: Callable[[], None] = nothing_else, **query: str) -> Rows:
        """Every row of a stream. `between` is called after each page."""
        return [row for page in self._pages(stream, query, between) for row in page]

    def activities(self, between: Callable[[], None] = nothing_else) -> Rows:
        """What is new since the last run, and the rows of its last second again."""
        now = datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")
        rows = self.read("activities", between, timestampFrom=self.state, timestampTo=now)
        for row in rows:
            date = datetime.strptime(row["date"], "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007 - the only form it reads
            self.state = max(self.state, date.strftime("%Y-%m-%d %H:%M:%S"))
        return rows

    def _pages(self, stream: str, query: dict[str, str], between: Callable[[], None]) -> Iterator[Rows]:
        page = 1
        while True:
            # Blanks as + and colons as %3A.
            answer = self.client.get(
                f"/rest/v1/{stream}?{urlencode({'page': str(page), 'perPage': str(PER_PAGE), **query})}"
            )
            self.requests += 1
            assert answer.status_code == 200, answer.text
            rows: Rows = answer.json()["results"]
            yield rows
            if len(rows) < PER_PAGE:
                return
            page += 1
            between()


@pytest.fixture
def airbyte(hub: Hub) -> Airbyte:
    return Airbyte(hub)


def learn(hub: Hub, count: int) -> None:
    """So many new completions."""
    told = tell_at_once(hub, *(completion(moment()) for _ in range(count)))
    assert not [error for error in told if isinstance(error, BaseException)]


def ids(rows: Rows) -> list[str]:
    return [row["id"] for row in rows]


def everything(airbyte: Airbyte) -> Rows:
    """All activities, in pages of another size and without dates."""
    answer = airbyte.client.get("/rest/v1/activities?perPage=1000").json()
    assert answer["pagination"]["totalPages"] <= 1
    rows: Rows = answer["results"]
    return rows


def test_the_check_passes_and_a_wrong_password_fails_it(hub: Hub, airbyte: Airbyte) -> None:
    assert airbyte.check()
    airbyte.client.auth = httpx.BasicAuth(hub.tenant.slug, "wrong")
    answer = airbyte.client.get("/rest/v1/contents?page=1&perPage=200")
    assert answer.status_code == 401
    assert isinstance(answer.json()["message"], str)


@pytest.mark.parametrize(("count", "requests"), [(0, 1), (PER_PAGE - 1, 1), (PER_PAGE, 2), (2 * PER_PAGE + 1, 3)])
def test_a_full_read_sees_every_activity_once(hub: Hub, airbyte: Airbyte, count: int, requests: int) -> None:
    """A full last page costs one more request, which must be answered with an empty page."""
    if count:
        learn(hub, count)
    rows = airbyte.activities()
    assert airbyte.requests == requests
    assert len(set(ids(rows))) == count
    assert rows == everything(airbyte)


def test_the_cursor_moves_and_the_next_run_repeats_the_last_second_only(hub: Hub, airbyte: Airbyte) -> None:
    learn(hub, 3)
    first = airbyte.activities()
    assert airbyte.state != START
    assert airbyte.state.replace(" ", "T") == first[-1]["date"][:19]
    again = airbyte.activities()
    assert set(ids(again)) <= set(ids(first))
    assert all(row["date"][:19] == first[-1]["date"][:19] for row in again)


def test_rows_that_arrive_between_pages_are_neither_missed_nor_repeated(hub: Hub, airbyte: Airbyte) -> None:
    """Within a run no row comes twice; after a quiet run nothing is missing."""
    learn(hub, PER_PAGE + 50)
    seen: dict[str, dict[str, Any]] = {}
    for _ in range(4):
        rows = airbyte.activities(between=lambda: learn(hub, 37))
        assert len(set(ids(rows))) == len(rows), "a page moved while it was being read"
        for row in rows:
            assert seen.setdefault(row["id"], row) == row, "a row changed between two runs"
    # The second that has begun belongs to the next run.
    missing = [row for row in everything(airbyte) if row["id"] not in seen]
    assert all(row["date"][:19].replace("T", " ") >= airbyte.state for row in missing)
    seen |= {row["id"]: row for row in airbyte.read("activities", timestampFrom=airbyte.state)}
    assert seen.keys() == set(ids(everything(airbyte)))


def test_a_run_beside_busy_writers_and_the_one_after_it_see_everything(hub: Hub, airbyte: Airbyte) -> None:
    learn(hub, PER_PAGE)
    with ThreadPoolExecutor(2) as pool:
        writers = [pool.submit(learn, hub, 25) for _ in range(12)]
        runs = [airbyte.activities() for _ in range(3)]
        for writer in writers:
            writer.result()
    for rows in runs:
        assert len(set(ids(rows))) == len(rows)
        assert [row["date"] for row in rows] == sorted(row["date"] for row in rows)
    runs.append(airbyte.read("activities", timestampFrom=airbyte.state))
    assert {id for rows in runs for id in ids(rows)} == set(ids(everything(airbyte)))
    assert len(everything(airbyte)) == PER_PAGE + 300


def test_contents_are_read_to_the_end(hub: Hub, airbyte: Airbyte) -> None:
    hub.do(hub.ledger.items.add(hub.caller, [NewItem(title=f"Item {number}") for number in range(PER_PAGE + 8)]))
    rows = airbyte.read("contents")
    assert airbyte.requests == 2
    assert len(set(ids(rows))) == len(rows) == PER_PAGE + 10, "with the hub's two, and without its draft"
    assert to_hex24(hub.item) in ids(rows)
    assert to_hex24(hub.draft) not in ids(rows)


def test_users_are_read_to_the_end(hub: Hub, airbyte: Airbyte) -> None:
    new = [NewPerson(given_name="N", identifiers=(Identifier("ref", f"r{number}"),)) for number in range(PER_PAGE)]
    hub.do(hub.ledger.people.add(hub.caller, new))
    rows = airbyte.read("users")
    assert airbyte.requests == 2
    assert len(set(ids(rows))) == len(rows) == PER_PAGE + 2
    assert {to_hex24(hub.person), to_hex24(hub.other_person)} < set(ids(rows))


def test_the_three_streams_are_read_side_by_side(hub: Hub, airbyte: Airbyte) -> None:
    learn(hub, PER_PAGE + 1)
    with ThreadPoolExecutor(3) as pool:
        contents = pool.submit(airbyte.read, "contents")
        users = pool.submit(airbyte.read, "users")
        activities = pool.submit(airbyte.activities)
        assert set(ids(contents.result())) == {to_hex24(hub.item), to_hex24(hub.third_party)}
        assert set(ids(users.result())) == {to_hex24(hub.person), to_hex24(hub.other_person)}
        assert len(activities.result()) == PER_PAGE + 1
