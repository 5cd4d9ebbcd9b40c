"""Webhooks: who wants to be told of what, and how a delivery ended."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from urllib.parse import urlsplit

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id

URL_LENGTH_MAX = 2_000
SECRET_LENGTH_MAX = 500
NAME_LENGTH_MAX = 200
WEBHOOKS_MAX = 100
"""Webhooks of a tenant: each reads along the entries, so each costs with every change."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NewWebhook:
    """A webhook to be added.

    Args:
        dialect: in whose words and with whose signature it is told.
        events: the dialect's names of what it wants to hear of.
        secret: what deliveries are signed with. It must be known to sign, so it is the one secret that is not hashed.
        base_url: the address of the dialect that links in what is told begin with, without a slash at its end.
    """

    dialect: str
    name: str
    url: str
    events: tuple[str, ...]
    secret: str | None = None
    api_version: str | None = None
    base_url: str | None = None

    def __post_init__(self) -> None:
        _check(self.url, self.events, self.name)
        if self.secret is not None and not 1 <= len(self.secret) <= SECRET_LENGTH_MAX:
            raise InvalidInput(FieldFault("secret", "range", f"takes 1 to {SECRET_LENGTH_MAX} characters"))


@dataclass(frozen=True, slots=True, kw_only=True)
class WebhookChange:
    """What is to be different in a webhook; None leaves it as it is."""

    url: str | None = None
    events: tuple[str, ...] | None = None
    name: str | None = None
    is_disabled: bool | None = None

    def __post_init__(self) -> None:
        _check(self.url, self.events, self.name)


@dataclass(frozen=True, slots=True)
class Replay:
    """Entries that are told again before anything new is.

    Args:
        after, until: from behind the one up to the other.
        dead_only: only what was given up.
    """

    after: int
    until: int
    dead_only: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """A webhook and how far it has come.

    Args:
        old_secret: the secret before, which signs too until `old_secret_until`.
        after: everything up to this entry is delivered, given up or of no interest to it.
        told: events of the next entry that ended already, while another one of it waits.
        attempts: how often the event that waits was tried.
        attempt_at: when the next attempt may be made.
        failing_since: when the first attempt after the last success failed.
        generation: grows with every change, so that whoever tells it notices.
    """

    id: Id
    dialect: str
    name: str
    url: str
    events: tuple[str, ...]
    secret: str | None
    old_secret: str | None
    old_secret_until: datetime | None
    api_version: str | None
    base_url: str | None
    created_at: datetime
    after: int
    replay: Replay | None
    told: tuple[str, ...]
    attempts: int
    attempt_at: datetime
    failing_since: datetime | None
    disabled_at: datetime | None
    disabled_because: str | None
    generation: int

    def secrets(self, now: datetime) -> tuple[str, ...]:
        """What a delivery is signed with now, the newest first."""
        if self.secret is None:
            return ()
        if self.old_secret is None or self.old_secret_until is None or self.old_secret_until <= now:
            return (self.secret,)
        return (self.secret, self.old_secret)


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


def event_id(tenant: Id, entry: int, type: str) -> str:
    """24 hex digits that name an event for good: the same whenever and to whomever it is told."""
    return hashlib.blake2b(tenant.bytes + f"{entry} {type}".encode(), digest_size=12).hexdigest()


def _check(url: str | None, events: Sequence[str] | None, name: str | None) -> None:
    """Raises InvalidInput."""
    if url is not None:
        _check_url(url)
    if events is not None and not events:
        raise InvalidInput(FieldFault("events", "missing", "must name at least one event"))
    if name is not None and len(name) > NAME_LENGTH_MAX:
        raise InvalidInput(FieldFault("name", "range", f"takes {NAME_LENGTH_MAX} characters at most"))


def _check_url(url: str) -> None:
    if len(url) > URL_LENGTH_MAX:
        raise InvalidInput(FieldFault("url", "range", f"takes {URL_LENGTH_MAX} characters at most"))
    # Python's parser drops tabs and newlines, the one that connects refuses them: what is no plain text is neither's.
    if any(not "!" <= letter <= "~" for letter in url):
        raise InvalidInput(FieldFault("url", "format", "may hold printable ASCII only; percent-encode the rest"))
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as error:
        raise InvalidInput(FieldFault("url", "format", f"is no address: {error}")) from error
    if parts.scheme not in ("http", "https") or not parts.hostname or "@" in parts.netloc:
        raise InvalidInput(FieldFault("url", "format", "must be an http or https address without credentials"))
    if any(not 1 <= len(label) <= 63 for label in parts.hostname.removesuffix(".").split(".")):
        raise InvalidInput(FieldFault("url", "format", "has an impossible host name"))
