"""Sessions: recording the time people spend in items, and the quizzes they try."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from testamur.core.callers import Caller
from testamur.core.errors import ItemNotFound, KeyReused, SessionNotFound
from testamur.core.ids import FIRST_ID, Id, new_id
from testamur.core.people import Reference
from testamur.core.sessions import NewSession, QuizAttempt, RecordedSession, Session
from testamur.ledger.entries import Change, append
from testamur.ledger.items import find_item
from testamur.ledger.people_rows import known_person, present_person
from testamur.ledger.standing_lines import restand_people
from testamur.storage.database import Database
from testamur.storage.transactions import Row, Tx


class Sessions:
    """Verbs on sessions. One is progress, never a completion (rules F2 and F3)."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def record(self, caller: Caller, new: NewSession) -> RecordedSession:
        """Record a session, once for each key of a client: told again it is the first one, also after it was voided.

        Raises: PersonNotFound, ItemNotFound naming the reference's field; InvalidInput; KeyReused for other content
            under a key.
        """
        new.check(self._clock())
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            whom = await present_person(tx, new.person)
            what = await find_item(tx, new.item)
            if what is None:
                raise ItemNotFound(f"No learning object {new.item.value!r} in this tenant", field=new.item.field)
            digest = None if new.key is None else new.digest(whom, what)
            if new.key is not None:
                known = await tx.row("session_of_key", client=caller.client, key=new.key)
                if known is not None:
                    if known["digest"] != digest:
                        raise KeyReused(field="key")
                    return RecordedSession(await _get(tx, known["id"], now), is_new=False)
            id = new_id()
            result = {
                "score_percent": new.quiz.score_percent if new.quiz else None,
                "passed": new.quiz.passed if new.quiz else None,
            }
            await tx.run(
                "session_add",
                id=id,
                person=whom,
                item=what,
                started_at=new.started_at,
                duration=new.duration,
                lessons_completed=new.lessons_completed,
                has_quiz=new.quiz is not None,
                client=caller.client,
                key=new.key,
                digest=digest,
                now=now,
                **result,
            )
            about = {"item": what, "person": whom}
            said = {
                "started_at": new.started_at,
                "duration_seconds": new.duration / timedelta(seconds=1),
                "lessons_completed": new.lessons_completed,
            }
            changes = [Change("session.recorded", id, about | said)]
            if new.quiz is not None:
                # An activity of its own kind, whatever session it was made in.
                made_at = new.started_at + new.duration
                changes.append(Change("attempt.recorded", id, about | {"attempted_at": made_at} | result))
            await append(tx, caller.client, changes, now)
            await restand_people(tx, [whom], now, items=[what])
            return RecordedSession(await _get(tx, id, now), is_new=True)

    async def void(self, caller: Caller, id: Id) -> None:
        """Withdraw a session: it counts no more and stays readable. Again changes nothing. Raises SessionNotFound."""
        async with self._database.write(caller.tenant, alone=True) as tx:
            now = self._clock()
            voided = await tx.row("session_void", id=id, client=caller.client, now=now)
            if voided is None:
                if not await tx.value("session_exists", id=id):
                    raise SessionNotFound
                return
            about = {"item": voided["item"], "person": voided["person"]}
            await append(tx, caller.client, [Change("session.voided", id, about)], now)
            await restand_people(tx, [voided["person"]], now, items=[voided["item"]])

    async def get(self, tenant: Id, id: Id) -> Session:
        """One session, a voided one too. Raises SessionNotFound."""
        async with self._database.read(tenant) as tx:
            return await _get(tx, id, self._clock())

    async def page(
        self, tenant: Id, *, person: Reference | None = None, after: Id | None = None, count: int
    ) -> list[Session]:
        """Up to `count` sessions that stand, in the order in which they were recorded, from behind `after`.

        Args:
            person: hers alone, also when she was deleted. Raises PersonNotFound.
        """
        after = after or FIRST_ID
        async with self._database.read(tenant) as tx:
            if person is None:
                rows = await tx.rows("sessions_page", after=after, count=count)
            else:
                whom = await known_person(tx, person)
                rows = await tx.rows("sessions_page_of_person", person=whom, after=after, count=count)
            return await _read(tx, [row["id"] for row in rows], self._clock())


async def _get(tx: Tx, id: Id, now: datetime) -> Session:
    found = await _read(tx, [id], now)
    if not found:
        raise SessionNotFound
    return found[0]


async def _read(tx: Tx, ids: Sequence[Id], now: datetime) -> list[Session]:
    return [_session(row) for row in await tx.rows("sessions_get", ids=list(ids), now=now)]


def _session(row: Row) -> Session:
    return Session(
        id=row["id"],
        person=row["person"],
        given_name=row["given_name"],
        family_name=row["family_name"],
        email=row["email"],
        is_person_deleted=row["person_deleted_at"] is not None,
        item=row["item"],
        title=row["title"],
        is_item_deleted=row["retired_at"] is not None,
        is_item_open=row["is_published"] and row["retired_at"] is None,
        started_at=row["started_at"],
        duration=row["duration"],
        lessons_completed=row["lessons_completed"],
        quiz=QuizAttempt(row["score_percent"], row["passed"]) if row["has_quiz"] else None,
        client=row["client"],
        key=row["key"],
        recorded_at=row["recorded_at"],
        voided_at=row["voided_at"],
    )
