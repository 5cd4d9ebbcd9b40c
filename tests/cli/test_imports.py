"""`testamur import`, on a real database: rehearsed, killed while it commits, and with a hundred thousand rows."""

from __future__ import annotations

import csv
import io
import json
from collections import Counter
from datetime import date, timedelta
from pathlib import Path

import pytest

from testamur.core.people import Identifier, NewPerson
from testamur.storage.database import DatabaseUrls
from tests.cli.imports import Import, commit_killed, counted, importing
from tests.hub import Hub
from tests.ledger.imports import records
from tests.ledger.tellings import kept

HEAD = "employee_id,learning,completed_on\n"
TEXT = f"{HEAD}00123,FIRE-101,2023-05-04\n999,FIRE-101,2023-05-04\n00124,FIRE-101,soon\n"


@pytest.fixture
def run(urls: DatabaseUrls, hub: Hub) -> Import:
    return importing(urls, hub)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    file = tmp_path / "history.csv"
    file.write_text(TEXT)
    return file


def test_a_file_is_rehearsed_committed_and_taken_back(hub: Hub, run: Import, file: Path) -> None:
    rehearsed = run(file, "--rehearse")
    assert counted(rehearsed) == {"created": 1, "held": 1, "rejected": 1}
    assert (rehearsed["state"], rehearsed["effect"]["changes"]) == ("rehearsed", [])
    assert records(hub) == []
    file.write_text("something else")
    committed = run("--commit", rehearsed["batch"])
    assert (committed["state"], counted(committed)) == ("committed", counted(rehearsed))
    assert len(records(hub)) == 1
    assert run("--show", rehearsed["batch"])["state"] == "committed"
    assert run("--undo", rehearsed["batch"])["state"] == "undone"
    assert records(hub) == []
    assert run("--commit", rehearsed["batch"])["exit"] == 5


def test_i6_held_rows_are_shown_and_taken_in(hub: Hub, run: Import, file: Path) -> None:
    batch = run(file, "--rehearse")["batch"]
    run("--commit", batch)
    (held,) = run("--held")["held"]
    assert held == {
        "batch": batch,
        "file": "history.csv",
        "row": 2,
        "because": "nobody is known by '999'",
        "cells": {"employee_id": "999", "learning": "FIRE-101", "completed_on": "2023-05-04"},
    }
    hub.do(hub.ledger.people.add(hub.caller, [NewPerson(identifiers=(Identifier("ref", "999"),))]))
    assert run("--held")["held"] == []
    assert len(records(hub, "999")) == 1


def test_i17_i19_bad_rows_are_written_to_be_mended_and_sent_back(run: Import, file: Path, tmp_path: Path) -> None:
    file.write_text("note,employee_id,learning,completed_on\n=1+1,00123,FIRE-101,soon\n")
    run(file, "--rehearse", "--errors", tmp_path / "errors.csv")
    rows = list(csv.reader(io.StringIO((tmp_path / "errors.csv").read_text())))
    assert rows[0] == ["note", "employee_id", "learning", "completed_on", "_row", "_outcome", "_error"]
    assert rows[1][:6] == ["'=1+1", "00123", "FIRE-101", "soon", "1", "rejected"]
    mended = (tmp_path / "errors.csv").read_text().replace("soon", "2023-05-04")
    assert counted(run("-", "--rehearse", stdin=mended)) == {"created": 1}


def test_outside_learning_is_mapped_by_its_key(hub: Hub, run: Import, file: Path) -> None:
    file.write_text("employee_id,learning,title,completed_on\n00123,OLD-101,Old fire,2023-05-04\n")
    run("--commit", run(file, "--rehearse")["batch"])
    assert run("--map", "OLD-101=ref:FIRE-101")["moved"] == 1
    assert records(hub)[0].item == hub.item
    assert run("--map", "OLD-102=FIRE-101")["exit"] == 4
    assert run("--map", "OLD-102")["exit"] == 2


def test_options_come_from_a_mapping_file_and_words_win(run: Import, file: Path, tmp_path: Path) -> None:
    file.write_text("Wer;Was;Wann\n00123;FIRE-101;04.05.2023\n")
    mapping = tmp_path / "mapping.json"
    columns = {"Wer": "person:ref", "Was": "learning:ref", "Wann": "completed_on"}
    mapping.write_text(json.dumps({"columns": columns, "date_form": "iso"}))
    assert counted(run(file, "--mapping", mapping)) == {"rejected": 1}
    assert counted(run(file, "--mapping", mapping, "--date-form", "DD.MM.YYYY")) == {"created": 1}
    mapping.write_text('{"colour":1}')
    assert run(file, "--mapping", mapping)["exit"] == 2


