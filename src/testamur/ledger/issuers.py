"""Issuers: identity providers whose tokens a tenant believes.

An issuer is a client without a key: what its sessions may do is what the client may do, and revoking the client ends
them all. A tenant's issuer speaks for that tenant alone, because its keys are looked up under the tenant that the token
claims. Keys are given by value, as a JWK set (RFC 7517), and replaced to rotate them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import ECKey, Key, KeySet, OctKey, RSAKey

from testamur.core.callers import Scope
from testamur.core.errors import ClientNotFound, FieldFault, InvalidInput, Unauthenticated
from testamur.core.ids import Id, new_id, parse
from testamur.core.people import Reference
from testamur.ledger.people_rows import find_person
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx

KEYS_MAX = 20
CLOCK_SKEW_SECONDS = 60
_ALGORITHMS = {"RSA": "RS256", "EC": "ES256", "oct": "HS256"}
"""What a key of each type signs with. The type decides, never the token."""
_RSA_BITS_MIN = 2048
_SECRET_BITS_MIN = 256
_TEXT_MAX = 255


@dataclass(frozen=True, slots=True)
class Issuer:
    """An issuer as listed. `algorithms` are those of its keys."""

    issuer: str
    audience: str
    client: Id
    application: str | None
    scopes: tuple[str, ...]
    algorithms: tuple[str, ...]
    created_at: datetime
    updated_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class Session:
    """What a verified token says.

    Args:
        person: who is behind it; None for a machine.
        roles: as the issuer calls them.
        expires_at: Unix time.
    """

    tenant: Id
    client: Id
    dialect: str | None
    scopes: frozenset[Scope]
    application: str | None
    person: Id | None
    roles: tuple[str, ...]
    expires_at: float


class Issuers:
    """Verbs on issuers.

    Args:
        forget: called when sessions ended; other workers hear of it from the database, a moment later.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime], forget: Callable[[], None]) -> None:
        self._database = database
        self._clock = clock
        self._forget = forget

    async def put(
        self,
        tenant: Id,
        issuer: str,
        audience: str,
        keys: Mapping[str, Any],
        *,
        dialect: str,
        scopes: frozenset[Scope],
        application: str | None = None,
    ) -> Id:
        """Believe an issuer's tokens from now on, or go on with other keys. Returns its client.

        Args:
            issuer, audience: what `iss` and `aud` of its tokens must be.
            keys: a JWK set. Of private keys the public part is kept; keys of type `oct` are secrets of HS256.
            application: the only application its tokens may be for, None for any that they claim.
        Raises: InvalidInput for keys that cannot be used.
        """
        for field, text in (("issuer", issuer), ("audience", audience)):
            if not 1 <= len(text) <= _TEXT_MAX or "\0" in text:
                raise InvalidInput(FieldFault(field, "format", f"must have 1 to {_TEXT_MAX} characters"))
        kept = {"keys": [_kept(key) for key in _checked(keys)]}
        now = self._clock()
        async with self._database.write(tenant, alone=True) as tx:
            # A new client also for one that is known, when it may do something else now: its sessions end.
            known = await tx.row("issuer_get", issuer=issuer)
            may = (dialect, application, sorted(scope.value for scope in scopes))
            if known is not None and (known["dialect"], known["application"], sorted(known["scopes"])) == may:
                client: Id = known["client"]
            else:
                if known is not None:
                    await tx.run("client_revoke", id=known["client"], now=now)
                client = new_id()
                await tx.run(
                    "client_add",
                    id=client,
                    name=f"Sessions of {issuer}",
                    dialect=dialect,
                    application=application,
                    scopes=may[2],
                    settings={},
                    now=now,
                )
            await tx.run("issuer_put", issuer=issuer, client=client, audience=audience, keys=kept, now=now)
            await tx.run("caches_forget")
        self._forget()
        return client

    async def list(self, tenant: Id) -> list[Issuer]:
        """All of a tenant's issuers by name, revoked ones included."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("issuers_list")
        return [
            Issuer(
                issuer=row["issuer"],
                audience=row["audience"],
                client=row["client"],
                application=row["application"],
                scopes=tuple(row["scopes"]),
                algorithms=tuple(sorted({_ALGORITHMS[key["kty"]] for key in row["keys"]["keys"]})),
                created_at=row["created_at"],
                updated_at=row["updated_at"],
                revoked_at=row["revoked_at"],
            )
            for row in rows
        ]

    async def revoke(self, tenant: Id, issuer: str) -> None:
        """Believe an issuer's tokens no more, at once and in every worker. Raises ClientNotFound."""
        now = self._clock()
        async with self._database.write(tenant, alone=True) as tx:
            known = await tx.row("issuer_get", issuer=issuer)
            if known is None:
                raise ClientNotFound(f"No issuer {issuer!r} in this tenant")
            await tx.run("client_revoke", id=known["client"], now=now)
            await tx.run("caches_forget")
        self._forget()


