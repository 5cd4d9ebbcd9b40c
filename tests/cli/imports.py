"""`testamur import` as a shell would run it: what it says, and what is left when it is killed."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from typer.testing import CliRunner

from testamur.cli.main import app
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.tellings import kept
from tests.waiting import eventually

Import = Callable[..., dict[str, Any]]


def importing(urls: DatabaseUrls, hub: Hub) -> Import:
    """Runs the command with these words, and returns its JSON document with its exit code."""

    def run(*words: str | Path, stdin: str | None = None) -> dict[str, Any]:
        result = CliRunner().invoke(app, _words(urls, hub, *words), input=stdin)
        document = json.loads(result.stdout) if result.stdout else {"error": result.stderr}
        return {"exit": result.exit_code, **document}

    return run


def counted(document: dict[str, Any]) -> dict[str, int]:
    """The outcomes that there are, of a command that did well."""
    assert document["exit"] == 0, document
    assert sum(document["outcomes"].values()) == document["rows"]
    return {outcome: count for outcome, count in document["outcomes"].items() if count}


def commit_killed(urls: DatabaseUrls, hub: Hub, batch: str, table: str) -> None:
    """Begin to commit, in a process of its own that is killed once there is more in a table."""
    before = len(kept(urls, hub, table, "1"))
    command = [sys.executable, "-m", "testamur", *_words(urls, hub, "--commit", batch)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        eventually(lambda: len(kept(urls, hub, table, "1")) > before or process.poll() is not None)
        process.kill()


def _words(urls: DatabaseUrls, hub: Hub, *words: str | Path) -> list[str]:
    return ["import", *map(str, words), "--tenant", hub.tenant.slug, "--database-url", urls.owner, "--json"]
