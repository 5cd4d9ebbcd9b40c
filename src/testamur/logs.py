"""Logs: one wide line for each request, as JSON or, on a terminal, for people."""

from __future__ import annotations

import asyncio
import atexit
import logging
import sys
from typing import Any, BinaryIO

import msgspec
import structlog


def configure(format: str, level: str) -> None:
    """Set up logging on standard error for this process.

    Args:
        format: `json`, `console`, or `auto`.
        level: lowest level written.
    """
    console = format == "console" or (format == "auto" and sys.stderr.isatty())
    shared: list[Any] = [
        structlog.contextvars.merge_contextvars,
        structlog.processors.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.format_exc_info,
    ]
    if console:
        processors = [*shared[:-1], structlog.dev.ConsoleRenderer()]
        factory: Any = structlog.PrintLoggerFactory(sys.stderr)
    else:
        processors = [*shared, structlog.processors.JSONRenderer(serializer=_json)]
        factory = structlog.BytesLoggerFactory(_Gathered(sys.stderr.buffer))  # type: ignore[arg-type]
    number = getattr(logging, level.upper())
    structlog.configure(
        processors=processors,
        wrapper_class=structlog.make_filtering_bound_logger(number),
        logger_factory=factory,
        cache_logger_on_first_use=True,
    )
    logging.basicConfig(
        stream=sys.stderr, level=max(number, logging.WARNING), format="%(levelname)s %(name)s %(message)s"
    )


class _Gathered:
    """A file for log lines: what one turn of the event loop writes goes out in one piece.

    Answers leave in bursts, and a system call for each line costs more than making the line.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._waiting: list[bytes] = []
        atexit.register(self._write_out)

    def write(self, line: bytes) -> None:
        self._waiting.append(line)

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
            self._file.write(b"".join(waiting))
            self._file.flush()


def _json(value: Any, **_: Any) -> bytes:
    return msgspec.json.encode(value, enc_hook=str)