async def session(database: Database, token: str, claimed: Mapping[str, Any], dialect: str, now: datetime) -> Session:
    """What a token of somebody else's says.

    Args:
        claimed: its claims, which nobody has verified yet.
        dialect: where it is used; ids of people are looked up among those that came from there.
    Raises: Unauthenticated, always with the same words: nobody learns which tenants and issuers there are.
    """
    tenant = await _tenant(database, claimed.get("tenant_id"))
    if tenant is None or not isinstance(claimed.get("iss"), str) or "\0" in claimed["iss"]:
        raise Unauthenticated(REFUSED)
    async with database.read(tenant) as tx:
        issuer = await tx.row("issuer_get", issuer=claimed["iss"])
        if issuer is None or issuer["dialect"] not in (None, dialect):
            raise Unauthenticated(REFUSED)
        claims = _verified(token, issuer, now)
        return Session(
            tenant=tenant,
            client=issuer["client"],
            dialect=issuer["dialect"],
            scopes=_scopes(issuer, claims),
            application=await _application(tx, issuer, claims),
            person=await _person(tx, claims, dialect),
            roles=_roles(claims),
            expires_at=float(claims["exp"]),
        )


REFUSED = "The access token is not valid or has expired"


async def _tenant(database: Database, text: Any) -> Id | None:
    if not isinstance(text, str) or len(text) > _TEXT_MAX or "\0" in text:
        return None
    id = parse(text, "tenant")
    async with database.unbound() as connection:
        row = await connection.fetchrow("SELECT id FROM tenant_by_name($1)", str(id) if id else text)
    return None if row is None else row["id"]


def _verified(token: str, issuer: Row, now: datetime) -> dict[str, Any]:
    keys = _imported(issuer["keys"])
    try:
        decoded = jwt.decode(token, KeySet(keys), algorithms=sorted({_ALGORITHMS[key.key_type] for key in keys}))
        registry = jwt.JWTClaimsRegistry(
            now=int(now.timestamp()),
            leeway=CLOCK_SKEW_SECONDS,
            iss={"essential": True, "value": issuer["issuer"]},
            aud={"essential": True, "value": issuer["audience"]},
            exp={"essential": True},
        )
        registry.validate(decoded.claims)
    except (JoseError, ValueError, TypeError, KeyError) as error:
        raise Unauthenticated(REFUSED) from error
    claims: dict[str, Any] = decoded.claims
    return claims


def _scopes(issuer: Row, claims: Mapping[str, Any]) -> frozenset[Scope]:
    """What the issuer's client may do; less, where the token names some of it."""
    may = frozenset(Scope(scope) for scope in issuer["scopes"])
    words = str(claims.get("scope", "")).split()
    named = frozenset(scope for scope in Scope if scope.value in words)
    return may & named if named else may


