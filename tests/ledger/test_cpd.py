"""Continuing professional development: logging it once, asking for it, and taking it from files."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from typer.testing import CliRunner

from testamur.cli.main import app
from testamur.core.cpd import MINUTES_MAX, NewCpdEntry
from testamur.core.errors import AudienceNotFound, InvalidInput, KeyReused, PersonNotFound, TestamurError
from testamur.core.ids import to_hex24
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.ledger.cpd import LoggedCpd
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.tellings import kept
from tests.storage.databases import as_app

DONE = datetime(2025, 3, 1, 9, tzinfo=UTC)


def entry(person: str = "00123", minutes: int = 30, **rest: Any) -> NewCpdEntry:
    whole: dict[str, Any] = {"category": "Reading", "activity_type": "article", "activity_name": "On ladders"} | rest
    return NewCpdEntry(
        person=Reference(person, ("ref", "email"), "person", "person"),
        done=whole.pop("done", When.instant(DONE)),
        duration_minutes=minutes,
        **whole,
    )


def log(hub: Hub, *new: NewCpdEntry) -> list[LoggedCpd | TestamurError]:
    return hub.do(hub.ledger.cpd.log(hub.caller, new))


def kinds(urls: DatabaseUrls, hub: Hub) -> list[str]:
    return [row["kind"] for row in kept(urls, hub, "ledger_entry") if row["kind"].startswith("cpd_")]


def audience(reference: str = "site-staff") -> Reference:
    return Reference(reference, (), "audience", "audience")


# Logging ----------------------------------------------------------------------------------------------------------


def test_the_same_entry_twice_is_one_entry(urls: DatabaseUrls, hub: Hub) -> None:
    first, again = log(hub, entry(), entry())
    (later,) = log(hub, entry("ADA@example.com"))
    assert isinstance(first, LoggedCpd)
    assert first.is_new
    assert again == later == LoggedCpd(first.id, False), "also by another name of the same person"
    assert kinds(urls, hub) == ["cpd_category.added", "cpd_entry.logged"]
    assert len(kept(urls, hub, "cpd_entry")) == 1


def test_what_somebody_did_who_was_deleted_since_is_logged_and_counted(hub: Hub) -> None:
    """By her id: her names may be somebody else's now."""
    whom = Reference(to_hex24(hub.person), (), "person", "person")
    hub.do(hub.ledger.people.delete(hub.caller, whom))
    (logged,) = log(hub, entry(whom.value))
    assert isinstance(logged, LoggedCpd)
    assert logged.is_new
    end = DONE + timedelta(days=1)
    minutes = hub.ledger.cpd.minutes(hub.tenant.id, done_from=DONE, done_before=end, people=[whom], count=10)
    found = hub.do(minutes)
    assert [(one.person, one.minutes) for one in found.results] == [(hub.person, 30)]


def test_a_reference_tells_equal_entries_apart_and_keeps_one_to_its_content(hub: Hub) -> None:
    one, two, again, other = log(
        hub, entry(reference="a"), entry(reference="b"), entry(reference="a"), entry(reference="a", minutes=31)
    )
    assert isinstance(one, LoggedCpd)
    assert isinstance(two, LoggedCpd)
    assert one.id != two.id
    assert again == LoggedCpd(one.id, False)
    assert isinstance(other, KeyReused)
    (later,) = log(hub, entry(reference="b", category="Writing"))
    assert isinstance(later, KeyReused)


def test_an_entry_of_nobody_is_refused_and_hinders_no_other(hub: Hub) -> None:
    before, nobody, after = log(hub, entry(), entry("nobody"), entry("00124"))
    assert isinstance(nobody, PersonNotFound)
    assert nobody.field == "person"
    assert isinstance(before, LoggedCpd)
    assert isinstance(after, LoggedCpd)
    page = hub.do(hub.ledger.cpd.entries(hub.tenant.id, count=10))
    assert [one.person for one in page.results] == [hub.person, hub.other_person]


def test_another_tenants_people_and_audiences_are_not_known_here(hub: Hub, other_hub: Hub) -> None:
    (answer,) = log(other_hub, entry(str(hub.person)))
    assert isinstance(answer, PersonNotFound)
    with pytest.raises(AudienceNotFound):
        hub.do(hub.ledger.cpd.require(other_hub.caller, audience(str(hub.audience)), 60))


@pytest.mark.parametrize(
    "bad",
    [
        lambda: entry(minutes=-1),
        lambda: entry(minutes=MINUTES_MAX + 1),
        lambda: entry(category=""),
        lambda: entry(category="x" * 251),
        lambda: entry(activity_name="x" * 251),
        lambda: entry(description="x" * 10_001),
        lambda: entry(reference=""),
    ],
)
def test_an_entry_that_cannot_be_is_refused(bad: Callable[[], NewCpdEntry]) -> None:
    with pytest.raises(InvalidInput):
        bad()


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE cpd_entry SET duration_minutes = 0",
        "DELETE FROM cpd_entry",
        "UPDATE cpd_category SET name = 'x'",
        "DELETE FROM cpd_category",
        "UPDATE cpd_requirement SET audience = id",
        "DELETE FROM cpd_requirement",
        "UPDATE activity_mark SET entry = 0",
        "DELETE FROM activity_mark",
    ],
)
def test_the_application_may_not_rewrite_what_was_logged(urls: DatabaseUrls, hub: Hub, statement: str) -> None:
    async def within() -> None:
        async with as_app(urls) as connection:
            await connection.execute("BEGIN")
            await connection.execute("SELECT set_config('testamur.tenant', $1::text, true)", str(hub.tenant.id))
            with pytest.raises(asyncpg.InsufficientPrivilegeError):
                await connection.execute(statement)

    asyncio.run(within())


