"""Standing: /v1/standings, and below people and assignments."""

from __future__ import annotations

import csv
import io
import time
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24, to_ulid
from testamur.core.people import Identifier, NewPerson
from testamur.core.standing import KNOWN_LINES_MAX
from tests.dialects.api.problems import problem
from tests.hub import Hub

PATH = "/v1/standings"
ADA = "/v1/people/ref:00123/standings"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def assign(client: httpx.Client, **body: Any) -> str:
    answer = client.post("/v1/assignments", json={"audience": "ref:site-staff", "item": "ref:FIRE-101", **body})
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def complete(client: httpx.Client, day: date, item: str = "ref:FIRE-101") -> str:
    body = {"person": "ref:00123", "item": item, "completed_at": str(day), "passed": True}
    answer = client.post("/v1/records", json=body)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def get(client: httpx.Client, path: str, **params: Any) -> dict[str, Any]:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


def days_after(text: str, count: int) -> str:
    return str(date.fromisoformat(text) + timedelta(days=count))


# One person ----------------------------------------------------------------------------------------------------


def test_where_a_person_stands_is_told_with_her_obligations(hub: Hub, client: httpx.Client) -> None:
    made = assign(client, recurrence_days=365)
    told = get(client, f"{ADA}/{made}")
    today, due = told["day"], days_after(told["day"], 30)
    standing = {
        "person": to_ulid(hub.person, "person"),
        "assignment": made,
        "day": today,
        "zone": "Europe/London",
        "computed_at": told["computed_at"],
        "known_at": None,
        "status": "not_started",
        "from_on": today,
        "until_on": days_after(due, 1),
        "line": 1,
        "cycle": 1,
        "opens_on": today,
        "due_on": due,
        "days_left": 30,
        "days_late": 0,
        "credit": "never",
        "credit_ends_on": None,
        "last_completed_on": None,
        "started_on": None,
        "satisfied_by": None,
        "satisfied_how": None,
        "is_on_time": None,
        "missed_cycles": 0,
        "is_impossible": False,
    }
    obligation = {
        "line": 1,
        "cycle": 1,
        "opens_on": today,
        "due_on": due,
        "outcome": "open",
        "ended_on": None,
        "satisfied_by": None,
        "satisfied_how": None,
        "satisfied_on": None,
        "is_on_time": None,
        "days_late": 0,
    }
    assert told == {**standing, "obligations": [obligation]}
    (listed,) = get(client, ADA)["data"]
    assert listed == standing | {"computed_at": listed["computed_at"]}
    assert get(client, f"/v1/people/{to_hex24(hub.person)}/standings")["data"][0]["status"] == "not_started"
    assert get(client, "/v1/people/ref:00124/standings") == {"data": [], "next": None}
    stranger = get(client, f"/v1/people/ref:00124/standings/{made}")
    assert (stranger["status"], stranger["due_on"], stranger["obligations"]) == (None, None, [])


def test_any_day_may_be_asked_about_and_any_knowledge(hub: Hub, client: httpx.Client) -> None:
    made = assign(client, recurrence_days=365)
    before = get(client, f"{ADA}/{made}")
    today = date.fromisoformat(before["day"])
    record = complete(client, today)
    after = get(client, f"{ADA}/{made}")
    assert (after["status"], after["satisfied_by"], after["satisfied_how"]) == ("completed", record, "primary")
    assert after["obligations"][0]["satisfied_by"] == record
    assert after["credit_ends_on"] == days_after(before["day"], 365)
    (listed,) = get(client, ADA)["data"]
    assert listed["satisfied_by"] == record
    known = get(client, f"{ADA}/{made}", known_at=before["computed_at"], on=str(today))
    assert (known["status"], known["known_at"]) == ("not_started", before["computed_at"])
    assert get(client, ADA, known_at=before["computed_at"])["data"][0]["status"] == "not_started"
    later = get(client, f"{ADA}/{made}", on=days_after(before["day"], 500))
    assert (later["status"], later["credit"], later["days_late"] > 0) == ("expired", "lapsed", True)
    assert get(client, ADA, on=days_after(before["day"], -1))["data"] == []
    yesterday = get(client, f"{ADA}/{made}", on=days_after(before["day"], -1))
    assert yesterday["status"] is None


