"""GET v1 /users, /user/{id}, /users/ref/{ref}; POST v2 /users; PATCH and DELETE v2 /users/ref/{ref}; its /suspend."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from datetime import date
from typing import Any
from urllib.parse import quote

import httpx
import pytest

from testamur.core.audiences import Appointment, Permission
from testamur.core.ids import to_hex24, to_opaque, to_ulid, to_uuid
from testamur.core.moments import When, format_instant
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.core.records import NewRecord, Report
from testamur.core.skills import SkillSetting, TagNamed
from tests.hub import Hub, moment

V1 = "/rest/v1"
V2 = "/rest/v2/users"
ODD = "Zoë/Q @100% +1"
GRACE = {"ref": "G-1", "firstName": "Grace", "lastName": "Hopper", "email": "Grace@Example.com"}


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def by_ref(ref: str) -> str:
    return f"{V2}/ref/{quote(ref, safe='')}"


def made(client: httpx.Client, **body: Any) -> dict[str, Any]:
    answer = client.post(V2, json=GRACE | body)
    assert answer.status_code == 201, answer.text
    found: dict[str, Any] = answer.json()
    return found


def refusal(answer: httpx.Response, status: int) -> str:
    assert answer.status_code == status, answer.text
    assert set(answer.json()) == {"status", "error", "message"}
    assert answer.json()["status"] == status
    message: str = answer.json()["message"]
    return message


def refs(client: httpx.Client, **params: Any) -> list[str | None]:
    answer = client.get(f"{V1}/users", params=params)
    assert answer.status_code == 200, answer.text
    return [user["ref"] for user in answer.json()["results"]]


def staff(hub: Hub, count: int) -> list[str]:
    """New people's refs, in the order in which they were added."""
    new = [NewPerson(given_name="N", identifiers=(Identifier("ref", f"S{number:05}"),)) for number in range(count)]
    hub.do(hub.ledger.people.add(hub.caller, new))
    return [f"S{number:05}" for number in range(count)]


# Creating ---------------------------------------------------------------------------------------------------------


def test_a_user_is_made_from_the_least(client: httpx.Client) -> None:
    answer = client.post(V2, json=GRACE)
    assert answer.status_code == 201
    user = answer.json()
    assert user == {
        "id": user["id"],
        "loginMethod": "email",
        "ref": "G-1",
        "email": "grace@example.com",
        "firstName": "Grace",
        "lastName": "Hopper",
        "role": "learner",
        "jobTitle": None,
        "managerRef": None,
        "startDate": None,
        "endDate": None,
        "timeZone": "Europe/London",
        "languageCode": None,
        "active": True,
        "createdAt": user["createdAt"],
        "updatedAt": user["createdAt"],
        "sso": False,
        "domain": None,
        "additionalFields": {},
    }
    assert len(user["id"]) == 24
    assert user["createdAt"].endswith("Z")


def test_a_user_is_made_from_everything(hub: Hub, client: httpx.Client) -> None:
    everything = {
        "loginMethod": "ref",
        "role": "learneradmin",
        "jobTitle": "Rear admiral",
        "managerRef": "00123",
        "startDate": "2024-05-01T09:00:00+02:00",
        "endDate": "2099-12-31",
        "timeZone": "America/New_York",
        "languageCode": "en-us",
        "sso": True,
        "domain": "navy.example",
        "additionalFields": {"location": "London", "grade": 7, "remote": False, "nothing": None},
    }
    user = made(client, **everything)
    shown = everything | {
        "startDate": "2024-05-01T07:00:00.000Z",
        "endDate": "2099-12-31T00:00:00.000Z",
        "additionalFields": {"location": "London", "grade": 7, "remote": False},
    }
    assert {name: user[name] for name in shown} == shown
    assert client.get(f"{V1}/users/ref/G-1").json() == {
        "id": user["id"],
        "ref": "G-1",
        "firstName": "Grace",
        "lastName": "Hopper",
        "email": "grace@example.com",
        "role": "learneradmin",
        "status": "active",
        "languageCode": "en-us",
        "positions": [
            {
                "id": client.get(f"{V1}/users/ref/G-1").json()["positions"][0]["id"],
                "manager": {"id": to_hex24(hub.person), "name": "Ada Okafor", "ref": "00123"},
                "title": "Rear admiral",
                "isActive": True,
                "startDate": "2024-05-01T07:00:00.000Z",
                "endDate": "2099-12-31T00:00:00.000Z",
                "createdAt": user["createdAt"],
                "updatedAt": user["createdAt"],
            }
        ],
        "additionalFields": {"location": "London", "grade": 7, "remote": False},
    }


