"""Transcripts of the vendor's page "Reports API": activity, learning paths and groups.

https://help.rise.com/en/articles/4177175
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from testamur.core.ids import Id, to_hex24
from testamur.core.items import ItemTelling
from testamur.core.people import Identifier, NewPerson, Reference
from tests.dialects.rise.pages import codes, course_line, import_dates, path_of
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


@pytest.fixture
def path(hub: Hub) -> Id:
    """A learning path of the two published courses, in which Ada is enrolled."""
    path = path_of(hub, hub.item, hub.third_party)
    hub.client("rise").put(f"/learning-paths/{to_hex24(path)}/users/{to_hex24(hub.person)}")
    return path


_keys = iter(range(1_000_000))


def sit(hub: Hub, item: Id, *, person: Id | None = None, **changed: Any) -> str:
    """A session of a quarter of an hour, through our own API; its id."""
    body = {
        "key": f"s{next(_keys)}",
        "person": to_hex24(person or hub.person),
        "item": to_hex24(item),
        "started_at": "2025-03-01T09:00:00Z",
        "duration_seconds": 900,
    }
    answer = hub.client("api").post("/v1/sessions", json=body | changed)
    assert answer.status_code == 201, answer.text
    id: str = answer.json()["id"]
    return id


def sessions(client: httpx.Client) -> list[dict[str, Any]]:
    lines: list[dict[str, Any]] = client.get("/reports/activity").json()["sessions"]
    return lines


def test_every_session_is_a_line_of_the_activity_report(hub: Hub, client: httpx.Client) -> None:
    base, course, user = f"{hub.server.url}/rise", to_hex24(hub.item), to_hex24(hub.person)
    sit(hub, hub.item, lessons_completed=2, quiz={"score_percent": 79.5, "passed": True})
    answer = client.get("/reports/activity")
    assert (answer.status_code, answer.json()) == (
        200,
        {
            "sessions": [
                {
                    "courseId": course,
                    "courseTitle": "Fire safety",
                    "courseReportUrl": f"{base}/reports/courses/{course}",
                    "courseUrl": f"{base}/courses/{course}",
                    "userId": user,
                    "email": "ada@example.com",
                    "firstName": "Ada",
                    "lastName": "Okafor",
                    "learnerReportUrl": f"{base}/reports/learners/{user}",
                    "userUrl": f"{base}/users/{user}",
                    "duration": "PT15M",
                    "numberOfLessonsCompleted": 2,
                    "quizScorePercent": 80,
                    "isQuizPassed": True,
                    "startedAt": "2025-03-01T09:00:00.000Z",
                    "userDeleted": False,
                    "courseDeleted": False,
                    "courseAvailable": True,
                }
            ],
            "nextUrl": None,
        },
    )


def test_a_session_without_a_quiz_has_nulls_there(hub: Hub, client: httpx.Client) -> None:
    sit(hub, hub.draft, duration_seconds=0)
    (line,) = sessions(client)
    assert (line["quizScorePercent"], line["isQuizPassed"], line["duration"]) == (None, None, "PT0S")
    assert (line["courseAvailable"], line["courseDeleted"]) == (False, False)


def test_an_import_is_no_session(hub: Hub, client: httpx.Client) -> None:
    import_dates(hub, hub.item)
    assert sessions(client) == []


def test_activity_is_paged_in_the_order_of_recording(hub: Hub, client: httpx.Client) -> None:
    for day in (5, 4, 3, 2, 1):
        sit(hub, hub.item, started_at=f"2025-03-0{day}T09:00:00Z")
    first = client.get("/reports/activity?limit=2").json()
    sit(hub, hub.item, started_at="2024-12-31T09:00:00Z")
    days, url = [line["startedAt"][:10] for line in first["sessions"]], first["nextUrl"]
    while url:
        page = client.get(url).json()
        days += [line["startedAt"][:10] for line in page["sessions"]]
        url = page["nextUrl"]
    assert days == [f"2025-03-0{day}" for day in (5, 4, 3, 2, 1)] + ["2024-12-31"]


def test_a_voided_session_leaves_every_report(hub: Hub, client: httpx.Client) -> None:
    client.put(f"/courses/{to_hex24(hub.third_party)}/users/{to_hex24(hub.person)}")
    before = course_line(hub, hub.third_party)
    id = sit(hub, hub.third_party, quiz={"score_percent": 40, "passed": False})
    assert course_line(hub, hub.third_party) == before | {
        "duration": "PT15M",
        "quizScorePercent": 40,
        "status": "In Progress",
        "lastActivity": "2025-03-01T09:15:00.000Z",
    }
    assert hub.client("api").delete(f"/v1/sessions/{id}").status_code == 204
    assert sessions(client) == []
    assert course_line(hub, hub.third_party) == before


def test_deleted_users_and_courses_stay_in_the_activity_report(hub: Hub, client: httpx.Client) -> None:
    sit(hub, hub.item)
    hub.do(hub.ledger.people.delete(hub.caller, Reference(str(hub.person), (), "person")))
    hub.do(hub.ledger.items.change(hub.caller, Reference(str(hub.item), (), "item"), retired=True))
    (line,) = sessions(client)
    assert (line["userDeleted"], line["courseDeleted"], line["courseAvailable"]) == (True, True, False)
    assert (line["userId"], line["email"], line["courseTitle"]) == (to_hex24(hub.person), None, "Fire safety")


def test_time_in_sessions_is_the_duration_unless_an_import_says_another(hub: Hub, client: httpx.Client) -> None:
    client.put(f"/courses/{to_hex24(hub.item)}/users/{to_hex24(hub.person)}")
    sit(hub, hub.item)
    sit(hub, hub.item, duration_seconds=60.5)
    assert course_line(hub, hub.item)["duration"] == "PT16M0.5S"
    import_dates(hub, hub.item)
    assert course_line(hub, hub.item)["duration"] == "PT1H30M"


@pytest.mark.parametrize(("course", "score"), [("item", 100), ("third_party", 40)])
def test_an_attempt_after_an_import_is_in_the_activity_report_with_its_own_score(
    hub: Hub, client: httpx.Client, course: str, score: int
) -> None:
    """The full score of an authored course stays; a third-party course takes the attempt's and stays complete."""
    item: Id = getattr(hub, course)
    import_dates(hub, item)
    sit(hub, item, quiz={"score_percent": 40, "passed": False})
    (line,) = sessions(client)
    assert (line["quizScorePercent"], line["isQuizPassed"]) == (40, False)
    of_course = course_line(hub, item)
    assert (of_course["quizScorePercent"], of_course["status"], of_course["progress"]) == (score, "Complete", 100)
    (of_learner,) = client.get(f"/reports/learners/{to_hex24(hub.person)}").json()["courses"]
    assert (of_learner["quizScorePercent"], of_learner["status"]) == (score, "Complete")
    import_dates(hub, item, completedAt="2022-01-01T00:00:00Z")
    assert course_line(hub, item)["quizScorePercent"] == score
    assert sessions(client) == [line]


