"""`testamur cpd import`: continuing professional development, which no dialect can write, from files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any
from zoneinfo import ZoneInfo

import typer

from testamur import serving
from testamur.cli.catalogue import Row, rows_of
from testamur.cli.common import Data, DatabaseUrl, Json, TenantName, caller_of, settings_of, with_ledger
from testamur.cli.output import Exit, console, explained, show, table
from testamur.core.callers import Caller
from testamur.core.cpd import NewCpdEntry, check_minutes, check_name
from testamur.core.errors import FieldFault, InvalidInput, NotFound, TestamurError
from testamur.core.moments import When, parse_when
from testamur.core.people import Reference
from testamur.ledger import Ledger
from testamur.ledger.cpd import LOGGED_AT_ONCE
from testamur.storage.migrate import migrate as bring_up

app = typer.Typer(help="Fill in continuing professional development.", no_args_is_help=True)

COLUMNS = (
    "record",
    "reference",
    "person",
    "category",
    "activity_type",
    "activity",
    "date",
    "minutes",
    "description",
    "is_verified",
    "audience",
)
_PERSON_KINDS = ("ref", "email", "thrive")
_CLIENT = "CPD files"
_FAULTS_SHOWN = 20
_UTC = ZoneInfo("UTC")


@dataclass(frozen=True, slots=True)
class _Requirement:
    audience: Reference
    minutes: int


@dataclass(frozen=True, slots=True)
class _Category:
    name: str


@dataclass(slots=True)
class _Outcome:
    """What became of a file's rows."""

    rows: int = 0
    categories: int = 0
    entries: int = 0
    known_entries: int = 0
    requirements: int = 0
    refused: int = 0
    faults: list[dict[str, Any]] = field(default_factory=list)

    def refuse(self, row: Row, error: TestamurError) -> None:
        fault = error.faults[0] if isinstance(error, InvalidInput) else FieldFault(error.field or "", "", error.message)
        self.refused += 1
        self.faults.append({"row": row.number, "field": fault.field, "reason": fault.message})

    def counts(self) -> dict[str, Any]:
        return {name: count for name, count in asdict(self).items() if name != "faults"}