def test_who_signs_in_by_ref_needs_no_email(client: httpx.Client) -> None:
    body = {"ref": "R", "firstName": "R", "lastName": "S"}
    assert "email" in refusal(client.post(V2, json=body), 422)
    assert "email" in refusal(client.post(V2, json=body | {"email": None, "loginMethod": "email"}), 422)
    answer = client.post(V2, json=body | {"loginMethod": "ref"})
    assert (answer.status_code, answer.json()["email"]) == (201, None)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("ref", ""),
        ("ref", " "),
        ("ref", None),
        ("ref", "x" * 501),
        ("ref", "a\0b"),
        ("firstName", None),
        ("firstName", "x" * 256),
        ("lastName", 7),
        ("lastName", "a\0"),
        ("email", "nobody"),
        ("email", "a@b@c"),
        ("email", "a b@c"),
        ("email", f"{'x' * 320}@c"),
        ("loginMethod", "sms"),
        ("role", "king"),
        ("jobTitle", "x" * 256),
        ("managerRef", 7),
        ("managerRef", "G-1"),
        ("startDate", "yesterday"),
        ("startDate", "2024-05-01T09:00:00"),
        ("startDate", 20240501),
        ("timeZone", "Mars/Olympus"),
        ("timeZone", "../../etc/passwd"),
        ("languageCode", "English, please"),
        ("sso", "yes"),
        ("domain", "x" * 256),
        ("additionalFields", []),
        ("additionalFields", {"x": {"nested": 1}}),
        ("additionalFields", {"x": "y" * 2001}),
        ("additionalFields", {"x": "\0"}),
        ("additionalFields", {"\0": "x"}),
        ("additionalFields", {"x": 2**53 + 1}),
        ("additionalFields", {f"f{number}": 1 for number in range(101)}),
        ("nickname", "Amazing"),
    ],
)
def test_what_cannot_be_is_refused_by_name(client: httpx.Client, field: str, value: Any) -> None:
    assert field in refusal(client.post(V2, json=GRACE | {field: value}), 422)
    refusal(client.get(f"{V1}/users/ref/G-1"), 404)


def test_an_end_before_the_start_is_refused(client: httpx.Client) -> None:
    dates = {"startDate": "2024-05-02", "endDate": "2024-05-01"}
    assert "endDate" in refusal(client.post(V2, json=GRACE | dates), 422)
    made(client, startDate="2024-05-02")
    assert "endDate" in refusal(client.patch(by_ref("G-1"), json={"endDate": "2024-05-01"}), 422)
    assert "endDate" in refusal(client.patch(f"{by_ref('G-1')}/suspend", json={"endDate": "2024-05-01"}), 422)


def test_a_taken_ref_or_email_is_a_conflict(client: httpx.Client) -> None:
    made(client)
    assert "ref" in refusal(client.post(V2, json=GRACE | {"email": "other@example.com"}), 409)
    assert "email" in refusal(client.post(V2, json=GRACE | {"ref": "G-2", "email": "GRACE@example.COM"}), 409)
    assert "ref" in refusal(client.patch(by_ref("G-1"), json={"ref": "00123"}), 409)
    assert "email" in refusal(client.patch(by_ref("G-1"), json={"email": "ada@example.com"}), 409)


def test_of_many_who_make_the_same_user_one_does(hub: Hub, client: httpx.Client) -> None:
    with ThreadPoolExecutor(6) as pool:
        answers = list(pool.map(lambda _: hub.client("thrive").post(V2, json=GRACE).status_code, range(6)))
    assert sorted(answers) == [201, 409, 409, 409, 409, 409]


@pytest.mark.parametrize(
    ("method", "path"),
    [("POST", V2), ("PATCH", by_ref("00123")), ("PATCH", f"{by_ref('00123')}/suspend"), ("DELETE", by_ref("00123"))],
)
def test_a_reader_changes_nothing(hub: Hub, client: httpx.Client, method: str, path: str) -> None:
    body = None if method == "DELETE" else GRACE if method == "POST" else {}
    with hub.client("thrive", hub.reader) as reader:
        assert "write" in refusal(reader.request(method, path, json=body), 403)
        assert reader.get(f"{V1}/users").status_code == 200
    assert client.get(f"{V1}/users/ref/00123").json()["status"] == "active"