def test_a_person_is_told_of_all_her_assignments_in_parts(client: httpx.Client) -> None:
    made = [assign(client), assign(client, item="ref:LIFT/1 ä"), assign(client, completion_period_days=5)]
    part = get(client, ADA, limit=2)
    assert [row["assignment"] for row in part["data"]] == made[:2]
    rest = get(client, ADA, cursor=part["next"])
    assert ([row["assignment"] for row in rest["data"]], rest["next"]) == (made[2:], None)
    problem(client.get(f"{PATH}/counts", params={"cursor": part["next"]}), 422)


def test_every_answer_is_explained_by_rules_and_facts(client: httpx.Client) -> None:
    made = assign(client, recurrence_days=365)
    today = get(client, f"{ADA}/{made}")["day"]
    record = complete(client, date.fromisoformat(today))
    told = get(client, f"{ADA}/{made}/explanation")
    assert told["status"] == "completed"
    because = {one["rule"]: one for one in told["because"]}
    assert because["R1"] == {
        "rule": "R1",
        "fact": {"kind": "record", "id": record, "number": 1},
        "text": f"Credit from the completion of {today} ends on {days_after(today, 365)}, the latest of all.",
    }
    assert because["S4"] == {"rule": "S4", "fact": None, "text": "Credit is held and nothing is open."}
    steps = told["timeline"]
    assert list(dict.fromkeys(step["status"] for step in steps)) == ["completed", "renewal_due", "expired"]
    assert steps[0]["until_on"] == steps[1]["from_on"]
    granted = client.post("/v1/exemptions", json={"person": "ref:00123", "from_on": today, "reason": "Leave"}).json()
    exempt = get(client, f"{ADA}/{made}/explanation")
    facts = {one["rule"]: one["fact"] for one in exempt["because"]}
    assert facts["X3"] == {"kind": "exemption", "id": granted["id"], "number": None}


@pytest.mark.parametrize("path", ["", "/explanation"])
def test_what_is_not_there_and_what_is_no_day_is_said(
    hub: Hub, other_hub: Hub, client: httpx.Client, path: str
) -> None:
    made = assign(client)
    problem(client.get(f"/v1/people/ref:nobody/standings/{made}{path}"), 404, "person_not_found")
    for text in ("x", "asg_00000000000000000000000000"):
        problem(client.get(f"{ADA}/{text}{path}"), 404, "assignment_not_found")
    problem(other_hub.client("api").get(f"{ADA}/{made}{path}"), 404, "assignment_not_found")
    for name, value in (
        ("on", "today"),
        ("on", "2025-02-30"),
        ("on", "0001-01-01"),
        ("on", "9999-12-31"),
        ("known_at", "2025-01-01"),
        ("known_at", "0001-01-01T00:00:00Z"),
        ("at", "1"),
    ):
        (fault,) = problem(client.get(f"{ADA}/{made}{path}", params={name: value}), 422)["errors"]
        assert fault["parameter"] == name


# Lists ---------------------------------------------------------------------------------------------------------


