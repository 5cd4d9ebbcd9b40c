"""Transcripts: /v1/people/{person}/transcript and /v1/transcripts/check."""

from __future__ import annotations

import asyncio
import csv
import io
from datetime import timedelta
from typing import Any

import httpx
import pytest

from testamur.core.ids import to_ulid
from testamur.core.moments import When, format_instant
from testamur.core.people import PersonChange, Reference
from testamur.core.records import NewRecord, Report
from testamur.dialects.api.translate.transcripts import FORMATS
from testamur.storage.database import DatabaseUrls
from tests.dialects.api.problems import problem
from tests.hub import Hub, moment
from tests.storage.databases import connected

ADA = "/v1/people/ref:00123/transcript"
CHECK = "/v1/transcripts/check"


@pytest.fixture
def client(hub: Hub) -> httpx.Client:
    return hub.client("api")


def record(client: httpx.Client, **body: Any) -> dict[str, Any]:
    about = {} if "title" in body else {"item": "ref:FIRE-101"}
    answer = client.post("/v1/records", json={"person": "ref:00123", **about, **body})
    assert answer.status_code == 201, answer.text
    made: dict[str, Any] = answer.json()
    return made


def transcript(client: httpx.Client, path: str = ADA) -> dict[str, Any]:
    answer = client.get(path)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def check(client: httpx.Client, value: str) -> dict[str, Any]:
    answer = client.get(CHECK, params={"check": value})
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_transcript_has_all_that_stands_as_it_was_told(hub: Hub, client: httpx.Client) -> None:
    """Days stay days, outside learning stands beside, a plan comes last and what was voided is left out."""
    plan = record(client, key="plan")
    outside = record(client, title="First aid", provider="Red Cross", completed_at="2021-05-04", is_prior=True)
    content = {
        "completed_at": "2024-02-01T10:00:00.000Z",
        "started_at": "2024-02-01T09:00:00.000Z",
        "expires_at": "2027-02-01T00:00:00.000Z",
        "passed": True,
        "score_percent": 87.5,
        "score_text": "35 / 40",
        "time_spent": "PT45M",
        "certificate": "https://example.com/c/1",
        "is_prior": False,
    }
    fire = record(client, **content, key="k-1")
    voided = record(client, completed_at="2023-01-01")
    assert client.delete(f"/v1/records/{voided['id']}").status_code == 204
    answer = client.get(ADA)
    told = answer.json()
    assert answer.headers["content-type"] == "application/json"
    assert (answer.headers["vary"], answer.headers["cache-control"]) == ("accept", "no-store")
    nothing = dict.fromkeys(("started_at", "expires_at", "passed", "score_percent", "score_text", "time_spent"))
    assert told == {
        "organisation": "Test tenant",
        "person": {
            "id": to_ulid(hub.person, "person"),
            "ref": "00123",
            "given_name": "Ada",
            "family_name": "Okafor",
        },
        "produced_on": told["produced_on"],
        "produced_at": told["produced_at"],
        "zone": "Europe/London",
        "entry": client.get("/v1/feed", params={"limit": 1}).json()["last"],
        "count": 3,
        "completions": 2,
        "check": told["check"],
        "records": [
            nothing
            | {
                "record": outside["id"],
                "revision": 1,
                "item": outside["item"],
                "item_ref": None,
                "item_version": None,
                "title": "First aid",
                "provider": "Red Cross",
                "is_outside": True,
                "completed_at": "2021-05-04",
                "certificate": None,
                "is_prior": True,
                "source": "api",
                "key": None,
                "recorded_at": outside["created_at"],
            },
            content
            | {
                "record": fire["id"],
                "revision": 1,
                "item": to_ulid(hub.item, "item"),
                "item_ref": "FIRE-101",
                "item_version": 1,
                "title": "Fire safety",
                "provider": "Testamur Academy",
                "is_outside": False,
                "source": "api",
                "key": "k-1",
                "recorded_at": fire["created_at"],
            },
            nothing
            | {
                "record": plan["id"],
                "revision": 1,
                "item": to_ulid(hub.item, "item"),
                "item_ref": "FIRE-101",
                "item_version": 1,
                "title": "Fire safety",
                "provider": "Testamur Academy",
                "is_outside": False,
                "completed_at": None,
                "certificate": None,
                "is_prior": False,
                "source": "api",
                "key": "plan",
                "recorded_at": plan["created_at"],
            },
        ],
    }
    assert check(client, told["check"]) == {
        "stands": True,
        "because": None,
        "person": told["person"]["id"],
        "produced_at": told["produced_at"],
        "count": 3,
        "ended": [],
    }


