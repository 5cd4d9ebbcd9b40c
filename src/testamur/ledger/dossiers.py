"""Dossiers: everything that is known about a person, for herself (rule G7)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import datetime

from testamur.core.callers import Caller
from testamur.core.ids import Id
from testamur.core.moments import to_utc
from testamur.core.people import Reference
from testamur.ledger.entries import Change, append
from testamur.ledger.people_rows import known_person
from testamur.storage.database import Database
from testamur.storage.transactions import Snapshot

SECTIONS = (
    "identifiers",
    "employments",
    "suspensions",
    "memberships",
    "manages",
    "reports_on",
    "interests",
    "skills",
    "favorites",
    "invitations",
    "professional_development",
    "enrolments",
    "own_assignments",
    "exemptions",
    "extensions",
    "obligations",
    "standings",
    "sessions",
    "facts",
    "reports",
    "imported_rows",
    "imports",
    "uploads",
    "legal_holds",
    "erasures",
    "entries",
)
"""What a dossier has besides the person herself, in its order."""
_AT_ONCE = 1_000


class Dossier:
    """One that is being given out.

    Args:
        about: the person, as JSON text.
        entry: the ledger's last entry when it was made.
    """

    def __init__(self, person: Id, about: str, produced_at: datetime, entry: int, tx: Snapshot) -> None:
        self.person = person
        self.about = about
        self.produced_at = produced_at
        self.entry = entry
        self._tx = tx

    async def rows(self, section: str) -> AsyncIterator[list[str]]:
        """The rows of a section in their order, each as JSON text, some at a time."""
        async for rows in self._tx.slices(f"dossier_{section}", _AT_ONCE, person=self.person):
            yield [row["shown"] for row in rows]


class Dossiers:
    """Verbs on dossiers."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    @asynccontextmanager
    async def open(self, caller: Caller, reference: Reference) -> AsyncIterator[Dossier]:
        """All about a person, of one moment for as long as the block; that somebody asked for it is an entry (rule G3).

        Raises: PersonNotFound naming the reference's field.
        """
        async with self._database.write(caller.tenant) as write:
            person = await known_person(write, reference)
            await append(write, caller.client, [Change("person.exported", person)], self._clock())
        async with self._database.snapshot(caller.tenant) as tx:
            about: str = await tx.value("dossier_person", person=person)
            entry: int = await tx.value("entry_last")
            yield Dossier(person, about, to_utc(self._clock()), entry, tx)
