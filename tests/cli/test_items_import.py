"""`testamur items import` and `testamur skills import`, on a real database."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from testamur.cli.main import app
from testamur.core.items import Item
from testamur.core.people import Reference
from testamur.core.skills import SkillLevel
from testamur.files.tables import LINE_MAX_BYTES
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.tellings import kept

Import = Callable[..., dict[str, Any]]

CSV = """ref,title,kind,format,duration,is_official,author,state,version,tags,skills,attributes
FIRE-101,"Fire safety, renewed",,,45,yes,00123,,2,Safety|Fire,Firefighting,
WIRE-1,"Wiring
a plug",course,Video,PT1H30M,no,ada@example.com,published,,Electrics,,"{""level"": 3}"
DRAFT-1,Not yet,content,,,,,draft,,,,
"""


@pytest.fixture
def run(urls: DatabaseUrls, hub: Hub, tmp_path: Path) -> Import:
    """Imports text as a file, and returns the command's JSON document with its exit code."""

    def run(text: str | bytes, *options: str, command: str = "items", name: str = "file.csv") -> dict[str, Any]:
        file = tmp_path / name
        file.write_bytes(text if isinstance(text, bytes) else text.encode())
        words = [command, "import", str(file), "--tenant", hub.tenant.slug, "--database-url", urls.owner, "--json"]
        result = CliRunner().invoke(app, [*words, *options])
        document = json.loads(result.stdout) if result.stdout else {"error": result.stderr}
        return {"exit": result.exit_code, **document}

    return run


def counts(document: dict[str, Any]) -> tuple[int, ...]:
    return tuple(document[name] for name in ("exit", "rows", "added", "updated", "unchanged", "refused"))


def item(hub: Hub, ref: str) -> Item:
    return hub.do(hub.ledger.items.get(hub.tenant.id, Reference(ref, ("ref",), "item")))


def test_a_csv_file_adds_and_updates_items(hub: Hub, run: Import) -> None:
    assert counts(run(CSV)) == (0, 3, 2, 1, 0, 0)
    fire, wire, draft = item(hub, "FIRE-101"), item(hub, "WIRE-1"), item(hub, "DRAFT-1")
    assert (fire.id, fire.title, fire.kind.value, fire.format) == (hub.item, "Fire safety, renewed", "course", "rise")
    assert (fire.duration, fire.is_official, fire.author, fire.version) == ("PT45M", True, hub.person, 2)
    assert (fire.tags, fire.skills) == (("Fire", "Safety"), ("Firefighting",))
    assert (wire.title, wire.format, wire.duration) == ("Wiring\na plug", "video", "PT1H30M")
    assert (wire.author, wire.attributes, wire.version) == (hub.person, {"level": 3}, 1)
    assert (draft.version, draft.draft) == (None, 1)


def test_the_same_file_twice_changes_nothing(urls: DatabaseUrls, hub: Hub, run: Import) -> None:
    run(CSV)
    tables = ("item", "item_version", "item_tag", "tag", "client")
    before = {table: kept(urls, hub, table, "1, 2") for table in tables}
    entries = kept(urls, hub, "ledger_entry", "number")
    assert counts(run(CSV)) == (0, 3, 0, 0, 3, 0)
    assert {table: kept(urls, hub, table, "1, 2") for table in tables} == before
    new = kept(urls, hub, "ledger_entry", "number")[len(entries) :]
    assert [entry["kind"] for entry in new] == ["import.rehearsed", "import.committing", "import.committed"]


def test_the_same_items_as_ndjson(hub: Hub, run: Import) -> None:
    run(CSV)
    rows = [
        {"ref": "FIRE-101", "description": "New", "duration": None, "tags": ["Fire"]},
        {"ref": ["WIRE-1", "WIRE-OLD"], "attributes": {}, "is_official": True, "version": 2},
        {"iri": "https://example.com/new", "title": "Über"},
    ]
    text = "\n\n".join(json.dumps(row) for row in rows)
    assert counts(run(text, name="items.ndjson")) == (0, 3, 1, 2, 0, 0)
    fire, wire = item(hub, "FIRE-101"), item(hub, "WIRE-OLD")
    assert (fire.description, fire.duration, fire.tags, fire.author) == ("New", None, ("Fire",), hub.person)
    assert (wire.attributes, wire.is_official, wire.version) == ({}, True, 2)
    assert counts(run(text, name="items.ndjson")) == (0, 3, 0, 0, 3, 0)


