"""A person with something in every place that can say who she is, and looking for her everywhere."""

from __future__ import annotations

import asyncio
import io
from datetime import date, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from testamur.core.assignments import Assignment, NewAssignment
from testamur.core.cpd import NewCpdEntry
from testamur.core.decisions import NewExemption, NewExtension
from testamur.core.ids import Id
from testamur.core.imports import Options
from testamur.core.invitations import NewInvitation
from testamur.core.moments import When
from testamur.core.people import PersonChange, Reference
from testamur.core.personal_assignments import NewPersonalAssignment
from testamur.core.records import NewRecord, Report, SourceKey
from testamur.core.sessions import NewSession, QuizAttempt
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub, moment
from tests.storage.databases import connected

ADA = Reference("00123", ("ref",), "person", "person")
ZOE = Reference("00124", ("ref",), "person", "person")
FIRE = Reference("FIRE-101", ("ref",), "item", "item")
LIFT = Reference("LIFT/1 ä", ("ref",), "item", "item")
SAYINGS = ("ada@example.com", "ada.old@example.com", "00123", "Okafor", "0044 7700 900123")
"""What nobody may find any more once her identity is gone."""
NAMED = "Ada Okafor <ada@example.com>"


def by_id(id: Id) -> Reference:
    return Reference(str(id), (), "person", "person")


def record(hub: Hub, item: Reference = FIRE, person: Reference = ADA, **content: Any) -> Id:
    """A record with everything that can be said beside it."""
    said: dict[str, Any] = {
        "completed": When.instant(moment()),
        "passed": True,
        "score_text": "35 / 40 by Ada Okafor",
        "time_spent": "PT45M",
        "certificate": "https://example.com/certificates/Okafor",
        "enrols": True,
        "extra": {"note": f"Well done, {NAMED}", "title": "Fire safety for Okafor", "how": "equivalency"},
    }
    new = NewRecord(source="tests", person=person, item=item, **said | content)
    report = Report(
        "tests", hub.key.client, "POST", "/people/ada@example.com", f'{{"person": "{NAMED}", "ref": "00123"}}'
    )
    return hub.do(hub.ledger.records.record(hub.tenant.id, new, report)).record


def assign(hub: Hub, item: Reference = FIRE, **settings: Any) -> Assignment:
    new = NewAssignment(audience=Reference("site-staff", (), "audience"), primary=item, **settings)
    return hub.do(hub.ledger.assignments.add(hub.caller, new))


