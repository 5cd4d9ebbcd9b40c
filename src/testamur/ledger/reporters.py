"""Who sees the reports of an audience."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from testamur.core.audiences import REPORTER_ROLE, Audience
from testamur.core.callers import Caller
from testamur.core.errors import RoleMismatch
from testamur.core.ids import FIRST_ID, Id
from testamur.core.people import Person, Reference
from testamur.ledger.audiences import audience_of, find_audience
from testamur.ledger.entries import Change, append
from testamur.ledger.everyone import meant_audience
from testamur.ledger.people_rows import person_of, present_person
from testamur.storage.database import Database
from testamur.storage.transactions import Tx


class Reporters:
    """Verbs on reporters: people with the role REPORTER_ROLE, each for some audiences or for everybody.

    Whether people govern an audience here or an API does, its reporters are set through either: they change nothing.
    """

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def page(self, tenant: Id, audience: Id | None, *, after: Id | None, count: int) -> list[Person]:
        """Up to `count` reporters of an audience, those of everybody among them, in order of id, from behind `after`.

        Args:
            audience: None for everybody.
        """
        async with self._database.read(tenant) as tx:
            rows = await tx.rows(
                "reporters_keyset", audience=audience, role=REPORTER_ROLE, after=after or FIRST_ID, count=count
            )
        return [person_of(row) for row in rows]

    async def audiences(self, tenant: Id, person: Id, *, after: Id | None, count: int) -> list[Audience]:
        """Up to `count` audiences that a person reports on, in order of id, from behind `after`."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("reporter_audiences", person=person, after=after or FIRST_ID, count=count)
        return [audience_of(row) for row in rows]

    async def appoint(self, caller: Caller, audience: Reference, person: Reference) -> None:
        """Let a person report on an audience; who does already goes on.

        Raises: AudienceNotFound, PersonNotFound; RoleMismatch for somebody who is no reporter.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            of = await meant_audience(tx, caller, audience, now)
            whom = await present_person(tx, person)
            if not await _is_reporter(tx, whom):
                raise RoleMismatch("This person is no reporter", field=person.field)
            if await tx.row("reporter_get", audience=of, person=whom) is None:
                await tx.run("reporter_open", audience=of, person=whom, now=now)
                await append(tx, caller.client, [Change("reporter.opened", whom, {"audience": str(of)})], now)

    async def dismiss(self, caller: Caller, audience: Reference, person: Reference) -> bool:
        """Let a person report on an audience no more. Returns whether she did.

        Raises: PersonNotFound; RoleMismatch for somebody who is no reporter and did not report either.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            of = await find_audience(tx, audience)
            whom = await present_person(tx, person)
            closed = await tx.row("reporter_close", audience=of, person=whom, now=now)
            if closed is not None:
                await append(tx, caller.client, [Change("reporter.closed", whom, {"audience": str(of)})], now)
            elif not await _is_reporter(tx, whom):
                raise RoleMismatch("This person is no reporter", field=person.field)
        return closed is not None


async def _is_reporter(tx: Tx, person: Id) -> bool:
    (row,) = await tx.rows("people_get", ids=[person])
    return person_of(row).role == REPORTER_ROLE
