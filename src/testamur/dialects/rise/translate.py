"""Rise's words and ours. Pure functions."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from msgspec import UNSET

from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, to_hex24
from testamur.core.items import Item
from testamur.core.moments import When, format_duration, parse_when
from testamur.core.people import Person, Reference
from testamur.core.records import NewRecord, SameKey, SourceKey
from testamur.dialects.rise import wire
from testamur.http.replies import instant
from testamur.ledger.learners import ItemLearner, LearnerItem, Progress

SOURCE = "rise"
_KINDS = ("rise",)
_ROLES = frozenset({"learner", "author", "reporter", "manager", "admin"})
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class Links:
    """Absolute addresses, as seen by the client. `base_url` has no slash at its end."""

    base_url: str

    def user(self, id: Id) -> str:
        return f"{self.base_url}/users/{to_hex24(id)}"

    def course(self, id: Id) -> str:
        return f"{self.base_url}/courses/{to_hex24(id)}"

    def learner_report(self, id: Id) -> str:
        return f"{self.base_url}/reports/learners/{to_hex24(id)}"

    def course_report(self, id: Id) -> str:
        return f"{self.base_url}/reports/courses/{to_hex24(id)}"

    def page(self, address: str, limit: int, cursor: str) -> str:
        """The page behind `cursor` of the list at `address`, a path below the base."""
        return f"{self.base_url}{address}?{urlencode({'limit': limit, 'cursor': cursor})}"


def user_reference(text: str) -> Reference:
    """A user id: one that came along from Rise, or our own."""
    return Reference(text, _KINDS, "person", "userId")


def course_reference(text: str) -> Reference:
    """A course id: one that came along from Rise, or our own."""
    return Reference(text, _KINDS, "item", "courseId")


def email_reference(text: str) -> Reference:
    """An e-mail address."""
    return Reference(text, ("email",), "person", "email")


def new_record(course: Reference, user: Reference, body: wire.ImportCompletion) -> NewRecord:
    """Raises InvalidInput with a fault for each date that is missing or cannot be read."""
    completed, started = _moment(body.completed_at, "completedAt"), _moment(body.started_at, "startedAt")
    if isinstance(completed, FieldFault) or isinstance(started, FieldFault):
        raise InvalidInput([fault for fault in (completed, started) if isinstance(fault, FieldFault)])
    return NewRecord(
        source=SOURCE,
        person=user,
        item=course,
        completed=completed,
        started_at=started.at,
        # The seed page: a single record for each course and user, whatever dates the calls carry.
        key=SourceKey(SOURCE, None, SameKey.REPLACE),
        enrols=True,
        needs_published=True,
        quiz_score=True,
    )


def user(person: Person, links: Links) -> wire.User:
    return wire.User(
        id=to_hex24(person.id),
        email=person.email,
        first_name=person.given_name,
        last_name=person.family_name,
        role=person.role if person.role in _ROLES else "learner",
        last_active_at=None,
        groups_url=None,
        reporting_groups_url=None,
        managing_groups_url=None,
        learner_report_url=links.learner_report(person.id),
        favorites_url=None,
        url=links.user(person.id),
        articulate360_user=False,
    )


def course(item: Item, links: Links) -> wire.Course:
    kind = _content_type(item)
    return wire.Course(
        id=to_hex24(item.id),
        title=item.title,
        author_url=None,
        cover_image_url=item.cover_url,
        course_report_url=links.course_report(item.id),
        url=links.course(item.id),
        source=kind.lower(),
        content_type=kind,
    )


def course_learner(learner: ItemLearner, item: Item, links: Links) -> wire.CourseLearner:
    progress = learner.progress
    return wire.CourseLearner(
        user_id=to_hex24(learner.person),
        email=learner.email,
        first_name=learner.given_name,
        last_name=learner.family_name,
        learner_report_url=links.learner_report(learner.person),
        user_url=links.user(learner.person),
        duration=_duration(progress),
        progress=_percentage(progress),
        quiz_score_percent=quiz_score(progress, is_authored=item.is_authored, requires_quiz=item.requires_quiz),
        due_at=None,
        status=_status(progress),
        completed_at=instant(progress.completed_at),
        last_activity=instant(max(filter(None, (progress.completed_at, progress.attempted_at)), default=None)),
        user_deleted=learner.is_deleted,
    )


def learner_course(course: LearnerItem, links: Links) -> wire.LearnerCourse:
    progress = course.progress
    return wire.LearnerCourse(
        course_id=to_hex24(course.item),
        course_title=course.title,
        course_report_url=links.course_report(course.item),
        course_url=links.course(course.item),
        duration=_duration(progress),
        progress=_percentage(progress),
        quiz_score_percent=quiz_score(progress, is_authored=course.is_authored, requires_quiz=course.requires_quiz),
        due_at=None,
        status=_status(progress),
        completed_at=instant(progress.completed_at),
        course_deleted=course.is_deleted,
    )


def quiz_score(progress: Progress, *, is_authored: bool, requires_quiz: bool) -> int | None:
    """The score that reports show, 0 to 100.

    An import pins it for an authored course: 100 where a quiz is required, none otherwise, whatever is tried later.
    For a third-party course it says nothing, so the last attempt counts. What was not imported has the score of the
    completion itself, or of the last attempt while that has none.
    """
    if progress.is_imported and is_authored:
        return 100 if requires_quiz else None
    score = progress.attempt_score
    if not progress.is_imported and progress.score_percent is not None:
        score = progress.score_percent
    return None if score is None else int(score.quantize(Decimal(1), ROUND_HALF_UP))


def _moment(value: Any, field: str) -> When | FieldFault:
    """An instant, also for a bare date: reports take the duration between the two."""
    if value is UNSET:
        return FieldFault(field, "missing", "is required")
    if not isinstance(value, str):
        return FieldFault(field, "type", "must be text: an ISO 8601 date-time")
    try:
        return When.instant(parse_when(value, naive_zone=_UTC).at)
    except ValueError as error:
        return FieldFault(field, "format", str(error))


def _content_type(item: Item) -> str:
    if item.format in ("storyline", "microlearning"):
        return item.format.upper()
    return "RISE" if item.is_authored else "IMPORTED"


def _status(progress: Progress) -> str:
    if progress.completed_at is not None:
        return "Complete"
    return "Not Started" if progress.attempted_at is None else "In Progress"


def _percentage(progress: Progress) -> int:
    return 0 if progress.completed_at is None else 100


def _duration(progress: Progress) -> str | None:
    if progress.completed_at is None or progress.started_at is None:
        return None
    return format_duration(progress.completed_at - progress.started_at)