def test_lists_are_by_kind_and_filtered(hub: Hub, client: httpx.Client) -> None:
    made = assign(client)
    other = assign(client, item="ref:LIFT/1 ä", completion_period_days=10)
    listed = get(client, PATH, list="due_soon")
    today = listed["day"]
    assert (listed["zone"], listed["next"]) == ("Europe/London", None)
    assert listed["data"] == [
        row | {"computed_at": listed["computed_at"]}
        for row in sorted(get(client, ADA)["data"], key=lambda row: str(row["due_on"]))
    ]
    assert [row["assignment"] for row in listed["data"]] == [other, made]
    for params, expected in (
        ({"within_days": 10}, [other]),
        ({"within_days": 9}, []),
        ({"assignment": made}, [made]),
        ({"audience": "ref:site-staff"}, [other, made]),
        ({"item": "ref:FIRE-101"}, [made]),
        ({"manager": "ref:00124"}, []),
    ):
        assert [row["assignment"] for row in get(client, PATH, list="due_soon", **params)["data"]] == expected
    client.patch("/v1/people/ref:00123", json={"manager": "ref:00124"})
    assert len(get(client, PATH, list="due_soon", manager="ref:00124")["data"]) == 2
    assert get(client, PATH, list="overdue")["data"] == []
    late = get(client, PATH, list="overdue", on=days_after(today, 20))
    assert [(row["assignment"], row["status"], row["days_late"]) for row in late["data"]] == [(other, "overdue", 10)]
    client.post("/v1/exemptions", json={"person": "ref:00123", "from_on": today, "reason": "x", "assignment": made})
    assert [row["assignment"] for row in get(client, PATH, list="exempt")["data"]] == [made]
    for kind in ("expired", "expiring"):
        assert get(client, PATH, list=kind)["data"] == []


def test_what_expires_is_listed_by_the_end_of_credit(client: httpx.Client) -> None:
    made = assign(client, recurrence_days=30)
    today = get(client, f"{ADA}/{made}")["day"]
    complete(client, date.fromisoformat(today))
    (row,) = get(client, PATH, list="expiring", within_days=30)["data"]
    assert row["credit_ends_on"] == days_after(today, 30)
    assert get(client, PATH, list="expiring", within_days=29)["data"] == []
    (row,) = get(client, PATH, list="expired", on=days_after(today, 70))["data"]
    assert row["status"] == "expired"


def test_a_list_is_walked_by_cursors(hub: Hub, client: httpx.Client) -> None:
    assign(client)
    client.put("/v1/audiences/ref:site-staff/members/ref:00124")
    day = get(client, PATH, list="due_soon")["day"]
    client.post("/v1/exemptions", json={"person": "ref:00123", "from_on": days_after(day, 50), "reason": "x"})
    client.post("/v1/exemptions", json={"person": "ref:00124", "from_on": days_after(day, 50), "reason": "x"})
    for params in (
        {"list": "due_soon"},
        {"list": "overdue", "on": days_after(day, 40)},
        {"list": "exempt", "on": days_after(day, 60)},
    ):
        whole = get(client, PATH, **params)["data"]
        assert len(whole) == 2
        answer = client.get(PATH, params={**params, "limit": 1})
        first = answer.json()
        second = get(client, PATH, **params, limit=1, cursor=first["next"])
        assert [row["person"] for row in first["data"] + second["data"]] == [row["person"] for row in whole]
        assert second["next"] is None
        followed = client.get(answer.links["next"]["url"]).json()
        assert followed["data"] == [row | {"computed_at": followed["computed_at"]} for row in second["data"]]


