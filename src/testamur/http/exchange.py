"""One request and its answer, on a connection that may carry more of them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from http import HTTPStatus
from typing import Any, Protocol

import structlog

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Headers = Iterable[tuple[bytes, bytes]]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
App = Callable[[Scope, Receive, Send], Awaitable[None]]

_HELD_BYTES_MAX = 65_536
"""Of a body that nobody reads, before the client has to wait; and of an answer that is sent together with its head."""

_PHRASES = {status.value: status.phrase for status in HTTPStatus}
_STATUS_LINES = {code: f"HTTP/1.1 {code} {_PHRASES.get(code, '')}\r\n".encode() for code in range(100, 600)}
_BODILESS = (204, 304)
_IN_A_HEAD = bytes(octet for octet in range(256) if octet in b"\t\r\n" or 0x20 <= octet != 0x7F)

log = structlog.get_logger("testamur.http")


def head_of(headers: Headers) -> bytes:
    """Headers as lines. Raises ValueError when one has an octet that none may have."""
    lines = [b"%b: %b\r\n" % line for line in headers]
    head, count = b"".join(lines), len(lines)
    # Whatever came into a header ends no line.
    if head.count(b"\n") != count or head.count(b"\r") != count or head.translate(None, _IN_A_HEAD):
        raise ValueError("A header of the answer has an octet that none may have")
    return head


class Wire(Protocol):
    """The connection of an exchange.

    Args:
        default_head: the lines that every answer carries.
        is_full: the client does not take what was written before.
    """

    transport: asyncio.Transport
    is_full: bool

    @property
    def default_head(self) -> bytes: ...

    async def room(self) -> None:
        """Wait until more may be written, or nothing more can be."""

    def pause_reading(self) -> None: ...

    def resume_reading(self) -> None: ...

    def answered(self, exchange: Exchange) -> None:
        """The answer was written, whole."""


class Exchange:
    """A request on its way in and its answer on the way out, by the two calls of ASGI.

    Args:
        keeps_alive: whether the connection goes on after the answer.
        awaits_leave: the client sends its body when it is told to.
    """

    __slots__ = (
        "_answer_left",
        "_app",
        "_awaits_leave",
        "_body",
        "_changed",
        "_head",
        "_held",
        "_is_chunked",
        "_is_handed_over",
        "_is_started",
        "_wire",
        "is_answered",
        "is_broken",
        "is_gone",
        "is_whole",
        "keeps_alive",
        "scope",
    )

    def __init__(self, wire: Wire, app: App, scope: Scope, *, keeps_alive: bool, awaits_leave: bool = False) -> None:
        self.scope = scope
        self.keeps_alive = keeps_alive
        self.is_whole = False
        self.is_broken = False
        self.is_gone = False
        self.is_answered = False
        self._app = app
        self._wire = wire
        self._awaits_leave = awaits_leave
        self._body: list[bytes] = []
        self._held = 0
        self._is_handed_over = False
        self._changed: asyncio.Event | None = None
        self._is_started = False
        self._head: bytes | None = None
        self._is_chunked = False
        self._answer_left: int | None = None

    async def run(self) -> None:
        """Have the app answer. Whatever it does there is an answer, or the connection ends."""
        try:
            await self._app(self.scope, self.receive, self.send)
            if not (self.is_answered or self.is_gone):
                log.error("no answer", path=self.scope["path"])
        except Exception:
            log.exception("no answer", path=self.scope["path"])
        finally:
            self._fail()

    # What the connection says

    def comes(self, body: bytes) -> None:
        """A piece of the body came."""
        self._body.append(body)
        self._held += len(body)
        if self._held > _HELD_BYTES_MAX:
            self._wire.pause_reading()
        self._change()

    def ends(self) -> None:
        """The whole body came."""
        self.is_whole = True
        self._change()

    def breaks(self) -> None:
        """The rest of the body will not come; an answer may still be sent."""
        self.is_broken = True
        self._change()

    def goes(self) -> None:
        """The client went away."""
        self.is_gone = True
        self._change()

    def _change(self) -> None:
        if self._changed is not None:
            self._changed.set()

    # What the application says

    async def receive(self) -> Message:
        """The next piece of the body, and after the last one the end of the exchange, when it came.

        What came before the client went away is handed over first.
        """
        if self._awaits_leave:
            self._awaits_leave = False
            if not (self._body or self.is_whole or self.is_gone):
                self._wire.transport.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        while not self.is_answered:
            if self._body or (self.is_whole and not self._is_handed_over):
                body, self._body, self._held = b"".join(self._body), [], 0
                self._is_handed_over = self.is_whole
                return {"type": "http.request", "body": body, "more_body": not self.is_whole}
            if self.is_gone or self.is_broken:
                break
            self._wire.resume_reading()
            self._changed = asyncio.Event()
            await self._changed.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Message) -> None:
        """Send the head of the answer or a piece of its body. Without a content length it goes in chunks.

        Raises: RuntimeError when that is not what comes next, ValueError when a header has an octet that none may have.
        """
        if self._wire.is_full:
            await self._wire.room()
        if self.is_gone:
            return
        kind = message["type"]
        if kind == "http.response.start" and not self._is_started:
            self._start(message["status"], list(message.get("headers", ())))
        elif kind == "http.response.body" and self._is_started and not self.is_answered:
            self._go_on(message.get("body", b""), more=message.get("more_body", False))
        else:
            raise RuntimeError(f"{kind} is not what comes next")

    def answer(self, status: int, headers: Headers, body: bytes) -> bool:
        """Send a whole answer at once.

        Returns: whether it was; there may be no room for it now.
        Raises: as `send`.
        """
        if self._wire.is_full or self.is_gone or self._is_started:
            return False
        head = self._head_of(status, headers)
        self._is_started = True
        self._write(head, body)
        self._end()
        return True

    def _start(self, status: int, headers: list[tuple[bytes, bytes]]) -> None:
        is_bodiless = status in _BODILESS or self.scope["method"] == "HEAD"
        lengths = [int(value) for name, value in headers if name.lower() == b"content-length"]
        if is_bodiless:
            self._answer_left = 0
        elif lengths:
            self._answer_left = lengths[0]
        elif self.scope["http_version"] == "1.0":
            self.keeps_alive = False  # there the end of the connection is that of the answer
        else:
            self._is_chunked = True
            headers.append((b"transfer-encoding", b"chunked"))
        self._head = self._head_of(status, headers)
        self._is_started = True

    def _go_on(self, body: bytes, *, more: bool) -> None:
        if self.scope["method"] == "HEAD":
            body = b""
        if self._answer_left is not None:
            self._answer_left -= len(body)
            if self._answer_left < 0 or (self._answer_left and not more):
                raise RuntimeError("The answer is not as long as its head says")
        if self._is_chunked:
            body = b"%x\r\n%b\r\n" % (len(body), body) if body else b""
            if not more:
                body += b"0\r\n\r\n"
        head, self._head = self._head or b"", None
        self._write(head, body)
        if not more:
            self._end()

    def _head_of(self, status: int, headers: Headers) -> bytes:
        if self._awaits_leave and not self.is_whole:
            self.keeps_alive = False  # whether a body comes now is the client's to choose
        head = head_of(headers)
        close = b"" if self.keeps_alive else b"connection: close\r\n"
        return b"%b%b%b%b\r\n" % (_STATUS_LINES[status], self._wire.default_head, head, close)

    def _write(self, head: bytes, body: bytes) -> None:
        if len(body) <= _HELD_BYTES_MAX:
            self._wire.transport.write(head + body)
        else:
            self._wire.transport.write(head)
            self._wire.transport.write(body)

    def _fail(self) -> None:
        if self.is_gone or self.is_answered:
            return
        self.keeps_alive = False
        if self._is_started and self._head is None:
            self._wire.transport.close()  # nothing else says that an answer which began will not end
            return
        body = b"Internal Server Error"
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(body))]
        self._is_started = True
        self._write(self._head_of(500, headers), b"" if self.scope["method"] == "HEAD" else body)
        self._end()

    def _end(self) -> None:
        self.is_answered = True
        self._change()
        self._wire.answered(self)


async def respond(send: Send, status: int, headers: Headers, body: bytes) -> None:
    """Send a whole answer. It has a content length where it may have content."""
    exchange = getattr(send, "__self__", None)
    if not isinstance(exchange, Exchange) or not exchange.answer(status, headers, body):
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})
