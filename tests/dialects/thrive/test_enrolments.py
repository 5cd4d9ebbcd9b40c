"""Transcripts of GET /assignments/{assignmentId}/enrolments and of one enrolment, and what completions say of them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import httpx
import pytest

from testamur.core.assignments import NewAssignment
from testamur.core.audiences import NewAudience
from testamur.core.ids import Id, to_hex24
from testamur.core.moments import format_instant
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.ledger import Ledger
from tests import plain
from tests.hub import Hub

PATH = "/rest/v1/assignments"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def assign(hub: Hub, client: httpx.Client, **changed: Any) -> str:
    body = {"audienceId": to_hex24(hub.audience), "contentId": to_hex24(hub.item)} | changed
    answer = client.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def complete(hub: Hub, client: httpx.Client, at: datetime, *, content: Id | None = None) -> str:
    body = {
        "userId": to_hex24(hub.person),
        "contentId": to_hex24(content or hub.item),
        "completedAt": format_instant(at),
    }
    id: str = client.post("/rest/v1/learning/completions", json=body).json()["statementId"]
    return id


def day_end(day: date) -> str:
    """The last second of a day in London, as the hub's tenant sees it, in winter and in summer."""
    end = datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=ZoneInfo("Europe/London"))
    return format_instant(end.astimezone(UTC))


def today() -> date:
    return datetime.now(ZoneInfo("Europe/London")).date()


def test_a_member_is_enrolled_as_soon_as_the_assignment_is_made(hub: Hub, client: httpx.Client) -> None:
    assignment = client.post(
        PATH, json={"audienceId": to_hex24(hub.audience), "contentId": to_hex24(hub.item), "completionPeriod": 14}
    ).json()
    address = f"{PATH}/{assignment['id']}/enrolments"
    answer = client.get(address)
    assert answer.status_code == 200
    (enrolment,) = answer.json()
    id = enrolment.pop("id")
    assert len(id) == 24
    assert enrolment == {
        "userId": to_hex24(hub.person),
        "assignmentId": assignment["id"],
        "audienceId": to_hex24(hub.audience),
        "primaryContentId": to_hex24(hub.item),
        "status": "open",
        "availableDate": assignment["createdAt"],
        "dueDate": day_end(today() + timedelta(14)),
        "lastCompletedAt": None,
        "history": [
            {
                "type": "assigned",
                "completionId": None,
                "previousStatus": "unassigned",
                "nextStatus": "open",
                "createdAt": assignment["createdAt"],
                "updatedAt": assignment["createdAt"],
            }
        ],
        "updatedAt": assignment["createdAt"],
    }
    assert client.get(f"{address}/{id}").json() == {"id": id, **enrolment}
    shouted = f"{PATH}/{assignment['id'].upper()}/enrolments/{id.upper()}"
    assert client.get(shouted).json() == {"id": id, **enrolment}


def test_a_completion_moves_every_matching_enrolment_with_an_entry_that_names_it(
    hub: Hub, client: httpx.Client
) -> None:
    once, yearly = assign(hub, client), assign(hub, client, recurrence=365, completionPeriod=10)
    by_other = assign(
        hub, client, contentId=to_hex24(hub.third_party), alternativeContentIds=[to_hex24(hub.item)], recurrence=0
    )
    at = datetime.now(UTC)
    statement = complete(hub, client, at)
    seen = {id: client.get(f"{PATH}/{id}/enrolments").json()[0] for id in (once, yearly, by_other)}
    assert {id: enrolment["status"] for id, enrolment in seen.items()} == {
        once: "complete", yearly: "scheduled", by_other: "complete",
    }  # fmt: skip
    for enrolment in seen.values():
        first, last = enrolment["history"]
        assert (first["nextStatus"], last["previousStatus"]) == ("open", "open")
        assert (last["type"], last["completionId"], last["nextStatus"]) == ("completed", statement, enrolment["status"])
        assert last["createdAt"] == enrolment["lastCompletedAt"] == format_instant(at)
        assert enrolment["updatedAt"] == last["updatedAt"] >= last["createdAt"]
    credit_ends = today() + timedelta(365)
    assert seen[yearly]["availableDate"][:10] in (str(credit_ends), str(credit_ends - timedelta(1)))
    assert seen[yearly]["dueDate"] == day_end(credit_ends + timedelta(10))


