"""Transcripts of the vendor's page "Users API", and of a course as other pages show it.

https://help.rise.com/en/articles/4177145
"""

from __future__ import annotations

import httpx
import pytest

from testamur.core.ids import to_hex24, to_ulid
from testamur.core.items import ItemKind, NewItem
from testamur.core.people import Identifier, NewPerson, Reference
from tests.dialects.rise.pages import codes, course_line, import_dates
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


def test_a_user_reads_as_the_vendor_shows_one(hub: Hub, client: httpx.Client) -> None:
    base, id = f"{hub.server.url}/rise", to_hex24(hub.other_person)
    expected = {
        "id": id,
        "email": "zoe@example.com",
        "firstName": "Zoë",
        "lastName": "Ćirić",
        "role": "learner",
        "lastActiveAt": None,
        "groupsUrl": f"{base}/users/{id}/groups",
        "reportingGroupsUrl": None,
        "managingGroupsUrl": None,
        "learnerReportUrl": f"{base}/reports/learners/{id}",
        "favoritesUrl": f"{base}/users/{id}/favorites",
        "url": f"{base}/users/{id}",
        "articulate360User": False,
    }
    for spelling in (id, id.upper(), str(hub.other_person), to_ulid(hub.other_person, "person"), f"{id}/"):
        answer = client.get(f"/users/{spelling}")
        assert (answer.status_code, answer.json()) == (200, expected)
    assert client.get("/users", params={"email": "zoe@example.com"}).json() == {"users": [expected], "nextUrl": None}


def test_a_user_without_an_address_has_null_and_an_unknown_role_is_a_learner(hub: Hub, client: httpx.Client) -> None:
    ids = hub.do(
        hub.ledger.people.add(
            hub.caller, [NewPerson(given_name="A", role="admin"), NewPerson(given_name="B", role="janitor")]
        )
    )
    first, second = (client.get(f"/users/{to_hex24(id)}").json() for id in ids)
    assert (first["email"], first["role"]) == (None, "admin")
    assert second["role"] == "learner"


def test_users_are_found_by_their_exact_address_in_any_letter_case(hub: Hub, client: httpx.Client) -> None:
    def found(email: str) -> list[str]:
        answer = client.get("/users", params={"email": email})
        assert answer.status_code == 200
        assert answer.json()["nextUrl"] is None
        return [user["id"] for user in answer.json()["users"]]

    assert found("ada@example.com") == found("ADA@Example.COM") == [to_hex24(hub.person)]
    for other in ("ada@example", "da@example.com", "%@example.com", "nobody@example.com", "00123"):
        assert found(other) == []
    assert found(to_hex24(hub.person)) == []


def test_an_address_of_another_tenant_finds_nobody(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    person = NewPerson(given_name="X", identifiers=(Identifier("email", "only@there.example"),))
    other_hub.do(other_hub.ledger.people.add(other_hub.caller, [person]))
    assert client.get("/users", params={"email": "only@there.example"}).json()["users"] == []


def test_users_are_paged_in_order_of_creation(hub: Hub, client: httpx.Client) -> None:
    added = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name=f"P{n}") for n in range(60)]))
    everyone = [to_hex24(id) for id in (hub.person, hub.other_person, *added)]
    first = client.get("/users").json()
    assert [user["id"] for user in first["users"]] == everyone[:50]
    late = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="Late")]))
    second = client.get(first["nextUrl"]).json()
    assert [user["id"] for user in second["users"]] == [*everyone[50:], to_hex24(late[0])]
    assert second["nextUrl"] is None


def test_a_limit_is_carried_into_the_next_page_and_may_be_changed(hub: Hub, client: httpx.Client) -> None:
    first = client.get("/users", params={"limit": 1}).json()
    next_url = httpx.URL(first["nextUrl"])
    assert str(next_url).startswith(f"{hub.server.url}/rise/users?")
    assert next_url.params["limit"] == "1"
    changed = client.get(next_url.copy_set_param("limit", "100")).json()
    assert [user["id"] for user in changed["users"]] == [to_hex24(hub.other_person)]


