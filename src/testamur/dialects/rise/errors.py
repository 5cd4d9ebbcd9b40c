"""How Rise says what went wrong: `{"errors": [{"code", "message"}]}`, one entry for each fault."""

from __future__ import annotations

from testamur.core.errors import (
    AccountSuspended,
    AddressTaken,
    AudienceNotFound,
    CollectionNotFound,
    Conflict,
    Forbidden,
    InvalidInput,
    InvitationNotFound,
    InvitationPending,
    ItemNotFound,
    ItemNotPublished,
    NameTaken,
    NotFound,
    PersonExists,
    PersonNotFound,
    RoleMismatch,
    TestamurError,
    Unauthenticated,
    Unavailable,
    WebhookNotFound,
)
from testamur.dialects.rise import wire
from testamur.http.errors import (
    BodyTooLarge,
    InternalError,
    MethodNotAllowed,
    RateLimited,
    RequestError,
    Unimplemented,
    UnsupportedMediaType,
    UnsupportedVersion,
)
from testamur.http.operations import Call, Reply
from testamur.http.replies import json_reply, retry_after

STATUS: dict[type[TestamurError], int] = {
    TestamurError: 500,
    InvalidInput: 400,
    NotFound: 404,
    RoleMismatch: 400,
    Conflict: 409,
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

CODES: dict[type[TestamurError], str] = {
    TestamurError: "internal_error",
    InvalidInput: "invalid_request",
    NotFound: "not_found",
    PersonNotFound: "user_not_found",
    ItemNotFound: "course_not_found",
    CollectionNotFound: "learning_path_not_found",
    AudienceNotFound: "group_not_found",
    InvitationNotFound: "invitation_not_found",
    WebhookNotFound: "webhook_not_found",
    Conflict: "conflict",
    NameTaken: "duplicate_name",
    PersonExists: "user_exists",
    InvitationPending: "invite_pending",
    RoleMismatch: "invalid_user_role",
    ItemNotPublished: "course_not_published",
    AddressTaken: "duplicate_target_url",
    Unauthenticated: "unauthorized",
    Forbidden: "forbidden",
    AccountSuspended: "forbidden",
    Unavailable: "unavailable",
    RequestError: "invalid_request",
    UnsupportedVersion: "invalid_api_version",
    MethodNotAllowed: "method_not_allowed",
    RateLimited: "rate_limited",
    Unimplemented: "not_implemented",
}
"""The vendor's words. `conflict`, `unavailable` and `not_implemented` are ours: it names none for them."""


def answer_error(error: TestamurError, call: Call | None) -> Reply:
    family = type(error).__mro__
    status = next(STATUS[kind] for kind in family if kind in STATUS)
    code = next(CODES[kind] for kind in family if kind in CODES)
    headers = retry_after(error.retry_after_seconds)
    if isinstance(error, Unauthenticated):
        headers.append((b"www-authenticate", b'Bearer realm="Testamur"'))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    body = wire.Errors([wire.Fault(code, message) for message in _messages(error)])
    return json_reply(status, body, *headers)


def _messages(error: TestamurError) -> list[str]:
    if isinstance(error, InvalidInput):
        return [f"{fault.field}: {fault.message}" if fault.field else fault.message for fault in error.faults]
    return [f"{error.field}: {error.message}" if error.field else error.message]
