"""Writes the reference pages that are made from the code: settings, commands, operations, personal data.

Run by `make docs`; a test keeps the pages in the tree equal to what this writes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import typer.main

from testamur import config
from testamur.cli.main import app
from testamur.core import personal_data
from testamur.dialects import ALL

REFERENCE = Path(__file__).parent.parent / "docs" / "reference"


def pages() -> dict[str, str]:
    """Every generated page by file name."""
    return {
        "settings.md": _settings(),
        "operations.md": _operations(),
        "commands.md": _commands(),
        "personal-data.md": personal_data.page(),
    }


def main() -> None:
    for name, text in pages().items():
        (REFERENCE / name).write_text(text, "utf-8")


def _settings() -> str:
    return (
        "# Settings\n\nMade by `make docs` from `src/testamur/config.py`. Options of a command win over these.\n\n"
        f"{config.table()}\n"
    )


def _operations() -> str:
    parts = ["# Operations\n\nMade by `make docs` from each dialect's operation table.\n"]
    for dialect in ALL:
        parts.append(
            f"\n## {dialect.title}\n\nBelow `/{dialect.name}`.\n\n| method | path | what it does | answers |\n"
        )
        parts.append("| --- | --- | --- | --- |\n")
        for operation in dialect.operations:
            answers = ", ".join(map(str, operation.answers))
            parts.append(f"| {operation.method} | `{operation.path}` | {operation.summary} | {answers} |\n")
    return "".join(parts)


def _commands() -> str:
    parts = [
        "# Commands\n\nMade by `make docs`. "
        "Every command that touches data takes `--data DIR` or `--database-url URL`.\n"
    ]
    for path, leaf in _leaves("testamur", typer.main.get_command(app)):
        summary = (leaf.help or "").strip()
        options = "\n".join(
            f"| `{'`, `'.join(parameter.opts)}` | {getattr(parameter, 'help', '') or ''} |"
            for parameter in leaf.params
            if parameter.name != "help"
        )
        parts.append(f"\n## `{path}`\n\n{summary}\n\n| option | meaning |\n| --- | --- |\n{options}\n")
    parts.append(
        "\n## Exit codes\n\n0 done, 1 failed, 2 misused, 3 unhealthy (`doctor`), 4 not found, 5 conflict, "
        "6 database unavailable.\n"
    )
    return "".join(parts)


def _leaves(path: str, command: Any) -> list[tuple[str, Any]]:
    children = getattr(command, "commands", None)
    if not children:
        return [(path, command)]
    return [leaf for name, child in children.items() for leaf in _leaves(f"{path} {name}", child)]


if __name__ == "__main__":
    main()
