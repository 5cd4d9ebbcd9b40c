"""Transcripts of the vendor's page "Import Course Completion API".

https://help.rise.com/en/articles/4637216
"""

from __future__ import annotations

import asyncio
import itertools
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from testamur.core.ids import Id, to_hex24, to_opaque, to_ulid
from testamur.core.items import ItemKind, NewItem
from testamur.core.moments import format_instant
from testamur.core.people import Identifier, NewPerson, Reference
from testamur.core.records import Record
from testamur.dialects.rise.translate import SOURCE
from tests import plain
from tests.dialects.rise.pages import DATES, JSON, codes, completions, course_line, import_dates
from tests.hub import Hub


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("rise")


def records(hub: Hub) -> list[Record]:
    return hub.do(hub.ledger.records.page(hub.tenant.id, count=1000))


def tell_thrive(hub: Hub, completed_at: str) -> str:
    with hub.client("thrive") as client:
        answer = client.post(
            "/rest/v1/learning/completions",
            json={"userId": to_hex24(hub.person), "contentId": to_hex24(hub.item), "completedAt": completed_at},
        )
    assert answer.status_code in (200, 201)
    return str(answer.json()["statementId"])


def test_an_import_is_202_with_an_empty_object(hub: Hub, client: httpx.Client) -> None:
    answer = client.post(
        completions(hub.item, hub.person),
        content=b'{"startedAt": "2021-01-01T09:00:00.000Z", "completedAt": "2021-01-01T10:30:00.000Z"}',
        headers=JSON,
    )
    assert (answer.status_code, answer.content) == (202, b"{}")
    assert answer.headers["content-type"] == "application/json"
    (record,) = records(hub)
    assert (record.person, record.item, record.item_version, record.source) == (hub.person, hub.item, 1, SOURCE)
    assert record.completed is not None
    assert record.completed.at == datetime(2021, 1, 1, 10, 30, tzinfo=UTC)
    assert record.started_at == datetime(2021, 1, 1, 9, tzinfo=UTC)


def test_a_second_call_replaces_the_dates_of_the_one_record(hub: Hub, client: httpx.Client) -> None:
    import_dates(hub, hub.item)
    (before,) = records(hub)
    assert course_line(hub, hub.item)["duration"] == "PT1H30M"
    import_dates(hub, hub.item, startedAt="2022-02-01T00:00:00Z", completedAt="2022-02-02T02:03:20Z")
    (after,) = records(hub)
    assert (after.id, after.revision, after.created_at) == (before.id, 2, before.created_at)
    line = course_line(hub, hub.item)
    assert (line["completedAt"], line["duration"]) == ("2022-02-02T02:03:20.000Z", "PT26H3M20S")


def test_only_another_start_replaces_the_dates_too(hub: Hub) -> None:
    import_dates(hub, hub.item)
    import_dates(hub, hub.item, startedAt="2021-01-01T10:00:00Z")
    (record,) = records(hub)
    assert record.revision == 2
    assert course_line(hub, hub.item)["duration"] == "PT30M"


def test_the_very_same_call_again_changes_nothing(hub: Hub) -> None:
    assert [import_dates(hub, hub.item).status_code for _ in range(3)] == [202, 202, 202]
    (record,) = records(hub)
    assert record.revision == 1
    (telling,) = hub.do(hub.ledger.records.tellings(hub.tenant.id, [record.id]))[record.id]
    assert telling.repeats == 3
    assert telling.report.dialect == "rise"


def test_going_back_to_earlier_dates_is_a_replacement_as_well(hub: Hub) -> None:
    for day in (1, 2, 1):
        import_dates(hub, hub.item, completedAt=f"2021-02-0{day}T10:30:00Z")
    (record,) = records(hub)
    assert record.revision == 3
    assert course_line(hub, hub.item)["completedAt"] == "2021-02-01T10:30:00.000Z"


def test_who_was_not_enrolled_is_enrolled_by_the_import(hub: Hub) -> None:
    assert hub.do(hub.ledger.learners.enrolled_at(hub.tenant.id, hub.item, hub.person)) is None
    before = datetime.now(UTC) - timedelta(seconds=1)
    import_dates(hub, hub.item)
    enrolled_at = hub.do(hub.ledger.learners.enrolled_at(hub.tenant.id, hub.item, hub.person))
    assert enrolled_at is not None
    assert before < enrolled_at <= datetime.now(UTC)