def test_somebody_without_records_has_an_empty_one(client: httpx.Client) -> None:
    told = transcript(client, "/v1/people/ref:00124/transcript")
    assert (told["count"], told["completions"], told["records"]) == (0, 0, [])
    assert check(client, told["check"])["stands"]
    rows = client.get("/v1/people/ref:00124/transcript", headers={"accept": "text/csv"}).text.splitlines()
    assert len(rows) == 1


def test_g4_a_voided_completion_makes_the_check_fail(client: httpx.Client) -> None:
    made = record(client, completed_at="2024-01-01")
    record(client, completed_at="2024-03-01")
    told = transcript(client)
    assert client.delete(f"/v1/records/{made['id']}").status_code == 204
    found = check(client, told["check"])
    assert (found["stands"], found["because"], found["count"]) == (False, "changed", 1)
    (ended,) = found["ended"]
    assert ended == {"record": made["id"], "revision": 1, "ended_at": ended["ended_at"], "ended_as": "voided"}
    again = transcript(client)
    assert again["check"] != told["check"]
    assert check(client, again["check"])["stands"]


def test_g4_a_corrected_completion_makes_the_check_fail(hub: Hub, client: httpx.Client) -> None:
    made = record(client, completed_at="2024-01-01")
    told = transcript(client)
    new = NewRecord(
        source="api",
        person=Reference("00123", ("ref",)),
        item=Reference("FIRE-101", ("ref",), "item"),
        completed=When.instant(moment()),
    )
    (stored,) = hub.do(hub.ledger.records.page(hub.tenant.id, count=10))
    report = Report("tests", hub.key.client, "PUT", "/", "{}")
    hub.do(hub.ledger.records.correct(hub.caller, stored.id, lambda _: new, report))
    found = check(client, told["check"])
    assert (found["stands"], found["because"]) == (False, "changed")
    assert [(one["record"], one["ended_as"]) for one in found["ended"]] == [(made["id"], "superseded")]
    (line,) = transcript(client)["records"]
    assert line["revision"] == 2


def test_what_is_learnt_or_renamed_later_leaves_the_check_alone(hub: Hub, client: httpx.Client) -> None:
    record(client, completed_at="2024-01-01")
    told = transcript(client)
    record(client, completed_at="2025-01-01")
    assert client.patch("/v1/items/ref:FIRE-101", json={"title": "Safety of fires"}).status_code == 200
    hub.do(hub.ledger.people.change(hub.caller, Reference("00123", ("ref",)), PersonChange(given_name="Augusta")))
    assert check(client, told["check"])["stands"]


@pytest.mark.parametrize("place", [1, 2, 3])
def test_a_check_value_that_was_never_given_out_is_unknown(client: httpx.Client, place: int) -> None:
    record(client, completed_at="2024-01-01")
    parts = transcript(client)["check"].split(".")
    parts[place] = str(int(parts[place]) - 1) if place < 3 else "0" * 32
    found = check(client, ".".join(parts))
    assert (found["stands"], found["because"]) == (False, "unknown")


def test_a_check_value_of_another_tenant_names_nobody(other_hub: Hub, client: httpx.Client) -> None:
    told = transcript(client)
    (fault,) = problem(other_hub.client("api").get(CHECK, params={"check": told["check"]}), 422, "person_not_found")[
        "errors"
    ]
    assert fault["parameter"] == "check"


@pytest.mark.parametrize("value", ["x", "per_1.2.3.4", "\u0001", "x" * 5_000, "\0"])
def test_what_is_no_check_value_is_refused(client: httpx.Client, value: str) -> None:
    (fault,) = problem(client.get(CHECK, params={"check": value}), 422, "invalid")["errors"]
    assert (fault["parameter"], fault["code"]) == ("check", "format")


