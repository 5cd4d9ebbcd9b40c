"""cPod's own shapes. Source: the vendor's page "LearningRecord" (performance domain of the enterprise data model)."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class Detail(Struct):
    """One thing wrong with one field: a JSON pointer into the body, or the name of a query parameter."""

    field: str
    code: str
    message: str


class Problem(Struct, kw_only=True):
    """Every error: RFC 9457, with what the vendor's SDK reads besides (`message`, `details`)."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    instance: str | UnsetType = UNSET
    code: str
    message: str
    details: list[Detail]
    error: str | UnsetType = UNSET
    error_description: str | UnsetType = UNSET