@pytest.mark.parametrize(
    ("words", "exit"),
    [
        ([], 2),
        (["--commit", "x", "--undo", "x"], 2),
        (["--commit", "nonsense"], 4),
        (["--undo", "imp_00000000000000000000000000"], 4),
        (["missing.csv"], 1),
        (["--rehearse", "--held"], 2),
    ],
)
def test_words_that_make_no_sense_are_explained(run: Import, words: list[str], exit: int) -> None:
    found = run(*words)
    assert (found["exit"], "error" in found) == (exit, True)


def messy(path: Path) -> dict[str, int]:
    """A file of 100,000 rows with known defects, and what must become of them."""
    expected: Counter[str] = Counter()
    lines: list[list[str]] = []
    for number in range(100_000):
        person, item, day = f"M{number % 50:03}", "FIRE-101", f"{1980 + number // 250 % 40}-{1 + number % 12:02}-01"
        # Every row is a completion of its own, but for what is spoilt below.
        clock = f"{number // 3600 % 24:02}:{number // 60 % 60:02}:{number % 60:02}"
        row = [person, item, f"{day}T{clock}Z", "lms", str(number)]
        outcome = "created"
        match number % 40:
            case 3:
                row[0], outcome = f"{row[0]}x", "held"
            case 7:
                row[2], outcome = "31/12/2020", "rejected"
            case 11:
                row[1], outcome = "UNKNOWN", "rejected"
            case 13:
                row[0], outcome = "", "rejected"
            case 17:
                row, outcome = [*lines[-1]], "already_present"
            case 19:
                row[2], outcome = "2999-01-01", "rejected"
            case 23:
                row, outcome = [*row, "one too many"], "rejected"
            case 29:
                row[0] = f" {row[0]} "
            case 31:
                row[2], outcome = "01-02-99", "rejected"
        lines.append(row)
        expected[outcome] += 1
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["Employee ID", "course_number", "Completed At", "source", "recordid"])
        writer.writerows(lines)
    return dict(expected)


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_messy_file_of_a_hundred_thousand_rows_comes_out_as_it_was_made(
    hub: Hub, urls: DatabaseUrls, run: Import, tmp_path: Path
) -> None:
    people = [NewPerson(identifiers=(Identifier("ref", f"M{number:03}"),)) for number in range(50)]
    hub.do(hub.ledger.people.add(hub.caller, people))
    expected = messy(tmp_path / "messy.csv")
    rehearsed = run(tmp_path / "messy.csv", "--rehearse")
    assert expected == {"created": 80_000, "held": 2_500, "rejected": 15_000, "already_present": 2_500}
    assert counted(rehearsed) == expected
    assert counted(run("--commit", rehearsed["batch"])) == expected
    facts, entries = kept(urls, hub, "fact", "entry"), kept(urls, hub, "ledger_entry", "number")
    assert len(facts) == expected["created"]
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    again = counted(run(tmp_path / "messy.csv", "--rehearse"))
    assert again == {"already_present": 82_500, "held": 2_500, "rejected": 15_000}


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_commit_that_is_killed_goes_on_where_it_was(
    hub: Hub, urls: DatabaseUrls, run: Import, tmp_path: Path
) -> None:
    path = tmp_path / "long.csv"
    first = date(1990, 1, 1)
    lines = [f"0012{3 + day % 2},FIRE-101,{first + timedelta(days=day)}\n" for day in range(6_000)]
    path.write_text(HEAD + "".join(lines))
    rehearsed = run(path, "--rehearse")
    for _ in range(2):
        commit_killed(urls, hub, rehearsed["batch"], "fact")
    committed = run("--commit", rehearsed["batch"])
    assert (committed["state"], counted(committed)) == ("committed", counted(rehearsed))
    facts, entries = kept(urls, hub, "fact", "entry"), kept(urls, hub, "ledger_entry", "number")
    assert len(facts) == committed["outcomes"]["created"] == 6_000
    assert [entry["number"] for entry in entries] == list(range(1, len(entries) + 1))
    created = {entry["number"] for entry in entries if entry["kind"] == "record.created"}
    assert {fact["entry"] for fact in facts} == created
