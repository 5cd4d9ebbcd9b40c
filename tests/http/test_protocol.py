"""What goes over the socket, byte by byte."""

from __future__ import annotations

import asyncio
import base64
import gc
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from itertools import pairwise
from queue import Queue
from typing import Any
from urllib.parse import urlsplit
from weakref import ref

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from uvicorn.server import ServerState

from testamur.http import protocol
from testamur.http.exchange import respond
from testamur.http.protocol import HttpProtocol
from tests.hub import Hub
from tests.waiting import PATIENCE_SECONDS

ASK = "{method} /stackone/unified/lms/completions/x HTTP/1.1\r\nHost: here\r\n{more}\r\n"


@pytest.fixture
def wire(hub: Hub) -> Iterator[socket.socket]:
    address = urlsplit(hub.server.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=PATIENCE_SECONDS) as opened:
        yield opened


def read(wire: socket.socket, until: bytes) -> bytes:
    data = b""
    while not data.endswith(until):
        piece = wire.recv(65536)
        assert piece, data
        data += piece
    return data


def read_all(wire: socket.socket) -> bytes:
    data = bytearray()
    while piece := wire.recv(65536):
        data += piece
    return bytes(data)


def test_a_small_answer_comes_in_one_piece(wire: socket.socket) -> None:
    for _ in range(20):
        wire.sendall(ASK.format(method="GET", more="").encode())
        head, _, body = wire.recv(65536).partition(b"\r\n\r\n")
        assert head.startswith(b"HTTP/1.1 401")
        assert f"content-length: {len(body)}".encode() in head
        assert len(body) > 0


@pytest.mark.parametrize("path", ["/healthz", "/", "/stackone/docs"])
def test_pages_come_whole(wire: socket.socket, path: str) -> None:
    wire.sendall(f"GET {path} HTTP/1.1\r\nHost: here\r\nConnection: close\r\n\r\n".encode())
    head, _, body = read_all(wire).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200")
    assert f"content-length: {len(body)}".encode() in head.lower()


def test_head_is_answered_without_a_body_and_the_connection_goes_on(wire: socket.socket) -> None:
    for _ in range(3):
        wire.sendall(ASK.format(method="HEAD", more="").encode())
        assert read(wire, b"\r\n\r\n").count(b"HTTP/1.1 ") == 1
    wire.sendall(ASK.format(method="GET", more="").encode())
    assert read(wire, b"}").startswith(b"HTTP/1.1 401")


def test_requests_sent_at_once_are_answered_in_order(wire: socket.socket) -> None:
    """Also when a read, which begins at once, comes behind a write, which does not."""
    methods = ["POST", "GET", "DELETE", "GET"]
    wire.sendall("".join(ASK.format(method=method, more="") for method in methods).encode())
    data = b""
    while data.count(b"HTTP/1.1 ") < len(methods) or not data.endswith(b"}"):
        data += wire.recv(65536)
    assert re.findall(rb"HTTP/1.1 (\d+)", data) == [b"405", b"401", b"405", b"401"]


def test_a_client_that_waits_for_leave_gets_it(hub: Hub, wire: socket.socket) -> None:
    body = b"{}"
    wire.sendall(
        b"POST /thrive/rest/v1/learning/completions HTTP/1.1\r\nHost: here\r\nExpect: 100-continue\r\n"
        + b"Content-Type: application/json\r\nAuthorization: Basic "
        + base64.b64encode(f"{hub.tenant.slug}:{hub.key.secret}".encode())
        + f"\r\nContent-Length: {len(body)}\r\n\r\n".encode()
    )
    assert read(wire, b"\r\n\r\n") == b"HTTP/1.1 100 Continue\r\n\r\n"
    wire.sendall(body)
    assert wire.recv(65536).startswith(b"HTTP/1.1 422")


