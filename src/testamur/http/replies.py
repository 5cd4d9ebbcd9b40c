"""Making answers."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime
from tempfile import SpooledTemporaryFile
from typing import Any

import msgspec

from testamur.core.moments import format_instant
from testamur.http.operations import Reply

_IN_MEMORY_BYTES = 1024 * 1024
_PART_BYTES = 64 * 1024


def _plain(value: Any) -> Any:
    raise TypeError(f"no wire form for {type(value).__name__}")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number")


def json_reply(status: int, body: Any, *headers: tuple[bytes, bytes], media_type: bytes = b"application/json") -> Reply:
    """A JSON answer of any value msgspec can encode."""
    return Reply(status, _ENCODER.encode(body), list(headers), media_type)


class File:
    """The content of a temporary file as that of an answer: written by what makes it, closed when it was sent.

    Small ones stay in memory. Whatever an answer is made of need not be held while a slow client reads it.
    """

    def __init__(self) -> None:
        self._file = SpooledTemporaryFile(max_size=_IN_MEMORY_BYTES)  # noqa: SIM115 - who sends it closes it
        self.length: int | None = 0

    def write(self, data: bytes) -> None:
        self.length = (self.length or 0) + self._file.write(data)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        self._file.seek(0)
        while part := self._file.read(_PART_BYTES):
            yield part

    async def aclose(self) -> None:
        self.close()

    def close(self) -> None:
        self._file.close()


def empty_reply(status: int, *headers: tuple[bytes, bytes]) -> Reply:
    """An answer without content."""
    return Reply(status, None, list(headers))


def retry_after(seconds: int | None) -> list[tuple[bytes, bytes]]:
    """The Retry-After header in whole seconds, or nothing."""
    return [] if seconds is None else [(b"retry-after", str(seconds).encode())]


def instant(at: datetime | None) -> str | None:
    """A moment as every dialect writes it: milliseconds and `Z`."""
    return None if at is None else format_instant(at)
