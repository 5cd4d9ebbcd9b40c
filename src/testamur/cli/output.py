"""How commands speak: tables and colours for people, one JSON document for programs, exit codes for scripts."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import IntEnum
from typing import Any, NoReturn

import msgspec
import typer
from rich.console import Console
from rich.measure import Measurement
from rich.table import Table

from testamur.config import BadSetting
from testamur.core.errors import Conflict, DatabaseUnavailable, InvalidInput, NotFound, TestamurError
from testamur.storage.embedded import EmbeddedServerError


class Exit(IntEnum):
    """What a command's exit code says."""

    DONE = 0
    FAILED = 1
    """Something went wrong here; the message says what."""
    MISUSED = 2
    """The words of the command were wrong."""
    UNHEALTHY = 3
    """`doctor` found something that needs doing."""
    NOT_FOUND = 4
    CONFLICT = 5
    UNAVAILABLE = 6
    """The database cannot be reached; trying again may help."""


console = Console(stderr=True, highlight=False)
"""People read standard error; standard output is for what was asked."""


def show(document: Any, as_json: bool, *tables: Table | str) -> None:
    """Print the result: `document` as JSON, or `tables` for people. Nothing else goes to standard output.

    A table that is wider than what it is printed on stands upright: nobody can copy an id that is folded. One without
    rows is a line that says so.
    """
    if as_json:
        sys.stdout.buffer.write(msgspec.json.format(msgspec.json.encode(document, enc_hook=str), indent=2) + b"\n")
        sys.stdout.flush()
        return
    out = Console(highlight=False)
    for table in tables:
        if isinstance(table, Table) and not table.row_count:
            out.print(f"[bold]{table.title}[/]: none")
        elif isinstance(table, Table) and not fits(table):
            out.print(_upright(table))
        else:
            out.print(table)


def table(title: str, columns: Sequence[str], rows: Sequence[Mapping[str, Any]]) -> Table:
    """A table of mappings, a column for each name."""
    drawn = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        drawn.add_column(column.replace("_", " "), overflow="fold")
    for row in rows:
        drawn.add_row(*("" if row[column] is None else str(row[column]) for column in columns))
    return drawn


def fits(drawn: Table) -> bool:
    """Whether standard output is wide enough for a table without folding a cell."""
    out = Console()
    return Measurement.get(out, out.options.update(max_width=10_000), drawn).maximum <= out.width


def _upright(drawn: Table) -> Table:
    """The same with a line for each cell, and a part for each row."""
    turned = Table(title=drawn.title, title_justify="left", title_style="bold", show_header=False)
    turned.add_column()
    turned.add_column(overflow="fold")
    names = [column.header for column in drawn.columns]
    for cells in zip(*(column.cells for column in drawn.columns), strict=True):
        for name, cell in zip(names, cells, strict=True):
            if cell != "":
                turned.add_row(name, cell)
        turned.add_section()
    return turned


@contextmanager
def explained() -> Iterator[None]:
    """Turn what can go wrong into a sentence and an exit code, instead of a traceback."""
    try:
        yield
    except BadSetting as error:
        fail(str(error), Exit.MISUSED)
    except EmbeddedServerError as error:
        fail(str(error), Exit.UNAVAILABLE)
    except InvalidInput as error:
        fail(error.message, Exit.MISUSED)
    except NotFound as error:
        fail(error.message, Exit.NOT_FOUND)
    except Conflict as error:
        fail(error.message, Exit.CONFLICT)
    except DatabaseUnavailable as error:
        fail(f"{error.message} `testamur doctor` looks into it.", Exit.UNAVAILABLE)
    except (TestamurError, OSError) as error:
        fail(str(error), Exit.FAILED)


def fail(message: str, code: Exit) -> NoReturn:
    """End the command with a message on standard error."""
    console.print(f"[bold red]error:[/] {message}", soft_wrap=True)
    raise typer.Exit(code)