# Asking -----------------------------------------------------------------------------------------------------------


def test_a_requirement_changes_only_when_its_minutes_do_and_what_was_asked_stays_readable(
    urls: DatabaseUrls, hub: Hub
) -> None:
    ids = {hub.do(hub.ledger.cpd.require(hub.caller, audience(), minutes)) for minutes in (60, 60, 90, 90)}
    assert len(ids) == 1
    assert kinds(urls, hub) == ["cpd_requirement.added", "cpd_requirement.changed"]
    told = [json.loads(row["data"]) for row in kept(urls, hub, "ledger_entry") if row["kind"].startswith("cpd_")]
    assert [(data["before"], data["required_minutes"]) for data in told] == [(None, 60), (60, 90)]
    with pytest.raises(InvalidInput):
        hub.do(hub.ledger.cpd.require(hub.caller, audience(), -1))


# Files ------------------------------------------------------------------------------------------------------------


def run(urls: DatabaseUrls, hub: Hub, file: Path) -> tuple[int, dict[str, Any]]:
    """`testamur cpd import` on a file: the exit code and the document."""
    words = ["cpd", "import", str(file), "--tenant", hub.tenant.slug, "--database-url", urls.owner, "--json"]
    done = CliRunner().invoke(app, words)
    return done.exit_code, json.loads(done.stdout) if done.stdout.startswith("{") else {"said": done.output}


def test_a_csv_file_is_taken_and_again_changes_nothing(urls: DatabaseUrls, hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "cpd.csv"
    file.write_text(
        "record,person,category,activity_type,activity,date,minutes,description,is_verified,audience\n"
        "category,,Conferences,,,,,,,\n"
        "requirement,,,,,,600,,,site-staff\n"
        ",00123,Reading,article,On ladders,2025-03-01,30,,,\n"
        'entry,zoe@example.com,Reading,book,"Ladders, again",2025-03-02 10:00:00,45,Two chapters,yes,\n'
    )
    code, document = run(urls, hub, file)
    assert code == 0, document
    counts = {"rows": 4, "categories": 1, "entries": 2, "known_entries": 0, "requirements": 1, "refused": 0}
    assert document == {"file": str(file), **counts, "faults": []}
    client = hub.client("thrive")
    one, two = client.get("/rest/v1/cpdEntries").json()["results"]
    assert (one["userId"], one["entryDate"]) == (to_hex24(hub.person), "2025-03-01T00:00:00.000Z")
    assert (one["isVerified"], one["description"], one["durationMinutes"]) == (False, None, 30)
    assert two["activity"] == {"type": "book", "name": "Ladders, again"}
    assert (two["isVerified"], two["description"], two["userId"]) == (True, "Two chapters", to_hex24(hub.other_person))
    assert client.get("/rest/v1/cpdRequirementSummaries").json()["results"][0]["requiredMinutes"] == 600
    before = kinds(urls, hub)
    code, document = run(urls, hub, file)
    assert (code, document["entries"], document["known_entries"], document["categories"]) == (0, 0, 2, 0)
    assert kinds(urls, hub) == before


def test_a_json_file_names_its_bad_rows_and_takes_the_others(urls: DatabaseUrls, hub: Hub, tmp_path: Path) -> None:
    good = {
        "person": "00123",
        "category": "Reading",
        "activity_type": "article",
        "activity": "On ladders",
        "date": "2025-03-01T09:00:00+01:00",
        "minutes": 30,
    }
    rows: list[tuple[Any, str]] = [
        (good | {"person": "nobody"}, "person"),
        (good | {"minutes": -1}, "minutes"),
        (good | {"minutes": 1.5}, "minutes"),
        (good | {"minutes": MINUTES_MAX + 1}, "minutes"),
        (good | {"date": "soon"}, "date"),
        (good | {"category": ""}, "category"),
        (good | {"category": 7}, "category"),
        (good | {"is_verified": "perhaps"}, "is_verified"),
        (good | {"record": "poem"}, "record"),
        (good | {"colour": "red"}, "colour"),
        ({"record": "requirement", "audience": "nobody", "minutes": 1}, "audience"),
        ({"record": "requirement", "audience": "site-staff"}, "minutes"),
        ({"record": "category"}, "category"),
    ]
    file = tmp_path / "cpd.ndjson"
    lines = [json.dumps(row) for row, _ in rows] + ["{", json.dumps(good)]
    file.write_text("\n".join(lines))
    code, document = run(urls, hub, file)
    assert code == 1
    faults = sorted(document["faults"], key=lambda fault: fault["row"])
    assert [fault["row"] for fault in faults] == list(range(1, len(rows) + 2))
    assert [fault["field"] for fault in faults[:-1]] == [field for _, field in rows]
    assert (document["entries"], document["refused"]) == (1, len(rows) + 1)
    (one,) = hub.client("thrive").get("/rest/v1/cpdEntries").json()["results"]
    assert one["entryDate"] == "2025-03-01T08:00:00.000Z"


def test_an_unknown_tenant_is_exit_code_4(urls: DatabaseUrls, hub: Hub, tmp_path: Path) -> None:
    file = tmp_path / "cpd.csv"
    file.write_text("person\n")
    words = ["cpd", "import", str(file), "--tenant", "nobody-here", "--database-url", urls.owner]
    assert CliRunner().invoke(app, words).exit_code == 4
