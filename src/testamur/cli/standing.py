"""`testamur standing`: where people stand, why, what an edit would change, and whether what is stored is true."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Annotated, Any, TypeVar
from zoneinfo import ZoneInfo

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from testamur import serving
from testamur.cli.common import Data, DatabaseUrl, Json, OnlyTenant, settings_of, tenant_of, with_ledger
from testamur.cli.output import Exit, console, explained, fits, show, table
from testamur.core.assignments import AssignmentEdit, Keep
from testamur.core.compliance import Anchor, Obligation, Status, Step
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id, to_hex24
from testamur.core.moments import format_instant, parse_when
from testamur.core.people import Reference
from testamur.core.standing import Counts, Preview, Rebuilt, Standing, StandingFilter
from testamur.ledger import Ledger
from testamur.ledger.tenants import Tenant
from testamur.storage.migrate import migrate as bring_up

T = TypeVar("T")

app = typer.Typer(help="Where people stand with what is asked of them, and why.", no_args_is_help=True)

Person = Annotated[str, typer.Argument(help="A person: reference, e-mail address or id.")]
Assignment = Annotated[str, typer.Argument(help="An assignment's id.")]
On = Annotated[str | None, typer.Option("--on", metavar="DAY", help="The day asked about.", show_default="today")]
KnownAt = Annotated[
    str | None, typer.Option("--known-at", metavar="INSTANT", help="As it was known at this moment, ISO 8601.")
]
Processes = Annotated[int | None, typer.Option(min=1, max=64, help="Processes that compute.", show_default="all cores")]
_UTC = ZoneInfo("UTC")
_STEP_COLUMNS = ["from_on", "until_on", "status", "line", "cycle", "opens_on", "due_on", "credit", "credit_ends_on"]


@app.command("show")
def show_(
    person: Person,
    tenant: OnlyTenant = "",
    on: On = None,
    known_at: KnownAt = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Show where a person stands with every assignment."""
    with explained():
        day, moment = _day(on), _moment(known_at)

        async def find(ledger: Ledger, owner: Tenant) -> list[dict[str, Any]]:
            found = await ledger.standings.of_person(owner.id, _person(person), on=day, known_at=moment)
            return [_standing(one) for one in found]

        rows = _on(data, database_url, tenant, find)
        columns = ["assignment", "day", "status", "cycle", "opens_on", "due_on", "days_left", "days_late", "credit"]
        drawn = table("Standing", [*columns, "credit_ends_on", "last_completed_on"], rows)
        show({"standings": rows}, json, drawn)


