"""Sessions."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal

from testamur.core.errors import SessionNotFound
from testamur.core.ids import Id, parse, to_ulid
from testamur.core.moments import format_instant
from testamur.core.sessions import NewSession, QuizAttempt, Session
from testamur.dialects.api.translate import id_of, item, moment, person
from testamur.dialects.api.wire import sessions as wire
from testamur.http.replies import instant


def id(text: str) -> Id:
    """A session's id in any spelling. Raises SessionNotFound."""
    found = parse(text, "session")
    if found is None:
        raise SessionNotFound(f"No session {text!r} in this tenant", field="session")
    return found


def new_session(body: wire.CreateSession) -> NewSession:
    """A session as its sender tells it. Raises InvalidInput."""
    started_at = moment(body.started_at, "started_at")
    assert started_at is not None
    return NewSession(
        person=person(body.person, "person"),
        item=item(body.item, "item"),
        started_at=started_at,
        duration=timedelta(milliseconds=round(body.duration_seconds * 1000)),
        lessons_completed=body.lessons_completed,
        quiz=None if body.quiz is None else _attempt(body.quiz),
        key=body.key,
    )


def session(stored: Session) -> wire.Session:
    return wire.Session(
        id=to_ulid(stored.id, "session"),
        person=to_ulid(stored.person, "person"),
        item=to_ulid(stored.item, "item"),
        title=stored.title,
        started_at=format_instant(stored.started_at),
        duration_seconds=stored.duration / timedelta(seconds=1),
        lessons_completed=stored.lessons_completed,
        quiz=None if stored.quiz is None else _quiz(stored.quiz),
        key=stored.key,
        recorded_by=id_of(stored.client, "client"),
        recorded_at=format_instant(stored.recorded_at),
        voided_at=instant(stored.voided_at),
    )


def _attempt(quiz: wire.Quiz) -> QuizAttempt:
    return QuizAttempt(None if quiz.score_percent is None else Decimal(str(quiz.score_percent)), quiz.passed)


def _quiz(attempt: QuizAttempt) -> wire.Quiz:
    score = attempt.score_percent
    return wire.Quiz(score_percent=None if score is None else float(score), passed=attempt.passed)
