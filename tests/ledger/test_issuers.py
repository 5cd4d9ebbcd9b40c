"""Identity providers whose tokens a tenant believes."""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import json
import secrets
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from joserfc import jwt
from joserfc.jwk import ECKey, Key, OctKey, RSAKey

from testamur.core.callers import ALL_SCOPES, Scope
from testamur.core.errors import ClientNotFound, InvalidInput, Unauthenticated
from testamur.core.ids import Id, new_id, to_ulid
from testamur.core.people import Identifier, NewPerson
from testamur.ledger import Ledger
from testamur.ledger.clients import Credential
from testamur.storage.database import Database, DatabaseUrls
from testamur.storage.migrate import migrate
from tests.hub import Hub
from tests.ledger.test_clients import part
from tests.storage.databases import connected, fresh_database

ISSUER = "https://login.example.com"
AUDIENCE = "learning"
RSA = RSAKey.generate_key(2048, {"kid": "rsa"}, private=True)
EC = ECKey.generate_key("P-256", {"kid": "ec"}, private=True)
SECRET = OctKey.generate_key(256, {"kid": "oct"})
ALGORITHM = {"RSA": "RS256", "EC": "ES256", "oct": "HS256"}


def jwks(*keys: Key) -> dict[str, Any]:
    return {"keys": [key.as_dict(private=isinstance(key, OctKey)) for key in keys]}


def believe(hub: Hub, *keys: Key, issuer: str = ISSUER, **how: Any) -> Id:
    how = {"dialect": "cpod", "scopes": ALL_SCOPES, **how}
    return hub.do(hub.ledger.issuers.put(hub.tenant.id, issuer, AUDIENCE, jwks(*keys), **how))


def signed(hub: Hub, key: Key = EC, **changed: Any) -> str:
    now = int(datetime.now(UTC).timestamp())
    claims = {
        "iss": ISSUER,
        "aud": AUDIENCE,
        "sub": to_ulid(hub.person, "person"),
        "tenant_id": str(hub.tenant.id),
        "iat": now,
        "exp": now + 600,
    } | changed
    whole = {name: value for name, value in claims.items() if value is not ...}
    algorithm = ALGORITHM[key.key_type]
    return jwt.encode({"alg": algorithm, "kid": key.kid}, whole, key, algorithms=[algorithm])


def by(hub: Hub, token: str) -> Credential:
    return hub.do(hub.ledger.clients.by_token(token, "cpod"))


def refused(hub: Hub, token: str) -> None:
    with pytest.raises(Unauthenticated):
        by(hub, token)


@pytest.mark.parametrize("key", [RSA, EC, SECRET], ids=lambda key: key.key_type)
def test_a_token_of_each_kind_of_key_is_believed(hub: Hub, key: Key) -> None:
    client = believe(hub, key)
    credential = by(hub, signed(hub, key))
    assert (credential.caller.tenant, credential.caller.client) == (hub.tenant.id, client)
    assert (credential.caller.person, credential.caller.application) == (hub.person, None)
    assert (credential.caller.scopes, credential.dialect) == (ALL_SCOPES, "cpod")


@pytest.mark.parametrize("spell", [str, lambda tenant: to_ulid(tenant, "tenant"), lambda tenant: str(tenant).upper()])
def test_a_tenant_may_be_named_by_any_spelling_of_its_id_or_by_its_slug(hub: Hub, spell: Any) -> None:
    believe(hub, EC)
    for name in (spell(hub.tenant.id), hub.tenant.slug):
        assert by(hub, signed(hub, tenant_id=name)).caller.tenant == hub.tenant.id


def test_an_issuer_speaks_for_its_tenant_alone(hub: Hub, other_hub: Hub) -> None:
    """The same name and other keys in another tenant: each is believed where its keys are."""
    believe(hub, EC)
    refused(hub, signed(hub, tenant_id=str(other_hub.tenant.id)))
    believe(other_hub, RSA)
    refused(hub, signed(hub, EC, tenant_id=str(other_hub.tenant.id)))
    refused(hub, signed(hub, RSA))
    assert by(hub, signed(other_hub, RSA)).caller.tenant == other_hub.tenant.id


