"""How an LRS says what went wrong. Never 422: a malformed request is 400 (xAPI 1.0.3, part three, 3.2)."""

from __future__ import annotations

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
from testamur.dialects.xapi import wire
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
    AccountSuspended: 403,
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
    headers = retry_after(error.retry_after_seconds)
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Basic realm="Testamur"'))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    return json_reply(status, wire.Error(error.code, error.message, error.field), *headers)
