"""Transcripts of the vendor's page "Reports API": the course report and the learner report.

https://help.rise.com/en/articles/4177175
"""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import asyncpg
import httpx
import pytest

from testamur.core.ids import Id, to_hex24
from testamur.core.items import NewItem
from testamur.core.moments import When
from testamur.core.people import NewPerson, Reference
from testamur.core.records import NewRecord, Report
from testamur.storage.database import DatabaseUrls
from tests import plain
from tests.dialects.rise.pages import codes, course_line, import_dates
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


def attempt(hub: Hub, item: Id, score: Decimal | None, at: datetime = datetime(2023, 5, 1, tzinfo=UTC)) -> None:
    hub.do(
        hub.ledger.learners.attempt(
            hub.caller,
            Reference(to_hex24(item), (), "item"),
            Reference(to_hex24(hub.person), (), "person"),
            attempted_at=at,
            score_percent=score,
            passed=None,
        )
    )


def tell(hub: Hub, item: Id, score: Decimal | None, passed: bool | None = None) -> None:
    """A completion that another system told of."""
    new = NewRecord(
        source="elsewhere",
        person=Reference(to_hex24(hub.person), (), "person"),
        item=Reference(to_hex24(item), (), "item"),
        completed=When.instant(datetime(2021, 1, 1, 10, 30, tzinfo=UTC)),
        score_percent=score,
        passed=passed,
    )
    hub.do(hub.ledger.records.record(hub.tenant.id, new, Report("tests", hub.key.client, "POST", "/", "{}")))


def test_a_course_report_lists_its_learners(hub: Hub, client: httpx.Client) -> None:
    import_dates(hub, hub.item)
    base, item, person = f"{hub.server.url}/rise", to_hex24(hub.item), to_hex24(hub.person)
    answer = client.get(f"/reports/courses/{item}")
    assert answer.status_code == 200
    assert answer.json() == {
        "courseUrl": f"{base}/courses/{item}",
        "courseDeleted": False,
        "learners": [
            {
                "userId": person,
                "email": "ada@example.com",
                "firstName": "Ada",
                "lastName": "Okafor",
                "learnerReportUrl": f"{base}/reports/learners/{person}",
                "userUrl": f"{base}/users/{person}",
                "duration": "PT1H30M",
                "progress": 100,
                "quizScorePercent": 100,
                "dueAt": None,
                "status": "Complete",
                "completedAt": "2021-01-01T10:30:00.000Z",
                "lastActivity": "2021-01-01T10:30:00.000Z",
                "userDeleted": False,
            }
        ],
        "nextUrl": None,
    }


def test_a_learner_report_lists_the_courses(hub: Hub, client: httpx.Client) -> None:
    import_dates(hub, hub.third_party)
    base, item, person = f"{hub.server.url}/rise", to_hex24(hub.third_party), to_hex24(hub.person)
    answer = client.get(f"/reports/learners/{person}")
    assert answer.status_code == 200
    assert answer.json() == {
        "userUrl": f"{base}/users/{person}",
        "userDeleted": False,
        "courses": [
            {
                "courseId": item,
                "courseTitle": "Manual handling",
                "courseReportUrl": f"{base}/reports/courses/{item}",
                "courseUrl": f"{base}/courses/{item}",
                "duration": "PT1H30M",
                "progress": 100,
                "quizScorePercent": None,
                "dueAt": None,
                "status": "Complete",
                "completedAt": "2021-01-01T10:30:00.000Z",
                "courseDeleted": False,
            }
        ],
        "nextUrl": None,
    }


def test_reports_without_anybody_are_empty(hub: Hub, client: httpx.Client) -> None:
    assert client.get(f"/reports/courses/{to_hex24(hub.draft)}").json()["learners"] == []
    assert client.get(f"/reports/learners/{to_hex24(hub.person)}").json()["courses"] == []


def test_every_link_in_an_answer_leads_somewhere(hub: Hub, client: httpx.Client) -> None:
    import_dates(hub, hub.item)
    seen: set[str] = set()
    waiting = [f"{hub.server.url}/rise/users"]
    while waiting:
        url = waiting.pop()
        seen.add(url)
        answer = client.get(url)
        assert answer.status_code == 200, url
        waiting += [link for link in links(answer.json()) if link not in seen and link not in waiting]
    item, ids = to_hex24(hub.item), (to_hex24(hub.person), to_hex24(hub.other_person))
    paths = [f"/users/{id}" for id in ids] + [f"/reports/learners/{id}" for id in ids]
    paths += [f"/users/{id}/{list}" for id in ids for list in ("groups", "favorites")]
    group = f"/groups/{to_hex24(hub.audience)}"
    paths += [group, f"{group}/users", f"{group}/reporters", f"{group}/managers"]
    paths += ["/users", f"/courses/{item}", f"/reports/courses/{item}"]
    assert seen == {f"{hub.server.url}/rise{path}" for path in paths}


