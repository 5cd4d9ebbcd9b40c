"""`testamur items import` and `testamur skills import`: the catalogue, which no dialect can create, from files."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Annotated, Any

import typer

from testamur import serving
from testamur.cli.catalogue import SKILL_COLUMNS, Row, rows_of, skill_of
from testamur.cli.common import Data, DatabaseUrl, Json, TenantName, caller_of, settings_of, with_ledger
from testamur.cli.imports import progress, write_errors
from testamur.cli.output import Exit, console, explained, show, table
from testamur.core.callers import Caller
from testamur.core.errors import FieldFault, InvalidInput
from testamur.core.ids import to_ulid
from testamur.core.imports import Of, Options, Outcome
from testamur.core.skills import SkillLevel
from testamur.ledger import Ledger
from testamur.storage.migrate import migrate as bring_up

items = typer.Typer(help="Fill the catalogue: what can be learned.", no_args_is_help=True)
skills = typer.Typer(help="Fill in the tags, skills and levels of a tenant.", no_args_is_help=True)

File = Annotated[
    Path,
    typer.Argument(
        help="CSV, NDJSON, Parquet or XLSX, also as gzip or zstd.", exists=True, dir_okay=False, readable=True
    ),
]

_CLIENT = "Catalogue files"
_ROWS_AT_ONCE = 500
_FAULTS_SHOWN = 20


@items.command("import")
def items_import(
    file: File,
    tenant: TenantName,
    refused: Annotated[
        Path | None, typer.Option("--refused", help="Write the refused rows there, with what is wrong, to be mended.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Add the items of FILE to a tenant's catalogue, and bring those that are there up to date.

    This is `testamur import FILE --of items` rehearsed and committed in one step. An item is known by its
    identifiers: `ref`, `iri`, `thrive`, `rise`, `cpod`, `stackone`. Other columns: `title`, `kind` (content, course,
    collection), `format`, `description`, `provider`, `language`, `url`, `cover_url`, `duration` (minutes or ISO
    8601), `is_authored`, `requires_quiz`, `is_official`, `author` (a person's reference, email address or id),
    `state` (draft, published, retired), `version`, `retraining_from`, `tags`, `skills` (in CSV separated by `|`),
    `attributes` (a JSON object). What a row does not mention stays: so does an empty cell, while `null` in NDJSON
    clears. The same file again changes nothing. A bad row is named and refused, the others are taken; then the exit
    code is 1.
    """
    settings = settings_of(data, database_url)
    with explained(), serving.database(settings) as urls:
        asyncio.run(bring_up(urls))
        if refused is not None and refused.resolve() == file.resolve():
            raise InvalidInput(FieldFault("--refused", "format", "is the file itself"))

        async def run(ledger: Ledger) -> dict[str, Any]:
            found = await ledger.tenants.find(tenant)
            caller = await caller_of(ledger, found.id, _CLIENT)
            with progress() as told, file.open("rb") as stream:
                options = Options(of=Of.ITEMS)
                batch = await ledger.imports.rehearse(caller, stream, name=file.name, options=options, progress=told)
                batch = await ledger.imports.commit(caller, batch.id, told)
            if refused is not None:
                await write_errors(ledger, found.id, batch, refused)
            faults = [
                {"row": row.number, "field": fault.field, "reason": fault.message}
                async for row in ledger.imports.errors(found.id, batch.id)
                for fault in row.faults
            ]
            counts = {
                "rows": batch.rows,
                "added": batch.outcomes[Outcome.CREATED],
                "updated": batch.outcomes[Outcome.CHANGED] + batch.outcomes[Outcome.DEACTIVATED],
                "unchanged": batch.outcomes[Outcome.UNCHANGED],
                "refused": batch.outcomes[Outcome.REJECTED],
            }
            return {"file": str(file), "batch": to_ulid(batch.id, "import"), **counts, "faults": faults}

        _shown(with_ledger(urls, run, settings), json)


@skills.command("import")
def skills_import(
    file: File,
    tenant: TenantName,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Add the tags, skills and levels of FILE to a tenant.

    A row has either a `tag` or a `skill`, which is its name, or a `level`, which is the level's name, with its
    `value` and `is_enabled`. Names that are there stay, levels of the same value are brought up to date. A bad row is
    named and refused, the others are taken; then the exit code is 1.
    """
    with explained(), serving.database(settings_of(data, database_url)) as urls:
        asyncio.run(bring_up(urls))

        async def run(ledger: Ledger) -> dict[str, Any]:
            found = await ledger.tenants.find(tenant)
            caller = await caller_of(ledger, found.id, _CLIENT)
            counts, faults = await _put_skills(ledger, caller, rows_of(file, SKILL_COLUMNS))
            return {"file": str(file), **counts, "faults": faults}

        _shown(with_ledger(urls, run), json)


async def _put_skills(
    ledger: Ledger, caller: Caller, rows: Iterator[Row]
) -> tuple[dict[str, int], list[dict[str, Any]]]:
    before = {level.value: level for level in await ledger.skills.levels(caller.tenant)}
    levels: dict[int, SkillLevel] = {}
    counts = dict.fromkeys(("rows", "added", "updated", "unchanged", "refused"), 0)
    faults: list[dict[str, Any]] = []

    while part := list(islice(rows, _ROWS_AT_ONCE)):
        names: list[str] = []
        for row in part:
            counts["rows"] += 1
            try:
                if row.fault is not None:
                    raise InvalidInput(row.fault)
                told = skill_of(row.values)
                if isinstance(told, str):
                    names.append(told)
                elif levels.setdefault(told.value, told) is not told:
                    raise InvalidInput(FieldFault("value", "duplicate", "this level was told of before"))
            except InvalidInput as error:
                counts["refused"] += 1
                fault = error.faults[0]
                faults.append({"row": row.number, "field": fault.field, "reason": fault.message})
        new = await ledger.skills.add(caller, names)
        counts["added"] += new
        counts["unchanged"] += len(names) - new
    await ledger.skills.put_levels(caller, list(levels.values()))
    for value, level in levels.items():
        counts["added"] += value not in before
        counts["updated"] += value in before and before[value] != level
        counts["unchanged"] += before.get(value) == level
    return counts, faults


def _shown(document: dict[str, Any], json: bool) -> None:
    counts = {name: document[name] for name in ("rows", "added", "updated", "unchanged", "refused")}
    show(document, json, table("Imported", list(counts), [counts]))
    faults = document["faults"]
    for fault in faults[:_FAULTS_SHOWN]:
        named = f"{fault['field']}: " if fault["field"] else ""
        console.print(f"row {fault['row']}: {named}{fault['reason']}", markup=False, soft_wrap=True)
    if len(faults) > _FAULTS_SHOWN:
        console.print(f"… and {len(faults) - _FAULTS_SHOWN} more; --json names them all")
    if counts["refused"]:
        raise typer.Exit(Exit.FAILED)