@pytest.mark.parametrize(
    "changed",
    [
        {"iss": "https://login.example.org"}, {"iss": ...}, {"iss": 7}, {"iss": "a\0b"}, {"aud": "other"}, {"aud": ...},
        {"exp": 1}, {"exp": ...}, {"exp": "soon"}, {"nbf": 4_000_000_000}, {"iat": 4_000_000_000}, {"tenant_id": ...},
        {"tenant_id": "nobody"}, {"tenant_id": 7}, {"tenant_id": str(Id(UUID(int=7)))}, {"tenant_id": "a\0b"},
        {"tenant_id": "x" * 10_000}, {"app_id": 7}, {"app_id": ""}, {"app_id": "x" * 300},
    ],
    ids=lambda changed: str(changed)[:40],
)  # fmt: skip
def test_a_token_that_does_not_fit_is_refused(hub: Hub, changed: dict[str, Any]) -> None:
    believe(hub, EC)
    refused(hub, signed(hub, **changed))


def test_a_forged_token_is_refused(hub: Hub) -> None:
    believe(hub, RSA, EC)
    stranger = ECKey.generate_key("P-256", {"kid": "ec"}, private=True)
    refused(hub, signed(hub, stranger))
    refused(hub, signed(hub, SECRET))
    header, claims, signature = signed(hub).split(".")
    refused(hub, f"{part({'alg': 'none'})}.{claims}.")
    refused(hub, f"{header}.{claims}.")
    refused(hub, f"{header}.{claims}.{signature[:-4]}AAAA")
    # The public key as a shared secret: the type of the key decides, not what the token says.
    head = f"{part({'alg': 'HS256', 'kid': 'rsa'})}.{claims}"
    for public in (RSA.as_pem(private=False), RSA.as_der(private=False), json.dumps(jwks(RSA)["keys"][0]).encode()):
        refused(hub, f"{head}.{part(hmac.new(public, head.encode(), hashlib.sha256).digest())}")


def test_a_minute_of_skew_is_forgiven_and_no_more(hub: Hub) -> None:
    believe(hub, EC)
    now = int(datetime.now(UTC).timestamp())
    assert by(hub, signed(hub, exp=now - 30))
    refused(hub, signed(hub, exp=now - 90))


def test_keys_are_rotated_without_ending_sessions(hub: Hub) -> None:
    client = believe(hub, EC)
    old = signed(hub, EC)
    assert believe(hub, EC, RSA) == client
    assert by(hub, old).caller.client == by(hub, signed(hub, RSA)).caller.client == client
    assert believe(hub, RSA) == client
    refused(hub, signed(hub, EC))


def test_an_issuer_that_is_revoked_is_believed_no_more_and_can_be_again(hub: Hub) -> None:
    client = believe(hub, EC)
    token = signed(hub)
    assert by(hub, token)
    hub.do(hub.ledger.issuers.revoke(hub.tenant.id, ISSUER))
    refused(hub, token)
    with pytest.raises(ClientNotFound):
        hub.do(hub.ledger.issuers.revoke(hub.tenant.id, ISSUER))
    assert believe(hub, EC) != client
    assert by(hub, signed(hub, iat=1))


def test_what_an_issuer_may_do_bounds_its_sessions(hub: Hub) -> None:
    believe(hub, EC, scopes=frozenset({Scope.READ}))
    assert by(hub, signed(hub)).caller.scopes == {Scope.READ}
    assert by(hub, signed(hub, scope="openid read write")).caller.scopes == {Scope.READ}
    believe(hub, EC, scopes=ALL_SCOPES)
    assert by(hub, signed(hub, scope="openid read")).caller.scopes == {Scope.READ}
    assert by(hub, signed(hub, scope="openid profile")).caller.scopes == ALL_SCOPES