def test_bad_rows_are_named_and_kept_and_the_others_taken(hub: Hub, run: Import, tmp_path: Path) -> None:
    lines = [
        "ref;title;kind;duration;version;is_official;author",
        "A;Good;;;;;",
        ";Nameless;;;;;",
        "B;;;;;;",
        "C;C;song;;;;",
        "D;D;;soon;;;",
        "E;E;;;0;;",
        "F;F;;;;maybe;",
        "G;G;;;;;nobody",
        "H;H;too few",
        "",
        "A;Twice;;;;;",
        'I;"open;;;;;',
    ]
    refused = tmp_path / "refused.csv"
    document = run("\r\n".join(lines), "--refused", str(refused))
    assert counts(document) == (1, 11, 1, 0, 0, 10)
    assert sorted((fault["row"], fault["field"]) for fault in document["faults"]) == [
        (2, ""),
        (3, "title"),
        (4, "kind"),
        (5, "duration"),
        (6, "version"),
        (7, "is_official"),
        (8, "author"),
        (9, ""),
        (10, "ref"),
        (11, ""),
    ]
    assert all(fault["reason"] for fault in document["faults"])
    assert item(hub, "A").title == "Good"
    head, *kept_rows = refused.read_text().splitlines()
    assert head.split(",") == [*lines[0].split(";"), "_row", "_outcome", "_error"]
    assert len(kept_rows) == 10
    assert counts(run(refused.read_text().replace("song", "course")))[2] == 1


def test_what_is_no_text_refuses_the_file(hub: Hub, run: Import) -> None:
    document = run(b"\xef\xbb\xbfref,title\nA,Gr\xfcn\nC,Fine\n")
    assert (document["exit"], "utf-8" in document["error"]) == (2, True)
    assert counts(run("\ufeffref,title\nB,Nu\0l\nC,Fine\n"))[:3] == (1, 2, 1)
    assert item(hub, "C").title == "Fine"


@pytest.mark.parametrize(
    ("row", "field"),
    [
        ('{"ref": "A"', ""),
        ("[1]", ""),
        ('{"ref": "A", "ref": "B", "title": "x"}', "ref"),
        ('{"ref": "A", "titel": "x"}', "titel"),
        ('{"ref": {}, "title": "x"}', "ref"),
        ('{"ref": "A", "title": [7]}', "title"),
        ('{"ref": "A", "title": "x\\u0000"}', ""),
        ('{"ref": "A", "title": null}', "title"),
        ('{"ref": "A", "title": "x", "tags": "one|' + "y" * 300 + '"}', "tags[1]"),
        ('{"ref": "A", "title": "x", "tags": [1]}', "tags"),
        ('{"ref": "A", "title": "x", "tags": {}}', "tags"),
        ('{"ref": "A", "title": "x", "version": 1.5}', "version"),
        ('{"ref": "A", "title": "x", "version": true}', "version"),
        ('{"ref": "A", "title": "x", "version": 99999999999}', "version"),
        ('{"ref": "A", "title": "x", "retraining_from": "soon"}', "retraining_from"),
        ('{"ref": "A", "title": "x", "state": "gone"}', "state"),
        ('{"ref": "A", "title": "x", "is_official": 2}', "is_official"),
        ('{"ref": "A", "title": "x", "attributes": []}', "attributes"),
        ('{"ref": "A", "title": "x", "attributes": "{\\"a\\": \\"\\\\u0000\\"}"}', "attributes"),
        ('{"ref": "' + "r" * 501 + '", "title": "x"}', "ref"),
        ('{"ref": "A", "title": "' + "t" * 501 + '"}', "title"),
        ('{"ref": "A", "title": "x", "description": "' + "t" * 70_000 + '"}', "description"),
        ('{"ref": "A", "title": "\\ud800"}', ""),
    ],
)
def test_a_bad_value_is_refused_and_named(urls: DatabaseUrls, hub: Hub, run: Import, row: str, field: str) -> None:
    before = kept(urls, hub, "item", "id")
    document = run("{}\n" + row + "\n")
    assert counts(document) == (1, 2, 0, 0, 0, 2)
    assert [(fault["row"], fault["field"]) for fault in document["faults"]] == [(1, ""), (2, field)]
    assert kept(urls, hub, "item", "id") == before


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("ref,titel\nA,x\n", "titel"),
        ("ref,ref\nA,x\n", "twice"),
        ("ref,\nA,x\n", "no name"),
        ("", "empty"),
        ("ref,title\nA," + "x" * LINE_MAX_BYTES + "\n", "line 2"),
    ],
)
def test_a_file_that_makes_no_sense_is_refused_whole(hub: Hub, run: Import, text: str, reason: str) -> None:
    document = run(text)
    assert document["exit"] == 2
    assert reason in document["error"]