def test_who_waits_for_leave_and_gets_an_answer_instead_may_send_no_body(wire: socket.socket) -> None:
    """So what comes next on this connection could be either, and the connection ends."""
    wire.sendall(ASK.format(method="POST", more="Expect: 100-continue\r\nContent-Length: 2\r\n").encode())
    head, body = split(read_all(wire))
    assert head.startswith(b"HTTP/1.1 405 ")
    assert b"\r\nconnection: close" in head
    assert f"content-length: {len(body)}".encode() in head


@pytest.mark.parametrize("ask", ["GET {} HTTP/1.0\r\n", "GET {} HTTP/1.1\r\nConnection: close\r\n"])
def test_who_asks_for_an_end_gets_one(wire: socket.socket, ask: str) -> None:
    wire.sendall(f"{ask.format('/stackone/unified/lms/completions/x')}Host: here\r\n\r\n".encode())
    head, _, body = read_all(wire).partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head
    assert f"content-length: {len(body)}".encode() in head


@contextmanager
def serving(app: Any, **options: Any) -> Iterator[tuple[str, int]]:
    """The address of a server of this app."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=HttpProtocol, lifespan="off", log_config=None, access_log=False, **options)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.01)
        try:
            yield listener.getsockname()
        finally:
            server.should_exit = True
            thread.join(10)


@contextmanager
def connected(app: Any, **options: Any) -> Iterator[socket.socket]:
    """A connection to a server of this app."""
    with serving(app, **options) as address, socket.create_connection(address, timeout=PATIENCE_SECONDS) as opened:
        yield opened


async def echo(scope: Any, receive: Any, send: Any) -> None:
    """Say what came: the last header of each name, and the body."""
    body, more = b"", True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            body += b" and no more"
            break
        body, more = body + message["body"], message["more_body"]
    names = b",".join(name for name, _ in scope["headers"])
    said = b" ".join([scope["method"].encode(), scope["scheme"].encode(), scope["path"].encode(), names, body])
    await respond(send, 200, [(b"content-length", b"%d" % len(said))], said)


def answering(headers: list[tuple[bytes, bytes]]) -> Any:
    """A connection to a server that answers everything with these headers."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, 200, [*headers, (b"content-length", b"2")], b"ok")

    return connected(app)


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b", b"a\x7fb"])
def test_what_comes_into_a_header_ends_no_line(value: bytes) -> None:
    """Nothing of such an answer is sent."""
    with answering([(b"x-said", value)]) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        answer = read_all(wire)
    assert answer.startswith(b"HTTP/1.1 500")
    assert b"x-said" not in answer


def test_a_header_may_hold_any_letter() -> None:
    with answering([(b"x-said", "größer\tals".encode("latin-1"))]) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        answer = wire.recv(65536)
    assert answer.startswith(b"HTTP/1.1 200")
    assert "x-said: größer\tals\r\n".encode("latin-1") in answer


def test_any_other_server_gets_the_two_messages() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    asyncio.run(respond(send, 201, [(b"content-length", b"2")], b"ok"))
    assert sent == [
        {"type": "http.response.start", "status": 201, "headers": [(b"content-length", b"2")]},
        {"type": "http.response.body", "body": b"ok"},
    ]


def split(answer: bytes) -> tuple[bytes, bytes]:
    head, _, body = answer.partition(b"\r\n\r\n")
    return head, body


LARGE = b"x-large: " + b"a" * 70_000 + b"\r\n"


@pytest.mark.parametrize(
    "parts",
    [[LARGE + b"\r\n"], [LARGE], [b"x-some: a\r\n" * 3_000, b"x-some: a\r\n" * 3_000]],
    ids=["whole", "at once", "in parts"],
)
def test_a_head_that_is_too_large_is_refused(parts: list[bytes]) -> None:
    with connected(echo) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\n")
        for part in parts:
            wire.sendall(part)
        head, body = split(read_all(wire))
    assert head.startswith(b"HTTP/1.1 431 ")
    assert b"65536" in body