def test_bodies_that_are_no_json_are_refused(client: httpx.Client) -> None:
    refusal(client.post(V2, content="{", headers={"content-type": "application/json"}), 422)
    refusal(client.post(V2, content="a=b", headers={"content-type": "text/plain"}), 415)
    refusal(client.post(V2, json=[GRACE]), 422)
    refusal(client.patch(by_ref("00123"), content=b"\xff", headers={"content-type": "application/json"}), 422)


# Changing ---------------------------------------------------------------------------------------------------------


def test_a_change_keeps_what_is_absent_and_null_empties(client: httpx.Client) -> None:
    before = made(
        client,
        role="administrator",
        jobTitle="Admiral",
        managerRef="00123",
        startDate="2024-05-01T07:00:00.000Z",
        timeZone="Asia/Tokyo",
        languageCode="ja",
        sso=True,
        domain="d",
        additionalFields={"a": 1, "b": "two"},
    )
    assert client.patch(by_ref("G-1"), json={}).json() == before
    after = client.patch(by_ref("G-1"), json={"lastName": "Murray", "additionalFields": {"b": None, "c": True}}).json()
    changed = {"lastName": "Murray", "additionalFields": {"a": 1, "c": True}, "updatedAt": after["updatedAt"]}
    assert after == before | changed
    assert after["updatedAt"] > before["updatedAt"]
    emptied = dict.fromkeys(
        ["role", "jobTitle", "managerRef", "startDate", "timeZone", "languageCode", "sso", "domain", "additionalFields"]
    )
    answer = client.patch(by_ref("G-1"), json=emptied).json()
    defaults = {"role": "learner", "timeZone": "Europe/London", "sso": False, "additionalFields": {}}
    assert answer == after | emptied | defaults | {"updatedAt": answer["updatedAt"]}
    assert client.get(f"{V1}/users/ref/G-1").json()["positions"] == []


@pytest.mark.parametrize("field", ["ref", "firstName", "lastName"])
def test_what_is_required_cannot_be_emptied(client: httpx.Client, field: str) -> None:
    assert field in refusal(client.patch(by_ref("00123"), json={field: None}), 422)


def test_an_email_can_be_emptied_only_by_who_signs_in_by_ref(client: httpx.Client) -> None:
    assert "email" in refusal(client.patch(by_ref("00123"), json={"email": None}), 422)
    answer = client.patch(by_ref("00123"), json={"email": None, "loginMethod": "ref"})
    assert (answer.status_code, answer.json()["email"]) == (200, None)
    assert "email" in refusal(client.patch(by_ref("00123"), json={"loginMethod": None}), 422)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("nickname", "x"),
        ("firstname", "x"),
        ("email", "nobody"),
        ("timeZone", "Nowhere"),
        ("managerRef", "00123"),
        ("jobTitle", "\0"),
        ("additionalFields", {f"f{number}": 1 for number in range(101)}),
    ],
)
def test_a_bad_change_is_refused_by_name_and_changes_nothing(client: httpx.Client, field: str, value: Any) -> None:
    before = client.get(f"{V1}/users/ref/00123").json()
    assert field in refusal(client.patch(by_ref("00123"), json={"lastName": "X", field: value}), 422)
    assert client.get(f"{V1}/users/ref/00123").json() == before


def test_additional_fields_stay_below_their_number_however_they_come(client: httpx.Client) -> None:
    made(client, additionalFields={f"f{number}": 1 for number in range(100)})
    assert "additionalFields" in refusal(client.patch(by_ref("G-1"), json={"additionalFields": {"one more": 1}}), 422)
    swap = {"f0": None, "one more": 1}
    assert len(client.patch(by_ref("G-1"), json={"additionalFields": swap}).json()["additionalFields"]) == 100


