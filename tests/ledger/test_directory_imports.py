"""Files of people, items, audiences and memberships: rehearsed, committed, and held to what they may take away."""

from __future__ import annotations

from typing import Any

from testamur.core.ids import Id
from testamur.core.imports import Batch, Of, Outcome
from testamur.core.people import Person, PersonStatus, Reference
from tests.hub import Hub
from tests.ledger.imports import commit, outcomes, rehearse, rows

ADA = Reference("00123", ("ref",), "person", "person")


def people(hub: Hub, text: str, **options: Any) -> Batch:
    return rehearse(hub, text, of=Of.PEOPLE, **options)


def person(hub: Hub, value: str, kind: str = "ref") -> Person:
    return hub.do(hub.ledger.people.get(hub.tenant.id, Reference(value, (kind,), "person", "person")))


def reasons(hub: Hub, batch: Batch) -> list[tuple[int, str, str]]:
    return [(row.number, fault.field, fault.code) for row in rows(hub, batch) for fault in row.faults]


def manager(found: Person) -> Id | None:
    return found.employment.manager if found.employment else None


def test_people_come_in_any_order_with_their_managers(hub: Hub) -> None:
    text = (
        "employee_id,first_name,last_name,email,job title,manager,department,time_zone,hire_date,status\n"
        "E3,Cy,Third,cy@example.com,Clerk,E2,Sales,Europe/Paris,2024-02-01,active\n"
        "E2,Bo,Second,bo@example.com,Head,E1,Sales,,,\n"
        "E1,Al,First,al@example.com,Chief,,,,,\n"
        "00123,Ada,Okafor-Smith,ada@example.com,,E3,Safety,,,\n"
        "00124,,,,,,,,,\n"
    )
    batch = people(hub, text)
    assert outcomes(batch) == {"created": 3, "changed": 1, "unchanged": 1}
    assert (batch.of, batch.columns["department"], batch.columns["employee_id"]) == (Of.PEOPLE, "custom", "person:ref")
    assert person(hub, "00123").family_name == "Okafor"
    done = commit(hub, batch)
    assert outcomes(done) == outcomes(batch)
    third, ada = person(hub, "E3"), person(hub, "00123")
    assert manager(third) == person(hub, "E2").id
    assert manager(person(hub, "E2")) == person(hub, "E1").id
    assert (manager(ada), ada.family_name, ada.attributes) == (third.id, "Okafor-Smith", {"department": "Safety"})
    assert (third.zone, third.starts_at and third.starts_at.isoformat()) == ("Europe/Paris", "2024-02-01T00:00:00+00:00")
    assert outcomes(people(hub, text)) == {"unchanged": 5}
    assert [row.person for row in rows(hub, done, Outcome.CREATED)] == [
        person(hub, ref).id for ref in ("E3", "E2", "E1")
    ]
    assert person(hub, "E1").status(hub.ledger.now()) is PersonStatus.ACTIVE