def fill(hub: Hub) -> dict[str, Id]:
    """Give Ada something of everything, and others words that name her."""
    ledger, do, caller = hub.ledger, hub.do, hub.caller
    change = PersonChange(
        title="Welder to Okafor",
        phone="0044 7700 900123",
        language="en",
        zone="Europe/Paris",
        domain="okafor.example",
        single_sign_on=True,
        attributes={"badge": "Okafor-7", "unified_custom_fields": {"mail": "ada@example.com"}},
    )
    do(ledger.people.change(caller, ADA, PersonChange(email="ada.old@example.com")))
    do(ledger.people.change(caller, ADA, PersonChange(email="ada@example.com")))
    do(ledger.people.change(caller, ADA, change))
    do(ledger.memberships.join(caller, hub.audience, [hub.other_person], date(2025, 1, 10)))
    assignment = assign(hub, recurrence_days=365)
    about = Reference(str(assignment.id), (), "assignment", "assignment")
    first = record(hub, key=SourceKey("tests", "00123-1", fingerprint=b"x"))
    second = record(hub, LIFT)
    do(ledger.records.void(caller, record(hub, LIFT)))
    loose = record(
        hub, person=Reference("ADA.OLD@example.com", ("ref",)), is_loose=True, extra={"person_ref": "ADA@example.com"}
    )
    session = NewSession(
        person=ADA,
        item=FIRE,
        started_at=moment(),
        key="okafor-1",
        duration=timedelta(minutes=5),
        lessons_completed=2,
        quiz=QuizAttempt(Decimal(80), True),
    )
    tried = do(ledger.sessions.record(caller, session)).session.id
    exemption = NewExemption(
        person=ADA, item=LIFT, from_on=date(2099, 1, 1), reason=f"Asked for by {NAMED}", evidence=NAMED
    )
    granted = do(ledger.decisions.exempt(caller, exemption))
    do(ledger.decisions.withdraw_exemption(caller, granted.id, "Okafor is back"))
    extension = NewExtension(
        person=ADA, assignment=about, due_on=date(2199, 1, 1), reason=f"For {NAMED}", evidence=NAMED
    )
    do(ledger.decisions.extend(caller, extension))
    entry = NewCpdEntry(
        person=ADA,
        category="Safety",
        activity_type="course",
        activity_name="Talk by Ada Okafor",
        done=When.instant(moment()),
        duration_minutes=30,
        description=f"With {NAMED}",
    )
    do(ledger.cpd.log(caller, [entry]))
    personal = NewPersonalAssignment(
        person=ADA, item=LIFT, reference="okafor-lift", extra={"passthrough": {"for": NAMED}}
    )
    do(ledger.personal_assignments.assign(caller, personal))
    do(
        ledger.invitations.invite(
            caller, NewInvitation(email="ada.old@example.com", given_name="Ada", family_name="Okafor")
        )
    )
    do(ledger.favorites.mark(caller, ADA, FIRE))
    # Others who name her.
    do(
        ledger.people.change(
            caller,
            ZOE,
            PersonChange(
                attributes={"mentor": NAMED, "badge": "00123"},
                manager=Reference("00123", ("ref",), "person", "manager"),
            ),
        )
    )
    other = record(hub, person=ZOE, certificate="signed by Ada Okafor", extra={"note": f"Assessed by {NAMED}"})
    do(ledger.decisions.exempt(caller, NewExemption(person=ZOE, from_on=date(2099, 1, 1), reason=f"As {NAMED} said")))
    file = (
        "employee_id,learning,completed_on,note,assessor\n"
        f"00123,FIRE-101,2021-05-04,from Ada Okafor,Zoe\n"
        f"00124,FIRE-101,2021-05-05,fine,{NAMED}\n"
        "nobody,FIRE-101,2021-05-06,who?,ada@example.com\n"
    )
    committed = do(
        ledger.imports.rehearse(caller, io.BytesIO(file.encode()), name="history of Ada Okafor.csv", options=Options())
    )
    do(ledger.imports.commit(caller, committed.id))
    waits = (
        "email,learning,completed_on\nada.old@example.com,FIRE-101,2020-05-04\nADA@example.com,LIFT/1 ä,2020-05-05\n"
    )
    held = do(ledger.imports.rehearse(caller, io.BytesIO(waits.encode()), name="held.csv", options=Options()))
    rehearsed = do(
        ledger.imports.rehearse(
            caller, io.BytesIO(waits.replace("2020", "2019").encode()), name="later.csv", options=Options()
        )
    )
    do(ledger.imports.commit(caller, held.id))
    with hub.client("api") as client:
        answer = client.post(
            "/v1/records",
            json={"person": "email:ada@example.com", "item": "ref:FIRE-101", "completed_at": "2022-02-02T10:00:00Z"},
            headers={"idempotency-key": "kept"},
        )
        assert answer.status_code == 201, answer.text
    do(ledger.standings.settle(hub.tenant.id))
    return {
        "first": first,
        "second": second,
        "loose": loose,
        "other": other,
        "session": tried,
        "rehearsed": rehearsed.id,
        "held": held.id,
        "committed": committed.id,
        "assignment": assignment.id,
    }


async def _everything(urls: DatabaseUrls, tenant: UUID) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    async with connected(urls.owner) as connection:
        columns = await connection.fetch(
            "SELECT c.table_name, c.column_name FROM information_schema.columns c"
            " JOIN information_schema.columns t ON t.table_schema = c.table_schema AND t.table_name = c.table_name"
            "  AND t.column_name = 'tenant'"
            " JOIN information_schema.tables b ON b.table_schema = c.table_schema AND b.table_name = c.table_name"
            "  AND b.table_type = 'BASE TABLE'"
            " WHERE c.table_schema = 'public'"
        )
        for row in columns:
            name, column = row["table_name"], row["column_name"]
            sql = f'SELECT "{column}" FROM "{name}" WHERE tenant = $1 AND "{column}" IS NOT NULL'
            values = sorted(str(one[0]) for one in await connection.fetch(sql, tenant))
            found[f"{name}.{column}"] = values
    return found


def everything(urls: DatabaseUrls, tenant: Id) -> dict[str, list[str]]:
    """Every value of every column of every table of a tenant, as text, by table and column."""
    return asyncio.run(_everything(urls, tenant))


def places_of(urls: DatabaseUrls, hub: Hub, *sayings: str) -> set[str]:
    """Columns that say one of these, in any letter case."""
    wanted = [saying.lower() for saying in sayings]
    return {
        place
        for place, values in everything(urls, hub.tenant.id).items()
        if any(saying in value.lower() for value in values for saying in wanted)
    }
