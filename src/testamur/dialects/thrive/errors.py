"""How Thrive says what went wrong: `{"status", "error", "message"}`, the message always a string."""

from __future__ import annotations

from testamur.core.errors import (
    AccountSuspended,
    Conflict,
    Forbidden,
    InvalidInput,
    NotFound,
    TestamurError,
    Unauthenticated,
    Unavailable,
)
from testamur.dialects.thrive import wire
from testamur.http.errors import (
    BodyTooLarge,
    InternalError,
    MalformedBody,
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
    InvalidInput: 422,
    NotFound: 404,
    Conflict: 409,
    Unauthenticated: 401,
    Forbidden: 403,
    AccountSuspended: 403,
    Unavailable: 503,
    RequestError: 400,
    MalformedBody: 422,
    BodyTooLarge: 413,
    UnsupportedMediaType: 415,
    MethodNotAllowed: 405,
    RateLimited: 429,
    Unimplemented: 501,
    InternalError: 500,
}

_PHRASES = {
    400: "Bad Request",
    401: "Unauthorized",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    413: "Content Too Large",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    501: "Not Implemented",
    503: "Service Unavailable",
}

# Where the vendor lists the statuses of a call, what its list lacks becomes the nearest one in it.
_NEAREST = {400: 422, 404: 422, 409: 422, 422: 400}


def answer_error(error: TestamurError, call: Call | None) -> Reply:
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    listed = call.operation.errors if call else frozenset()
    if listed and status not in listed and _NEAREST.get(status) in listed:
        status = _NEAREST[status]
    message = (
        f"{error.field}: {error.message}" if error.field and not isinstance(error, InvalidInput) else error.message
    )
    headers = retry_after(error.retry_after_seconds)
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Basic realm="Testamur", Bearer'))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    return json_reply(status, wire.Error(status, _PHRASES[status], message), *headers)