def test_a_list_is_a_csv_file_on_demand_and_no_cell_is_a_formula(hub: Hub, client: httpx.Client) -> None:
    made = assign(client)
    evil = NewPerson(given_name='=HYPERLINK("x")', family_name="+1, -2", identifiers=(Identifier("ref", "@sum"),))
    (mallory,) = hub.do(hub.ledger.people.add(hub.caller, [evil]))
    client.put(f"/v1/audiences/ref:site-staff/members/{to_ulid(mallory, 'person')}")
    answer = client.get(PATH, params={"list": "due_soon"}, headers={"accept": "text/csv, */*;q=0.1"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    assert answer.headers["vary"] == "accept"
    rows = {row["person"]: row for row in csv.DictReader(io.StringIO(answer.text))}
    ada, other = rows[to_ulid(hub.person, "person")], rows[to_ulid(mallory, "person")]
    assert (ada["person_ref"], ada["given_name"], ada["assignment"]) == ("00123", "Ada", made)
    assert (ada["status"], ada["days_left"], ada["credit_ends_on"]) == ("not_started", "30", "")
    assert (other["person_ref"], other["given_name"], other["family_name"]) == (
        "'@sum",
        '\'=HYPERLINK("x")',
        "'+1, -2",
    )
    assert "'-" not in answer.text.replace("'+1, -2", "")
    part = client.get(PATH, params={"list": "due_soon", "limit": 1}, headers={"accept": "text/csv"})
    rest = client.get(part.links["next"]["url"], headers={"accept": "text/csv"})
    assert (part.text + rest.text).count("\r\n") == 4
    both = client.get(PATH, params={"list": "due_soon"}, headers={"accept": "application/json, text/csv"})
    assert both.headers["content-type"] == "application/json"


@pytest.mark.parametrize(
    ("params", "name"),
    [
        ({}, "list"),
        ({"list": "late"}, "list"),
        ({"list": "overdue", "within_days": "3"}, "within_days"),
        ({"list": "due_soon", "within_days": "-1"}, "within_days"),
        ({"list": "due_soon", "within_days": "soon"}, "within_days"),
        ({"list": "due_soon", "on": "2025-1-1"}, "on"),
        ({"list": "due_soon", "assignment": "x"}, "assignment"),
        ({"list": "due_soon", "audience": "ref:no"}, "audience"),
        ({"list": "due_soon", "manager": "ref:no"}, "manager"),
        ({"list": "due_soon", "item": "ref:no"}, "item"),
        ({"list": "due_soon", "limit": "1001"}, "limit"),
        ({"list": "due_soon", "cursor": "x"}, "cursor"),
        ({"list": "due_soon", "person": "ref:00123"}, "person"),
    ],
)
def test_a_wrong_filter_is_refused_and_named(client: httpx.Client, params: dict[str, str], name: str) -> None:
    (fault,) = problem(client.get(PATH, params=params), 422)["errors"]
    assert fault["parameter"] == name


# Counts --------------------------------------------------------------------------------------------------------


def test_counts_are_by_assignment_and_in_sum(hub: Hub, client: httpx.Client) -> None:
    first, second = assign(client), assign(client, item="ref:LIFT/1 ä")
    client.put("/v1/audiences/ref:site-staff/members/ref:00124")
    told = get(client, f"{PATH}/counts")
    today = told["day"]
    complete(client, date.fromisoformat(today))
    body = {"person": "ref:00124", "from_on": today, "reason": "x", "assignment": second}
    client.post("/v1/exemptions", json=body)
    told = get(client, f"{PATH}/counts")
    statuses = dict.fromkeys(
        (
            "withdrawn",
            "exempt",
            "scheduled",
            "completed",
            "renewal_due",
            "expired",
            "overdue",
            "in_progress",
            "not_started",
        ),
        0,
    )
    one = {
        "assignment": first,
        "required": 2,
        "exempt": 0,
        "current": 1,
        "in_breach": 0,
        "current_rate": 0.5,
        "on_track_rate": 1.0,
        "statuses": statuses | {"completed": 1, "not_started": 1},
        "waiting": 0,
    }
    other = one | {
        "assignment": second,
        "required": 1,
        "exempt": 1,
        "current": 0,
        "current_rate": 0.0,
        "statuses": statuses | {"exempt": 1, "not_started": 1},
    }
    total = one | {
        "assignment": None,
        "required": 3,
        "exempt": 1,
        "current_rate": 0.3333,
        "statuses": statuses | {"completed": 1, "not_started": 2, "exempt": 1},
    }
    assert told == {
        "day": today,
        "zone": "Europe/London",
        "computed_at": told["computed_at"],
        "known_at": None,
        "total": total,
        "data": [one, other],
        "next": None,
    }
    part = get(client, f"{PATH}/counts", limit=1)
    assert (part["data"], part["total"]) == ([one], total)
    assert get(client, f"{PATH}/counts", limit=1, cursor=part["next"])["data"] == [other]
    late = get(client, f"{PATH}/counts", on=days_after(today, 60), assignment=first)
    assert (late["total"]["in_breach"], late["total"]["on_track_rate"], late["day"]) == (1, 0.5, days_after(today, 60))
    nobody = get(client, f"{PATH}/counts", on="1999-01-01")
    assert (nobody["data"], nobody["total"]["required"], nobody["total"]["current_rate"]) == ([], 0, None)
    (fault,) = problem(client.get(f"{PATH}/counts", params={"manager": "ref:no"}), 422)["errors"]
    assert fault["parameter"] == "manager"


def test_the_share_on_time_is_of_a_span_of_days(client: httpx.Client) -> None:
    made = assign(client)
    today = get(client, f"{ADA}/{made}")["day"]
    complete(client, date.fromisoformat(today))
    due = days_after(today, 30)
    told = get(client, f"{PATH}/on-time", **{"from": due, "to": due})
    assert told == {
        "from": due,
        "to": due,
        "zone": "Europe/London",
        "computed_at": told["computed_at"],
        "known_at": None,
        "due": 1,
        "on_time": 1,
        "rate": 1.0,
    }
    empty = get(client, f"{PATH}/on-time", **{"from": today, "to": today, "item": "ref:FIRE-101"})
    assert (empty["due"], empty["rate"]) == (0, None)
    for params, name in (
        ({"to": due}, "from"),
        ({"from": due}, "to"),
        ({"from": due, "to": today}, "to"),
        ({"from": "x", "to": due}, "from"),
    ):
        (fault,) = problem(client.get(f"{PATH}/on-time", params=params), 422)["errors"]
        assert fault["parameter"] == name


def test_work_in_the_background_is_told_with_its_progress(hub: Hub, client: httpx.Client) -> None:
    assert get(client, f"{PATH}/tasks") == {"data": [], "next": None}
    crowd = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name=f"P{n}") for n in range(40)]))
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, crowd, date(2025, 1, 10)))
    made = assign(client)
    (task,) = get(client, f"{PATH}/tasks")["data"]
    assert task["id"].startswith("tsk_")
    assert (task["assignment"], task["people"], task["total"]) == (made, None, 41)
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    (task,) = get(client, f"{PATH}/tasks")["data"]
    assert (task["done"], task["finished_at"] is not None) == (task["total"], True)
    (counted,) = get(client, f"{PATH}/counts")["data"]
    assert (counted["required"], counted["waiting"]) == (41, 0)


