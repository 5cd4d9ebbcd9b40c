"""How answers reach the socket."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, Iterable, MutableMapping
from functools import partial
from typing import Any
from weakref import WeakKeyDictionary, WeakSet

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol, RequestResponseCycle

Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]

_IN_A_HEAD = bytes(octet for octet in range(256) if octet in b"\t\r\n" or 0x20 <= octet != 0x7F)


def unread(receive: Any) -> tuple[bytes, bool]:
    """What came of a request's body and was not received, and whether that is the end of it.

    uvicorn says that the client went away and leaves out what came before.
    """
    cycle = receive.__self__
    rest, cycle.body = bytes(cycle.body), bytearray()
    return rest, not cycle.more_body


async def respond(send: Send, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> None:
    """Send a whole answer. It has a content length where it may have content."""
    cycle: Any = getattr(send, "__self__", None)
    if not isinstance(cycle, RequestResponseCycle) or not _respond(cycle, status, headers, body):
        await send({"type": "http.response.start", "status": status, "headers": list(headers)})
        await send({"type": "http.response.body", "body": body})


def _respond(cycle: Any, status: int, headers: Iterable[tuple[bytes, bytes]], body: bytes) -> bool:
    """What uvicorn does with the two messages of an answer, by one write: it is a twelfth of a keyed read.

    Returns: whether it was done. What is out of the ordinary is left to uvicorn.
    """
    if cycle.flow.write_paused or cycle.disconnected or cycle.response_started or cycle.access_log:
        return False
    lines = [name + b": " + value for name, value in (*cycle.default_headers, *headers)]
    if not cycle.keep_alive:
        lines.append(b"connection: close")
    head = b"\r\n".join(lines)
    ends = len(lines) - 1
    # Whatever came into a header ends no line.
    if head.count(b"\n") != ends or head.count(b"\r") != ends or head.translate(None, _IN_A_HEAD):
        return False
    cycle.response_started, cycle.waiting_for_100_continue = True, False
    cycle.transport.write(b"".join((STATUS_LINE[status], head, b"\r\n\r\n", body)))
    cycle.response_complete = True
    cycle.message_event.set()
    if not cycle.keep_alive:
        cycle.transport.close()
    cycle.on_response()
    return True


class _Starts:
    """Writes of a loop that came and were not started yet: one begins in each turn, and more in long turns.

    Of many that come at once the first steps together take milliseconds. What the database says meanwhile would wait,
    and the database with it, three times for each commit. Reads begin at once: the more meet, the fewer queries.
    """

    def __init__(self) -> None:
        self._waiting: deque[Callable[[], None]] = deque()
        self._turned_at = 0.0

    def add(self, loop: asyncio.AbstractEventLoop, start: Callable[[], None]) -> None:
        self._waiting.append(start)
        if len(self._waiting) == 1:
            self._turned_at = time.monotonic()
            loop.call_soon(self._start_some, loop)

    def _start_some(self, loop: asyncio.AbstractEventLoop) -> None:
        # Where others fill the turns, one write in each would wait for all of them.
        now = time.monotonic()
        count = min(1 + int((now - self._turned_at) / _SHORT_TURN_SECONDS), len(self._waiting))
        self._turned_at = now
        starts = [self._waiting.popleft() for _ in range(count)]
        if self._waiting:
            loop.call_soon(self._start_some, loop)
        for start in starts:
            start()


_SHORT_TURN_SECONDS = 0.0002
_READS = ("GET", "HEAD", "OPTIONS")
_STARTS: WeakKeyDictionary[asyncio.AbstractEventLoop, _Starts] = WeakKeyDictionary()


class KnowingProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which tells what becomes of its connection by extensions of the scope."""

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self._starts = _STARTS.setdefault(self.loop, _Starts())
        self._leaves = False
        self._awaited: WeakSet[asyncio.Event] = WeakSet()
        self._extensions = {
            "testamur.leaving": self.leaving,
            "testamur.is_gone": transport.is_closing,
            "testamur.unread": unread,
        }
        # Whatever listens to uvicorn's loggers.
        self.access_log = self.config.access_log
        super().connection_made(transport)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = self._extensions  # type: ignore[typeddict-item]

    def _start_asgi_task(self, cycle: Any, app: Any) -> None:
        start = super()._start_asgi_task
        if cycle.scope["method"] in _READS:
            start(cycle, app)
        else:
            self._starts.add(self.loop, partial(start, cycle, app))

    def leaving(self, event: asyncio.Event) -> None:
        """Set the event when the client goes away or this server stops: there is no point in waiting any more."""
        self._awaited.add(event)
        if self._leaves:
            event.set()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._leave()

    def shutdown(self) -> None:
        super().shutdown()
        self._leave()

    def _leave(self) -> None:
        self._leaves = True
        for event in self._awaited:
            event.set()
