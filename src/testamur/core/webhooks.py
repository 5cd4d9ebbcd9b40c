"""Webhooks: who wants to be told of what, and how a delivery ended."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id

URL_LENGTH_MAX = 2_000
SECRET_LENGTH_MAX = 500


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """A webhook to be added.

    Args:
        dialect: in whose words and with whose signature it is told.
        events: the dialect's names of what it wants to hear of.
        secret: what deliveries are signed with. It must be known to sign, so it is the one secret that is not hashed.
    """

    dialect: str
    name: str
    url: str
    events: tuple[str, ...]
    secret: str | None = None
    api_version: str | None = None

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        try:
            _ = parts.port
        except ValueError as error:
            raise InvalidInput(FieldFault("url", "format", "has an impossible port")) from error
        if parts.scheme not in ("http", "https") or not parts.hostname or parts.username or parts.password:
            raise InvalidInput(FieldFault("url", "format", "must be an http or https address without credentials"))
        if len(self.url) > URL_LENGTH_MAX:
            raise InvalidInput(FieldFault("url", "range", f"takes {URL_LENGTH_MAX} characters at most"))
        if not self.events:
            raise InvalidInput(FieldFault("events", "missing", "must name at least one event"))
        if self.secret is not None and not 1 <= len(self.secret) <= SECRET_LENGTH_MAX:
            raise InvalidInput(FieldFault("secret", "range", f"takes 1 to {SECRET_LENGTH_MAX} characters"))


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A webhook and how far it has come.

    Args:
        after: everything up to this entry is delivered, given up or of no interest to it.
        attempts: how often the event that waits was tried.
        attempt_at: when the next attempt may be made.
        failing_since: when the first attempt after the last success failed.
    """

    id: Id
    dialect: str
    name: str
    url: str
    events: tuple[str, ...]
    secret: str | None
    api_version: str | None
    created_at: datetime
    after: int
    attempts: int
    attempt_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_because: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """How telling one event to one webhook ended.

    Args:
        status: the receiver's HTTP status, None when there was no answer.
        error: why it failed, None when it was delivered.
    """

    entry: int
    type: str
    is_delivered: bool
    attempts: int
    status: int | None
    error: str | None
    last_at: datetime
