"""Credentials: what is stored of them, what they prove, and how fast they stop."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import hmac
import json
import re
import time
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import asyncpg
import pytest
from joserfc import jwt
from joserfc.jwk import ECKey

from testamur.core.callers import Scope
from testamur.core.errors import ClientNotFound, Forbidden, Unauthenticated
from testamur.core.ids import new_id
from testamur.ledger import Ledger
from testamur.ledger.clients import TOKEN_SECONDS, Credential, NewKey
from testamur.storage.database import Database, DatabaseUrls
from tests.hub import Hub
from tests.ledger.tellings import another_worker
from tests.waiting import PATIENCE_SECONDS, until

T = TypeVar("T")


@asynccontextmanager
async def listening(ledger: Ledger) -> AsyncIterator[Ledger]:
    """A worker that remembers credentials, because it hears when some change."""
    task = asyncio.create_task(ledger.clients.listen())
    try:
        await until(lambda: ledger.clients._listens)
        yield ledger
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def until_refused(ask: Callable[[], Coroutine[Any, Any, Credential]]) -> None:
    """Ask until the answer is no, which must come soon: a remembered credential would be taken for minutes."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            try:
                await ask()
            except Unauthenticated:
                return
            await asyncio.sleep(0.01)


def issue(hub: Hub, key: NewKey | None = None, *, ledger: Ledger | None = None, audience: str = "cpod") -> str:
    async def within() -> str:
        clients = (ledger or hub.ledger).clients
        credential = await clients.by_secret((key or hub.key).secret)
        return await clients.issue_token(credential, frozenset(Scope), audience)

    return hub.do(within())


def part(value: dict[str, Any] | bytes) -> str:
    data = value if isinstance(value, bytes) else json.dumps(value).encode()
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def unpacked(token: str) -> tuple[dict[str, Any], dict[str, Any]]:
    header, claims, _ = token.split(".")
    return tuple(json.loads(base64.urlsafe_b64decode(text + "==")) for text in (header, claims))


# Keys -------------------------------------------------------------------------------------------------------------


def test_a_secret_is_stored_nowhere_not_even_in_part(urls: DatabaseUrls, hub: Hub) -> None:
    """Every row that is the tenant's or nobody's, as text and bytes; the last four letters tell keys apart."""
    hub.do(hub.ledger.clients.by_secret(hub.key.secret))
    secret = hub.key.secret
    spelled = (secret[4:20], secret.encode().hex(), base64.b64encode(secret.encode()).decode())

    async def look() -> dict[str, int]:
        connection = await asyncpg.connect(urls.owner)
        try:
            tables = await connection.fetch(
                """SELECT t.tablename AS name, c.column_name IS NOT NULL AS has_tenant FROM pg_tables t
                   LEFT JOIN information_schema.columns c
                     ON c.table_schema = t.schemaname AND c.table_name = t.tablename AND c.column_name = 'tenant'
                   WHERE t.schemaname = 'public'"""
            )
            return {
                name: await connection.fetchval(
                    f"SELECT count(*) FROM {name} t WHERE {'t.tenant = $2' if has_tenant else '$2::uuid IS NOT NULL'}"
                    " AND t::text ~ $1",
                    "|".join(map(re.escape, spelled)),
                    hub.tenant.id,
                )
                for name, has_tenant in tables
            }
        finally:
            await connection.close()

    found = asyncio.run(look())
    assert len(found) > 15
    assert {name for name, rows in found.items() if rows} == set()
    (info,) = [info for info in hub.do(hub.ledger.clients.list(hub.tenant.id)) if info.key == hub.key.key]
    assert info.hint == hub.key.secret[-4:]
    assert hub.key.secret not in repr(info)


def test_a_secret_has_256_random_bits_and_a_prefix_for_secret_scanners(hub: Hub) -> None:
    secrets = {hub.do(hub.ledger.clients.create(hub.tenant.id, "x")).secret for _ in range(5)}
    assert len(secrets) == 5
    for secret in secrets:
        assert secret.startswith("tst_")
        assert len(base64.urlsafe_b64decode(secret[4:] + "=")) == 32


def test_a_secret_proves_its_client_scopes_and_application(hub: Hub) -> None:
    new = hub.do(
        hub.ledger.clients.create(
            hub.tenant.id,
            "payroll",
            dialect="cpod",
            scopes=frozenset({Scope.READ}),
            application="payroll",
            settings={"version": "1.0.3"},
        )
    )
    credential = hub.do(hub.ledger.clients.by_secret(new.secret))
    assert (credential.caller.tenant, credential.caller.client) == (hub.tenant.id, new.client)
    assert (credential.caller.scopes, credential.caller.application) == (frozenset({Scope.READ}), "payroll")
    assert (credential.dialect, credential.settings, credential.slug) == (
        "cpod", {"version": "1.0.3"}, hub.tenant.slug,
    )  # fmt: skip


