"""Idempotency keys: a call that may be repeated, and is done once.

What the call writes, the key and the answer are one transaction: after a crash all of them are there or none, and of
calls with the same key at the same time the later ones wait for the first. docs/decisions/0016 has the reasons.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from testamur.core.callers import Caller
from testamur.core.errors import KeyReused
from testamur.storage.database import Database

KEPT = timedelta(hours=24)


@dataclass(frozen=True, slots=True)
class KeyedCall:
    """A call that came with a key.

    Args:
        operation: what was called; each operation has keys of its own.
        key: as the caller chose it.
        fingerprint: digest of all that was asked for.
    """

    operation: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, slots=True)
class KeptAnswer:
    """An answer as it was given the first time."""

    status: int
    headers: Sequence[tuple[str, str]]
    media_type: str
    body: bytes | None


class IdempotencyKeys:
    """Verbs on idempotency keys."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def once(
        self, caller: Caller, call: KeyedCall, do: Callable[[], Awaitable[KeptAnswer]]
    ) -> tuple[KeptAnswer, bool]:
        """Do what `do` does, once for each key within 24 hours.

        A key belongs to the caller's application, or to the client without one, and to the person behind a session:
        nobody else's answer can be had by it. An answer that is an error is not kept, and neither is the key when
        `do` raises: nothing was written then, and trying again is right.

        Args:
            do: calls other verbs, which all become part of one transaction.
        Returns: the answer, and whether it is that of an earlier call.
        Raises: KeyReused when the key came with something else before; whatever `do` raises.
        """
        async with self._database.together(caller.tenant) as tx:
            named = {"holder": _holder(caller), "operation": call.operation, "key": call.key}
            now = self._clock()
            row = await tx.row("idempotency_key_find", **named, since=now - KEPT)
            if row is not None:
                if row["fingerprint"] != call.fingerprint:
                    raise KeyReused
                headers = [(name, value) for name, value in row["headers"]]
                return KeptAnswer(row["status"], headers, row["media_type"], row["body"]), True
            answer = await do()
            if answer.status < 400:
                await tx.run(
                    "idempotency_key_keep",
                    **named,
                    fingerprint=call.fingerprint,
                    status=answer.status,
                    headers=[list(header) for header in answer.headers],
                    media_type=answer.media_type,
                    body=answer.body,
                    now=now,
                )
            return answer, False

    async def prune(self) -> int:
        """Forget the keys of all tenants that are older than 24 hours, some at a time. Returns how many they were."""
        async with self._database.unbound() as connection:
            pruned: int = await connection.fetchval("SELECT prune_idempotency_keys()")
        return pruned


def _holder(caller: Caller) -> str:
    of = f"client {caller.client}" if caller.application is None else f"application {caller.application}"
    return of if caller.person is None else f"{of} person {caller.person}"
