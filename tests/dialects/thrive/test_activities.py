"""Contract of GET /activities and GET /activity/{id}."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from testamur.core.ids import to_hex24
from testamur.core.moments import format_instant
from testamur.core.people import Reference
from tests import plain
from tests.hub import Hub, moment
from tests.ledger.tellings import completion, tell

LIST, ONE = "/rest/v1/activities", "/rest/v1/activity"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def results(client: httpx.Client, **params: Any) -> list[dict[str, Any]]:
    answer = client.get(LIST, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def seconds(at: datetime) -> str:
    return at.strftime("%Y-%m-%d %H:%M:%S")


def test_recording_a_completion_makes_a_completed_activity(hub: Hub, client: httpx.Client) -> None:
    at = moment()
    sent = {"userId": to_hex24(hub.person), "contentId": to_hex24(hub.item), "completedAt": format_instant(at)}
    statement = client.post("/rest/v1/learning/completions", json=sent).json()["statementId"]
    answer = client.get(LIST)
    assert answer.status_code == 200
    page = answer.json()
    assert page["pagination"] == {"totalResults": 1, "totalPages": 1, "page": 1, "perPage": 20}
    (made,) = page["results"]
    id, date = made["id"], made["date"]
    assert made == {
        "id": id,
        "type": "completed",
        "name": "Fire safety",
        "user": to_hex24(hub.person),
        "date": date,
        "contextId": to_hex24(hub.item),
        "contextType": "content",
        "contentType": "elearning",
        "with": None,
        "data": {
            "name": {"en-GB": "Fire safety"},
            "completedDate": format_instant(at),
            "version": 1,
            "completion": True,
            "registration": statement,
            "source": "thrive",
        },
    }
    assert len(id) == 24
    datetime.strptime(date, "%Y-%m-%dT%H:%M:%S.%fZ")  # noqa: DTZ007 - the form that a known client insists on
    assert client.get(f"{ONE}/{id}").json() == made
    assert client.get(f"{ONE}/{id.upper()}").json() == made


def test_the_same_completion_again_is_no_second_activity(hub: Hub, client: httpx.Client) -> None:
    at = moment()
    tell(hub, completion(at))
    tell(hub, completion(at))
    assert len(results(client)) == 1


def test_quiz_attempts_enrolments_and_starts_are_activities_and_plans_are_not(hub: Hub, client: httpx.Client) -> None:
    at = moment()
    item, person = Reference("FIRE-101", ("ref",), "item"), Reference("00123", ("ref",))
    for passed, score in ((False, Decimal(40)), (True, Decimal("87.5"))):
        hub.do(
            hub.ledger.learners.attempt(hub.caller, item, person, attempted_at=at, score_percent=score, passed=passed)
        )
    tell(hub, completion(None, started_at=at))
    tell(hub, completion(None))
    tell(hub, completion(at, passed=False, score_percent=Decimal(30), time_spent="PT5M", enrols=True))
    found = results(client)
    assert [one["type"] for one in found] == ["progressed", "passed", "started", "completed", "registered"]
    assert {one["user"] for one in found} == {to_hex24(hub.person)}
    assert {one["contextId"] for one in found} == {to_hex24(hub.item)}
    named = {"name": {"en-GB": "Fire safety"}}
    failed, passed_, started, completed, registered = (one["data"] for one in found)
    scale = {"minScore": 0, "maxScore": 100}
    attempted = {"attemptedDate": format_instant(at)} | scale
    assert failed == named | attempted | {"success": False, "score": 40, "scaled": 0.4}
    assert passed_ == named | attempted | {"success": True, "score": 87.5, "scaled": 0.875}
    assert started["startedDate"] == format_instant(at)
    assert "completion" not in started
    assert completed["duration"] == "PT5M"
    assert (completed["completion"], completed["success"], completed["score"]) == (True, False, 30)
    assert registered == named
    for one in found:
        assert client.get(f"{ONE}/{one['id']}").json() == one


def test_a_voided_completion_keeps_its_activity(hub: Hub, client: httpx.Client) -> None:
    told = tell(hub, completion(moment()))
    before = results(client)
    hub.do(hub.ledger.records.void(hub.caller, told.record))
    assert results(client) == before


def test_types_choose_and_leave_out(hub: Hub, client: httpx.Client) -> None:
    for started in (moment(), None, moment()):
        tell(hub, completion(None if started else moment(), started_at=started, enrols=True))
    every = [one["type"] for one in results(client)]
    assert sorted(every) == ["completed", "registered", "started", "started"]
    assert [one["type"] for one in results(client, actions="completed")] == ["completed"]
    assert len(results(client, actions=" Started , completed,")) == 3
    assert [one["type"] for one in results(client, omitActions="started,registered")] == ["completed"]
    assert results(client, actions="completed", omitActions="completed") == []
    assert results(client, actions="viewed,loggedin") == [], "a type that the ledger does not know of"
    chosen = client.get(LIST, params={"actions": "started", "perPage": 1, "page": 2}).json()
    assert chosen["pagination"] == {"totalResults": 2, "totalPages": 2, "page": 2, "perPage": 1}
    assert chosen["results"] == results(client, actions="started")[1:]


def test_contents_and_their_type_choose(hub: Hub, client: httpx.Client) -> None:
    tell(hub, completion(moment()))
    tell(hub, completion(moment(), item="LIFT/1 ä"))
    fire, lift = results(client)
    own = to_hex24(hub.item)
    assert results(client, contentIds=own.upper()) == [fire]
    assert results(client, contentIds=f"{own}, {to_hex24(hub.third_party)}") == [fire, lift]
    assert results(client, contentIds=f"{'f' * 24},nonsense,ÄÖ") == []
    assert results(client, contentType="SCORM") == [lift]
    assert results(client, contentType="elearning") == [fire]
    assert results(client, contentType="video") == []
    assert results(client, contentType="scorm", actions="completed", contentIds=own) == []


def test_bounds_are_inclusive_and_taken_to_the_second(hub: Hub, client: httpx.Client) -> None:
    tell(hub, completion(moment()))
    (made,) = results(client)
    at = datetime.fromisoformat(made["date"])
    day = at.date().isoformat()
    same, before, behind = seconds(at), seconds(at - timedelta(seconds=1)), seconds(at + timedelta(seconds=1))
    for params in (
        {"timestampFrom": same},
        {"timestampTo": same},
        {"timestampFrom": same, "timestampTo": same},
        {"timestampFrom": same.replace(" ", "T")},
        {"timestampFrom": made["date"], "timestampTo": made["date"]},
        {"timestampFrom": day, "timestampTo": day},
        {"timestampFrom": before, "timestampTo": behind, "actions": "completed"},
        {"timestampFrom": f"{same}+00:00", "timestampTo": f"{same}Z"},
    ):
        assert results(client, **params) == [made], params
    for params in (
        {"timestampFrom": behind},
        {"timestampTo": before},
        {"timestampFrom": behind, "timestampTo": before},
        {"timestampFrom": behind, "actions": "completed"},
        {"timestampTo": before, "actions": "completed"},
        {"timestampTo": "2000-01-01"},
    ):
        answer = client.get(LIST, params=params).json()
        assert (answer["results"], answer["pagination"]["totalResults"]) == ([], 0), params


def test_the_vendors_spelling_of_the_query_is_understood(hub: Hub, client: httpx.Client) -> None:
    tell(hub, completion(moment()))
    query = "page=1&perPage=200&timestampFrom=2025-01-01+00%3A00%3A00&timestampTo=2999-01-01+00%3A00%3A00"
    answer = client.get(f"{LIST}?{query}")
    assert answer.status_code == 200
    assert len(answer.json()["results"]) == 1


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"timestampFrom": "yesterday"}, "timestampFrom"),
        ({"timestampTo": "2025-02-30"}, "timestampTo"),
        ({"timestampTo": "9999-12-31"}, "timestampTo"),
        ({"timestampFrom": "2025-01-01 25:00:00"}, "timestampFrom"),
        ({"timestampFrom": "2025-01-01\x00"}, "timestampFrom"),
        ({"actions": "completed,finished"}, "actions"),
        ({"omitActions": "finished"}, "omitActions"),
        ({"contentIds": ",".join(["f" * 24] * 1001)}, "contentIds"),
        ({"contentIds": "a\x00"}, "contentIds"),
        ({"contentType": "nothing"}, "contentType"),
        ({"page": 0}, "page"),
        ({"page": "one"}, "page"),
        ({"page": -1}, "page"),
        ({"perPage": 0}, "perPage"),
        ({"perPage": 1001}, "perPage"),
        ({"perPage": 1.5}, "perPage"),
    ],
)
def test_a_bad_parameter_is_422_and_named(client: httpx.Client, params: dict[str, Any], field: str) -> None:
    answer = client.get(LIST, params=params)
    assert answer.status_code == 422, answer.text
    body = answer.json()
    assert (body["status"], body["error"]) == (422, "Unprocessable Content")
    assert field in body["message"]


def test_pages_end_in_an_empty_one_also_behind_a_full_last_page(hub: Hub, client: httpx.Client) -> None:
    assert client.get(LIST).json() == {
        "pagination": {"totalResults": 0, "totalPages": 0, "page": 1, "perPage": 20},
        "results": [],
    }
    for _ in range(4):
        tell(hub, completion(moment()))
    pages = [client.get(LIST, params={"perPage": 2, "page": page}).json() for page in (1, 2, 3, 10_000_000)]
    assert [len(page["results"]) for page in pages] == [2, 2, 0, 0]
    assert [page["pagination"]["totalPages"] for page in pages] == [2, 2, 2, 2]
    assert len(results(client, perPage=1000)) == 4


@pytest.mark.parametrize("id", ["f" * 24, "0" * 24, "nonsense", "a%2Fb", "f" * 23, "%00", "ü", "f" * 100])
def test_an_unknown_activity_is_404(hub: Hub, client: httpx.Client, id: str) -> None:
    tell(hub, completion(moment()))
    answer = client.get(f"{ONE}/{id}")
    assert answer.status_code in ((404, 422) if id == "%00" else (404,)), answer.text
    assert answer.json()["status"] == answer.status_code


def test_an_id_with_the_right_entry_and_another_moment_is_404(hub: Hub, client: httpx.Client) -> None:
    tell(hub, completion(moment()))
    (made,) = results(client)
    moved = f"{int(made['id'], 16) + (1 << 48):024x}"
    assert client.get(f"{ONE}/{moved}").status_code == 404


def test_another_tenants_activities_are_not_seen(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    tell(hub, completion(moment()))
    (made,) = results(client)
    stranger = other_hub.client("thrive")
    assert results(stranger) == []
    assert results(stranger, contentIds=to_hex24(hub.item)) == []
    assert stranger.get(f"{ONE}/{made['id']}").status_code == 404


def test_a_reader_may_read_and_nobody_may_write(hub: Hub, client: httpx.Client) -> None:
    tell(hub, completion(moment()))
    reader = hub.client("thrive", hub.reader)
    assert results(reader) == results(client)
    assert client.post(LIST, json={}).status_code == 405
    assert plain.get(f"{hub.server.url}/thrive{LIST}").status_code == 401


def test_a_json_content_type_without_a_body_is_no_trouble(client: httpx.Client) -> None:
    assert client.get(LIST, headers={"content-type": "application/json"}).status_code == 200


def test_dates_are_those_of_recording_so_that_what_happened_long_ago_is_not_missed(
    hub: Hub, client: httpx.Client
) -> None:
    """A reader who resumes from the last date it saw must find a completion of 2001 that was told today."""
    start = seconds(datetime.now(UTC))
    tell(hub, completion(datetime(2001, 1, 1, tzinfo=UTC)))
    (made,) = results(client, timestampFrom=start)
    assert made["data"]["completedDate"] == "2001-01-01T00:00:00.000Z"