def test_without_a_check_value_there_is_nothing_to_say(client: httpx.Client) -> None:
    (fault,) = problem(client.get(CHECK), 422, "invalid")["errors"]
    assert (fault["parameter"], fault["code"]) == ("check", "missing")


def test_as_csv_no_cell_is_a_formula_and_every_row_can_be_checked(client: httpx.Client) -> None:
    record(client, title='=HYPERLINK("x"),\n"y"', provider="@SUM", completed_at="2024-01-01", certificate="+1")
    record(client, completed_at="2024-01-02", score_text="-5")
    answer = client.get(ADA, headers={"accept": "text/csv"})
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"
    first, second = csv.DictReader(io.StringIO(answer.text))
    assert (first["title"], first["provider"], first["certificate"]) == ('\'=HYPERLINK("x"),\n"y"', "'@SUM", "'+1")
    assert (second["title"], second["score_text"], second["completed_at"]) == ("Fire safety", "'-5", "2024-01-02")
    assert check(client, first["check"])["stands"]
    assert first["check"] == second["check"]
    assert first["produced_at"].endswith("Z")


def test_as_a_page_nothing_of_others_is_markup_and_nothing_is_fetched(client: httpx.Client) -> None:
    hostile = '<script>alert("1")</script>&<img src=x onerror=y>'
    assert client.patch("/v1/people/ref:00123", json={"given_name": hostile}).status_code == 200
    record(client, title=hostile, provider=hostile, completed_at="2024-01-01", certificate="javascript:alert(1)")
    record(client, completed_at="2024-01-02", certificate='https://example.com/"onclick="x')
    answer = client.get(ADA, headers={"accept": "text/html,application/xhtml+xml,*/*;q=0.8"})
    page = answer.text
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "<script" not in page
    assert "<img" not in page
    assert page.count("&lt;script&gt;") >= 3
    assert 'href="javascript' not in page
    assert 'href="https://example.com/&quot;onclick=&quot;x"' in page
    assert "src=" not in page.replace("src=x", "")
    assert "@page{size:A4" in page
    assert "prefers-color-scheme:dark" in page
    assert "2024-01-02" in page
    value = page.partition("<dt>Check value</dt><dd><bdi>")[2].partition("<")[0]
    assert check(client, value)["stands"]


def test_somebody_forgotten_has_one_by_her_id_without_her_name(hub: Hub, client: httpx.Client) -> None:
    record(client, completed_at="2024-01-01")
    before = transcript(client)
    assert client.delete("/v1/people/ref:00123").status_code == 204
    problem(client.get(ADA), 404, "person_not_found")
    told = transcript(client, f"/v1/people/{to_ulid(hub.person, 'person')}/transcript")
    assert told["person"] == {
        "id": to_ulid(hub.person, "person"),
        "ref": None,
        "given_name": "",
        "family_name": "",
    }
    assert told["count"] == 1
    assert check(client, before["check"])["stands"]


def test_thousands_of_records_come_whole_and_in_order(hub: Hub, client: httpx.Client) -> None:
    start = moment()
    tellings = [
        NewRecord(
            source="tests",
            person=Reference("00123", ("ref",)),
            item=Reference("FIRE-101", ("ref",), "item"),
            completed=When.instant(start - timedelta(hours=n * 7919 % 2500)),
        )
        for n in range(2500)
    ]

    async def tell() -> None:
        report = Report("tests", hub.key.client, "POST", "/", "{}")
        await asyncio.gather(*(hub.ledger.records.record(hub.tenant.id, new, report) for new in tellings))

    hub.do(tell())
    told = transcript(client)
    times = [line["completed_at"] for line in told["records"]]
    assert times == sorted(format_instant(new.completed.at) for new in tellings if new.completed)
    assert told["count"] == told["completions"] == 2500
    assert check(client, told["check"]) | {"produced_at": ""} == {
        "stands": True,
        "because": None,
        "person": told["person"]["id"],
        "produced_at": "",
        "count": 2500,
        "ended": [],
    }
    with client.stream("GET", ADA, headers={"accept": "text/csv"}) as part:
        assert int(part.headers["content-length"]) > 500_000
        next(part.iter_raw())  # and hangs up
    assert client.head(ADA).headers["content-length"] == str(len(client.get(ADA).content))


