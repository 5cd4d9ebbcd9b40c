"""Memberships: who belongs to an audience, as spans of days."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime

from testamur.core.audiences import Audience, Joining, Member, Membership, Outcome
from testamur.core.callers import Caller
from testamur.core.errors import AudienceNotFound, FieldFault, InvalidInput, PersonNotFound
from testamur.core.ids import FIRST_ID, LAST_ID, Id
from testamur.core.people import Reference
from testamur.ledger.audiences import audience_of, get_audience, governed_audience
from testamur.ledger.entries import append
from testamur.ledger.membership_spans import close_other_memberships, membership_closed, open_memberships
from testamur.ledger.people_rows import present_person, resolve_people
from testamur.ledger.standing_lines import restand_audience
from testamur.storage.database import Database
from testamur.storage.transactions import Row

NOBODY = "No such user"
"""Why a list's entry fails when it names no person of this tenant."""


class Memberships:
    """Verbs on memberships. What is decided here by what is read is decided with the tenant's writers kept waiting.

    Those that take a Reference serve the APIs: they change only what is API-controlled and raise Conflict for the rest.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def page(
        self,
        tenant: Id,
        reference: Reference,
        *,
        person: Reference | None = None,
        with_ended: bool = False,
        after: tuple[Id, date, datetime] | None = None,
        count: int,
    ) -> list[Membership]:
        """Up to `count` spans of an audience's members in order of person and first day.

        Args:
            person: hers alone.
            with_ended: also the spans of those who left.
            after: person, first day and its recording of the last span before.
        Raises: AudienceNotFound, PersonNotFound.
        """
        async with self._database.read(tenant) as tx:
            audience = (await get_audience(tx, reference)).id
            only = await present_person(tx, person) if person is not None else None
            place = after or (FIRST_ID, date.min, datetime.min.replace(tzinfo=UTC))
            rows = await tx.rows(
                "memberships_keyset",
                audience=audience,
                first=only or FIRST_ID,
                last=only or LAST_ID,
                after=place[0],
                after_on=place[1],
                after_at=place[2],
                with_ended=with_ended,
                count=count,
            )
        return [_membership(row) for row in rows]

    async def members(self, tenant: Id, reference: Reference, *, count: int, skip: int = 0) -> tuple[int, list[Member]]:
        """How many members an audience has, and a page of them in the order of their ids. Raises AudienceNotFound."""
        async with self._database.read(tenant) as tx:
            audience = (await get_audience(tx, reference)).id
            total: int = await tx.value("members_count", audience=audience)
            rows = await tx.rows("members_numbered_page", audience=audience, count=count, skip=skip)
        return total, [
            Member(person=row["person"], reference=row["reference"], email=row["email"], joined_on=row["joined_on"])
            for row in rows
        ]

    async def audiences(self, tenant: Id, person: Id, *, after: Id | None = None, count: int) -> list[Audience]:
        """As `Audiences.of_people`, those that a person is a member of."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("audiences_of_person", person=person, after=after or FIRST_ID, count=count)
        return [audience_of(row) for row in rows]

    async def admit(
        self, caller: Caller, reference: Reference, person: Reference, joined_on: date | None
    ) -> tuple[Id, bool]:
        """Make a person a member from a day on; who is one already stays one since her first day.

        Args:
            joined_on: None for today.
        Returns: whom, and whether she joined now. Raises: AudienceNotFound, PersonNotFound; InvalidInput for a day of
            which she was a member already; Conflict.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            audience = (await governed_audience(tx, reference)).id
            whom = await present_person(tx, person)
            left_on: date | None = await tx.value("membership_last_left", audience=audience, person=whom)
            day: date = joined_on or await tx.value("audience_today", now=now)
            # A span that ends tomorrow or later is as good as open: the new one follows it.
            if joined_on is None and left_on is not None:
                day = max(day, left_on)
            elif left_on is not None and day < left_on:
                raise InvalidInput(FieldFault("joined_on", "order", f"she was a member until {left_on}"))
            return whom, await open_memberships(tx, caller, audience, [Joining(whom, day)], now) > 0

    async def dismiss(self, caller: Caller, reference: Reference, person: Reference, left_on: date | None) -> None:
        """End a person's membership; `left_on` is the first day outside, None for today.

        Raises: AudienceNotFound; PersonNotFound when she has none; InvalidInput for a day before she joined, or behind
            today: what is yet to come may come otherwise; Conflict.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            audience = (await governed_audience(tx, reference)).id
            whom = await present_person(tx, person)
            today: date = await tx.value("audience_today", now=now)
            if left_on is not None and left_on > today:
                raise InvalidInput(FieldFault("left_on", "future", f"may not be after today, {today} in this tenant"))
            day = left_on or today
            closed = await tx.rows("memberships_close", audience=audience, people=[whom], left_on=day, now=now)
            if not closed:
                raise PersonNotFound(f"No member {person.value!r} of this audience", field=person.field)
            if left_on is not None and left_on < closed[0]["joined_on"]:
                raise InvalidInput(FieldFault("left_on", "order", f"she joined on {closed[0]['joined_on']} only"))
            await append(tx, caller.client, [membership_closed(audience, closed[0])], now)
            await restand_audience(tx, audience, [whom], now)

    async def add(
        self, caller: Caller, reference: Reference, people: Sequence[Reference], *, replaces: bool = False
    ) -> list[Outcome]:
        """Make people members from today on; who is one already stays one since her first day.

        Args:
            replaces: everybody else leaves today, unless not one of `people` is known: a list that is wrong
                altogether empties nothing (rule M7).

        Returns: what became of each of `people`, in order. Raises: AudienceNotFound, Conflict.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            audience = (await governed_audience(tx, reference)).id
            found = await resolve_people(tx, people)
            staying = sorted(set(found.values()))
            if replaces and staying:
                await close_other_memberships(tx, caller, audience, staying=staying, now=now)
            today: date = await tx.value("audience_today", now=now)
            await open_memberships(tx, caller, audience, [Joining(person, today) for person in staying], now)
        return [Outcome(person.value, None if place in found else NOBODY) for place, person in enumerate(people)]

    async def remove(self, caller: Caller, reference: Reference, person: Reference) -> None:
        """End a person's membership today. Raises AudienceNotFound, PersonNotFound when she has none, Conflict."""
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            audience = (await governed_audience(tx, reference)).id
            found = await resolve_people(tx, [person])
            today: date = await tx.value("audience_today", now=now)
            closed = await tx.rows(
                "memberships_close", audience=audience, people=list(found.values()), left_on=today, now=now
            )
            if not closed:
                raise PersonNotFound(f"No member {person.value!r} of this audience", field=person.field)
            await append(tx, caller.client, [membership_closed(audience, row) for row in closed], now)
            await restand_audience(tx, audience, [row["person"] for row in closed], now)

    async def join(self, caller: Caller, audience: Id, people: Sequence[Id], joined_on: date) -> int:
        """Make people members from `joined_on`; see `join_each`."""
        return await self.join_each(caller, audience, [Joining(person, joined_on) for person in people])

    async def join_each(self, caller: Caller, audience: Id, joinings: Sequence[Joining]) -> int:
        """Make people members, each from a day of her own; members already there stay as they are.

        Returns: how many joined. Raises: AudienceNotFound. A person who does not exist is a bug of the caller.
        """
        now = self._clock()
        async with self._database.write(caller.tenant) as tx:
            if await tx.row("audience_get", id=audience) is None:
                raise AudienceNotFound
            return await open_memberships(tx, caller, audience, joinings, now)

    async def leave(self, caller: Caller, audience: Id, person: Id, left_on: date) -> bool:
        """End a membership; `left_on` is the first day outside. Returns whether there was one to end."""
        now = self._clock()
        async with self._database.write(caller.tenant) as tx:
            row = await tx.row("membership_close", audience=audience, person=person, left_on=left_on, now=now)
            if row is None:
                return False
            await append(tx, caller.client, [membership_closed(audience, row)], now)
            await restand_audience(tx, audience, [person], now)
        return True


def _membership(row: Row) -> Membership:
    return Membership(
        person=row["person"],
        reference=row["reference"],
        email=row["email"],
        joined_on=row["joined_on"],
        left_on=row["left_on"],
        joined_recorded_at=row["joined_recorded_at"],
        left_recorded_at=row["left_recorded_at"],
    )