def test_many_small_requests_at_once_are_not_a_large_head() -> None:
    with connected(echo) as wire:
        threading.Thread(target=wire.sendall, args=(b"GET /a HTTP/1.1\r\n\r\n" * 8_000,), daemon=True).start()
        data, count = bytearray(), 8_000
        while data.count(b"GET http /a  ") < count:
            data += wire.recv(1 << 20)
    assert data.count(b"HTTP/1.1 200") == count


def test_a_head_that_comes_too_slowly_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_TICK_SECONDS", 0.1)
    with connected(echo) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\n")
        with suppress(OSError):
            for _ in range(10):
                wire.sendall(b"x-some: a\r\n")
                threading.Event().wait(0.05)
        head, _ = split(read_all(wire))
    assert head.startswith(b"HTTP/1.1 408 ")


def test_a_body_that_stops_coming_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """What came is handed over, the application is told, and its answer still goes out."""
    monkeypatch.setattr(protocol, "_TICK_SECONDS", 0.05)
    with connected(echo) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc")
        head, body = split(read_all(wire))
    assert head.startswith(b"HTTP/1.1 200 ")
    assert b"\r\nconnection: close" in head
    assert body == b"POST http / content-length abc and no more"


@pytest.mark.parametrize("said", [b"", b"GET / HTTP/1.1\r\n\r\n"], ids=["who said nothing", "who was answered"])
def test_who_is_silent_for_long_is_let_go(said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_TICK_SECONDS", 0.05)
    with connected(echo, timeout_keep_alive=0) as wire:
        wire.sendall(said)
        assert read_all(wire).count(b"HTTP/1.1 200") == bool(said)


def test_one_connection_too_many_is_told_to_come_again() -> None:
    with serving(echo, limit_concurrency=2) as address:

        def ask(wire: socket.socket) -> bytes:
            wire.sendall(b"GET / HTTP/1.1\r\n\r\n")
            return wire.recv(65536)

        with ExitStack() as open_ones:
            wires = [
                open_ones.enter_context(socket.create_connection(address, timeout=PATIENCE_SECONDS)) for _ in range(2)
            ]
            assert all(ask(wire).startswith(b"HTTP/1.1 200 ") for wire in wires)
            with socket.create_connection(address, timeout=PATIENCE_SECONDS) as another:
                head, _ = split(read_all(another))
            assert head.startswith(b"HTTP/1.1 503 ")
            assert b"\r\nretry-after: 1" in head
            assert all(ask(wire).startswith(b"HTTP/1.1 200 ") for wire in wires)
        threading.Event().wait(0.1)
        with socket.create_connection(address, timeout=PATIENCE_SECONDS) as another:
            assert ask(another).startswith(b"HTTP/1.1 200 ")


def test_a_slow_answer_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "_TICK_SECONDS", 0.02)

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.3)
        await echo(scope, receive, send)

    with connected(app, timeout_keep_alive=0) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc")
        assert split(wire.recv(65536))[1] == b"POST http / content-length abc"


def test_what_came_before_the_client_left_is_handed_over() -> None:
    heard: Queue[Any] = Queue()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.2)
        heard.put(await receive())
        heard.put(await receive())

    with connected(app) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\ncontent-length: 10\r\n\r\nabc")
        wire.close()
        assert heard.get(timeout=PATIENCE_SECONDS) == {"type": "http.request", "body": b"abc", "more_body": True}
        assert heard.get(timeout=PATIENCE_SECONDS) == {"type": "http.disconnect"}


def test_a_client_that_offers_another_protocol_is_answered_in_this_one(wire: socket.socket) -> None:
    """Java's own client does so with its first request."""
    offer = "Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"
    for more in (offer, "", offer + "Content-Length: 2\r\n"):
        wire.sendall(ASK.format(method="GET", more=more).encode() + (b"{}" if "Length" in more else b""))
        assert read(wire, b"}").startswith(b"HTTP/1.1 401")


def test_headers_behind_the_body_are_none() -> None:
    with connected(echo) as wire:
        wire.sendall(b"POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nx-late: a\r\n\r\n")
        assert split(wire.recv(65536))[1] == b"POST http / transfer-encoding abc"