@pytest.mark.parametrize(
    "change",
    [lambda s: "", lambda s: s[:-1], lambda s: s + "x", lambda s: s.upper(), lambda s: f" {s}", lambda s: s[4:],
     lambda s: s + "\0", lambda s: hashlib.sha256(s.encode()).hexdigest(), lambda s: "é" * 1000],
    ids=["nothing", "shorter", "longer", "upper case", "padded", "without prefix", "null", "its own hash", "long"],
)  # fmt: skip
def test_a_secret_that_is_not_exactly_one_of_ours_is_refused(hub: Hub, change: Callable[[str], str]) -> None:
    with pytest.raises(Unauthenticated):
        hub.do(hub.ledger.clients.by_secret(change(hub.key.secret)))


def test_a_revoked_key_stops_at_once_and_stays_listed(hub: Hub) -> None:
    hub.do(hub.ledger.clients.by_secret(hub.key.secret))
    hub.do(hub.ledger.clients.revoke(hub.tenant.id, hub.key.key))
    with pytest.raises(Unauthenticated):
        hub.do(hub.ledger.clients.by_secret(hub.key.secret))
    (info,) = [info for info in hub.do(hub.ledger.clients.list(hub.tenant.id)) if info.key == hub.key.key]
    assert info.revoked_at is not None
    assert hub.do(hub.ledger.clients.by_secret(hub.reader.secret)).caller.client == hub.reader.client


def test_a_key_is_revoked_once_and_by_its_own_tenant_only(hub: Hub, other_hub: Hub) -> None:
    with pytest.raises(ClientNotFound):
        hub.do(hub.ledger.clients.revoke(other_hub.tenant.id, hub.key.key))
    assert hub.do(hub.ledger.clients.by_secret(hub.key.secret))
    hub.do(hub.ledger.clients.revoke(hub.tenant.id, hub.key.key))
    for key in (hub.key.key, new_id()):
        with pytest.raises(ClientNotFound):
            hub.do(hub.ledger.clients.revoke(hub.tenant.id, key))


def test_a_revoked_key_stops_at_once_in_another_worker_that_remembers_it(urls: DatabaseUrls, hub: Hub) -> None:
    async def test() -> None:
        async with another_worker(urls) as other, listening(other):
            await other.clients.by_secret(hub.key.secret)
            assert other.clients._remembered, "nothing was remembered, so nothing could outlive the revocation"
            await hub.ledger.clients.revoke(hub.tenant.id, hub.key.key)
            await until_refused(lambda: other.clients.by_secret(hub.key.secret))

    hub.do(test())


def test_a_worker_that_cannot_hear_of_revocations_remembers_nothing(urls: DatabaseUrls, hub: Hub) -> None:
    async def test() -> None:
        async with another_worker(urls) as other:
            await other.clients.by_secret(hub.key.secret)
            assert not other.clients._remembered
            async with listening(other):
                await other.clients.by_secret(hub.key.secret)
                assert other.clients._remembered
            assert not other.clients._remembered

    hub.do(test())


def test_a_worker_whose_connection_was_cut_forgets_and_listens_again(urls: DatabaseUrls, hub: Hub) -> None:
    async def test() -> None:
        async with another_worker(urls) as other, listening(other):
            await other.clients.by_secret(hub.key.secret)
            admin = await asyncpg.connect(urls.owner)
            killed = await admin.fetch(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity"
                " WHERE datname = current_database() AND query LIKE 'LISTEN%'"
            )
            await admin.close()
            assert killed
            await until(lambda: not other.clients._remembered)
            await until(lambda: other.clients._listens)
            await other.clients.by_secret(hub.key.secret)
            await hub.ledger.clients.revoke(hub.tenant.id, hub.key.key)
            await until_refused(lambda: other.clients.by_secret(hub.key.secret))

    hub.do(test())


class Slow(Database):
    """A database whose answers about credentials can be held up on their way back."""

    held_up: asyncio.Event | None = None
    may_go_on: asyncio.Event

    @asynccontextmanager
    async def unbound(self) -> AsyncIterator[Any]:
        async with super().unbound() as connection:
            yield connection
        if self.held_up is not None:
            self.held_up.set()
            await self.may_go_on.wait()