def test_an_existing_enrolment_is_used_and_keeps_its_date(hub: Hub) -> None:
    import_dates(hub, hub.item)
    first = hub.do(hub.ledger.learners.enrolled_at(hub.tenant.id, hub.item, hub.person))
    import_dates(hub, hub.item, completedAt="2022-01-01T00:00:00Z")
    assert hub.do(hub.ledger.learners.enrolled_at(hub.tenant.id, hub.item, hub.person)) == first


def test_a_repeat_binds_the_record_to_the_version_published_by_then(hub: Hub) -> None:
    import_dates(hub, hub.item)
    hub.do(hub.ledger.items.publish(hub.caller, hub.item))
    import_dates(hub, hub.item, completedAt="2022-01-01T00:00:00Z")
    (record,) = records(hub)
    assert record.item_version == 2


def test_an_authored_course_with_a_quiz_is_set_to_a_full_score(hub: Hub) -> None:
    import_dates(hub, hub.item)
    (record,) = records(hub)
    assert (record.score_percent, record.passed) == (Decimal(100), True)
    assert course_line(hub, hub.item)["quizScorePercent"] == 100


def test_an_authored_course_without_a_quiz_has_no_score(hub: Hub) -> None:
    (item,) = hub.do(hub.ledger.items.add(hub.caller, [NewItem(title="No quiz", is_authored=True)]))
    import_dates(hub, item)
    assert course_line(hub, item)["quizScorePercent"] is None


def test_a_third_party_course_has_no_score(hub: Hub) -> None:
    import_dates(hub, hub.third_party)
    (record,) = records(hub)
    assert (record.score_percent, record.passed) == (None, None)
    assert course_line(hub, hub.third_party)["quizScorePercent"] is None


@pytest.mark.parametrize(("course", "score"), [("item", 100), ("third_party", 40)])
def test_a_later_attempt_keeps_the_status(hub: Hub, course: str, score: int) -> None:
    """It is the score of a third-party course, and leaves the full score of an authored one alone."""
    item: Id = getattr(hub, course)
    import_dates(hub, item)
    before = course_line(hub, item)
    hub.do(
        hub.ledger.learners.attempt(
            hub.caller,
            Reference(to_hex24(item), (), "item"),
            Reference(to_hex24(hub.person), (), "person"),
            attempted_at=datetime(2023, 5, 1, tzinfo=UTC),
            score_percent=Decimal("39.5"),
            passed=False,
        )
    )
    after = course_line(hub, item)
    assert after == before | {"quizScorePercent": score, "lastActivity": "2023-05-01T00:00:00.000Z"}
    assert (after["status"], after["progress"]) == ("Complete", 100)
    import_dates(hub, item, completedAt="2022-01-01T00:00:00Z")
    assert course_line(hub, item)["quizScorePercent"] == score


@pytest.mark.parametrize(
    ("started", "completed", "shown", "duration"),
    [
        ("2021-01-31", "2021-02-01", "2021-02-01T00:00:00.000Z", "PT24H"),
        ("2021-01-31T00:00:00", "2021-01-31T10:30:00", "2021-01-31T10:30:00.000Z", "PT10H30M"),
        ("2021-07-01T10:00:00+02:00", "2021-07-01T10:00:00+01:00", "2021-07-01T09:00:00.000Z", "PT1H"),
        ("2021-01-31", "2021-01-31", "2021-01-31T00:00:00.000Z", "PT0S"),
        ("2021-01-31T00:00:00.0005Z", "2021-01-31T00:00:01.999999Z", "2021-01-31T00:00:01.999Z", "PT1.999S"),
        ("2020-02-29T23:59:59,5Z", "2020-03-01t00:00:00z", "2020-03-01T00:00:00.000Z", "PT0.5S"),
        ("2021-01-31T00:00Z", "2021-01-31T00:00:20Z", "2021-01-31T00:00:20.000Z", "PT20S"),
    ],
)
def test_dates_are_iso_8601_and_utc_where_they_name_no_zone(
    hub: Hub, started: str, completed: str, shown: str, duration: str
) -> None:
    """The tenant's own zone has no say: the vendor knows none."""
    assert import_dates(hub, hub.item, startedAt=started, completedAt=completed).status_code == 202
    line = course_line(hub, hub.item)
    assert (line["completedAt"], line["duration"]) == (shown, duration)


def test_a_bare_date_is_the_instant_of_its_midnight(hub: Hub) -> None:
    import_dates(hub, hub.item, startedAt="2021-01-31", completedAt="2021-01-31")
    import_dates(hub, hub.item, startedAt="2021-01-31", completedAt="2021-01-31T00:00:00Z")
    (record,) = records(hub)
    assert record.revision == 1


