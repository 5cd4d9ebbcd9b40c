"""The operations of the xAPI read door."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from email.utils import format_datetime

from testamur.core.callers import Scope
from testamur.core.errors import CompletionNotFound, FieldFault, InvalidInput, Unauthenticated
from testamur.core.ids import parse
from testamur.core.moments import format_instant
from testamur.dialects.xapi import translate, wire
from testamur.dialects.xapi.errors import answer_error
from testamur.http.credentials import Basic, authorization
from testamur.http.errors import UnsupportedVersion
from testamur.http.operations import Call, Dialect, Operation, Param, Reply
from testamur.http.replies import json_reply
from testamur.ledger.clients import Credential, client_id

NAME = "xapi"
VERSION_HEADER = b"x-experience-api-version"
VERSION_DEFAULT = "1.0.3"
"""What a request without a version header gets its 400 in; the two versions' tests disagree."""
VERSIONS = ("1.0.3", "2.0.0")

_CORS = [
    (b"access-control-allow-origin", b"*"),
    (
        b"access-control-expose-headers",
        b"ETag, Last-Modified, X-Experience-API-Version, X-Experience-API-Consistent-Through",
    ),
]
_PREFLIGHT = [
    (b"access-control-allow-methods", b"GET, HEAD, OPTIONS"),
    (
        b"access-control-allow-headers",
        b"Authorization, Content-Type, X-Experience-API-Version, If-Match, If-None-Match, Accept-Language",
    ),
    (b"access-control-max-age", b"86400"),
]


async def get_statement(call: Call) -> Reply:
    """One statement, by `statementId` while it stands, by `voidedStatementId` once it is voided or superseded."""
    wanted, voided = call.params["statementId"], call.params["voidedStatementId"]
    if (wanted is None) == (voided is None):
        raise InvalidInput(
            FieldFault("statementId", "missing", "give exactly one of statementId and voidedStatementId")
        )
    field, text = ("statementId", wanted) if wanted is not None else ("voidedStatementId", voided)
    id = parse(text) if len(text) == 36 else None
    if id is None:
        raise InvalidInput(FieldFault(field, "format", "must be a UUID"))
    tenant = call.caller.tenant
    found = await call.ledger.records.statement(tenant, id)
    record = found.record
    is_told = record.completed is not None and record.person is not None and record.item is not None
    if not is_told or found.is_standing != (wanted is not None):
        raise CompletionNotFound(f"No statement with this {field}", field=field)
    told = (await call.ledger.records.tellings(tenant, [record.id]))[record.id]
    reporter = told[0].report.client if told else call.caller.client
    statement = translate.statement(record, call.base_url, reporter, _version(call.headers))
    return json_reply(200, statement, (b"last-modified", _http_date(record.recorded_at)))


async def about(call: Call) -> Reply:
    return json_reply(200, wire.About(list(VERSIONS), {}))


async def preflight(call: Call) -> Reply:
    return Reply(204, None, list(_PREFLIGHT))


async def identify(call: Call) -> Credential:
    """Basic with a client's id and key. Raises Unauthenticated."""
    given = authorization(call)
    if not isinstance(given, Basic) or not given.password:
        raise Unauthenticated("Basic credentials are needed: client id and key")
    credential = await call.ledger.clients.by_secret(given.password)
    if client_id(given.user) != credential.caller.client:
        raise Unauthenticated
    return credential


def before(call: Call) -> None:
    """Every resource but `about` needs a version header. Raises UnsupportedVersion."""
    if call.operation.scope is None:
        return
    version = call.headers.get(VERSION_HEADER, b"").decode("latin-1").strip()
    if version in ("1.0", "2.0") or version.startswith(("1.0.", "2.0.")):
        return
    raise UnsupportedVersion(
        "The header X-Experience-API-Version must be 1.0.x or 2.0.x" + (f", not {version!r}" if version else "")
    )


def after(call: Call | None, headers: Mapping[bytes, bytes], reply: Reply) -> None:
    """The version, and up to when everything stored can be read: at once, so that is now."""
    reply.headers.append((VERSION_HEADER, _version(headers).encode()))
    reply.headers.extend(_CORS)
    if call is not None and call.operation.path == "/statements":
        reply.headers.append((b"x-experience-api-consistent-through", format_instant(call.now).encode()))


def _version(headers: Mapping[bytes, bytes]) -> str:
    asked = headers.get(VERSION_HEADER, b"")
    return "2.0.0" if asked == b"2.0" or asked.startswith(b"2.0.") else VERSION_DEFAULT


def _http_date(at: datetime) -> bytes:
    return format_datetime(at.replace(microsecond=0), usegmt=True).encode()


OPERATIONS = (
    Operation(
        name="getStatement",
        method="GET",
        path="/statements",
        handler=get_statement,
        summary="One statement by its id",
        params=(
            Param("statementId", summary="UUID of a statement that stands"),
            Param("voidedStatementId", summary="UUID of a statement that was voided or superseded"),
            Param("format", choices=("exact", "ids", "canonical")),
            Param("attachments", "boolean"),
        ),
        answers={200: wire.Statement},
        scope=Scope.READ,
        source="https://github.com/adlnet/xAPI-Spec/blob/1.0.3/xAPI-Communication.md#statements",
    ),
    Operation(
        name="preflightStatements",
        method="OPTIONS",
        path="/statements",
        handler=preflight,
        summary="Cross-origin preflight",
        scope=None,
        answers={204: None},
    ),
    Operation(
        name="about",
        method="GET",
        path="/about",
        handler=about,
        summary="The versions spoken here",
        scope=None,
        answers={200: wire.About},
    ),
)

DIALECT = Dialect(
    name=NAME,
    title="xAPI Learning Record Store, read door",
    operations=OPERATIONS,
    identify=identify,
    answer_error=answer_error,
    error=wire.Error,
    security={"basic": {"type": "http", "scheme": "basic", "description": "Client id and key"}},
    before=before,
    after=after,
    refuses_unknown_params=True,
)
