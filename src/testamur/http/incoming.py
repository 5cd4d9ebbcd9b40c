"""Bodies that are read as they come."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, TypeAlias

_Receive: TypeAlias = Callable[[], Awaitable[MutableMapping[str, Any]]]
_Unread: TypeAlias = Callable[[_Receive], tuple[bytes, bool]]


class Incoming:
    """The body of a request on its way.

    `is_whole` says that all of it came, `is_broken` that its sender went away before. What came until then can be read.

    Args:
        unread: gives what came of a broken body and was not received, and whether that is all of it.
    """

    def __init__(self, receive: _Receive, unread: _Unread | None = None) -> None:
        self._receive = receive
        self._unread = unread
        self.is_whole = False
        self.is_broken = False

    async def read(self, seconds: float) -> bytes:
        """What came next; nothing at the end, and when nothing came for so long."""
        if self.is_whole or self.is_broken:
            return b""
        try:
            async with asyncio.timeout(seconds):
                message = await self._receive()
        except TimeoutError:
            return b""
        if message["type"] != "http.disconnect":
            self.is_whole = not message.get("more_body", False)
            return bytes(message.get("body", b""))
        # A sender who goes away at once is heard of before what it sent.
        rest, self.is_whole = self._unread(self._receive) if self._unread is not None else (b"", False)
        self.is_broken = not self.is_whole
        return rest
