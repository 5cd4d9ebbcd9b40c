"""`testamur standing`, on a real database."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from typer.testing import CliRunner

from testamur.cli.main import app
from testamur.core.assignments import Assignment, NewAssignment
from testamur.core.ids import to_hex24
from testamur.core.people import Reference
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub

Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(urls: DatabaseUrls, hub: Hub) -> Run:
    """Runs a command and returns its JSON document with its exit code."""

    def run(*words: str) -> dict[str, Any]:
        given = ["standing", *words, "--tenant", hub.tenant.slug, "--database-url", urls.owner, "--json"]
        result = CliRunner().invoke(app, given)
        document = json.loads(result.stdout) if result.stdout else {"error": result.stderr}
        return {"exit": result.exit_code, **document}

    return run


@pytest.fixture
def made(hub: Hub) -> Assignment:
    new = NewAssignment(
        audience=Reference("site-staff", (), "audience"), primary=Reference("FIRE-101", ("ref",), "item")
    )
    return hub.do(hub.ledger.assignments.add(hub.caller, new))


def test_show_tells_where_a_person_stands(hub: Hub, run: Run, made: Assignment) -> None:
    (one,) = run("show", "00123")["standings"]
    assert (one["assignment"], one["status"], one["cycle"]) == (to_hex24(made.id), "not_started", 1)
    assert (one["days_left"], one["days_late"], one["credit"]) == (30, 0, "never")
    assert run("show", "00123", "--on", "2020-01-01")["standings"] == []
    (late,) = run("show", "Ada@example.com", "--on", "2199-01-01")["standings"]
    assert late["status"] == "overdue"
    assert run("show", "00123", "--known-at", "2020-01-01T00:00:00Z")["standings"] == []


def test_why_names_rules_steps_and_obligations(hub: Hub, run: Run, made: Assignment) -> None:
    told = run("why", "00123", to_hex24(made.id))
    assert told["status"] == "not_started"
    assert told["because"]
    assert all(one["rule"] and one["text"] for one in told["because"])
    assert [one["status"] for one in told["steps"]] == ["not_started", "overdue"]
    assert [(one["cycle"], one["outcome"]) for one in told["obligations"]] == [(1, "open")]


def test_preview_writes_nothing(hub: Hub, run: Run, made: Assignment) -> None:
    told = run("preview", to_hex24(made.id), "--period", "60")
    assert (told["exit"], told["lines"], told["changed"], told["moves"]) == (0, 1, 1, 1)
    assert hub.do(hub.ledger.assignments.get(hub.tenant.id, Reference(to_hex24(made.id), ()))) == made
    assert run("preview", to_hex24(made.id), "--window", "-1")["exit"] == 2


def test_counts_name_day_zone_and_instant(run: Run, made: Assignment) -> None:
    told = run("counts")
    (one,) = told["assignments"]
    assert (one["statuses"]["not_started"], one["required"], one["current_rate"]) == (1, 1, 0.0)
    assert (told["total"]["zone"], told["total"]["on_track_rate"]) == ("Europe/London", 1.0)
    assert one["day"]
    assert one["computed_at"]


def test_counts_are_told_as_they_were_known(hub: Hub, run: Run, made: Assignment) -> None:
    before = run("counts")["total"]
    early = run("counts", "--known-at", "2020-01-01T00:00:00Z")
    assert (early["assignments"], early["total"]["day"], early["total"]["required"]) == ([], "2020-01-01", 0)
    told = run("counts", "--known-at", "2199-01-01T00:00:00Z", "--on", before["day"], "--audience", "site-staff")
    assert told["total"] == before | {
        "computed_at": told["total"]["computed_at"],
        "known_at": "2199-01-01T00:00:00.000Z",
    }
    assert [one["assignment"] for one in told["assignments"]] == [to_hex24(made.id)]
    assert run("counts", "--known-at", "then")["exit"] == 2


def test_rebuild_finds_no_difference(run: Run, made: Assignment) -> None:
    told = run("rebuild")
    assert (told["exit"], told["lines"], told["differences"], told["repaired"]) == (0, 1, 0, 0)


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("show", "nobody"), 4),
        (("why", "00123", "ffffffffffffffffffffffff"), 4),
        (("why", "00123", "not an id"), 4),
        (("show", "00123", "--on", "31/01/2025"), 2),
        (("show", "00123", "--known-at", "yesterday"), 2),
        (("counts", "--audience", "nothing"), 4),
    ],
)
def test_what_cannot_be_is_explained(run: Run, words: tuple[str, ...], code: int) -> None:
    told = run(*words)
    assert told["exit"] == code
    assert "error" in told


def test_people_get_tables(hub: Hub, urls: DatabaseUrls, made: Assignment) -> None:
    end = ["--tenant", hub.tenant.slug, "--database-url", urls.owner]
    for words in (["show", "00123"], ["why", "00123", to_hex24(made.id)], ["counts"], ["rebuild"]):
        result = CliRunner().invoke(app, ["standing", *words, *end])
        assert result.exit_code == 0, result.output
        assert result.stdout.strip()


@pytest.mark.parametrize("width", ["60", "80", "200"])
def test_why_folds_no_day_however_narrow_the_terminal_is(
    hub: Hub, run: Run, urls: DatabaseUrls, made: Assignment, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    words = ["why", "00123", to_hex24(made.id)]
    printed = CliRunner().invoke(app, ["standing", *words, "--tenant", hub.tenant.slug, "--database-url", urls.owner])
    days = [step[name] for step in run(*words)["steps"] for name in ("from_on", "due_on")]
    assert days
    assert all(day in printed.stdout for day in days)
    assert max(len(line) for line in printed.stdout.splitlines()) <= int(width)


@pytest.mark.parametrize("width", ["60", "80", "200"])
def test_counts_fold_no_id_however_narrow_the_terminal_is(
    hub: Hub, urls: DatabaseUrls, made: Assignment, monkeypatch: pytest.MonkeyPatch, width: str
) -> None:
    monkeypatch.setenv("COLUMNS", width)
    end = ["--tenant", hub.tenant.slug, "--database-url", urls.owner]
    printed = CliRunner().invoke(app, ["standing", "counts", *end]).stdout
    assert to_hex24(made.id) in printed
    assert "not started" in printed
    assert max(len(line) for line in printed.splitlines()) <= int(width)
