"""Prometheus metrics of the requests."""

from __future__ import annotations

import os
from functools import cache

from prometheus_client import REGISTRY, CollectorRegistry, Histogram, generate_latest
from prometheus_client.multiprocess import MultiProcessCollector

SHARED = "PROMETHEUS_MULTIPROC_DIR"
"""The variable with the folder in which the workers of one server count together, set before they start."""

_SECONDS = Histogram(
    "testamur_request_seconds",
    "Time from the first byte of a request to the last of its answer",
    ["dialect", "operation", "status"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10),
)


def exposition() -> bytes:
    """All counts of this server, whichever of its workers is asked."""
    if SHARED not in os.environ:
        return generate_latest(REGISTRY)
    together = CollectorRegistry()
    MultiProcessCollector(together)  # type: ignore[no-untyped-call]
    return generate_latest(together)


def observe(dialect: str, operation: str, status: int, seconds: float) -> None:
    """Count one request."""
    _child(dialect, operation, status).observe(seconds)


@cache
def _child(dialect: str, operation: str, status: int) -> Histogram:
    return _SECONDS.labels(dialect, operation, str(status))
