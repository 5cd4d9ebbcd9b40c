"""Where people stand, how many, why, and what an edit would change."""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

from testamur.core import compliance
from testamur.core.compliance import Status
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, to_ulid, to_uuid
from testamur.core.people import Person
from testamur.core.standing import Counts, OnTime, Preview, Standing, Task
from testamur.dialects.api.translate import cell, id_of
from testamur.dialects.api.translate import day as any_day
from testamur.dialects.api.wire import standings as wire
from testamur.http.replies import instant

FIRST_DAY, LAST_DAY = date(1900, 1, 1), date(2299, 12, 31)
"""Days that may be asked about or decided on: the longest period beyond them is still within the calendar."""

RecordsOf = Mapping[Id, tuple[Id, int]]
"""The record of each fact, and which of its revisions it is."""

CSV_COLUMNS = (
    "person",
    "person_ref",
    "given_name",
    "family_name",
    "assignment",
    "day",
    "zone",
    "status",
    "from_on",
    "until_on",
    "cycle",
    "opens_on",
    "due_on",
    "days_left",
    "days_late",
    "credit",
    "credit_ends_on",
    "last_completed_on",
    "missed_cycles",
)


def day(text: str | None, field: str) -> date | None:
    """A day of which standing is kept. Raises InvalidInput."""
    found = any_day(text, field)
    if found is not None and not FIRST_DAY <= found <= LAST_DAY:
        raise InvalidInput(FieldFault(field, "range", f"must be from {FIRST_DAY} to {LAST_DAY}"))
    return found


def facts_of(stored: Standing) -> set[Id]:
    """The completions that a standing may speak of."""
    found = {one.id for one in stored.facts.completions} if stored.facts else set()
    return found | ({stored.step.satisfied_by} if stored.step and stored.step.satisfied_by else set())


def standing(stored: Standing, records: RecordsOf) -> wire.Standing:
    return wire.Standing(**_standing(stored, records))


def with_obligations(stored: Standing, records: RecordsOf) -> wire.StandingWithObligations:
    return wire.StandingWithObligations(
        **_standing(stored, records),
        obligations=[_obligation(one, records) for one in stored.timeline.obligations] if stored.timeline else [],
    )


def explanation(stored: Standing, records: RecordsOf) -> wire.Explanation:
    return wire.Explanation(
        **_head(stored),
        status=stored.step.status if stored.step else None,
        because=[
            wire.Sentence(rule=one.rule, fact=_fact(one.fact, stored, records), text=one.text) for one in stored.why()
        ],
        timeline=[_step(step) for step in stored.timeline.steps] if stored.timeline else [],
    )


def as_csv(lines: Sequence[Standing], people: Mapping[Id, Person]) -> bytes:
    """Lines with a header, as RFC 4180 has them, in UTF-8."""
    file = io.StringIO()
    writer = csv.writer(file)
    writer.writerow(CSV_COLUMNS)
    for line in lines:
        person = people.get(line.person)
        cells = _standing(line, {}) | {
            "person_ref": person.ref if person else None,
            "given_name": person.given_name if person else None,
            "family_name": person.family_name if person else None,
        }
        writer.writerow([cell(cells[name]) for name in CSV_COLUMNS])
    return file.getvalue().encode()


def counts(stored: Counts) -> wire.Counts:
    return wire.Counts(
        assignment=id_of(stored.assignment, "assignment"),
        required=stored.required,
        exempt=stored.exempt,
        current=stored.current,
        in_breach=stored.in_breach,
        current_rate=_rate(stored.current_rate),
        on_track_rate=_rate(stored.on_track_rate),
        statuses={status.value: stored.statuses.get(status, 0) for status in Status},
        waiting=stored.waiting,
    )


def on_time(stored: OnTime) -> wire.OnTime:
    return wire.OnTime(
        from_on=stored.from_on.isoformat(),
        to_on=stored.to_on.isoformat(),
        zone=stored.zone,
        computed_at=instant(stored.computed_at) or "",
        known_at=instant(stored.known_at),
        due=stored.due,
        on_time=stored.on_time,
        rate=_rate(stored.rate),
    )


