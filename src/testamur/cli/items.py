"""`testamur items import` and `testamur skills import`: the catalogue, which no dialect can create, from files."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import Annotated, Any, BinaryIO, TypeVar

import typer
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TimeElapsedColumn

from testamur import serving
from testamur.cli.catalogue import ITEM_COLUMNS, SKILL_COLUMNS, CatalogueFile, Row, item_of, skill_of
from testamur.cli.common import Data, DatabaseUrl, Json, TenantName, caller_of, settings_of, with_ledger
from testamur.cli.output import Exit, console, explained, show, table
from testamur.core.callers import Caller
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import Id
from testamur.core.items import PutOutcome
from testamur.core.skills import SkillLevel
from testamur.ledger import Ledger
from testamur.storage.migrate import migrate as bring_up

items = typer.Typer(help="Fill the catalogue: what can be learned.", no_args_is_help=True)
skills = typer.Typer(help="Fill in the tags, skills and levels of a tenant.", no_args_is_help=True)

File = Annotated[Path, typer.Argument(help="A CSV or NDJSON file.", exists=True, dir_okay=False, readable=True)]
Refused = Annotated[
    Path | None, typer.Option("--refused", help="Write the refused rows there as they stand, to be mended.")
]

_CLIENT = "Catalogue files"
_ROWS_AT_ONCE = 500
_FAULTS_SHOWN = 20

T = TypeVar("T")


@items.command("import")
def items_import(
    file: File,
    tenant: TenantName,
    refused: Refused = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Add the items of FILE to a tenant's catalogue, and bring those that are there up to date.

    An item is known by its identifiers: `ref`, `iri`, `thrive`, `rise`, `cpod`, `stackone`. Other columns: `title`,
    `kind` (content, course, collection), `format`, `description`, `provider`, `language`, `url`, `cover_url`,
    `duration` (minutes or ISO 8601), `is_authored`, `requires_quiz`, `is_official`, `author` (a person's reference,
    email address or id), `state` (draft, published, retired), `version`, `retraining_from`, `tags`, `skills` (in CSV
    separated by `|`), `attributes` (a JSON object). What a row does not mention stays: so does an empty cell, while
    `null` in NDJSON clears. The same file again changes nothing. A bad row is named and refused, the others are
    taken; then the exit code is 1.
    """
    _import(file, tenant, refused, data, database_url, json, ITEM_COLUMNS, _put_items)


