"""Transitions worth announcing, each once (section 8). Who hears of them (rule I15) is decided elsewhere."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from enum import Enum

from testamur.core.compliance.standing import IN_BREACH, NOT_COUNTED, CreditState, Status, Step, Timeline
from testamur.core.ids import Id


class TransitionKind(Enum):
    """What happened."""

    OPENED = "opened"
    DUE_SOON = "due_soon"
    PAST_DUE = "past_due"
    SATISFIED = "satisfied"
    DUE_CHANGED = "due_changed"
    CREDIT_ENDED = "credit_ended"
    WITHDRAWN = "withdrawn"
    REINSTATED = "reinstated"
    EXEMPTED = "exempted"


@dataclass(frozen=True, slots=True)
class Transition:
    """Something that happened to an obligation or to credit.

    Args:
        on: the first day of it.
        due_on: of the obligation it is about; for `satisfied`, of the next one.
        completion: what satisfied it.
    """

    kind: TransitionKind
    on: date
    line: int
    cycle: int
    due_on: date | None
    completion: Id | None = None


_OPEN = frozenset(Status) - NOT_COUNTED - {Status.COMPLETED}


def transitions(timeline: Timeline, *, due_soon_days: Sequence[int] = ()) -> list[Transition]:
    """Everything worth announcing, oldest first, the future included.

    Args:
        due_soon_days: how many days before the due day to say so.
    """
    found: dict[tuple[object, ...], Transition] = {}
    last: Step | None = None
    for step in timeline.steps:
        for kind, on, key in _of_step(last, step, due_soon_days):
            cycle = step.cycle - 1 if kind is TransitionKind.SATISFIED else step.cycle
            completion = step.satisfied_by if kind is TransitionKind.SATISFIED else None
            found.setdefault((kind, step.line, *key), Transition(kind, on, step.line, cycle, step.due_on, completion))
        last = step
    return sorted(found.values(), key=lambda one: one.on)


def _of_step(
    last: Step | None, step: Step, due_soon_days: Sequence[int]
) -> Iterator[tuple[TransitionKind, date, tuple[object, ...]]]:
    """What a step adds: kind, day, and what makes it the same as one announced before."""
    since, before = step.since, last.status if last else None
    if step.status is Status.WITHDRAWN:
        if before is not Status.WITHDRAWN:
            yield TransitionKind.WITHDRAWN, since, (since,)
        return
    if before is Status.WITHDRAWN:
        yield TransitionKind.REINSTATED, since, (since,)
    if step.status is Status.EXEMPT and before is not Status.EXEMPT:
        yield TransitionKind.EXEMPTED, since, (since,)
    if step.satisfied_by is not None:
        yield TransitionKind.SATISFIED, since, (step.cycle, step.satisfied_by)
    if last is not None and last.credit is CreditState.VALID and step.credit is CreditState.LAPSED:
        yield TransitionKind.CREDIT_ENDED, since, (since,)
    if step.status not in _OPEN:
        return
    yield TransitionKind.OPENED, since, (step.cycle, step.opens_on)
    if last is not None and before in _OPEN and last.cycle == step.cycle and last.due_on != step.due_on:
        yield TransitionKind.DUE_CHANGED, since, (since,)
    if step.status in IN_BREACH:
        yield TransitionKind.PAST_DUE, since, (step.cycle, step.due_on)
        return
    for days in due_soon_days:
        soon = step.due_on - timedelta(days) if step.due_on is not None else None
        if soon is not None and step.covers(soon):
            yield TransitionKind.DUE_SOON, soon, (step.cycle, step.due_on, days)
