"""Rise's own shapes. Source: the vendor's pages "Import Course Completion API", "Users API" and "Reports API"."""

from __future__ import annotations

from typing import Annotated, Any

from msgspec import UNSET, Meta, Struct

_Moment = Annotated[Any, Meta(extra_json_schema={"type": "string", "format": "date-time"})]


class ImportCompletion(Struct, rename="camel"):
    """Body of POST /courses/{courseId}/users/{userId}/completions. Both are required and ISO 8601."""

    # Decoding lets any value in, because the ids in the path are answered for before the dates are.
    completed_at: _Moment = UNSET
    started_at: _Moment = UNSET


ImportCompletionBody = Annotated[ImportCompletion, Meta(extra_json_schema={"required": ["completedAt", "startedAt"]})]
"""The body as documented."""


class Accepted(Struct):
    """The answer to an import: an empty object, for clients that always read JSON."""


class User(Struct, rename="camel"):
    """A user. A link is null while nothing answers at its address."""

    id: str
    email: str | None
    first_name: str
    last_name: str
    role: str
    last_active_at: str | None
    groups_url: str | None
    reporting_groups_url: str | None
    managing_groups_url: str | None
    learner_report_url: str
    favorites_url: str | None
    url: str
    articulate360_user: bool


class Users(Struct, rename="camel"):
    """A page of users."""

    users: list[User]
    next_url: str | None


class Course(Struct, rename="camel"):
    """A course. `source` is the Rise brand's word for what Reach 360 calls `content_type`."""

    id: str
    title: str
    author_url: str | None
    cover_image_url: str | None
    course_report_url: str
    url: str
    source: str
    content_type: str


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


class Fault(Struct):
    """One thing that went wrong: a code for programs, a sentence for people."""

    code: str
    message: str


class Errors(Struct):
    """Every error of this API."""

    errors: list[Fault]