@pytest.mark.parametrize(
    ("changed", "field"),
    [
        ({"completedAt": ...}, "completedAt"),
        ({"startedAt": ...}, "startedAt"),
        ({"completedAt": None}, "completedAt"),
        ({"completedAt": ""}, "completedAt"),
        ({"completedAt": 1609491600}, "completedAt"),
        ({"completedAt": ["2021-01-01"]}, "completedAt"),
        ({"startedAt": {"at": "2021-01-01"}}, "startedAt"),
        ({"startedAt": True}, "startedAt"),
        ({"completedAt": "yesterday"}, "completedAt"),
        ({"completedAt": "01/02/2021"}, "completedAt"),
        ({"completedAt": "20210101T090000Z"}, "completedAt"),
        ({"completedAt": "2021-02-30"}, "completedAt"),
        ({"completedAt": "2021-02-29T09:00:00Z"}, "completedAt"),
        ({"completedAt": "2021-01-01T24:30:00Z"}, "completedAt"),
        ({"startedAt": "2021-01-01T09:00:00+25:00"}, "startedAt"),
        ({"startedAt": "0000-01-01"}, "startedAt"),
        ({"startedAt": "0001-01-01T00:00:00+14:00"}, "startedAt"),
        ({"completedAt": "9999-12-31T23:59:59-14:00"}, "completedAt"),
        ({"completedAt": "2999-01-01"}, "completedAt"),
        ({"startedAt": "2021-01-01T10:30:00.001Z"}, "startedAt"),
        ({"completedAt": "2021-01-01T10:30:00Z\u0000"}, "completedAt"),
        ({"note": "a\u0000b"}, "note"),
        ({"completedAt": "２０２１-01-01"}, "completedAt"),
    ],
)
def test_a_bad_date_is_400_and_named(hub: Hub, changed: dict[str, Any], field: str) -> None:
    answer = import_dates(hub, hub.item, **changed)
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"]), answer.text
    assert answer.json()["errors"][0]["message"].startswith(f"{field}: ")
    assert records(hub) == []


def test_every_fault_has_an_entry_of_its_own(hub: Hub, client: httpx.Client) -> None:
    answer = client.post(completions(hub.item, hub.person), json={"startedAt": "2021-02-30"})
    assert answer.status_code == 400
    assert answer.json() == {
        "errors": [
            {"code": "invalid_request", "message": "completedAt: is required"},
            {"code": "invalid_request", "message": "startedAt: day is out of range for month"},
        ]
    }


def test_a_completion_up_to_a_day_ahead_is_clock_skew(hub: Hub) -> None:
    """Rule D6: nothing in this vocabulary has to lie in the future."""
    near = format_instant(datetime.now(UTC) + timedelta(hours=23))
    far = format_instant(datetime.now(UTC) + timedelta(hours=25))
    assert import_dates(hub, hub.item, completedAt=far).status_code == 400
    assert records(hub) == []
    assert import_dates(hub, hub.item, completedAt=near).status_code == 202


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b'"text"',
        b"\xff\xfe",
        b'{"completedAt": "2021-01-01", "startedAt": "2021-01-01", "startedAt": "2021-01-01"}',
        b'{"completedAt": "2021-01-01", "startedAt": "2021-01-01"} trailing',
        b"[" * 100_000,
        b'{"a":' * 100_000,
    ],
)
def test_a_body_that_is_no_such_object_is_400(hub: Hub, client: httpx.Client, content: bytes) -> None:
    answer = client.post(completions(hub.item, hub.person), content=content, headers=JSON)
    assert (answer.status_code, codes(answer)) == (400, ["invalid_request"])
    assert records(hub) == []


def test_a_body_over_the_limit_is_413(hub: Hub, client: httpx.Client) -> None:
    answer = client.post(completions(hub.item, hub.person), content=b" " * (1024 * 1024 + 1), headers=JSON)
    assert (answer.status_code, codes(answer)) == (413, ["invalid_request"])


@pytest.mark.parametrize("media_type", ["text/plain", "application/x-www-form-urlencoded", None])
def test_a_body_of_another_type_is_415(hub: Hub, client: httpx.Client, media_type: str | None) -> None:
    headers = {} if media_type is None else {"content-type": media_type}
    answer = client.post(completions(hub.item, hub.person), content=b"{}", headers=headers)
    assert (answer.status_code, codes(answer)) == (415, ["invalid_request"])


@pytest.mark.parametrize("media_type", ["application/json; charset=utf-8", "APPLICATION/JSON", "application/x+json"])
def test_every_spelling_of_json_is_taken(hub: Hub, client: httpx.Client, media_type: str) -> None:
    content = b'{"completedAt": "2021-01-01", "startedAt": "2021-01-01"}'
    answer = client.post(completions(hub.item, hub.person), content=content, headers={"content-type": media_type})
    assert answer.status_code == 202


