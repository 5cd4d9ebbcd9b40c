"""Clients, their keys and tokens: who may call.

A key is a secret of 256 random bits, shown once and kept as its SHA-256: a slow hash protects secrets that people
choose, and would only make every call slow here. A token is a signed JWT (ES256) that any worker verifies by itself.
What a worker found out about a credential it remembers, until the database says that credentials changed.
"""

from __future__ import annotations

import asyncio
import hashlib
import hmac
import secrets
import time
from base64 import urlsafe_b64decode
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import msgspec
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, KeySet

from testamur.core.callers import ALL_SCOPES, Caller, Scope
from testamur.core.errors import ClientNotFound, Forbidden, Unauthenticated, Unavailable
from testamur.core.ids import Id, new_id, parse
from testamur.ledger.issuers import CLOCK_SKEW_SECONDS, REFUSED, Session, session
from testamur.storage.database import Database, owner_connection
from testamur.storage.trouble import AWAY

SECRET_PREFIX = "tst_"  # noqa: S105 - lets secret scanners recognise a leaked key; no secret itself
TOKEN_SECONDS = 3600
_ISSUER = "testamur"
_ALGORITHM = "ES256"
_REMEMBERED_MAX = 10_000
_REMEMBERED_SECONDS = 300
_CHANNEL = "testamur_credentials"


@dataclass(frozen=True, slots=True)
class Credential:
    """What a key or token proves.

    Args:
        dialect: the only dialect it may be used in, or None for any.
        settings: the client's own settings, such as the xAPI version assumed without a header.
        slug: the tenant's slug, for clients that name their tenant; empty for a token, which names it by itself.
    """

    caller: Caller
    dialect: str | None
    settings: dict[str, Any]
    slug: str = ""


@dataclass(frozen=True, slots=True)
class NewKey:
    """A key just made. `secret` is shown this once and stored nowhere."""

    client: Id
    key: Id
    secret: str


@dataclass(frozen=True, slots=True)
class KeyInfo:
    """A key as listed. `hint` is the end of its secret."""

    key: Id
    client: Id
    name: str
    dialect: str | None
    application: str | None
    scopes: tuple[str, ...]
    hint: str
    created_at: datetime
    revoked_at: datetime | None


