"""Tokens, the keys that verify them, and the state of the service."""

from __future__ import annotations

from msgspec import UNSET

from testamur.core.errors import Unauthenticated
from testamur.dialects.cpod.errors import refuse_token
from testamur.dialects.cpod.operations.shared import NAME
from testamur.dialects.cpod.wire import tokens as wire
from testamur.http.credentials import Basic, authorization
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply
from testamur.ledger.clients import TOKEN_SECONDS, client_id

_NO_STORE = (b"cache-control", b"no-store")


async def issue_token(call: Call) -> Reply:
    """A token for client credentials. Its claims are what every other call goes by: tenant, application, scopes."""
    body: wire.TokenRequest = call.body
    if body.grant_type is UNSET:
        return refuse_token(call, "invalid_request", "grant_type is required")
    if body.grant_type != "client_credentials":
        return refuse_token(call, "unsupported_grant_type", "only client_credentials is offered")
    id, secret = body.client_id or None, body.client_secret or None
    if call.header("authorization") is not None:
        try:
            given = authorization(call)
        except Unauthenticated as error:
            return refuse_token(call, "invalid_client", error.message)
        if isinstance(given, Basic):
            id, secret = given.user, given.password
    if not isinstance(id, str) or not isinstance(secret, str):
        return refuse_token(call, "invalid_client", "client_id and client_secret are required")
    try:
        credential = await call.ledger.clients.by_secret(secret)
    except Unauthenticated:
        return refuse_token(call, "invalid_client", "unknown client or secret")
    if credential.caller.client != client_id(id) or credential.dialect not in (None, NAME):
        return refuse_token(call, "invalid_client", "unknown client or secret")
    token = await call.ledger.clients.issue_token(credential, credential.caller.scopes, NAME)
    return json_reply(200, wire.Token(token, "Bearer", TOKEN_SECONDS), _NO_STORE)


async def health(call: Call) -> Reply:
    return json_reply(200, wire.Health("ok"), _NO_STORE)


async def published_keys(call: Call) -> Reply:
    return json_reply(200, await call.ledger.clients.published_keys(), (b"cache-control", b"public, max-age=300"))


OPERATIONS = (
    Operation(
        name="issueToken",
        method="POST",
        path="/api/v1/auth/token",
        handler=issue_token,
        summary="An access token for client credentials",
        scope=None,
        body=wire.TokenRequest,
        form=True,
        answers={200: wire.Token},
    ),
    Operation(
        name="health",
        method="GET",
        path="/health",
        handler=health,
        summary="Whether the service answers",
        scope=None,
        answers={200: wire.Health},
    ),
    Operation(
        name="publishedKeys",
        method="GET",
        path="/.well-known/jwks.json",
        handler=published_keys,
        summary="The keys that verify access tokens",
        scope=None,
        answers={200: wire.KeySet},
    ),
)