@pytest.mark.parametrize("limit", ["0", "101", "x", "-1", "1e2", "٥"])
def test_a_limit_out_of_range_is_400(client: httpx.Client, limit: str) -> None:
    answer = client.get("/users", params={"limit": limit})
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])
    assert answer.json()["errors"][0]["message"].startswith("limit: ")


@pytest.mark.parametrize("query", ["cursor=x", "cursor=%FF", "email=a%00b", "limit=1&cursor=bm90aGluZw"])
def test_a_bad_query_is_400(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/users?{query}")
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])


def test_a_cursor_of_all_users_is_no_cursor_of_those_with_an_address(hub: Hub, client: httpx.Client) -> None:
    cursor = httpx.URL(client.get("/users", params={"limit": 1}).json()["nextUrl"]).params["cursor"]
    answer = client.get("/users", params={"email": "ada@example.com", "cursor": cursor})
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])


def test_unknown_parameters_are_ignored(client: httpx.Client) -> None:
    assert client.get("/users?limit=1&sort=name").status_code == 200


@pytest.mark.parametrize("id", ["nobody", "f" * 24, "a%2Fb", "%E2%82%AC", "everyone"])
def test_an_unknown_user_is_404(client: httpx.Client, id: str) -> None:
    answer = client.get(f"/users/{id}")
    assert (answer.status_code, codes(answer)) == (404, ["user_not_found"])


def test_another_tenants_user_and_course_are_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    assert codes(client.get(f"/users/{to_hex24(other_hub.person)}")) == ["user_not_found"]
    assert codes(client.get(f"/courses/{to_hex24(other_hub.item)}")) == ["course_not_found"]
    listed = client.get("/users").json()["users"]
    assert {user["id"] for user in listed} == {to_hex24(hub.person), to_hex24(hub.other_person)}


def test_a_course_reads_as_the_vendor_shows_one(hub: Hub, client: httpx.Client) -> None:
    base, id = f"{hub.server.url}/rise", to_hex24(hub.item)
    expected = {
        "id": id,
        "title": "Fire safety",
        "authorUrl": None,
        "coverImageUrl": None,
        "courseReportUrl": f"{base}/reports/courses/{id}",
        "url": f"{base}/courses/{id}",
        "source": "rise",
        "contentType": "RISE",
    }
    for spelling in (id, id.upper(), str(hub.item)):
        answer = client.get(f"/courses/{spelling}")
        assert (answer.status_code, answer.json()) == (200, expected)


@pytest.mark.parametrize(
    ("format", "is_authored", "content_type"),
    [
        (None, True, "RISE"),
        ("scorm", False, "IMPORTED"),
        (None, False, "IMPORTED"),
        ("storyline", False, "STORYLINE"),
        ("microlearning", True, "MICROLEARNING"),
    ],
)
def test_a_course_says_where_it_comes_from(
    hub: Hub, client: httpx.Client, format: str | None, is_authored: bool, content_type: str
) -> None:
    new = NewItem(title="T", format=format, is_authored=is_authored, cover_url="https://example.com/cover.png")
    (item,) = hub.do(hub.ledger.items.add(hub.caller, [new]))
    course = client.get(f"/courses/{to_hex24(item)}").json()
    assert (course["contentType"], course["source"]) == (content_type, content_type.lower())
    assert course["coverImageUrl"] == "https://example.com/cover.png"


@pytest.mark.parametrize("id", ["nothing", "f" * 24, "a%2Fb"])
def test_an_unknown_course_is_404(client: httpx.Client, id: str) -> None:
    answer = client.get(f"/courses/{id}")
    assert (answer.status_code, codes(answer)) == (404, ["course_not_found"])


def test_an_unpublished_course_is_shown(hub: Hub, client: httpx.Client) -> None:
    """The vendor's course has no mark of publication, and its absence is said by the import."""
    assert client.get(f"/courses/{to_hex24(hub.draft)}").json()["title"] == "Draft"