def test_a_ref_with_anything_in_it_is_found_in_the_path(client: httpx.Client) -> None:
    user = made(client, ref=ODD)
    assert client.get(f"{V1}/users/ref/{quote(ODD, safe='')}").json()["id"] == user["id"]
    assert client.patch(by_ref(ODD), json={"ref": "plain"}).json()["ref"] == "plain"
    refusal(client.get(f"{V1}/users/ref/{quote(ODD, safe='')}"), 404)
    assert client.get(f"{V1}/users/ref/plain").json()["id"] == user["id"]
    refusal(client.get(f"{V1}/users/ref/a%00b"), 404)
    refusal(client.get(f"{V1}/users/ref/{'x' * 600}"), 404)


@pytest.mark.parametrize(
    ("method", "tail", "body"), [("PATCH", "", {}), ("PATCH", "/suspend", {}), ("DELETE", "", None)]
)
def test_who_is_not_here_is_not_found(
    hub: Hub, other_hub: Hub, client: httpx.Client, method: str, tail: str, body: Any
) -> None:
    """An id is no reference, and what names somebody in another tenant names nobody here."""
    other = other_hub.client("thrive")
    made(other, ref="theirs")
    for ref in ("nobody", "theirs", to_hex24(hub.person), to_hex24(other_hub.person)):
        assert "ref" in refusal(client.request(method, f"{by_ref(ref)}{tail}", json=body), 404)
    assert other.get(f"{V1}/users/ref/theirs").json()["status"] == "active"


# Managers ---------------------------------------------------------------------------------------------------------


def test_a_manager_may_arrive_after_those_who_name_her(client: httpx.Client) -> None:
    waiting = made(client, managerRef="BOSS", jobTitle="Clerk")
    assert waiting["managerRef"] == "BOSS"
    (position,) = client.get(f"{V1}/user/{waiting['id']}").json()["positions"]
    assert position["manager"] == {"id": None, "name": None, "ref": "BOSS"}
    boss = made(client, ref="BOSS", email="boss@example.com", firstName="Bo", lastName="Ss")
    (position,) = client.get(f"{V1}/user/{waiting['id']}").json()["positions"]
    assert position["manager"] == {"id": boss["id"], "name": "Bo Ss", "ref": "BOSS"}
    client.patch(by_ref("BOSS"), json={"ref": "CHIEF"})
    after = client.patch(by_ref("G-1"), json={"jobTitle": "Head clerk"}).json()
    assert (after["managerRef"], after["jobTitle"]) == ("CHIEF", "Head clerk"), "she stays the same person"
    assert after["updatedAt"] > waiting["updatedAt"]


def test_nobody_stands_above_herself(client: httpx.Client) -> None:
    made(client, ref="A", email="a@example.com", managerRef="C")
    made(client, ref="B", email="b@example.com", managerRef="A")
    assert "managerRef" in refusal(client.patch(by_ref("A"), json={"managerRef": "B"}), 422)
    assert "managerRef" in refusal(client.patch(by_ref("A"), json={"ref": "Z", "managerRef": "Z"}), 422)
    closing = GRACE | {"ref": "C", "managerRef": "B"}
    assert "managerRef" in refusal(client.post(V2, json=closing), 422), "C is awaited by A"
    assert "ref" in refusal(client.patch(by_ref("A"), json={"ref": "C"}), 422), "A awaits C"
    made(client, ref="D", email="d@example.com", managerRef="B")
    assert "ref" in refusal(client.patch(by_ref("D"), json={"ref": "C"}), 422)
    assert client.get(f"{V1}/users/ref/A").json()["positions"][0]["manager"]["id"] is None


# Suspending -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("body", [None, {}, {"endDate": None}])
def test_a_user_is_suspended_and_keeps_everything(hub: Hub, client: httpx.Client, body: Any) -> None:
    before = client.get(f"{V1}/user/{to_hex24(hub.person)}").json()
    answer = client.patch(f"{by_ref('00123')}/suspend", json=body)
    assert answer.status_code == 200
    assert (answer.json()["active"], answer.json()["endDate"]) == (False, None)
    after = client.get(f"{V1}/user/{to_hex24(hub.person)}").json()
    assert after == before | {"status": "inactive", "updatedAt": answer.json()["updatedAt"]}
    again = client.patch(f"{by_ref('00123')}/suspend", json={})
    assert again.json() == answer.json(), "suspended once"


