"""Spans of memberships, opened and ended within a transaction that somebody else began.

Apart from the verbs on memberships, which look audiences up: deleting an audience ends spans too.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from testamur.core.audiences import Joining
from testamur.core.callers import Caller
from testamur.core.ids import Id
from testamur.ledger.entries import Change, append
from testamur.ledger.standing_lines import restand_audience
from testamur.storage.transactions import Row, WriteTx


async def open_memberships(
    tx: WriteTx, caller: Caller, audience: Id, joinings: Sequence[Joining], now: datetime
) -> int:
    """Make people members who are none yet, each from a day of her own, and return how many joined."""
    rows = await tx.rows(
        "memberships_open",
        audience=audience,
        people=[joining.person for joining in joinings],
        joined_on=[joining.on for joining in joinings],
        now=now,
    )
    changes = [
        Change(
            "membership.opened",
            row["person"],
            {"audience": str(audience), "joined_on": row["joined_on"].isoformat()},
        )
        for row in rows
    ]
    if changes:
        await append(tx, caller.client, changes, now)
        await restand_audience(tx, audience, [row["person"] for row in rows], now)
    return len(rows)


async def tell_memberships(
    tx: WriteTx, caller: Caller, audience: Id, spans: Sequence[tuple[Id, date, date]], now: datetime
) -> None:
    """Write spans of the past: person, first day and first day outside."""
    if not spans:
        return
    columns = [list(column) for column in zip(*spans, strict=True)]
    await tx.run(
        "memberships_tell", audience=audience, people=columns[0], joined_on=columns[1], left_on=columns[2], now=now
    )
    changes = []
    for person, joined_on, left_on in spans:
        opened = {"audience": str(audience), "joined_on": joined_on.isoformat()}
        closed = {**opened, "left_on": left_on.isoformat()}
        changes += [Change("membership.opened", person, opened), Change("membership.closed", person, closed)]
    await append(tx, caller.client, changes, now)
    await restand_audience(tx, audience, columns[0], now)


async def close_memberships(
    tx: WriteTx, caller: Caller, audience: Id, leaving: Sequence[tuple[Id, date]], now: datetime
) -> None:
    """End the memberships of people who have one, each with the first day outside or her first, if that is later."""
    if not leaving:
        return
    rows = await tx.rows(
        "memberships_end",
        audience=audience,
        people=[person for person, _ in leaving],
        left_on=[day for _, day in leaving],
        now=now,
    )
    if rows:
        await append(tx, caller.client, [membership_closed(audience, row) for row in rows], now)
        await restand_audience(tx, audience, [row["person"] for row in rows], now)


async def close_other_memberships(
    tx: WriteTx, caller: Caller, audience: Id, *, staying: Sequence[Id], now: datetime
) -> None:
    """End all memberships but of those `staying`. The writer must be alone: who leaves is counted first."""
    leaving: int = await tx.value("memberships_count_others", audience=audience, staying=staying)
    if leaving:
        await tx.run(
            "memberships_close_others",
            audience=audience,
            staying=staying,
            left_on=await tx.value("audience_today", now=now),
            first=await tx.next_entries(leaving),
            client=caller.client,
            now=now,
        )
        await restand_audience(tx, audience, None, now)


def membership_closed(audience: Id, row: Row) -> Change:
    """What the ledger is told of a span that was just ended."""
    data: dict[str, Any] = {
        "audience": str(audience),
        "joined_on": row["joined_on"].isoformat(),
        "left_on": row["left_on"].isoformat(),
    }
    return Change("membership.closed", row["person"], data)