def test_an_unknown_tenant_and_an_unknown_file_are_said(urls: DatabaseUrls, run: Import, tmp_path: Path) -> None:
    assert run(CSV, "--tenant", "nobody-here")["exit"] == 4
    words = ["items", "import", str(tmp_path / "missing.csv"), "--tenant", "x", "--database-url", urls.owner]
    assert CliRunner().invoke(app, words).exit_code == 2


def test_the_refused_rows_cannot_replace_the_file(run: Import, tmp_path: Path) -> None:
    assert run(CSV, "--refused", str(tmp_path / "file.csv"))["exit"] == 2
    assert (tmp_path / "file.csv").read_text() == CSV


def test_people_read_a_table_and_the_first_faults(urls: DatabaseUrls, hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "items.csv"
    file.write_text("ref,title\n" + "A-1,\n" * 30 + "B,[b]Good[/b]\n")
    words = ["items", "import", str(file), "--tenant", hub.tenant.slug, "--database-url", urls.owner]
    result = CliRunner().invoke(app, words)
    assert result.exit_code == 1
    assert "Imported" in result.stdout
    assert "row 1: title: may not be empty" in result.stderr
    assert "10 more" in result.stderr


def test_a_file_of_many_rows_goes_in_slices(hub: Hub, run: Import) -> None:
    text = "ref,title,tags\n" + "".join(f"M-{number},Item {number},Many\n" for number in range(1_200))
    assert counts(run(text)) == (0, 1_200, 1_200, 0, 0, 0)
    assert counts(run(text)) == (0, 1_200, 0, 0, 1_200, 0)
    assert counts(run(text + "M-1,Other,\n")) == (1, 1_201, 0, 0, 1_200, 1)


def test_tags_skills_and_levels_come_from_a_file(hub: Hub, run: Import) -> None:
    text = (
        "tag,skill,level,value,is_enabled\nSafety,,,,\n,Welding,,,\n,,Novice,1024,\n,,Expert,4096,no\n,,Odd,,\nX,Y,,,\n"
    )
    assert counts(run(text, command="skills")) == (1, 6, 4, 0, 0, 2)
    assert counts(run(text, command="skills")) == (1, 6, 0, 0, 4, 2)
    total, tags = hub.do(hub.ledger.skills.page(hub.tenant.id, updated_since=None, count=10, skip=0))
    assert (total, [tag.name for tag in tags]) == (2, ["Safety", "Welding"])
    levels = hub.do(hub.ledger.skills.levels(hub.tenant.id))
    assert levels == [SkillLevel(1024, "Novice"), SkillLevel(4096, "Expert", is_enabled=False)]
    changed = '{"level": "Beginner", "value": 1024}\n{"level": "Again", "value": 1024}\n{"skill": "welding"}\n'
    assert counts(run(changed, command="skills", name="skills.ndjson")) == (1, 3, 0, 1, 1, 1)
    assert hub.do(hub.ledger.skills.levels(hub.tenant.id))[0].name == "Beginner"
