"""Reports."""

from __future__ import annotations

from decimal import ROUND_HALF_UP, Decimal

from testamur.core.ids import to_hex24
from testamur.core.items import Item
from testamur.core.moments import format_duration, format_instant
from testamur.core.sessions import Session
from testamur.dialects.rise.translate import Links
from testamur.dialects.rise.wire import reports as wire
from testamur.http.replies import instant
from testamur.ledger.learners import CollectionLearner, ItemLearner, LearnerItem, MeasuredItem, Progress


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
        last_activity=instant(max(filter(None, (progress.completed_at, progress.last_session_at)), default=None)),
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
    return _percent(score)


def session(seen: Session, links: Links) -> wire.Session:
    return wire.Session(
        course_id=to_hex24(seen.item),
        course_title=seen.title,
        course_report_url=links.course_report(seen.item),
        course_url=links.course(seen.item),
        user_id=to_hex24(seen.person),
        email=seen.email,
        first_name=seen.given_name,
        last_name=seen.family_name,
        learner_report_url=links.learner_report(seen.person),
        user_url=links.user(seen.person),
        duration=format_duration(seen.duration),
        number_of_lessons_completed=seen.lessons_completed,
        quiz_score_percent=_percent(seen.quiz.score_percent) if seen.quiz else None,
        is_quiz_passed=seen.quiz.passed if seen.quiz else None,
        started_at=format_instant(seen.started_at),
        user_deleted=seen.is_person_deleted,
        course_deleted=seen.is_item_deleted,
        course_available=seen.is_item_open,
    )


def measured_course(measured: MeasuredItem, links: Links) -> wire.MeasuredCourse:
    item = measured.item
    return wire.MeasuredCourse(
        course_id=to_hex24(item.id),
        course_title=item.title,
        course_url=links.course(item.id),
        course_report_url=links.course_report(item.id),
        number_of_lessons=measured.parts,
        average_duration=None if measured.average is None else format_duration(measured.average),
        course_deleted=item.retired_at is not None,
    )


def learning_path_learner(learner: CollectionLearner, links: Links) -> wire.LearningPathLearner:
    return wire.LearningPathLearner(
        user_id=to_hex24(learner.person),
        first_name=learner.given_name,
        last_name=learner.family_name,
        learner_report_url=links.learner_report(learner.person),
        user_url=links.user(learner.person),
        duration=None if learner.time_spent is None else format_duration(learner.time_spent),
        due_at=instant(learner.due_at),
        status="Complete" if learner.is_completed else "In Progress" if learner.is_begun else "Not Started",
        user_deleted=learner.is_deleted,
    )


def _percent(score: Decimal | None) -> int | None:
    return None if score is None else int(score.quantize(Decimal(1), ROUND_HALF_UP))


def _status(progress: Progress) -> str:
    if progress.completed_at is not None:
        return "Complete"
    return "Not Started" if progress.last_session_at is None else "In Progress"


def _percentage(progress: Progress) -> int:
    return 0 if progress.completed_at is None else 100


def _duration(progress: Progress) -> str | None:
    """Of an import the span between its dates; else the time in sessions, or what a completion says of itself."""
    spent = None if progress.is_imported else progress.time_spent
    if spent is None and progress.completed_at is not None and progress.started_at is not None:
        spent = progress.completed_at - progress.started_at
    return None if spent is None else format_duration(spent)