def test_unknown_members_are_ignored(hub: Hub) -> None:
    assert import_dates(hub, hub.third_party, score=40, quizScorePercent=40, learner={"name": "Ć"}).status_code == 202
    assert course_line(hub, hub.third_party)["quizScorePercent"] is None


UNKNOWN = ["nobody", "f" * 24, "0" * 24, "%20", "a%2Fb", "%F0%9F%8E%93", "x" * 5_000, "null", "everyone"]


@pytest.mark.parametrize("id", UNKNOWN)
def test_an_unknown_course_is_404(hub: Hub, client: httpx.Client, id: str) -> None:
    answer = client.post(completions(id, hub.person), json=DATES)
    assert (answer.status_code, codes(answer)) == (404, ["course_not_found"])
    assert answer.json()["errors"][0]["message"].startswith("courseId: ")


@pytest.mark.parametrize("id", UNKNOWN)
def test_an_unknown_user_is_404(hub: Hub, client: httpx.Client, id: str) -> None:
    answer = client.post(completions(hub.item, id), json=DATES)
    assert (answer.status_code, codes(answer)) == (404, ["user_not_found"])
    assert answer.json()["errors"][0]["message"].startswith("userId: ")


def test_a_course_without_a_published_version_is_409(hub: Hub, client: httpx.Client) -> None:
    answer = client.post(completions(hub.draft, hub.person), json=DATES)
    assert (answer.status_code, codes(answer)) == (409, ["course_not_published"])
    hub.do(hub.ledger.items.publish(hub.caller, hub.draft))
    assert client.post(completions(hub.draft, hub.person), json=DATES).status_code == 202


@pytest.mark.parametrize("body", [DATES, {}, {"completedAt": "2999-01-01", "startedAt": "2021-01-01"}])
def test_course_then_publication_then_user_come_before_the_dates(
    hub: Hub, client: httpx.Client, body: dict[str, str]
) -> None:
    """The order in which the vendor's page lists its codes; what is wrong with the dates comes last."""

    def code(item: Id | str, person: Id | str) -> str:
        return codes(client.post(completions(item, person), json=body))[0]

    assert code("nothing", "nobody") == "course_not_found"
    assert code("nothing", hub.person) == "course_not_found"
    assert code(hub.draft, "nobody") == "course_not_published"
    assert code(hub.item, "nobody") == "user_not_found"


