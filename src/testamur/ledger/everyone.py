"""Everybody's audience: made when something is first set to it, and joined by whoever is added from then on.

Until then it is as good as empty of settings, so readers who find none show nothing. From then on it is an audience as
any other, with memberships as spans, and no API changes who belongs to it.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from testamur.core.audiences import EVERYONE_NAME, is_everyone
from testamur.core.callers import Caller
from testamur.core.ids import Id, new_id
from testamur.core.people import Reference
from testamur.ledger.audiences import find_everyone, get_audience
from testamur.ledger.entries import Change, append
from testamur.ledger.standing_lines import restand_audience
from testamur.storage.transactions import WriteTx


async def meant_audience(tx: WriteTx, caller: Caller, reference: Reference, now: datetime) -> Id:
    """The audience to which something is to be set; everybody's is made when there is none yet.

    The writer must be alone. Raises: AudienceNotFound naming the reference's field.
    """
    if not is_everyone(reference):
        return (await get_audience(tx, reference)).id
    found = await find_everyone(tx)
    if found is not None:
        return found
    id = new_id()
    await tx.run("everyone_add", id=id, name=EVERYONE_NAME, now=now)
    await append(tx, caller.client, [Change("audience.added", id, {"name": EVERYONE_NAME, "of_everyone": True})], now)
    await _join(tx, caller, id, None, await tx.value("everyone_count"), now)
    return id


async def join_everyone(tx: WriteTx, caller: Caller, people: Sequence[Id], now: datetime) -> None:
    """Let people who were just added belong to everybody's audience, if there is one. The writer must be alone."""
    audience = await find_everyone(tx)
    if audience is not None:
        await _join(tx, caller, audience, people, len(people), now)
        await restand_audience(tx, audience, people, now)


async def _join(
    tx: WriteTx, caller: Caller, audience: Id, people: Sequence[Id] | None, count: int, now: datetime
) -> None:
    if count:
        first = await tx.next_entries(count)
        await tx.run("everyone_join", audience=audience, people=people, first=first, client=caller.client, now=now)