# As known at a moment ------------------------------------------------------------------------------------------


def test_lists_and_counts_are_told_as_they_were_known(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    first, second = sorted([assign(client, recurrence_days=365), assign(client)])
    told = get(client, f"{PATH}/counts")
    today, then = told["day"], told["computed_at"]
    listed = get(client, PATH, list="due_soon")
    time.sleep(0.002)
    complete(client, date.fromisoformat(today))
    assert get(client, f"{PATH}/counts")["total"]["current"] == 2
    known = get(client, f"{PATH}/counts", known_at=then)
    assert known == told | {"computed_at": known["computed_at"], "known_at": then}
    assert get(client, f"{PATH}/counts", known_at=then, limit=1, cursor=None)["next"] is not None
    page = get(client, PATH, list="due_soon", known_at=then, limit=1)
    more = {"computed_at": page["computed_at"], "known_at": then}
    assert page | {"next": None} == listed | more | {"data": [listed["data"][0] | more]}
    rest = get(client, PATH, list="due_soon", known_at=then, limit=1, cursor=page["next"])
    assert [row["assignment"] for row in page["data"] + rest["data"]] == [first, second]
    assert rest["next"] is None
    problem(client.get(PATH, params={"list": "due_soon", "cursor": page["next"]}), 422, "invalid_cursor")
    due = days_after(today, 30)
    span = {"from": due, "to": due, "assignment": first}
    share = get(client, f"{PATH}/on-time", **span, known_at=then)
    assert (share["due"], share["on_time"], share["known_at"]) == (1, 0, then)
    assert get(client, f"{PATH}/on-time", **span)["on_time"] == 1
    rows = client.get(PATH, params={"list": "due_soon", "known_at": then}, headers={"accept": "text/csv"}).text
    assert rows.count("\r\n") == 3
    for path, params in ((PATH, {"list": "due_soon"}), (f"{PATH}/counts", {})):
        body = other_hub.client("api").get(path, params={**params, "known_at": then}).json()
        assert body["data"] == []
    early = get(client, f"{PATH}/counts", known_at="1900-01-01T00:00:00Z")
    assert (early["day"], early["data"], early["total"]["required"]) == ("1900-01-01", [], 0)


@pytest.mark.parametrize(
    ("path", "params"),
    [
        ("", {"list": "overdue"}),
        ("/counts", {}),
        ("/on-time", {"from": "2025-01-01", "to": "2025-01-31"}),
    ],
)
@pytest.mark.parametrize("known_at", ["yesterday", "2025-01-01", "1899-01-01T00:00:00Z", "2300-01-01T00:00:00Z"])
def test_a_moment_that_is_none_is_refused_and_named(
    client: httpx.Client, path: str, params: dict[str, str], known_at: str
) -> None:
    (fault,) = problem(client.get(f"{PATH}{path}", params={**params, "known_at": known_at}), 422)["errors"]
    assert fault["parameter"] == "known_at"


def test_more_lines_than_a_request_works_out_are_refused_with_a_narrower_question(
    hub: Hub, client: httpx.Client
) -> None:
    crowd = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="P") for _ in range(KNOWN_LINES_MAX)]))
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, crowd, date(2025, 1, 10)))
    made = assign(client)
    hub.do(hub.ledger.standings.settle(hub.tenant.id))
    known = {"known_at": get(client, f"{PATH}/counts")["computed_at"]}
    for path, params in (
        ("", {"list": "due_soon"}),
        ("/counts", {}),
        ("/on-time", {"from": "2025-01-01", "to": "2025-01-31"}),
    ):
        (fault,) = problem(client.get(f"{PATH}{path}", params={**params, **known}), 422, "invalid")["errors"]
        assert (fault["parameter"], fault["code"]) == ("known_at", "range")
        assert "5,000 lines at most" in fault["detail"]
    client.patch("/v1/people/ref:00123", json={"manager": "ref:00124"})
    time.sleep(0.002)
    known = {"known_at": get(client, f"{PATH}/counts")["computed_at"]}
    body = {"audience": "ref:site-staff", "item": "ref:FIRE-101"}
    for path, json, where in (
        (f"/v1/assignments/{made}/previews", {}, {"parameter": "assignment"}),
        ("/v1/previews", body, {"pointer": "/audience"}),
    ):
        (fault,) = problem(client.post(path, json=json), 422, "invalid")["errors"]
        assert fault == where | {"code": "range", "detail": fault["detail"]}
        assert "5,000 people" in fault["detail"]
    narrow = get(client, f"{PATH}/counts", **known, manager="ref:00124", assignment=made)
    assert narrow["total"]["required"] == 1


