"""Transcripts of the vendor's page "Course Enrollments API", and the same of learning paths.

https://access.articulate.com/support
"""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from typing import Any

import httpx
import pytest

from testamur.core.ids import Id, to_hex24
from testamur.core.items import NewItem
from testamur.core.people import NewPerson, Reference
from testamur.storage.database import DatabaseUrls
from tests.dialects.rise.pages import codes, course_line, import_dates, learners, path_of
from tests.hub import Hub
from tests.ledger.tellings import kept


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


@pytest.fixture
def path(hub: Hub) -> Id:
    """A learning path of the two published courses."""
    return path_of(hub, hub.item, hub.third_party)


def of(hub: Hub, place: str, path: Id) -> str:
    """The address of an enrolment, from `course/user` to `path/group`."""
    what, who = place.split("/")
    offer = f"/courses/{to_hex24(hub.item)}" if what == "course" else f"/learning-paths/{to_hex24(path)}"
    ids = {"user": f"/users/{to_hex24(hub.person)}", "group": f"/groups/{to_hex24(hub.audience)}"}
    return offer + ids.get(who, "/groups/everyone")


PLACES = ["course/user", "course/group", "course/everyone", "path/user", "path/group", "path/everyone"]


def entries(hub: Hub, urls: DatabaseUrls) -> list[tuple[str, Id, dict[str, Any]]]:
    rows = kept(urls, hub, "ledger_entry", "number")
    return [(row["kind"], row["subject"], json.loads(row["data"])) for row in rows if "enrolment" in row["kind"]]


@pytest.mark.parametrize("place", PLACES)
def test_enrolling_and_taking_it_back_is_204_however_often(
    hub: Hub, client: httpx.Client, path: Id, place: str
) -> None:
    address = of(hub, place, path)
    for _ in range(2):
        answer = client.put(address)
        assert (answer.status_code, answer.content) == (204, b"")
        assert to_hex24(hub.person) in learners(client, hub.item)
    for _ in range(2):
        answer = client.delete(address)
        assert (answer.status_code, answer.content) == (204, b"")
        assert learners(client, hub.item) == []


@pytest.mark.parametrize("place", PLACES)
def test_taking_back_what_never_was_is_204(hub: Hub, client: httpx.Client, path: Id, place: str) -> None:
    assert client.delete(of(hub, place, path)).status_code == 204


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
@pytest.mark.parametrize(
    "media_type", [None, "text/plain; charset=utf-8", "application/json", "x", "multipart/form-data"]
)
def test_an_empty_body_of_any_type_is_taken(
    hub: Hub, client: httpx.Client, path: Id, method: str, media_type: str | None
) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    for place in PLACES:
        for content in (b"", b" \r\n"):
            answer = client.request(method, of(hub, place, path), content=content, headers=headers)
            assert answer.status_code == 204, answer.text


def test_a_body_of_any_type_may_say_a_due_date(hub: Hub, client: httpx.Client, path: Id) -> None:
    content, headers = b'{"dueAt": "2031-01-31T12:00:00Z"}', {"content-type": "text/plain"}
    assert client.put(of(hub, "course/user", path), content=content, headers=headers).status_code == 204
    assert course_line(hub, hub.item)["dueAt"] == "2031-01-31T12:00:00.000Z"


