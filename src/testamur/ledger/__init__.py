"""The verbs: what the ledger can do, one transaction each."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime

from testamur.core.ids import Id
from testamur.core.imports import REMOVALS_PERCENT_MAX
from testamur.ledger.activities import Activities
from testamur.ledger.assigned import AssignedLines
from testamur.ledger.assignments import Assignments
from testamur.ledger.audiences import Audiences
from testamur.ledger.batches import Batches
from testamur.ledger.clients import Clients
from testamur.ledger.cpd import Cpd
from testamur.ledger.decisions import Decisions
from testamur.ledger.directory import Directory
from testamur.ledger.dossiers import Dossiers
from testamur.ledger.enrolling import Enrolling
from testamur.ledger.enrolments import Enrolments
from testamur.ledger.erasure import Erasures
from testamur.ledger.exports import Exports
from testamur.ledger.favorites import Favorites
from testamur.ledger.feed import Feed
from testamur.ledger.idempotency import IdempotencyKeys
from testamur.ledger.imports import Imports
from testamur.ledger.invitations import Invitations
from testamur.ledger.issuers import Issuers
from testamur.ledger.items import Items
from testamur.ledger.learners import Learners
from testamur.ledger.managers import Managers
from testamur.ledger.memberships import Memberships
from testamur.ledger.people import People
from testamur.ledger.personal_assignments import PersonalAssignments
from testamur.ledger.record_search import RecordSearch
from testamur.ledger.records import Records
from testamur.ledger.reporters import Reporters
from testamur.ledger.retention import Retention
from testamur.ledger.sessions import Sessions
from testamur.ledger.skills import Skills
from testamur.ledger.standing import Standings
from testamur.ledger.tenants import Tenants
from testamur.ledger.transcripts import Transcripts
from testamur.ledger.uploads import Limits, Uploads
from testamur.ledger.webhooks import Webhooks
from testamur.storage.database import Database

Clock = Callable[[], datetime]


def utc_now() -> datetime:
    """The present moment, UTC."""
    return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Ledger:
    """Every verb, grouped by noun. Dialects, jobs and commands reach storage through these and no other way."""

    database: Database
    now: Clock
    activities: Activities
    assigned: AssignedLines
    assignments: Assignments
    audiences: Audiences
    batches: Batches
    clients: Clients
    cpd: Cpd
    decisions: Decisions
    directory: Directory
    dossiers: Dossiers
    enrolling: Enrolling
    enrolments: Enrolments
    erasures: Erasures
    exports: Exports
    favorites: Favorites
    feed: Feed
    invitations: Invitations
    idempotency: IdempotencyKeys
    issuers: Issuers
    imports: Imports
    items: Items
    learners: Learners
    managers: Managers
    memberships: Memberships
    people: People
    personal_assignments: PersonalAssignments
    record_search: RecordSearch
    records: Records
    reporters: Reporters
    retention: Retention
    sessions: Sessions
    skills: Skills
    standings: Standings
    tenants: Tenants
    transcripts: Transcripts
    uploads: Uploads
    webhooks: Webhooks

    @classmethod
    def on(
        cls,
        database: Database,
        clock: Clock = utc_now,
        *,
        removals_percent_max: int = REMOVALS_PERCENT_MAX,
        uploads: Limits | None = None,
    ) -> Ledger:
        """The ledger kept in `database`; `clock` gives the moment at which things are recorded.

        Args:
            removals_percent_max: what share of what there is an import may take away unasked.
            uploads: how much may be uploaded.
        """
        records = Records(database, clock)
        items = Items(database, clock)
        clients = Clients(database, clock)
        return cls(
            database=database,
            now=clock,
            activities=Activities(database),
            assigned=AssignedLines(database, clock),
            assignments=Assignments(database, clock),
            audiences=Audiences(database, clock),
            batches=Batches(database, items, clock),
            clients=clients,
            cpd=Cpd(database, clock),
            decisions=Decisions(database, clock, records),
            directory=Directory(database),
            dossiers=Dossiers(database, clock),
            enrolling=Enrolling(database, clock),
            enrolments=Enrolments(database, clock),
            erasures=Erasures(database, clock),
            exports=Exports(database),
            favorites=Favorites(database, clock),
            feed=Feed(database),
            invitations=Invitations(database, clock),
            idempotency=IdempotencyKeys(database, clock),
            issuers=Issuers(database, clock, clients.forget),
            imports=Imports(database, clock, removals_percent_max=removals_percent_max),
            items=items,
            learners=Learners(database, clock),
            managers=Managers(database, clock),
            memberships=Memberships(database, clock),
            people=People(database, clock),
            personal_assignments=PersonalAssignments(database, clock),
            record_search=RecordSearch(database, records),
            records=records,
            reporters=Reporters(database, clock),
            retention=Retention(database, clock),
            sessions=Sessions(database, clock),
            skills=Skills(database, clock),
            standings=Standings(database, clock),
            tenants=Tenants(database, clock),
            transcripts=Transcripts(database, clock),
            uploads=Uploads(database, clock, uploads or Limits()),
            webhooks=Webhooks(database, clock),
        )

    @asynccontextmanager
    async def together(self, tenant: Id) -> AsyncIterator[None]:
        """Make all verbs that are called within the block one transaction on `tenant`, in which nobody else writes.

        They must be called one after the other by the task that opened the block.
        """
        async with self.database.together(tenant):
            yield