@skills.command("import")
def skills_import(
    file: File,
    tenant: TenantName,
    refused: Refused = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Add the tags, skills and levels of FILE to a tenant.

    A row has either a `tag` or a `skill`, which is its name, or a `level`, which is the level's name, with its
    `value` and `is_enabled`. Names that are there stay, levels of the same value are brought up to date. A bad row is
    named and refused, the others are taken; then the exit code is 1.
    """
    _import(file, tenant, refused, data, database_url, json, SKILL_COLUMNS, _put_skills)


@dataclass(slots=True)
class _Outcome:
    """What became of a file's rows."""

    rows: int = 0
    added: int = 0
    updated: int = 0
    unchanged: int = 0
    refused: int = 0
    faults: list[dict[str, Any]] = field(default_factory=list)
    out: BinaryIO | None = None

    def refuse(self, row: Row, fault: FieldFault) -> None:
        self.refused += 1
        self.faults.append({"line": row.line, "field": fault.field, "reason": fault.message})
        if self.out is not None:
            self.out.write(row.raw if row.raw.endswith(b"\n") else row.raw + b"\n")

    def read(self, rows: Sequence[Row], parse: Callable[[Any], T]) -> list[tuple[Row, T]]:
        """The rows that can be understood; the others are refused."""
        parsed: list[tuple[Row, T]] = []
        for row in rows:
            self.rows += 1
            try:
                if row.fault is not None:
                    raise InvalidInput(row.fault)
                parsed.append((row, parse(row.values)))
            except InvalidInput as error:
                self.refuse(row, error.faults[0])
        return parsed

    def counts(self) -> dict[str, int]:
        return {
            "rows": self.rows,
            "added": self.added,
            "updated": self.updated,
            "unchanged": self.unchanged,
            "refused": self.refused,
        }


async def _put_items(ledger: Ledger, caller: Caller, slices: Iterator[list[Row]], outcome: _Outcome) -> None:
    seen: set[Id] = set()
    for rows in slices:
        parsed = outcome.read(rows, item_of)
        answers = await ledger.items.put(caller, [told for _, told in parsed], seen=seen)
        for (row, _), answer in zip(parsed, answers, strict=True):
            outcome.added += answer.outcome is PutOutcome.ADDED
            outcome.updated += answer.outcome is PutOutcome.UPDATED
            outcome.unchanged += answer.outcome is PutOutcome.UNCHANGED
            if answer.fault is not None:
                outcome.refuse(row, answer.fault)


async def _put_skills(ledger: Ledger, caller: Caller, slices: Iterator[list[Row]], outcome: _Outcome) -> None:
    before = {level.value: level for level in await ledger.skills.levels(caller.tenant)}
    levels: dict[int, SkillLevel] = {}
    for rows in slices:
        names: list[str] = []
        for row, told in outcome.read(rows, skill_of):
            if isinstance(told, str):
                names.append(told)
            elif told.value in levels:
                outcome.refuse(row, FieldFault("value", "duplicate", "this level was told of before"))
            else:
                levels[told.value] = told
        new = await ledger.skills.add(caller, names)
        outcome.added += new
        outcome.unchanged += len(names) - new
    await ledger.skills.put_levels(caller, list(levels.values()))
    for value, level in levels.items():
        outcome.added += value not in before
        outcome.updated += value in before and before[value] != level
        outcome.unchanged += before.get(value) == level


def _import(
    file: Path,
    tenant: str,
    refused: Path | None,
    data: Path | None,
    database_url: str | None,
    json: bool,
    columns: Sequence[str],
    put: Callable[[Ledger, Caller, Iterator[list[Row]], _Outcome], Any],
) -> None:
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        asyncio.run(bring_up(urls))
        if refused is not None and refused.resolve() == file.resolve():
            raise InvalidInput(FieldFault("--refused", "format", "is the file itself"))
        outcome = _Outcome()

        async def run(ledger: Ledger) -> None:
            found = await ledger.tenants.find(tenant)
            source = CatalogueFile(file, columns)
            with _written(refused) as outcome.out, _progress(source) as rows:
                # The caller is made only when there is a row to write.
                first = next(rows, None)
                if first is None:
                    return
                if outcome.out is not None:
                    outcome.out.write(source.header)
                await put(ledger, await caller_of(ledger, found.id, _CLIENT), _chain(first, rows), outcome)

        with_ledger(urls, run)
        document = {"file": str(file), **outcome.counts(), "faults": outcome.faults}
        show(document, json, table("Imported", list(outcome.counts()), [outcome.counts()]))
        for fault in outcome.faults[:_FAULTS_SHOWN]:
            named = f"{fault['field']}: " if fault["field"] else ""
            console.print(f"line {fault['line']}: {named}{fault['reason']}", markup=False, soft_wrap=True)
        if len(outcome.faults) > _FAULTS_SHOWN:
            console.print(f"… and {len(outcome.faults) - _FAULTS_SHOWN} more; --json names them all")
        if outcome.refused:
            raise typer.Exit(Exit.FAILED)


def _chain(first: list[Row], rest: Iterator[list[Row]]) -> Iterator[list[Row]]:
    yield first
    yield from rest


@contextmanager
def _written(path: Path | None) -> Iterator[BinaryIO | None]:
    if path is None:
        yield None
        return
    with path.open("wb") as file:
        yield file


@contextmanager
def _progress(source: CatalogueFile) -> Iterator[Iterator[list[Row]]]:
    """The file's rows in slices, with a bar on a terminal."""
    columns = (TextColumn("{task.description}"), BarColumn(), DownloadColumn(), TimeElapsedColumn())
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        task = bar.add_task("rows", total=source.size_bytes)

        def slices() -> Iterator[list[Row]]:
            rows = source.rows()
            while part := list(islice(rows, _ROWS_AT_ONCE)):
                yield part
                bar.update(task, completed=source.done_bytes)

        yield slices()