def test_the_version_published_at_the_import_stays_with_the_record(hub: Hub, client: httpx.Client) -> None:
    """A later one is taken up by the next call only, even if it says the same dates."""
    for published in (1, 2, 3):
        import_dates(hub, hub.item)
        (record,) = hub.do(hub.ledger.records.page(hub.tenant.id, count=10))
        assert (record.item_version, record.revision) == (published, published)
        hub.do(hub.ledger.items.publish(hub.caller, hub.item))
        (record,) = hub.do(hub.ledger.records.page(hub.tenant.id, count=10))
        assert record.item_version == published


def test_the_learners_of_a_path_are_as_far_as_its_courses(hub: Hub, client: httpx.Client, path: Id) -> None:
    base, id, user = f"{hub.server.url}/rise", to_hex24(path), to_hex24(hub.person)
    address = f"/reports/learning-paths/{id}/learners"
    client.put(f"/learning-paths/{id}/users/{user}", json={"dueAt": "2031-01-31T12:00:00Z"})
    line = {
        "userId": user,
        "firstName": "Ada",
        "lastName": "Okafor",
        "learnerReportUrl": f"{base}/reports/learners/{user}",
        "userUrl": f"{base}/users/{user}",
        "duration": None,
        "dueAt": "2031-01-31T12:00:00.000Z",
        "status": "Not Started",
        "userDeleted": False,
    }
    assert client.get(address).json() == {
        "learningPathUrl": f"{base}/learning-paths/{id}",
        "learningPathDeleted": False,
        "coursesReportUrl": f"{base}/reports/learning-paths/{id}/courses",
        "learners": [line],
        "nextUrl": None,
    }
    sit(hub, hub.item)
    assert client.get(address).json()["learners"] == [line | {"duration": "PT15M", "status": "In Progress"}]
    import_dates(hub, hub.item)
    assert client.get(address).json()["learners"] == [line | {"duration": "PT1H30M", "status": "In Progress"}]
    import_dates(hub, hub.third_party, completedAt="2021-01-01T09:30:00Z")
    assert client.get(address).json()["learners"] == [line | {"duration": "PT2H", "status": "Complete"}]


