"""Rise's own shapes, a module for each group of its operations; what they share is here."""

from __future__ import annotations

from msgspec import Struct


class Fault(Struct):
    """One thing that went wrong: a code for programs, a sentence for people."""

    code: str
    message: str


class Errors(Struct):
    """Every error of this API."""

    errors: list[Fault]
