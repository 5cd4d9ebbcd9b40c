"""Reports."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from testamur.core.ids import to_hex24
from testamur.core.items import Item
from testamur.core.moments import format_duration
from testamur.dialects.rise.translate import Links
from testamur.dialects.rise.wire import reports as wire
from testamur.http.replies import instant
from testamur.ledger.learners import ItemLearner, LearnerItem, Progress


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
        due_at=instant(progress.due_at),
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
        due_at=instant(progress.due_at),
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