@app.command()
def why(
    person: Person,
    assignment: Assignment,
    tenant: OnlyTenant = "",
    on: On = None,
    known_at: KnownAt = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Say why a person stands where she stands with an assignment, and how it came about."""
    with explained():
        day, moment = _day(on), _moment(known_at)

        async def find(ledger: Ledger, owner: Tenant) -> Standing:
            return await ledger.standings.get(
                owner.id, _person(person), _assignment(assignment), on=day, known_at=moment
            )

        found = _on(data, database_url, tenant, find)
        document = _standing(found) | {
            "because": [{"rule": one.rule, "fact": _fact(one.fact), "text": one.text} for one in found.why()],
            "steps": [_step(step) for step in found.timeline.steps] if found.timeline else [],
            "obligations": [_obligation(one) for one in found.timeline.obligations] if found.timeline else [],
        }
        because = table(_headline(found), ["rule", "text", "fact"], document["because"])
        show(document, json, because, table("Timeline", _STEP_COLUMNS, document["steps"]))


@app.command()
def preview(
    assignment: Assignment,
    tenant: OnlyTenant = "",
    period: Annotated[int | None, typer.Option(help="Days for a first obligation.")] = None,
    recurrence: Annotated[int | None, typer.Option(help="Days a completion keeps giving credit; 0 for once.")] = None,
    window: Annotated[int | None, typer.Option(help="Days before credit ends at which the renewal opens.")] = None,
    grace: Annotated[int | None, typer.Option(help="Days after credit ends at which the renewal is due.")] = None,
    anchor: Annotated[Anchor | None, typer.Option(help="How the end of credit is worked out.")] = None,
    calendar_day: Annotated[list[str] | None, typer.Option(metavar="MM-DD", help="A fixed day; repeatable.")] = None,
    primary: Annotated[str | None, typer.Option(help="Another learning object, by reference or id.")] = None,
    apply_to_open: Annotated[bool, typer.Option("--apply-to-open", help="Reach what is open already.")] = False,
    processes: Processes = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Say what an edit of an assignment would change, and for whom, however many they are. Nothing is written."""
    with explained(), _progress() as bar:
        edit = AssignmentEdit(
            primary=None if primary is None else Reference(primary, ("ref", "iri"), "item", "--primary"),
            completion_period_days=period,
            recurrence_days=Keep.KEEP if recurrence is None else recurrence,
            renewal_window_days=window,
            renewal_grace_days=Keep.KEEP if grace is None else grace,
            anchor=anchor,
            calendar_days=None if calendar_day is None else tuple(_day_of_year(text) for text in calendar_day),
            applies_to_open=apply_to_open,
        )

        async def find(ledger: Ledger, owner: Tenant) -> Preview:
            task = bar.add_task(owner.slug, total=None)
            return await ledger.standings.preview(
                owner.id,
                _assignment(assignment),
                edit,
                lines_max=None,
                processes=processes or os.cpu_count() or 1,
                progress=lambda done: bar.update(task, completed=done),
            )

        document = _preview(_on(data, database_url, tenant, find))
        title = f"{document['changed']} of {document['lines']} people would stand otherwise, today {document['day']}"
        show(
            document,
            json,
            table(title, ["person", "on", "before", "after", "due_before", "due_after"], document["changes"]),
        )


@app.command()
def counts(
    tenant: OnlyTenant = "",
    assignment: Annotated[str | None, typer.Option(help="Of one assignment, by id.")] = None,
    audience: Annotated[str | None, typer.Option(help="Of an audience's members, by reference or id.")] = None,
    on: On = None,
    known_at: KnownAt = None,
    processes: Processes = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Count how many people stand how, for each assignment and in sum.

    As known at another moment, every line is worked out from the facts, however many there are.
    """
    with explained(), _progress() as bar:
        day, moment = _day(on), _moment(known_at)

        async def find(ledger: Ledger, owner: Tenant) -> tuple[list[Counts], Counts]:
            named = None if assignment is None else (await ledger.assignments.get(owner.id, _assignment(assignment))).id
            of = StandingFilter(assignment=named)
            if audience is not None:
                found = await ledger.audiences.get(owner.id, Reference(audience, (), "audience", "--audience"))
                of = StandingFilter(assignment=named, audience=found.id)
            task = bar.add_task(owner.slug, total=None, visible=moment is not None)
            each = await ledger.standings.counts(
                owner.id,
                of=of,
                on=day,
                known_at=moment,
                lines_max=None,
                processes=processes or os.cpu_count() or 1,
                progress=lambda done: bar.update(task, completed=done),
            )
            return each, await ledger.standings.summed(owner.id, each, on=day, known_at=moment)

        each, total = _on(data, database_url, tenant, find)
        rows = [_counts(one) for one in each]
        whole = _counts(total)
        # A terminal is narrow: nobody needs a column of noughts.
        statuses = [status.value for status in Status if total.statuses.get(status)]
        columns = ["assignment", *statuses, "required", "current_rate", "on_track_rate"]
        flat = [{**row, **row["statuses"]} for row in [*rows, whole | {"assignment": "all"}]]
        known = f"as known at {format_instant(total.known_at)}, " if total.known_at else ""
        title = f"Standing on {total.day} ({total.zone}), {known}computed at {format_instant(total.computed_at)}"
        drawn = table(title, columns, flat)
        if not fits(drawn):
            drawn = table(title, ["assignment", "standing", "count"], _upright(flat, columns[1:]))
        show({"assignments": rows, "total": whole}, json, drawn)


@app.command()
def rebuild(
    tenant: Annotated[
        str | None, typer.Option("--tenant", help="The tenant's slug or id.", show_default="all tenants")
    ] = None,
    repair: Annotated[bool, typer.Option("--repair", help="Make right what is different.")] = False,
    processes: Processes = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Compare every stored line with a fresh computation from the facts. Exit code 1 when a difference stays."""
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        asyncio.run(bring_up(urls))
        with _progress() as bar:

            async def work(ledger: Ledger) -> list[dict[str, Any]]:
                owners = [await ledger.tenants.find(tenant)] if tenant else await ledger.tenants.list()
                rows = []
                for owner in owners:
                    task = bar.add_task(owner.slug, total=None)

                    def progress(done: int, total: int, task: Any = task) -> None:
                        bar.update(task, completed=done, total=total)

                    found: Rebuilt = await ledger.standings.rebuild(
                        owner.id, repairs=repair, processes=processes or os.cpu_count() or 1, progress=progress
                    )
                    rows.append(
                        {
                            "tenant": owner.slug,
                            "lines": found.lines,
                            "differences": found.differences,
                            "repaired": found.repaired,
                        }
                    )
                return rows

            rows = with_ledger(urls, work)
        summed = {name: sum(row[name] for row in rows) for name in ("lines", "differences", "repaired")}
        show({**summed, "tenants": rows}, json, table("Rebuilt", ["tenant", "lines", "differences", "repaired"], rows))
        if summed["differences"] > summed["repaired"]:
            raise typer.Exit(Exit.FAILED)


def _on(data: Path | None, database_url: str | None, tenant: str, work: Callable[[Ledger, Tenant], Awaitable[T]]) -> T:
    with serving.database(settings_of(data, database_url)) as urls:

        async def run(ledger: Ledger) -> T:
            return await work(ledger, await tenant_of(ledger, tenant))

        return with_ledger(urls, run)


def _progress() -> Progress:
    columns = TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn()
    return Progress(*columns, console=console, transient=True)


def _person(text: str) -> Reference:
    return Reference(text, ("ref", "email"), "person", "PERSON")


def _assignment(text: str) -> Reference:
    return Reference(text, (), "assignment", "ASSIGNMENT")


def _day(text: str | None) -> date | None:
    try:
        return None if text is None else date.fromisoformat(text)
    except ValueError as error:
        raise InvalidInput(FieldFault("--on", "format", "must be a day, such as 2025-01-31")) from error


def _moment(text: str | None) -> datetime | None:
    try:
        return None if text is None else parse_when(text, days=False, naive_zone=_UTC).at
    except ValueError as error:
        raise InvalidInput(FieldFault("--known-at", "format", str(error))) from error


def _day_of_year(text: str) -> tuple[int, int]:
    month, _, day = text.partition("-")
    if not (month.isascii() and month.isdigit() and day.isascii() and day.isdigit()):
        raise InvalidInput(FieldFault("--calendar-day", "format", "must be a month and a day, such as 12-31"))
    return int(month), int(day)


def _headline(found: Standing) -> str:
    status = found.step.status.value if found.step else "nothing to say"
    known = f", as known at {format_instant(found.known_at)}" if found.known_at else ""
    return f"{status} on {found.day} ({found.zone}){known}"


def _standing(found: Standing) -> dict[str, Any]:
    step = found.step
    return {
        "person": to_hex24(found.person),
        "assignment": to_hex24(found.assignment),
        "day": found.day.isoformat(),
        "zone": found.zone,
        "computed_at": format_instant(found.computed_at),
        "known_at": found.known_at and format_instant(found.known_at),
        **(_step(step) if step else dict.fromkeys(_STEP_KEYS)),
        "days_left": step.days_left(found.day) if step else None,
        "days_late": step.days_late(found.day) if step else None,
        "missed_cycles": step.missed_on(found.day) if step else None,
    }


_STEP_KEYS = (*_STEP_COLUMNS, "last_completed_on", "started", "satisfied_by", "satisfied_how")


def _step(step: Step) -> dict[str, Any]:
    return {
        "from_on": step.since.isoformat(),
        "until_on": step.until and step.until.isoformat(),
        "status": step.status.value,
        "line": step.line,
        "cycle": step.cycle,
        "opens_on": step.opens_on and step.opens_on.isoformat(),
        "due_on": step.due_on and step.due_on.isoformat(),
        "credit": step.credit.value,
        "credit_ends_on": step.credit_ends_on and step.credit_ends_on.isoformat(),
        "last_completed_on": step.last_completed_on and step.last_completed_on.isoformat(),
        "started": step.started,
        "satisfied_by": _fact(step.satisfied_by),
        "satisfied_how": step.satisfied_how and step.satisfied_how.value,
    }


def _obligation(one: Obligation) -> dict[str, Any]:
    return {
        "line": one.line,
        "cycle": one.cycle,
        "opens_on": one.opens_on.isoformat(),
        "due_on": one.due_on and one.due_on.isoformat(),
        "outcome": one.outcome.value,
        "ended_on": one.ended_on and one.ended_on.isoformat(),
        "satisfied_by": _fact(one.satisfied_by),
        "satisfied_on": one.satisfied_on and one.satisfied_on.isoformat(),
        "is_on_time": one.is_on_time,
        "days_late": one.days_late,
    }


def _fact(fact: Id | int | None) -> str | int | None:
    return fact if fact is None or isinstance(fact, int) else to_hex24(fact)


def _preview(found: Preview) -> dict[str, Any]:
    return {
        "day": found.day.isoformat(),
        "zone": found.zone,
        "computed_at": format_instant(found.computed_at),
        "lines": found.lines,
        "changed": found.changed,
        "opens": found.opens,
        "moves": found.moves,
        "withdraws": found.withdraws,
        "statuses": [
            {"before": before and before.value, "after": after and after.value, "people": people}
            for (before, after), people in sorted(found.statuses.items(), key=str)
        ],
        "changes": [
            {
                "person": to_hex24(one.person),
                "on": one.on.isoformat(),
                "before": one.before.status.value if one.before else None,
                "after": one.after.status.value if one.after else None,
                "due_before": one.before.due_on.isoformat() if one.before and one.before.due_on else None,
                "due_after": one.after.due_on.isoformat() if one.after and one.after.due_on else None,
            }
            for one in found.changes
        ],
    }


def _upright(rows: Sequence[dict[str, Any]], columns: Sequence[str]) -> list[dict[str, Any]]:
    """Each row as a block of lines, one for a column, under what it is of."""
    return [
        {
            "assignment": row["assignment"] if place == 0 else None,
            "standing": column.replace("_", " "),
            "count": row[column],
        }
        for row in rows
        for place, column in enumerate(columns)
    ]


def _counts(one: Counts) -> dict[str, Any]:
    return {
        "assignment": one.assignment and to_hex24(one.assignment),
        "day": one.day.isoformat(),
        "zone": one.zone,
        "computed_at": format_instant(one.computed_at.astimezone(UTC)),
        "known_at": one.known_at and format_instant(one.known_at),
        "statuses": {status.value: one.statuses.get(status, 0) for status in Status},
        "required": one.required,
        "exempt": one.exempt,
        "current_rate": None if one.current_rate is None else round(one.current_rate, 4),
        "on_track_rate": None if one.on_track_rate is None else round(one.on_track_rate, 4),
        "waiting": one.waiting,
    }
