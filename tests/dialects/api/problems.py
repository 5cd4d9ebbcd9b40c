"""Reading problem details as a client would."""

from __future__ import annotations

from typing import Any

import httpx


def problem(answer: httpx.Response, status: int, code: str | None = None) -> dict[str, Any]:
    """The problem of an answer, which must have this status and code."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert set(told) - {"instance"} == {"type", "title", "status", "detail", "errors"}
    assert told["status"] == status
    assert told["type"].startswith("urn:testamur:problem:")
    if code is not None:
        assert told["type"] == f"urn:testamur:problem:{code}"
    return told