def test_an_application_comes_from_the_claim_or_from_the_client_it_is_for(hub: Hub) -> None:
    believe(hub, EC)
    payroll = hub.do(hub.ledger.clients.create(hub.tenant.id, "payroll", application="payroll"))
    assert by(hub, signed(hub, app_id="portal")).caller.application == "portal"
    assert by(hub, signed(hub, client_id=to_ulid(payroll.client, "client"))).caller.application == "payroll"
    assert by(hub, signed(hub, client_id="something of theirs")).caller.application is None
    hub.do(hub.ledger.clients.revoke(hub.tenant.id, payroll.key))
    assert by(hub, signed(hub, azp=to_ulid(payroll.client, "client"))).caller.application is None


def test_an_issuer_of_one_application_speaks_for_no_other(hub: Hub) -> None:
    believe(hub, EC, application="portal")
    assert by(hub, signed(hub)).caller.application == "portal"
    refused(hub, signed(hub, app_id="payroll"))


def test_a_person_is_known_by_her_id_or_by_that_of_the_dialect(hub: Hub) -> None:
    believe(hub, EC)
    (person,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("cpod", "u-17"),))]))
    foreign = "0188bac7-4afa-78aa-bc3b-bd1eef28d881"
    cases = {
        "u-17": person,
        str(hub.person).upper(): hub.person,
        foreign: Id(UUID(foreign)),
        "nobody@example.com": None,
        to_ulid(new_id(), "client"): None,
    }
    for sub, expected in cases.items():
        assert by(hub, signed(hub, sub=sub)).caller.person == expected
    assert by(hub, signed(hub, sub=...)).caller.person is None
    assert by(hub, signed(hub, sub=str(hub.person), azp=str(hub.person))).caller.person is None, "a machine"


def test_roles_come_as_a_list_or_a_text(hub: Hub) -> None:
    believe(hub, EC)
    cases: list[tuple[dict[str, Any], tuple[str, ...]]] = [
        ({"roles": ["Manager", "x", 7]}, ("manager", "x")),
        ({"role": "Admin"}, ("admin",)),
        ({"roles": 7}, ()),
        ({}, ()),
    ]
    for claims, roles in cases:
        assert by(hub, signed(hub, **claims)).settings["roles"] == roles


def test_an_issuer_of_one_dialect_opens_no_other(hub: Hub) -> None:
    believe(hub, EC)
    with pytest.raises(Unauthenticated):
        hub.do(hub.ledger.clients.by_token(signed(hub, aud=[AUDIENCE, "thrive"]), "thrive"))


@pytest.mark.parametrize(
    ("keys", "field"),
    [
        ({}, "keys"),
        ({"keys": []}, "keys"),
        ({"keys": "x"}, "keys"),
        ({"keys": [EC.as_dict(private=False)] * 21}, "keys"),
        ({"keys": [7]}, "keys[0]"),
        ({"keys": [EC.as_dict(private=False), {"kty": "OKP", "crv": "Ed25519", "x": "AA"}]}, "keys[1]"),
        ({"keys": [{"kty": "EC"}]}, "keys[0]"),
        ({"keys": [{"kty": "RSA", "n": 7, "e": []}]}, "keys[0]"),
        ({"keys": [ECKey.generate_key("P-384").as_dict(private=False)]}, "keys[0]"),
        ({"keys": [{**EC.as_dict(private=False), "alg": "ES384"}]}, "keys[0]"),
        ({"keys": [OctKey.generate_key(128).as_dict(private=True)]}, "keys[0]"),
    ],
    ids=["nothing", "none", "text", "too many", "number", "OKP", "half", "ill-typed", "P-384", "ES384", "short"],
)
def test_keys_that_cannot_be_used_are_refused_by_name(hub: Hub, keys: dict[str, Any], field: str) -> None:
    with pytest.raises(InvalidInput) as refusal:
        hub.do(hub.ledger.issuers.put(hub.tenant.id, ISSUER, AUDIENCE, keys, dialect="cpod", scopes=ALL_SCOPES))
    assert refusal.value.field == field