def test_a_path_without_courses_is_never_complete_by_them(hub: Hub, client: httpx.Client, path: Id) -> None:
    path_of(hub)
    (line,) = client.get(f"/reports/learning-paths/{to_hex24(path)}/learners").json()["learners"]
    assert (line["status"], line["duration"]) == ("Not Started", None)


def test_the_courses_of_a_path_show_how_long_its_learners_took(hub: Hub, client: httpx.Client, path: Id) -> None:
    base, id = f"{hub.server.url}/rise", to_hex24(path)
    address = f"/reports/learning-paths/{id}/courses"
    course, other = to_hex24(hub.item), to_hex24(hub.third_party)

    def line(item: str, title: str, average: str | None) -> dict[str, Any]:
        return {
            "courseId": item,
            "courseTitle": title,
            "courseUrl": f"{base}/courses/{item}",
            "courseReportUrl": f"{base}/reports/courses/{item}",
            "numberOfLessons": 0,
            "averageDuration": average,
            "courseDeleted": False,
        }

    assert client.get(address).json() == {
        "learningPathUrl": f"{base}/learning-paths/{id}",
        "learningPathDeleted": False,
        "learnersReportUrl": f"{base}/reports/learning-paths/{id}/learners",
        "courses": [line(course, "Fire safety", None), line(other, "Manual handling", None)],
        "nextUrl": None,
    }
    import_dates(hub, hub.item)
    import_dates(hub, hub.item, hub.other_person, completedAt="2021-01-01T19:00:00Z")
    sit(hub, hub.third_party)
    assert client.get(address).json()["courses"] == [
        line(course, "Fire safety", "PT1H30M"),
        line(other, "Manual handling", "PT15M"),
    ]
    client.put(f"/learning-paths/{id}/groups/everyone")
    first = client.get(f"{address}?limit=1").json()
    assert first["courses"] == [line(course, "Fire safety", "PT5H45M")]
    assert client.get(first["nextUrl"]).json()["courses"] == [line(other, "Manual handling", "PT15M")]


def test_lessons_are_what_a_course_consists_of(hub: Hub, client: httpx.Client, path: Id) -> None:
    told = ItemTelling(
        identifiers=(Identifier("ref", "FIRE-101"),),
        parts=tuple(
            ItemTelling(identifiers=(Identifier("ref", f"L{n}"),), defaults={"title": f"L{n}"}) for n in range(3)
        ),
    )
    (put,) = hub.do(hub.ledger.items.put(hub.caller, [told]))
    assert put.item == hub.item, put
    lines = client.get(f"/reports/learning-paths/{to_hex24(path)}/courses").json()["courses"]
    assert [line["numberOfLessons"] for line in lines] == [3, 0]


def test_the_courses_of_a_group_are_those_it_is_enrolled_in(hub: Hub, client: httpx.Client) -> None:
    base, id, course = f"{hub.server.url}/rise", to_hex24(hub.audience), to_hex24(hub.item)
    address = f"/reports/groups/{id}/courses"
    empty = {"groupUrl": f"{base}/groups/{id}", "groupDeleted": False, "courses": [], "nextUrl": None}
    assert client.get(address).json() == empty
    client.put(f"/courses/{course}/groups/{id}")
    import_dates(hub, hub.item)
    import_dates(hub, hub.item, hub.other_person, completedAt="2021-01-01T19:00:00Z")
    expected = {
        "courseId": course,
        "courseTitle": "Fire safety",
        "courseUrl": f"{base}/courses/{course}",
        "courseReportUrl": f"{base}/reports/courses/{course}",
        "numberOfLessons": 0,
        "averageDuration": "PT1H30M",
        "courseDeleted": False,
    }
    assert client.get(address).json() == empty | {"courses": [expected]}
    path = path_of(hub, hub.item, hub.third_party)
    client.put(f"/learning-paths/{to_hex24(path)}/groups/{id}")
    first = client.get(f"{address}?limit=1").json()
    rest = client.get(first["nextUrl"]).json()
    assert [line["courseTitle"] for line in first["courses"] + rest["courses"]] == ["Fire safety", "Manual handling"]
    assert rest["nextUrl"] is None


def test_a_deleted_group_keeps_its_report(hub: Hub, client: httpx.Client) -> None:
    id = to_hex24(hub.audience)
    client.put(f"/courses/{to_hex24(hub.item)}/groups/{id}")
    hub.do(hub.ledger.audiences.remove(hub.caller, Reference(str(hub.audience), (), "audience")))
    told = client.get(f"/reports/groups/{id}/courses").json()
    assert (told["groupDeleted"], [line["courseTitle"] for line in told["courses"]]) == (True, ["Fire safety"])
    assert codes(client.get("/reports/groups/site-staff/courses")) == ["group_not_found"]


