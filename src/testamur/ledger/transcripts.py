"""Transcripts: giving out what stands of somebody's learning, and checking one that was given out."""

from __future__ import annotations

import hmac
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from zoneinfo import ZoneInfo

from testamur.core.errors import PersonNotFound
from testamur.core.ids import Id
from testamur.core.moments import Precision, When, to_utc
from testamur.core.people import Reference
from testamur.core.transcripts import ENDED_MAX, Checked, Code, Digest, Ended, Heading, Line
from testamur.ledger.people_rows import find_person, person_of
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Snapshot

_AT_ONCE = 1_000


class Transcript:
    """One that is being given out: its heading, and its lines as often as they are asked for."""

    def __init__(self, heading: Heading, tx: Snapshot) -> None:
        self.heading = heading
        self._tx = tx

    def lines(self) -> AsyncIterator[Sequence[Line]]:
        """By the time of completion, then what has none."""
        return _lines(self._tx, self.heading.person.id, self.heading.entry)


class Transcripts:
    """Verbs on transcripts."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    @asynccontextmanager
    async def open(self, tenant: Id, reference: Reference) -> AsyncIterator[Transcript]:
        """The transcript of a person, of one moment for as long as the block.

        Somebody who was forgotten has one too, by her id. It holds a connection: what is made of it should be kept
        elsewhere before a reader is waited for.
        Raises: PersonNotFound naming the reference's field.
        """
        async with self._database.snapshot(tenant) as tx:
            id = await find_person(tx, reference)
            row = (await tx.rows("people_get", ids=[id]))[0] if id else None
            about = await tx.row("transcript_tenant")
            if row is None or about is None:
                raise PersonNotFound(f"No person {reference.value!r} in this tenant", field=reference.field)
            person, now = person_of(row), to_utc(self._clock())
            digest = Digest(tenant, person.id, about["entry"], now)
            async for lines in _lines(tx, person.id, about["entry"]):
                digest.add(lines)
            heading = Heading(
                tenant=tenant,
                tenant_name=about["name"],
                person=person,
                entry=about["entry"],
                produced_at=now,
                produced_on=now.astimezone(ZoneInfo(about["zone"])).date(),
                zone=about["zone"],
                records=digest.records,
                completions=digest.completions,
                check=str(digest.code()),
            )
            yield Transcript(heading, tx)

    async def check(self, tenant: Id, code: Code) -> Checked:
        """Whether all that a transcript says still stands. Raises PersonNotFound naming `check`."""
        reference = Reference(str(code.person), (), "person", "check")
        async with self._database.snapshot(tenant) as tx:
            if await find_person(tx, reference) is None:
                raise PersonNotFound("The check value names nobody of this tenant", field="check")
            digest = Digest(tenant, code.person, code.entry, code.produced_at)
            async for lines in _lines(tx, code.person, code.entry):
                digest.add(lines)
            rows = await tx.rows(
                "transcript_ended", person=code.person, entry=code.entry, since=code.produced_at, count=ENDED_MAX
            )
        return Checked(
            stands=hmac.compare_digest(digest.code().digest, code.digest),
            person=code.person,
            produced_at=code.produced_at,
            records=digest.records,
            ended=[Ended(row["record"], row["revision"], row["closed_at"], row["closed_as"]) for row in rows],
        )


async def _lines(tx: Snapshot, person: Id, entry: int) -> AsyncIterator[Sequence[Line]]:
    async for rows in tx.slices("transcript_lines", _AT_ONCE, person=person, entry=entry):
        yield [_line(row) for row in rows]


def _line(row: Row) -> Line:
    completed = None
    if row["completed_at"] is not None:
        completed = When(row["completed_at"], Precision.DAY if row["completed_by_day"] else Precision.INSTANT)
    return Line(
        record=row["record"],
        revision=row["revision"],
        item=row["item"],
        item_ref=row["item_ref"],
        item_version=row["item_version"],
        title=row["title"],
        title_told=row["title_told"],
        provider=row["provider"],
        is_outside=row["is_outside"],
        completed=completed,
        started_at=row["started_at"],
        expires_at=row["expires_at"],
        passed=row["passed"],
        score_percent=row["score_percent"],
        score_text=row["score_text"],
        time_spent=row["time_spent"],
        certificate=row["certificate"],
        is_prior=row["is_prior"],
        source=row["source"],
        source_id=row["source_id"],
        recorded_at=row["recorded_at"],
    )
