"""`testamur export`, on a real database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from testamur.cli.main import app
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.core.records import NewRecord, Report
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub, moment

Run = Callable[..., Result]


@pytest.fixture
def run(urls: DatabaseUrls, hub: Hub) -> Run:
    def run(*words: str) -> Result:
        given = ["export", *words, "--tenant", hub.tenant.slug, "--database-url", urls.owner]
        return CliRunner().invoke(app, given)

    return run


def complete(hub: Hub, person: str = "00123") -> None:
    new = NewRecord(
        source="tests",
        person=Reference(person, ("ref",)),
        item=Reference("FIRE-101", ("ref",), "item"),
        completed=When.instant(moment()),
    )
    hub.do(hub.ledger.records.record(hub.tenant.id, new, Report("tests", hub.key.client, "POST", "/", "{}")))


def test_a_transcript_goes_to_standard_output_and_its_check_value_to_people(hub: Hub, run: Run) -> None:
    complete(hub)
    result = run("transcript", "00123")
    assert result.exit_code == 0, result.output
    told = json.loads(result.stdout)
    assert (told["count"], told["person"]["ref"]) == (1, "00123")
    assert told["check"] in result.stderr


@pytest.mark.parametrize(("format", "begins"), [("json", "{"), ("csv", "record,"), ("html", "<!doctype html>")])
def test_a_transcript_goes_to_a_file_in_each_form(hub: Hub, run: Run, tmp_path: Path, format: str, begins: str) -> None:
    complete(hub)
    to = tmp_path / "ada"
    to.write_text("older")
    result = run("transcript", "ada@example.com", "--format", format, "--to", str(to))
    assert (result.exit_code, result.stdout) == (0, "")
    assert to.read_text("utf-8").startswith(begins)
    assert [path.name for path in tmp_path.iterdir()] == ["ada"]


def test_nobody_has_no_transcript_and_leaves_no_file(run: Run, tmp_path: Path) -> None:
    assert run("transcript", "nobody", "--to", str(tmp_path / "x")).exit_code == 4
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_an_error(run: Run, tmp_path: Path) -> None:
    result = run("transcript", "00123", "--to", str(tmp_path / "a" / "b"))
    assert (result.exit_code, "Traceback" in result.output) == (1, False)


def test_facts_go_into_a_folder_and_the_next_run_adds_what_is_new(hub: Hub, run: Run, tmp_path: Path) -> None:
    complete(hub)
    words = ("facts", "--to", str(tmp_path / "out"), "--format", "ndjson", "--compress", "gzip", "--json")
    first = json.loads(run(*words).stdout)
    assert (first["facts"], first["endings"], first["files"]) == (1, 0, 1)
    complete(hub)
    second = json.loads(run(*words).stdout)
    assert (second["after"], second["facts"]) == (first["last"], 1)
    assert len(list((tmp_path / "out").rglob("*.ndjson.gz"))) == 2


def test_a_folder_of_another_form_is_refused(hub: Hub, run: Run, tmp_path: Path) -> None:
    complete(hub)
    assert run("facts", "--to", str(tmp_path)).exit_code == 0
    result = run("facts", "--to", str(tmp_path), "--format", "ndjson")
    assert (result.exit_code, "another tenant or form" in result.stderr) == (2, True)
    assert run("facts", "--to", str(tmp_path), "--after", "0").exit_code == 2


def test_all_about_a_person_is_one_document_and_an_entry_of_operators(hub: Hub, run: Run, tmp_path: Path) -> None:
    complete(hub)
    to = tmp_path / "ada.json"
    result = run("person", "00123", "--to", str(to))
    assert (result.exit_code, result.stdout) == (0, "")
    told = json.loads(to.read_text("utf-8"))
    assert (told["person"]["given_name"], len(told["facts"])) == ("Ada", 1)
    assert told["entries"][-1]["kind"] == "person.exported"
    assert told["entries"][-1]["client"] is not None
    assert to.stat().st_mode & 0o077 == 0
    assert run("person", "nobody").exit_code == 4
