"""Reports. Source: the vendor's page "Reports API"."""

from __future__ import annotations

from msgspec import Struct


class CourseLearner(Struct, rename="camel"):
    """One line of a course report. `duration` is ISO 8601, `progress` a percentage."""

    user_id: str
    email: str | None
    first_name: str
    last_name: str
    learner_report_url: str
    user_url: str
    duration: str | None
    progress: int
    quiz_score_percent: int | None
    due_at: str | None
    status: str
    completed_at: str | None
    last_activity: str | None
    user_deleted: bool


class CourseReport(Struct, rename="camel"):
    """A page of the learners of a course."""

    course_url: str
    course_deleted: bool
    learners: list[CourseLearner]
    next_url: str | None


class LearnerCourse(Struct, rename="camel"):
    """One line of a learner report."""

    course_id: str
    course_title: str
    course_report_url: str
    course_url: str
    duration: str | None
    progress: int
    quiz_score_percent: int | None
    due_at: str | None
    status: str
    completed_at: str | None
    course_deleted: bool


class LearnerReport(Struct, rename="camel"):
    """A page of the courses of a learner."""

    user_url: str
    user_deleted: bool
    courses: list[LearnerCourse]
    next_url: str | None