def test_a_suspension_can_tell_the_end_of_the_employment(client: httpx.Client) -> None:
    answer = client.patch(f"{by_ref('00123')}/suspend", json={"endDate": "2025-03-31T17:00:00Z"}).json()
    assert (answer["active"], answer["endDate"]) == (False, "2025-03-31T17:00:00.000Z")
    for bad in ({"endDate": "soon"}, {"endDate": 1}, {"enddate": "2025-03-31"}):
        assert next(iter(bad)) in refusal(client.patch(f"{by_ref('00123')}/suspend", json=bad), 422)


def test_a_suspension_archives_enrolments_from_the_moment_she_left(hub: Hub, client: httpx.Client) -> None:
    assignment = client.post(
        f"{V1}/assignments", json={"audienceId": to_hex24(hub.audience), "contentId": to_hex24(hub.item)}
    ).json()["id"]
    path = f"{V1}/assignments/{assignment}/enrolments"
    (before,) = client.get(path).json()
    client.patch(f"{by_ref('00123')}/suspend", json={})
    (after,) = client.get(path).json()
    assert before["status"] != "archived"
    assert after["status"] == "archived"


# Deleting ---------------------------------------------------------------------------------------------------------


def test_a_deleted_user_is_nobody_and_what_she_did_stays(hub: Hub, client: httpx.Client) -> None:
    id = to_hex24(hub.person)
    client.patch(by_ref("00123"), json={"jobTitle": "Clerk", "additionalFields": {"a": 1}, "domain": "d"})
    done = {"userId": id, "contentId": to_hex24(hub.item), "completedAt": format_instant(moment())}
    statement = client.post(f"{V1}/learning/completions", json=done).json()["statementId"]
    hub.do(hub.ledger.skills.add(hub.caller, ["Ladders"]))
    whom, tag = Reference("00123", ("ref",)), TagNamed("Ladders", "tag")
    hub.do(hub.ledger.skills.interest(hub.caller, whom, [tag]))
    hub.do(hub.ledger.skills.set(hub.caller, whom, [SkillSetting(tag, 3, None)]))
    rights = Appointment(whom, frozenset({Permission.ASSIGN}))
    hub.do(hub.ledger.managers.appoint(hub.caller, Reference("site-staff", (), "audience"), [rights]))
    answer = client.request("DELETE", by_ref("00123"), headers={"content-type": "application/json"})
    assert (answer.status_code, answer.json()) == (200, {"success": True})
    user = client.get(f"{V1}/user/{id}").json()
    assert user == {
        "id": id,
        "ref": None,
        "firstName": None,
        "lastName": None,
        "email": None,
        "role": None,
        "status": "inactive",
        "languageCode": None,
        "positions": [],
        "additionalFields": None,
        "deleted": True,
        "compliance": None,
        "level": None,
        "relevancy": None,
        "firstLogin": None,
        "lastLogin": None,
        "createdAt": user["createdAt"],
        "updatedAt": user["updatedAt"],
        "tags": {"skills": []},
        "usersFollowing": [],
        "tagsFollowing": [],
        "hasPicture": False,
        "singleSignOn": False,
        "onboarded": None,
        "timeZone": None,
        "summary": None,
        "rank": None,
        "agreedTerms": None,
        "audiences": [],
    }
    assert user["updatedAt"] > user["createdAt"]
    assert client.get(f"{V1}/learning/completions/{statement}").json()["userId"] == id
    assert client.get(f"{V1}/audiences/site-staff/members").json()["results"] == []
    assert client.get(f"{V1}/audiences/site-staff/managers").json() == []
    (kept,) = client.get(f"{V1}/tags").json()["results"]
    assert (kept["interests"], kept["skills"]) == ([], [])
    refusal(client.get(f"{V1}/users/ref/00123"), 404)
    refusal(client.delete(by_ref("00123")), 404)


def test_a_deleted_users_identifiers_are_free_and_lead_to_somebody_else(hub: Hub, client: httpx.Client) -> None:
    client.delete(by_ref("00123"))
    user = made(client, ref="00123", email="ada@example.com")
    assert user["id"] != to_hex24(hub.person)
    done = {"userId": user["id"], "contentId": to_hex24(hub.item), "completedAt": format_instant(moment())}
    assert client.post(f"{V1}/learning/completions", json=done).status_code == 201
    assert client.get(f"{V1}/learning/completions", params={"userId": to_hex24(hub.person)}).json() == []


