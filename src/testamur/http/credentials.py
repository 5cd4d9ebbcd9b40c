"""The ways credentials travel: Basic and Bearer."""

from __future__ import annotations

import binascii
from typing import NamedTuple

from testamur.core.errors import Unauthenticated
from testamur.http.operations import Call


class Basic(NamedTuple):
    """RFC 7617. `password` is None when the text has no colon."""

    user: str
    password: str | None


class Bearer(NamedTuple):
    """RFC 6750."""

    token: str


_TOKEN_MAX = 8_192


def authorization(call: Call) -> Basic | Bearer:
    """What the Authorization header says. Raises Unauthenticated when it is missing or cannot be read."""
    header = call.header("authorization")
    if header is None:
        raise Unauthenticated("The Authorization header is missing")
    scheme, _, value = header.strip().partition(" ")
    value = value.strip()
    if len(value) > _TOKEN_MAX:
        raise Unauthenticated("The Authorization header is too long")
    if scheme.lower() == "bearer" and value and value.isascii():
        return Bearer(value)
    if scheme.lower() == "basic":
        try:
            text = binascii.a2b_base64(value, strict_mode=True).decode()
        except (binascii.Error, ValueError) as error:
            raise Unauthenticated("The Basic credentials are not base64 of UTF-8 text") from error
        user, colon, password = text.partition(":")
        return Basic(user, password if colon else None)
    raise Unauthenticated("The Authorization header must be Basic or Bearer")
