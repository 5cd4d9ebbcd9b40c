"""What goes over the socket, byte by byte."""

from __future__ import annotations

import asyncio
import base64
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit

import pytest
import uvicorn
from uvicorn.server import ServerState

from testamur.http import protocol
from testamur.http.protocol import KnowingProtocol, respond
from tests.hub import Hub

ASK = "{method} /stackone/unified/lms/completions/x HTTP/1.1\r\nHost: here\r\n{more}\r\n"


@pytest.fixture
def wire(hub: Hub) -> Iterator[socket.socket]:
    address = urlsplit(hub.server.url)
    with socket.create_connection((address.hostname or "", address.port or 0), timeout=5) as opened:
        yield opened


def read(wire: socket.socket, until: bytes) -> bytes:
    data = b""
    while not data.endswith(until):
        piece = wire.recv(65536)
        assert piece, data
        data += piece
    return data


def read_all(wire: socket.socket) -> bytes:
    data = b""
    while piece := wire.recv(65536):
        data += piece
    return data


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


@pytest.mark.parametrize("ask", ["GET {} HTTP/1.0\r\n", "GET {} HTTP/1.1\r\nConnection: close\r\n"])
def test_who_asks_for_an_end_gets_one(wire: socket.socket, ask: str) -> None:
    wire.sendall(f"{ask.format('/stackone/unified/lms/completions/x')}Host: here\r\n\r\n".encode())
    head, _, body = read_all(wire).partition(b"\r\n\r\n")
    assert b"\r\nconnection: close" in head
    assert f"content-length: {len(body)}".encode() in head


@contextmanager
def answering(headers: list[tuple[bytes, bytes]]) -> Iterator[socket.socket]:
    """A connection to a server that answers everything with these headers."""

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await respond(send, 200, [*headers, (b"content-length", b"2")], b"ok")

    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        config = uvicorn.Config(app, http=KnowingProtocol, lifespan="off", log_config=None, access_log=False)
        server = uvicorn.Server(config)
        thread = threading.Thread(target=lambda: asyncio.run(server.serve([listener])), daemon=True)
        thread.start()
        while not server.started:
            thread.join(0.01)
        try:
            with socket.create_connection(listener.getsockname(), timeout=5) as opened:
                yield opened
        finally:
            server.should_exit = True
            thread.join(10)


@pytest.mark.parametrize("value", [b"a\r\nset-cookie: b", b"a\nb", b"a\rb", b"a\0b", b"a\x7fb"])
def test_what_comes_into_a_header_ends_no_line(value: bytes) -> None:
    """Nothing of such an answer is sent."""
    with answering([(b"x-said", value)]) as wire:
        wire.sendall(b"GET / HTTP/1.1\r\nHost: here\r\n\r\n")
        answer = wire.recv(65536)
    assert answer == b""


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


@pytest.mark.parametrize(
    ("method", "short", "turns"),
    [("POST", 1e9, 4), ("PATCH", 1e9, 4), ("POST", 1e-9, 1), ("GET", 1e9, 1)],
    ids=["post", "patch", "post in long turns", "get"],
)
def test_writes_that_come_together_begin_one_in_each_short_turn_of_the_loop(
    method: str, short: float, turns: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the database says is heard between two of them. Reads begin at once, to share their query."""
    monkeypatch.setattr(protocol, "_SHORT_TURN_SECONDS", short)
    begun: list[int] = []
    turn = 0

    async def app(scope: Any, receive: Any, send: Any) -> None:
        begun.append(turn)
        await respond(send, 200, [(b"content-length", b"2")], b"ok")

    async def within() -> None:
        nonlocal turn
        loop = asyncio.get_running_loop()
        config = uvicorn.Config(app, lifespan="off", log_config=None, access_log=False)
        config.load()
        state = ServerState()
        server = await loop.create_server(
            lambda: KnowingProtocol(config=config, server_state=state, app_state={}), "127.0.0.1", 0
        )
        wires = [socket.create_connection(server.sockets[0].getsockname(), timeout=5) for _ in range(4)]
        while len(state.connections) < len(wires):
            turn += 1
            await asyncio.sleep(0)
        for wire in wires:
            wire.sendall(f"{method} / HTTP/1.1\r\nHost: here\r\nContent-Length: 0\r\n\r\n".encode())
        while len(begun) < len(wires):
            turn += 1
            await asyncio.sleep(0)
        for wire in wires:
            wire.close()
        server.close()
        await server.wait_closed()

    asyncio.run(asyncio.wait_for(within(), 10))
    assert len(set(begun)) == turns
