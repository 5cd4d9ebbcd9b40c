"""Identifiers of people who were erased: known again, and leading to nobody."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from collections.abc import Collection

from testamur.core.ids import Id
from testamur.core.people import Identifier, normalise
from testamur.storage.transactions import Tx, WriteTx


async def remember(tx: WriteTx, identifiers: Collection[Identifier]) -> None:
    """Know these again. What is kept is a digest under a key of the tenant's own, and not whom it named."""
    if not identifiers:
        return
    await tx.run("erasure_key_make", key=secrets.token_bytes(32))
    key: bytes = await tx.value("erasure_key")
    await tx.run("erased_identifiers_add", digests=[_digest(key, one) for one in identifiers])


async def has_erased(tx: Tx) -> bool:
    """Whether anybody's identifiers were erased in this tenant."""
    return await tx.value("erasure_key") is not None


async def erased_among(tx: Tx, identifiers: Collection[Identifier]) -> set[Identifier]:
    """Those of these identifiers that named somebody who was erased."""
    key: bytes | None = await tx.value("erasure_key")
    if key is None:
        return set()
    digests = {_digest(key, one): one for one in identifiers}
    rows = await tx.rows("erased_identifiers_among", digests=list(digests))
    return {digests[row["digest"]] for row in rows}


async def forget_rows(tx: WriteTx, batch: Id) -> int:
    """Let no row of a file come that was matched before its person was erased. Returns how many there were."""
    found: int = await tx.value("erased_rows_forget", batch=batch)
    return found


def _digest(key: bytes, identifier: Identifier) -> bytes:
    said = f"{identifier.kind}\0{normalise(identifier.kind, identifier.value)}"
    return hmac.digest(key, said.encode(), hashlib.sha256)
