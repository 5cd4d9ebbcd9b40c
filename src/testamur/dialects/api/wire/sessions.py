"""Sessions: time spent in an item, with the quiz that was tried in it."""

from __future__ import annotations

from typing import Annotated

from msgspec import Meta, Struct

from testamur.core.sessions import DURATION_MAX, KEY_LENGTH_MAX, LESSONS_MAX
from testamur.dialects.api.wire import Moment, Named
from testamur.dialects.api.wire.records import Score

Seconds = Annotated[float, Meta(ge=0, le=DURATION_MAX.total_seconds(), description="To the millisecond")]
Lessons = Annotated[int, Meta(ge=0, le=LESSONS_MAX)]


class Quiz(Struct, kw_only=True, forbid_unknown_fields=True):
    """How a quiz went. An attempt is never a completion (rule F3)."""

    score_percent: Score | None = None
    passed: bool | None = None


class Session(Struct, kw_only=True):
    """A session as recorded.

    Args:
        lessons_completed: in this session.
        quiz: null where none was tried.
        key: the sender's own id of it.
        recorded_by: the client that told of it, where that is known.
    """

    id: str
    person: str
    item: str
    title: str
    started_at: Moment
    duration_seconds: Seconds
    lessons_completed: Lessons
    quiz: Quiz | None
    key: str | None
    recorded_by: str | None
    recorded_at: Moment
    voided_at: Moment | None


class CreateSession(Struct, kw_only=True, forbid_unknown_fields=True):
    """A session to be recorded.

    Args:
        key: the sender's own id of it. The same key with the same content is the same session.
    """

    key: Annotated[str, Meta(min_length=1, max_length=KEY_LENGTH_MAX)]
    person: Named
    item: Named
    started_at: Moment
    duration_seconds: Seconds = 0
    lessons_completed: Lessons = 0
    quiz: Quiz | None = None
