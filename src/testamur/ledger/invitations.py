"""Invitations: asking somebody to join, and what happens when she does."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime

from testamur.core.audiences import Joining, NewAudience
from testamur.core.callers import Caller
from testamur.core.errors import Conflict, InvitationNotFound, InvitationPending, PersonExists
from testamur.core.ids import FIRST_ID, LAST_ID, Id, new_id
from testamur.core.invitations import Invitation, NewInvitation, checked
from testamur.core.people import Identifier, NewPerson, Reference, normalise
from testamur.ledger.audiences import add_audience
from testamur.ledger.entries import Change, append
from testamur.ledger.membership_spans import open_memberships
from testamur.ledger.people import add_people
from testamur.ledger.people_rows import find_person
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx, WriteTx


class Invitations:
    """Verbs on invitations. Addresses are compared without regard to letter case."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def invite(self, caller: Caller, new: NewInvitation) -> Invitation:
        """Invite somebody.

        Raises: InvalidInput; PersonExists; InvitationPending; Conflict naming `groups` for one that people govern here.
        """
        new = checked(new)
        now = self._clock()
        id = new_id()
        async with self._database.write(caller.tenant, alone=True) as tx:
            if await find_person(tx, _addressed(new.email)) is not None:
                raise PersonExists(field="email")
            if await tx.value("invitation_pending_to", email=new.email) is not None:
                raise InvitationPending(field="email")
            for name in new.groups:
                await _group(tx, name)
            await tx.run(
                "invitation_add",
                id=id,
                email=new.email,
                given_name=new.given_name,
                family_name=new.family_name,
                role=new.role,
                groups=list(new.groups),
                now=now,
            )
            # Who she is stands in the invitation alone, where it can be forgotten.
            data = {"role": new.role, "groups": list(new.groups)}
            await append(tx, caller.client, [Change("invitation.added", id, data)], now)
            return await _get(tx, _by_id(id))

    async def get(self, tenant: Id, reference: Reference) -> Invitation:
        """One that is pending, was accepted, or was withdrawn. Raises InvitationNotFound."""
        async with self._database.read(tenant) as tx:
            return await _get(tx, reference)

    async def pending(
        self, tenant: Id, *, email: str | None = None, after: Id | None = None, count: int
    ) -> Sequence[Invitation]:
        """Up to `count` that are pending, in order of id, from behind `after`.

        Args:
            email: only the one to this address.
        """
        async with self._database.read(tenant) as tx:
            only: Id | None = None
            if email is not None:
                only = await tx.value("invitation_pending_to", email=normalise("email", email))
                if only is None:
                    return []
            rows = await tx.rows(
                "invitations_pending",
                first=only or FIRST_ID,
                last=only or LAST_ID,
                after=after or FIRST_ID,
                count=count,
            )
        return [_invitation(row) for row in rows]

    async def withdraw(self, caller: Caller, reference: Reference) -> None:
        """Take an invitation back; one that was taken back stays so.

        Raises: InvitationNotFound, also after acceptance.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            invitation = await _get(tx, reference)
            if invitation.accepted_at is not None:
                raise _none(reference)
            if invitation.withdrawn_at is None:
                await tx.run("invitation_withdraw", id=invitation.id, now=now)
                await append(tx, caller.client, [Change("invitation.withdrawn", invitation.id)], now)

    async def accept(
        self, caller: Caller, reference: Reference, *, given_name: str | None = None, family_name: str | None = None
    ) -> tuple[Id, bool]:
        """Make whoever was invited a person, and a member of the audiences named, from today on.

        Somebody who got this address by another way meanwhile is she. Accepted again, nothing changes.

        Args:
            given_name, family_name: instead of those in the invitation.
        Returns: who she is, and whether she was added now.
        Raises: InvitationNotFound, also for one that was withdrawn; Conflict for an audience that people govern here.
        """
        now = self._clock()
        async with self._database.write(caller.tenant, alone=True) as tx:
            invitation = await _get(tx, reference)
            if invitation.person is not None:
                return invitation.person, False
            if invitation.withdrawn_at is not None or invitation.email is None:
                raise _none(reference)
            person = await find_person(tx, _addressed(invitation.email))
            is_new = person is None
            if person is None:
                new = NewPerson(
                    given_name=invitation.given_name if given_name is None else given_name,
                    family_name=invitation.family_name if family_name is None else family_name,
                    role=invitation.role,
                    identifiers=(Identifier("email", invitation.email),),
                )
                (person,) = await add_people(tx, caller, [new], now)
            today = await tx.value("audience_today", now=now)
            for name in invitation.groups:
                group = await _group(tx, name) or await add_audience(tx, caller, NewAudience(name=name), now)
                await open_memberships(tx, caller, group, [Joining(person, today)], now)
            await tx.run("invitation_accept", id=invitation.id, person=person, now=now)
            change = Change("invitation.accepted", invitation.id, {"person": str(person)})
            await append(tx, caller.client, [change], now)
        return person, is_new


async def _group(tx: WriteTx, name: str) -> Id | None:
    """The first audience of this name that an API governs, or None when there is none of this name. Raises Conflict."""
    found = await tx.rows("audiences_of_people_named", name=name, after=FIRST_ID, count=100)
    if found and not any(row["api_controlled"] for row in found):
        raise Conflict(f"The audience {name!r} is not API-controlled: people change it here", field="groups")
    return next((row["id"] for row in found if row["api_controlled"]), None)


async def _get(tx: Tx, reference: Reference) -> Invitation:
    row = await tx.row("invitation_get", id=reference.id) if reference.id is not None else None
    if row is None:
        raise _none(reference)
    return _invitation(row)


def _none(reference: Reference) -> InvitationNotFound:
    return InvitationNotFound(f"No pending invitation {reference.value!r} in this tenant", field=reference.field)


def _by_id(id: Id) -> Reference:
    return Reference(str(id), (), "invitation")


def _addressed(email: str) -> Reference:
    return Reference(email, ("email",), "person", "email", may_be_id=False)


def _invitation(row: Row) -> Invitation:
    return Invitation(
        id=row["id"],
        email=row["email"],
        given_name=row["given_name"],
        family_name=row["family_name"],
        role=row["role"],
        groups=tuple(row["groups"]),
        invited_at=row["invited_at"],
        accepted_at=row["accepted_at"],
        person=row["person"],
        withdrawn_at=row["withdrawn_at"],
    )
