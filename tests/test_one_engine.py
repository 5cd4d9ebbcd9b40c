"""One compliance engine: where somebody stands is the same in every language, whatever it was told in."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx

from testamur.core.assignments import NewAssignment
from testamur.core.decisions import NewExemption, NewExtension
from testamur.core.ids import Id, to_hex24, to_opaque, to_ulid
from testamur.core.moments import format_instant
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.storage.database import DatabaseUrls
from tests.hub import Hub
from tests.ledger.town import query
from tests.storage.databases import connected

ITEM = Reference("FIRE-101", ("ref",), "item")
AUDIENCE = Reference("site-staff", (), "audience")


def assign(hub: Hub, **settings: Any) -> Id:
    made = hub.do(hub.ledger.assignments.add(hub.caller, NewAssignment(audience=AUDIENCE, primary=ITEM, **settings)))
    return made.id


def enrolment(hub: Hub, assignment: Id, person: Id | None = None, **params: Any) -> dict[str, Any]:
    answer = hub.client("thrive").get(f"/rest/v1/assignments/{to_hex24(assignment)}/enrolments", params=params)
    whom = to_hex24(person or hub.person)
    found: list[dict[str, Any]] = [one for one in answer.json() if one["userId"] == whom]
    return found[0]


def unified(hub: Hub, assignment: Id, person: Id | None = None) -> dict[str, Any]:
    client, id = hub.client("stackone"), to_opaque(assignment) + to_opaque(person or hub.person)
    one: dict[str, Any] = client.get(f"/unified/lms/assignments/{id}").json()["data"]
    listed = client.get("/unified/lms/assignments").json()["data"]
    assert one in listed, "what is read alone is what is listed"
    return one


def own(hub: Hub, assignment: Id) -> dict[str, Any]:
    answer = hub.client("api").get(f"/v1/people/{to_ulid(hub.person, 'person')}/standings")
    found: list[dict[str, Any]] = answer.json()["data"]
    return next(one for one in found if one["assignment"] == to_ulid(assignment, "assignment"))


def record_in_cpod(hub: Hub, **values: Any) -> None:
    body = {"person_id": to_ulid(hub.person, "person"), "title": "Fire safety", "provider": "Testamur Academy"}
    answer = hub.client("cpod").post("/api/v1/performance/learning-records", json=body | values)
    assert answer.status_code == 201, answer.text


def test_an_own_expiry_told_through_cpod_ends_credit_in_every_language(hub: Hub) -> None:
    """Rule V6, also of an assignment that does not recur."""
    once = assign(hub)
    now = datetime.now(UTC)
    expires = (now + timedelta(days=40)).replace(hour=12, minute=0, second=0, microsecond=0)
    day = expires.astimezone(ZoneInfo("Europe/London")).date()
    record_in_cpod(hub, completed_at=format_instant(now - timedelta(days=100)), expires_at=format_instant(expires))
    standing = own(hub, once)
    assert (standing["status"], standing["credit_ends_on"], standing["opens_on"]) == ("completed", str(day), str(day))
    seen = enrolment(hub, once)
    assert (seen["status"], seen["availableDate"][:10]) in (
        ("scheduled", str(day)), ("scheduled", str(day - timedelta(1))),
    )  # fmt: skip
    assert seen["dueDate"][:10] == standing["due_on"]
    (completion,) = hub.client("thrive").get("/rest/v1/learning/completions").json()
    assert completion["activeUntil"] == format_instant(expires)
    assert unified(hub, once)["status"] == {"value": "completed", "source_value": "completed"}
    assert unified(hub, once)["due_date"] == seen["dueDate"]


def test_a_certificate_that_ran_out_is_a_renewal_that_is_due_in_every_language(hub: Hub) -> None:
    once = assign(hub)
    now = datetime.now(UTC)
    record_in_cpod(
        hub,
        completed_at=format_instant(now - timedelta(days=400)),
        expires_at=format_instant(now - timedelta(days=35)),
    )
    assert own(hub, once)["status"] == "renewal_due"
    seen = enrolment(hub, once)
    assert (seen["status"], seen["dueDate"][:10]) == ("open", own(hub, once)["due_on"])
    assert unified(hub, once)["status"] == {"value": "pending", "source_value": "renewal_due"}


def test_an_exemption_is_archived_and_unmapped_until_it_is_taken_back(hub: Hub) -> None:
    id = assign(hub)
    today = datetime.now(ZoneInfo("Europe/London")).date()
    new = NewExemption(person=Reference(str(hub.person), (), "person"), from_on=today, reason="Parental leave")
    before = enrolment(hub, id)
    hub.do(hub.ledger.decisions.exempt(hub.caller, new))
    assert own(hub, id)["status"] == "exempt"
    seen = enrolment(hub, id)
    assert (seen["id"], seen["status"]) == (before["id"], "archived")
    assert seen["updatedAt"] > before["updatedAt"]
    assert enrolment(hub, id, status="archived", updatedAtFrom=seen["updatedAt"]) == seen
    assert unified(hub, id)["status"] == {"value": "unmapped_value", "source_value": "exempt"}


def test_an_extension_moves_the_due_day_in_every_language(hub: Hub) -> None:
    id = assign(hub, completion_period_days=10)
    before, today = enrolment(hub, id), datetime.now(ZoneInfo("Europe/London")).date()
    named = Reference(str(id), (), "assignment")
    person = Reference(str(hub.person), (), "person")
    until = today + timedelta(days=40)
    hub.do(
        hub.ledger.decisions.extend(
            hub.caller, NewExtension(person=person, assignment=named, due_on=until, reason="Leave")
        )
    )
    after = enrolment(hub, id)
    assert (after["status"], after["history"]) == ("open", before["history"])
    assert own(hub, id)["due_on"] == str(until)
    assert after["dueDate"][:10] in (str(until), str(until - timedelta(1)))
    assert after["dueDate"] == unified(hub, id)["due_date"] > before["dueDate"]
    assert after["updatedAt"] == unified(hub, id)["updated_at"] > before["updatedAt"]


def enrol_in_rise(hub: Hub) -> None:
    """The report lists who is enrolled; so does an import, which is voided here again."""
    client, course, user = hub.client("rise"), to_hex24(hub.item), to_hex24(hub.person)
    dates = {"completedAt": "2024-03-04T10:00:00Z", "startedAt": "2024-03-04T09:00:00Z"}
    assert client.post(f"/courses/{course}/users/{user}/completions", json=dates).status_code == 202
    (record,) = hub.do(hub.ledger.records.page(hub.tenant.id, count=2, person=Reference(str(hub.person), (), "person")))
    hub.do(hub.ledger.records.void(hub.caller, record.id))


def rise_due(hub: Hub) -> str | None:
    client = hub.client("rise")
    (course,) = client.get(f"/reports/learners/{to_hex24(hub.person)}").json()["courses"]
    (learner,) = client.get(f"/reports/courses/{to_hex24(hub.item)}").json()["learners"]
    assert course["dueAt"] == learner["dueAt"]
    found: str | None = course["dueAt"]
    return found


def test_a_report_shows_the_earliest_due_day_of_what_is_open(hub: Hub) -> None:
    """Rule V2: one line for each learning object."""
    record_in_cpod(hub, completed_at=format_instant(datetime.now(UTC) - timedelta(days=400)))
    assert rise_due(hub) is None, "nobody asks"
    assign(hub)
    assert rise_due(hub) is None, "done for good"
    later = assign(hub, recurrence_days=365, completion_period_days=60)
    assert rise_due(hub) == unified(hub, later)["due_date"]
    sooner = assign(hub, recurrence_days=365, completion_period_days=10)
    assert rise_due(hub) == unified(hub, sooner)["due_date"] < str(unified(hub, later)["due_date"])
    hub.do(hub.ledger.assignments.pause(hub.caller, Reference(str(sooner), (), "assignment")))
    assert rise_due(hub) == unified(hub, later)["due_date"]
    record_in_cpod(hub, completed_at=format_instant(datetime.now(UTC)))
    assert rise_due(hub) is None


@contextmanager
def workers_kept_waiting(hub: Hub, urls: DatabaseUrls) -> Iterator[Any]:
    """Hold the tenant's counter, which a worker locks before it works; gives a way to run statements meanwhile."""
    loop = asyncio.new_event_loop()
    holder, other = connected(urls.owner), connected(urls.owner)

    def run(sql: str, *arguments: Any) -> None:
        loop.run_until_complete(writing.execute(sql, *arguments))

    try:
        holding = loop.run_until_complete(holder.__aenter__())
        writing = loop.run_until_complete(other.__aenter__())
        loop.run_until_complete(holding.execute("BEGIN"))
        loop.run_until_complete(
            holding.execute("SELECT * FROM tenant_counter WHERE tenant = $1 FOR UPDATE", hub.tenant.id)
        )
        yield run
    finally:
        loop.run_until_complete(holder.__aexit__(None, None, None))
        loop.run_until_complete(other.__aexit__(None, None, None))
        loop.close()


