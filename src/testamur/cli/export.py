"""`testamur export`: what leaves the ledger as files."""

from __future__ import annotations

import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from enum import Enum
from pathlib import Path
from tempfile import NamedTemporaryFile
from typing import IO, TYPE_CHECKING, Annotated

import typer
from rich.progress import Progress, TextColumn, TimeElapsedColumn

from testamur import serving
from testamur.cli.common import Data, DatabaseUrl, Json, OnlyTenant, caller_of, settings_of, tenant_of, with_ledger
from testamur.cli.output import console, explained, show
from testamur.core.errors import TestamurError
from testamur.core.people import Reference
from testamur.dialects.api.translate import transcripts
from testamur.dialects.api.translate.dossiers import as_json
from testamur.exporting.choices import Compression, Format
from testamur.ledger import Ledger
from testamur.ledger.exports import Exported

if TYPE_CHECKING:
    from testamur.exporting.run import Ran

app = typer.Typer(help="Files for others: transcripts, facts, all about a person.", no_args_is_help=True)

_CLIENT = "Operators"
Person = Annotated[str, typer.Argument(help="A person: reference, e-mail address or id.")]
To = Annotated[Path | None, typer.Option("--to", help="The file to write.", show_default="standard output")]


class TranscriptFormat(Enum):
    """Forms of a transcript."""

    JSON = "json"
    CSV = "csv"
    HTML = "html"


@app.command("transcript")
def transcript_(
    person: Person,
    tenant: OnlyTenant = "",
    format: Annotated[TranscriptFormat, typer.Option("--format", help="The form of it.")] = TranscriptFormat.JSON,
    to: To = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write all that stands of what a person has learnt, with a value by which it can be checked later."""
    render = {
        TranscriptFormat.JSON: transcripts.as_json,
        TranscriptFormat.CSV: transcripts.as_csv,
        TranscriptFormat.HTML: transcripts.as_html,
    }[format]
    with explained(), serving.database(settings_of(data, database_url)) as urls:

        async def work(ledger: Ledger) -> None:
            owner = await tenant_of(ledger, tenant)
            with _destination(to) as file:
                async with ledger.transcripts.open(owner.id, reference_of(person)) as transcript:
                    await _write(file, render(transcript))
                    heading = transcript.heading
            console.print(f"{heading.records} records, {heading.completions} of them completed; check value:")
            console.print(heading.check, soft_wrap=True)

        with_ledger(urls, work)


@app.command("facts")
def facts_(
    to: Annotated[Path, typer.Option("--to", help="The folder to write into; one that was begun goes on.")],
    tenant: OnlyTenant = "",
    format: Annotated[Format, typer.Option("--format", help="What the files are.")] = Format.PARQUET,
    compress: Annotated[
        Compression | None, typer.Option("--compress", help="How they are compressed; Parquet always is, by zstd.")
    ] = None,
    after: Annotated[
        int | None, typer.Option("--after", min=0, metavar="SEQ", help="The entry behind which a new export begins.")
    ] = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
    json: Json = False,
) -> None:
    """Write a tenant's facts as files by month of recording, for DuckDB, Spark and others; run again for news."""
    with explained(), serving.database(settings_of(data, database_url)) as urls, _counting() as tell:
        # Every command would load what writes Parquet, and a worker hold it for good.
        from testamur.exporting.run import run

        async def work(ledger: Ledger) -> Ran:
            owner = await tenant_of(ledger, tenant)
            return await run(ledger.exports, owner.id, to, format, compression=compress, after=after, tell=tell)

        ran = with_ledger(urls, work)
    document = {
        "after": ran.after,
        "last": ran.last,
        "files": ran.files,
        **{what.value: rows for what, rows in ran.rows.items()},
    }
    told = " and ".join(f"{rows:,} {what.value}" for what, rows in ran.rows.items())
    show(document, json, f"{told} in {ran.files} files, up to entry {ran.last:,}.")


@app.command("person")
def person_(
    person: Person,
    tenant: OnlyTenant = "",
    to: To = None,
    data: Data = None,
    database_url: DatabaseUrl = None,
) -> None:
    """Write everything that is known about a person as one JSON document; that this was done is kept in the ledger.

    What others told of her is in it in their own words, which may name others: look before handing it out. A form to
    read is her transcript.
    """
    with explained(), serving.database(settings_of(data, database_url)) as urls:

        async def work(ledger: Ledger) -> None:
            caller = await caller_of(ledger, (await tenant_of(ledger, tenant)).id, _CLIENT)
            with _destination(to) as file:
                async with ledger.dossiers.open(caller, reference_of(person)) as dossier:
                    await _write(file, as_json(dossier))

        with_ledger(urls, work)


@contextmanager
def _counting() -> Iterator[Callable[[Ran], None]]:
    """A line on a terminal that says how far it is."""
    columns = TextColumn("{task.description}"), TimeElapsedColumn()
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("Looking")

        def tell(ran: Ran) -> None:
            bar.update(task, description=f"{ran.rows[Exported.FACTS]:,} facts")

        yield tell


def reference_of(text: str) -> Reference:
    """A person as commands name her."""
    return Reference(text, ("ref", "email"), "person", "PERSON")


async def _write(file: IO[bytes], parts: AsyncIterator[bytes]) -> None:
    async for part in parts:
        try:
            file.write(part)
        except OSError as error:
            # Within a transaction an OSError would be taken for one of the connection.
            raise TestamurError(f"The file cannot be written: {error}") from error


@contextmanager
def _destination(to: Path | None) -> Iterator[IO[bytes]]:
    """Standard output, or a file that is there whole or not at all."""
    if to is None:
        yield sys.stdout.buffer
        sys.stdout.buffer.flush()
        return
    with NamedTemporaryFile(dir=to.parent, prefix=f".{to.name}.", delete=False) as file:
        unfinished = Path(file.name)
        try:
            yield file
        except BaseException:
            unfinished.unlink()
            raise
    unfinished.replace(to)
