"""Imports of what was uploaded in parts."""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Coroutine
from contextlib import asynccontextmanager
from datetime import timedelta
from typing import Any

import httpx
import pytest

from testamur.core.ids import Id, new_id, to_ulid
from testamur.core.imports import Batch
from testamur.core.uploads import Rehearsal, UploadInUse
from testamur.ledger import Ledger, import_requests, utc_now
from testamur.ledger.uploads import KEPT
from testamur.storage.database import DatabaseUrls
from tests.dialects.api.imports import until
from tests.dialects.api.problems import problem
from tests.dialects.api.uploads import HISTORY, TUS, create, id_of, send
from tests.hub import Hub
from tests.storage.databases import connected


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def test_an_upload_becomes_an_import_as_often_as_it_is_named(client: httpx.Client) -> None:
    place = create(client, len(HISTORY), filename="history.csv", filetype="text/csv")
    id = place.rpartition("/")[2]
    problem(client.post("/v1/imports", params={"upload": id}), 409, "upload_unfinished")
    send(client, place, 0, HISTORY)
    answer = client.post("/v1/imports", params={"upload": id, "source": "lms"})
    made = answer.json()
    assert answer.status_code == 202
    assert answer.headers["location"].endswith(f"/api/v1/imports/{made['id']}")
    assert (made["state"], made["upload"], made["name"], made["bytes"]) == ("reading", id, "history.csv", len(HISTORY))
    found = until(client, made["id"], "rehearsed")
    assert (found["rows"], found["outcomes"]["created"], found["outcomes"]["held"]) == (2, 1, 1)
    assert found["sha256"] == hashlib.sha256(HISTORY).hexdigest()
    assert (found["options"]["source"], found["refusal"], found["progress"]) == ("lms", None, None)
    assert client.post(f"/v1/imports/{made['id']}/commit").status_code == 202
    until(client, made["id"], "committed")
    again = client.post("/v1/imports", params={"upload": id, "name": "again", "source": "lms"}).json()
    found = until(client, again["id"], "rehearsed")
    assert (found["name"], found["outcomes"]["already_present"]) == ("again", 1)


def test_an_import_may_begin_with_the_last_byte(client: httpx.Client) -> None:
    text = b"Wer;Was;Wann\n00123;FIRE-101;04.05.2023\n"
    place = create(
        client,
        len(text),
        rehearse="",
        filename="verlauf.csv",
        date_form="DD.MM.YYYY",
        mapping='{"columns":{"Wer":"person:ref","Was":"learning:ref","Wann":"completed_on"}}',
    )
    send(client, place, 0, text[:20])
    assert client.get(place).json()["import"] is None
    send(client, place, 20, text[20:])
    found = until(client, client.get(place).json()["import"], "rehearsed")
    assert (found["name"], found["outcomes"]["created"]) == ("verlauf.csv", 1)
    other = create(client, 0, rehearse="false")
    assert client.get(other).json()["import"] is None


def test_people_come_by_uploads_as_well(client: httpx.Client) -> None:
    text = b"ref,given_name,family_name,email\n00777,Grace,Hopper,grace@example.com\n"
    place = create(client, len(text), rehearse="", of="people", filename="people.csv")
    send(client, place, 0, text)
    found = until(client, client.get(place).json()["import"], "rehearsed", "refused")
    assert (found["of"], found["state"], found["outcomes"]["created"]) == ("people", "rehearsed", 1)
    again = client.post("/v1/imports", params={"upload": place.rpartition("/")[2], "of": "people"}).json()
    assert until(client, again["id"], "rehearsed")["of"] == "people"
    client.post(f"/v1/imports/{again['id']}/commit")
    until(client, again["id"], "committed")
    assert client.get("/v1/people/ref:00777").json()["given_name"] == "Grace"


@pytest.mark.parametrize(
    ("content", "filetype", "code"),
    [
        (b"", "text/csv", "file_unreadable"),
        (b"a,b\n1,2\n", "text/csv", "file_refused"),
        (b"PAR1 no", "", "file_unreadable"),
        (HISTORY, "application/vnd.apache.parquet", "file_unreadable"),
    ],
)
def test_why_an_upload_was_refused_stays_readable(
    hub: Hub, client: httpx.Client, content: bytes, filetype: str, code: str
) -> None:
    place = create(client, len(content), rehearse="true", filetype=filetype)
    if content:
        send(client, place, 0, content)
    id = client.get(place).json()["import"]
    found = until(client, id, "refused")
    assert found["refusal"]["code"] == code
    assert found["refusal"]["detail"]
    assert (found["rows"], found["progress"], sum(found["outcomes"].values())) == (0, None, 0)
    assert client.get(f"/v1/imports/{id}/rows").json()["data"] == []
    for verb in ("commit", "undo"):
        problem(client.post(f"/v1/imports/{id}/{verb}"), 409, "import_state")
    assert client.get("/v1/imports").json()["data"][0]["state"] == "refused"
    feed = client.get("/v1/feed", params={"limit": 1000}).json()["data"]
    assert [entry["kind"] for entry in feed if entry["subject"]["id"] == id] == ["import.requested", "import.refused"]