@pytest.mark.parametrize(
    "said",
    [
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\n bad : header\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\na",
        "GET /größer HTTP/1.1\r\n\r\n".encode(),
        b"CONNECT here:80 HTTP/1.1\r\n\r\n",
    ],
    ids=["nonsense", "header", "two lengths of two kinds", "two lengths", "not ascii", "connect"],
)
def test_what_is_no_http_is_refused(said: bytes) -> None:
    with connected(echo) as wire:
        wire.sendall(said)
        assert read_all(wire).startswith(b"HTTP/1.1 400 ")


def test_nonsense_behind_a_request_does_not_cost_it_its_answer() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.1)
        await echo(scope, receive, send)

    with connected(app) as wire:
        wire.sendall(b"GET /a HTTP/1.1\r\n\r\nGET /b HTTP/1.1\r\n\r\nnonsense\r\n\r\n")
        answers = read_all(wire)
    assert re.findall(rb"HTTP/1.1 (\d+)", answers) == [b"200", b"200"]


def test_nothing_behind_the_last_request_is_done() -> None:
    with connected(echo) as wire:
        wire.sendall(b"GET /a HTTP/1.1\r\nconnection: close\r\n\r\nGET /b HTTP/1.1\r\n\r\n")
        assert read_all(wire).count(b"HTTP/1.1 ") == 1


@pytest.mark.parametrize(
    ("target", "path"),
    [(b"/a%20b?c", b"/a b"), (b"http://here/a?b", b"/a"), (b"*", b"*"), (b"/a#b", b"/a")],
    ids=["quoted", "absolute", "star", "with a fragment"],
)
def test_a_target_has_its_path(target: bytes, path: bytes) -> None:
    with connected(echo) as wire:
        wire.sendall(b"OPTIONS " + target + b" HTTP/1.1\r\n\r\n")
        assert split(wire.recv(65536))[1] == b"OPTIONS http " + path + b"  "


@pytest.mark.parametrize(("trusted", "scheme"), [("127.0.0.1", b"https"), ("10.0.0.1", b"http")])
def test_a_proxy_that_is_trusted_says_how_it_was_reached(trusted: str, scheme: bytes) -> None:
    with connected(echo, forwarded_allow_ips=trusted) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nx-forwarded-proto: https\r\n\r\n")
        assert split(wire.recv(65536))[1].split()[1] == scheme


def stream(*parts: bytes, length: int | None = None) -> Any:
    async def app(scope: Any, receive: Any, send: Any) -> None:
        headers = [] if length is None else [(b"content-length", b"%d" % length)]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        for part in parts:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        await send({"type": "http.response.body"})

    return app


def test_an_answer_of_unknown_length_goes_in_chunks() -> None:
    with connected(stream(b"abc", b"", b"defgh")) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\n\r\n")
        head, body = split(read(wire, b"0\r\n\r\n"))
    assert b"transfer-encoding: chunked" in head
    assert body == b"3\r\nabc\r\n5\r\ndefgh\r\n0\r\n\r\n"


def test_an_old_client_gets_it_until_the_connection_ends() -> None:
    with connected(stream(b"abc", b"defgh")) as wire:
        wire.sendall(b"GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n")
        head, body = split(read_all(wire))
    assert b"transfer-encoding" not in head
    assert body == b"abcdefgh"


def test_a_large_answer_waits_for_its_reader() -> None:
    size = 30_000_000
    with connected(stream(*[bytes(1_000_000)] * 30, length=size)) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nconnection: close\r\n\r\n")
        head, body = split(read_all(wire))
    assert b"content-length: %d" % size in head
    assert len(body) == size


@pytest.mark.parametrize("length", [7, 9])
def test_an_answer_of_another_length_than_it_said_is_broken_off(length: int) -> None:
    with connected(stream(b"abc", b"defgh", length=length)) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\n\r\n")
        _, body = split(read_all(wire))
    assert body in (b"abc", b"abcdefgh")


