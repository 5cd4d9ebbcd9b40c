"""Shapes: records as a reader wants them spelled, written by PostgreSQL."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Shape:
    """How somebody wants records spelled.

    A page that PostgreSQL writes as JSON costs the service a fraction of one that it spells itself
    (docs/decisions/0007).

    Args:
        sql: the body of a SELECT over one row `r` of the view `record`; its columns become the members of a JSON
            object. Text of our own, never a caller's.
    """

    sql: str

    @classmethod
    def read(cls, path: Path) -> Shape:
        """The shape in a file."""
        return cls(path.read_text().strip().removesuffix(";"))