def test_a_removed_user_is_gone_and_stays_in_reports(hub: Hub, client: httpx.Client) -> None:
    id = to_hex24(hub.person)
    import_dates(hub, hub.item)
    for _ in range(2):
        answer = client.delete(f"/users/{id}")
        assert (answer.status_code, answer.content) == (204, b"")
    assert codes(client.get(f"/users/{id}")) == ["user_not_found"]
    assert [user["id"] for user in client.get("/users").json()["users"]] == [to_hex24(hub.other_person)]
    assert client.get("/users", params={"email": "ada@example.com"}).json()["users"] == []
    assert client.get(f"/groups/{to_hex24(hub.audience)}/users").json()["users"] == []
    assert client.get("/groups/everyone/users").json()["users"] == client.get("/users").json()["users"]
    line = course_line(hub, hub.item)
    assert (line["userDeleted"], line["status"], line["email"]) == (True, "Complete", None)
    assert client.get(line["learnerReportUrl"]).json()["userDeleted"] is True


@pytest.mark.parametrize("id", ["nobody", "f" * 24])
def test_who_never_was_cannot_be_removed(hub: Hub, other_hub: Hub, client: httpx.Client, id: str) -> None:
    for one in (id, to_hex24(other_hub.person)):
        answer = client.delete(f"/users/{one}")
        assert (answer.status_code, codes(answer)) == (404, ["user_not_found"])


def test_pages_are_full_though_users_were_removed(hub: Hub, client: httpx.Client) -> None:
    added = [to_hex24(id) for id in hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name="P")] * 4))]
    for id in added[:2]:
        client.delete(f"/users/{id}")
    page = client.get("/users", params={"limit": 3}).json()
    assert [user["id"] for user in page["users"]] == [to_hex24(hub.person), to_hex24(hub.other_person), added[2]]
    assert [user["id"] for user in client.get(page["nextUrl"]).json()["users"]] == added[3:]


def test_favorites_are_courses_and_learning_paths(hub: Hub, client: httpx.Client) -> None:
    new = NewItem(title="Onboarding", kind=ItemKind.COLLECTION, description="First weeks")
    (path,) = hub.do(hub.ledger.items.add(hub.caller, [new]))
    user = client.get(f"/users/{to_hex24(hub.person)}").json()
    assert client.get(user["favoritesUrl"]).json() == {"courses": [], "learningPaths": [], "nextUrl": None}
    for item in (path, hub.item, hub.third_party):
        hub.do(hub.ledger.favorites.mark(hub.caller, Reference(str(hub.person)), Reference(str(item), (), "item")))
    url = f"{hub.server.url}/rise/learning-paths/{to_hex24(path)}"
    reports = f"{hub.server.url}/rise/reports/learning-paths/{to_hex24(path)}"
    assert client.get(user["favoritesUrl"]).json() == {
        "courses": [client.get(f"/courses/{to_hex24(item)}").json() for item in (hub.item, hub.third_party)],
        "learningPaths": [
            {
                "id": to_hex24(path),
                "title": "Onboarding",
                "description": "First weeks",
                "coursesUrl": f"{url}/courses",
                "coursesReportUrl": f"{reports}/courses",
                "learnersReportUrl": f"{reports}/learners",
                "url": url,
            }
        ],
        "nextUrl": None,
    }
    first = client.get(user["favoritesUrl"], params={"limit": 2}).json()
    second = client.get(first["nextUrl"]).json()
    assert (len(first["courses"]), second["courses"], len(second["learningPaths"])) == (2, [], 1)
    with hub.client("api") as own:
        assert own.post("/v1/items/ref:FIRE-101/retire").status_code == 200
    assert len(client.get(user["favoritesUrl"]).json()["courses"]) == 1


def test_nothing_is_imported_for_a_user_who_was_removed(hub: Hub, client: httpx.Client) -> None:
    client.delete(f"/users/{to_hex24(hub.person)}")
    for completed_at in ("2021-01-01T10:30:00Z", "never"):
        answer = import_dates(hub, hub.item, completedAt=completed_at)
        assert (answer.status_code, codes(answer)) == (404, ["user_not_found"])
    assert client.get(f"/reports/courses/{to_hex24(hub.item)}").json()["learners"] == []