@pytest.mark.parametrize("dialect", ["thrive", "stackone", "rise", "cpod", "xapi"])
def test_no_dialect_says_who_a_deleted_user_was(hub: Hub, client: httpx.Client, dialect: str) -> None:
    new = NewRecord(
        source="tests",
        person=Reference("00123", ("ref",)),
        item=Reference("FIRE-101", ("ref",), "item"),
        completed=When.instant(moment()),
        enrols=True,
    )
    hub.do(hub.ledger.records.record(hub.tenant.id, new, Report("tests", hub.key.client, "POST", "/", "{}")))
    client.delete(by_ref("00123"))
    (record,) = hub.do(hub.ledger.records.page(hub.tenant.id, count=10))
    paths = {
        "thrive": [f"{V1}/users", f"{V1}/learning/completions", f"{V1}/activities"],
        "stackone": ["/unified/lms/completions", f"/unified/lms/completions/{to_opaque(record.id)}"],
        "rise": ["/users", f"/reports/learners/{to_hex24(hub.person)}", f"/reports/courses/{to_hex24(hub.item)}"],
        "cpod": [f"/api/v1/performance/learning-records/{to_ulid(record.id, 'record')}"],
        "xapi": [f"/statements?statementId={to_uuid(record.id)}"],
    }
    for path in paths[dialect]:
        answer = hub.client(dialect).get(path)
        assert answer.status_code == 200, answer.text
        text = answer.text
        assert not [word for word in ("Ada", "Okafor", "ada@example.com", "00123") if word in text], path


# Reading ----------------------------------------------------------------------------------------------------------


def test_users_are_listed_whole(hub: Hub, client: httpx.Client) -> None:
    hub.do(hub.ledger.skills.add(hub.caller, ["Ladders", "Ropes"]))
    whom = Reference("00124", ("ref",))
    hub.do(hub.ledger.skills.interest(hub.caller, whom, [TagNamed("Ropes", "tag")]))
    hub.do(hub.ledger.skills.set(hub.caller, whom, [SkillSetting(TagNamed("Ladders", "tag"), 1024, None)]))
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, [hub.other_person], date(2025, 2, 1)))
    answer = client.get(f"{V1}/users", params={"perPage": 1, "page": 2}).json()
    (user,) = answer["results"]
    assert answer["pagination"] == {"totalResults": 2, "totalPages": 2, "page": 2, "perPage": 1}
    assert user == {
        "id": to_hex24(hub.other_person),
        "ref": "00124",
        "firstName": "Zoë",
        "lastName": "Ćirić",
        "email": "zoe@example.com",
        "role": "learner",
        "status": "active",
        "languageCode": None,
        "positions": [],
        "additionalFields": {},
        "deleted": False,
        "compliance": None,
        "level": None,
        "relevancy": None,
        "firstLogin": None,
        "lastLogin": None,
        "createdAt": user["createdAt"],
        "updatedAt": user["updatedAt"],
        "tags": {"skills": ["Ladders"]},
        "usersFollowing": [],
        "tagsFollowing": ["Ropes"],
        "hasPicture": False,
        "singleSignOn": False,
        "onboarded": None,
        "timeZone": "Europe/London",
        "summary": None,
        "rank": None,
        "agreedTerms": None,
        "audiences": [{"id": to_hex24(hub.audience)}],
    }
    for spelling in (user["id"], user["id"].upper(), to_uuid(hub.other_person)):
        assert client.get(f"{V1}/user/{spelling}").json() == user


def test_an_id_that_names_nobody_here_is_not_found(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    for id in (to_hex24(other_hub.person), to_hex24(hub.item), "nobody", "a%2Fb", "f" * 24):
        refusal(client.get(f"{V1}/user/{id}"), 404)


def test_an_id_that_came_along_names_its_user(hub: Hub, client: httpx.Client) -> None:
    came = NewPerson(given_name="Old", identifiers=(Identifier("thrive", "5F0000000000000000000001"),))
    (id,) = hub.do(hub.ledger.people.add(hub.caller, [came]))
    assert client.get(f"{V1}/user/5f0000000000000000000001").json()["id"] == to_hex24(id)


def test_pages_neither_skip_nor_repeat_whatever_happens_meanwhile(hub: Hub, client: httpx.Client) -> None:
    added = staff(hub, 20)
    first = refs(client, perPage=10)
    client.delete(by_ref(added[0]))
    client.patch(by_ref(added[1]), json={"lastName": "Moved"})
    made(client)
    rest = refs(client, perPage=10, page=2) + refs(client, perPage=10, page=3)
    assert first + rest == ["00123", "00124", *added, "G-1"]
    assert refs(client, perPage=10, page=4) == []
    assert refs(client, perPage=23, page=2) == [], "behind an exactly full page"
    assert client.get(f"{V1}/users", params={"page": 10_000_000, "perPage": 1000}).json()["results"] == []


def test_people_added_side_by_side_have_one_place_each(hub: Hub, client: httpx.Client) -> None:
    def add(number: int) -> None:
        new = [NewPerson(given_name="N", identifiers=(Identifier("ref", f"{number}-{one}"),)) for one in range(5)]
        hub.do(hub.ledger.people.add(hub.caller, new))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(add, range(16)))
    walked = [ref for page in range(1, 14) for ref in refs(client, perPage=7, page=page)]
    assert len(walked) == len(set(walked)) == 82
    assert client.get(f"{V1}/users").json()["pagination"]["totalResults"] == 82


