"""`testamur erase`, `retention` and `hold`, on a real database."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from testamur.cli.main import app
from testamur.core.ids import to_hex24
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Report
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub, moment

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(urls: DatabaseUrls, hub: Hub) -> Run:
    """Runs a command and returns its JSON document with its exit code."""

    def run(*words: str) -> dict[str, Any]:
        given = [*words, "--tenant", hub.tenant.slug, "--database-url", urls.owner, "--json"]
        result = CliRunner().invoke(app, given)
        document = json.loads(result.stdout) if result.stdout else {"error": result.stderr}
        return {"exit": result.exit_code, **document}

    return run


def complete(hub: Hub) -> None:
    new = NewRecord(
        source="tests",
        person=Reference("00123", ("ref",)),
        item=Reference("FIRE-101", ("ref",), "item"),
        completed=When.instant(moment()),
        score_text="A",
    )
    hub.do(hub.ledger.records.record(hub.tenant.id, new, Report("tests", hub.key.client, "POST", "/", "{}")))


def test_a_rehearsal_needs_no_reason_and_changes_nothing(hub: Hub, run: Run) -> None:
    complete(hub)
    told = run("erase", "ada@example.com", "--level", "all", "--rehearse")
    assert (told["exit"], told["rehearsed"], told["erased"]["facts"], told["kept"]) == (0, True, 1, [])
    assert hub.do(hub.ledger.people.get(hub.tenant.id, Reference("00123", ("ref",)))).given_name == "Ada"
    assert run("erase", "00123", "--level", "all")["exit"] == 2, "erasing does"


def test_what_a_rule_keeps_goes_with_a_run_once_it_is_closed(hub: Hub, run: Run) -> None:
    complete(hub)
    rule = run("retention", "set", "--from", "completion", "--years", "90", "--reason", "The law")
    told = run("erase", "00123", "--level", "all", "--reason", "She asked")
    assert [(one["because"], one["id"], one["count"]) for one in told["kept"]] == [("rule", rule["id"], 1)]
    assert (told["completed_at"], told["erased"]["identity"]) == (None, 1)
    assert run("retention", "run")["erased"] == []
    assert run("retention", "close", rule["id"], "--reason", "No law")["closed_because"] == "No law"
    for words in (("--rehearse",), ("--limit", "1")):
        (one,) = run("retention", "run", *words)["erased"]
        assert (one["person"], one["level"], one["facts"]) == (to_hex24(hub.person), "all", 1)
    assert run("retention", "run")["erased"] == []
    assert [one["id"] for one in run("retention", "list", "--all")["rules"]] == [rule["id"]]
    assert run("retention", "list")["rules"] == []


def test_a_hold_is_placed_listed_and_lifted(hub: Hub, run: Run) -> None:
    placed = run("hold", "place", "--person", "00123", "--reason", "A court asks")
    assert placed["person"] == to_hex24(hub.person)
    told = run("erase", "00123", "--level", "detail", "--reason", "x")
    assert [(one["because"], one["id"]) for one in told["kept"]] == [("hold", placed["id"])]
    assert [one["id"] for one in run("hold", "list")["holds"]] == [placed["id"]]
    assert run("hold", "lift", placed["id"], "--reason", "Settled")["lifted_because"] == "Settled"
    assert run("hold", "list")["holds"] == []
    assert len(run("hold", "list", "--all")["holds"]) == 1
    assert run("hold", "lift", placed["id"], "--reason", "Again")["exit"] == 5


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("erase", "nobody", "--level", "all", "--reason", "x"), 4),
        (("erase", "00123", "--level", "some", "--reason", "x"), 2),
        (("hold", "place", "--reason", "x"), 2),
        (("hold", "place", "--item", "nothing", "--reason", "x"), 4),
        (("hold", "lift", "f" * 24, "--reason", "x"), 4),
        (("hold", "lift", "x", "--reason", "x"), 4),
        (("retention", "set", "--from", "completion", "--years", "-1", "--reason", "x"), 2),
        (("retention", "set", "--from", "completion", "--category", "Nothing", "--reason", "x"), 4),
        (("retention", "close", "f" * 24, "--reason", "x"), 4),
    ],
)
def test_what_is_wrong_has_an_exit_code(run: Run, words: tuple[str, ...], code: int) -> None:
    assert run(*words)["exit"] == code


def test_the_how_to_page_is_true(urls: DatabaseUrls, hub: Hub) -> None:
    """Each line as it stands, one after the other; only who Ada is differs from the demo tenant."""
    complete(hub)
    page = (Path(__file__).parents[2] / "docs" / "how-to" / "erase-a-person.md").read_text("utf-8")
    lines = [line for block in re.findall(r"```sh\n(.*?)```", page, re.DOTALL) for line in block.splitlines()]
    hold = ""
    for line in lines:
        words = shlex.split(line.replace("ada.okafor@larkspur.example", "ada@example.com").replace("HOLD", hold))
        assert words[0] == "testamur"
        given = [*words[1:], "--tenant", hub.tenant.slug, "--database-url", urls.owner]
        result = CliRunner().invoke(app, given)
        assert result.exit_code == 0, f"{line}: {result.stderr}"
        if "hold place" in line:
            (hold,) = re.findall(r"[0-9a-f]{24}", result.stdout)
    assert hold


def test_a_list_of_nothing_says_so(urls: DatabaseUrls, hub: Hub) -> None:
    given = ["hold", "list", "--tenant", hub.tenant.slug, "--database-url", urls.owner]
    assert CliRunner().invoke(app, given).stdout == "Legal holds: none\n"
