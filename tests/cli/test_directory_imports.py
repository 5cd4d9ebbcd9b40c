"""`testamur import --of people` and its like, on a real database: confirmed, and killed while it commits."""

from __future__ import annotations

from pathlib import Path

import pytest

from testamur.core.people import Identifier, NewPerson, Reference
from testamur.storage.database import DatabaseUrls
from tests.cli.imports import Import, commit_killed, counted, importing
from tests.hub import Hub
from tests.ledger.tellings import kept
from tests.ledger.test_directory_imports import messy


@pytest.fixture
def run(urls: DatabaseUrls, hub: Hub) -> Import:
    return importing(urls, hub)


def test_people_are_rehearsed_committed_and_confirmed(
    hub: Hub, run: Import, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    new = [NewPerson(identifiers=(Identifier("ref", f"S{number}"),)) for number in range(8)]
    hub.do(hub.ledger.people.add(hub.caller, new))
    file = tmp_path / "people.csv"
    file.write_text("employee_id,given_name\n00123,Adah\nE1,Al\n")
    rehearsed = run(file, "--of", "people", "--whole", "--rehearse")
    assert (counted(rehearsed), rehearsed["of"], rehearsed["absent"]) == ({"created": 1, "changed": 1}, "people", 9)
    assert rehearsed["removals"] == {"number": 9, "present": 10, "share_percent": 90.0, "unnamed": 0}
    refused = run("--commit", rehearsed["batch"])
    assert (refused["exit"], "confirm the number 9" in " ".join(refused["error"].split())) == (5, True)
    assert run("--commit", rehearsed["batch"], "--confirm-removals", "8")["exit"] == 5
    done = run("--commit", rehearsed["batch"], "--confirm-removals", "9")
    assert (counted(done), done["state"]) == (counted(rehearsed), "committed")
    assert run("--undo", rehearsed["batch"])["exit"] == 5
    file.write_text("employee_id\n00123\n")
    monkeypatch.setenv("TESTAMUR_IMPORT_REMOVALS_PERCENT", "100")
    more = "employee_id,active\n" + "".join(f"S{number},yes\n" for number in range(8))
    file.write_text(more)
    run("--commit", run(file, "--of", "people")["batch"])
    file.write_text("employee_id\n00123\n")
    again = run("--commit", run(file, "--of", "people", "--whole")["batch"])
    assert (again["exit"], again["absent"]) == (0, 9)


@pytest.mark.parametrize(
    ("words", "exit"),
    [
        (["FILE", "--of", "unicorns"], 2),
        (["FILE", "--of", "audiences", "--whole"], 2),
        (["FILE", "--whole"], 2),
        (["FILE", "--of", "people", "--confirm-removals", "1"], 2),
        (["--held", "--of", "people"], 2),
    ],
)
def test_words_that_make_no_sense_are_explained(run: Import, tmp_path: Path, words: list[str], exit: int) -> None:
    file = tmp_path / "people.csv"
    file.write_text("employee_id\n00123\n")
    found = run(*(file if word == "FILE" else word for word in words))
    assert (found["exit"], "error" in found) == (exit, True)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_commit_of_people_that_is_killed_goes_on_where_it_was(
    hub: Hub, urls: DatabaseUrls, run: Import, tmp_path: Path
) -> None:
    text, expected = messy(8_000)
    path = tmp_path / "people.csv"
    path.write_text(text)
    rehearsed = run(path, "--of", "people")
    assert counted(rehearsed) == expected
    for _ in range(2):
        commit_killed(urls, hub, rehearsed["batch"], "person")
    done = run("--commit", rehearsed["batch"])
    assert (done["state"], counted(done)) == ("committed", expected)
    entries = kept(urls, hub, "ledger_entry", "number")
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    assert sum(entry["kind"] == "person.added" for entry in entries) == 2 + expected["created"]
    boss = hub.do(hub.ledger.people.get(hub.tenant.id, Reference("000100", ("ref",), "person", "person"))).employment
    assert boss is not None
    assert boss.manager_ref == "000011"