async def _application(tx: Tx, issuer: Row, claims: Mapping[str, Any]) -> str | None:
    """The claim, or the application of the client of ours that the token is for."""
    claimed = claims.get("app_id")
    if claimed is None and (client := _client(claims)) is not None:
        row = await tx.row("client_get", id=client)
        claimed = row["application"] if row and row["revoked_at"] is None else None
    if claimed is not None and (not isinstance(claimed, str) or not 1 <= len(claimed) <= _TEXT_MAX or "\0" in claimed):
        raise Unauthenticated(REFUSED)
    bound: str | None = issuer["application"]
    if bound is not None and claimed not in (None, bound):
        raise Unauthenticated(REFUSED)
    return bound or claimed


async def _person(tx: Tx, claims: Mapping[str, Any], dialect: str) -> Id | None:
    """Who the token is about: somebody known here, else the id as it stands; None for a machine."""
    sub = claims.get("sub")
    if not isinstance(sub, str) or "\0" in sub or len(sub) > _TEXT_MAX:
        return None
    if sub in (claims.get("client_id"), claims.get("azp")) or _client({"client_id": sub}) is not None:
        return None
    return await find_person(tx, Reference(sub, (dialect,))) or parse(sub, "person")


def _client(claims: Mapping[str, Any]) -> Id | None:
    text = claims.get("client_id", claims.get("azp"))
    # A bare id may be anybody's; only the prefix says that it is a client's.
    return parse(text, "client") if isinstance(text, str) and text[:4].lower() in ("cli_", "cli-") else None


def _roles(claims: Mapping[str, Any]) -> tuple[str, ...]:
    said = claims.get("roles", claims.get("role", ()))
    words: Sequence[Any] = said.split() if isinstance(said, str) else said if isinstance(said, list) else ()
    return tuple(sorted({word.lower() for word in words if isinstance(word, str)}))


def _imported(keys: Mapping[str, Any]) -> list[Key]:
    kinds: dict[str, Any] = {"RSA": RSAKey, "EC": ECKey, "oct": OctKey}
    return [kinds[key["kty"]].import_key(key) for key in keys["keys"]]


def _checked(keys: Mapping[str, Any]) -> list[Key]:
    """The keys of a set. Raises InvalidInput for one that must not be believed."""

    def fault(where: str, what: str) -> InvalidInput:
        return InvalidInput(FieldFault(where, "format", what))

    given = keys.get("keys")
    if not isinstance(given, list) or not 1 <= len(given) <= KEYS_MAX:
        raise fault("keys", f"must be a JWK set of 1 to {KEYS_MAX} keys")
    checked: list[Key] = []
    for place, one in enumerate(given):
        where = f"keys[{place}]"
        if not isinstance(one, dict) or one.get("kty") not in _ALGORITHMS:
            raise fault(where, f"must be of the type {', '.join(_ALGORITHMS)}")
        if one.get("alg", _ALGORITHMS[one["kty"]]) != _ALGORITHMS[one["kty"]]:
            raise fault(where, f"signs with {one['alg']}; only {', '.join(_ALGORITHMS.values())} is believed")
        try:
            (key,) = _imported({"keys": [one]})
        except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
            raise fault(where, f"cannot be read: {error}") from error
        if isinstance(key, RSAKey) and key.raw_value.key_size < _RSA_BITS_MIN:
            raise fault(where, f"must have {_RSA_BITS_MIN} bits or more")
        if isinstance(key, OctKey) and len(key.raw_value) * 8 < _SECRET_BITS_MIN:
            raise fault(where, f"must have {_SECRET_BITS_MIN} bits or more")
        if isinstance(key, ECKey) and one.get("crv") != "P-256":
            raise fault(where, "must be on the curve P-256")
        checked.append(key)
    return checked


def _kept(key: Key) -> dict[str, Any]:
    """A key as stored: nothing with which anybody could sign, but for a shared secret."""
    plain = key.as_dict(private=isinstance(key, OctKey))
    return {**plain, "kid": key.kid or key.thumbprint()}