class Clients:
    """Verbs on clients and their credentials."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock
        self._remembered: OrderedDict[bytes, tuple[float, Credential]] = OrderedDict()
        self._listens = False
        self._changes = 0
        self._signing: tuple[ECKey, KeySet] | None = None

    async def create(
        self,
        tenant: Id,
        name: str,
        *,
        dialect: str | None = None,
        scopes: frozenset[Scope] = ALL_SCOPES,
        application: str | None = None,
        settings: dict[str, Any] | None = None,
    ) -> NewKey:
        """Make a client with its first key."""
        now = self._clock()
        secret = SECRET_PREFIX + secrets.token_urlsafe(32)
        client, key = new_id(), new_id()
        async with self._database.write(tenant) as tx:
            await tx.run(
                "client_add",
                id=client,
                name=name,
                dialect=dialect,
                application=application,
                scopes=sorted(scope.value for scope in scopes),
                settings=settings or {},
                now=now,
            )
            await tx.run("client_key_add", id=key, client=client, hash=_digest(secret), hint=secret[-4:], now=now)
        return NewKey(client, key, secret)

    async def list(self, tenant: Id) -> list[KeyInfo]:
        """Every key of a tenant, revoked ones included, oldest first."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("client_key_list")
        return [
            KeyInfo(
                key=row["id"],
                client=row["client"],
                name=row["name"],
                dialect=row["dialect"],
                application=row["application"],
                scopes=tuple(row["scopes"]),
                hint=row["hint"],
                created_at=row["created_at"],
                revoked_at=row["revoked_at"],
            )
            for row in rows
        ]

    async def revoke(self, tenant: Id, key: Id) -> None:
        """Revoke a key, and its client with its last key: tokens stop working too, in every worker at once.

        Raises: ClientNotFound when there is no such key or it is revoked already.
        """
        now = self._clock()
        async with self._database.write(tenant) as tx:
            client = await tx.value("client_key_revoke", id=key, now=now)
            if client is None:
                raise ClientNotFound
            await tx.run("client_revoke_when_keyless", client=client, now=now)
            await tx.run("caches_forget")
        self.forget()

    async def by_secret(self, secret: str) -> Credential:
        """Who holds this secret. Raises Unauthenticated."""
        digest = _digest(secret)
        known = self._recall(digest)
        if known is not None:
            return known
        changes = self._changes
        async with self._database.unbound() as connection:
            row = await connection.fetchrow("SELECT * FROM client_by_key($1)", digest)
        if row is None or not hmac.compare_digest(row["hash"], digest):
            raise Unauthenticated
        caller = Caller(
            tenant=row["tenant"],
            client=row["client"],
            scopes=frozenset(Scope(scope) for scope in row["scopes"]),
            application=row["application"],
        )
        credential = Credential(caller, row["dialect"], row["settings"], row["slug"])
        return self._remember(digest, credential, _REMEMBERED_SECONDS, changes)

    async def issue_token(
        self,
        credential: Credential,
        scopes: frozenset[Scope],
        audience: str,
        *,
        person: Id | None = None,
        roles: Sequence[str] = (),
    ) -> str:
        """A signed token for `audience` (a dialect's name) that is good for TOKEN_SECONDS.

        Claims: iss, aud, sub, tenant_id, app_id when the client belongs to an application, client_id, scope, roles when
        there are any, iat, exp, jti.

        Args:
            person: behind the session, for `sub`; without her it is the client's own.
        """
        key, _ = await self._keys()
        caller = credential.caller
        now = int(self._clock().timestamp())
        claims: dict[str, Any] = {
            "iss": _ISSUER,
            "aud": audience,
            "sub": str(person or caller.client),
            "client_id": str(caller.client),
            "tenant_id": str(caller.tenant),
            "scope": " ".join(sorted(scope.value for scope in scopes & caller.scopes)),
            "iat": now,
            "exp": now + TOKEN_SECONDS,
            "jti": str(new_id()),
        }
        if caller.application is not None:
            claims["app_id"] = caller.application
        if roles:
            claims["roles"] = list(roles)
        return jwt.encode({"alg": _ALGORITHM, "kid": key.kid}, claims, key, algorithms=[_ALGORITHM])

    async def by_token(self, token: str, audience: str) -> Credential:
        """Who holds this token, of ours or of an issuer that its tenant believes.

        Its roles are the setting `roles`. Raises Unauthenticated: expired, forged, for another audience, or revoked;
        Forbidden for one of ours that names no tenant.
        """
        digest = _digest(f"{audience} {token}")
        known = self._recall(digest)
        if known is not None:
            return known
        changes = self._changes
        claimed = _unverified(token)
        if claimed.get("iss") == _ISSUER:
            found = await self._session(token, audience)
        else:
            found = await session(self._database, token, claimed, audience, self._clock())
        async with self._database.unbound() as connection:
            if not await connection.fetchval("SELECT client_is_live($1, $2)", found.tenant, found.client):
                raise Unauthenticated("The client of this access token was revoked")
        caller = Caller(
            tenant=found.tenant,
            client=found.client,
            scopes=found.scopes,
            application=found.application,
            person=found.person,
        )
        credential = Credential(caller, found.dialect, {"roles": found.roles})
        seconds = min(_REMEMBERED_SECONDS, found.expires_at - self._clock().timestamp())
        return self._remember(digest, credential, seconds, changes)

    async def rotate_signing_key(self) -> str:
        """Sign with a new key from now on, in every worker, and return its id.

        Older keys verify until the last token signed with them has expired, and are removed by a later rotation.
        """
        now = self._clock()
        async with owner_connection(self._database.urls) as connection, connection.transaction():
            await connection.execute("LOCK TABLE signing_key IN SHARE ROW EXCLUSIVE MODE")
            id = await _add_signing_key(connection, now)
            # A key is of use until the next one came, and for as long as a token lives from then on.
            await connection.execute(
                "DELETE FROM signing_key k WHERE EXISTS"
                " (SELECT FROM signing_key n WHERE n.created_at > k.created_at AND n.created_at < $1)",
                now - timedelta(seconds=2 * TOKEN_SECONDS),
            )
            await connection.execute("SELECT pg_notify($1, '')", _CHANNEL)
        self.forget()
        return id

    async def _session(self, token: str, audience: str) -> Session:
        """What a token of ours says."""
        keys = await self._keys_for(token)
        try:
            decoded = jwt.decode(token, keys, algorithms=[_ALGORITHM])
            registry = jwt.JWTClaimsRegistry(
                now=int(self._clock().timestamp()),
                leeway=CLOCK_SKEW_SECONDS,
                iss={"essential": True, "value": _ISSUER},
                aud={"essential": True, "value": audience},
                exp={"essential": True},
                client_id={"essential": True},
            )
            registry.validate(decoded.claims)
            claims = decoded.claims
            if "tenant_id" not in claims:
                raise Forbidden("The access token names no tenant")
            tenant, client = Id(UUID(str(claims["tenant_id"]))), Id(UUID(str(claims["client_id"])))
            scopes = frozenset(Scope(word) for word in str(claims.get("scope", "")).split())
            sub = Id(UUID(str(claims["sub"])))
        except (JoseError, ValueError, KeyError, TypeError) as error:
            raise Unauthenticated(REFUSED) from error
        return Session(
            tenant=tenant,
            client=client,
            dialect=audience,
            scopes=scopes,
            application=claims.get("app_id"),
            person=None if sub == client else sub,
            roles=tuple(claims.get("roles", ())),
            expires_at=float(claims["exp"]),
        )

    async def published_keys(self) -> dict[str, Any]:
        """The public keys that verify tokens, as a JWK set (RFC 7517)."""
        _, keys = await self._keys()
        return {"keys": [key.as_dict(private=False) for key in keys.keys]}

    async def listen(self) -> None:
        """Forget remembered credentials whenever the database says that some changed; runs until cancelled.

        While the connection is lost nothing is remembered, so a revoked key never outlives its revocation by more
        than the way of one notification.
        """
        while True:
            try:
                async with self._database.unbound() as connection:
                    lost = asyncio.Event()
                    connection.add_termination_listener(lambda _, lost=lost: lost.set())
                    await connection.add_listener(_CHANNEL, self.forget)
                    try:
                        self.forget()
                        self._listens = True
                        await lost.wait()
                    finally:
                        # The pool refuses a connection that still listens, and would wait for it when it closes.
                        await connection.remove_listener(_CHANNEL, self.forget)
            except (Unavailable, *AWAY):
                pass  # away; the next round tries again
            finally:
                self._listens = False
                self.forget()
            await asyncio.sleep(0.5)

    def _recall(self, digest: bytes) -> Credential | None:
        entry = self._remembered.get(digest)
        if entry is None:
            return None
        until, credential = entry
        if until < time.monotonic():
            del self._remembered[digest]
            return None
        return credential

    def forget(self, *_: object) -> None:
        """Remember no credential any longer: somebody's rights changed."""
        self._remembered.clear()
        self._signing = None
        self._changes += 1

    def _remember(self, digest: bytes, credential: Credential, seconds: float, changes: int) -> Credential:
        # What was read before the last change may be the state before it: a key revoked meanwhile must not stay.
        if self._listens and changes == self._changes:
            self._remembered[digest] = (time.monotonic() + seconds, credential)
            if len(self._remembered) > _REMEMBERED_MAX:
                self._remembered.popitem(last=False)
        return credential

    async def _keys_for(self, token: str) -> KeySet:
        """The keys that verify; read anew when another worker signed with one that is not known here yet."""
        _, keys = await self._keys()
        if _header(token).get("kid") not in {key.kid for key in keys.keys}:
            self._signing = None
            _, keys = await self._keys()
        return keys

    async def _keys(self) -> tuple[ECKey, KeySet]:
        if self._signing is None:
            async with self._database.unbound() as connection:
                rows = await connection.fetch("SELECT id, private_jwk FROM signing_key ORDER BY created_at DESC")
            if not rows:
                raise Unauthenticated("No signing key yet: make a tenant first")
            keys = [ECKey.import_key({**row["private_jwk"], "kid": row["id"]}) for row in rows]
            self._signing = (keys[0], KeySet(list(keys)))
        return self._signing