async def silent(scope: Any, receive: Any, send: Any) -> None:
    pass


async def failing(scope: Any, receive: Any, send: Any) -> None:
    raise ZeroDivisionError


@pytest.mark.parametrize("app", [silent, failing])
def test_whoever_gives_no_answer_is_covered_for(app: Any) -> None:
    with connected(app) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\n\r\n")
        assert read_all(wire).startswith(b"HTTP/1.1 500 ")


def test_a_client_that_left_is_still_served_before_the_server_stops() -> None:
    done = threading.Event()

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await asyncio.sleep(0.5)
        done.set()

    with serving(app) as address, socket.create_connection(address, timeout=PATIENCE_SECONDS) as opened:
        opened.sendall(b"POST / HTTP/1.1\r\ncontent-length: 0\r\n\r\n")
        threading.Event().wait(0.1)
        opened.close()
        threading.Event().wait(0.1)
    assert done.is_set()


@pytest.fixture(scope="module")
def echoing() -> Iterator[tuple[str, int]]:
    with serving(echo) as address:
        yield address


def spelled(body: bytes, pieces: int) -> bytes:
    """A request with this body, by its length or in so many chunks."""
    if not pieces:
        return b"POST /a HTTP/1.1\r\ncontent-length: %d\r\n\r\n%b" % (len(body), body)
    size = len(body) // pieces + 1
    chunks = [body[at : at + size] for at in range(0, len(body), size)]
    coded = b"".join(b"%x\r\n%b\r\n" % (len(chunk), chunk) for chunk in chunks)
    return b"POST /a HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n%b0\r\n\r\n" % coded


@given(
    asked=st.lists(st.tuples(st.binary(max_size=300), st.integers(0, 3)), min_size=1, max_size=8),
    cuts=st.lists(st.floats(0, 1), max_size=12),
)
def test_however_a_stream_is_cut_each_request_gets_its_own_answer(
    echoing: tuple[str, int], asked: list[tuple[bytes, int]], cuts: list[float]
) -> None:
    stream = b"".join(spelled(body, pieces) for body, pieces in asked)
    places = sorted({0, len(stream), *(int(cut * len(stream)) for cut in cuts)})
    expected = b"".join(
        b"POST http /a %b %b" % (b"transfer-encoding" if pieces else b"content-length", body) for body, pieces in asked
    )
    got = b""
    with socket.create_connection(echoing, timeout=PATIENCE_SECONDS) as wire:
        wire.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for begin, end in pairwise(places):
            wire.sendall(stream[begin:end])
        reader = wire.makefile("rb")
        for _ in asked:
            assert reader.readline() == b"HTTP/1.1 200 OK\r\n"
            headers = dict(line.rstrip().split(b": ", 1) for line in iter(reader.readline, b"\r\n"))
            got += reader.read(int(headers[b"content-length"]))
    assert got == expected


def test_a_connection_that_ended_leaves_nothing_for_the_collector() -> None:
    made: list[ref[HttpProtocol]] = []

    async def within() -> None:
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(echo, lifespan="off", log_config=None, access_log=False)
        config.load()
        state = ServerState()

        def make() -> HttpProtocol:
            protocol = HttpProtocol(config=config, server_state=state, app_state={})
            made.append(ref(protocol))
            return protocol

        server = await loop.create_server(make, "127.0.0.1", 0)
        for said in (b"GET / HTTP/1.1\r\n\r\n", b"POST / HTTP/1.1\r\ncontent-length: 3\r\n\r\nabc", b"GET /", b""):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(said)
            if said.endswith((b"\r\n", b"abc")):
                await reader.readuntil(b"\r\n\r\n")
            writer.close()
            await writer.wait_closed()
        await asyncio.sleep(0.2)
        assert not state.connections
        server.close()
        await server.wait_closed()

    gc.collect()
    gc.disable()
    try:
        asyncio.run(within())
        assert [one() for one in made] == [None] * 4
    finally:
        gc.enable()
