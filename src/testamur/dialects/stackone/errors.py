"""How StackOne says what went wrong: `{"statusCode", "message", "timestamp"}`."""

from __future__ import annotations

from datetime import UTC, datetime

from testamur.core.errors import (
    AccountSuspended,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    PreconditionFailed,
    TestamurError,
    Unauthenticated,
    Unavailable,
)
from testamur.core.moments import format_instant
from testamur.dialects.stackone import wire
from testamur.http.errors import (
    BodyTooLarge,
    InternalError,
    MethodNotAllowed,
    RateLimited,
    RequestError,
    Unimplemented,
    UnsupportedMediaType,
)
from testamur.http.operations import Call, Reply
from testamur.http.replies import json_reply, retry_after

STATUS: dict[type[TestamurError], int] = {
    TestamurError: 500,
    InvalidInput: 400,
    NotFound: 404,
    Conflict: 409,
    PreconditionFailed: 412,
    Unauthenticated: 401,
    Forbidden: 403,
    AccountSuspended: 412,
    Unavailable: 503,
    RequestError: 400,
    BodyTooLarge: 413,
    UnsupportedMediaType: 415,
    MethodNotAllowed: 405,
    RateLimited: 429,
    Unimplemented: 501,
    InternalError: 500,
}


def answer_error(error: TestamurError, call: Call | None) -> Reply:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    # A parameter that does not fit is 400; a body that is well-formed and does not fit is 422. What is written takes no
    # parameters, so behind the credentials it can only be the body.
    if isinstance(error, InvalidInput) and call is not None and call.credential and call.operation.body is not None:
        status = 422
    named = error.field and not isinstance(error, InvalidInput)
    message = f"{error.field}: {error.message}" if named else error.message
    headers = retry_after(error.retry_after_seconds)
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Basic realm="Testamur"'))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    timestamp = format_instant(call.now if call else datetime.now(UTC))
    return json_reply(status, wire.Error(status, message, timestamp), *headers)
