"""Logs: one wide line for each request, as JSON or, on a terminal, for people."""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
from collections.abc import Callable, Iterable, Iterator, MutableMapping
from datetime import UTC, datetime
from typing import Any, BinaryIO
from uuid import UUID

import msgspec
import structlog

from testamur.core.moments import format_instant


class RequestLine(msgspec.Struct):
    """What is told of a request."""

    dialect: str
    operation: str
    method: str
    status: int
    milliseconds: float
    tenant: UUID | None
    client: UUID | None
    request_id: str
    event: str = "request"
    level: str = "info"
    timestamp: str = ""


def log_request(line: RequestLine) -> None:
    """Write the line of a request."""
    _write_request(line)


def _through_structlog(line: RequestLine) -> None:
    structlog.get_logger("testamur.request").info(
        **{name: value for name, value in msgspec.structs.asdict(line).items() if name not in ("level", "timestamp")}
    )


_write_request: Callable[[RequestLine], None] = _through_structlog


def configure(format: str, level: str) -> None:
    """Set up logging on standard error for this process.

    Args:
        format: `json`, `console`, or `auto`.
        level: lowest level written.
    """
    global _write_request
    number = getattr(logging, level.upper())
    console = format == "console" or (format == "auto" and sys.stderr.isatty())
    if console:
        processors: list[Any] = [
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            _spelled,
            structlog.dev.ConsoleRenderer(),
        ]
        factory: Any = structlog.PrintLoggerFactory(sys.stderr)
        _write_request = _through_structlog
    else:
        processors = [structlog.processors.format_exc_info, _json]
        gathered = _Gathered(sys.stderr.buffer)
        factory = structlog.BytesLoggerFactory(gathered)  # type: ignore[arg-type]
        _write_request = gathered.tell if number <= logging.INFO else _nowhere
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=sys.stderr, level=max(number, logging.WARNING), format="%(levelname)s %(name)s %(message)s"
    )


def _nowhere(line: RequestLine) -> None:
    return None


class _Gathered:
    """A file for log lines: what one turn of the event loop writes goes out in one piece, as of one moment.

    Answers leave in bursts, and a system call for each line costs more than making the line. structlog's way to the
    line of a request takes three times as long as this one, which is taken for every request.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting: list[bytes | RequestLine] = []
        self._encode = msgspec.json.Encoder(enc_hook=str).encode
        atexit.register(self._write_out)

    def write(self, line: bytes) -> None:
        self._waiting.append(line)

    def tell(self, line: RequestLine) -> None:
        """The line of a request. Its moment is that of writing."""
        self._waiting.append(line)
        if len(self._waiting) == 1:
            self.flush()

    def flush(self) -> None:
        try:
            loop = asyncio.get_running_loop()
        except RuntimeError:
            self._write_out()
        else:
            if len(self._waiting) == 1:
                loop.call_soon(self._write_out)

    def _write_out(self) -> None:
        waiting, self._waiting = self._waiting, []
        if waiting:
            self._file.write(b"".join(self._spelled(waiting)))
            self._file.flush()

    def _spelled(self, lines: Iterable[bytes | RequestLine]) -> Iterator[bytes]:
        now = format_instant(datetime.now(UTC))
        for line in lines:
            if isinstance(line, RequestLine):
                line.timestamp = now
                yield self._encode(line)
                yield b"\n"
            else:
                yield line


def _spelled(_: Any, __: str, line: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    return {name: str(value) if isinstance(value, UUID) else value for name, value in line.items()}


def _json(_: Any, method: str, line: MutableMapping[str, Any]) -> bytes:
    # What structlog's own processors for level, time and JSON do, in one step: there is one line for each request.
    line["level"] = "error" if method == "exception" else method
    line["timestamp"] = format_instant(datetime.now(UTC))
    return msgspec.json.encode(line, enc_hook=str)