def test_leaving_archives_and_coming_back_on_one_day_is_not_leaving(hub: Hub, client: httpx.Client) -> None:
    """Rule M5; that longer absences are entries is in tests/core/test_enrolments.py."""
    id = assign(hub, client)
    (before,) = client.get(f"{PATH}/{id}/enrolments").json()
    hub.do(hub.ledger.memberships.leave(hub.caller, hub.audience, hub.person, today()))
    (away,) = client.get(f"{PATH}/{id}/enrolments").json()
    assert (away["id"], away["status"]) == (before["id"], "archived")
    assert away["history"][0] == before["history"][0]
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, [hub.person], today()))
    (back,) = client.get(f"{PATH}/{id}/enrolments").json()
    assert (back["id"], back["status"], back["dueDate"]) == (before["id"], "open", before["dueDate"])
    assert back["history"] == before["history"]
    assert back["updatedAt"] > before["updatedAt"]


def test_a_deleted_assignment_shows_its_enrolments_as_archived(hub: Hub, client: httpx.Client) -> None:
    id = assign(hub, client)
    client.request("DELETE", f"{PATH}/{id}", json={"audienceId": to_hex24(hub.audience)})
    (enrolment,) = client.get(f"{PATH}/{id}/enrolments").json()
    assert enrolment["status"] == "archived"
    assert enrolment["updatedAt"] == client.get(f"{PATH}/{id}").json()["deletedAt"]


def test_an_overdue_enrolment_is_found_by_its_status_and_completed_late(hub: Hub, client: httpx.Client) -> None:
    then = datetime.now(UTC) - timedelta(days=60)
    past = Ledger.on(hub.ledger.database, lambda: then)
    audience = hub.do(past.audiences.add(hub.caller, NewAudience(name="Past", reference="past")))
    hub.do(past.memberships.join(hub.caller, audience, [hub.person, hub.other_person], then.date()))
    new = NewAssignment(audience=Reference("past", (), "audience"), primary=Reference("FIRE-101", ("ref",), "item"))
    id = to_hex24(hub.do(past.assignments.add(hub.caller, new)).id)
    address = f"{PATH}/{id}/enrolments"
    seen = client.get(address).json()
    assert [enrolment["status"] for enrolment in seen] == ["overdue", "overdue"]
    assert [entry["type"] for entry in seen[0]["history"]] == ["assigned", "overdue"]
    assert seen[0]["history"][1]["createdAt"] == seen[0]["updatedAt"] > seen[0]["dueDate"]
    complete(hub, client, datetime.now(UTC))
    mine = [enrolment for enrolment in client.get(address).json() if enrolment["userId"] == to_hex24(hub.person)]
    assert client.get(address, params={"status": "complete"}).json() == mine
    (other,) = client.get(address, params={"status": "overdue"}).json()
    assert other["userId"] == to_hex24(hub.other_person)
    for nothing in ("unassigned", "open", "scheduled", "archived"):
        assert client.get(address, params={"status": nothing}).json() == []
    since = {"updatedAtFrom": mine[0]["updatedAt"]}
    assert client.get(address, params=since).json() == mine, "the filter takes what an answer gave, inclusive"
    assert client.get(address, params=since | {"updatedAtTo": mine[0]["updatedAt"]}).json() == mine
    assert client.get(address, params=since | {"updatedAtTo": str(today() + timedelta(1))}).json() == mine
    until = {"updatedAtFrom": "2020-01-01", "updatedAtTo": other["updatedAt"]}
    assert client.get(address, params=until).json() == [other]
    assert client.get(address, params={"updatedAtFrom": "2999-01-01"}).json() == []


