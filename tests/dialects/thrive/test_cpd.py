"""Contract of the seven CPD reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from testamur.core.cpd import NewCpdEntry
from testamur.core.ids import Id, to_hex24
from testamur.core.moments import When
from testamur.core.people import Reference
from testamur.ledger.cpd import LoggedCpd
from tests import plain
from tests.hub import Hub

CATEGORIES = "/rest/v1/cpdCategories"
ENTRIES = "/rest/v1/cpdEntries"
REQUIREMENTS = "/rest/v1/cpdRequirementSummaries"
SUMMARIES = "/rest/v1/cpdUserLogSummaries"
PERIOD = {"entryDateFrom": "2025-01-01", "entryDateTo": "2025-12-31"}
LISTS = [(CATEGORIES, {}), (ENTRIES, {}), (REQUIREMENTS, {}), (SUMMARIES, PERIOD)]


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("thrive")


def log(hub: Hub, at: datetime, minutes: int = 30, person: str = "00123", **rest: Any) -> Id:
    new = NewCpdEntry(
        person=Reference(person, ("ref",)),
        category=rest.pop("category", "Reading"),
        activity_type="article",
        activity_name=rest.pop("name", "On ladders"),
        done=When.instant(at),
        duration_minutes=minutes,
        **rest,
    )
    (logged,) = hub.do(hub.ledger.cpd.log(hub.caller, [new]))
    assert isinstance(logged, LoggedCpd)
    return logged.id


def require(hub: Hub, minutes: int) -> Id:
    return hub.do(hub.ledger.cpd.require(hub.caller, Reference("site-staff", (), "audience", "audience"), minutes))


def day(number: int, hour: int = 9) -> datetime:
    return datetime(2025, 3, number, hour, tzinfo=UTC)


def results(client: httpx.Client, path: str, **params: Any) -> list[dict[str, Any]]:
    answer = client.get(path, params=params)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["results"]
    return found


def envelope(total: int, size: int = 100) -> dict[str, int]:
    return {"totalResults": total, "totalPages": -(-total // size), "page": 1, "perPage": size}


def test_categories_are_listed_and_read(hub: Hub, client: httpx.Client) -> None:
    assert hub.do(hub.ledger.cpd.add_categories(hub.caller, ["Reading", "Conferences", "Reading"])) == 2
    answer = client.get(CATEGORIES).json()
    assert answer["pagination"] == envelope(2)
    reading, conferences = answer["results"]
    assert reading == {"categoryId": reading["categoryId"], "name": "Reading"}
    assert conferences["name"] == "Conferences"
    assert len(reading["categoryId"]) == 24
    assert client.get(f"{CATEGORIES}/{reading['categoryId']}").json() == reading
    assert client.get(f"{CATEGORIES}/{reading['categoryId'].upper()}").json() == reading
    assert results(client, CATEGORIES, perPage=1, page=2) == [conferences]
    assert len(results(client, CATEGORIES, updatedSince="2025-01-01")) == 2
    assert results(client, CATEGORIES, updatedSince="2999-01-01T00:00:00Z") == []


def test_entries_are_listed_and_read(hub: Hub, client: httpx.Client) -> None:
    id = log(hub, day(4), 45, description="Two chapters", is_verified=True)
    answer = client.get(ENTRIES).json()
    assert answer["pagination"] == envelope(1)
    (entry,) = answer["results"]
    assert entry == {
        "logEntryId": to_hex24(id),
        "userId": to_hex24(hub.person),
        "activity": {"type": "article", "name": "On ladders"},
        "category": {"categoryId": entry["category"]["categoryId"], "name": "Reading"},
        "entryDate": "2025-03-04T09:00:00.000Z",
        "durationMinutes": 45,
        "description": "Two chapters",
        "isVerified": True,
    }
    assert client.get(f"{ENTRIES}/{entry['logEntryId'].upper()}").json() == entry
    assert results(client, CATEGORIES) == [entry["category"]]
    log(hub, day(5))
    assert results(client, ENTRIES)[1]["description"] is None
    assert results(client, ENTRIES)[1]["isVerified"] is False


def test_entries_are_chosen_by_an_inclusive_period_in_any_spelling(hub: Hub, client: httpx.Client) -> None:
    third, first, second = (to_hex24(log(hub, day(number))) for number in (3, 1, 2))

    def chosen(**params: str) -> list[str]:
        return [entry["logEntryId"] for entry in results(client, ENTRIES, **params)]

    assert chosen() == [third, first, second], "in the order of logging"
    assert chosen(entryDateFrom="2025-03-02") == [third, second]
    assert chosen(entryDateTo="2025-03-02") == [first, second]
    for spelled in ("2025-03-02 09:00:00", "2025-03-02T09:00:00", "2025-03-02T09:00:00Z", "2025-03-02T10:00:00+01:00"):
        assert chosen(entryDateFrom=spelled) == [third, second], spelled
        assert chosen(entryDateTo=spelled) == [first, second], spelled
        assert chosen(entryDateFrom=spelled, entryDateTo=spelled) == [second], spelled
    assert chosen(entryDateFrom="2025-03-02 09:00:01") == [third]
    assert chosen(entryDateFrom="2025-03-03", entryDateTo="2025-03-01") == []


def test_requirements_are_listed_and_read(hub: Hub, client: httpx.Client) -> None:
    id = require(hub, 600)
    answer = client.get(REQUIREMENTS).json()
    assert answer["pagination"] == envelope(1)
    (made,) = answer["results"]
    assert made == {
        "audienceRequirementId": to_hex24(id),
        "audienceId": to_hex24(hub.audience),
        "requiredMinutes": 600,
        "createdAt": made["createdAt"],
        "updatedAt": None,
    }
    assert made["createdAt"].endswith("Z")
    assert made["createdAt"][-5] == "."
    assert require(hub, 600) == id
    assert results(client, REQUIREMENTS) == [made], "the same again changes nothing"
    assert require(hub, 0) == id
    changed = client.get(f"{REQUIREMENTS}/{to_hex24(id).upper()}").json()
    assert changed == made | {"requiredMinutes": 0, "updatedAt": changed["updatedAt"]}
    assert changed["updatedAt"] >= made["createdAt"]
    assert results(client, REQUIREMENTS, updatedSince=changed["updatedAt"]) == [changed]
    assert results(client, REQUIREMENTS, updatedSince="2999-01-01") == []


def test_summaries_add_up_each_users_minutes_in_the_period(hub: Hub, client: httpx.Client) -> None:
    for number, minutes in ((1, 10), (2, 20), (3, 40)):
        log(hub, day(number), minutes)
    log(hub, day(2), 5, "00124")
    ada, zoe = to_hex24(hub.person), to_hex24(hub.other_person)
    answer = client.get(SUMMARIES, params=PERIOD).json()
    assert answer["pagination"] == envelope(2)
    assert answer["results"] == [{"userId": ada, "durationMinutes": 70}, {"userId": zoe, "durationMinutes": 5}]
    of_two_days = {"entryDateFrom": "2025-03-02T00:00:00", "entryDateTo": "2025-03-03T09:00:00"}
    assert results(client, SUMMARIES, **of_two_days) == [
        {"userId": ada, "durationMinutes": 60},
        {"userId": zoe, "durationMinutes": 5},
    ]
    assert results(client, SUMMARIES, **PERIOD, perPage=1, page=2) == answer["results"][1:]
    assert results(client, SUMMARIES, **PERIOD, userIds=f"{zoe.upper()},nobody,{'f' * 24}") == answer["results"][1:]
    last_day = {"entryDateFrom": "2025-03-03", "entryDateTo": "2025-03-03"}
    assert results(client, SUMMARIES, **last_day) == [{"userId": ada, "durationMinutes": 40}]
    asked = client.get(SUMMARIES, params=last_day | {"userIds": f"{zoe},{ada},{zoe}"}).json()
    assert asked["pagination"] == envelope(2)
    assert asked["results"] == [{"userId": ada, "durationMinutes": 40}, {"userId": zoe, "durationMinutes": 0}]
    assert results(client, SUMMARIES, **last_day, userIds=f"{zoe},{ada}", perPage=1, page=3) == []


@pytest.mark.parametrize("missing", ["entryDateFrom", "entryDateTo"])
@pytest.mark.parametrize("empty", [False, True])
def test_summaries_need_both_dates(client: httpx.Client, missing: str, empty: bool) -> None:
    params = PERIOD | {missing: ""} if empty else {name: value for name, value in PERIOD.items() if name != missing}
    answer = client.get(SUMMARIES, params=params)
    assert answer.status_code == 422
    assert answer.json() == {"status": 422, "error": "Unprocessable Content", "message": f"{missing}: is required"}


@pytest.mark.parametrize(("path", "params"), LISTS)
def test_an_empty_list_is_an_envelope_without_pages(client: httpx.Client, path: str, params: dict[str, Any]) -> None:
    for page in (1, 2, 10_000_000):
        answer = client.get(path, params=params | {"page": page})
        assert answer.status_code == 200
        assert answer.json() == {"pagination": envelope(0) | {"page": page}, "results": []}


@pytest.mark.parametrize(("path", "params"), LISTS)
@pytest.mark.parametrize("bad", [{"page": 0}, {"page": "x"}, {"perPage": 0}, {"perPage": 1001}, {"perPage": "1e2"}])
def test_a_page_out_of_range_is_422_and_named(
    client: httpx.Client, path: str, params: dict[str, Any], bad: dict[str, Any]
) -> None:
    answer = client.get(path, params=params | bad)
    assert answer.status_code == 422
    assert next(iter(bad)) in answer.json()["message"]


@pytest.mark.parametrize("path", [ENTRIES, SUMMARIES])
@pytest.mark.parametrize("field", ["entryDateFrom", "entryDateTo"])
@pytest.mark.parametrize("bad", ["soon", "2025-02-29", "2025-01-01 24:00:00", "9999-12-31", "0001-01-01", "2025\x00"])
def test_a_bad_date_is_422_and_named(client: httpx.Client, path: str, field: str, bad: str) -> None:
    answer = client.get(path, params=PERIOD | {field: bad})
    assert answer.status_code == 422, answer.text
    assert field in answer.json()["message"]


@pytest.mark.parametrize("path", [CATEGORIES, REQUIREMENTS])
def test_a_bad_updated_since_is_422_and_named(client: httpx.Client, path: str) -> None:
    answer = client.get(path, params={"updatedSince": "2025-01-01T00:00:00"})
    assert answer.status_code == 422
    assert "updatedSince" in answer.json()["message"]


@pytest.mark.parametrize("path", [CATEGORIES, ENTRIES, REQUIREMENTS])
@pytest.mark.parametrize("id", ["f" * 24, "nonsense", "a%2Fb", "f" * 25, "ü"])
def test_an_unknown_id_is_404(client: httpx.Client, path: str, id: str) -> None:
    answer = client.get(f"{path}/{id}")
    assert answer.status_code == 404
    assert (answer.json()["status"], answer.json()["error"]) == (404, "Not Found")


def test_another_tenants_records_are_not_seen(hub: Hub, other_hub: Hub, client: httpx.Client) -> None:
    log(hub, day(1))
    require(hub, 60)
    stranger = other_hub.client("thrive")
    for path, params in LISTS:
        assert len(results(client, path, **params)) == 1
        assert results(stranger, path, **params) == []
    assert results(stranger, SUMMARIES, **PERIOD, userIds=to_hex24(hub.person)) == []
    for path, name in ((CATEGORIES, "categoryId"), (ENTRIES, "logEntryId"), (REQUIREMENTS, "audienceRequirementId")):
        id = results(client, path)[0][name]
        assert stranger.get(f"{path}/{id}").status_code == 404


@pytest.mark.parametrize(("path", "params"), LISTS)
def test_a_reader_may_read_and_nobody_may_write(hub: Hub, path: str, params: dict[str, Any]) -> None:
    reader = hub.client("thrive", hub.reader)
    assert reader.get(path, params=params).status_code == 200
    assert reader.post(path, json={}).status_code == 405
    assert plain.get(f"{hub.server.url}/thrive{path}", params=params).status_code == 401
