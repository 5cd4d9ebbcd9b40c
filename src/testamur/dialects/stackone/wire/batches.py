"""Batches as they can be read later. This is ours: the vendor only answers the call that brings a batch."""

from __future__ import annotations

from msgspec import Struct


class BatchRow(Struct):
    """What became of a row: `added`, `updated`, `unchanged`, or `refused` with its reason."""

    outcome: str
    id: str | None
    errors: list[str]


class Batch(Struct):
    """A batch and what became of each row, in the order in which they came. `ended_at` is null until its end."""

    id: str
    kind: str
    rows: int
    started_at: str
    ended_at: str | None
    items: list[BatchRow]


class BatchAnswer(Struct):
    """One batch."""

    data: Batch
