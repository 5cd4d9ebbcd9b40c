"""Why a person stands where she stands: a step's reasons in words."""

from __future__ import annotations

from dataclasses import dataclass

from testamur.core.compliance.facts import Completion, Facts
from testamur.core.compliance.standing import Step
from testamur.core.ids import Id


@dataclass(frozen=True, slots=True)
class Sentence:
    """One reason.

    Args:
        rule: number in the compliance rules.
        fact: what it was applied to: an id, or the number of a version of the assignment.
        text: for people.
    """

    rule: str
    fact: Id | int | None
    text: str


def explain(step: Step, facts: Facts) -> list[Sentence]:
    """The reasons of a step in words, in the order in which they were applied."""
    completions = {one.id: one for one in facts.completions}
    said = []
    for rule, fact in step.because:
        completion = completions.get(fact) if not isinstance(fact, int) and fact is not None else None
        said.append(Sentence(rule, fact, _text(rule, step, completion)))
    return said


def _text(rule: str, step: Step, completion: Completion | None) -> str:
    day = f"{completion.completed.local_day(step.zone)}" if completion is not None else "that day"
    how = f" by {step.satisfied_how.value}" if step.satisfied_how is not None else ""
    return _TEXTS[rule].format(
        since=step.since,
        due=step.due_on,
        opens=step.opens_on,
        ends=step.credit_ends_on,
        cycle=step.cycle,
        day=day,
        how=how,
        when="on time" if step.is_on_time else "late",
    )


_TEXTS = {
    "S1": "Outside of the audience, inactive, or the assignment is paused or deleted.",
    "S2": "An exemption covers these days.",
    "S3": "The assignment acts on this person from {opens} on.",
    "S4": "Credit is held and nothing is open.",
    "S5": "A renewal is open and due on {due}; credit was held before.",
    "S6": "The renewal was due on {due}; credit was held before.",
    "S7": "It was due on {due}; credit was never held.",
    "S8": "It is open and due on {due}; progress was recorded.",
    "S9": "It is open and due on {due}; nothing was recorded yet.",
    "A1": "The completion of {day} gives credit that never ends.",
    "D4": "The due day {due} is included; past due starts on the day after.",
    "E1": "An edit gave more days for the first cycle.",
    "E2": "An edit gave fewer days and reached what was open.",
    "E3": "An edit shortened credit; the due day leaves a completion period from the edit.",
    "E4": "An edit lengthened credit.",
    "E5": "An edit changed the renewal window or the grace.",
    "M1": "The person left; an open obligation is withdrawn from that day.",
    "M2": "The due day fell in an absence, so the days that were left then are left again.",
    "M6": "The membership was recorded late, so the days count from its recording.",
    "O2": "A renewal of earlier learning was already due on entry, so it has the days of a first cycle.",
    "O3": "Cycle 1 opens on the entry day and is due the completion period later.",
    "O5": "It came about through an edit or a withdrawal, so it is due no earlier than a completion period after that.",
    "O8": "The last obligation was satisfied{how}, {when}.",
    "P5": "An extension was withdrawn, which makes nobody late on the days before.",
    "R1": "Credit from the completion of {day} ends on {ends}, the latest of all.",
    "R3": "The renewal follows from the end of the credit of {day}.",
    "R7": "Credit lapsed on the day after {ends}.",
    "V4": "A newer version requires retraining and ends older credit.",
    "V6": "The completion's own expiry ends its credit.",
    "X1": "An extension set a later due day.",
    "X3": "The person is exempt and outside of the count.",
    "X5": "The exemption ended, so the days of a completion period count from then.",
}
