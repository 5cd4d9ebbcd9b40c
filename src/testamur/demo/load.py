"""An organisation into the ledger, through the same verbs as everybody's data."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, TypeVar

from testamur.core.assignments import NewAssignment
from testamur.core.audiences import NewAudience
from testamur.core.callers import Caller
from testamur.core.ids import Id
from testamur.core.items import NewItem, Outside
from testamur.core.moments import Precision, When, format_instant
from testamur.core.people import NewPerson, Reference
from testamur.core.records import NewRecord, Recorded, Report, check_times
from testamur.demo.history import Completion
from testamur.demo.organisation import Organisation
from testamur.demo.staff import Span
from testamur.demo.structure import Group, Rule
from testamur.ledger import Ledger

APPLICATION = "demo-app"
"""The application that the records of source `edm` belong to: without it, its client would not see them."""

Progress = Callable[[str, int, int], None]
"""Called with the stage, how much of it is done, and how much there is."""

_ADDED_AT_ONCE = 500
_RECORDED_AT_ONCE = 2_000

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Loaded:
    """How much was loaded.

    Args:
        completions: tellings of completions.
        records: what they came to; less, because a few tell what was told already.
    """

    items: int
    people: int
    audiences: int
    memberships: int
    assignments: int
    completions: int
    records: int


async def load(ledger: Ledger, caller: Caller, organisation: Organisation, *, progress: Progress) -> Loaded:
    """Load an organisation into the caller's tenant, which should be empty.

    Each slice is a transaction of its own: what stops halfway leaves a part of the organisation behind.

    Raises: IdentifierTaken when the tenant has some of it already; InvalidInput when the organisation was
        made for a day that is still to come; Overloaded, DatabaseUnavailable.
    """
    await _add_items(ledger, caller, organisation.items, progress)
    people = await _add_people(ledger, caller, organisation.people, progress)
    audiences = await _add_groups(ledger, caller, organisation.groups, progress)
    await _add_spans(ledger, caller, organisation.spans, people, audiences, progress)
    await _add_rules(ledger, caller, organisation.rules, progress)
    records = await _record(ledger, caller, organisation.completions, progress)
    return Loaded(
        items=len(organisation.items),
        people=len(people),
        audiences=len(audiences),
        memberships=len(organisation.spans),
        assignments=len(organisation.rules),
        completions=len(organisation.completions),
        records=records,
    )


async def _add_items(ledger: Ledger, caller: Caller, items: Sequence[NewItem], progress: Progress) -> None:
    for start, part in _slices(items, _ADDED_AT_ONCE):
        await ledger.items.add(caller, part)
        progress("items", start + len(part), len(items))


async def _add_people(ledger: Ledger, caller: Caller, people: Sequence[NewPerson], progress: Progress) -> dict[str, Id]:
    """The id of each person by reference."""
    added: dict[str, Id] = {}
    for start, part in _slices(people, _ADDED_AT_ONCE):
        ids = await ledger.people.add(caller, part)
        added |= {_ref(person): id for person, id in zip(part, ids, strict=True)}
        progress("people", start + len(part), len(people))
    return added


async def _add_groups(ledger: Ledger, caller: Caller, groups: Sequence[Group], progress: Progress) -> dict[str, Id]:
    """The id of each audience by reference."""
    added: dict[str, Id] = {}
    for done, group in enumerate(groups, 1):
        parent = added[group.parent] if group.parent is not None else None
        new = NewAudience(name=group.name, category=group.category, reference=group.reference, parent=parent)
        added[group.reference] = await ledger.audiences.add(caller, new)
        progress("audiences", done, len(groups))
    return added


async def _add_spans(
    ledger: Ledger,
    caller: Caller,
    spans: Sequence[Span],
    people: Mapping[str, Id],
    audiences: Mapping[str, Id],
    progress: Progress,
) -> None:
    """Let people join and leave day by day, so that whoever comes back has left before."""
    joining: defaultdict[date, defaultdict[str, list[Id]]] = defaultdict(lambda: defaultdict(list))
    leaving: defaultdict[date, list[Span]] = defaultdict(list)
    for span in spans:
        joining[span.joined_on][span.group].append(people[span.person])
        if span.left_on is not None:
            leaving[span.left_on].append(span)
    days = sorted({*joining, *leaving})
    for done, day in enumerate(days, 1):
        for span in leaving[day]:
            await ledger.memberships.leave(caller, audiences[span.group], people[span.person], day)
        # No two of these touch the same audience, so they may overlap.
        await asyncio.gather(
            *(
                ledger.memberships.join(caller, audiences[group], members, day)
                for group, members in joining[day].items()
            )
        )
        progress("memberships", done, len(days))


async def _add_rules(ledger: Ledger, caller: Caller, rules: Sequence[Rule], progress: Progress) -> None:
    for done, rule in enumerate(rules, 1):
        new = NewAssignment(
            audience=Reference(rule.group, (), "audience", "audience"),
            primary=_item(rule.primary),
            alternatives=tuple(_item(ref) for ref in rule.alternatives),
            hide_alternatives=rule.hide_alternatives,
            completion_period_days=rule.completion_period_days,
            recurrence_days=rule.recurrence_days,
        )
        await ledger.assignments.add(caller, new)
        progress("assignments", done, len(rules))


async def _record(ledger: Ledger, caller: Caller, completions: Sequence[Completion], progress: Progress) -> int:
    """Record many at once, which the ledger gathers into few commits; returns how many records they made."""
    made = 0
    for start, part in _slices(completions, _RECORDED_AT_ONCE):
        told = await asyncio.gather(*(_tell(ledger, caller, completion) for completion in part))
        made += sum(recorded.is_new for recorded in told)
        progress("completions", start + len(part), len(completions))
    return made


async def _tell(ledger: Ledger, caller: Caller, said: Completion) -> Recorded:
    new = NewRecord(
        source=said.source,
        person=Reference(said.person, ("ref",), "person", "person"),
        item=said.item if isinstance(said.item, Outside) else _item(said.item),
        completed=said.completed,
        started_at=said.started_at,
        expires_at=said.expires_at,
        passed=said.passed,
        score_percent=said.score_percent,
        score_text=said.score_text,
        time_spent=said.time_spent,
        certificate=said.certificate,
        is_prior=said.is_prior,
        # As Rise's own import does it: the learner is enrolled, and a required quiz is passed in full.
        enrols=said.source == "rise",
        quiz_score=said.source == "rise",
        application=APPLICATION if said.source == "edm" else None,
    )
    check_times(new, ledger.now(), completed_field="completed", started_field="started_at")
    report = Report("demo", caller.client, "IMPORT", "demo", body(said))
    return await ledger.records.record(caller.tenant, new, report)


def body(said: Completion) -> str:
    """A telling as compact JSON without empty members: the evidence that the ledger keeps."""
    outside = said.item if isinstance(said.item, Outside) else None
    row: dict[str, Any] = {
        "source": said.source,
        "person": said.person,
        "item": None if outside else said.item,
        "title": outside and outside.title,
        "provider": outside and outside.provider,
        "completed": _written(said.completed),
        "started_at": said.started_at and format_instant(said.started_at),
        "expires_at": said.expires_at and format_instant(said.expires_at),
        "passed": said.passed,
        "score_percent": None if said.score_percent is None else int(said.score_percent),
        "score": said.score_text,
        "time_spent": said.time_spent,
        "certificate": said.certificate,
        "is_prior": said.is_prior or None,
    }
    known = {name: value for name, value in row.items() if value is not None}
    return json.dumps(known, ensure_ascii=False, separators=(",", ":"))


def _written(when: When) -> str:
    return when.at.date().isoformat() if when.precision is Precision.DAY else format_instant(when.at)


def _item(ref: str) -> Reference:
    return Reference(ref, ("ref",), "item", "item")


def _ref(person: NewPerson) -> str:
    return next(identifier.value for identifier in person.identifiers if identifier.kind == "ref")


def _slices(whole: Sequence[T], size: int) -> Iterator[tuple[int, Sequence[T]]]:
    for start in range(0, len(whole), size):
        yield start, whole[start : start + size]