def links(value: Any) -> list[str]:
    if isinstance(value, list):
        return [link for member in value for link in links(member)]
    if isinstance(value, dict):
        named = [v for name, v in value.items() if name.lower().endswith("url") and v is not None]
        return named + [link for member in value.values() for link in links(member)]
    return []


def test_a_learner_who_only_tried_the_quiz_is_in_progress(hub: Hub) -> None:
    import_dates(hub, hub.item, hub.other_person)
    import_dates(hub, hub.item)
    (record,) = [r for r in hub.do(hub.ledger.records.page(hub.tenant.id, count=10)) if r.person == hub.person]
    hub.do(hub.ledger.records.void(hub.caller, record.id))
    line = course_line(hub, hub.item)
    assert (line["status"], line["progress"], line["completedAt"]) == ("Not Started", 0, None)
    assert (line["duration"], line["quizScorePercent"], line["lastActivity"]) == (None, None, None)
    attempt(hub, hub.item, Decimal(55))
    line = course_line(hub, hub.item)
    assert (line["status"], line["progress"], line["completedAt"]) == ("In Progress", 0, None)
    assert (line["duration"], line["quizScorePercent"]) == (None, 55)
    assert line["lastActivity"] == "2023-05-01T00:00:00.000Z"


def test_a_completion_of_another_system_has_no_duration_without_a_start(hub: Hub) -> None:
    tell(hub, hub.item, None)
    line = course_line(hub, hub.item)
    assert (line["status"], line["progress"], line["duration"]) == ("Complete", 100, None)


@pytest.mark.parametrize(
    ("told", "tried", "shown"),
    [
        (None, None, None),
        (None, "40", 40),
        ("87.5", None, 88),
        ("87.4", "40", 87),
        ("0", None, 0),
    ],
)
def test_a_completion_of_another_system_shows_its_own_score_or_the_last_attempt(
    hub: Hub, told: str | None, tried: str | None, shown: int | None
) -> None:
    tell(hub, hub.item, told and Decimal(told))  # type: ignore[arg-type]
    if tried is not None:
        attempt(hub, hub.item, Decimal(100), datetime(2022, 1, 1, tzinfo=UTC))
        attempt(hub, hub.item, Decimal(tried))
    assert course_line(hub, hub.item)["quizScorePercent"] == shown


def test_an_attempt_without_a_score_shows_none(hub: Hub) -> None:
    import_dates(hub, hub.third_party)
    attempt(hub, hub.third_party, None)
    assert course_line(hub, hub.third_party)["quizScorePercent"] is None


def test_a_failed_try_elsewhere_completes_nothing(hub: Hub) -> None:
    """Rule F2."""
    import_dates(hub, hub.item)
    (record,) = hub.do(hub.ledger.records.page(hub.tenant.id, count=10))
    hub.do(hub.ledger.records.void(hub.caller, record.id))
    tell(hub, hub.item, Decimal(20), passed=False)
    assert course_line(hub, hub.item)["status"] == "Not Started"


def test_a_course_report_is_paged_to_its_end_and_shows_everybody_once(hub: Hub) -> None:
    people = hub.do(hub.ledger.people.add(hub.caller, [NewPerson(given_name=f"P{n}") for n in range(7)]))
    for person in people[:6]:
        import_dates(hub, hub.item, person)
    seen: list[str] = []
    # A bare client: the address alone has to be enough, with the key.
    with plain.Client(headers={"authorization": f"Bearer {hub.key.secret}"}) as bare:
        url = f"{hub.server.url}/rise/reports/courses/{to_hex24(hub.item).upper()}?limit=3"
        sizes = []
        while url:
            page = bare.get(url).json()
            sizes.append(len(page["learners"]))
            seen += [learner["userId"] for learner in page["learners"]]
            if len(sizes) == 1:
                import_dates(hub, hub.item, people[6])
            url = page["nextUrl"]
    assert seen == [to_hex24(person) for person in people]
    assert sizes == [3, 3, 1]