@pytest.mark.parametrize("person", ["ref:nobody", "per_01J0000000000000000000000Z", "x", "email:%00"])
def test_nobody_has_no_transcript(client: httpx.Client, person: str) -> None:
    answer = client.get(f"/v1/people/{person}/transcript")
    assert answer.status_code in (404, 422), answer.text


def test_her_id_is_taken_in_upper_case(hub: Hub, client: httpx.Client) -> None:
    assert transcript(client, f"/v1/people/{to_ulid(hub.person, 'person').upper()}/transcript")["count"] == 0


def test_another_tenant_has_no_transcript_of_her(hub: Hub, other_hub: Hub) -> None:
    path = f"/v1/people/{to_ulid(hub.person, 'person')}/transcript"
    problem(other_hub.client("api").get(path), 404, "person_not_found")


def test_identifiers_with_slashes_name_her_too(hub: Hub, client: httpx.Client) -> None:
    hub.do(hub.ledger.people.change(hub.caller, Reference("00124", ("ref",)), PersonChange(ref="a/b")))
    assert transcript(client, "/v1/people/ref:a%2Fb/transcript")["person"]["ref"] == "a/b"


def test_parameters_are_refused(client: httpx.Client) -> None:
    problem(client.get(ADA, params={"format": "csv"}), 422, "invalid")


def learnt(hub: Hub, urls: DatabaseUrls, count: int) -> None:
    """Many records of Ada, as many imports would have left them: most completed, every tenth in progress."""

    async def write() -> None:
        async with connected(urls.owner) as connection:
            await connection.execute(
                "INSERT INTO fact (tenant, record, revision, id, entry, person, item, completed_at, passed,"
                " score_percent, score_text, certificate, source, source_id, created_at, recorded_at)"
                " SELECT $1, r, 1, gen_random_uuid(), 1, $2, $3,"
                "  CASE WHEN n % 10 > 0 THEN timestamptz '2001-01-01Z' + n * interval '1 hour' END, n % 3 > 0, n % 101,"
                "  repeat('x', 40), 'https://example.com/certificates/' || n, 'old-lms', n::text, now(), now()"
                " FROM (SELECT n, gen_random_uuid() AS r FROM generate_series(1, $4::int) n) n",
                hub.tenant.id,
                hub.person,
                hub.item,
                count,
            )
            await connection.execute("ANALYZE fact")

    asyncio.run(write())


async def parts(hub: Hub, media_type: str) -> list[int]:
    """The sizes of what a transcript is made of, each of which is thrown away before the next one is made."""
    async with hub.ledger.transcripts.open(hub.tenant.id, Reference("00123", ("ref",))) as found:
        return [len(part) async for part in FORMATS[media_type](found)]


@pytest.mark.slow
def test_whoever_learnt_twenty_thousand_things_has_a_transcript_too(
    hub: Hub, urls: DatabaseUrls, client: httpx.Client
) -> None:
    """Its memory follows from a slice of it, and not from how long it is."""
    learnt(hub, urls, 20_000)
    for media_type in FORMATS:
        sizes = hub.do(parts(hub, media_type))
        assert sum(sizes) > 5_000_000
        assert max(sizes) < 1_000_000
    told = transcript(client)
    assert (told["count"], told["completions"], len(told["records"])) == (20_000, 18_000, 20_000)
    moments = [line["completed_at"] for line in told["records"]]
    assert moments[:18_000] == sorted(moments[:18_000])
    assert set(moments[18_000:]) == {None}
    rows = list(csv.reader(io.StringIO(client.get(ADA, headers={"accept": "text/csv"}).text)))
    assert len(rows) == 20_001
    page = client.get(ADA, headers={"accept": "text/html"}).text
    assert page.count("<tr>") == 20_001
    assert page.endswith("</html>\n")
    assert check(client, told["check"])["stands"]