@app.command("import")
def cpd_import(
    file: Annotated[
        Path,
        typer.Argument(
            help="CSV, NDJSON, Parquet or XLSX, also as gzip or zstd.", exists=True, dir_okay=False, readable=True
        ),
    ],
    tenant: TenantName,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Add the log entries, categories and requirements of FILE to a tenant.

    The column `record` says what a row is; without it a row is an `entry`: `person` (reference, email address or id),
    `category` (its name), `activity_type`, `activity`, `date` (a date or date-time, UTC unless it says otherwise),
    `minutes`, and if known `description`, `is_verified` and `reference`, the source's own id. A `category` has its name
    in `category`. A `requirement` has an `audience` (reference or id) and `minutes`. The same file again changes
    nothing. A bad row is named and refused, the others are taken; then the exit code is 1.
    """
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        asyncio.run(bring_up(urls))
        outcome = _Outcome()

        async def run(ledger: Ledger) -> None:
            found = await ledger.tenants.find(tenant)
            rows = rows_of(file, COLUMNS)
            caller: Caller | None = None
            while part := list(islice(rows, LOGGED_AT_ONCE)):
                caller = caller or await caller_of(ledger, found.id, _CLIENT)
                await _take(ledger, caller, part, outcome)

        with_ledger(urls, run)
        counts = outcome.counts()
        show({"file": str(file), **counts, "faults": outcome.faults}, json, table("Imported", list(counts), [counts]))
        for fault in outcome.faults[:_FAULTS_SHOWN]:
            named = f"{fault['field']}: " if fault["field"] else ""
            console.print(f"row {fault['row']}: {named}{fault['reason']}", markup=False, soft_wrap=True)
        if len(outcome.faults) > _FAULTS_SHOWN:
            console.print(f"… and {len(outcome.faults) - _FAULTS_SHOWN} more; --json names them all")
        if outcome.refused:
            raise typer.Exit(Exit.FAILED)


async def _take(ledger: Ledger, caller: Caller, rows: list[Row], outcome: _Outcome) -> None:
    told = list(_understood(rows, outcome))
    categories = [what.name for _, what in told if isinstance(what, _Category)]
    outcome.categories += await ledger.cpd.add_categories(caller, categories)
    entries = [(row, what) for row, what in told if isinstance(what, NewCpdEntry)]
    answers = await ledger.cpd.log(caller, [entry for _, entry in entries])
    for (row, _), answer in zip(entries, answers, strict=True):
        if isinstance(answer, TestamurError):
            outcome.refuse(row, answer)
        else:
            outcome.entries += answer.is_new
            outcome.known_entries += not answer.is_new
    for row, what in told:
        if isinstance(what, _Requirement):
            try:
                await ledger.cpd.require(caller, what.audience, what.minutes)
                outcome.requirements += 1
            except NotFound as error:
                outcome.refuse(row, error)


def _understood(rows: list[Row], outcome: _Outcome) -> Iterator[tuple[Row, NewCpdEntry | _Category | _Requirement]]:
    for row in rows:
        outcome.rows += 1
        try:
            if row.fault is not None:
                raise InvalidInput(row.fault)
            yield row, _told(row.values)
        except InvalidInput as error:
            outcome.refuse(row, error)


def _told(values: Mapping[str, Any]) -> NewCpdEntry | _Category | _Requirement:
    """What a row says. Raises InvalidInput naming the column."""
    record = (_text(values, "record") or "entry").lower()
    if record == "category":
        name = _needed(values, "category")
        check_name(name)
        return _Category(name)
    if record == "requirement":
        minutes = _minutes(values)
        check_minutes(minutes, "minutes")
        return _Requirement(Reference(_needed(values, "audience"), (), "audience", "audience"), minutes)
    if record != "entry":
        raise InvalidInput(FieldFault("record", "format", "must be entry, category or requirement"))
    minutes = _minutes(values)
    check_minutes(minutes, "minutes")
    return NewCpdEntry(
        person=Reference(_needed(values, "person"), _PERSON_KINDS, "person", "person"),
        category=_needed(values, "category"),
        activity_type=_needed(values, "activity_type"),
        activity_name=_needed(values, "activity"),
        done=_done(values),
        duration_minutes=minutes,
        description=_text(values, "description"),
        is_verified=_boolean(values),
        reference=_text(values, "reference"),
    )


def _text(values: Mapping[str, Any], column: str) -> str | None:
    value = values.get(column)
    if value is not None and not isinstance(value, str):
        raise InvalidInput(FieldFault(column, "type", "must be text"))
    return (value or "").strip() or None


def _needed(values: Mapping[str, Any], column: str) -> str:
    text = _text(values, column)
    if text is None:
        raise InvalidInput(FieldFault(column, "missing", "is required"))
    return text


def _minutes(values: Mapping[str, Any]) -> int:
    value: Any = values.get("minutes")
    if value is None:
        raise InvalidInput(FieldFault("minutes", "missing", "is required"))
    text = str(value).strip()
    if isinstance(value, bool | float) or not text.isascii() or not text.isdigit() or len(text) > 18:
        raise InvalidInput(FieldFault("minutes", "type", "must be a whole number"))
    return int(text)


def _done(values: Mapping[str, Any]) -> When:
    try:
        return parse_when(_needed(values, "date"), naive_zone=_UTC)
    except ValueError as error:
        raise InvalidInput(FieldFault("date", "format", str(error))) from error


def _boolean(values: Mapping[str, Any]) -> bool:
    words = {"true": True, "yes": True, "1": True, "false": False, "no": False}
    word = str(values.get("is_verified") or "false").strip().lower()
    if word not in words and word != "0":
        raise InvalidInput(FieldFault("is_verified", "type", "must be true or false"))
    return words.get(word, False)