def test_everyone_has_a_report_from_the_first_day(hub: Hub, client: httpx.Client) -> None:
    address, url = "/reports/groups/everyone/courses", f"{hub.server.url}/rise/groups/everyone"
    assert client.get(address).json() == {"groupUrl": url, "groupDeleted": False, "courses": [], "nextUrl": None}
    client.put(f"/courses/{to_hex24(hub.item)}/groups/everyone")
    told = client.get(address).json()
    assert (told["groupUrl"], [line["courseTitle"] for line in told["courses"]]) == (url, ["Fire safety"])


def test_a_deleted_path_keeps_its_reports(hub: Hub, client: httpx.Client, path: Id) -> None:
    gone = Reference(str(hub.item), (), "item")
    for item in (gone, Reference(str(path), (), "item")):
        hub.do(hub.ledger.items.change(hub.caller, item, retired=True))
    courses = client.get(f"/reports/learning-paths/{to_hex24(path)}/courses").json()
    learners = client.get(f"/reports/learning-paths/{to_hex24(path)}/learners").json()
    assert (courses["learningPathDeleted"], learners["learningPathDeleted"]) == (True, True)
    assert [course["courseDeleted"] for course in courses["courses"]] == [True, False]
    assert [learner["userId"] for learner in learners["learners"]] == [to_hex24(hub.person)]


def test_the_learners_of_a_path_are_paged(hub: Hub, client: httpx.Client, path: Id) -> None:
    people = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name=f"P{n}") for n in range(4)]))
    client.put(f"/learning-paths/{to_hex24(path)}/groups/everyone")
    seen: list[str] = []
    url = f"/reports/learning-paths/{to_hex24(path)}/learners?limit=4"
    while url:
        page = client.get(url).json()
        seen += [line["userId"] for line in page["learners"]]
        url = page["nextUrl"]
    assert seen == [to_hex24(id) for id in (hub.person, hub.other_person, *people)]


REPORTS = [
    "/reports/activity",
    "/reports/courses/{item}",
    "/reports/learners/{person}",
    "/reports/learning-paths/{path}/courses",
    "/reports/learning-paths/{path}/learners",
    "/reports/groups/{group}/courses",
]


@pytest.mark.parametrize("report", REPORTS)
def test_a_report_says_when_it_was_computed_and_shows_what_was_just_done(
    hub: Hub, client: httpx.Client, path: Id, report: str
) -> None:
    client.put(f"/courses/{to_hex24(hub.item)}/groups/{to_hex24(hub.audience)}")
    address = of(hub, path, report)
    before = datetime.now(UTC) - timedelta(seconds=1)
    sit(hub, hub.item)
    answer = client.get(address)
    assert before <= parsedate_to_datetime(answer.headers["last-modified"]) <= datetime.now(UTC)
    assert "PT15M" in answer.text


@pytest.mark.parametrize("report", REPORTS)
def test_a_limit_out_of_range_and_a_foreign_cursor_are_400(
    hub: Hub, client: httpx.Client, path: Id, report: str
) -> None:
    address = of(hub, path, report)
    assert client.get(address, params={"limit": 2000}).status_code == 200
    for params in ({"limit": "0"}, {"limit": "2001"}, {"limit": "x"}, {"cursor": "x"}, {"cursor": "AAAA"}):
        answer = client.get(address, params=params)
        assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])
    cursor = httpx.URL(client.get("/users?limit=1").json()["nextUrl"]).params["cursor"]
    assert codes(client.get(address, params={"cursor": cursor})) == ["invalid_request"]


def test_unknown_ids_and_other_tenants_ids_are_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    theirs = to_hex24(path_of(other_hub, other_hub.item))
    for id in ("nothing", "0" * 24, to_hex24(hub.item), theirs):
        for part in ("courses", "learners"):
            answer = client.get(f"/reports/learning-paths/{id}/{part}")
            assert (answer.status_code, codes(answer)) == (404, ["learning_path_not_found"])
    for id in ("nothing", "0" * 24, to_hex24(hub.person), to_hex24(other_hub.audience)):
        answer = client.get(f"/reports/groups/{id}/courses")
        assert (answer.status_code, codes(answer)) == (404, ["group_not_found"])


def test_nobody_sees_another_tenants_sessions(hub: Hub, other_hub: Hub) -> None:
    sit(hub, hub.item)
    assert sessions(other_hub.client("rise")) == []


def of(hub: Hub, path: Id, report: str) -> str:
    return report.format(
        item=to_hex24(hub.item), person=to_hex24(hub.person), path=to_hex24(path), group=to_hex24(hub.audience)
    )
