"""Uploads by the tus protocol 1.0.0: /v1/uploads. Its source is https://tus.io/protocols/resumable-upload."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import os
import threading
import time
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import asynccontextmanager
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from testamur.core.errors import LimitReached
from testamur.core.ids import Id, new_id, parse, to_hex24, to_ulid
from testamur.core.imports import Batch
from testamur.core.uploads import Rehearsal, UploadInUse, UploadNotFound
from testamur.ledger import Ledger, import_requests, uploads, utc_now
from testamur.ledger.uploads import KEPT, Limits, copy_upload
from testamur.storage.database import Database, DatabaseUrls
from tests.dialects.api.problems import problem
from tests.dialects.api.uploads import BYTES, PATH, TUS, breaking, checksum, create, metadata, offset, send
from tests.hub import Hub, Server
from tests.storage.databases import connected

HISTORY = b"employee_id,learning,completed_on\n00123,FIRE-101,2023-05-04\n999,FIRE-101,2023-05-04\n"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def id_of(place: str) -> Id:
    id = parse(place.rpartition("/")[2], "upload")
    assert id is not None
    return id


def kept(hub: Hub, place: str) -> bytes:
    """The bytes of an upload, as an import gets them."""
    file = io.BytesIO()
    hub.do(copy_upload(hub.ledger.database, hub.tenant.id, id_of(place), file))
    return file.getvalue()


def parts(urls: DatabaseUrls, place: str) -> list[int]:
    """The sizes of an upload's parts in the database."""

    async def read() -> list[int]:
        async with connected(urls.owner) as connection:
            rows = await connection.fetch(
                "SELECT length(bytes) AS size FROM upload_part WHERE upload = $1 ORDER BY start", id_of(place)
            )
        return [row["size"] for row in rows]

    return asyncio.run(read())


def eventually(found: Callable[[], Any], wanted: Any) -> None:
    end = time.monotonic() + 20
    while found() != wanted and time.monotonic() < end:
        time.sleep(0.02)
    assert found() == wanted


# The protocol, a request at a time --------------------------------------------------------------------------------


def test_options_say_what_is_spoken_without_credentials(hub: Hub) -> None:
    for place in (PATH, f"{PATH}/x"):
        answer = httpx.options(f"{hub.server.url}/api{place}")
        assert (answer.status_code, answer.content) == (204, b"")
        assert {name: value for name, value in answer.headers.items() if name.startswith("tus-")} == {
            "tus-version": "1.0.0",
            "tus-max-size": str(8 << 30),
            "tus-extension": "creation,creation-with-upload,expiration,checksum,termination",
            "tus-checksum-algorithm": "sha1,sha256,sha512",
        }


def test_a_file_comes_in_parts(hub: Hub, client: httpx.Client) -> None:
    told = metadata(filename="history.csv", note="")
    answer = client.post(PATH, headers=TUS | {"upload-length": "100"} | told)
    assert (answer.status_code, answer.content) == (201, b"")
    place = PATH + "/" + answer.headers["location"].rpartition("/")[2]
    assert answer.headers["location"] == f"{hub.server.url}/api{place}"
    assert answer.headers["tus-resumable"] == "1.0.0"
    until = parsedate_to_datetime(answer.headers["upload-expires"])
    assert KEPT - timedelta(minutes=5) < until - utc_now() <= KEPT
    answer = client.head(place, headers=TUS)
    assert (answer.status_code, answer.content) == (200, b"")
    assert {name: answer.headers[name] for name in ("upload-offset", "upload-length", "cache-control")} == {
        "upload-offset": "0",
        "upload-length": "100",
        "cache-control": "no-store",
    }
    assert answer.headers["upload-metadata"] == told["upload-metadata"]
    answer = send(client, place, 0, b"a" * 70)
    assert (answer.status_code, answer.content, answer.headers["upload-offset"]) == (204, b"", "70")
    assert answer.headers["tus-resumable"] == "1.0.0"
    assert "upload-expires" in answer.headers
    assert offset(client, place) == 70
    assert send(client, place, 70, b"b" * 30).headers["upload-offset"] == "100"
    assert kept(hub, place) == b"a" * 70 + b"b" * 30
    shown = client.get(place).json()
    assert shown == {
        "id": place.rpartition("/")[2],
        "length": 100,
        "offset": 100,
        "metadata": {"filename": "history.csv", "note": None},
        "import": None,
        "created_at": shown["created_at"],
        "expires_at": shown["expires_at"],
        "completed_at": shown["completed_at"],
    }
    assert shown["completed_at"] is not None
    assert client.delete(place, headers=TUS).status_code == 204
    problem(client.get(place), 404, "upload_not_found")
    assert client.head(place, headers=TUS).status_code == 404
    problem(send(client, place, 100, b""), 404, "upload_not_found")
    problem(client.delete(place, headers=TUS), 404, "upload_not_found")


