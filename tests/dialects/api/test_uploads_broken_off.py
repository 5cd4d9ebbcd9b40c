"""Uploads whose connections break, and two who send to one upload."""

from __future__ import annotations

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import httpx
import pytest

from testamur.ledger import uploads
from testamur.storage.database import DatabaseUrls
from tests import plain
from tests.dialects.api.uploads import breaking, checksum, create, kept, offset, parts, send
from tests.hub import Hub, Server
from tests.waiting import eventually


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def test_what_came_before_the_connection_broke_is_kept(hub: Hub, client: httpx.Client) -> None:
    content = os.urandom(3 << 20)
    place = create(client, len(content))
    came = 0
    for size in (1, 100, 70_000, 2_500_000):
        with breaking(hub, place, came, len(content) - came) as wire:
            wire.sendall(content[came : came + size])
        came += size
        eventually(partial(offset, client, place), came.__eq__)
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
        eventually(lambda: offset(client, place) >= 1 << 20)
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
        with plain.Client(base_url=client.base_url, headers=client.headers) as own:
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
        at = plain.Client(base_url=f"{second.url}/api", headers=client.headers)
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
        eventually(lambda: offset(client, place) == 5)
        wire.sendall(b"67890")
        eventually(lambda: offset(client, place) == 10)