@pytest.mark.parametrize("by_token", [False, True], ids=["key", "token"])
def test_an_answer_that_was_overtaken_by_the_revocation_is_not_remembered(
    urls: DatabaseUrls, hub: Hub, by_token: bool
) -> None:
    """The key is found, revoked, and the revocation heard of, all before the finder gets to remember it."""
    token = issue(hub)

    async def test() -> None:
        database = Slow(urls, connections_max=3)
        await database.open()
        other = Ledger.on(database)

        def ask() -> Coroutine[Any, Any, Credential]:
            return other.clients.by_token(token, "cpod") if by_token else other.clients.by_secret(hub.key.secret)

        async with listening(other):
            await other.clients.published_keys()
            database.may_go_on, database.held_up = asyncio.Event(), asyncio.Event()
            late = asyncio.create_task(ask())
            await database.held_up.wait()
            database.held_up = None
            await hub.ledger.clients.revoke(hub.tenant.id, hub.key.key)
            await until_refused(lambda: other.clients.by_secret(hub.key.secret))
            await asyncio.sleep(0.2)  # the notification has come by now
            database.may_go_on.set()
            await late
            with pytest.raises(Unauthenticated):
                await ask()
        await database.close()

    hub.do(test())


def test_a_worker_stops_at_once_although_it_listens(urls: DatabaseUrls, hub: Hub) -> None:
    """A pool waits for connections that were not given back, and takes none back that still listens."""

    async def test() -> float:
        database = Database(urls)
        await database.open()
        async with listening(Ledger.on(database)):
            pass
        began = time.monotonic()
        await database.close()
        return time.monotonic() - began

    assert hub.do(test()) < 3


# Tokens -----------------------------------------------------------------------------------------------------------


def refuse(hub: Hub, token: str, *, audience: str = "cpod", ledger: Ledger | None = None) -> None:
    with pytest.raises(Unauthenticated):
        hub.do((ledger or hub.ledger).clients.by_token(token, audience))


def later(hub: Hub, **by: float) -> Ledger:
    """The same database an hour or so later."""
    return Ledger.on(hub.ledger.database, lambda: datetime.now(UTC) + timedelta(**by))


def test_a_token_proves_what_its_key_did(hub: Hub) -> None:
    new = hub.do(hub.ledger.clients.create(hub.tenant.id, "app", application="payroll"))
    credential = hub.do(hub.ledger.clients.by_token(issue(hub, new), "cpod"))
    assert (credential.caller.tenant, credential.caller.client) == (hub.tenant.id, new.client)
    assert (credential.caller.application, credential.caller.scopes) == ("payroll", frozenset(Scope))


def test_a_token_never_says_more_than_its_client_may(hub: Hub) -> None:
    token = issue(hub, hub.reader)
    assert unpacked(token)[1]["scope"] == "read"
    assert hub.do(hub.ledger.clients.by_token(token, "cpod")).caller.scopes == {Scope.READ}


def test_a_token_is_signed_with_es256_and_verifies_with_the_published_key(hub: Hub) -> None:
    token = issue(hub)
    header, claims = unpacked(token)
    (published,) = hub.do(hub.ledger.clients.published_keys())["keys"]
    assert "d" not in published
    assert (header["alg"], header["kid"]) == ("ES256", published["kid"])
    assert jwt.decode(token, ECKey.import_key(published), algorithms=["ES256"]).claims == claims
    assert claims["exp"] - claims["iat"] == TOKEN_SECONDS


def test_a_token_ends_after_its_time_and_a_minute_of_skew(hub: Hub) -> None:
    token = issue(hub)
    assert hub.do(later(hub, seconds=TOKEN_SECONDS - 5).clients.by_token(token, "cpod"))
    refuse(hub, token, ledger=later(hub, seconds=TOKEN_SECONDS + 70))


def test_a_token_is_refused_before_it_was_issued(hub: Hub) -> None:
    """A clock that runs ahead made it; a minute is forgiven."""
    refuse(hub, issue(hub, ledger=later(hub, hours=2)))
    assert hub.do(hub.ledger.clients.by_token(issue(hub, ledger=later(hub, seconds=30)), "cpod"))


def test_a_token_for_one_dialect_opens_no_other(hub: Hub) -> None:
    token = issue(hub)
    assert hub.do(hub.ledger.clients.by_token(token, "cpod"))
    for audience in ("thrive", "", "cpod ", "CPOD"):
        refuse(hub, token, audience=audience)