def test_each_change_is_one_entry_that_says_what_and_by_whom(
    hub: Hub, client: httpx.Client, path: Id, urls: DatabaseUrls
) -> None:
    for place in ("course/user", "path/group"):
        address = of(hub, place, path)
        client.put(address)
        client.put(address)
        client.put(address, json={"dueAt": "2031-01-31T12:00:00Z"})
        client.delete(address)
        client.delete(address)
    told = entries(hub, urls)
    of_user, of_group = {"item": str(hub.item)}, {"item": str(path)}
    due = {"due_at": "2031-01-31T12:00:00Z"}
    assert [(kind, subject) for kind, subject, _ in told] == [
        *((f"enrolment.{word}", hub.person) for word in ("opened", "changed", "ended")),
        *((f"audience_enrolment.{word}", hub.audience) for word in ("opened", "changed", "ended")),
    ]
    assert [data for _, _, data in told] == [
        of_user | {"due_at": None, "assignment": None},
        of_user | due | {"assignment": told[1][2]["assignment"]},
        of_user,
        of_group | {"due_at": None, "assignment": None},
        of_group | due | {"assignment": None},
        of_group,
    ]
    rows = kept(urls, hub, "ledger_entry", "number")
    assert {row["client"] for row in rows if "enrolment" in row["kind"]} == {hub.key.client}


def test_who_joins_a_group_is_enrolled_and_who_leaves_is_not(hub: Hub, client: httpx.Client, path: Id) -> None:
    client.put(of(hub, "course/group", path))
    other = Reference(str(hub.other_person), (), "person")
    group = Reference(str(hub.audience), (), "audience")
    hub.do(hub.ledger.memberships.admit(hub.caller, group, other, None))
    both = sorted([to_hex24(hub.person), to_hex24(hub.other_person)])
    assert learners(client, hub.item) == both
    hub.do(hub.ledger.memberships.remove(hub.caller, group, other))
    assert learners(client, hub.item) == [to_hex24(hub.person)]
    hub.do(hub.ledger.memberships.admit(hub.caller, group, other, None))
    client.put(f"/courses/{to_hex24(hub.item)}/users/{to_hex24(hub.other_person)}")
    client.delete(of(hub, "course/group", path))
    assert learners(client, hub.item) == [to_hex24(hub.other_person)]


def test_who_is_yet_to_join_is_not_enrolled(hub: Hub, client: httpx.Client, path: Id) -> None:
    client.put(of(hub, "course/group", path))
    later = datetime.now(UTC).date() + timedelta(days=2)
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, [hub.other_person], later))
    assert learners(client, hub.item) == [to_hex24(hub.person)]


def test_everyone_is_whoever_is_there_and_whoever_comes(hub: Hub, client: httpx.Client, path: Id) -> None:
    """The reserved id is taken in any letter case."""
    assert client.put(f"/courses/{to_hex24(hub.item)}/groups/EVERYONE").status_code == 204
    (late,) = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="Late")]))
    assert learners(client, hub.item) == [to_hex24(id) for id in (hub.person, hub.other_person, late)]


def test_a_path_enrols_in_its_courses_and_those_that_come_to_it(hub: Hub, client: httpx.Client, path: Id) -> None:
    client.put(of(hub, "path/user", path))
    mine = f"/reports/learners/{to_hex24(hub.person)}"
    assert [line["courseId"] for line in client.get(mine).json()["courses"]] == sorted(
        [to_hex24(hub.item), to_hex24(hub.third_party)]
    )
    path_of(hub, hub.third_party, hub.draft)
    assert [line["courseId"] for line in client.get(mine).json()["courses"]] == sorted(
        [to_hex24(hub.draft), to_hex24(hub.third_party)]
    )
    assert learners(client, hub.item) == []


def test_a_due_date_shows_in_reports_until_it_is_changed_or_taken_away(
    hub: Hub, client: httpx.Client, path: Id
) -> None:
    address = of(hub, "course/user", path)
    client.put(address, json={"dueAt": "2031-01-31T12:00:00+02:00"})
    assert course_line(hub, hub.item)["dueAt"] == "2031-01-31T10:00:00.000Z"
    for body in (None, {}, {"due": "2032-01-01"}):
        assert client.put(address, json=body).status_code == 204 if body is not None else client.put(address)
        assert course_line(hub, hub.item)["dueAt"] == "2031-01-31T10:00:00.000Z"
    client.put(address, json={"dueAt": "2031-07-31"})
    # 23:59:59 in the tenant's own zone, in which it is summer then.
    assert course_line(hub, hub.item)["dueAt"] == "2031-07-31T22:59:59.000Z"
    client.put(address, json={"dueAt": None})
    assert course_line(hub, hub.item)["dueAt"] is None


