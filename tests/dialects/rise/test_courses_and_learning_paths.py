"""Courses and learning paths. The vendor's own pages about them were not to be had; clients show their shapes."""

from __future__ import annotations

import httpx
import pytest

from testamur.core.ids import Id, to_hex24
from testamur.core.items import ItemKind, NewItem
from testamur.core.people import Identifier, Reference
from tests.dialects.rise.pages import codes, completions, path_of
from tests.hub import Hub

DATES = {"startedAt": "2021-01-01T09:00:00Z", "completedAt": "2021-01-01T10:30:00Z"}


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


def titles(client: httpx.Client, address: str) -> list[str]:
    """Of every course of a list, following its pages."""
    found = []
    url: str | None = address
    while url:
        page = client.get(url).json()
        found += [course["title"] for course in page["courses"]]
        url = page["nextUrl"]
    return found


def test_courses_are_listed_in_the_order_in_which_they_came(hub: Hub, client: httpx.Client) -> None:
    path_of(hub, hub.item)
    page = client.get("/courses").json()
    assert set(page) == {"courses", "nextUrl"}
    assert [course["title"] for course in page["courses"]] == ["Fire safety", "Manual handling", "Draft"]
    assert page["courses"][0] == client.get(f"/courses/{to_hex24(hub.item)}").json()
    assert page["nextUrl"] is None


def test_a_list_of_courses_may_be_of_one_content_type(hub: Hub, client: httpx.Client) -> None:
    hub.do(
        hub.ledger.items.add(
            hub.caller,
            [
                NewItem(title="Storyline", format="storyline"),
                NewItem(title="Micro", format="microlearning", is_authored=True),
                NewItem(title="Own", is_authored=True),
                NewItem(title="Own video", format="video", is_authored=True),
                NewItem(title="Path", kind=ItemKind.COLLECTION, is_authored=True),
            ],
        )
    )
    expected = {
        "rise": ["Fire safety", "Own", "Own video"],
        "storyline": ["Storyline"],
        "microlearning": ["Micro"],
        "imported": ["Manual handling", "Draft"],
        "all": ["Fire safety", "Manual handling", "Draft", "Storyline", "Micro", "Own", "Own video"],
    }
    for content_type, found in expected.items():
        assert titles(client, f"/courses?contentType={content_type}&limit=2") == found
        shown = client.get("/courses", params={"contentType": content_type}).json()["courses"]
        assert {course["contentType"] for course in shown} <= {content_type.upper()} or content_type == "all"
    first = client.get("/courses?contentType=rise&limit=2").json()["nextUrl"]
    assert httpx.URL(first).params["contentType"] == "rise"
    cursor = httpx.URL(first).params["cursor"]
    assert codes(client.get(f"/courses?contentType=all&cursor={cursor}")) == ["invalid_request"]


@pytest.mark.parametrize("query", ["contentType=RISE", "contentType=x", "limit=0", "limit=101"])
def test_a_bad_query_is_400(client: httpx.Client, query: str) -> None:
    answer = client.get(f"/courses?{query}")
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])
    assert answer.json()["errors"][0]["message"].startswith(query.partition("=")[0])


def test_a_retired_course_is_listed_no_more(hub: Hub, client: httpx.Client) -> None:
    hub.do(hub.ledger.items.change(hub.caller, Reference(str(hub.item), (), "item"), retired=True))
    assert titles(client, "/courses") == ["Manual handling", "Draft"]


def test_an_author_is_linked(hub: Hub, client: httpx.Client) -> None:
    (item,) = hub.do(hub.ledger.items.add(hub.caller, [NewItem(title="T", author=hub.person)]))
    course = client.get(f"/courses/{to_hex24(item)}").json()
    assert course["authorUrl"] == f"{hub.server.url}/rise/users/{to_hex24(hub.person)}"
    assert client.get(course["authorUrl"]).json()["id"] == to_hex24(hub.person)


def test_a_learning_path_reads_as_clients_know_one(hub: Hub, client: httpx.Client) -> None:
    base, id = f"{hub.server.url}/rise", to_hex24(path_of(hub, hub.item))
    expected = {
        "id": id,
        "title": "Induction",
        "description": "The first week",
        "coursesUrl": f"{base}/learning-paths/{id}/courses",
        "coursesReportUrl": f"{base}/reports/learning-paths/{id}/courses",
        "learnersReportUrl": f"{base}/reports/learning-paths/{id}/learners",
        "url": f"{base}/learning-paths/{id}",
    }
    for spelling in (id, id.upper(), "path-1", "PATH-1"):
        answer = client.get(f"/learning-paths/{spelling}")
        assert (answer.status_code, answer.json()) == (200, expected)
    assert client.get("/learning-paths").json() == {"learningPaths": [expected], "nextUrl": None}
    for name in ("coursesUrl", "coursesReportUrl", "learnersReportUrl"):
        assert client.get(expected[name]).status_code == 200