def test_nothing_is_kept_with_which_anybody_could_sign(urls: DatabaseUrls, hub: Hub) -> None:
    keys = {"keys": [RSA.as_dict(private=True), EC.as_dict(private=True)]}
    hub.do(hub.ledger.issuers.put(hub.tenant.id, ISSUER, AUDIENCE, keys, dialect="cpod", scopes=ALL_SCOPES))

    async def kept() -> str:
        async with connected(urls.owner) as connection:
            rows = await connection.fetch("SELECT keys::text FROM token_issuer WHERE tenant = $1", hub.tenant.id)
            return str(rows[0][0])

    for key in json.loads(asyncio.run(kept()))["keys"]:
        assert not {"d", "p", "q"} & set(key)
    (listed,) = hub.do(hub.ledger.issuers.list(hub.tenant.id))
    assert (listed.issuer, listed.algorithms, listed.revoked_at) == (ISSUER, ("ES256", "RS256"), None)


# Our own key, on a database of its own: it is the whole installation's -------------------------------------------


def installed(postgres: str, test: Callable[[DatabaseUrls, Ledger], Awaitable[None]]) -> None:
    async def within() -> None:
        async with fresh_database(postgres) as urls:
            await migrate(urls)
            database = Database(urls, connections_max=3)
            await database.open()
            try:
                await test(urls, Ledger.on(database))
            finally:
                await database.close()

    asyncio.run(within())


async def issued(ledger: Ledger) -> tuple[str, Id]:
    """A token of a new tenant."""
    tenant = await ledger.tenants.create(f"t{secrets.token_hex(6)}", "Test", "UTC")
    key = await ledger.clients.create(tenant.id, "tests")
    credential = await ledger.clients.by_secret(key.secret)
    return await ledger.clients.issue_token(credential, ALL_SCOPES, "cpod"), key.client


async def published(ledger: Ledger) -> dict[str, dict[str, Any]]:
    return {key["kid"]: key for key in (await ledger.clients.published_keys())["keys"]}


def test_our_key_is_rotated_and_older_tokens_go_on(postgres: str) -> None:
    async def test(_: DatabaseUrls, ledger: Ledger) -> None:
        old, of_old = await issued(ledger)
        id = await ledger.clients.rotate_signing_key()
        new, of_new = await issued(ledger)
        keys = await published(ledger)
        assert len(keys) == 2
        assert all("d" not in key for key in keys.values())
        assert (await ledger.clients.by_token(old, "cpod")).caller.client == of_old
        assert (await ledger.clients.by_token(new, "cpod")).caller.client == of_new
        assert jwt.decode(new, ECKey.import_key(keys[id]), algorithms=["ES256"]).header["kid"] == id

    installed(postgres, test)


def test_a_worker_that_did_not_hear_of_a_new_key_reads_it_when_it_meets_it(postgres: str) -> None:
    async def test(_: DatabaseUrls, ledger: Ledger) -> None:
        await issued(ledger)
        other = Ledger.on(ledger.database)
        await published(other)
        await ledger.clients.rotate_signing_key()
        token, client = await issued(ledger)
        assert (await other.clients.by_token(token, "cpod")).caller.client == client

    installed(postgres, test)


def test_a_key_is_removed_once_no_token_of_it_is_left(postgres: str) -> None:
    async def test(_: DatabaseUrls, ledger: Ledger) -> None:
        async def at(hours: float) -> list[str]:
            later = Ledger.on(ledger.database, lambda: datetime.now(UTC) + timedelta(hours=hours))
            await later.clients.rotate_signing_key()
            return list(await published(later))

        await issued(ledger)
        rotated = [await at(0), await at(1), await at(4)]
        assert [len(keys) for keys in rotated] == [2, 3, 2]
        assert rotated[2][1] == rotated[1][0], "the one before, which is replaced only now"

    installed(postgres, test)


def test_a_session_of_a_person_names_her(hub: Hub) -> None:
    async def made() -> str:
        credential = await hub.ledger.clients.by_secret(hub.key.secret)
        return await hub.ledger.clients.issue_token(
            credential, frozenset({Scope.READ}), "cpod", person=hub.person, roles=("manager",)
        )

    credential = by(hub, hub.do(made()))
    assert (credential.caller.person, credential.caller.scopes) == (hub.person, frozenset({Scope.READ}))
    assert credential.settings["roles"] == ("manager",)
