"""The header Idempotency-Key: a call that may be repeated, and is done once."""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable

import msgspec

from testamur.http.errors import RequestError
from testamur.http.operations import Call, Reply
from testamur.ledger.idempotency import KeptAnswer, KeyedCall

HEADER = "Idempotency-Key"
LENGTH_MAX = 255


def key_of(call: Call) -> str | None:
    """The call's key. Raises RequestError for one that cannot be kept."""
    key = call.header(HEADER)
    if key is not None and not (1 <= len(key) <= LENGTH_MAX and key.isascii() and key.isprintable()):
        raise RequestError(f"The header {HEADER} takes 1 to {LENGTH_MAX} printable ASCII characters")
    return key


async def once(call: Call, operation: str, key: str, do: Callable[[], Awaitable[Reply]]) -> Reply:
    """The answer of `do`, or the one that this key was answered with before.

    The same is what has the same address and a body of the same meaning: the order of its members and their spelling do
    not matter. Raises: KeyReused; whatever `do` raises.
    """

    async def keep() -> KeptAnswer:
        reply = await do()
        headers = [(name.decode("latin-1"), value.decode("latin-1")) for name, value in reply.headers]
        return KeptAnswer(reply.status, headers, reply.media_type.decode("latin-1"), reply.body)

    asked = KeyedCall(operation, key, _fingerprint(call))
    answer, is_repeated = await call.ledger.idempotency.once(call.caller, asked, keep)
    headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers]
    if is_repeated:
        headers.append((b"idempotent-replayed", b"true"))
    return Reply(answer.status, answer.body, headers, answer.media_type.encode("latin-1"))


def _fingerprint(call: Call) -> bytes:
    asked = [call.method, sorted(call.path.items()), sorted(call.query), call.body]
    return hashlib.sha256(msgspec.json.encode(asked, enc_hook=str, order="deterministic")).digest()