def test_another_tenants_ids_are_unknown(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    assert codes(client.post(completions(other_hub.item, hub.person), json=DATES)) == ["course_not_found"]
    assert codes(client.post(completions(other_hub.draft, hub.person), json=DATES)) == ["course_not_found"]
    assert codes(client.post(completions(hub.item, other_hub.person), json=DATES)) == ["user_not_found"]
    assert codes(client.post(completions(other_hub.item, hub.person), json={})) == ["course_not_found"]
    assert codes(client.post(completions(hub.item, other_hub.person), json={})) == ["user_not_found"]
    assert records(hub) == records(other_hub) == []


def test_ids_work_in_every_spelling_and_letter_case(hub: Hub, client: httpx.Client) -> None:
    spellings = [
        (to_hex24(hub.item).upper(), to_hex24(hub.person).upper()),
        (str(hub.item), str(hub.person).upper()),
        (to_ulid(hub.item, "item"), to_ulid(hub.person, "person")),
        (to_opaque(hub.item), to_opaque(hub.person).upper()),
    ]
    for item, person in spellings:
        assert client.post(completions(item, person), json=DATES).status_code == 202
    assert len(records(hub)) == 1


def test_ids_from_rise_keep_working(hub: Hub, client: httpx.Client) -> None:
    """What was migrated with its old id is addressed by it, in any letter case, with any characters."""
    (person,) = hub.do(
        hub.ledger.people.add(hub.caller, [NewPerson(given_name="Old", identifiers=(Identifier("rise", "aBc|1/2"),))])
    )
    (item,) = hub.do(
        hub.ledger.items.add(
            hub.caller,
            [NewItem(title="Old", kind=ItemKind.COURSE, identifiers=(Identifier("rise", "Kx7-_ä"),))],
        )
    )
    assert client.post(completions("kx7-_%C3%84", "ABC%7C1%2F2"), json=DATES).status_code == 202
    assert course_line(hub, item, person)["status"] == "Complete"


def test_a_key_that_may_only_read_is_403(hub: Hub) -> None:
    with hub.client("rise", hub.reader) as client:
        answer = client.post(completions(hub.item, hub.person), json=DATES)
        assert (answer.status_code, codes(answer)) == (403, ["forbidden"])
        assert client.get(f"/courses/{to_hex24(hub.item)}").status_code == 200
    assert records(hub) == []


def test_two_hundred_imports_at_once_leave_one_record_with_the_dates_of_one_of_them(hub: Hub) -> None:
    base = datetime(2021, 1, 1, tzinfo=UTC)
    bodies = [
        {
            "startedAt": format_instant(base + timedelta(days=n)),
            "completedAt": format_instant(base + timedelta(days=n, minutes=n)),
        }
        for n in range(200)
    ]

    async def all_at_once() -> list[int]:
        limits = httpx.Limits(max_connections=50)
        headers = {"authorization": f"Bearer {hub.key.secret}"}
        async with plain.AsyncClient(headers=headers, limits=limits) as client:
            url = f"{hub.server.url}/rise{completions(hub.item, hub.person)}"
            answers = await asyncio.gather(*(client.post(url, json=body) for body in bodies))
        return [answer.status_code for answer in answers]

    assert set(asyncio.run(all_at_once())) == {202}
    (record,) = records(hub)
    assert record.revision <= 200
    assert record.completed is not None
    assert record.started_at is not None
    stands = {"startedAt": format_instant(record.started_at), "completedAt": format_instant(record.completed.at)}
    assert stands in bodies
    assert course_line(hub, hub.item)["completedAt"] == stands["completedAt"]
    assert hub.do(hub.ledger.records.count(hub.tenant.id)) == 1


@pytest.mark.parametrize("order", list(itertools.permutations(range(3))), ids=str)
def test_other_pairs_do_not_matter_to_a_pair_whatever_the_order(hub: Hub, order: tuple[int, ...]) -> None:
    calls = [
        (hub.item, hub.person, "2021-03-01T00:00:00Z"),
        (hub.item, hub.other_person, "2021-03-01T00:00:00Z"),
        (hub.third_party, hub.person, "2021-03-02T00:00:00Z"),
    ]
    for place in order:
        item, person, completed_at = calls[place]
        assert import_dates(hub, item, person, completedAt=completed_at).status_code == 202
    assert len(records(hub)) == 3
    for item, person, completed_at in calls:
        assert course_line(hub, item, person)["completedAt"] == completed_at.replace("Z", ".000Z")


@pytest.mark.parametrize("order", ["thrive first", "rise first"])
def test_a_completion_that_thrive_tells_as_well_is_one_fact(hub: Hub, order: str) -> None:
    """Rule C1, in either order, and the course's full score shows either way."""
    if order == "rise first":
        import_dates(hub, hub.item)
    tell_thrive(hub, "2021-01-01T10:30:00Z")
    if order == "thrive first":
        import_dates(hub, hub.item)
    (record,) = records(hub)
    assert tell_thrive(hub, "2021-01-01T10:30:00Z") == to_hex24(record.id)
    import_dates(hub, hub.item)
    assert [r.id for r in records(hub)] == [record.id]
    line = course_line(hub, hub.item)
    assert (line["status"], line["quizScorePercent"]) == ("Complete", 100)
    assert line["completedAt"] == "2021-01-01T10:30:00.000Z"


def test_other_dates_leave_thrives_fact_alone_and_make_a_record_of_their_own(hub: Hub) -> None:
    """Rule C5: the last call wins over this vocabulary's own records only."""
    theirs = tell_thrive(hub, "2021-01-01T10:30:00Z")
    import_dates(hub, hub.item)
    (before,) = records(hub)
    import_dates(hub, hub.item, completedAt="2021-06-01T00:00:00Z")
    kept, own = records(hub)
    assert kept == before
    assert (to_hex24(kept.id), kept.source, kept.revision) == (theirs, "thrive", 1)
    assert (own.source, own.revision) == (SOURCE, 1)
    assert course_line(hub, hub.item)["completedAt"] == "2021-06-01T00:00:00.000Z"
    import_dates(hub, hub.item, completedAt="2021-07-01T00:00:00Z")
    kept, own = records(hub)
    assert kept == before
    assert own.revision == 2
    assert course_line(hub, hub.item)["completedAt"] == "2021-07-01T00:00:00.000Z"


def test_a_later_fact_of_another_system_does_not_replace_the_imports_dates(hub: Hub) -> None:
    import_dates(hub, hub.item)
    tell_thrive(hub, "2023-01-01T00:00:00Z")
    assert course_line(hub, hub.item)["completedAt"] == "2021-01-01T10:30:00.000Z"
    assert len(records(hub)) == 2