def test_the_earliest_of_several_due_dates_counts(hub: Hub, client: httpx.Client, path: Id) -> None:
    for day, place in ((3, "course/user"), (2, "course/group"), (1, "path/everyone")):
        client.put(of(hub, place, path), json={"dueAt": f"2031-01-0{day}T12:00:00Z"})
        assert course_line(hub, hub.item)["dueAt"] == f"2031-01-0{day}T12:00:00.000Z"
    client.delete(of(hub, "path/everyone", path))
    assert course_line(hub, hub.item)["dueAt"] == "2031-01-02T12:00:00.000Z"
    courses = client.get(f"/reports/learners/{to_hex24(hub.person)}").json()["courses"]
    assert [line["dueAt"] for line in courses] == ["2031-01-02T12:00:00.000Z"]


def standings(hub: Hub) -> list[tuple[str, str | None]]:
    told = hub.client("api").get("/v1/people/ref:00123/standings").json()["data"]
    return [(line["status"], line["due_on"]) for line in told if line["status"] != "withdrawn"]


@pytest.mark.parametrize("place", ["course/user", "course/group", "course/everyone"])
def test_a_due_date_is_an_assignment_and_ends_with_the_enrolment(
    hub: Hub, client: httpx.Client, path: Id, place: str
) -> None:
    due = datetime.now(UTC).date() + timedelta(days=40)
    address = of(hub, place, path)
    client.put(address)
    assert standings(hub) == []
    client.put(address, json={"dueAt": due.isoformat()})
    assert standings(hub) == [("not_started", due.isoformat())]
    later = due + timedelta(days=10)
    client.put(address, json={"dueAt": later.isoformat()})
    assert standings(hub) == [("not_started", later.isoformat())]
    client.delete(address)
    assert standings(hub) == []


def test_a_path_with_a_due_date_makes_no_assignment(hub: Hub, client: httpx.Client, path: Id) -> None:
    client.put(of(hub, "path/user", path), json={"dueAt": "2031-01-31"})
    assert standings(hub) == []
    assert course_line(hub, hub.item)["dueAt"] == "2031-01-31T23:59:59.000Z"


def test_what_was_assigned_by_name_elsewhere_stays_as_it_is(hub: Hub, client: httpx.Client, path: Id) -> None:
    with hub.client("stackone") as elsewhere:
        answer = elsewhere.post(
            f"/unified/lms/users/{to_hex24(hub.person)}/assignments",
            json={"learning_object_id": to_hex24(hub.item), "due_date": "2031-03-01T00:00:00Z"},
        )
    assert answer.status_code == 201, answer.text
    before = standings(hub)
    assert len(before) == 1
    client.put(of(hub, "course/user", path), json={"dueAt": "2031-01-31"})
    client.delete(of(hub, "course/user", path))
    assert standings(hub) == before


def test_a_record_is_hidden_by_unenrolment_and_shown_again(hub: Hub, client: httpx.Client, path: Id) -> None:
    import_dates(hub, hub.item)
    address, before = of(hub, "course/user", path), course_line(hub, hub.item)
    mine = f"/reports/learners/{to_hex24(hub.person)}"
    client.delete(address)
    assert (learners(client, hub.item), client.get(mine).json()["courses"]) == ([], [])
    client.put(address)
    assert course_line(hub, hub.item) == before
    assert len(client.get(mine).json()["courses"]) == 1


def test_an_import_on_top_of_a_group_makes_no_enrolment_of_its_own(hub: Hub, client: httpx.Client, path: Id) -> None:
    client.put(of(hub, "course/group", path))
    import_dates(hub, hub.item)
    assert hub.do(hub.ledger.learners.enrolled_at(hub.tenant.id, hub.item, hub.person)) is None
    assert course_line(hub, hub.item)["status"] == "Complete"
    client.delete(of(hub, "course/group", path))
    assert learners(client, hub.item) == []


