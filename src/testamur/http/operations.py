"""The operation table: each call a dialect answers, as a value.

Routes, authorization, decoding, limits, metrics labels and the OpenAPI document all come from it, so none of them
can forget an operation or say something else about it. docs/decisions/0004 has the reasons.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal, Protocol

from msgspec import Struct

from testamur.core.callers import Caller, Scope
from testamur.core.errors import TestamurError
from testamur.core.ids import Id
from testamur.core.webhooks import Webhook
from testamur.ledger import Ledger
from testamur.ledger.clients import Credential
from testamur.ledger.entries import Entry
from testamur.ledger.tenants import Tenant

BODY_MAX_BYTES = 1024 * 1024


@dataclass(frozen=True, slots=True)
class Param:
    """One query parameter.

    Args:
        kind: how the text is read: `integer`, `boolean` (true and false in any letter case), `moment` (ISO 8601
            date-time; a date too when `days`), or `text`.
        default: value when the parameter is absent or empty.
        clamp: whether a number out of range is moved into it instead of being refused.
    """

    name: str
    kind: Literal["integer", "boolean", "moment", "text"] = "text"
    default: Any = None
    minimum: int | None = None
    maximum: int | None = None
    clamp: bool = False
    days: bool = False
    choices: tuple[str, ...] = ()
    is_required: bool = False
    aliases: tuple[str, ...] = ()
    summary: str = ""


class Call(Struct, kw_only=True):
    """One request on its way to its handler.

    `path` holds the decoded path parameters, `params` the query parameters the operation declares, `query` all of
    them as sent, `body` the decoded body, or what it is read from where the operation takes files or streams, `raw`
    its text, `base_url` the address of the dialect as the client reaches it, without a slash at its end. `leaving`
    takes an event that is to be set when the client goes away or the server stops; None where that cannot be told.
    """

    ledger: Ledger
    operation: Operation
    method: str
    route: str
    headers: Mapping[bytes, bytes]
    path: Mapping[str, str]
    query: list[tuple[str, str]]
    base_url: str
    request_id: str
    now: datetime
    credential: Credential | None = None
    params: dict[str, Any] = {}
    body: Any = None
    raw: str = ""
    leaving: Callable[[asyncio.Event], None] | None = None

    @property
    def caller(self) -> Caller:
        """Who calls. Only for operations that ask for a scope."""
        assert self.credential is not None
        return self.credential.caller

    def header(self, name: str) -> str | None:
        """A header's value, or None."""
        value = self.headers.get(name.lower().encode())
        return None if value is None else value.decode("latin-1")


class Parts(Protocol):
    """The content of an answer that is too large to be held at once, in order. It is closed whether or not it was read.

    Args:
        length: bytes in all, None where that is not known before.
    """

    length: int | None

    def __aiter__(self) -> AsyncIterator[bytes]: ...

    async def aclose(self) -> None: ...


class Reply(Struct):
    """An answer. `headers` are added to the content type and length; without `body` and `parts` there is no content."""

    status: int
    body: bytes | None = None
    headers: list[tuple[bytes, bytes]] = []
    media_type: bytes = b"application/json"
    parts: Parts | None = None


@dataclass(frozen=True, slots=True)
class Notice:
    """An event as a webhook may hear of it.

    Args:
        entry: the ledger entry it comes from; the entries' order is the order of delivery.
        type: the vendor's name of the event.
        content: what there is to say of it, for the dialect's `spell`.
        only: the one webhook that hears of it, whatever it asked for; None for all that asked.
    """

    entry: int
    type: str
    happened_at: datetime
    content: Mapping[str, Any]
    only: Id | None = None

    def is_for(self, webhook: Webhook) -> bool:
        return self.type in webhook.events if self.only is None else self.only == webhook.id


