"""Tokens, keys and the state of the service."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, Struct, UnsetType


class TokenRequest(Struct):
    """Body of the token endpoint, JSON or form. Client id and secret may come as HTTP Basic instead."""

    grant_type: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: str | UnsetType = UNSET


class Token(Struct):
    """RFC 6749, section 5.1."""

    access_token: str
    token_type: str
    expires_in: int


class Health(Struct):
    """The process answers."""

    status: str


class KeySet(Struct):
    """RFC 7517: the public keys that verify tokens."""

    keys: list[dict[str, Any]]