def test_what_waits_for_the_background_is_never_shown_as_it_was(hub: Hub, urls: DatabaseUrls) -> None:
    new = [NewPerson(identifiers=(Identifier("ref", f"w{n}"),)) for n in range(5)]
    people = hub.do(hub.ledger.people.add(hub.caller, new))
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, people, datetime.now(UTC).date()))
    enrol_in_rise(hub)
    id = assign(hub)
    address = f"/rest/v1/assignments/{to_hex24(id)}/enrolments"
    thrive, stackone = hub.client("thrive"), hub.client("stackone")

    def users(**params: Any) -> list[str]:
        return [one["userId"] for one in thrive.get(address, params=params).json()]

    def pending(client: httpx.Client) -> int:
        return len(client.get("/unified/lms/assignments", params={"status": "pending"}).json()["data"])

    everybody = users()
    query(hub, "UPDATE standing SET status = 'withdrawn' WHERE assignment = $1", id)
    with workers_kept_waiting(hub, urls) as run:
        assert users(status="archived") == everybody, "the copy is taken for what it says while nothing waits"
        run(
            "INSERT INTO standing_task (tenant, id, assignment, after, done, total, asked_at)"
            " VALUES ($1, gen_random_uuid(), $2, $3, 2, 6, now())",
            hub.tenant.id, id, sorted([hub.person, *people])[1],
        )  # fmt: skip
        assert users(status="open") == everybody[2:]
        assert users(status="archived") == [], "nothing is taken from the copy without a look at the facts"
        assert users(status="open", page=2, perPage=3) == everybody[5:]
        assert pending(stackone) == 4
        run("UPDATE standing_task SET people = $2, after = NULL WHERE assignment = $1", id, sorted(people)[:1])
        assert len(users(status="open")) == 1
        assert pending(stackone) == 1
        run("UPDATE standing_task SET people = NULL WHERE assignment = $1", id)
        assert unified(hub, id)["status"]["source_value"] == "not_started"
        assert rise_due(hub) == unified(hub, id)["due_date"]
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    assert (users(status="open"), users(status="archived")) == (everybody, [])
    assert pending(stackone) == 6