def task(stored: Task) -> wire.Task:
    return wire.Task(
        id=to_ulid(stored.id, "task"),
        assignment=to_ulid(stored.assignment, "assignment"),
        people=stored.people,
        done=stored.done,
        total=stored.total,
        asked_at=instant(stored.asked_at) or "",
        finished_at=instant(stored.finished_at),
    )


def preview(stored: Preview) -> wire.Preview:
    return wire.Preview(
        day=stored.day.isoformat(),
        zone=stored.zone,
        computed_at=instant(stored.computed_at) or "",
        people=stored.lines,
        changed=stored.changed,
        opens=stored.opens,
        moves=stored.moves,
        withdraws=stored.withdraws,
        statuses=[
            wire.Moved(before=before, after=after, people=people)
            for (before, after), people in sorted(stored.statuses.items(), key=str)
        ],
        changes=[
            wire.Changed(
                person=to_ulid(one.person, "person"),
                on=one.on.isoformat(),
                before=_step(one.before) if one.before else None,
                after=_step(one.after) if one.after else None,
            )
            for one in stored.changes
        ],
    )


def _head(stored: Standing) -> dict[str, Any]:
    return {
        "person": to_ulid(stored.person, "person"),
        "assignment": to_ulid(stored.assignment, "assignment"),
        "day": stored.day.isoformat(),
        "zone": stored.zone,
        "computed_at": instant(stored.computed_at),
        "known_at": instant(stored.known_at),
    }


def _standing(stored: Standing, records: RecordsOf) -> dict[str, Any]:
    step = stored.step
    if step is None:
        return dict.fromkeys(wire.Standing.__struct_fields__) | _head(stored)
    return {
        **_head(stored),
        **_span(step),
        "days_left": step.days_left(stored.day),
        "days_late": step.days_late(stored.day),
        "last_completed_on": _iso(step.last_completed_on),
        "started_on": _iso(step.started_on),
        "satisfied_by": _record(step.satisfied_by, records),
        "satisfied_how": step.satisfied_how,
        "is_on_time": step.is_on_time,
        "missed_cycles": step.missed_on(stored.day),
        "is_impossible": step.is_impossible,
    }


def _step(step: compliance.Step) -> wire.Step:
    return wire.Step(**_span(step))


def _span(step: compliance.Step) -> dict[str, Any]:
    return {
        "from_on": step.since.isoformat(),
        "until_on": _iso(step.until),
        "status": step.status,
        "line": step.line,
        "cycle": step.cycle,
        "opens_on": _iso(step.opens_on),
        "due_on": _iso(step.due_on),
        "credit": step.credit,
        "credit_ends_on": _iso(step.credit_ends_on),
    }


def _obligation(stored: compliance.Obligation, records: RecordsOf) -> wire.Obligation:
    return wire.Obligation(
        line=stored.line,
        cycle=stored.cycle,
        opens_on=stored.opens_on.isoformat(),
        due_on=_iso(stored.due_on),
        outcome=stored.outcome,
        ended_on=_iso(stored.ended_on),
        satisfied_by=_record(stored.satisfied_by, records),
        satisfied_how=stored.satisfied_how,
        satisfied_on=_iso(stored.satisfied_on),
        is_on_time=stored.is_on_time,
        days_late=stored.days_late,
    )


def _fact(fact: Id | int | None, stored: Standing, records: RecordsOf) -> wire.Fact | None:
    if fact is None:
        return None
    if isinstance(fact, int):
        return wire.Fact(kind="assignment_version", id=None, number=fact)
    if fact in records:
        record, revision = records[fact]
        return wire.Fact(kind="record", id=to_ulid(record, "record"), number=revision)
    for kind, known in (
        ("exemption", stored.facts.exemptions if stored.facts else ()),
        ("extension", stored.facts.extensions if stored.facts else ()),
    ):
        if any(fact == one.id for one in known):
            return wire.Fact(kind=kind, id=to_ulid(fact, kind), number=None)
    return wire.Fact(kind="other", id=to_uuid(fact), number=None)


def _record(fact: Id | None, records: RecordsOf) -> str | None:
    return to_ulid(records[fact][0], "record") if fact is not None and fact in records else None


def _rate(rate: float | None) -> float | None:
    return None if rate is None else round(rate, 4)


def _iso(day: date | None) -> str | None:
    return None if day is None else day.isoformat()
