"""Cursors: where a reader of a list stopped, as text that only means something to us.

A cursor is base64url of a checksum and a JSON array. The checksum also covers what the list was asked for, so a
cursor of one list is refused by every other, and so is a mangled one. It holds no secret: it opens nothing that
its list would not show anyway, since every query is bound to the caller's tenant.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
from collections.abc import Sequence
from types import GenericAlias
from typing import Any

import msgspec

from testamur.http.errors import InvalidCursor

_CHECKSUM_BYTES = 6
_LENGTH_MAX = 4_096
_INTEGER_MAX = 2**63 - 1


def encode_cursor(values: Sequence[Any], bound_to: str) -> str:
    """`values` as a cursor of the list that `bound_to` names.

    Args:
        values: text, whole numbers, true, false, null; ids and aware datetimes, which are read back as text unless
            `decode_cursor` is told their types.
        bound_to: the list with all filters it was asked with, such as `learners 0192f3c4… status=open`. A page size
            is best left out, so that a reader may change it on the way.
    """
    data = msgspec.json.encode(list(values))
    return base64.urlsafe_b64encode(_checksum(data, bound_to) + data).rstrip(b"=").decode()


def decode_cursor(text: str, bound_to: str, *types: Any) -> list[Any]:
    """The values of a cursor that `encode_cursor` made for the same `bound_to`.

    Args:
        types: the type of each value, as msgspec reads it; without any the values come as JSON has them. Anybody can
            compute a checksum, so values that go into a query should name their types.
    Raises: InvalidCursor for anything else, whether cut short, altered, or of another list. The values fit the
        database: no text with U+0000, no number beyond 64 bits.
    """
    if len(text) > _LENGTH_MAX:
        raise InvalidCursor
    try:
        packed = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_", validate=True)
        shape: Any = GenericAlias(tuple, types) if types else list[Any]
        values = list(msgspec.json.decode(packed[_CHECKSUM_BYTES:], type=shape))
        # One spelling for each cursor: what does not come out the same way was not made here.
        is_ours = encode_cursor(values, bound_to) == text
    except (binascii.Error, ValueError, msgspec.MsgspecError, RecursionError) as error:
        raise InvalidCursor from error
    if not is_ours or not all(_fits(value) for value in values):
        raise InvalidCursor
    return values


def _checksum(data: bytes, bound_to: str) -> bytes:
    return hashlib.blake2b(bound_to.encode() + b"\0" + data, digest_size=_CHECKSUM_BYTES).digest()


def _fits(value: Any) -> bool:
    if isinstance(value, str):
        return "\0" not in value
    if isinstance(value, int):
        return -_INTEGER_MAX <= value <= _INTEGER_MAX
    return not isinstance(value, list | dict | float)