def test_a_full_last_page_is_the_last(hub: Hub, client: httpx.Client) -> None:
    import_dates(hub, hub.item)
    import_dates(hub, hub.third_party)
    address = f"/reports/learners/{to_hex24(hub.person)}"
    page = client.get(address, params={"limit": 2}).json()
    assert (len(page["courses"]), page["nextUrl"]) == (2, None)
    first = client.get(address, params={"limit": 1}).json()
    second = client.get(first["nextUrl"]).json()
    assert first["courses"] + second["courses"] == page["courses"]
    assert second["nextUrl"] is None


def test_a_cursor_belongs_to_its_own_list(hub: Hub, client: httpx.Client) -> None:
    import_dates(hub, hub.item)
    import_dates(hub, hub.item, hub.other_person)
    page = client.get(f"/reports/courses/{to_hex24(hub.item)}", params={"limit": 1}).json()
    cursor = httpx.URL(page["nextUrl"]).params["cursor"]
    others = [
        (f"/reports/courses/{to_hex24(hub.third_party)}", cursor),
        (f"/reports/learners/{to_hex24(hub.person)}", cursor),
        ("/users", cursor),
        (f"/reports/courses/{to_hex24(hub.item)}", cursor[:-1]),
        (f"/reports/courses/{to_hex24(hub.item)}", "2"),
    ]
    for address, text in others:
        answer = client.get(address, params={"cursor": text})
        assert (answer.status_code, codes(answer)) == (400, ["invalid_request"]), address


@pytest.mark.parametrize("address", ["/reports/courses/{item}", "/reports/learners/{person}"])
def test_a_report_takes_a_limit_of_2000(hub: Hub, client: httpx.Client, address: str) -> None:
    path = address.format(item=to_hex24(hub.item), person=to_hex24(hub.person))
    assert client.get(path, params={"limit": 2000}).status_code == 200
    for limit in ("0", "2001", "x", "1.5", "-1"):
        answer = client.get(path, params={"limit": limit})
        assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])
        assert answer.json()["errors"][0]["message"].startswith("limit: ")


def test_a_page_has_fifty_without_a_limit(hub: Hub, client: httpx.Client) -> None:
    items = hub.do(hub.ledger.items.add(hub.caller, [NewItem(title=f"Course {n}") for n in range(51)]))
    for item in items:
        tell(hub, item, None)
    page = client.get(f"/reports/learners/{to_hex24(hub.person)}").json()
    assert len(page["courses"]) == 50
    rest = client.get(page["nextUrl"]).json()
    assert (len(rest["courses"]), rest["nextUrl"]) == (1, None)


def test_unknown_ids_and_other_tenants_ids_are_404(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    import_dates(other_hub, other_hub.item)
    for id in ("nothing", "0" * 24, to_hex24(other_hub.item), to_hex24(hub.person)):
        answer = client.get(f"/reports/courses/{id}")
        assert (answer.status_code, codes(answer)) == (404, ["course_not_found"])
    for id in ("nobody", "0" * 24, to_hex24(other_hub.person), to_hex24(hub.item)):
        answer = client.get(f"/reports/learners/{id}")
        assert (answer.status_code, codes(answer)) == (404, ["user_not_found"])


def test_deleted_users_and_courses_stay_in_reports(hub: Hub, client: httpx.Client, urls: DatabaseUrls) -> None:
    import_dates(hub, hub.item)
    asyncio.run(delete(urls, hub))
    item, person = to_hex24(hub.item), to_hex24(hub.person)
    of_course = client.get(f"/reports/courses/{item}").json()
    of_learner = client.get(f"/reports/learners/{person}").json()
    assert (of_course["courseDeleted"], of_course["learners"][0]["userDeleted"]) == (True, True)
    assert (of_learner["userDeleted"], of_learner["courses"][0]["courseDeleted"]) == (True, True)
    assert codes(client.get(f"/courses/{item}")) == ["course_not_found"]
    assert codes(client.get(f"/users/{person}")) == ["user_not_found"]
    assert [user["id"] for user in client.get("/users").json()["users"]] == [to_hex24(hub.other_person)]
    assert client.get("/users", params={"email": "ada@example.com"}).json()["users"] == []


async def delete(urls: DatabaseUrls, hub: Hub) -> None:
    connection = await asyncpg.connect(urls.owner)
    try:
        await connection.execute("UPDATE item SET retired_at = now() WHERE id = $1", hub.item)
        await connection.execute("UPDATE person SET deleted_at = now() WHERE id = $1", hub.person)
    finally:
        await connection.close()