def test_a_deleted_user_stays_in_the_reports_of_her_groups_courses(hub: Hub, client: httpx.Client, path: Id) -> None:
    client.put(of(hub, "course/group", path))
    client.put(of(hub, "path/group", path))
    hub.do(hub.ledger.people.delete(hub.caller, Reference(str(hub.person), (), "person")))
    line = course_line(hub, hub.item)
    assert (line["userDeleted"], line["status"]) == (True, "Not Started")
    of_path = client.get(f"/reports/learning-paths/{to_hex24(path)}/learners").json()["learners"]
    assert [learner["userDeleted"] for learner in of_path] == [True]
    answer = client.put(of(hub, "course/user", path))
    assert (answer.status_code, codes(answer)) == (404, ["user_not_found"])


@pytest.mark.parametrize(
    "due",
    [
        b'"tomorrow"',
        b'"2031-02-30"',
        b'""',
        b"1924992000",
        b"true",
        b"[]",
        b"{}",
        b'"2200-01-01"',
        b'"2031-01-01T00:00:00+25:00"',
        b'"2031-01-01\\u0000"',
    ],
)
def test_a_bad_due_date_is_400_and_named_and_enrols_nobody(
    hub: Hub, client: httpx.Client, path: Id, due: bytes
) -> None:
    for place in PLACES:
        answer = client.put(of(hub, place, path), content=b'{"dueAt": ' + due + b"}")
        assert (answer.status_code, codes(answer)) == (400, ["invalid_request"]), answer.text
        assert answer.json()["errors"][0]["message"].startswith("dueAt: ")
    assert learners(client, hub.item) == []


@pytest.mark.parametrize("content", [b"{", b"nonsense", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000])
def test_a_body_that_is_no_object_is_400(hub: Hub, client: httpx.Client, path: Id, content: bytes) -> None:
    answer = client.put(of(hub, "course/user", path), content=content, headers={"content-type": "text/plain"})
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])
    huge = client.put(of(hub, "course/user", path), content=b" " * (1024 * 1024 + 1))
    assert (huge.status_code, codes(huge)) == (413, ["invalid_request"])


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_what_the_path_names_is_looked_up_in_its_order_and_before_the_date(
    hub: Hub, client: httpx.Client, path: Id, method: str
) -> None:
    course, user, group = to_hex24(hub.item), to_hex24(hub.person), to_hex24(hub.audience)
    expected = {
        f"/courses/nothing/users/{user}": "course_not_found",
        "/courses/nothing/users/nobody": "course_not_found",
        f"/courses/{course}/users/nobody": "user_not_found",
        f"/courses/{course}/users/{group}": "user_not_found",
        f"/courses/{to_hex24(path)}/users/{user}": "course_not_found",
        f"/courses/{course}/groups/nothing": "group_not_found",
        f"/courses/nothing/groups/{group}": "course_not_found",
        f"/learning-paths/nothing/users/{user}": "learning_path_not_found",
        f"/learning-paths/{course}/users/nobody": "learning_path_not_found",
        f"/learning-paths/{to_hex24(path)}/users/nobody": "user_not_found",
        f"/learning-paths/{to_hex24(path)}/groups/nothing": "group_not_found",
        f"/learning-paths/nothing/groups/{group}": "learning_path_not_found",
    }
    for address, code in expected.items():
        content = b'{"dueAt": "never"}' if method == "PUT" else b""
        answer = client.request(method, address, content=content)
        assert (answer.status_code, codes(answer)) == (404, [code]), address