def test_pages_are_bare_arrays_in_a_lasting_order(hub: Hub, client: httpx.Client) -> None:
    new = [NewPerson(identifiers=(Identifier("ref", f"e{n}"),)) for n in range(104)]
    people = hub.do(hub.ledger.people.add(hub.caller, new))
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, people, today()))
    address = f"{PATH}/{assign(hub, client)}/enrolments"
    first, second = (client.get(address, params={"page": page}).json() for page in (1, 2))
    assert (len(first), len(second)) == (100, 5)
    users = [enrolment["userId"] for enrolment in first + second]
    assert users == sorted([to_hex24(hub.person), *(to_hex24(person) for person in people)])
    assert len({enrolment["id"] for enrolment in first + second}) == 105
    assert client.get(address, params={"page": 3}).json() == []
    assert client.get(address, params={"page": 21, "perPage": 5}).json() == second
    assert client.get(address, params={"page": 2, "status": "open"}).json() == second


@pytest.mark.parametrize(
    "params",
    [
        {"page": 0},
        {"page": "x"},
        {"perPage": 0},
        {"perPage": 101},
        {"status": "done"},
        {"status": "OPEN"},
        {"updatedAtFrom": "yesterday"},
        {"updatedAtTo": "2025-01-01"},
        {"status": "op\0en"},
    ],
)
def test_a_bad_parameter_is_422_and_named(hub: Hub, client: httpx.Client, params: dict[str, Any]) -> None:
    answer = client.get(f"{PATH}/{assign(hub, client)}/enrolments", params=params)
    assert (answer.status_code, answer.json()["error"]) == (422, "Unprocessable Content")
    assert next(iter(params)) in answer.json()["message"]


def test_what_is_unknown_or_another_tenants_is_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    id = assign(hub, client)
    other = assign(hub, client)
    (enrolment,) = client.get(f"{PATH}/{id}/enrolments").json()
    for address in (
        f"{PATH}/{'f' * 24}/enrolments",
        f"{PATH}/a%2Fb/enrolments",
        f"{PATH}/{'f' * 24}/enrolments/{enrolment['id']}",
        f"{PATH}/{id}/enrolments/{'f' * 24}",
        f"{PATH}/{id}/enrolments/nonsense",
        f"{PATH}/{id}/enrolments/{to_hex24(hub.person)}",
        f"{PATH}/{other}/enrolments/{enrolment['id']}",
    ):
        answer = client.get(address)
        assert (answer.status_code, answer.json()["error"]) == (404, "Not Found"), address
    with other_hub.client("thrive") as stranger:
        assert stranger.get(f"{PATH}/{id}/enrolments").status_code == 404
        assert stranger.get(f"{PATH}/{id}/enrolments/{enrolment['id']}").status_code == 404


def test_a_reader_may_read(hub: Hub, client: httpx.Client) -> None:
    id = assign(hub, client)
    with hub.client("thrive", hub.reader) as reader:
        assert reader.get(f"{PATH}/{id}/enrolments").status_code == 200
    assert plain.get(f"{hub.server.url}/thrive{PATH}/{id}/enrolments").status_code == 401
    assert client.post(f"{PATH}/{id}/enrolments", json={}).status_code == 405


# What completions say ---------------------------------------------------------------------------------------------


def test_a_completion_says_whether_it_was_due_and_until_when_it_counts(hub: Hub, client: httpx.Client) -> None:
    before = complete(hub, client, datetime(2025, 3, 1, 12, tzinfo=UTC))
    assign(hub, client, recurrence=365)
    after = complete(hub, client, datetime.now(UTC))
    elsewhere = complete(hub, client, datetime.now(UTC), content=hub.third_party)
    seen = {one["id"]: one for one in client.get("/rest/v1/learning/completions").json()}
    assert {id: (seen[id]["hadDueDate"], seen[id]["activeUntil"]) for id in (before, after, elsewhere)} == {
        before: (False, day_end(date(2026, 3, 1))),
        after: (True, day_end(today() + timedelta(365))),
        elsewhere: (False, None),
    }
    for id, one in seen.items():
        assert client.get(f"/rest/v1/learning/completions/{id}").json() == one


def test_without_recurrence_credit_never_ends(hub: Hub, client: httpx.Client) -> None:
    assign(hub, client, recurrence=0)
    id = complete(hub, client, datetime.now(UTC))
    seen = client.get(f"/rest/v1/learning/completions/{id}").json()
    assert (seen["hadDueDate"], seen["activeUntil"]) == (True, None)