@dataclass(frozen=True, slots=True, kw_only=True)
class Notices:
    """How a vendor's webhooks are told.

    Args:
        events: names that a webhook may ask for, each with the kinds of entries that it may come from.
        always: kinds of entries that are looked at for every webhook.
        build: the events behind some entries, in their order.
        spell: body and headers of one delivery, signature included; the time is that of sending.
        secret: what a new webhook is signed with, by what was asked for. Raises InvalidInput.
        delays: seconds before each further attempt, at least; after the last the event is given up.
        timeout_seconds: how long a receiver may take to answer.
    """

    events: Mapping[str, frozenset[str]]
    always: frozenset[str] = frozenset()
    build: Callable[[Ledger, Id, Sequence[Entry]], Awaitable[list[Notice]]]
    spell: Callable[[Webhook, Notice, Tenant, datetime], tuple[bytes, list[tuple[str, str]]]]
    secret: Callable[[str | None], str | None] = lambda given: given
    delays: tuple[float, ...]
    timeout_seconds: float = 30

    def kinds(self, wanted: Iterable[str]) -> list[str]:
        """The kinds of entries that some events may come from."""
        return sorted(self.always.union(*(self.events.get(event, frozenset()) for event in wanted)))


Handler = Callable[[Call], Awaitable[Reply]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Operation:
    """One call of a vendor's API.

    Args:
        path: below the dialect's prefix, with parameters in braces; each takes one path segment.
        scope: what the credential must allow; None for a call without credentials.
        body: msgspec type of the JSON body; None when there is none.
        files: media types of a body that is a file: `Call.body` is then one to read from, put aside on disk.
        streams: media types of a body that is read as it comes: `Call.body` is then an `Incoming`.
        form: whether the body may be form-encoded as well.
        body_optional: whether no body at all is as good as one, of a file or stream without a media type either;
            `Call.body` is then None.
        body_of_any_type: whether a body is read as JSON whatever its Content-Type says; a blank one is then none.
        answers: msgspec type of the answer for each success status, None for no content.
        media_types: in which the answer comes besides JSON, as text, to whoever says so in the header Accept.
        answers_lines: the media type of an answer that is lines of JSON, each of the type in `answers`; or empty.
        headers: what the operation reads in headers of its own, by their names, for its description.
        errors: the only error statuses this operation may answer with; empty for no such list.
        idempotent_by_key: whether the header Idempotency-Key makes a repeat give the first answer back.
        conditional_on: name of the operation that reads what this one changes: If-Match and If-None-Match are compared
            with its ETag. Empty when there is none.
        source: where the vendor describes it.
    """

    name: str
    method: str
    path: str
    handler: Handler
    summary: str
    answers: Mapping[int, Any]
    scope: Scope | None = Scope.READ
    body: Any = None
    files: tuple[str, ...] = ()
    streams: tuple[str, ...] = ()
    form: bool = False
    body_optional: bool = False
    body_of_any_type: bool = False
    media_types: tuple[str, ...] = ()
    answers_lines: str = ""
    params: tuple[Param, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    errors: frozenset[int] = frozenset()
    body_max_bytes: int = BODY_MAX_BYTES
    idempotent_by_key: bool = False
    conditional_on: str = ""
    source: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class Dialect:
    """One vendor's API, as a table of operations and the vendor's manners.

    Args:
        identify: finds out who calls, by the vendor's kinds of credentials. Raises Unauthenticated.
        answer_error: says an error as the vendor would. It gets no call when the route is unknown.
        before: looks at a request before anything else of it is believed, such as a version header.
        after: adds what every answer carries.
        error: msgspec type of an error's body, sent as `error_media_type`.
        security: OpenAPI security schemes by name.
        refuses_unknown_params: whether an undeclared query parameter is an error.
        notices: what webhooks of this vendor hear, None when it has none.
    """

    name: str
    title: str
    operations: tuple[Operation, ...]
    identify: Callable[[Call], Awaitable[Credential]]
    answer_error: Callable[[TestamurError, Call | None], Reply]
    error: Any
    error_media_type: str = "application/json"
    security: Mapping[str, Mapping[str, Any]]
    before: Callable[[Call], None] | None = None
    after: Callable[[Call | None, Mapping[bytes, bytes], Reply], None] | None = None
    refuses_unknown_params: bool = False
    media_types: tuple[str, ...] = ("application/json",)
    notices: Notices | None = None
