"""The token endpoint, after Amazon Cognito's."""

from __future__ import annotations

from msgspec import UNSET, Struct, UnsetType


class TokenRequest(Struct):
    """Body of the token endpoint, JSON or form. Client id and secret may come as HTTP Basic instead."""

    grant_type: str | UnsetType = UNSET
    client_id: str | UnsetType = UNSET
    client_secret: str | UnsetType = UNSET
    scope: str | UnsetType = UNSET


class Token(Struct):
    """RFC 6749, section 5.1."""

    access_token: str
    token_type: str
    expires_in: int


class TokenError(Struct):
    """RFC 6749, section 5.2."""

    error: str
    error_description: str
