"""How answers reach the socket."""

from __future__ import annotations

import asyncio
from typing import Any
from weakref import WeakSet

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol


class _Held:
    """A transport that can put two writes into one."""

    def __init__(self, transport: asyncio.Transport) -> None:
        self._write = transport.write
        self._transport = transport
        self._holds = False
        self._held = b""

    def hold(self) -> None:
        """Keep what is written next until something follows it."""
        self._holds = True

    def write(self, data: bytes) -> None:
        if self._holds:
            self._held, self._holds = data, False
        elif self._held:
            self._write(self._held + data)
            self._held = b""
        else:
            self._write(data)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._transport, name)


def unread(receive: Any) -> tuple[bytes, bool]:
    """What came of a request's body and was not received, and whether that is the end of it.

    uvicorn says that the client went away and leaves out what came before.
    """
    cycle = receive.__self__
    rest, cycle.body = bytes(cycle.body), bytearray()
    return rest, not cycle.more_body


class OneWriteProtocol(HttpToolsProtocol):
    """uvicorn's HTTP protocol, which sends the head and the body of an answer by two system calls.

    An answer that has its body ready asks for one by the scope's extension `testamur.hold`: for a small answer that is
    a tenth of its cost.
    """

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        held = _Held(transport)
        self._hold = held.hold
        self._leaves = False
        self._awaited: WeakSet[asyncio.Event] = WeakSet()
        super().connection_made(held)  # type: ignore[arg-type]

    def on_message_begin(self) -> None:
        super().on_message_begin()
        self.scope["extensions"] = {
            "testamur.hold": self._hold,  # type: ignore[dict-item]
            "testamur.leaving": self.leaving,  # type: ignore[dict-item]
            "testamur.is_gone": self.transport.is_closing,  # type: ignore[dict-item]
            "testamur.unread": unread,  # type: ignore[dict-item]
        }

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
