"""Tokens, and who the credentials of a call belong to."""

from __future__ import annotations

from msgspec import UNSET

from testamur.core.callers import ALL_SCOPES, Scope
from testamur.core.errors import Unauthenticated
from testamur.core.ids import parse
from testamur.dialects.thrive.operations.shared import NAME
from testamur.dialects.thrive.wire import tokens as wire
from testamur.http.credentials import Basic, Bearer, authorization
from testamur.http.operations import Call, Operation, Reply
from testamur.http.replies import json_reply
from testamur.ledger.clients import TOKEN_SECONDS, Credential, client_id

SCOPES = {
    "api/all": ALL_SCOPES,
    "api/read": frozenset({Scope.READ}),
    "api/write": frozenset({Scope.WRITE}),
    "api/webhooks": frozenset({Scope.WEBHOOKS}),
}
"""The vendor's scope words. `api/write` alone does not allow reading."""


async def issue_token(call: Call) -> Reply:
    """The token endpoint, after Amazon Cognito's: that is whose tenant ids and scopes the vendor shows."""
    body: wire.TokenRequest = call.body
    if body.grant_type is UNSET:
        return _refuse_token("invalid_request", "grant_type is required")
    if body.grant_type != "client_credentials":
        return _refuse_token("unsupported_grant_type", "only client_credentials is offered")
    id, secret = body.client_id or None, body.client_secret or None
    if call.header("authorization") is not None:
        try:
            given = authorization(call)
        except Unauthenticated as error:
            return _refuse_token("invalid_client", error.message)
        if isinstance(given, Basic):
            id, secret = given.user, given.password
    if not isinstance(id, str) or not isinstance(secret, str):
        return _refuse_token("invalid_client", "client_id and client_secret are required")
    try:
        credential = await call.ledger.clients.by_secret(secret)
    except Unauthenticated:
        return _refuse_token("invalid_client", "unknown client, secret or tenant")
    caller, tenant = credential.caller, call.path["tenantId"]
    if tenant != credential.slug and parse(tenant, "tenant") != caller.tenant:
        return _refuse_token("invalid_client", "unknown client, secret or tenant")
    if caller.client != client_id(id) or credential.dialect not in (None, NAME):
        return _refuse_token("invalid_client", "unknown client, secret or tenant")
    asked = body.scope.split() if isinstance(body.scope, str) else []
    if any(word not in SCOPES for word in asked):
        return _refuse_token("invalid_scope", f"known scopes: {', '.join(SCOPES)}")
    scopes = frozenset().union(*(SCOPES[word] for word in asked)) if asked else caller.scopes
    if "api/all" not in asked and not scopes <= caller.scopes:
        return _refuse_token("invalid_scope", "the client is not allowed all of these scopes")
    token = await call.ledger.clients.issue_token(credential, scopes, NAME)
    return json_reply(200, wire.Token(token, "Bearer", TOKEN_SECONDS), (b"cache-control", b"no-store"))


async def identify(call: Call) -> Credential:
    """Basic with tenant id and key, or a Bearer token. Raises Unauthenticated."""
    given = authorization(call)
    if isinstance(given, Bearer):
        return await call.ledger.clients.by_token(given.token, NAME)
    if not given.password:
        raise Unauthenticated("The API key is missing")
    credential = await call.ledger.clients.by_secret(given.password)
    if given.user != credential.slug and parse(given.user, "tenant") != credential.caller.tenant:
        raise Unauthenticated
    return credential


def _refuse_token(error: str, description: str) -> Reply:
    return json_reply(400, wire.TokenError(error, description), (b"cache-control", b"no-store"))


OPERATIONS = (
    Operation(
        name="issueToken",
        method="POST",
        path="/oauth2/token/{tenantId}",
        handler=issue_token,
        summary="An access token for client credentials",
        scope=None,
        body=wire.TokenRequest,
        form=True,
        answers={200: wire.Token},
    ),
)
