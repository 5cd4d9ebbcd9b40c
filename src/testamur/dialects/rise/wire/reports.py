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


class Session(Struct, rename="camel"):
    """One line of the activity report. The two about a quiz are null where none was tried."""

    course_id: str
    course_title: str
    course_report_url: str
    course_url: str
    user_id: str
    email: str | None
    first_name: str
    last_name: str
    learner_report_url: str
    user_url: str
    duration: str
    number_of_lessons_completed: int
    quiz_score_percent: int | None
    is_quiz_passed: bool | None
    started_at: str
    user_deleted: bool
    course_deleted: bool
    course_available: bool


class ActivityReport(Struct, rename="camel"):
    """A page of the sessions of the account."""

    sessions: list[Session]
    next_url: str | None


class MeasuredCourse(Struct, rename="camel"):
    """One course of a learning path or group. `average_duration` is ISO 8601."""

    course_id: str
    course_title: str
    course_url: str
    course_report_url: str
    number_of_lessons: int
    average_duration: str | None
    course_deleted: bool


class LearningPathCoursesReport(Struct, rename="camel"):
    """A page of the courses of a learning path, in its order."""

    learning_path_url: str
    learning_path_deleted: bool
    learners_report_url: str
    courses: list[MeasuredCourse]
    next_url: str | None


class LearningPathLearner(Struct, rename="camel"):
    """One learner of a learning path."""

    user_id: str
    first_name: str
    last_name: str
    learner_report_url: str
    user_url: str
    duration: str | None
    due_at: str | None
    status: str
    user_deleted: bool


class LearningPathLearnersReport(Struct, rename="camel"):
    """A page of the learners of a learning path."""

    learning_path_url: str
    learning_path_deleted: bool
    courses_report_url: str
    learners: list[LearningPathLearner]
    next_url: str | None


class GroupCoursesReport(Struct, rename="camel"):
    """A page of the courses in which a group is enrolled."""

    group_url: str
    group_deleted: bool
    courses: list[MeasuredCourse]
    next_url: str | None
