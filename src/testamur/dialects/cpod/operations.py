"""The operations of cPod's learning records."""

from __future__ import annotations

import hashlib
from datetime import datetime
from typing import Annotated
from uuid import UUID

from msgspec import UNSET, Meta

from testamur.core.callers import Scope
from testamur.core.errors import CompletionNotFound, Unauthenticated
from testamur.core.ids import Id, parse, to_ulid
from testamur.core.records import Record, Report, check_times
from testamur.dialects.cpod import listing, translate, wire
from testamur.dialects.cpod.errors import answer_error, refuse_token
from testamur.http.credentials import Basic, Bearer, authorization
from testamur.http.cursors import decode_cursor, encode_cursor
from testamur.http.operations import Call, Dialect, Operation, Param, Reply
from testamur.http.replies import json_reply
from testamur.ledger.clients import TOKEN_SECONDS, Credential, client_id
from testamur.ledger.record_search import Position

NAME = "cpod"
DOCS = "https://docs.cyberpod.app/portal/performance/LearningRecord"
RECORDS = "/api/v1/performance/learning-records"
_NO_STORE = (b"cache-control", b"no-store")


async def create_record(call: Call) -> Reply:
    new = translate.new_record(call.body, call.caller)
    check_times(new, call.now, completed_field="completed_at", started_field="")
    report = Report(NAME, call.caller.client, call.method, call.route, call.raw)
    recorded = await call.ledger.records.record(call.caller.tenant, new, report)
    record = await call.ledger.record_search.get(call.caller, recorded.record)
    reply = _entity(201, call, record)
    reply.headers.append((b"location", f"{call.base_url}{RECORDS}/{to_ulid(record.id, 'record')}".encode()))
    return reply


async def get_record(call: Call) -> Reply:
    id = parse(call.path["id"], "record")
    if id is None:
        raise CompletionNotFound
    record = await call.ledger.record_search.get(call.caller, id, voided=call.params["include_deleted"])
    return _entity(200, call, record)


async def list_records(call: Call) -> Reply:
    wanted = listing.wanted(call.query, call.params)
    sort = listing.sort(call.params["sort"])
    binding = listing.binding(call.caller, wanted, sort)
    found = await call.ledger.record_search.find(
        call.caller,
        wanted,
        sort=sort,
        after=_position(call.params["cursor"], binding),
        count=call.params["limit"],
        counts=call.params["total"],
    )
    items = [translate.learning_record(record, call.caller.tenant) for record in found.records]
    return json_reply(200, wire.LearningRecords(items, _cursor(found.after, binding), found.total))


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


async def identify(call: Call) -> Credential:
    """A token of the token endpoint as Bearer. Raises Unauthenticated."""
    given = authorization(call)
    if not isinstance(given, Bearer):
        raise Unauthenticated("The Authorization header must be Bearer with an access token")
    return await call.ledger.clients.by_token(given.token, NAME)


def _entity(status: int, call: Call, record: Record) -> Reply:
    """A record with its ETag: a digest of what is shown and of the fact behind it, which no two states share."""
    reply = json_reply(status, translate.learning_record(record, call.caller.tenant))
    assert reply.body is not None
    digest = hashlib.blake2b(record.fact.bytes + reply.body, digest_size=12).hexdigest()
    reply.headers.append((b"etag", f'"{digest}"'.encode()))
    return reply


def _position(cursor: str | None, binding: str) -> Position | None:
    """Where the page begins. Raises InvalidCursor for the cursor of another list."""
    if cursor is None:
        return None
    at, id, number, key = decode_cursor(
        cursor, binding, Annotated[datetime, Meta(tz=True)], UUID, int | None, str | None
    )
    return Position(at, Id(id), number, key)


def _cursor(after: Position | None, binding: str) -> str | None:
    return None if after is None else encode_cursor([after.created_at, after.id, after.number, after.key], binding)


OPERATIONS = (
    Operation(
        name="listLearningRecords",
        method="GET",
        path=RECORDS,
        handler=list_records,
        summary="Learning records of every source, a page at a time",
        params=listing.PARAMS,
        answers={200: wire.LearningRecords},
        source=DOCS,
    ),
    Operation(
        name="createLearningRecord",
        method="POST",
        path=RECORDS,
        handler=create_record,
        summary="Record somebody's learning; an Idempotency-Key makes a repeat give the first record back",
        scope=Scope.WRITE,
        body=wire.CreateLearningRecord,
        answers={201: wire.LearningRecord},
        idempotent_by_key=True,
        source=DOCS,
    ),
    Operation(
        name="getLearningRecord",
        method="GET",
        path=f"{RECORDS}/{{id}}",
        handler=get_record,
        summary="One learning record, by any spelling of its id",
        params=(Param("include_deleted", "boolean", default=False, aliases=("includeDeleted",)),),
        answers={200: wire.LearningRecord},
        source=DOCS,
    ),
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

DIALECT = Dialect(
    name=NAME,
    title="cPod learning records",
    operations=OPERATIONS,
    identify=identify,
    answer_error=answer_error,
    error=wire.Problem,
    error_media_type="application/problem+json",
    security={
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "Token of /api/v1/auth/token",
        }
    },
)