async def ensure_signing_key(connection: Any, now: datetime) -> None:
    """Make the installation's key for tokens when there is none. Needs the owner's connection."""
    if not await connection.fetchval("SELECT EXISTS (SELECT FROM signing_key)"):
        await _add_signing_key(connection, now)


async def _add_signing_key(connection: Any, now: datetime) -> str:
    key = ECKey.generate_key("P-256", private=True)
    id = key.thumbprint()
    await connection.execute(
        "INSERT INTO signing_key (id, private_jwk, created_at) VALUES ($1, $2, $3)", id, key.as_dict(private=True), now
    )
    return id


def scopes_of(words: Sequence[str]) -> frozenset[Scope]:
    """Scopes by name. Raises ValueError for an unknown one."""
    return frozenset(Scope(word) for word in words)


def client_id(text: str) -> Id | None:
    """A client id in any spelling, or None."""
    return parse(text, "client")


def _digest(secret: str) -> bytes:
    return hashlib.sha256(secret.encode()).digest()


def _header(token: str) -> dict[str, Any]:
    return _part(token, 0)


def _unverified(token: str) -> dict[str, Any]:
    """What a token claims, true or not: enough to find the keys that tell."""
    return _part(token, 1)


def _part(token: str, place: int) -> dict[str, Any]:
    """Raises Unauthenticated for what is no JWT."""
    parts = token.split(".")
    try:
        if len(parts) != 3:
            raise ValueError
        return msgspec.json.decode(
            urlsafe_b64decode(parts[place] + "=" * (-len(parts[place]) % 4)), type=dict[str, Any]
        )
    except (ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise Unauthenticated(REFUSED) from error
