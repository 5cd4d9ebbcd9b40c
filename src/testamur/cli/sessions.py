"""`testamur issuer` and `testamur token`: whose tokens are believed, and those of our own."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import msgspec
import typer

from testamur import serving
from testamur.cli.common import Data, DatabaseUrl, Json, TenantName, settings_of, with_ledger
from testamur.cli.output import explained, show, table
from testamur.core.callers import ALL_SCOPES, Caller, Scope
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, to_hex24
from testamur.core.people import Reference
from testamur.ledger import Ledger
from testamur.ledger.clients import TOKEN_SECONDS, Credential, scopes_of

issuers = typer.Typer(help="Identity providers whose tokens a tenant believes.", no_args_is_help=True)
tokens = typer.Typer(help="Tokens that are signed here.", no_args_is_help=True)

IssuerName = Annotated[str, typer.Argument(help="The claim `iss` of its tokens.")]
Scopes = Annotated[list[str] | None, typer.Option("--scope", help="read or write; may be repeated. All by default.")]
_DIALECT = "cpod"
_KEYS_MAX_BYTES = 1024 * 1024


@issuers.command("put")
def put(
    issuer: IssuerName,
    tenant: TenantName,
    keys: Annotated[Path, typer.Option(help="File with its keys as a JWK set: RSA, EC on P-256, or oct for HS256.")],
    audience: Annotated[str, typer.Option(help="The claim `aud` of its tokens.")] = _DIALECT,
    scope: Scopes = None,
    application: Annotated[str | None, typer.Option(help="The only application its tokens may be for.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Believe an issuer's tokens in cPod, or go on with other keys: sessions go on where their key stays."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        try:
            with keys.open("rb") as file:
                jwks = msgspec.json.decode(file.read(_KEYS_MAX_BYTES), type=dict[str, Any])
        except (OSError, msgspec.MsgspecError) as error:
            raise InvalidInput(FieldFault("--keys", "format", f"cannot be read: {error}")) from error
        scopes = _scopes(scope)

        async def work(ledger: Ledger) -> Id:
            found = await ledger.tenants.find(tenant)
            return await ledger.issuers.put(
                found.id, issuer, audience, jwks, dialect=_DIALECT, scopes=scopes, application=application
            )

        made = {"issuer": issuer, "client_id": to_hex24(with_ledger(urls, work))}
        show(made, json, table("Issuer", list(made), [made]))


@issuers.command("list")
def list_(tenant: TenantName, data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """List a tenant's issuers, revoked ones included."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:

        async def find(ledger: Ledger) -> list[dict[str, Any]]:
            return [
                {
                    "issuer": one.issuer,
                    "audience": one.audience,
                    "client_id": to_hex24(one.client),
                    "application": one.application,
                    "scopes": " ".join(one.scopes),
                    "algorithms": " ".join(one.algorithms),
                    "updated_at": one.updated_at,
                    "revoked_at": one.revoked_at,
                }
                for one in await ledger.issuers.list((await ledger.tenants.find(tenant)).id)
            ]

        rows = with_ledger(urls, find)
        columns = ["issuer", "audience", "application", "scopes", "algorithms", "updated_at", "revoked_at"]
        show({"issuers": rows}, json, table("Issuers", columns, rows))


@issuers.command("revoke")
def revoke(
    issuer: IssuerName, tenant: TenantName, data: Data = None, database_url: DatabaseUrl = None, json: Json = False
) -> None:
    """Believe an issuer no more; its sessions end at once, in every worker."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:

        async def work(ledger: Ledger) -> None:
            await ledger.issuers.revoke((await ledger.tenants.find(tenant)).id, issuer)

        with_ledger(urls, work)
        show({"revoked": issuer}, json, "Revoked.")


@tokens.command("session")
def session(
    person: Annotated[str, typer.Argument(help="Her id, or an identifier by its kind, such as ref:00123.")],
    tenant: TenantName,
    role: Annotated[list[str] | None, typer.Option(help="manager, admin or any other; may be repeated.")] = None,
    scope: Scopes = None,
    application: Annotated[str | None, typer.Option(help="The application the session is for.")] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Make a token for the session of a person in cPod, good for an hour: to try things on, or for a local portal.

    Each session is a client of its own, `testamur key list` shows it and revoking its key ends it.
    """
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        scopes = _scopes(scope)
        kind, colon, value = person.partition(":")
        reference = Reference(value, (kind,), may_be_id=False) if colon else Reference(person)

        async def work(ledger: Ledger) -> dict[str, Any]:
            found = await ledger.tenants.find(tenant)
            whom = (await ledger.people.get(found.id, reference)).id
            name = f"Session of {to_hex24(whom)}"
            key = await ledger.clients.create(found.id, name, dialect=_DIALECT, scopes=scopes, application=application)
            caller = Caller(tenant=found.id, client=key.client, scopes=scopes, application=application)
            token = await ledger.clients.issue_token(
                Credential(caller, _DIALECT, {}), scopes, _DIALECT, person=whom, roles=tuple(role or ())
            )
            return {"access_token": token, "expires_in": TOKEN_SECONDS, "key_id": to_hex24(key.key)}

        made = with_ledger(urls, work)
        show(made, json, made["access_token"])


@tokens.command("rotate")
def rotate(data: Data = None, database_url: DatabaseUrl = None, json: Json = False) -> None:
    """Sign tokens with a new key from now on. Tokens that are out stay good until they expire."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        made = {"kid": with_ledger(urls, lambda ledger: ledger.clients.rotate_signing_key())}
        show(made, json, table("Signing key", list(made), [made]))


def _scopes(words: list[str] | None) -> frozenset[Scope]:
    try:
        return scopes_of(words) if words else ALL_SCOPES
    except ValueError as error:
        raise InvalidInput(FieldFault("--scope", "format", str(error))) from error