@asynccontextmanager
async def holding(hub: Hub, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Id]:
    """The id that the next import of an upload gets; within the block the servers' workers are kept from it."""
    id = new_id()
    with monkeypatch.context() as patched:
        patched.setattr(import_requests, "new_id", lambda: id)
        async with hub.ledger.database.exclusively(id) as is_mine:
            assert is_mine
            yield id


def asked(hub: Hub, place: str) -> Coroutine[Any, Any, Batch]:
    told = Rehearsal(name="history.csv", format=None, options={})
    return hub.ledger.imports.request(hub.caller, id_of(place), told)


def test_an_upload_that_is_being_read_stays(hub: Hub, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    place = create(client, len(HISTORY))
    send(client, place, 0, HISTORY)
    now = utc_now()
    later = Ledger.on(hub.ledger.database, lambda: now + KEPT + timedelta(seconds=60))

    async def read() -> str:
        async with holding(hub, monkeypatch) as id:
            batch = await asked(hub, place)
            assert (batch.id, batch.stage and batch.stage.name) == (id, "waiting")
            with pytest.raises(UploadInUse):
                await hub.ledger.uploads.remove(hub.caller, id_of(place))
            while await later.uploads.prune():
                pass
            assert (await later.uploads.get(hub.tenant.id, id_of(place))).received == len(HISTORY)
            assert not await hub.ledger.imports.rehearse_upload(hub.tenant.id, id)
        return to_ulid(id, "import")

    id = hub.do(read())
    until(client, id, "rehearsed")
    assert client.delete(place, headers=TUS).status_code == 204
    problem(client.post("/v1/imports", params={"upload": place.rpartition("/")[2]}), 422, "upload_not_found")
    assert until(client, id, "rehearsed")["upload"] == place.rpartition("/")[2]


def changed(urls: DatabaseUrls, sql: str, *arguments: Any) -> Coroutine[Any, Any, None]:
    async def change() -> None:
        async with connected(urls.owner) as connection:
            await connection.execute(sql, *arguments)

    return change()


def test_a_reading_that_was_killed_begins_anew(
    hub: Hub, urls: DatabaseUrls, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = create(client, len(HISTORY))
    send(client, place, 0, HISTORY)

    async def left() -> str:
        async with holding(hub, monkeypatch) as id:
            await asked(hub, place)
            row = (
                "INSERT INTO import_row (tenant, batch, number, raw, outcome, source, id)"
                " SELECT $1, $2, n, 'left', 'rejected', 'x', gen_random_uuid() FROM generate_series(1, 50) n"
            )
            await changed(urls, row, hub.tenant.id, id)
            await changed(urls, "UPDATE import_batch SET attempts = 1, rows = 50 WHERE id = $1", id)
        return to_ulid(id, "import")

    found = until(client, hub.do(left()), "rehearsed")
    assert (found["rows"], found["outcomes"]["created"], found["outcomes"]["held"]) == (2, 1, 1)


def test_a_reading_that_is_killed_each_time_is_given_up(
    hub: Hub, urls: DatabaseUrls, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = create(client, len(HISTORY))
    send(client, place, 0, HISTORY)

    async def left() -> str:
        async with holding(hub, monkeypatch) as id:
            await asked(hub, place)
            await changed(urls, "UPDATE import_batch SET attempts = 10 WHERE id = $1", id)
        return to_ulid(id, "import")

    found = until(client, hub.do(left()), "refused")
    assert "given up after 10 attempts" in found["refusal"]["detail"]


def test_an_import_takes_a_file_or_an_upload(client: httpx.Client) -> None:
    place = create(client, 0)
    id = place.rpartition("/")[2]
    told = problem(client.post("/v1/imports"), 422, "invalid")
    assert [(fault["parameter"], fault["code"]) for fault in told["errors"]] == [("upload", "missing")]
    both = client.post("/v1/imports", params={"upload": id}, content=HISTORY, headers={"content-type": "text/csv"})
    assert problem(both, 422, "invalid")["errors"][0]["code"] == "duplicate"
    problem(client.post("/v1/imports", content=HISTORY), 415)
    problem(client.post("/v1/imports", params={"upload": "nonsense"}), 422, "upload_not_found")
    problem(client.post("/v1/imports", params={"upload": id, "zone": "Mars"}), 422, "invalid")
    assert client.get("/v1/imports").json()["data"] == []
