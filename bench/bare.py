"""The floor of a small GET: the same HTTP server with nothing behind it."""

from __future__ import annotations

import os

from testamur.http.exchange import Receive, Scope, Send

_BODY = b'"' + b"x" * (int(os.environ.get("BENCH_BODY_BYTES", "100")) - 2) + b'"'
_HEADERS = [(b"content-type", b"application/json"), (b"content-length", str(len(_BODY)).encode())]


async def app(scope: Scope, receive: Receive, send: Send) -> None:
    """An ASGI app that answers every request with the same body."""
    await send({"type": "http.response.start", "status": 200, "headers": _HEADERS})
    await send({"type": "http.response.body", "body": _BODY})
