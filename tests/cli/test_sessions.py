"""`testamur issuer` and `testamur token`, on a real database."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest
from joserfc.jwk import ECKey
from typer.testing import CliRunner

from testamur.cli.main import app
from testamur.core.ids import to_ulid
from testamur.storage.database import DatabaseUrls
from testamur.storage.migrate import migrate
from tests import plain
from tests.dialects.cpod.pages import RECORDS, add
from tests.hub import Hub
from tests.ledger.test_issuers import ISSUER, signed
from tests.storage.databases import connected, fresh_database
from tests.waiting import eventually

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(urls: DatabaseUrls, hub: Hub) -> Run:
    def run(*words: str) -> dict[str, Any]:
        given = [*words, "--tenant", hub.tenant.slug, "--database-url", urls.owner, "--json"]
        result = CliRunner().invoke(app, given)
        document = json.loads(result.stdout) if result.stdout else {"error": result.stderr}
        return {"exit": result.exit_code, **document}

    return run


def client(hub: Hub, token: str) -> httpx.Client:
    made = plain.Client(base_url=f"{hub.server.url}/cpod", headers={"authorization": f"Bearer {token}"})
    hub.clients.append(made)
    return made


def test_an_issuer_is_believed_until_it_is_revoked(hub: Hub, run: Run, tmp_path: Path) -> None:
    key = ECKey.generate_key("P-256", {"kid": "k"}, private=True)
    keys = tmp_path / "keys.json"
    keys.write_text(json.dumps({"keys": [key.as_dict(private=False)]}))
    put = run("issuer", "put", ISSUER, "--keys", str(keys), "--audience", "learning", "--scope", "read")
    assert put["exit"] == 0, put
    hers = client(hub, signed(hub, key))
    assert hers.get(RECORDS).status_code == 200
    assert hers.post(RECORDS, json={}).status_code == 403
    (listed,) = run("issuer", "list")["issuers"]
    assert (listed["issuer"], listed["algorithms"], listed["scopes"]) == (ISSUER, "ES256", "read")
    assert run("issuer", "revoke", ISSUER)["exit"] == 0
    until_refused(hers)
    assert run("issuer", "revoke", ISSUER)["exit"] != 0
    assert run("issuer", "list")["issuers"][0]["revoked_at"] is not None


def until_refused(hers: httpx.Client) -> None:
    """The server hears of what a command revoked from the database, and that takes a moment."""
    assert eventually(lambda: hers.get(RECORDS).status_code, lambda status: status != 200) == 401


@pytest.mark.parametrize("content", [None, "nonsense", "[]", "{}"])
def test_keys_that_cannot_be_read_are_refused(run: Run, tmp_path: Path, content: str | None) -> None:
    keys = tmp_path / "keys.json"
    if content is not None:
        keys.write_text(content)
    put = run("issuer", "put", ISSUER, "--keys", str(keys))
    assert put["exit"] != 0
    assert "keys" in put["error"]
    assert run("issuer", "list")["issuers"] == []


def test_a_session_is_of_a_person_and_ends_with_its_key(hub: Hub, run: Run) -> None:
    made = run("token", "session", "ref:00123", "--role", "manager")
    hers = client(hub, made["access_token"])
    assert add(hers, title="Mine")["created_by"] == to_ulid(hub.person, "person")
    assert run("key", "revoke", made["key_id"])["exit"] == 0
    until_refused(hers)
    assert run("token", "session", "ref:nobody")["exit"] != 0
    assert run("token", "session", "ref:00123", "--scope", "everything")["exit"] != 0


def test_the_signing_key_is_rotated(postgres: str) -> None:
    """On a database of its own: the key is the whole installation's."""

    async def test() -> None:
        async with fresh_database(postgres) as urls:
            await migrate(urls)

            def rotate() -> str:
                given = ["token", "rotate", "--database-url", urls.owner, "--json"]
                return str(json.loads(CliRunner().invoke(app, given).stdout)["kid"])

            kids = [await asyncio.to_thread(rotate) for _ in range(2)]
            async with connected(urls.owner) as connection:
                rows = await connection.fetch("SELECT id FROM signing_key ORDER BY created_at")
            assert [row["id"] for row in rows][-2:] == kids

    asyncio.run(test())
