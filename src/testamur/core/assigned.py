"""What is assigned to people: one person under one assignment as lists show it, without its history."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from testamur.core.compliance import Status, Step
from testamur.core.enrolments import last_second
from testamur.core.ids import Id
from testamur.core.personal_assignments import Personal


@dataclass(frozen=True, slots=True)
class Place:
    """Where something assigned stands in the order of lists, by assignment and then by person; the two name it."""

    assignment: Id
    person: Id


@dataclass(frozen=True, slots=True, kw_only=True)
class AssignedItem:
    """The learning object that is to be completed."""

    id: Id
    kind: str
    reference: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class LastCompletion:
    """What is known of the completion that credit rests on."""

    completed_at: datetime
    passed: bool | None
    certificate: str | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assigned:
    """What one person has to complete under an assignment, of an audience or by name, and where she stands with it.

    Args:
        step: of today; None when nothing is asked of her and no line ever began.
        due_at: the last moment in time.
        completion: None while it is not completed.
        progress_percent: 0 to 100, None when nobody said.
        created_at, updated_at: by the second clock: when it became known, and when anything of it last changed.
    """

    place: Place
    item: AssignedItem
    step: Step | None
    assigned_at: datetime
    due_at: datetime | None
    progress_percent: Decimal | None
    completion: LastCompletion | None
    reference: str | None
    created_at: datetime
    updated_at: datetime


def assigned(
    place: Place,
    item: AssignedItem,
    step: Step | None,
    *,
    began_at: datetime,
    known_at: datetime,
    changed_at: datetime,
    completion: LastCompletion | None,
    personal: Personal | None,
    now: datetime,
) -> Assigned:
    """A step with what stands around it.

    What was assigned by name may have a deadline within a day. It is what the caller said, so it wins over the day,
    unless a decision moved that.

    Args:
        began_at, known_at: when the person and the assignment came together, and when that became known.
        changed_at: when a fact last changed something of it.
        completion: the last that counts.
    """
    due_at = last_second(step.due_on, step.zone) if step and step.due_on else None
    changes = [changed_at]
    if personal is not None and step is not None:
        step, due_at = _with_deadline(step, personal, due_at, now)
        if personal.is_started and not step.started and step.status is not Status.COMPLETED:
            step = replace(step, started_on=personal.assigned_at.astimezone(step.zone).date())
            if step.status is Status.NOT_STARTED:
                step = replace(step, status=Status.IN_PROGRESS)
        if step.status is Status.OVERDUE and due_at is not None and due_at < now:
            changes.append(due_at)
    is_completed = step is not None and step.status is Status.COMPLETED
    progress = personal.progress_percent if personal else None
    return Assigned(
        place=place,
        item=item,
        step=step,
        assigned_at=personal.assigned_at if personal else began_at,
        due_at=due_at,
        progress_percent=Decimal(100) if is_completed else progress,
        completion=completion if is_completed else None,
        reference=personal.reference if personal else None,
        created_at=known_at,
        updated_at=max(changes),
    )


def _with_deadline(
    step: Step, personal: Personal, due_at: datetime | None, now: datetime
) -> tuple[Step, datetime | None]:
    if step.due_on is None or step.due_on > personal.due_on(step.zone):
        return step, due_at if personal.due_at is not None else None
    is_open = step.status in (Status.NOT_STARTED, Status.IN_PROGRESS, Status.RENEWAL_DUE)
    if is_open and personal.due_at is not None and personal.due_at < now:
        status = Status.EXPIRED if step.status is Status.RENEWAL_DUE else Status.OVERDUE
        step = replace(step, status=status, late_days=0)
    return step, personal.due_at