# Previews ------------------------------------------------------------------------------------------------------


def test_a_preview_says_who_would_stand_otherwise_and_writes_nothing(hub: Hub, client: httpx.Client) -> None:
    made = assign(client)
    before = client.get(f"/v1/assignments/{made}").json(), get(client, ADA)["data"][0]
    reader = hub.client("api", hub.reader)
    answer = reader.post(f"/v1/assignments/{made}/previews", json={"completion_period_days": 60})
    assert answer.status_code == 200, answer.text
    told = answer.json()
    today = told["day"]
    step = {name: before[1][name] for name in told["changes"][0]["before"]}
    after = step | {"due_on": days_after(today, 60), "until_on": days_after(today, 61)}
    assert told == {
        "day": today,
        "zone": "Europe/London",
        "computed_at": told["computed_at"],
        "people": 1,
        "changed": 1,
        "opens": 0,
        "moves": 1,
        "withdraws": 0,
        "statuses": [{"before": "not_started", "after": "not_started", "people": 1}],
        "changes": [{"person": to_ulid(hub.person, "person"), "on": today, "before": step, "after": after}],
    }
    unchanged = get(client, ADA)["data"][0]
    assert (client.get(f"/v1/assignments/{made}").json(), unchanged) == (
        before[0],
        before[1] | {"computed_at": unchanged["computed_at"]},
    )
    nothing = client.post(f"/v1/assignments/{made}/previews", json={}).json()
    assert (nothing["people"], nothing["changed"], nothing["changes"]) == (1, 0, [])


