"""Imports as a client of /v1/imports follows them."""

from __future__ import annotations

from typing import Any

import httpx

from tests.waiting import eventually

PATH = "/v1/imports"
CSV = {"content-type": "text/csv"}


def until(client: httpx.Client, id: str, *states: str) -> dict[str, Any]:
    """The import once it is in one of these states: the server works on it in the background."""

    def shown() -> dict[str, Any]:
        told: dict[str, Any] = client.get(f"{PATH}/{id}").json()
        return told

    return eventually(shown, lambda told: told["state"] in states)
