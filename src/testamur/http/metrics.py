"""Prometheus metrics of the requests."""

from __future__ import annotations

from functools import cache

from prometheus_client import Histogram

_SECONDS = Histogram(
    "testamur_request_seconds",
    "Time from the first byte of a request to the last of its answer",
    ["dialect", "operation", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def observe(dialect: str, operation: str, status: int, seconds: float) -> None:
    """Count one request."""
    _child(dialect, operation, status).observe(seconds)


@cache
def _child(dialect: str, operation: str, status: int) -> Histogram:
    return _SECONDS.labels(dialect, operation, str(status))