def test_an_offset_that_is_not_the_uploads_is_409_and_changes_nothing(hub: Hub, client: httpx.Client) -> None:
    place = create(client, 10)
    send(client, place, 0, b"12345")
    for wrong in (0, 4, 6, 10, 10**17):
        answer = send(client, place, wrong, b"")
        problem(answer, 409, "upload_offset")
        assert answer.headers["tus-resumable"] == "1.0.0"
    assert offset(client, place) == 5
    assert send(client, place, 5, b"").status_code == 204
    assert send(client, place, 5, b"67890").status_code == 204
    assert send(client, place, 10, b"").status_code == 204
    problem(send(client, place, 5, b"67890"), 409, "upload_offset")
    assert kept(hub, place) == b"1234567890"


@pytest.mark.parametrize("in_pieces", [False, True])
def test_more_than_was_said_is_413(hub: Hub, client: httpx.Client, in_pieces: bool) -> None:
    place = create(client, 5)
    content = iter([b"123", b"456"]) if in_pieces else b"123456"
    answer = send(client, place, 0, content)
    problem(answer, 413, "upload_overrun" if in_pieces else "body_too_large")
    assert offset(client, place) == 0


def test_the_first_bytes_may_come_with_the_creation(hub: Hub, client: httpx.Client) -> None:
    answer = client.post(PATH, content=b"12345", headers=BYTES | {"upload-length": "8"} | checksum(b"12345"))
    assert (answer.status_code, answer.headers["upload-offset"]) == (201, "5")
    place = PATH + "/" + answer.headers["location"].rpartition("/")[2]
    assert send(client, place, 5, b"678").headers["upload-offset"] == "8"
    assert kept(hub, place) == b"12345678"
    problem(client.post(PATH, content=b"12345", headers=BYTES | {"upload-length": "4"}), 413)


def test_a_file_of_nothing_is_whole_at_once(hub: Hub, client: httpx.Client) -> None:
    place = create(client, 0)
    assert client.get(place).json()["completed_at"] is not None
    assert offset(client, place) == 0
    assert kept(hub, place) == b""


@pytest.mark.parametrize("algorithm", ["sha1", "sha256", "sha512"])
def test_a_part_that_is_not_what_was_sent_is_460_and_not_kept(hub: Hub, client: httpx.Client, algorithm: str) -> None:
    place = create(client, 10)
    assert send(client, place, 0, b"12345", checksum(b"12345", algorithm)).status_code == 204
    problem(send(client, place, 5, b"67x90", checksum(b"67890", algorithm)), 460, "checksum_mismatch")
    assert offset(client, place) == 5
    assert send(client, place, 5, b"67890", checksum(b"67890", algorithm)).headers["upload-offset"] == "10"
    assert kept(hub, place) == b"1234567890"


