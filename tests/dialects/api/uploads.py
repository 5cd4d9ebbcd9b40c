"""Speaking the tus protocol 1.0.0 to /v1/uploads, a request at a time."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import io
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import httpx

from testamur.core.ids import Id, parse
from testamur.ledger.uploads import copy_upload
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.storage.databases import connected
from tests.waiting import PATIENCE_SECONDS

PATH = "/v1/uploads"
TUS = {"tus-resumable": "1.0.0"}
BYTES = TUS | {"content-type": "application/offset+octet-stream"}
HISTORY = b"employee_id,learning,completed_on\n00123,FIRE-101,2023-05-04\n999,FIRE-101,2023-05-04\n"


def metadata(**told: str) -> dict[str, str]:
    """The header of a mapping."""
    pairs = (f"{name} {base64.b64encode(value.encode()).decode()}".strip() for name, value in told.items())
    return {"upload-metadata": ",".join(pairs)}


def checksum(content: bytes, algorithm: str = "sha1") -> dict[str, str]:
    digest = base64.b64encode(hashlib.new(algorithm, content).digest()).decode()
    return {"upload-checksum": f"{algorithm} {digest}"}


def create(client: httpx.Client, length: int, **told: str) -> str:
    """The address of a new upload, below the client's."""
    answer = client.post(PATH, headers=TUS | {"upload-length": str(length)} | (metadata(**told) if told else {}))
    assert answer.status_code == 201, answer.text
    return PATH + "/" + answer.headers["location"].rpartition("/")[2]


def send(
    client: httpx.Client, place: str, offset: int, content: Any, headers: dict[str, str] | None = None
) -> httpx.Response:
    return client.patch(place, content=content, headers=BYTES | {"upload-offset": str(offset)} | (headers or {}))


def offset(client: httpx.Client, place: str) -> int:
    answer = client.head(place, headers=TUS)
    assert answer.status_code == 200
    return int(answer.headers["upload-offset"])


@contextmanager
def breaking(
    hub: Hub, place: str, at: int, length: int, headers: dict[str, str] | None = None
) -> Iterator[socket.socket]:
    """A connection on which a part of `length` bytes was begun; bytes are sent by hand."""
    address = urlsplit(hub.server.url)
    said = BYTES | {
        "host": "here",
        "authorization": f"Bearer {hub.key.secret}",
        "upload-offset": str(at),
        "content-length": str(length),
    }
    lines = "".join(f"{name}: {value}\r\n" for name, value in (said | (headers or {})).items())
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=PATIENCE_SECONDS) as opened:
        opened.sendall(f"PATCH /api{place} HTTP/1.1\r\n{lines}\r\n".encode())
        yield opened


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
