"""`testamur import`: history and the directory from files, rehearsed first and then committed."""

from __future__ import annotations

import asyncio
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryFile
from typing import Annotated, Any, BinaryIO

import typer
from rich.console import Group
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from testamur import serving
from testamur.cli.common import Data, DatabaseUrl, Json, OnlyTenant, caller_of, settings_of, tenant_of, with_ledger
from testamur.cli.output import console, explained, show, table
from testamur.core.errors import FieldFault, InvalidInput, TestamurError
from testamur.core.ids import Id, parse, to_ulid
from testamur.core.imports import Batch, BatchNotFound, BatchState, Of, Options, Outcome, options_of
from testamur.core.people import Reference
from testamur.files import FORMATS
from testamur.http.decode import decode
from testamur.ledger import Ledger
from testamur.ledger.import_errors import ErrorFile
from testamur.memory import calm_garbage_collection
from testamur.storage.migrate import migrate as bring_up

_CLIENT = "Import files"
_OF = [of.value for of in Of]
_HELD_AT_ONCE = 1_000


def import_(
    file: Annotated[
        Path | None,
        typer.Argument(help="CSV, NDJSON, Parquet or XLSX, also as gzip or zstd; - is standard input."),
    ] = None,
    of: Annotated[
        str | None,
        typer.Option("--of", help=f"What the rows tell of: {', '.join(_OF)}.", show_default=Of.COMPLETIONS.value),
    ] = None,
    tenant: OnlyTenant = "",
    rehearse: Annotated[
        bool,
        typer.Option("--rehearse", help="Say what would happen. FILE is always rehearsed, also without this."),
    ] = False,
    commit: Annotated[
        str | None, typer.Option("--commit", metavar="BATCH", help="Write a rehearsed file into the ledger.")
    ] = None,
    confirm_removals: Annotated[
        int | None,
        typer.Option(
            "--confirm-removals", metavar="N", help="With --commit: that so many may go, as the rehearsal counted them."
        ),
    ] = None,
    undo: Annotated[str | None, typer.Option("--undo", metavar="BATCH", help="Take back what a batch wrote.")] = None,
    show_batch: Annotated[str | None, typer.Option("--show", metavar="BATCH", help="Show a batch.")] = None,
    map_: Annotated[
        str | None,
        typer.Option(
            "--map", metavar="OUTSIDE=ITEM", help="What outside learning stands for, each as kind:value or id."
        ),
    ] = None,
    held: Annotated[bool, typer.Option("--held", help="Try held rows again, and show those that wait.")] = False,
    errors: Annotated[
        Path | None, typer.Option("--errors", metavar="OUT", help="Write the rows that are held or rejected there.")
    ] = None,
    mapping: Annotated[
        Path | None, typer.Option("--mapping", help="A JSON file of options: columns, results and all below.")
    ] = None,
    format: Annotated[
        str | None, typer.Option(help=f"One of {', '.join(FORMATS)}.", show_default="by the content")
    ] = None,
    date_form: Annotated[
        str | None, typer.Option(help="Such as DD/MM/YYYY, excel or unix.", show_default="YYYY-MM-DD")
    ] = None,
    zone: Annotated[str | None, typer.Option(help="IANA zone of times that name none.")] = None,
    source: Annotated[str | None, typer.Option(help="Where the rows come from.", show_default="import")] = None,
    person_by: Annotated[
        list[str] | None, typer.Option(help="Kind of identifier by which people are found; may be repeated, in order.")
    ] = None,
    learning_by: Annotated[list[str] | None, typer.Option(help="The same of learning objects.")] = None,
    earliest_year: Annotated[
        int | None, typer.Option(help="An earlier completion is an error.", show_default="1970")
    ] = None,
    delimiter: Annotated[
        str | None, typer.Option(help="comma, semicolon or tab.", show_default="by the header")
    ] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV file.", show_default="UTF-8")] = None,
    sheet: Annotated[str | None, typer.Option(help="Of a workbook.", show_default="the first")] = None,
    all_or_nothing: Annotated[
        bool, typer.Option("--all-or-nothing", help="Refuse the commit when a row is held or rejected.")
    ] = False,
    whole: Annotated[
        bool, typer.Option("--whole", help="There are no other people, items or members than those of FILE.")
    ] = False,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Import training history, one completion a row, or people, items, audiences or memberships.

    FILE is rehearsed, whatever its columns are called: every row's outcome, and of completions what would change in
    who stands where. `--commit BATCH` then writes exactly that, and goes on where it was interrupted. Rows of unknown
    people are held until they come; unknown learning is kept as outside learning until `--map` says what it stands
    for. The file of `--errors` can be mended and sent back. `--undo BATCH` takes completions back.

    Whom a `--whole` file of people does not have is suspended, items are retired and memberships of its audiences
    end; nothing is deleted. More than a set share of them (TESTAMUR_IMPORT_REMOVALS_PERCENT) goes only with
    `--confirm-removals N`.
    """
    with explained():
        asked = [word for word in (file, commit, undo, show_batch, map_, held or None) if word is not None]
        if len(asked) != 1 or (file is None and (rehearse or of or whole)):
            missing = "one of FILE, --commit, --undo, --show, --map and --held"
            raise InvalidInput(FieldFault("", "missing", f"say {missing}"))
        if confirm_removals is not None and commit is None:
            raise InvalidInput(FieldFault("--confirm-removals", "missing", "belongs to --commit"))
        given = {
            "date_form": date_form,
            "zone": zone,
            "source": source,
            "person_kinds": person_by or None,
            "learning_kinds": learning_by or None,
            "earliest_year": earliest_year,
            "delimiter": delimiter,
            "encoding": encoding,
            "sheet": sheet,
            "all_or_nothing": all_or_nothing or None,
            "of": of,
            "whole": whole or None,
        }
        options, settings = _options(mapping, given), settings_of(data, database_url)
        with serving.database(settings) as urls:
            asyncio.run(bring_up(urls))

            async def run(ledger: Ledger) -> tuple[Any, Any, bool]:
                owner = (await tenant_of(ledger, tenant)).id
                with progress() as told:
                    if map_ is not None:
                        moved = await ledger.imports.map(await caller_of(ledger, owner, _CLIENT), *_mapped(map_))
                        return {"moved": moved}, f"{moved} records moved.", False
                    if held:
                        return await _held(ledger, owner)
                    batch = await _batch(ledger, owner, told)
                    if errors is not None:
                        await write_errors(ledger, owner, batch, errors)
                return _document(batch), _tables(batch), batch.state is BatchState.REHEARSED and _is_bad(batch)

            async def _batch(ledger: Ledger, owner: Id, told: Callable[[str, int, int], None]) -> Batch:
                caller = await caller_of(ledger, owner, _CLIENT)
                if commit is not None:
                    return await ledger.imports.commit(caller, _id(commit), told, removals=confirm_removals)
                if undo is not None:
                    return await ledger.imports.undo(caller, _id(undo), told)
                if show_batch is not None:
                    return await ledger.imports.get(owner, _id(show_batch))
                assert file is not None
                with _opened(file) as stream:
                    return await ledger.imports.rehearse(
                        caller, stream, name=file.name, options=options, format=_format(format), progress=told
                    )

            calm_garbage_collection()
            document, tables, is_bad = with_ledger(urls, run, settings)
            show(document, json, tables)
            if is_bad and not json:
                console.print("Some rows are held or rejected: --errors writes them to a file that can be mended.")


async def _held(ledger: Ledger, owner: Id) -> tuple[Any, Any, bool]:
    """Held rows of all batches, after those whose people came were tried again."""
    for batch in await ledger.imports.list(owner, after=None, count=_HELD_AT_ONCE):
        while await ledger.imports.work(owner, batch.id):
            pass
    found: list[dict[str, Any]] = []
    after: tuple[Id, int] | None = None
    while True:
        part = await ledger.imports.held(owner, after=after, count=_HELD_AT_ONCE)
        found += [
            {
                "batch": to_ulid(batch, "import"),
                "file": name,
                "row": row.number,
                "because": "; ".join(fault.message for fault in row.faults),
                "cells": dict(zip(header, row.cells, strict=False)) if isinstance(row.cells, list) else row.cells,
            }
            for batch, name, header, row in part
        ]
        if len(part) < _HELD_AT_ONCE:
            break
        after = part[-1][0], part[-1][3].number
    return {"held": found}, table("Held rows", ["batch", "file", "row", "because"], found), False


async def write_errors(ledger: Ledger, owner: Id, batch: Batch, out: Path) -> None:
    with out.open("wb") as file:
        lines = ErrorFile(batch)
        file.write(lines.head())
        async for row in ledger.imports.errors(owner, batch.id):
            file.write(lines.line(row))


def _document(batch: Batch) -> dict[str, Any]:
    effect = batch.effect
    return {
        "batch": to_ulid(batch.id, "import"),
        "of": batch.of.value,
        "state": batch.state.value,
        "file": batch.name,
        "format": batch.format,
        "sha256": batch.digest,
        "rows": batch.rows,
        "outcomes": {outcome.value: count for outcome, count in batch.outcomes.items()},
        "absent": batch.removals.absent if batch.removals else None,
        "removals": batch.removals
        and {
            "number": batch.removals.number,
            "present": batch.removals.present,
            "share_percent": batch.removals.share_percent,
            "unnamed": batch.removals.unnamed,
        },
        "repeated": batch.repeated,
        "columns": batch.columns,
        "effect": effect
        and {
            "day": effect.day,
            "lines": effect.lines,
            "examined": effect.examined,
            "changes": [
                {"from": was and was.value, "to": will and will.value, "lines": count}
                for (was, will), count in effect.statuses.items()
            ],
        },
    }


def _tables(batch: Batch) -> Any:
    document = _document(batch)
    counts = {"rows": batch.rows, **document["outcomes"]}
    if batch.removals is not None and batch.options.get("whole"):
        counts["absent"] = batch.removals.absent
    drawn = [table(f"Batch {document['batch']}, {batch.state.value}", list(counts), [counts])]
    if document["effect"] and document["effect"]["changes"]:
        drawn.append(table("Standings that would change", ["from", "to", "lines"], document["effect"]["changes"]))
    return Group(*drawn)


def _is_bad(batch: Batch) -> bool:
    return bool(batch.outcomes[Outcome.HELD] or batch.outcomes[Outcome.REJECTED])


def _options(mapping: Path | None, given: dict[str, Any]) -> Options:
    told: Any = {}
    if mapping is not None:
        try:
            told = decode(mapping.read_bytes(), dict[str, Any])
        except (OSError, TestamurError) as error:
            raise InvalidInput(FieldFault("--mapping", "format", str(error))) from error
    return options_of({**told, **{name: value for name, value in given.items() if value is not None}})


def _format(word: str | None) -> str | None:
    if word is not None and word not in FORMATS:
        raise InvalidInput(FieldFault("--format", "format", f"must be one of {', '.join(FORMATS)}"))
    return word


def _id(text: str) -> Id:
    id = parse(text, "import")
    if id is None:
        raise BatchNotFound(f"{text!r} is no batch id")
    return id


def _mapped(text: str) -> tuple[Reference, Reference]:
    """Both sides of OUTSIDE=ITEM; what names no kind is a reference or an id."""
    outside, sign, item = text.rpartition("=")
    if not sign or not outside or not item:
        raise InvalidInput(FieldFault("--map", "format", "must be OUTSIDE=ITEM, such as ref:OLD-101=ref:FIRE-101"))
    return _reference(outside), _reference(item)


def _reference(text: str) -> Reference:
    kind, colon, value = text.partition(":")
    kinds = (kind.strip().lower(),) if colon and kind.isalnum() else ("ref",)
    return Reference(value if colon and kind.isalnum() else text, kinds, "item", "--map", may_be_id=not colon)


@contextmanager
def _opened(file: Path) -> Iterator[BinaryIO]:
    """The file, able to seek; standard input is put aside first."""
    if str(file) != "-":
        with file.open("rb") as stream:
            yield stream
        return
    with TemporaryFile() as spooled:
        while part := sys.stdin.buffer.read(1 << 20):
            spooled.write(part)
        spooled.seek(0)
        yield spooled


@contextmanager
def progress() -> Iterator[Callable[[str, int, int], None]]:
    """Bars with rate and remaining time, on a terminal."""
    rate = TextColumn("{task.fields[rate]}")
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        rate,
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console, disable=not console.is_terminal) as bar:
        tasks: dict[str, Any] = {}

        def told(stage: str, done: int, total: int) -> None:
            if stage not in tasks:
                tasks[stage] = bar.add_task(stage, total=total, rate="")
            speed = bar.tasks[tasks[stage]].speed
            unit = "B/s" if stage == "read" else "/s"
            bar.update(tasks[stage], completed=done, total=total, rate=f"{speed:,.0f} {unit}" if speed else "")

        yield told