def test_retired_courses_and_paths_are_enrolled_in_no_more(hub: Hub, client: httpx.Client, path: Id) -> None:
    for item in (hub.item, path):
        hub.do(hub.ledger.items.change(hub.caller, Reference(str(item), (), "item"), retired=True))
    for place, code in (("course/user", "course_not_found"), ("path/group", "learning_path_not_found")):
        answer = client.put(of(hub, place, path))
        assert (answer.status_code, codes(answer)) == (404, [code])


def test_ids_are_taken_in_every_spelling(hub: Hub, client: httpx.Client) -> None:
    course, user = to_hex24(hub.item).upper(), str(hub.person)
    assert client.put(f"/courses/{course}/users/{user}").status_code == 204
    assert client.put(f"/courses/{course}/groups/site-staff").status_code == 204
    assert learners(client, hub.item) == [to_hex24(hub.person)]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_another_tenants_ids_are_404(hub: Hub, other_hub: Hub, client: httpx.Client, path: Id, method: str) -> None:
    course, path_ = to_hex24(hub.item), to_hex24(path)
    expected = {
        f"/courses/{to_hex24(other_hub.item)}/users/{to_hex24(hub.person)}": "course_not_found",
        f"/courses/{course}/users/{to_hex24(other_hub.person)}": "user_not_found",
        f"/courses/{course}/groups/{to_hex24(other_hub.audience)}": "group_not_found",
        f"/learning-paths/{path_}/groups/{to_hex24(other_hub.audience)}": "group_not_found",
    }
    for address, code in expected.items():
        answer = client.request(method, address)
        assert (answer.status_code, codes(answer)) == (404, [code]), address
    stranger = other_hub.client("rise")
    answer = stranger.request(method, f"/learning-paths/{path_}/users/{to_hex24(other_hub.person)}")
    assert codes(answer) == ["learning_path_not_found"]


@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_a_key_that_may_only_read_changes_nothing(hub: Hub, path: Id, method: str) -> None:
    for place in PLACES:
        answer = hub.client("rise", hub.reader).request(method, of(hub, place, path))
        assert (answer.status_code, codes(answer)) == (403, ["forbidden"])


def test_many_enrolments_at_once_are_one(hub: Hub, client: httpx.Client, path: Id, urls: DatabaseUrls) -> None:
    def enrol(n: int) -> int:
        return client.put(of(hub, PLACES[n % 3], path), json={"dueAt": "2031-01-31"}).status_code

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(enrol, range(24))) == {204}
    opened = [kind for kind, _, _ in entries(hub, urls) if kind.endswith("opened")]
    assert sorted(opened) == ["audience_enrolment.opened", "audience_enrolment.opened", "enrolment.opened"]


def test_a_course_of_many_groups_is_paged_and_shows_everybody_once(hub: Hub, client: httpx.Client, path: Id) -> None:
    people = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name=f"P{n}") for n in range(9)]))
    hub.do(hub.ledger.memberships.join(hub.caller, hub.audience, people[2:7], date(2025, 1, 10)))
    for place in ("course/group", "path/group"):
        client.put(of(hub, place, path))
    for person in people[:4]:
        client.put(f"/courses/{to_hex24(hub.item)}/users/{to_hex24(person)}")
    import_dates(hub, hub.item, people[8])
    seen, url = [], f"/reports/courses/{to_hex24(hub.item)}?limit=2"
    while url:
        page = client.get(url).json()
        seen += [line["userId"] for line in page["learners"]]
        url = page["nextUrl"]
    expected = {hub.person, *people[:7], people[8]}
    assert seen == sorted(to_hex24(person) for person in expected)


def test_a_draft_may_be_enrolled_in_before_it_is_published(hub: Hub, client: httpx.Client) -> None:
    (item,) = hub.do(hub.ledger.items.add(hub.caller, [NewItem(title="Soon", is_published=False)]))
    assert client.put(f"/courses/{to_hex24(item)}/users/{to_hex24(hub.person)}").status_code == 204
    assert learners(client, item) == [to_hex24(hub.person)]
