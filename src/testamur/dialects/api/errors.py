"""How our own API says what went wrong: RFC 9457 problem details."""

from __future__ import annotations

import re
from http import HTTPStatus

from msgspec import UNSET, UnsetType

from testamur.core.errors import (
    AccountSuspended,
    Conflict,
    FieldFault,
    Forbidden,
    InvalidInput,
    NotFound,
    PreconditionFailed,
    TestamurError,
    Unauthenticated,
    Unavailable,
)
from testamur.core.imports import RemovalsUnconfirmed
from testamur.core.uploads import ChecksumMismatch, UploadOverrun
from testamur.dialects.api import wire
from testamur.http.errors import (
    BodyTooLarge,
    InternalError,
    InvalidCursor,
    MethodNotAllowed,
    RateLimited,
    RequestError,
    Unimplemented,
    UnsupportedMediaType,
    UnsupportedUploadVersion,
)
from testamur.http.operations import Call, Reply
from testamur.http.replies import json_reply, retry_after

MEDIA_TYPE = "application/problem+json"
TYPE = "urn:testamur:problem:"

STATUS: dict[type[TestamurError], int] = {
    TestamurError: 500,
    InvalidInput: 422,
    NotFound: 404,
    Conflict: 409,
    PreconditionFailed: 412,
    Unauthenticated: 401,
    Forbidden: 403,
    AccountSuspended: 403,
    Unavailable: 503,
    RequestError: 400,
    InvalidCursor: 422,
    BodyTooLarge: 413,
    UnsupportedMediaType: 415,
    MethodNotAllowed: 405,
    RateLimited: 429,
    UnsupportedUploadVersion: 412,
    UploadOverrun: 413,
    ChecksumMismatch: 460,
    Unimplemented: 501,
    InternalError: 500,
}
_STEP = re.compile(r"\[(\w+|\*)\]|([^.\[]+)")


def answer_error(error: TestamurError, call: Call | None) -> Reply:
    """404 says that the address names nothing; what a body or filter names and is not there makes it 422."""
    status = next(STATUS[kind] for kind in type(error).__mro__ if kind in STATUS)
    if isinstance(error, NotFound) and call is not None and error.field and error.field not in call.path:
        status = 422
    faults: tuple[FieldFault, ...] = ()
    if isinstance(error, InvalidInput):
        faults = error.faults
    elif isinstance(error, InvalidCursor):
        faults = (FieldFault("cursor", error.code, error.message),)
    elif error.field:
        faults = (FieldFault(error.field, error.code, error.message),)
    headers = retry_after(error.retry_after_seconds)
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer realm="Testamur"'))
    if isinstance(error, MethodNotAllowed):
        # What answers GET answers HEAD.
        allowed = sorted({*error.allowed, *(["HEAD"] if "GET" in error.allowed else [])})
        headers.append((b"allow", ", ".join(allowed).encode()))
    problem = wire.Problem(
        type=TYPE + error.code,
        title=(type(error).__doc__ or HTTPStatus(status).phrase).strip().splitlines()[0],
        status=status,
        detail=error.message,
        instance=call.route if call else UNSET,
        removals=_removals(error),
        errors=[_fault(fault, call) for fault in faults],
    )
    return json_reply(status, problem, *headers, media_type=MEDIA_TYPE.encode())


def _removals(error: TestamurError) -> wire.RemovalsRefused | UnsetType:
    if not isinstance(error, RemovalsUnconfirmed) or error.removals is None:
        return UNSET
    counted = error.removals
    return wire.RemovalsRefused(
        number=counted.number, share_percent=counted.share_percent, limit_percent=error.percent_max
    )


def _fault(fault: FieldFault, call: Call | None) -> wire.Fault:
    # A request that fails before its operation is known fails on its query string.
    if call is None or call.operation.body is None or _is_parameter(fault.field, call):
        return wire.Fault(parameter=fault.field or UNSET, code=fault.code, detail=fault.message)
    return wire.Fault(pointer=_pointer(fault.field), code=fault.code, detail=fault.message)


def _is_parameter(name: str, call: Call) -> bool:
    return name in call.path or name in (param.name for param in call.operation.params) or name in dict(call.query)


def _pointer(field: str) -> str:
    """A field as the core spells it, `alternatives[2]` or `identifiers.ref`, as a JSON pointer."""
    steps = [place or name for place, name in _STEP.findall(field)]
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in steps)
