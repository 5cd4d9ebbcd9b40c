"""Sessions: time that one person spent in one item, with the quiz she tried in it. Progress, never a completion."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.moments import FUTURE_TOLERANCE, format_instant
from testamur.core.people import Reference

DURATION_MAX = timedelta(days=31)
LESSONS_MAX = 10_000
KEY_LENGTH_MAX = 255


@dataclass(frozen=True, slots=True)
class QuizAttempt:
    """How a quiz went. `score_percent` is 0 to 100."""

    score_percent: Decimal | None
    passed: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class NewSession:
    """A session to be recorded.

    Args:
        lessons_completed: in this session.
        key: the sender's own id of it; None when it has none, and then every telling is a session of its own.
    """

    person: Reference
    item: Reference
    started_at: datetime
    duration: timedelta = timedelta(0)
    lessons_completed: int = 0
    quiz: QuizAttempt | None = None
    key: str | None = None

    def check(self, now: datetime) -> None:
        """Refuse what cannot be. Raises InvalidInput naming the field."""
        faults = []
        if self.started_at > now + FUTURE_TOLERANCE:
            faults.append(FieldFault("started_at", "future", "lies more than 24 hours in the future (rule D6)"))
        if not timedelta(0) <= self.duration <= DURATION_MAX:
            message = f"must be 0 to {DURATION_MAX // timedelta(seconds=1)}"
            faults.append(FieldFault("duration_seconds", "range", message))
        if not 0 <= self.lessons_completed <= LESSONS_MAX:
            faults.append(FieldFault("lessons_completed", "range", f"must be 0 to {LESSONS_MAX}"))
        if self.quiz and self.quiz.score_percent is not None and not 0 <= self.quiz.score_percent <= 100:
            faults.append(FieldFault("quiz.score_percent", "range", "must be 0 to 100"))
        if faults:
            raise InvalidInput(faults)

    def digest(self, person: Id, item: Id) -> bytes:
        """What is said, SHA-256: said again under the same key it is the same session."""
        score = self.quiz.score_percent if self.quiz else None
        said = (
            str(person),
            str(item),
            format_instant(self.started_at),
            self.duration // timedelta(milliseconds=1),
            self.lessons_completed,
            self.quiz is not None,
            None if score is None else format(score.normalize(), "f"),
            self.quiz.passed if self.quiz else None,
        )
        return hashlib.sha256(repr(said).encode()).digest()


@dataclass(frozen=True, slots=True, kw_only=True)
class Session:
    """A session as recorded, of somebody and something that may be deleted by now.

    Args:
        client: who told of it, None where that was not kept.
        recorded_at: the second clock.
        is_item_open: whether learners can still see the item: published and not retired.
    """

    id: Id
    person: Id
    given_name: str
    family_name: str
    email: str | None
    is_person_deleted: bool
    item: Id
    title: str
    is_item_deleted: bool
    is_item_open: bool
    started_at: datetime
    duration: timedelta
    lessons_completed: int
    quiz: QuizAttempt | None
    client: Id | None
    key: str | None
    recorded_at: datetime
    voided_at: datetime | None


@dataclass(frozen=True, slots=True)
class RecordedSession:
    """What came of telling of a session; `is_new` is false for one that was known."""

    session: Session
    is_new: bool