def test_a_large_part_with_a_wrong_checksum_leaves_nothing(hub: Hub, urls: DatabaseUrls, client: httpx.Client) -> None:
    """It is more than is held in memory, so its bytes are in the database before they are compared."""
    content = os.urandom(3 << 20)
    place = create(client, len(content) + 3)
    assert send(client, place, 0, b"abc").status_code == 204
    problem(send(client, place, 3, content, checksum(b"else")), 460, "checksum_mismatch")
    assert offset(client, place) == 3
    assert sum(parts(urls, place)) > 3
    assert send(client, place, 3, content, checksum(content)).status_code == 204
    assert kept(hub, place) == b"abc" + content
    assert sum(parts(urls, place)) == len(content) + 3


@pytest.mark.parametrize(
    "value", ["", "sha1", "sha1 !!!", "sha1 YWJj", "md4 YWJj", "crc32 YWJj", "SHA1 YWJj", "sha1  YWJj"]
)
def test_a_checksum_that_is_none_is_400(client: httpx.Client, value: str) -> None:
    place = create(client, 5)
    (fault,) = problem(send(client, place, 0, b"12345", {"upload-checksum": value}), 400)["errors"]
    assert fault["parameter"] == "Upload-Checksum"
    assert offset(client, place) == 0


@pytest.mark.parametrize("version", [None, "", "0.2.2", "1.0.1", "2.0.0"])
def test_another_version_is_412_and_nothing_is_done(hub: Hub, client: httpx.Client, version: str | None) -> None:
    place = create(client, 5)
    headers = {name: value for name, value in BYTES.items() if name != "tus-resumable"}
    headers |= {"upload-offset": "0", "upload-length": "5"} | ({} if version is None else {"tus-resumable": version})
    for method, at in (("POST", PATH), ("PATCH", place), ("DELETE", place), ("POST", place)):
        answer = client.request(method, at, content=b"12345", headers=headers)
        problem(answer, 412, "unsupported_upload_version")
        assert (answer.headers["tus-version"], answer.headers["tus-resumable"]) == ("1.0.0", "1.0.0")
    assert client.head(place, headers=headers).status_code == 412
    assert client.get(place).json()["offset"] == 0
    assert len(client.get(PATH).json()["data"]) == 1


def test_a_method_may_be_said_by_a_header(hub: Hub, client: httpx.Client) -> None:
    place = create(client, 5)
    said = BYTES | {"upload-offset": "0", "x-http-method-override": "PATCH"}
    answer = client.post(place, content=b"12345", headers=said)
    assert (answer.status_code, answer.headers["upload-offset"]) == (204, "5")
    for other in ({}, {"x-http-method-override": "PUT"}, {"x-http-method-override": "PATCH"}):
        problem(client.post(place, headers=TUS | other), 405, "method_not_allowed")
    assert client.post(place, headers=TUS | {"x-http-method-override": "DELETE"}).status_code == 204
    problem(client.get(place), 404)


@pytest.mark.parametrize(
    ("headers", "status", "named"),
    [
        ({}, 400, "Upload-Length"),
        ({"upload-length": ""}, 400, "Upload-Length"),
        ({"upload-length": "-1"}, 400, "Upload-Length"),
        ({"upload-length": "1.5"}, 400, "Upload-Length"),
        ({"upload-length": "٣"}, 400, "Upload-Length"),
        ({"upload-length": "9" * 30}, 400, "Upload-Length"),
        ({"upload-length": str((8 << 30) + 1)}, 413, None),
        ({"upload-length": "5", "upload-metadata": "filename !!"}, 400, "Upload-Metadata"),
        ({"upload-length": "5", "upload-metadata": "filename YQ==,filename YQ=="}, 400, "Upload-Metadata"),
        ({"upload-length": "5", "upload-metadata": "filename YQ==,,note"}, 400, "Upload-Metadata"),
        ({"upload-length": "5", "upload-metadata": "naïve YQ=="}, 400, "Upload-Metadata"),
        ({"upload-length": "5", "upload-metadata": "x " + "A" * 8192}, 400, "Upload-Metadata"),
        ({"upload-length": "5", "upload-metadata": "rehearse,filename /w=="}, 400, "Upload-Metadata"),
        ({"upload-length": "5", "upload-metadata": "rehearse,filename AA=="}, 400, "Upload-Metadata"),
        ({"upload-length": "5"} | metadata(rehearse="", zone="Mars"), 422, "zone"),
        ({"upload-length": "5"} | metadata(rehearse="", mapping="{"), 422, "mapping"),
        ({"upload-length": "5"} | metadata(rehearse="perhaps"), 422, "rehearse"),
        ({"upload-defer-length": "1"}, 400, "Upload-Length"),
    ],
)
def test_what_cannot_be_made_is_named(
    client: httpx.Client, headers: dict[str, str], status: int, named: str | None
) -> None:
    sent = {name.encode(): value.encode() for name, value in (TUS | headers).items()}
    told = problem(client.post(PATH, headers=sent), status)
    assert [fault.get("parameter") for fault in told["errors"]] == ([] if named is None else [named])
    assert client.get(PATH).json() == {"data": [], "next": None}


