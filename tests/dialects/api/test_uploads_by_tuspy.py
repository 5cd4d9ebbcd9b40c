"""Uploads by tuspy, a client of the tus protocol that others wrote."""

from __future__ import annotations

import io
import os

import httpx
import pytest
from tusclient.client import TusClient
from tusclient.exceptions import TusCommunicationError

from tests.dialects.api.uploads import PATH, TUS, create, kept
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


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
