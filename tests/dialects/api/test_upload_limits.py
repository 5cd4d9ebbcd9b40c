"""How much may be uploaded, and for how long it is kept."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta

import httpx
import pytest

from testamur.core.errors import LimitReached
from testamur.core.uploads import UploadNotFound
from testamur.ledger import Ledger, uploads, utc_now
from testamur.ledger.uploads import KEPT, Limits
from testamur.storage.database import Database, DatabaseUrls
from tests import plain
from tests.dialects.api.problems import problem
from tests.dialects.api.uploads import PATH, TUS, create, id_of, parts, send
from tests.hub import Hub, Server


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


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
        plain.Client(base_url=f"{second.url}/api", headers=client.headers) as other,
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