def test_learning_paths_are_paged(hub: Hub, client: httpx.Client) -> None:
    new = [NewItem(title=f"P{n}", kind=ItemKind.COLLECTION, is_published=n > 0) for n in range(3)]
    hub.do(hub.ledger.items.add(hub.caller, new))
    first = client.get("/learning-paths?limit=2").json()
    second = client.get(first["nextUrl"]).json()
    assert [path["title"] for path in first["learningPaths"] + second["learningPaths"]] == ["P0", "P1", "P2"]
    assert second["nextUrl"] is None
    for limit in ("0", "101", "x"):
        assert codes(client.get(f"/learning-paths?limit={limit}")) == ["invalid_request"]


def test_the_courses_of_a_path_stand_in_its_order(hub: Hub, client: httpx.Client) -> None:
    within, gone = hub.do(
        hub.ledger.items.add(hub.caller, [NewItem(title="Within", kind=ItemKind.COLLECTION), NewItem(title="Gone")])
    )
    path = path_of(hub, hub.draft, within, hub.item, gone, hub.third_party)
    hub.do(hub.ledger.items.change(hub.caller, Reference(str(gone), (), "item"), retired=True))
    address = f"/learning-paths/{to_hex24(path)}/courses"
    order = ["Draft", "Fire safety", "Manual handling"]
    assert titles(client, address) == titles(client, f"{address}?limit=1") == order
    page = client.get(f"{address}?limit=2").json()
    assert page["courses"][1] == client.get(f"/courses/{to_hex24(hub.item)}").json()
    cursor = httpx.URL(page["nextUrl"]).params["cursor"]
    for other in ("/learning-paths", "/courses", f"/reports{address}"):
        assert codes(client.get(other, params={"cursor": cursor})) == ["invalid_request"]


@pytest.mark.parametrize("address", ["", "/courses"])
def test_an_unknown_path_is_404(hub: Hub, other_hub: Hub, client: httpx.Client, address: str) -> None:
    theirs = to_hex24(path_of(other_hub, other_hub.item))
    for id in ("nothing", "0" * 24, "a%2Fb", "everyone", to_hex24(hub.item), theirs):
        answer = client.get(f"/learning-paths/{id}{address}")
        assert (answer.status_code, codes(answer)) == (404, ["learning_path_not_found"]), id
    retired = path_of(hub, hub.item)
    hub.do(hub.ledger.items.change(hub.caller, Reference(str(retired), (), "item"), retired=True))
    assert codes(client.get(f"/learning-paths/{to_hex24(retired)}{address}")) == ["learning_path_not_found"]
    assert client.get("/learning-paths").json()["learningPaths"] == []


def test_a_learning_path_is_no_course(hub: Hub, client: httpx.Client) -> None:
    path = to_hex24(path_of(hub, hub.item))
    for answer in (
        client.get(f"/courses/{path}"),
        client.get(f"/reports/courses/{path}"),
        client.post(completions(path, hub.person), json=DATES),
        client.post(completions(path, hub.person), json={}),
    ):
        assert (answer.status_code, codes(answer)) == (404, ["course_not_found"])


def test_nothing_is_imported_into_a_deleted_course(hub: Hub, client: httpx.Client) -> None:
    hub.do(hub.ledger.items.change(hub.caller, Reference(str(hub.item), (), "item"), retired=True))
    for body in (DATES, {}):
        answer = client.post(completions(hub.item, hub.person), json=body)
        assert (answer.status_code, codes(answer)) == (404, ["course_not_found"])


def test_a_path_of_an_identifier_that_names_a_course_is_not_there(hub: Hub, client: httpx.Client) -> None:
    new = NewItem(title="Course", identifiers=(Identifier("rise", "c-1"),))
    hub.do(hub.ledger.items.add(hub.caller, [new]))
    assert client.get("/courses/C-1").json()["title"] == "Course"
    assert codes(client.get("/learning-paths/c-1")) == ["learning_path_not_found"]


def test_an_empty_path_has_no_courses(hub: Hub, client: httpx.Client) -> None:
    path: Id = path_of(hub)
    page = client.get(f"/learning-paths/{to_hex24(path)}/courses")
    assert (page.status_code, page.json()) == (200, {"courses": [], "nextUrl": None})
