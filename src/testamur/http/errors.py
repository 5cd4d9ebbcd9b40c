"""What can be wrong with a request itself, before the ledger is asked anything."""

from __future__ import annotations

from testamur.core.errors import NotFound, TestamurError


class RequestError(TestamurError):
    """The request cannot be taken."""

    code = "bad_request"


class MalformedBody(RequestError):
    """The body is not well-formed JSON."""

    code = "malformed_body"


class BodyTooLarge(RequestError):
    """The body is larger than is taken here."""

    code = "body_too_large"


class UnsupportedMediaType(RequestError):
    """The body must be JSON, with the content type application/json."""

    code = "unsupported_media_type"


class UnsupportedVersion(RequestError):
    """This version of the API is not spoken here."""

    code = "unsupported_version"


class UnsupportedUploadVersion(UnsupportedVersion):
    """This version of the protocol of uploads is not spoken here."""

    code = "unsupported_upload_version"


class InvalidCursor(RequestError):
    """The cursor does not belong to this list."""

    code = "invalid_cursor"


class MethodNotAllowed(RequestError):
    """This method is not offered here."""

    code = "method_not_allowed"

    def __init__(self, allowed: tuple[str, ...]) -> None:
        self.allowed = allowed
        super().__init__(f"Only {', '.join(allowed)} is offered here")


class RouteNotFound(NotFound):
    """There is nothing at this address."""

    code = "route_not_found"


class Unimplemented(RequestError):
    """What stands behind this account does not offer this."""

    code = "unimplemented"


class RateLimited(RequestError):
    """Too many requests from this client; wait and try again."""

    code = "rate_limited"
    retry_after_seconds = 60


class InternalError(TestamurError):
    """Something went wrong here; it was logged under the request id of this answer."""

    code = "internal_error"