def test_a_forged_token_is_refused(hub: Hub, other_hub: Hub) -> None:
    token = issue(hub)
    header, claims = unpacked(token)
    _, _, signature = token.split(".")
    (published,) = hub.do(hub.ledger.clients.published_keys())["keys"]
    moved = {**claims, "tenant_id": str(other_hub.tenant.id), "client_id": str(other_hub.key.client)}
    stranger = ECKey.generate_key("P-256", private=True)
    public_key = json.dumps(published).encode()

    def signed_with_hmac(alg: str, secret: bytes) -> str:
        head = f"{part({**header, 'alg': alg})}.{part(claims)}"
        return f"{head}.{part(hmac.new(secret, head.encode(), hashlib.sha256).digest())}"

    forgeries = {
        "other claims": f"{part(header)}.{part(moved)}.{signature}",
        "alg none": f"{part({**header, 'alg': 'none'})}.{part(claims)}.",
        "alg None, signed": f"{part({**header, 'alg': 'None'})}.{part(claims)}.{signature}",
        "no signature": f"{part(header)}.{part(claims)}.",
        "zero signature": f"{part(header)}.{part(claims)}.{part(bytes(64))}",
        "the public key as an HMAC secret": signed_with_hmac("HS256", public_key),
        "the empty HMAC secret": signed_with_hmac("HS256", b""),
        "another key under our name": jwt.encode({"alg": "ES256", "kid": published["kid"]}, claims, stranger),
        "another key under no name": jwt.encode({"alg": "ES256"}, claims, stranger),
        "another key that brings itself": jwt.encode(
            {"alg": "ES256", "kid": published["kid"], "jwk": stranger.as_dict(private=False)},
            claims,
            stranger,
            algorithms=["ES256"],
        ),
        "cut": token[:-8],
        "two parts": ".".join(token.split(".")[:2]),
        "nothing": "",
        "dots": "..",
        "junk": "a.b.c",
        "not ASCII": "é.é.é",
        "null": "\0",
        "long": "a" * 100_000,
        "claims that are a list": f"{part(header)}.{part(b'[]')}.{signature}",
    }
    for name, forged in forgeries.items():
        try:
            hub.do(hub.ledger.clients.by_token(forged, "cpod"))
        except Unauthenticated:
            continue
        pytest.fail(f"{name} was taken")


def test_a_token_of_ours_without_what_it_must_say_is_refused(hub: Hub) -> None:
    """Signed by our key, as an older or newer release might."""
    key, _ = hub.do(hub.ledger.clients._keys())
    _, claims = unpacked(issue(hub))

    def signed(**changed: Any) -> str:
        whole = {name: value for name, value in (claims | changed).items() if value is not ...}
        return jwt.encode({"alg": "ES256", "kid": key.kid}, whole, key, algorithms=["ES256"])

    assert hub.do(hub.ledger.clients.by_token(signed(), "cpod"))
    for changed in (
        {"iss": "somebody"}, {"iss": ...}, {"aud": ...}, {"aud": ["thrive"]}, {"exp": ...}, {"exp": "soon"}, {"exp": 0},
        {"tenant_id": "x"}, {"tenant_id": 7}, {"client_id": ...}, {"client_id": None},
        {"scope": "everything"}, {"scope": 7}, {"tenant_id": str(new_id())}, {"client_id": str(new_id())},
    ):  # fmt: skip
        refuse(hub, signed(**changed))
    with pytest.raises(Forbidden, match="names no tenant"):
        hub.do(hub.ledger.clients.by_token(signed(tenant_id=...), "cpod"))


def test_tokens_go_on_while_a_client_has_a_key_and_stop_with_its_last(urls: DatabaseUrls, hub: Hub) -> None:
    """Also in another worker that remembers the token."""
    token = issue(hub)

    async def second_key() -> None:
        connection = await asyncpg.connect(urls.owner)
        await connection.execute(
            "INSERT INTO client_key (tenant, id, client, hash, hint, created_at) VALUES ($1, $2, $3, $4, '', now())",
            hub.tenant.id,
            second,
            hub.key.client,
            hashlib.sha256(b"second").digest(),
        )
        await connection.close()

    async def test() -> None:
        async with another_worker(urls) as other, listening(other):
            await other.clients.by_token(token, "cpod")
            await hub.ledger.clients.revoke(hub.tenant.id, hub.key.key)
            await asyncio.sleep(0.2)
            assert await other.clients.by_token(token, "cpod"), "the client still has a key"
            await hub.ledger.clients.revoke(hub.tenant.id, second)
            await until_refused(lambda: other.clients.by_token(token, "cpod"))

    second = new_id()
    asyncio.run(second_key())
    hub.do(test())
    refuse(hub, token)
