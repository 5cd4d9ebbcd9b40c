"""Bodies that are read as they come."""

from __future__ import annotations

import asyncio

from testamur.http.exchange import Receive


class Incoming:
    """The body of a request on its way.

    `is_whole` says that all of it came, `is_broken` that the rest will not come. What came until then can be read.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
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
        self.is_broken = message["type"] == "http.disconnect"
        self.is_whole = not self.is_broken and not message.get("more_body", False)
        return bytes(message.get("body", b""))
