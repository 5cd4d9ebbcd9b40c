"""The operations of the Thrive public API."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta

from msgspec import UNSET

from testamur.core.callers import ALL_SCOPES, Scope
from testamur.core.errors import CompletionNotFound, Unauthenticated
from testamur.core.ids import parse, to_hex24
from testamur.core.moments import Precision, When
from testamur.core.people import Reference
from testamur.core.records import Report, check_times
from testamur.dialects.thrive import translate, wire
from testamur.dialects.thrive.errors import answer_error
from testamur.http.credentials import Basic, Bearer, authorization
from testamur.http.operations import Call, Dialect, Operation, Param, Reply
from testamur.http.replies import json_reply
from testamur.ledger.clients import TOKEN_SECONDS, Credential, client_id

NAME = "thrive"
DOCS = "https://docs.thrivelearning.com/docs"
_LISTED = frozenset({401, 403, 422, 500})

SCOPES = {
    "api/all": ALL_SCOPES,
    "api/read": frozenset({Scope.READ}),
    "api/write": frozenset({Scope.WRITE}),
    "api/webhooks": frozenset({Scope.WEBHOOKS}),
}
"""The vendor's scope words. `api/write` alone does not allow reading."""


async def create_completion(call: Call) -> Reply:
    new = translate.new_record(call.body)
    check_times(new, call.now, completed_field="completedAt", started_field="")
    report = Report(NAME, call.caller.client, call.method, call.route, call.raw)
    recorded = await call.ledger.records.record(call.caller.tenant, new, report)
    return json_reply(201 if recorded.is_new else 200, wire.CompletionStub(to_hex24(recorded.record)))


async def list_completions(call: Call) -> Reply:
    end: When | None = call.params["completedDateRangeEnd"]
    start: When | None = call.params["completedDateRangeStart"]
    found = await call.ledger.records.numbered_page(
        call.caller.tenant,
        person=_optional(translate.user, call.params["userId"], "userId"),
        item=_optional(translate.content, call.params["contentId"], "contentId"),
        is_prior=call.params["isRPL"],
        completed_from=start.at if start else None,
        completed_before=_behind(end) if end else None,
        count=call.params["perPage"],
        skip=(call.params["page"] - 1) * call.params["perPage"],
    )
    return json_reply(200, [translate.completion(record) for record in found])


async def get_completion(call: Call) -> Reply:
    id = parse(call.path["id"], "record")
    if id is None:
        raise CompletionNotFound
    record = await call.ledger.records.get(call.caller.tenant, id)
    if record.completed is None or record.person is None or record.item is None:
        raise CompletionNotFound
    return json_reply(200, translate.completion(record))


async def create_assignment(call: Call) -> Reply:
    stored = await call.ledger.assignments.add(call.caller, translate.new_assignment(call.body))
    return json_reply(201, translate.assignment(stored))


async def get_assignment(call: Call) -> Reply:
    reference = Reference(call.path["assignmentId"], (), "assignment", "assignmentId")
    return json_reply(200, translate.assignment(await call.ledger.assignments.get(call.caller.tenant, reference)))


async def list_assignments(call: Call) -> Reply:
    count = call.params["perPage"] or call.params["limit"] or 100
    since: When | None = call.params["updatedSince"]
    stored = await call.ledger.assignments.list(
        call.caller.tenant,
        audience=_optional(translate.audience, call.params["audienceId"], "audienceId"),
        updated_since=since.at if since else None,
        count=count,
        skip=(call.params["page"] - 1) * count,
    )
    return json_reply(200, [translate.assignment(assignment) for assignment in stored])


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


def _optional(make: Callable[[str, str], Reference], text: str | None, field: str) -> Reference | None:
    return None if text is None else make(text, field)


def _behind(end: When) -> datetime:
    """The first moment that is too late. A bare date means the whole day; the range's end is inclusive."""
    return end.at + (timedelta(days=1) if end.precision is Precision.DAY else timedelta(milliseconds=1))


_PAGE = Param("page", "integer", 1, minimum=1, maximum=10_000_000)

OPERATIONS = (
    Operation(
        name="createCompletion",
        method="POST",
        path="/rest/v1/learning/completions",
        handler=create_completion,
        summary="Record that a user completed a content; the same completion again is answered with 200",
        scope=Scope.WRITE,
        body=wire.CreateCompletion,
        answers={201: wire.CompletionStub, 200: wire.CompletionStub},
        errors=_LISTED,
        source=f"{DOCS}/creates-a-completion-record",
    ),
    Operation(
        name="listCompletions",
        method="GET",
        path="/rest/v1/learning/completions",
        handler=list_completions,
        summary="Completions, a page at a time",
        params=(
            Param("userId"),
            Param("contentId"),
            Param("isRPL", "boolean"),
            Param("completedDateRangeStart", "moment", days=True, summary="Date or date-time, inclusive"),
            Param("completedDateRangeEnd", "moment", days=True, summary="Date or date-time, inclusive"),
            _PAGE,
            Param("perPage", "integer", 1000, minimum=1, maximum=1000),
        ),
        answers={200: list[wire.Completion]},
    ),
    Operation(
        name="getCompletion",
        method="GET",
        path="/rest/v1/learning/completions/{id}",
        handler=get_completion,
        summary="One completion by its statement id",
        answers={200: wire.Completion},
    ),
    Operation(
        name="createAssignment",
        method="POST",
        path="/rest/v1/assignments",
        handler=create_assignment,
        summary="Assign a content to an audience",
        scope=Scope.WRITE,
        body=wire.CreateAssignment,
        answers={201: wire.Assignment},
        errors=_LISTED,
        source=f"{DOCS}/creates-an-assignment",
    ),
    Operation(
        name="listAssignments",
        method="GET",
        path="/rest/v1/assignments",
        handler=list_assignments,
        summary="Assignments, a page at a time",
        params=(
            Param("audienceId", summary="Id or reference"),
            Param("updatedSince", "moment", days=True),
            _PAGE,
            Param("perPage", "integer", minimum=1, maximum=100),
            Param("limit", "integer", minimum=1, maximum=100, summary="perPage wins over it"),
        ),
        answers={200: list[wire.Assignment]},
    ),
    Operation(
        name="getAssignment",
        method="GET",
        path="/rest/v1/assignments/{assignmentId}",
        handler=get_assignment,
        summary="One assignment",
        answers={200: wire.Assignment},
    ),
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

DIALECT = Dialect(
    name=NAME,
    title="Thrive Learning public API",
    operations=OPERATIONS,
    identify=identify,
    answer_error=answer_error,
    error=wire.Error,
    security={
        "basic": {"type": "http", "scheme": "basic", "description": "Tenant id and API key"},
        "bearer": {"type": "http", "scheme": "bearer", "description": "Token of /oauth2/token/{tenantId}"},
    },
)
