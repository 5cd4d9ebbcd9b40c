"""A receiver of webhooks, on a socket of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import msgspec

from tests.waiting import eventually


@dataclass
class Received:
    """One delivery as it arrived."""

    path: str
    headers: dict[str, str]
    raw: bytes

    @property
    def body(self) -> dict[str, Any]:
        decoded: dict[str, Any] = msgspec.json.decode(self.raw)
        return decoded


@dataclass
class Receiver:
    """Keeps what arrives; `answer` decides the status of each delivery, and may raise or sleep."""

    url: str = ""
    answer: Callable[[Received], int] = lambda _: 200
    redirect: str = ""
    received: list[Received] = field(default_factory=list)

    def wait(self, count: int) -> list[Received]:
        """What arrived, once it is so many."""
        return eventually(lambda: self.received, lambda received: len(received) >= count)


@contextmanager
def receiving() -> Iterator[Receiver]:
    """A receiver that listens on loopback as long as the block."""
    receiver = Receiver()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_POST(self) -> None:
            length = int(self.headers["content-length"])
            raw = self.rfile.read(length)
            if len(raw) < length:  # its sender was killed in the middle: nobody received that
                self.close_connection = True
                return
            one = Received(self.path, {name.lower(): value for name, value in self.headers.items()}, raw)
            status = receiver.answer(one)
            receiver.received.append(one)
            with suppress(ConnectionError):  # a sender need not wait for a receiver that is slow
                self.send_response(status)
                if receiver.redirect:
                    self.send_header("location", receiver.redirect)
                self.send_header("content-length", "2")
                self.end_headers()
                self.wfile.write(b"ok")

        def log_message(self, format: str, *args: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    receiver.url = f"http://127.0.0.1:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield receiver
    finally:
        server.shutdown()
        server.server_close()
        thread.join(5)
