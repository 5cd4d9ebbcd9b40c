"""How cPod says what went wrong: RFC 9457 problem details, with the members its SDK reads."""

from __future__ import annotations

from http import HTTPStatus

from msgspec import UNSET

from testamur.core.errors import (
    AccountSuspended,
    Conflict,
    FieldFault,
    Forbidden,
    InvalidInput,
    KeyReused,
    NotFound,
    PreconditionFailed,
    TestamurError,
    Unauthenticated,
    Unavailable,
)
from testamur.dialects.cpod import wire
from testamur.http.errors import (
    BodyTooLarge,
    InternalError,
    InvalidCursor,
    MethodNotAllowed,
    RateLimited,
    RequestError,
    Unimplemented,
    UnsupportedMediaType,
)
from testamur.http.operations import Call, Reply
from testamur.http.replies import json_reply, retry_after

MEDIA_TYPE = b"application/problem+json"

STATUS: dict[type[TestamurError], tuple[int, str]] = {
    TestamurError: (500, "internal_error"),
    InvalidInput: (400, "validation_error"),
    NotFound: (404, "not_found"),
    Conflict: (409, "conflict"),
    KeyReused: (409, "idempotency_conflict"),
    PreconditionFailed: (412, "precondition_failed"),
    Unauthenticated: (401, "unauthorized"),
    Forbidden: (403, "forbidden"),
    AccountSuspended: (403, "forbidden"),
    Unavailable: (503, "unavailable"),
    RequestError: (400, "bad_request"),
    InvalidCursor: (400, "invalid_cursor"),
    BodyTooLarge: (413, "payload_too_large"),
    UnsupportedMediaType: (415, "unsupported_media_type"),
    MethodNotAllowed: (405, "method_not_allowed"),
    RateLimited: (429, "rate_limited"),
    Unimplemented: (501, "unimplemented"),
    InternalError: (500, "internal_error"),
}
"""Status and code. Validation is 400, never 422: that one is in none of the vendor's lists."""


def answer_error(error: TestamurError, call: Call | None) -> Reply:
    status, code = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    details: list[wire.Detail] = []
    if isinstance(error, InvalidInput):
        # A request that fails before its operation is known fails on its query string.
        in_body = call is not None and call.operation.body is not None
        code = _code(error.faults[0], in_body)
        details = [_detail(fault, in_body) for fault in error.faults]
    elif error.field:
        details = [_detail(FieldFault(error.field, error.code, error.message), call is not None)]
    headers = retry_after(error.retry_after_seconds)
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer realm="Testamur"'))
    if isinstance(error, MethodNotAllowed):
        # What answers GET answers HEAD.
        allowed = sorted({*error.allowed, *(["HEAD"] if "GET" in error.allowed else [])})
        headers.append((b"allow", ", ".join(allowed).encode()))
    return problem(status, code, error.message, call, details, headers)


def refuse_token(call: Call, error: str, description: str) -> Reply:
    """A refused token: a problem that also has the members of RFC 6749, section 5.2."""
    headers = [(b"cache-control", b"no-store")]
    if error != "invalid_client":
        return problem(400, "bad_request", description, call, [], headers, error)
    headers.append((b"www-authenticate", b'Basic realm="Testamur"'))
    return problem(401, "unauthorized", description, call, [], headers, error)


def problem(
    status: int,
    code: str,
    message: str,
    call: Call | None,
    details: list[wire.Detail],
    headers: list[tuple[bytes, bytes]],
    oauth_error: str | None = None,
) -> Reply:
    body = wire.Problem(
        title=HTTPStatus(status).phrase,
        status=status,
        detail=message,
        instance=call.route if call else UNSET,
        code=code,
        message=message,
        details=details,
        error=oauth_error or UNSET,
        error_description=message if oauth_error else UNSET,
    )
    return json_reply(status, body, *headers, media_type=MEDIA_TYPE)


def _code(fault: FieldFault, in_body: bool) -> str:
    if not in_body:
        return "invalid_query"
    # Without a field it is the body itself that has the wrong type.
    return "validation_error" if fault.field else "bad_request"


def _detail(fault: FieldFault, in_body: bool) -> wire.Detail:
    # The bodies are flat, so a field's whole name is one step of the pointer (RFC 6901).
    pointer = "/" + fault.field.replace("~", "~0").replace("/", "~1") if in_body and fault.field else fault.field
    return wire.Detail(pointer, fault.code, fault.message)