def test_users_are_filtered_by_status(client: httpx.Client) -> None:
    made(client, ref="NEW", email="n@example.com", startDate="2099-01-01")
    made(client, ref="OVER", email="o@example.com", endDate="2024-01-01T00:00:00Z")
    made(client, ref="OUT", email="u@example.com", endDate="2024-01-01T00:00:00Z")
    client.patch(f"{by_ref('OUT')}/suspend", json={})
    client.delete(by_ref("00124"))
    assert refs(client, status="new") == ["NEW"]
    assert refs(client, statuses="expired") == ["OVER"]
    assert refs(client, statuses="inactive") == [None, "OUT"]
    assert refs(client, statuses="active, new") == ["00123", "NEW"]
    assert refs(client, omitStatuses="inactive,new") == ["00123", "OVER"]
    assert refs(client, statuses="active,new", omitStatuses="new") == ["00123"]
    assert refs(client, statuses="active", status="new") == []
    assert refs(client) == ["00123", None, "NEW", "OVER", "OUT"]
    answer = client.get(f"{V1}/users", params={"omitStatuses": "inactive", "perPage": 2, "page": 2}).json()
    assert [user["ref"] for user in answer["results"]] == ["OVER"]
    assert answer["pagination"] == {"totalResults": 3, "totalPages": 2, "page": 2, "perPage": 2}
    for user in client.get(f"{V1}/users").json()["results"]:
        assert user["id"] in {
            one["id"] for one in client.get(f"{V1}/users", params={"status": user["status"]}).json()["results"]
        }, "shown and filtered are the same"


def test_users_are_filtered_by_their_last_change(client: httpx.Client) -> None:
    made(client)
    changed = client.patch(by_ref("00123"), json={"lastName": "O"}).json()["updatedAt"]
    client.delete(by_ref("00124"))
    assert refs(client, updatedSince=changed) == ["00123", None], "the deleted are told of too"
    assert refs(client, updatedSince="2099-01-01") == []
    assert len(refs(client, updatedSince="2001-01-01")) == 3
    assert refs(client, updatedSince=changed, status="active") == ["00123"]


@pytest.mark.parametrize(
    "params",
    [
        {"page": "0"},
        {"page": "x"},
        {"perPage": "0"},
        {"perPage": "1001"},
        {"updatedSince": "yesterday"},
        {"status": "dead"},
        {"status": "active,new"},
        {"statuses": "active,dead"},
        {"omitStatuses": "dead"},
        {"status": "a\0"},
    ],
)
def test_bad_parameters_are_refused_by_name(client: httpx.Client, params: dict[str, str]) -> None:
    assert next(iter(params)) in refusal(client.get(f"{V1}/users", params=params), 422)


def test_a_position_is_stable_while_it_stays_the_same(client: httpx.Client) -> None:
    made(client, jobTitle="Clerk")
    (before,) = client.get(f"{V1}/users/ref/G-1").json()["positions"]
    client.patch(by_ref("G-1"), json={"firstName": "G", "endDate": "2099-01-01"})
    (same,) = client.get(f"{V1}/users/ref/G-1").json()["positions"]
    client.patch(by_ref("G-1"), json={"jobTitle": "Head clerk"})
    (other,) = client.get(f"{V1}/users/ref/G-1").json()["positions"]
    assert same["id"] == before["id"] != other["id"]
