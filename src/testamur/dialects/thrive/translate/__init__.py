"""Thrive's words and ours, a module for each group of operations. Pure functions."""

from __future__ import annotations

from testamur.core.people import Reference

SOURCE = "thrive"
_KINDS = ("thrive",)


def user(text: str, field: str) -> Reference:
    """A user id: one that came along from Thrive, or our own."""
    return Reference(text, _KINDS, "person", field)


def content(text: str, field: str) -> Reference:
    """A content id: one that came along from Thrive, or our own."""
    return Reference(text, _KINDS, "item", field)


def audience(text: str, field: str) -> Reference:
    """An audience id, or its reference where the vendor takes either."""
    return Reference(text, (), "audience", field)
