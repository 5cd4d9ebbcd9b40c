"""Making answers."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from testamur.core.moments import format_instant
from testamur.http.operations import Reply


def _plain(value: Any) -> Any:
    raise TypeError(f"no wire form for {type(value).__name__}")


_ENCODER = msgspec.json.Encoder(enc_hook=_plain, decimal_format="number")


def json_reply(status: int, body: Any, *headers: tuple[bytes, bytes], media_type: bytes = b"application/json") -> Reply:
    """A JSON answer of any value msgspec can encode."""
    return Reply(status, _ENCODER.encode(body), list(headers), media_type)


def empty_reply(status: int, *headers: tuple[bytes, bytes]) -> Reply:
    """An answer without content."""
    return Reply(status, None, list(headers))


def retry_after(seconds: int | None) -> list[tuple[bytes, bytes]]:
    """The Retry-After header in whole seconds, or nothing."""
    return [] if seconds is None else [(b"retry-after", str(seconds).encode())]


def instant(at: datetime | None) -> str | None:
    """A moment as every dialect writes it: milliseconds and `Z`."""
    return None if at is None else format_instant(at)