def test_a_new_assignment_is_previewed_and_not_made(hub: Hub, client: httpx.Client) -> None:
    body = {"audience": "ref:site-staff", "item": "ref:FIRE-101", "completion_period_days": 7}
    told = client.post("/v1/previews", json=body).json()
    assert (told["people"], told["changed"], told["opens"]) == (1, 1, 1)
    (change,) = told["changes"]
    assert (change["before"], change["after"]["due_on"]) == (None, days_after(told["day"], 7))
    assert client.get("/v1/assignments").json()["data"] == []
    assert get(client, ADA)["data"] == []


@pytest.mark.parametrize(
    ("body", "pointer"),
    [
        ({"completion_period_days": 0}, "/completion_period_days"),
        ({"item": "ref:nothing"}, "/item"),
        ({"anchor": "calendar"}, "/calendar_days"),
        ({"zone": "Mars"}, "/zone"),
        ({"due": 1}, "/due"),
    ],
)
def test_a_preview_refuses_what_the_edit_would(client: httpx.Client, body: dict[str, Any], pointer: str) -> None:
    at = f"/v1/assignments/{assign(client)}/previews"
    least = {"audience": "ref:site-staff", "item": "ref:FIRE-101"}
    for answer in (client.post(at, json=body), client.post("/v1/previews", json=least | body)):
        assert [fault["pointer"] for fault in problem(answer, 422)["errors"]] == [pointer]


def test_a_preview_of_what_is_not_there_is_refused(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    made = assign(client)
    problem(client.post("/v1/assignments/x/previews", json={}), 404, "assignment_not_found")
    problem(other_hub.client("api").post(f"/v1/assignments/{made}/previews", json={}), 404, "assignment_not_found")
    body = {"audience": to_ulid(hub.audience, "audience"), "item": "ref:FIRE-101"}
    problem(other_hub.client("api").post("/v1/previews", json=body), 422, "audience_not_found")
    problem(client.post("/v1/previews", content=b"{", headers={"content-type": "application/json"}), 400)
    problem(client.post("/v1/previews", content=b"x", headers={"content-type": "text/plain"}), 415)
    client.delete(f"/v1/assignments/{made}")
    problem(client.post(f"/v1/assignments/{made}/previews", json={}), 409, "conflict")


def test_the_farthest_days_are_answered_too(client: httpx.Client) -> None:
    made = assign(client, anchor="calendar", calendar_days=["06-30", "12-31"], completion_period_days=36_500)
    complete(client, datetime.now(UTC).date() - timedelta(days=2))
    for on in ("1900-01-01", "2299-12-31"):
        for path in (ADA, f"{ADA}/{made}", f"{ADA}/{made}/explanation", f"{PATH}/counts"):
            assert client.get(path, params={"on": on}).status_code == 200
        for kind in ("due_soon", "overdue", "expired", "expiring", "exempt"):
            params = {"list": kind, "on": on} | ({"within_days": "36500"} if kind in ("due_soon", "expiring") else {})
            assert client.get(PATH, params=params).status_code == 200
    body = {"person": "ref:00123", "from_on": "1900-01-01", "until_on": "2299-12-31", "reason": "x"}
    assert client.post("/v1/exemptions", json=body).status_code == 201
    known = {"known_at": "2299-12-31T23:59:59.999999Z"}
    assert get(client, f"{ADA}/{made}", **known)["status"] == "exempt"
