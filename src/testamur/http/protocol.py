"""HTTP/1.1 on a connection, between httptools' parser and an ASGI app, under uvicorn's server.

uvicorn's own protocol does the same without limits, and takes a third of a keyed read: docs/decisions/0029.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import Any
from urllib.parse import unquote
from weakref import WeakSet

import httptools
from uvicorn import Config
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware
from uvicorn.server import ServerState

from testamur.http.exchange import Exchange, Headers, Scope, head_of

HEAD_BYTES_MAX = 65_536
"""Of a request's target and headers."""

_TICK_SECONDS = 15
_HEAD_TICKS = 2
_BODY_TICKS = 4
_NOTABLE = frozenset((b"expect", b"x-forwarded-for", b"x-forwarded-proto"))


class HttpProtocol(asyncio.Protocol):
    """A connection: its requests one after the other, each by the app, with limits on what a client may take.

    A head has 64 KiB and half a minute to come, a body never pauses for more than a minute while it is waited for, an
    idle connection stays for as long as uvicorn is told, and there are as many as uvicorn is told. The scope's
    extensions tell what becomes of the connection.

    Args: as uvicorn gives them.
    """

    transport: asyncio.Transport

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        if not config.loaded:
            config.load()
        self.is_full = False
        self._loop = _loop or asyncio.get_event_loop()
        self._state, self._app_state = server_state, app_state
        # Asked only where a proxy says something: it looks at every header of every request.
        self._forwarded_app: Any = config.loaded_app
        is_wrapped = isinstance(config.loaded_app, ProxyHeadersMiddleware)
        self._app: Any = config.loaded_app.app if is_wrapped else config.loaded_app
        self._root_path: str = config.root_path
        self._asgi = {"version": config.asgi_version, "spec_version": "2.3"}
        self._idle_ticks = max(1, int(config.timeout_keep_alive / _TICK_SECONDS))
        self._connections_max = config.limit_concurrency
        self._parser: Any = httptools.HttpRequestParser(self)
        # Whoever sends more behind a request that is to be the last gets that one answered.
        self._parser.set_dangerous_leniencies(lenient_data_after_close=True)
        self._room: asyncio.Event | None = None
        self._awaited: WeakSet[asyncio.Event] = WeakSet()
        self._is_paused = self._leaves = self._is_refused = False
        self._ticks = self._came = 0
        self._in_head = self._is_notable = False
        self._url = b""
        self._headers: list[tuple[bytes, bytes]] = []
        self._default_headers: Headers | None = None
        self._default_head = b""
        # The exchange that is answered now, those behind it, and the newest of all.
        self._current: Exchange | None = None
        self._behind: deque[Exchange] = deque()
        self._newest: Exchange | None = None
        self._task: asyncio.Task[None] | None = None

    # The transport says

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        self.transport = transport
        self._state.connections.add(self)  # type: ignore[arg-type]
        self._scheme = "https" if transport.get_extra_info("sslcontext") else "http"
        self._server, self._client = (_address(transport.get_extra_info(name)) for name in ("sockname", "peername"))
        self._extensions = {"testamur.leaving": self.leaving, "testamur.is_gone": transport.is_closing}
        self._timer = self._loop.call_later(_TICK_SECONDS, self._tick)
        if self._connections_max is not None and len(self._state.connections) > self._connections_max:
            self._refuse(503, b"There are too many connections.")

    def data_received(self, data: bytes) -> None:
        if self._is_refused:
            return
        self._came = self._came + len(data) if self._in_head else len(data)
        if not self._in_head:
            self._ticks = 0
        try:
            self._feed(data)
        except httptools.HttpParserError:
            self._refuse(400, b"Invalid HTTP request received.")
        else:
            if self._in_head and self._came > HEAD_BYTES_MAX:
                self._refuse_head()

    def _feed(self, data: bytes) -> None:
        while data:
            try:
                self._parser.feed_data(data)
                return
            except httptools.HttpParserUpgrade as upgrade:
                # Nothing else is spoken here, and a client may only ask: HTTP/1.1 goes on.
                data = data[upgrade.args[0] :]

    def connection_lost(self, exc: Exception | None) -> None:
        self._state.connections.discard(self)
        self._timer.cancel()
        for exchange in (self._current, *self._behind):
            if exchange is not None:
                exchange.goes()
        self._behind.clear()
        self._remember_task()
        self.resume_writing()
        self._leave()
        # Nothing points in a circle any more, so all of it goes without waiting for the collector.
        self._current = self._newest = self._task = self._parser = None
        self._extensions = {}

    def eof_received(self) -> None:
        """Nothing more comes. The transport closes, and with it what was asked: so does uvicorn."""

    def pause_writing(self) -> None:
        self.is_full = True

    def resume_writing(self) -> None:
        self.is_full = False
        if self._room is not None:
            self._room.set()
            self._room = None

    # The server says

    def shutdown(self) -> None:
        """Close the connection, after the answer to what came until now."""
        self._leave()
        if self._current is None or self._newest is None:
            self.transport.close()
        else:
            self._newest.keeps_alive = False
            self._remember_task()

    # The parser says

    def on_message_begin(self) -> None:
        self._in_head, self._is_notable = True, False
        self._url = b""
        self._headers = []

    def on_url(self, url: bytes) -> None:
        self._url += url

    def on_header(self, name: bytes, value: bytes) -> None:
        if not self._in_head:
            return  # behind the body
        name = name.lower()
        if name in _NOTABLE:
            self._is_notable = True
        self._headers.append((name, value))

    def on_headers_complete(self) -> None:
        if self._is_refused:
            return
        self._in_head = False
        if self._came > HEAD_BYTES_MAX and _size(self._url, self._headers) > HEAD_BYTES_MAX:
            self._refuse_head()
            return
        scope = self._scope()
        keeps_alive = self._parser.should_keep_alive() and scope["http_version"] != "1.0" and not self._leaves
        if self._is_notable:
            awaits_leave = any(name == b"expect" and value.lower() == b"100-continue" for name, value in self._headers)
            exchange = Exchange(self, self._forwarded_app, scope, keeps_alive=keeps_alive, awaits_leave=awaits_leave)
        else:
            exchange = Exchange(self, self._app, scope, keeps_alive=keeps_alive)
        self._newest = exchange
        if self._current is None:
            self._begin(exchange)
        else:
            self._behind.append(exchange)
            self.pause_reading()

    def on_body(self, body: bytes) -> None:
        if self._newest is not None and not self._newest.is_answered and not self._is_refused:
            self._newest.comes(body)

    def on_message_complete(self) -> None:
        self._came = 0  # what came was of this request
        if self._newest is not None and not self._is_refused:
            self._newest.ends()

    def _scope(self) -> Scope:
        target = self._url
        if target[:1] == b"/" and b"#" not in target:
            raw_path, _, query = target.partition(b"?")
        else:
            parsed = httptools.parse_url(target)
            raw_path, query = parsed.path or b"/", parsed.query or b""
        path = raw_path.decode("ascii")
        if "%" in path:
            path = unquote(path)
        return {
            "type": "http",
            "asgi": self._asgi,
            "http_version": self._parser.get_http_version(),
            "method": self._parser.get_method().decode("ascii"),
            "scheme": self._scheme,
            "path": self._root_path + path,
            "raw_path": self._root_path.encode("ascii") + raw_path,
            "query_string": query,
            "root_path": self._root_path,
            "headers": self._headers,
            "client": self._client,
            "server": self._server,
            "state": self._app_state.copy(),
            "extensions": self._extensions,
        }

    # An exchange says

    @property
    def default_head(self) -> bytes:
        """The lines that every answer carries: the date. The server makes a new list of them each second."""
        headers = self._state.default_headers
        if headers is not self._default_headers:
            self._default_headers, self._default_head = headers, head_of(headers)
        return self._default_head

    async def room(self) -> None:
        if self.is_full:
            self._room = self._room or asyncio.Event()
            await self._room.wait()

    def pause_reading(self) -> None:
        if not self._is_paused:
            self._is_paused = True
            self.transport.pause_reading()

    def resume_reading(self) -> None:
        if self._is_paused and not self._behind:
            self._is_paused = False
            self.transport.resume_reading()

    def answered(self, exchange: Exchange) -> None:
        self._state.total_requests += 1
        self._ticks = 0
        self._current = None
        if not exchange.keeps_alive:
            self._behind.clear()
            self.transport.close()
        elif self._behind:
            self._begin(self._behind.popleft())
        if self._is_paused:
            self.resume_reading()

    # What the application is told of the connection

    def leaving(self, event: asyncio.Event) -> None:
        """Set the event when the client goes away or this server stops: there is no point in waiting any more."""
        self._awaited.add(event)
        if self._leaves:
            event.set()

    def _leave(self) -> None:
        self._leaves = True
        for event in self._awaited:
            event.set()

    def _begin(self, exchange: Exchange) -> None:
        self._current = exchange
        self._task = self._loop.create_task(exchange.run())

    def _remember_task(self) -> None:
        """Let the server wait for what runs, though its connection is no longer there."""
        if self._task is not None and not self._task.done():
            self._state.tasks.add(self._task)
            self._task.add_done_callback(self._state.tasks.discard)

    def _tick(self) -> None:
        self._timer = self._loop.call_later(_TICK_SECONDS, self._tick)
        self._ticks += 1
        if self._in_head:
            if self._ticks > _HEAD_TICKS:
                self._refuse(408, b"The request did not come to its end.")
        elif self._current is None:
            if self._ticks > self._idle_ticks:
                self.transport.close()
        elif self._newest is None or self._newest.is_whole or self._is_paused:
            self._ticks = 0
        elif self._ticks > _BODY_TICKS:
            self._break_off(self._newest)

    def _refuse_head(self) -> None:
        self._refuse(431, b"The request's head has more than %d bytes." % HEAD_BYTES_MAX)

    def _refuse(self, status: int, because: bytes) -> None:
        """Read no more. What came whole before is answered, and the connection ends."""
        newest = self._newest
        if newest is not None and not newest.is_answered:
            self._break_off(newest)
            return
        self._is_refused = True
        refusal = Exchange(self, self._app, {"method": "", "http_version": "1.1"}, keeps_alive=False)
        headers = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", b"%d" % len(because))]
        if status == 503:
            headers.append((b"retry-after", b"1"))
        if not refusal.answer(status, headers, because):
            self.transport.close()

    def _break_off(self, newest: Exchange) -> None:
        self._is_refused = True
        newest.keeps_alive = False
        if not newest.is_whole:
            newest.breaks()


def _address(name: Any) -> tuple[str, int | None] | None:
    if isinstance(name, tuple):
        return str(name[0]), int(name[1])
    return (str(name), None) if name else None


def _size(url: bytes, headers: list[tuple[bytes, bytes]]) -> int:
    return len(url) + sum(len(name) + len(value) for name, value in headers)
