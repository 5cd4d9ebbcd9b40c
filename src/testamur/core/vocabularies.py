"""The statuses of the compliance rules in other vocabularies: section 16, and the only place that says it.

Three styles are spoken by the dialects. A vocabulary that cannot say a thing is given its own word for that, never a
false one; the true status then goes beside it where there is room.
"""

from __future__ import annotations

from enum import Enum

from testamur.core.compliance import Status, Step


class EnrolmentStatus(Enum):
    """The enrolment style: open or complete."""

    UNASSIGNED = "unassigned"
    """What was before the first entry of a history; nobody stands there."""
    SCHEDULED = "scheduled"
    """Nothing to do until a day that is known: of joining, or on which the next cycle opens."""
    OPEN = "open"
    OVERDUE = "overdue"
    COMPLETE = "complete"
    """Done for good."""
    ARCHIVED = "archived"
    """Nothing is asked: outside of the audience, inactive, exempt, or the assignment is paused or deleted."""


class UnifiedStatus(Enum):
    """The style of unified learning APIs."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETED = "completed"
    UNMAPPED = "unmapped_value"


class ProgressionStatus(Enum):
    """The progression style."""

    ENROLLED = "ENROLLED"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    DROPPED = "DROPPED"


def enrolment_status(step: Step | None) -> EnrolmentStatus:
    """A step in the enrolment style. Without one nothing is asked of somebody who is, or was, in the audience."""
    if step is None:
        return EnrolmentStatus.ARCHIVED
    return _enrolment_status(step.status, is_planned=step.opens_on is not None)


def unified_status(step: Step | None) -> UnifiedStatus:
    """A step in the unified style; `source_status` says what it leaves out."""
    if source_status(step) in _NOT_ASKED:
        return UnifiedStatus.UNMAPPED
    assert step is not None
    if step.status is Status.COMPLETED:
        return UnifiedStatus.COMPLETED
    is_begun = step.status is Status.IN_PROGRESS or (step.started and step.status is not Status.SCHEDULED)
    return UnifiedStatus.IN_PROGRESS if is_begun else UnifiedStatus.PENDING


def source_status(step: Step | None) -> Status:
    """The true status, for vocabularies that have room for it beside their own word."""
    return Status.WITHDRAWN if step is None else step.status


def progression_status(step: Step | None) -> ProgressionStatus:
    """A step in the progression style."""
    return _PROGRESSION[unified_status(step)]


def stored_as(wanted: EnrolmentStatus) -> list[tuple[Status, bool]]:
    """What is stored of the steps that a word stands for: the status, and whether a next opening day is known."""
    pairs = [(status, is_planned) for status in Status for is_planned in (False, True)]
    return [pair for pair in pairs if _enrolment_status(pair[0], is_planned=pair[1]) is wanted]


def _enrolment_status(status: Status, *, is_planned: bool) -> EnrolmentStatus:
    if status is Status.COMPLETED:
        return EnrolmentStatus.SCHEDULED if is_planned else EnrolmentStatus.COMPLETE
    return _ENROLMENT[status]


_NOT_ASKED = frozenset({Status.EXEMPT, Status.WITHDRAWN})
_ENROLMENT = {
    Status.SCHEDULED: EnrolmentStatus.SCHEDULED,
    Status.NOT_STARTED: EnrolmentStatus.OPEN,
    Status.IN_PROGRESS: EnrolmentStatus.OPEN,
    Status.RENEWAL_DUE: EnrolmentStatus.OPEN,
    Status.OVERDUE: EnrolmentStatus.OVERDUE,
    Status.EXPIRED: EnrolmentStatus.OVERDUE,
    Status.EXEMPT: EnrolmentStatus.ARCHIVED,
    Status.WITHDRAWN: EnrolmentStatus.ARCHIVED,
}
_PROGRESSION = {
    UnifiedStatus.PENDING: ProgressionStatus.ENROLLED,
    UnifiedStatus.IN_PROGRESS: ProgressionStatus.IN_PROGRESS,
    UnifiedStatus.COMPLETED: ProgressionStatus.COMPLETED,
    UnifiedStatus.UNMAPPED: ProgressionStatus.DROPPED,
}