def test_what_may_not_be_sent_to_an_upload(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    place = create(client, 5)
    headers = TUS | {"upload-offset": "0"}
    for media_type in ("application/json", "application/octet-stream", ""):
        problem(client.patch(place, content=b"12345", headers=headers | {"content-type": media_type}), 415)
    problem(client.patch(place, headers=headers), 415)
    for wrong in ("", "x", "-1", "1e3"):
        (fault,) = problem(client.patch(place, content=b"1", headers=BYTES | {"upload-offset": wrong}), 400)["errors"]
        assert fault["parameter"] == "Upload-Offset"
    problem(client.patch(place, content=b"1", headers=BYTES), 400)
    reader, stranger = hub.client("api", hub.reader), other_hub.client("api")
    assert reader.get(place).status_code == 200
    problem(reader.post(PATH, headers=TUS | {"upload-length": "1"}), 403)
    problem(send(reader, place, 0, b"12345"), 403)
    problem(reader.delete(place, headers=TUS), 403)
    problem(send(stranger, place, 0, b"12345"), 404, "upload_not_found")
    problem(stranger.delete(place, headers=TUS), 404, "upload_not_found")
    problem(stranger.get(place), 404, "upload_not_found")
    assert stranger.head(place, headers=TUS).status_code == 404
    assert stranger.get(PATH).json()["data"] == []
    problem(stranger.post("/v1/imports", params={"upload": place.rpartition("/")[2]}), 422, "upload_not_found")
    for other in ("nonsense", to_hex24(hub.person), to_ulid(hub.person, "person"), "%00"):
        problem(client.get(f"{PATH}/{other}"), 404)
    shown = client.get(place).json()
    for spelling in (shown["id"].upper(), to_hex24(id_of(place)).upper(), str(id_of(place)).upper()):
        assert client.get(f"{PATH}/{spelling}").json() == shown
    assert offset(client, place) == 0


def test_uploads_are_listed_newest_first_and_in_parts(client: httpx.Client) -> None:
    made = [create(client, 1).rpartition("/")[2] for _ in range(3)]
    page = client.get(PATH, params={"limit": 2}).json()
    assert [one["id"] for one in page["data"]] == [made[2], made[1]]
    page = client.get(PATH, params={"limit": 2, "cursor": page["next"]}).json()
    assert ([one["id"] for one in page["data"]], page["next"]) == ([made[0]], None)
    problem(client.get(PATH, params={"limit": 0}), 422, "invalid")
    problem(client.get(PATH, params={"cursor": "x"}), 422, "invalid_cursor")


def test_every_change_of_an_upload_is_told(hub: Hub, client: httpx.Client) -> None:
    place = create(client, 5)
    send(client, place, 0, b"123")
    send(client, place, 3, b"45")
    client.delete(place, headers=TUS)
    told = [
        entry for entry in client.get("/v1/feed", params={"limit": 1000}).json()["data"] if "upload" in entry["kind"]
    ]
    assert [(entry["kind"], entry["data"]) for entry in told] == [
        ("upload.created", {"length": 5}),
        ("upload.completed", {"length": 5}),
        ("upload.removed", None),
    ]
    assert {entry["client"] for entry in told} == {to_ulid(hub.key.client, "client")}
    assert {entry["subject"]["id"] for entry in told} == {place.rpartition("/")[2]}


# Connections that break, and senders who are two ------------------------------------------------------------------


def test_what_came_before_the_connection_broke_is_kept(hub: Hub, client: httpx.Client) -> None:
    content = os.urandom(3 << 20)
    place = create(client, len(content))
    came = 0
    for size in (1, 100, 70_000, 2_500_000):
        with breaking(hub, place, came, len(content) - came) as wire:
            wire.sendall(content[came : came + size])
        came += size
        eventually(lambda: offset(client, place), came)
    assert send(client, place, came, content[came:]).headers["upload-offset"] == str(len(content))
    assert kept(hub, place) == content


def test_of_a_broken_part_with_a_checksum_nothing_is_kept(hub: Hub, client: httpx.Client) -> None:
    """Nobody can say whether the half of it is right."""
    content = os.urandom(2 << 20)
    place = create(client, len(content))
    with breaking(hub, place, 0, len(content), checksum(content)) as wire:
        wire.sendall(content[: 3 << 19])
    time.sleep(0.3)
    assert offset(client, place) == 0
    assert send(client, place, 0, content, checksum(content)).status_code == 204
    assert kept(hub, place) == content


def test_who_comes_later_takes_the_upload_over(hub: Hub, client: httpx.Client) -> None:
    """A dead connection is noticed late; its sender need not wait for that."""
    content = os.urandom(4 << 20)
    place = create(client, len(content))
    with breaking(hub, place, 0, len(content)) as wire:
        wire.sendall(content[: 1 << 20])
        eventually(lambda: offset(client, place) >= 1 << 20, True)
        at = offset(client, place)
        assert send(client, place, at, content[at : at + 10]).status_code == 204
        wire.sendall(content[1 << 20 :])
        answer = wire.recv(65536)
    assert answer.startswith(b"HTTP/1.1 409")
    assert b"upload_taken_over" in answer
    assert offset(client, place) == at + 10
    assert send(client, place, at + 10, content[at + 10 :]).status_code == 204
    assert kept(hub, place) == content


def test_of_many_who_send_the_same_part_at_once_the_file_is_right(hub: Hub, client: httpx.Client) -> None:
    content = os.urandom(300_000)
    place = create(client, len(content))
    start = threading.Barrier(8)

    def one(_: int) -> int:
        with httpx.Client(base_url=client.base_url, headers=client.headers, timeout=30) as own:
            start.wait()
            return send(own, place, 0, content).status_code

    with ThreadPoolExecutor(8) as pool:
        statuses = list(pool.map(one, range(8)))
    assert statuses.count(204) == 1
    assert set(statuses) == {204, 409}
    assert kept(hub, place) == content


def test_small_pieces_make_few_parts(hub: Hub, urls: DatabaseUrls, client: httpx.Client) -> None:
    content = os.urandom(200_000)
    place = create(client, len(content))
    for at in range(0, len(content), 5_000):
        assert send(client, place, at, content[at : at + 5_000]).status_code == 204
    assert kept(hub, place) == content
    assert len(parts(urls, place)) <= 4


def test_an_upload_goes_on_in_another_server(hub: Hub, urls: DatabaseUrls, client: httpx.Client) -> None:
    place = create(client, 10)
    send(client, place, 0, b"12345")
    with Server.start(urls, delivers_webhooks=False) as second:
        at = httpx.Client(base_url=f"{second.url}/api", headers=client.headers)
        with at as other:
            assert offset(other, place) == 5
            assert send(other, place, 5, b"67890").status_code == 204
    assert kept(hub, place) == b"1234567890"


def test_a_stop_keeps_what_came_and_says_so(hub: Hub, urls: DatabaseUrls, client: httpx.Client) -> None:
    place = create(client, 1 << 20)
    address = hub.server.url
    with Server.start(urls, delivers_webhooks=False) as second:
        hub.server.url = second.url
        try:
            opened = breaking(hub, place, 0, 1 << 20)
            wire = opened.__enter__()
        finally:
            hub.server.url = address
        wire.sendall(b"x" * 1000)
        time.sleep(0.3)
    answer = wire.recv(65536)
    wire.close()
    assert answer.startswith(b"HTTP/1.1 503")
    assert offset(client, place) == 1000


def test_who_pauses_for_too_long_is_sent_away(hub: Hub, client: httpx.Client, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(uploads, "IDLE_SECONDS", 0.2)
    place = create(client, 100)
    with breaking(hub, place, 0, 100) as wire:
        wire.sendall(b"12345")
        answer = wire.recv(65536)
    assert answer.startswith(b"HTTP/1.1 503")
    assert offset(client, place) == 5


def test_what_comes_slowly_is_kept_now_and_then(
    hub: Hub, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "_SLOW_SECONDS", 0.1)
    place = create(client, 100)
    with breaking(hub, place, 0, 100) as wire:
        wire.sendall(b"12345")
        eventually(lambda: offset(client, place), 5)
        wire.sendall(b"67890")
        eventually(lambda: offset(client, place), 10)


# How much, and how long -------------------------------------------------------------------------------------------


@pytest.fixture
def ledger(urls: DatabaseUrls, hub: Hub) -> Iterator[Ledger]:
    """One in which little may be uploaded, in the server's loop."""
    database = Database(urls, connections_max=2)
    hub.do(database.open())
    yield Ledger.on(database, uploads=Limits(file_bytes=100, tenant_bytes=150))
    hub.do(database.close())


def test_a_tenant_has_a_quota_that_what_is_said_to_come_counts_towards(
    hub: Hub, other_hub: Hub, ledger: Ledger, client: httpx.Client
) -> None:
    first = hub.do(ledger.uploads.create(hub.caller, 100))
    with pytest.raises(LimitReached, match="60 bytes are asked for and 50 are left"):
        hub.do(ledger.uploads.create(hub.caller, 60))
    hub.do(ledger.uploads.create(other_hub.caller, 100))
    hub.do(ledger.uploads.create(hub.caller, 50))
    hub.do(ledger.uploads.remove(hub.caller, first.id))
    hub.do(ledger.uploads.create(hub.caller, 60))


def test_the_quota_is_the_installations(hub: Hub, urls: DatabaseUrls, client: httpx.Client) -> None:
    with (
        Server.start(urls, delivers_webhooks=False, upload_max_bytes=100, uploads_max_bytes=150) as second,
        httpx.Client(base_url=f"{second.url}/api", headers=client.headers) as other,
    ):
        assert other.options(PATH).headers["tus-max-size"] == "100"
        problem(other.post(PATH, headers=TUS | {"upload-length": "101"}), 413, "body_too_large")
        create(other, 100)
        problem(other.post(PATH, headers=TUS | {"upload-length": "51"}), 409, "limit_reached")


def test_a_tenant_has_a_hundred_uploads_at_most(
    hub: Hub, client: httpx.Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "UPLOADS_MAX", 2)
    for _ in range(2):
        create(client, 0)
    problem(client.post(PATH, headers=TUS | {"upload-length": "0"}), 409, "limit_reached")


def test_what_is_not_gone_on_with_is_forgotten(hub: Hub, urls: DatabaseUrls, client: httpx.Client) -> None:
    place, other = create(client, 10), create(client, 10)
    send(client, place, 0, b"12345")
    now = utc_now()
    later = Ledger.on(hub.ledger.database, lambda: now + KEPT + timedelta(seconds=60))
    before = client.get(place).json()["expires_at"]
    time.sleep(0.01)
    send(client, place, 5, b"6")
    assert client.get(place).json()["expires_at"] > before
    with pytest.raises(UploadNotFound):
        hub.do(later.uploads.get(hub.tenant.id, id_of(place)))
    assert hub.do(later.uploads.list(hub.tenant.id, after=None, count=10)) == []
    while hub.do(later.uploads.prune()):
        pass
    problem(client.get(place), 404, "upload_not_found")
    problem(client.get(other), 404, "upload_not_found")
    assert parts(urls, place) == []
    feed = client.get("/v1/feed", params={"limit": 1000}).json()["data"]
    assert [entry["client"] for entry in feed if entry["kind"] == "upload.expired"] == [None, None]


def test_what_is_over_takes_no_room_from_what_is_new(hub: Hub, ledger: Ledger) -> None:
    hub.do(ledger.uploads.create(hub.caller, 100))
    now = utc_now()
    later = Ledger.on(ledger.database, lambda: now + KEPT + timedelta(seconds=60), uploads=ledger.uploads.limits)
    hub.do(later.uploads.create(hub.caller, 100))


# Imports ----------------------------------------------------------------------------------------------------------


def until(client: httpx.Client, id: str, *states: str) -> dict[str, Any]:
    end = time.monotonic() + 30
    while (found := client.get(f"/v1/imports/{id}").json())["state"] not in states and time.monotonic() < end:
        time.sleep(0.05)
    assert found["state"] in states
    told: dict[str, Any] = found
    return told


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


# A client that others wrote ---------------------------------------------------------------------------------------


def tus(hub: Hub) -> TusClient:
    return TusClient(f"{hub.server.url}/api{PATH}", headers={"authorization": f"Bearer {hub.key.secret}"})


@pytest.mark.parametrize("with_checksums", [False, True])
def test_tuspy_uploads_a_file(hub: Hub, client: httpx.Client, with_checksums: bool) -> None:
    content = os.urandom(2_500_000)
    told = {"filename": "history.bin", "filetype": "application/octet-stream"}
    uploader = tus(hub).uploader(
        file_stream=io.BytesIO(content), chunk_size=1_000_000, metadata=told, upload_checksum=with_checksums
    )
    uploader.upload()
    place = f"{PATH}/{str(uploader.url).rpartition('/')[2]}"
    assert kept(hub, place) == content
    assert client.get(place).json()["metadata"] == told


def test_tuspy_goes_on_where_it_broke_off(hub: Hub, client: httpx.Client) -> None:
    content = os.urandom(300_000)
    first = tus(hub).uploader(file_stream=io.BytesIO(content), chunk_size=100_000)
    first.upload(stop_at=100_000)
    assert first.offset == 100_000
    again = tus(hub).uploader(file_stream=io.BytesIO(content), url=first.url, chunk_size=100_000)
    assert again.offset == 100_000
    again.upload()
    assert kept(hub, f"{PATH}/{str(first.url).rpartition('/')[2]}") == content


def test_tuspy_is_told_of_what_is_not_there(hub: Hub, client: httpx.Client) -> None:
    place = create(client, 10)
    client.delete(place, headers=TUS)
    with pytest.raises(TusCommunicationError):
        tus(hub).uploader(file_stream=io.BytesIO(b"1234567890"), url=f"{hub.server.url}/api{place}")


def test_base64_of_metadata_may_be_any_bytes_where_no_import_is_asked_for(client: httpx.Client) -> None:
    value = base64.b64encode(b"\xff\x00").decode()
    answer = client.post(PATH, headers=TUS | {"upload-length": "1", "upload-metadata": f"thumbnail {value}"})
    assert answer.status_code == 201
    place = PATH + "/" + answer.headers["location"].rpartition("/")[2]
    assert client.head(place, headers=TUS).headers["upload-metadata"] == f"thumbnail {value}"
    assert client.get(place).status_code == 200
