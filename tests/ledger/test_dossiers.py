"""Everything about a person, for herself."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

import pytest

from testamur.core.assignments import NewAssignment
from testamur.core.decisions import NewExemption
from testamur.core.errors import PersonNotFound
from testamur.core.ids import to_hex24, to_uuid
from testamur.core.moments import When
from testamur.core.people import PersonChange, Reference
from testamur.core.records import NewRecord, Report
from testamur.core.sessions import NewSession
from testamur.dialects.api.translate.dossiers import as_json
from testamur.ledger.dossiers import SECTIONS
from testamur.storage.database import DatabaseUrls
from testamur.storage.named import QUERIES
from tests.hub import Hub, moment
from tests.storage.databases import connected

ADA = Reference("00123", ("ref",), "person", "person")


async def _read(hub: Hub, reference: Reference) -> dict[str, Any]:
    async with hub.ledger.dossiers.open(hub.caller, reference) as dossier:
        told: dict[str, Any] = json.loads(b"".join([part async for part in as_json(dossier)]))
    return told


def dossier(hub: Hub, reference: Reference = ADA) -> dict[str, Any]:
    return hub.do(_read(hub, reference))


def record(hub: Hub, body: str = "{}", **content: Any) -> Any:
    new = NewRecord(
        source="tests",
        person=Reference("00123", ("ref",)),
        item=Reference("FIRE-101", ("ref",), "item"),
        completed=When.instant(moment()),
        enrols=True,
        **content,
    )
    report = Report("tests", hub.key.client, "POST", "/", body)
    return hub.do(hub.ledger.records.record(hub.tenant.id, new, report)).record


def test_g7_every_fact_report_membership_decision_and_entry_is_in_it(hub: Hub) -> None:
    new = NewAssignment(
        audience=Reference("site-staff", (), "audience"), primary=Reference("FIRE-101", ("ref",), "item")
    )
    hub.do(hub.ledger.assignments.add(hub.caller, new))
    first, second = record(hub, '{"said": "first"}', score_text="35 / 40"), record(hub, '{"said": "second"}')
    hub.do(hub.ledger.records.void(hub.caller, second))
    item = Reference("FIRE-101", ("ref",), "item")
    session = NewSession(person=ADA, item=item, started_at=moment(), key="s")
    hub.do(hub.ledger.sessions.record(hub.caller, session))
    exempt = NewExemption(person=ADA, from_on=date(2099, 1, 1), reason="Away")
    hub.do(hub.ledger.decisions.exempt(hub.caller, exempt))
    hub.do(hub.ledger.people.change(hub.caller, ADA, PersonChange(title="Welder", phone="+44")))
    told = dossier(hub)
    assert [*told][:3] == ["produced_at", "entry", "person"]
    assert tuple(told)[3:] == SECTIONS
    assert told["person"]["given_name"] == "Ada"
    assert told["person"]["phone"] == "+44"
    assert "tenant" not in told["person"]
    assert [one["value"] for one in told["identifiers"]] == ["ada@example.com", "00123"]
    assert [(one["record"], one["closed_as"]) for one in told["facts"]] == [
        (to_uuid(first), None),
        (to_uuid(second), "voided"),
    ]
    assert told["facts"][0]["score_text"] == "35 / 40"
    assert told["facts"][0]["title"] == "Fire safety"
    assert [one["body"] for one in told["reports"]] == ['{"said": "first"}', '{"said": "second"}']
    assert [(one["name"], one["joined_on"]) for one in told["memberships"]] == [("Site staff", "2025-01-10")]
    assert [one["reason"] for one in told["exemptions"]] == ["Away"]
    assert [one["title"] for one in told["employments"]] == ["Welder"]
    assert len(told["sessions"]) == len(told["enrolments"]) == 1
    assert told["standings"]
    kinds = [one["kind"] for one in told["entries"]]
    assert kinds[0] == "person.added"
    assert kinds[-1] == "person.exported"
    assert {"membership.opened", "record.created", "record.voided", "session.recorded", "exemption.granted"} <= {*kinds}
    assert kinds.count("record.created") == 2


def test_nothing_about_anybody_else_is_in_it(hub: Hub, other_hub: Hub) -> None:
    record(hub)
    told = json.dumps(dossier(hub, Reference("00124", ("ref",), "person", "person")), ensure_ascii=False)
    assert "Ćirić" in told
    for strange in ("Okafor", to_uuid(hub.person), to_uuid(other_hub.other_person)):
        assert strange not in told


def test_g8_it_changes_nothing_but_that_it_was_asked_for(hub: Hub) -> None:
    record(hub)
    first, second = dossier(hub), dossier(hub)
    assert second["entry"] == first["entry"] + 1
    assert [one["kind"] for one in second["entries"]][len(first["entries"]) :] == ["person.exported"]
    for section in ("person", *SECTIONS[:-1]):
        assert first[section] == second[section]


def test_somebody_forgotten_has_what_was_kept_by_her_id(hub: Hub) -> None:
    record(hub)
    hub.do(hub.ledger.people.delete(hub.caller, ADA))
    told = dossier(hub, Reference(to_hex24(hub.person), (), "person", "person"))
    assert told["identifiers"] == []
    assert len(told["facts"]) == 1
    assert "Okafor" not in json.dumps(told)


def test_nobody_has_none(hub: Hub, other_hub: Hub) -> None:
    for reference in (Reference("nobody", ("ref",), "person", "person"), Reference(to_hex24(other_hub.person))):
        with pytest.raises(PersonNotFound):
            dossier(hub, reference)


def test_every_table_about_people_is_in_it(urls: DatabaseUrls, hub: Hub) -> None:
    """A new table with a column for a person belongs into a section."""

    async def tables() -> set[str]:
        async with connected(urls.owner) as connection:
            rows = await connection.fetch(
                "SELECT a.attrelid::regclass::text AS name FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid"
                " WHERE c.relnamespace = 'public'::regnamespace AND c.relkind IN ('r', 'p')"
                " AND a.attname IN ('person', 'of_person') AND NOT a.attisdropped"
            )
        return {row["name"] for row in rows}

    asked = " ".join(QUERIES[f"dossier_{section}"].sql for section in SECTIONS).replace("\n", " ")
    missing = {name for name in hub.do(tables()) if f" {name} " not in asked}
    assert missing == set()
