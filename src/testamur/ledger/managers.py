"""Who may manage an audience, and with which permissions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from testamur.core.audiences import MANAGERS_MAX, Appointment, Audience, Manager, Outcome, Permission, reappoint
from testamur.core.callers import Caller
from testamur.core.errors import PersonNotFound
from testamur.core.ids import FIRST_ID, Id
from testamur.core.people import Person, Reference
from testamur.ledger.audiences import audience_of, get_audience, governed_audience
from testamur.ledger.entries import Change, append
from testamur.ledger.memberships import NOBODY
from testamur.ledger.people_rows import person_of, resolve_people
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx

TWICE = "This user is named before, with other permissions"
TOO_MANY = f"An audience has at most {MANAGERS_MAX} managers"


class Managers:
    """Verbs on the managers of audiences. They change only API-controlled audiences and raise Conflict for the rest."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def list(self, tenant: Id, audience: Reference) -> list[Manager]:
        """The managers of an audience, at most MANAGERS_MAX, in the order of their ids. Raises AudienceNotFound."""
        async with self._database.read(tenant) as tx:
            return await _managers(tx, (await get_audience(tx, audience)).id)

    async def page(self, tenant: Id, audience: Id, *, after: Id | None, count: int) -> Sequence[Person]:
        """Up to `count` managers of an audience as people, in order of id, from behind `after`."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("managers_keyset", audience=audience, after=after or FIRST_ID, count=count)
        return [person_of(row) for row in rows]

    async def audiences(self, tenant: Id, person: Id, *, after: Id | None, count: int) -> Sequence[Audience]:
        """Up to `count` audiences that a person manages, structures apart, in order of id, from behind `after`."""
        async with self._database.read(tenant) as tx:
            rows = await tx.rows("manager_audiences", person=person, after=after or FIRST_ID, count=count)
        return [audience_of(row) for row in rows]

    async def among(self, tenant: Id, people: Sequence[Id]) -> frozenset[Id]:
        """Those of these people who manage an audience."""
        async with self._database.read(tenant) as tx:
            return frozenset(row["person"] for row in await tx.rows("managers_among", people=list(people)))

    async def appoint(
        self, caller: Caller, audience: Reference, appointments: Sequence[Appointment], *, replaces: bool = False
    ) -> Sequence[Outcome]:
        """Make people managers with just the permissions given, also who is one already.

        Args:
            replaces: everybody else ceases to be a manager, unless not one of the people is known.

        Returns: what became of each appointment, in order; of two for one person that differ the first counts.
        Raises: AudienceNotFound, Conflict.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            id = (await governed_audience(tx, audience)).id
            people = await resolve_people(tx, [appointment.person for appointment in appointments])
            present = {manager.person: manager.permissions for manager in await _managers(tx, id)}
            wanted: dict[Id, frozenset[Permission]] = {}
            outcomes = []
            for place, appointment in enumerate(appointments):
                person, reason = people.get(place), None
                if person is None:
                    reason = NOBODY
                elif wanted.get(person, appointment.permissions) != appointment.permissions:
                    reason = TWICE
                elif not replaces and len(present.keys() | wanted.keys() | {person}) > MANAGERS_MAX:
                    reason = TOO_MANY
                else:
                    wanted[person] = appointment.permissions
                outcomes.append(Outcome(appointment.person.value, reason))
            plan = reappoint(present, wanted, replaces=replaces and bool(wanted))
            changes = [Change("manager.closed", person, {"audience": str(id)}) for person in sorted(plan.closing)]
            changes += [
                Change("manager.opened", person, {"audience": str(id), "permissions": _written(permissions)})
                for person, permissions in plan.opening.items()
            ]
            await tx.run("managers_close", audience=id, people=sorted(plan.closing), now=now)
            opened = [
                {"person": str(person), "permissions": _written(permissions)}
                for person, permissions in plan.opening.items()
            ]
            await tx.run("managers_open", audience=id, managers=opened, now=now)
            if changes:
                await append(tx, caller.client, changes, now)
        return outcomes

    async def dismiss(self, caller: Caller, audience: Reference, person: Reference) -> None:
        """Let a person be no manager any more. Raises AudienceNotFound, PersonNotFound when she is none, Conflict."""
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            id = (await governed_audience(tx, audience)).id
            found = (await resolve_people(tx, [person])).get(0)
            if found is None or found not in {manager.person for manager in await _managers(tx, id)}:
                raise PersonNotFound(f"No manager {person.value!r} of this audience", field=person.field)
            await tx.run("managers_close", audience=id, people=[found], now=now)
            await append(tx, caller.client, [Change("manager.closed", found, {"audience": str(id)})], now)


async def _managers(tx: Tx, audience: Id) -> list[Manager]:
    return [_manager(row) for row in await tx.rows("managers_get", audience=audience)]


def _manager(row: Row) -> Manager:
    return Manager(
        person=row["person"],
        reference=row["reference"],
        email=row["email"],
        permissions=frozenset(map(Permission, row["permissions"])),
        opened_at=row["opened_at"],
    )


def _written(permissions: frozenset[Permission]) -> Sequence[str]:
    return sorted(permission.value for permission in permissions)
