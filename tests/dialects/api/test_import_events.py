"""Imports as they go on: /v1/imports/{import}/events, by server-sent events (the HTML standard, section 9.2)."""

from __future__ import annotations

import asyncio
import io
import json
import threading
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from testamur.core.errors import TestamurError
from testamur.core.ids import to_hex24, to_ulid
from testamur.core.imports import Batch, Options
from testamur.dialects.api.operations import imports
from testamur.ledger import Ledger
from testamur.storage.database import Database, DatabaseUrls
from tests import plain
from tests.dialects.api.problems import problem
from tests.hub import Hub, Server
from tests.waiting import eventually

HEAD = b"employee_id,learning,completed_on\n"
PATH = "/v1/imports"


@dataclass(frozen=True)
class Event:
    name: str
    id: str
    data: Any


class Stream:
    """The lines of an answer as the events they are."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()
        self.comments = 0
        self.retry: int | None = None

    def __iter__(self) -> Iterator[Event]:
        fields: dict[str, str] = {}
        for line in self._lines:
            if line.startswith(":"):
                self.comments += 1
            elif line:
                name, _, value = line.partition(": ")
                fields[name] = value
            else:
                if "retry" in fields:
                    self.retry = int(fields.pop("retry"))
                if fields:
                    yield Event(fields["event"], fields["id"], json.loads(fields["data"]))
                fields = {}


@contextmanager
def watched(client: httpx.Client, id: str, last: str | None = None) -> Iterator[Stream]:
    headers = {} if last is None else {"last-event-id": last}
    with client.stream("GET", f"{PATH}/{id}/events", headers=headers) as answer:
        assert answer.status_code == 200, answer.read()
        assert answer.headers["content-type"] == "text/event-stream"
        assert answer.headers["cache-control"] == "no-store"
        yield Stream(answer)


class Slow(io.BytesIO):
    """A file whose rows can be read up to a place only, until it is let; its digest is taken before that."""

    def __init__(self, content: bytes, place: int) -> None:
        super().__init__(content)
        self._place = place
        self._rewound = 0
        self.goes_on = threading.Event()

    def read(self, size: int | None = -1, /) -> bytes:
        if self._rewound >= 2 and self.tell() >= self._place:
            assert self.goes_on.wait(60)
        return super().read(size)

    def seek(self, place: int, whence: int = 0, /) -> int:
        self._rewound += place == whence == 0
        return super().seek(place, whence)


@contextmanager
def elsewhere(urls: DatabaseUrls, hub: Hub, file: io.BytesIO) -> Iterator[Future[Batch]]:
    """The rehearsal of a file as the command line does it: in a loop and with a database of its own."""

    async def rehearse() -> Batch:
        database = Database(urls, connections_max=3)
        await database.open()
        try:
            return await Ledger.on(database).imports.rehearse(hub.caller, file, name="history.csv", options=Options())
        finally:
            await database.close()

    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(asyncio.run, rehearse())


def reading(client: httpx.Client) -> dict[str, Any]:
    """The import that is being read, once there is one."""
    while True:
        for found in client.get(PATH).json()["data"]:
            if found["state"] == "reading" and found["rows"]:
                one: dict[str, Any] = found
                return one


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def rehearsed(client: httpx.Client, content: bytes = HEAD + b"00123,FIRE-101,2023-05-04\n") -> str:
    answer = client.post(PATH, content=content, headers={"content-type": "text/csv"})
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def test_a_rehearsal_by_another_process_is_told_as_it_goes_on(
    hub: Hub, urls: DatabaseUrls, client: httpx.Client
) -> None:
    lines = b"".join(b"00123,FIRE-101,2023-05-%02d\n" % (day % 28 + 1) for day in range(40_000))
    bad = b"999,FIRE-101,2023-05-04\n" * 5
    file = Slow(HEAD + bad + lines, len(lines) // 2)
    with elsewhere(urls, hub, file) as done:
        found = reading(client)
        with watched(client, found["id"]) as stream:
            events = iter(stream)
            event = next(event for event in events if event.data["progress"]["done"])
            assert (event.name, event.data["state"]) == ("progress", "reading")
            progress = event.data["progress"]
            assert (progress["stage"], progress["unit"], progress["total"]) == ("read", "bytes", len(file.getvalue()))
            assert 0 < progress["done"] < progress["total"]
            assert event.data["rows"] >= 8_000
            assert sum(event.data["outcomes"].values()) == event.data["rows"]
            assert event.data["outcomes"]["held"] == 5
            shown = client.get(f"{PATH}/{found['id']}").json()
            assert shown["progress"]["stage"] == "read"
            assert {name: shown[name] for name in ("rows", "outcomes")} == {
                name: event.data[name] for name in ("rows", "outcomes")
            }
            problem(client.post(f"{PATH}/{found['id']}/commit"), 409, "import_state")
            file.goes_on.set()
            rest = list(events)
        assert done.result(60).rows == 40_005
    assert [event.name for event in rest][-1] == "end"
    assert [event.name for event in rest].count("end") == 1
    assert rest[-1].data == client.get(f"{PATH}/{found['id']}").json()
    assert rest[-1].data["state"] == "rehearsed"
    assert stream.retry == 1000


def test_a_rate_and_what_remains_follow_from_it(hub: Hub, urls: DatabaseUrls, client: httpx.Client) -> None:
    lines = b"00123,FIRE-101,2023-05-04\n" * 30_000
    file = Slow(HEAD + lines, len(lines) // 2)
    with elsewhere(urls, hub, file) as done:
        id = reading(client)["id"]
        # What is noted first has nothing to divide by yet.
        while (shown := client.get(f"{PATH}/{id}").json()["progress"])["per_second"] is None:
            assert shown["remaining_seconds"] is None
        file.goes_on.set()
        done.result(60)
    left = shown["total"] - shown["done"]
    assert shown["remaining_seconds"] == pytest.approx(left / shown["per_second"], abs=0.2, rel=0.01)


def test_a_file_that_is_refused_while_it_is_watched_is_gone(hub: Hub, urls: DatabaseUrls, client: httpx.Client) -> None:
    lines = b"00123,FIRE-101,2023-05-04\n" * 30_000
    file = Slow(HEAD + lines + b"00123,FIRE-101,03/04/2024\n", len(lines) // 2)
    with elsewhere(urls, hub, file) as done:
        id = reading(client)["id"]
        with watched(client, id) as stream:
            events = iter(stream)
            assert next(events).name == "progress"
            file.goes_on.set()
            assert list(events)[-1] == Event("gone", "gone", None)
        with pytest.raises(TestamurError, match="03/04/2024"):
            done.result(60)
    problem(client.get(f"{PATH}/{id}/events"), 404, "import_not_found")


def test_a_commit_and_undoing_it_are_told(client: httpx.Client) -> None:
    content = HEAD + b"".join(b"00123,FIRE-101,20%02d-05-%02d\n" % (n // 28 % 20, n % 28 + 1) for n in range(500))
    id = rehearsed(client, content)
    for verb, stage, state in (("commit", "committed", "committed"), ("undo", "undone", "undone")):
        assert client.post(f"{PATH}/{id}/{verb}").json()["progress"]["stage"] == stage
        with watched(client, id) as stream:
            events = list(stream)
        for event in events[:-1]:
            assert (event.name, event.data["progress"]["stage"]) == ("progress", stage)
            assert event.data["progress"]["unit"] == "rows"
            assert event.data["rows"] == event.data["progress"]["total"] == 500
        done = [event.data["progress"]["done"] for event in events[:-1]]
        assert done == sorted(done)
        assert (events[-1].name, events[-1].data["state"], events[-1].data["done"]) == ("end", state, 500)


def test_who_has_seen_the_end_comes_back_no_more(client: httpx.Client) -> None:
    id = rehearsed(client)
    with watched(client, id) as stream:
        (event,) = stream
    assert event.name == "end"
    answer = client.get(f"{PATH}/{id}/events", headers={"last-event-id": event.id})
    assert (answer.status_code, answer.content) == (204, b"")
    for other in ("progress.1", "", "x" * 1000):
        with watched(client, id, other) as stream:
            assert list(stream) == [event]
    client.post(f"{PATH}/{id}/commit")
    with watched(client, id, event.id) as stream:
        assert [event.data["state"] for event in stream][-1] == "committed"


def test_who_comes_back_is_not_told_the_same_again(hub: Hub, urls: DatabaseUrls, client: httpx.Client) -> None:
    lines = b"00123,FIRE-101,2023-05-04\n" * 30_000
    file = Slow(HEAD + lines, len(lines) // 2)
    with elsewhere(urls, hub, file) as done:
        id = reading(client)["id"]
        with watched(client, id) as stream:
            # As far as the file can be read for now.
            seen = next(event for event in stream if event.data["rows"] == event_rows(client, id))
        with watched(client, id, seen.id) as stream:
            file.goes_on.set()
            rest = list(stream)
        done.result(60)
    assert seen.id not in [event.id for event in rest]
    assert rest[-1].name == "end"


def event_rows(client: httpx.Client, id: str) -> int:
    return int(client.get(f"{PATH}/{id}").json()["rows"])


@pytest.fixture
def slow(hub: Hub, urls: DatabaseUrls, client: httpx.Client) -> Iterator[str]:
    """The id of an import whose reading does not go on before the test is over."""
    lines = b"00123,FIRE-101,2023-05-04\n" * 30_000
    file = Slow(HEAD + lines, len(lines) // 2)
    with elsewhere(urls, hub, file) as done:
        try:
            yield reading(client)["id"]
        finally:
            file.goes_on.set()
        done.result(60)


def test_silence_is_broken_by_comments(client: httpx.Client, slow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(imports, "KEEP_ALIVE_SECONDS", 0.1)
    monkeypatch.setattr(imports, "STREAM_SECONDS_MAX", 4.0)
    with watched(client, slow) as stream:
        assert {event.name for event in stream} <= {"progress"}
    assert stream.comments > 1


def test_no_stream_lasts_for_ever(client: httpx.Client, slow: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """It ends as an answer should, and its reader comes back."""
    monkeypatch.setattr(imports, "STREAM_SECONDS_MAX", 0.2)
    with watched(client, slow) as stream:
        assert "end" not in [event.name for event in stream]


def test_a_client_holds_few_streams_and_gives_them_back(hub: Hub, client: httpx.Client, slow: str) -> None:
    limits = httpx.Limits(max_connections=20)
    with plain.Client(base_url=client.base_url, headers=client.headers, limits=limits) as many:
        answers = [many.send(many.build_request("GET", f"{PATH}/{slow}/events"), stream=True) for _ in range(5)]
        assert [answer.status_code for answer in answers] == [200] * 5
        refused = many.get(f"{PATH}/{slow}/events")
        problem(refused, 429, "rate_limited")
        assert refused.headers["retry-after"] == "1"
        reader = hub.client("api", hub.reader)
        with watched(reader, slow) as stream:
            assert next(iter(stream)).name == "progress"
        for answer in answers:
            answer.close()
        eventually(lambda: hub.key.client not in imports.STREAMS._taken)
        with watched(many, slow) as stream:
            assert next(iter(stream)).name == "progress"


def test_a_server_that_stops_ends_its_streams(urls: DatabaseUrls, client: httpx.Client, slow: str) -> None:
    with Server.start(urls, delivers_webhooks=False) as second:
        other = plain.Client(base_url=f"{second.url}/api", headers=client.headers)
        request = other.build_request("GET", f"{PATH}/{slow}/events")
        answer = other.send(request, stream=True)
        assert answer.status_code == 200
    events = list(Stream(answer))
    assert "end" not in [event.name for event in events]
    other.close()


def test_a_key_that_is_revoked_sees_no_more(hub: Hub, slow: str) -> None:
    key = hub.do(hub.ledger.clients.create(hub.tenant.id, "watcher"))
    with watched(hub.client("api", key), slow) as stream:
        events = iter(stream)
        assert next(events).name == "progress"
        hub.do(hub.ledger.clients.revoke(hub.tenant.id, key.key))
        assert "end" not in [event.name for event in events]


def test_only_imports_of_ones_own_can_be_watched(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    id = rehearsed(client)
    problem(other_hub.client("api").get(f"{PATH}/{id}/events"), 404, "import_not_found")
    for other in ("nonsense", to_hex24(hub.person), to_ulid(hub.person, "person")):
        problem(client.get(f"{PATH}/{other}/events"), 404, "import_not_found")
    with watched(hub.client("api", hub.reader), id.upper()) as stream:
        assert [event.name for event in stream] == ["end"]
    writer = hub.do(hub.ledger.clients.create(hub.tenant.id, "w", scopes=frozenset()))
    problem(hub.client("api", writer).get(f"{PATH}/{id}/events"), 403, "forbidden")
    problem(client.get(f"{PATH}/{id}/events", params={"wait": 1}), 422, "invalid")
    problem(client.post(f"{PATH}/{id}/events"), 405, "method_not_allowed")
    head = client.head(f"{PATH}/{id}/events")
    assert (head.status_code, head.content) == (200, b"")
