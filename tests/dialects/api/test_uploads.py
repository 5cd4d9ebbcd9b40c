"""Uploads by the tus protocol 1.0.0: /v1/uploads. Its source is https://tus.io/protocols/resumable-upload."""

from __future__ import annotations

import base64
import os
from datetime import timedelta
from email.utils import parsedate_to_datetime

import httpx
import pytest

from testamur.core.ids import to_hex24, to_ulid
from testamur.ledger import utc_now
from testamur.ledger.uploads import KEPT
from testamur.storage.database import DatabaseUrls
from tests import plain
from tests.dialects.api.problems import problem
from tests.dialects.api.uploads import BYTES, PATH, TUS, checksum, create, id_of, kept, metadata, offset, parts, send
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def test_options_say_what_is_spoken_without_credentials(hub: Hub) -> None:
    for place in (PATH, f"{PATH}/x"):
        answer = plain.request("OPTIONS", f"{hub.server.url}/api{place}")
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


def test_base64_of_metadata_may_be_any_bytes_where_no_import_is_asked_for(client: httpx.Client) -> None:
    value = base64.b64encode(b"\xff\x00").decode()
    answer = client.post(PATH, headers=TUS | {"upload-length": "1", "upload-metadata": f"thumbnail {value}"})
    assert answer.status_code == 201
    place = PATH + "/" + answer.headers["location"].rpartition("/")[2]
    assert client.head(place, headers=TUS).headers["upload-metadata"] == f"thumbnail {value}"
    assert client.get(place).status_code == 200
